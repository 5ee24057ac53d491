//! What was done about a payment, a refund or an imported file, and whether the record of it is
//! whole.

use super::face::{AuditVerified, Refusal};
use super::local::Local;
use super::refusal;
use crate::domain::audit::{Anchor, AuditEntry, AuditFilter};

impl Local {
    /// Walks the whole audit and compares it with what earlier checks told.
    pub(super) async fn verify_audit(
        &self,
        earlier: Vec<Anchor>,
    ) -> Result<AuditVerified, Refusal> {
        let verdict = self.ledger.verify_audit(earlier).await?;
        for finding in &verdict.findings {
            tracing::error!(flaw = ?finding.flaw, "{}", finding.detail);
        }
        Ok(AuditVerified {
            entries: verdict.entries,
            head: verdict.head,
            first_bad: verdict.first_bad,
            findings: verdict.findings,
        })
    }

    /// The newest `limit` entries that match, oldest of them first; the filter's subject is a
    /// handle.
    pub(super) async fn audit_about(
        &self,
        filter: AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, Refusal> {
        let Some(handle) = &filter.subject else {
            return Ok(self.ledger.audit_matching(filter, limit).await?);
        };
        let mut entries = Vec::new();
        for subject in self.audit_subjects(handle).await? {
            let about = AuditFilter {
                subject: Some(subject),
                ..filter.clone()
            };
            entries.extend(self.ledger.audit_matching(about, limit).await?);
        }
        entries.sort_by_key(|entry| entry.seq);
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        entries.drain(..entries.len().saturating_sub(most));
        Ok(entries)
    }

    /// Under which names entries about it stand: a payment's own and those of its refunds, a
    /// refund's, or a file's.
    async fn audit_subjects(&self, handle: &str) -> Result<Vec<String>, Refusal> {
        if let Some(payment) = self.payment_meant(handle).await? {
            let refunds = self.refund_ids(payment.id).await?;
            let mut subjects = vec![payment.id.to_string()];
            subjects.extend(refunds.iter().map(ToString::to_string));
            return Ok(subjects);
        }
        if let Some(summary) = self.refund_meant(handle).await? {
            return Ok(vec![summary.refund.id.to_string()]);
        }
        let file = handle.to_owned();
        if self.ledger.audit(Some(file.clone()), 1).await?.is_empty() {
            return Err(refusal::rule(
                "not_found",
                format!("there is no payment, refund or imported file {handle:?}"),
                "See everything: refund-desk audit show",
            ));
        }
        Ok(vec![file])
    }
}
