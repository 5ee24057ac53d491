//! What was done about a payment, a refund or an imported file.

use super::face::Refusal;
use super::local::Local;
use super::refusal;
use crate::domain::audit::AuditEntry;

impl Local {
    /// The newest `limit` entries, oldest of them first: all, or those about what a handle names.
    pub(super) async fn audit_about(
        &self,
        handle: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, Refusal> {
        let Some(handle) = handle else {
            return Ok(self.ledger.audit(None, limit).await?);
        };
        let mut entries = Vec::new();
        for subject in self.audit_subjects(handle).await? {
            entries.extend(self.ledger.audit(Some(subject), limit).await?);
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
