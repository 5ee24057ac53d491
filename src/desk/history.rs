//! A payment as of a time.

use chrono::{DateTime, Utc};

use super::explain;
use super::face::{Elsewhere, PaymentCard, Refusal, Reply};
use super::local::Local;
use super::personal::{masked, masked_all};
use super::refusal;

impl Local {
    /// The payment with its refunds and its balance explained, as they stood. What could be
    /// refunded is judged by today's terms as of then.
    pub(super) async fn payment_as_of(
        &self,
        handle: &str,
        at: DateTime<Utc>,
    ) -> Result<Reply, Refusal> {
        let known = self.payment_named(handle).await?;
        let Some(then) = self.ledger.payment_as_of(known.id, at).await? else {
            let since = known.source.at.format("%Y-%m-%d %H:%M UTC");
            return Err(refusal::rule(
                "not_known_then",
                format!(
                    "payment {} became known to this desk on {since}, after the time asked for",
                    known.id
                ),
                "Ask for a later time.",
            ));
        };
        let eligibility = self.judge(&then.payment, at);
        let terms = self.terms(&then.payment.account);
        let judged = (&eligibility, &terms, at);
        let elsewhere = Elsewhere {
            external: then.external,
            disputes: then.disputes,
            discrepancies: masked_all(then.discrepancies),
        };
        let mut notes = self.ledger.notes_of(known.id).await?;
        notes.retain(|note| note.at <= at);
        Ok(Reply::Payment(Box::new(PaymentCard {
            notes,
            twin: None,
            explained: explain::balance(&then.payment, &then.refunds, &elsewhere, judged),
            elsewhere,
            payment: masked(then.payment),
            eligibility,
            refunds: then.refunds,
        })))
    }
}
