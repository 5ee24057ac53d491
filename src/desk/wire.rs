//! What a desk and its service say to each other over the Unix socket.
//!
//! Each side sends frames: four bytes of length, most significant first, then that much JSON. A
//! desk begins with [`Hello`] and is answered with [`Welcome`] or refused; both have kept their
//! shape since the first version of the protocol, so that two programs that do not fit can say so.
//! After that a desk asks, each time under another number, and is answered in any order; what it
//! did not ask for are notices.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::face::{Actor, Class, Notice, Refusal, Reply, Request};

mod content;
mod frame;
#[cfg(test)]
mod tests;

pub use content::{Arriving, Budget, pieces, take_out, too_large, total};
pub use frame::{FrameError, read, write};

/// The version of what is said here. A change that the other side cannot read is a new one.
pub const PROTOCOL: u32 = 1;
/// The most that one frame to the service may hold, in bytes.
pub const ASK_MAX: usize = 1024 * 1024;
/// The most that one frame to a desk may hold, in bytes.
pub const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// The most that all files of one request may hold, in bytes.
pub const CONTENT_MAX: usize = 256 * 1024 * 1024;
/// How many requests a desk may have under way at the same time.
pub const UNDER_WAY: u32 = 8;

/// What a desk sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToService {
    /// First of all: who speaks, and how.
    Hello(Hello),
    /// A piece of a file that belongs to a request; they come before it.
    Content(Content),
    /// A request.
    Ask(Ask),
}

/// How a desk introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of its program, for messages.
    pub program: String,
    /// The version of what is said; the service's must be the same.
    pub protocol: u32,
    /// Whom it acts as (`--as`): a sandbox believes it, any other service refuses.
    #[serde(default)]
    pub acts: Option<Actor>,
    /// Where it says it comes from (`SSH_CONNECTION`): recorded, never believed.
    #[serde(default)]
    pub origin: Option<String>,
}

/// A piece of a file.
#[derive(Serialize, Deserialize)]
pub struct Content {
    /// The request it belongs to.
    pub number: u64,
    /// Which of its files, counted from 0.
    pub file: usize,
    /// The bytes, after those that came before, in base64.
    pub base64: String,
}

/// Content is never logged.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "content of file {} of {}", self.file, self.number)
    }
}

/// A request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ask {
    /// Its number, which the answer carries.
    pub number: u64,
    /// The [`Request`], read apart, so that one that is not understood can be answered.
    pub request: Box<RawValue>,
}

/// What the service sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToDesk {
    /// The desk may ask.
    Welcome(Welcome),
    /// It may not, or not any more: the connection ends.
    Refused(Refusal),
    /// The answer to a request.
    Answer {
        /// The request's number.
        number: u64,
        /// What came of it.
        answer: Result<Reply, Refusal>,
    },
    /// What nobody asked for.
    Notice(Notice),
    /// Notices were left out, because the desk was slow: it must ask again.
    Missed,
}

/// How the service greets a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of its program, for messages.
    pub program: String,
    /// The version of what is said.
    pub protocol: u32,
    /// Whom it takes the desk's person for.
    pub actor: Actor,
}

/// A message as it goes over the socket, its length before it.
///
/// # Errors
/// It cannot be written as JSON, or is longer than a frame of this direction may be.
pub fn framed(message: &impl Serialize, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - 4;
    let told = u32::try_from(length).ok().filter(|_| length <= max);
    let told = told.ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "too long"))?;
    if let Some(head) = bytes.first_chunk_mut::<4>() {
        *head = told.to_be_bytes();
    }
    Ok(bytes)
}

/// A request as it goes over the socket.
///
/// # Errors
/// As [`framed`].
pub fn asked(number: u64, request: &Request) -> io::Result<Vec<u8>> {
    let request = serde_json::value::to_raw_value(request)?;
    framed(&ToService::Ask(Ask { number, request }), ASK_MAX)
}

/// A refusal of what stands on the wire, before anything of it was done.
pub fn refusal(code: &str, message: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal {
        class: Class::Failed,
        code: code.to_owned(),
        message: message.into(),
        money: "Nothing of it was written and nothing was sent.".to_owned(),
        next: next.into(),
    }
}

/// Two programs that do not speak the same protocol.
pub fn unlike(theirs: (&str, u32), ours: u32) -> Refusal {
    let (program, protocol) = theirs;
    refusal(
        "other_protocol",
        format!(
            "the other side is refund-desk {program} and speaks protocol {protocol}; this is refund-desk {} and speaks protocol {ours}",
            env!("CARGO_PKG_VERSION")
        ),
        "Use the same version of refund-desk for the service and for every desk.",
    )
}
