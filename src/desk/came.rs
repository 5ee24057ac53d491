//! Who came from where, and as whom: recorded once per change, before the first deed that may write.

use super::face::{Actor, Refusal, Request};
use super::local::Local;
use crate::domain::audit::{AuditEntry, AuditFilter};

/// What an entry about a person's coming is called.
pub(super) const CAME: &str = "person.came";

/// The subject of entries about a person.
pub(super) fn subject(name: &str) -> String {
    format!("person {name}")
}

impl Local {
    /// Records as whom an actor acts and where they say they come from, unless that is what was
    /// recorded last. Nothing is recorded of those who only look, or of whom no more is known than
    /// their name.
    pub(super) async fn note_who_came(
        &self,
        actor: &Actor,
        request: &Request,
    ) -> Result<(), Refusal> {
        let known = actor.acts_as.is_some() || actor.claimed_origin.is_some();
        if !known || self.mode.read_only || only_looks(request) {
            return Ok(());
        }
        let mut detail = format!("acts_as={}", actor.acts_as.as_deref().unwrap_or("-"));
        if let Some(origin) = &actor.claimed_origin {
            // Last, because it may say anything.
            detail.push_str(&format!(" note=claims to come from {origin}"));
        }
        let now = self.clock.now();
        self.ledger
            .note_person(subject(&actor.name), actor.name.clone(), detail, now)
            .await?;
        Ok(())
    }

    /// How those who acted had come, as of their deeds; oldest first.
    pub(super) async fn how_they_came(
        &self,
        deeds: &[AuditEntry],
    ) -> Result<Vec<AuditEntry>, Refusal> {
        let mut found: Vec<AuditEntry> = Vec::new();
        for deed in deeds {
            let filter = AuditFilter {
                subject: Some(subject(&deed.actor)),
                action: Some(CAME.to_owned()),
                before: Some(deed.seq),
                ..AuditFilter::default()
            };
            for came in self.ledger.audit_matching(filter, 1).await? {
                if !found.iter().any(|it| it.seq == came.seq) {
                    found.push(came);
                }
            }
        }
        found.sort_by_key(|entry| entry.seq);
        Ok(found)
    }
}

/// Writes nothing, whatever it finds.
fn only_looks(request: &Request) -> bool {
    matches!(
        request,
        Request::Overview
            | Request::Payments(_)
            | Request::Totals(_)
            | Request::Payment(_)
            | Request::PaymentAsOf { .. }
            | Request::Preview(_)
            | Request::Refunds(_)
            | Request::Refund(_)
            | Request::Review(_)
            | Request::ToDo
            | Request::Inbox { .. }
            | Request::Audit { .. }
            | Request::VerifyAudit { .. }
            | Request::Safeguards
            | Request::Discrepancies { .. }
            | Request::Work { .. }
            | Request::Verify { .. }
            | Request::Providers
            | Request::Service
            | Request::Evidence(_)
            | Request::AccessReview { .. }
    )
}
