//! When all was last found right: it need not be read anew each time somebody opens the desk.

use chrono::{DateTime, Utc};

use crate::ledger::error::LedgerError;
use crate::ledger::row::{millis, time};
use crate::ledger::{Ledger, remembered};

/// Under this name.
pub(in crate::ledger) const FOUND_RIGHT: &str = "found_right_at";

impl Ledger {
    /// When a check of the whole ledger last found nothing wrong; none: never, or the last one
    /// found something, or the ledger was restored since.
    ///
    /// # Errors
    /// The database failed.
    pub async fn found_right(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let at = self
            .read(|connection| remembered::value(connection, FOUND_RIGHT))
            .await?;
        Ok(at.and_then(|at| at.parse().ok()).map(time))
    }

    /// Remembers that a check found nothing wrong; none: that it found something.
    ///
    /// # Errors
    /// The database failed; nothing was written.
    pub async fn note_found_right(&self, at: Option<DateTime<Utc>>) -> Result<(), LedgerError> {
        self.write(move |connection| match at {
            Some(at) => remembered::remember(connection, FOUND_RIGHT, &millis(at).to_string()),
            None => remembered::forget(connection, FOUND_RIGHT),
        })
        .await
    }
}
