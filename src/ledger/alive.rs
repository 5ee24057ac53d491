//! Whether the ledger can still be written, for whoever watches the service.

use super::Ledger;
use super::error::LedgerError;

impl Ledger {
    /// Writes back what stands there, and waits until it is on disk.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn prove_writable(&self) -> Result<(), LedgerError> {
        self.write(|connection| {
            let version: i64 =
                connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok(connection.pragma_update(None, "user_version", version)?)
        })
        .await
    }
}
