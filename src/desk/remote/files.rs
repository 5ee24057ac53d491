//! Files that the desk's operator writes, not the service: only where they themselves may.

use std::path::Path;

use super::Remote;
use crate::desk::face::{BankAnswer, BankAsk, FileContent, Refusal, Reply, Request};
use crate::desk::refusal;
use crate::desk::transfers::{is_free, not_written, write_private};
use crate::failpoint;

impl Remote {
    /// Takes a payment file from the service and writes it.
    pub(super) async fn write_file(&self, file: i64, to: &Path) -> Result<Reply, Refusal> {
        // A name that cannot be used is found out before anything is marked.
        if !to.exists() {
            is_free(to, &[])?;
        }
        let asked = self
            .asked(Request::Bank(BankAsk::TakeFile { file }))
            .await?;
        let Reply::Bank(answer) = asked else {
            return Err(misunderstood());
        };
        let BankAnswer::Content(FileContent { file, text }) = *answer else {
            return Err(misunderstood());
        };
        is_free(to, text.as_bytes())?;
        write_private(to, text.as_bytes()).map_err(|error| not_written(to, &error))?;
        failpoint::reach("transfer.file_written");
        Ok(Reply::Bank(Box::new(BankAnswer::File(file))))
    }
}

fn misunderstood() -> Refusal {
    refusal::failed(
        "misunderstood",
        "the service gave another kind of answer than was asked for",
        "Use the same version of refund-desk for the service and for every desk.",
    )
}
