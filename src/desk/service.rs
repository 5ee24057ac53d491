//! How the service stands, for whoever watches it.

use super::face::{Refusal, ServiceState};
use super::local::Local;

impl Local {
    /// Tries a write. A database that cannot even be read is a refusal.
    pub(super) async fn service(&self) -> Result<ServiceState, Refusal> {
        let written = self.ledger.prove_writable().await;
        if let Err(error) = &written {
            tracing::error!(%error, "the database takes no writes");
        }
        Ok(ServiceState {
            writes: written.is_ok(),
            works: self.duty.is_at_work(),
            next_due: self.ledger.next_due(None).await?,
            counts: self.ledger.state_counts().await?,
        })
    }
}
