//! The check of all records, and what it forbids: no money is moved on what is damaged.

use std::sync::{Arc, PoisonError};

use super::face::{Refusal, Verified};
use super::local::Local;
use super::refusal;
use crate::domain::finding::Finding;
use crate::domain::id::PaymentId;

impl Local {
    /// Checks all records and remembers what is wrong with them until the next check.
    pub(super) async fn verify(&self) -> Result<Verified, Refusal> {
        let verdict = self.ledger.verify().await?;
        for finding in &verdict.findings {
            tracing::error!(flaw = ?finding.flaw, "{}", finding.detail);
        }
        let findings: Arc<[Finding]> = verdict.findings.into();
        let mut known = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::clone(&findings);
        Ok(Verified {
            payments: verdict.payments,
            refunds: verdict.refunds,
            audit_entries: verdict.entries,
            findings: findings.to_vec(),
        })
    }

    /// What the last check found.
    pub(super) fn findings(&self) -> Arc<[Finding]> {
        let known = self.findings.lock();
        Arc::clone(&known.unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses to move money of a payment that a finding concerns.
    pub(super) fn trust(&self, payment: PaymentId) -> Result<(), Refusal> {
        let findings = self.findings();
        match findings.iter().find(|finding| finding.concerns(payment)) {
            Some(finding) => Err(refusal::damaged(finding)),
            None => Ok(()),
        }
    }

    /// As [`Local::trust`], with a look at the payment's own rows as they are now.
    pub(super) async fn trust_rows(&self, payment: PaymentId) -> Result<(), Refusal> {
        self.trust(payment)?;
        Ok(self.ledger.trust(payment).await?)
    }
}
