//! The files of a request: they travel before it, in pieces, so that no frame is long.
//!
//! Whoever asks reads the file, and the service takes what was read: so nobody can have it read
//! what they cannot read themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ASK_MAX, CONTENT_MAX, Content, ToService, framed, refusal};
use crate::desk::face::{BankAsk, ImportFile, Refusal, Request};

/// Bytes of a file in one frame; in base64 they are a third more.
const PIECE: usize = 512 * 1024;
/// How many requests of one desk may have files arriving.
const ARRIVING: usize = 2;
/// Bytes that one unit of the budget stands for.
const UNIT: usize = 1024;

/// What all desks together may have arriving.
pub type Budget = Arc<Semaphore>;

fn files(request: &mut Request) -> &mut [ImportFile] {
    match request {
        Request::Import(import) | Request::ImportAccounts(import) => &mut import.files,
        Request::Bank(BankAsk::Reconcile { files }) => files,
        _ => &mut [],
    }
}

/// How many bytes the files of a request hold.
pub fn total(request: &mut Request) -> usize {
    files(request).iter().map(|file| file.bytes.len()).sum()
}

/// Takes the content out of a request's files, which stay as names.
pub fn take_out(request: &mut Request) -> Vec<Vec<u8>> {
    let files = files(request).iter_mut();
    files.map(|file| std::mem::take(&mut file.bytes)).collect()
}

/// The frames that carry the files of a request.
pub fn pieces(number: u64, files: &[Vec<u8>]) -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
    files.iter().enumerate().flat_map(move |(file, bytes)| {
        bytes.chunks(PIECE).map(move |piece| {
            let content = Content {
                number,
                file,
                base64: STANDARD.encode(piece),
            };
            framed(&ToService::Content(content), ASK_MAX)
        })
    })
}

/// Files whose request has not come yet.
#[derive(Default)]
pub struct Arriving(BTreeMap<u64, Arrived>);

#[derive(Default)]
struct Arrived {
    files: BTreeMap<usize, Vec<u8>>,
    bytes: usize,
    held: Option<OwnedSemaphorePermit>,
}

impl Arriving {
    /// A budget of so many bytes.
    pub fn budget(bytes: usize) -> Budget {
        Arc::new(Semaphore::new(bytes / UNIT))
    }

    /// Takes a piece in.
    ///
    /// # Errors
    /// It is not one, or there is no room for it: the connection is to end.
    pub fn take(&mut self, content: &Content, budget: &Budget) -> Result<(), Refusal> {
        if !self.0.contains_key(&content.number) && self.0.len() >= ARRIVING {
            return Err(refusal(
                "too_many_files",
                "too many requests with files at once",
                "Send one after the other.",
            ));
        }
        let bytes = STANDARD.decode(&content.base64).map_err(|_| {
            let next = "Use the same version of refund-desk for the service and for every desk.";
            refusal("malformed", "a piece of a file that is not base64", next)
        })?;
        let arrived = self.0.entry(content.number).or_default();
        arrived.bytes = arrived.bytes.saturating_add(bytes.len());
        if arrived.bytes > CONTENT_MAX {
            return Err(too_large());
        }
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).unwrap_or(u32::MAX);
        let Ok(permit) = Arc::clone(budget).try_acquire_many_owned(units) else {
            return Err(refusal(
                "busy",
                "the service takes in as many files as it has room for just now",
                "Try again in a minute.",
            ));
        };
        match &mut arrived.held {
            Some(held) => held.merge(permit),
            None => arrived.held = Some(permit),
        }
        arrived.files.entry(content.file).or_default().extend(bytes);
        Ok(())
    }

    /// Puts what arrived for a request into its files. What is given back stands for their room.
    pub fn put_in(&mut self, number: u64, request: &mut Request) -> Option<OwnedSemaphorePermit> {
        let mut arrived = self.0.remove(&number)?;
        for (place, file) in files(request).iter_mut().enumerate() {
            if let Some(bytes) = arrived.files.remove(&place) {
                file.bytes = bytes;
            }
        }
        arrived.held
    }
}

/// More than a request's files may hold.
pub fn too_large() -> Refusal {
    refusal(
        "files_too_large",
        format!(
            "the files hold more than {} MiB together",
            CONTENT_MAX / (1024 * 1024)
        ),
        "Split them, and send one after the other.",
    )
}
