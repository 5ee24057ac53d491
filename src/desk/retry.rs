//! Trying again what was not paid for lack of funds: each as a refund of its own in place of the old
//! one (T21), judged by every rule as if it were composed by hand.

use super::face::{Actor, Draft, RefundRow, Refusal, Reply, Retried, RetryOrder};
use super::local::{Local, row};
use crate::domain::cause::Cause;
use crate::ledger::RefundSummary;

impl Local {
    /// Composes them anew, or says what would become of each.
    pub(super) async fn retry(&self, actor: &Actor, order: &RetryOrder) -> Result<Reply, Refusal> {
        if !order.dry_run {
            self.writable()?;
        }
        let unpaid = self.ledger.unpaid(Cause::NoFunds).await?;
        let of_account = |it: &RefundSummary| {
            let account = order.account.as_ref();
            account.is_none_or(|account| *account == it.refund.account)
        };
        let mut retried = Vec::new();
        for old in unpaid.into_iter().filter(of_account) {
            let draft = draft_of(&old);
            let outcome = match order.dry_run {
                true => self.would_be(actor, &draft).await,
                false => self.made(actor, &draft).await,
            };
            let (made, refused) = match outcome {
                Ok(made) => (made, None),
                // Nothing more can be written: what was made so far is told by the refunds.
                Err(refusal) if !order.dry_run && refusal.ends_retry() => return Err(refusal),
                Err(refusal) => (None, Some(refusal)),
            };
            retried.push(Retried {
                refund: row(old),
                made,
                refused,
            });
        }
        Ok(Reply::Retried(retried))
    }

    async fn would_be(
        &self,
        actor: &Actor,
        draft: &Draft,
    ) -> Result<Option<Box<RefundRow>>, Refusal> {
        let Reply::Preview(preview) = self.preview(actor, draft).await? else {
            return Ok(None);
        };
        match preview.problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => match preview.duplicates.first() {
                Some(earlier) => Err(Refusal::duplicate(earlier)),
                None => Ok(None),
            },
        }
    }

    async fn made(&self, actor: &Actor, draft: &Draft) -> Result<Option<Box<RefundRow>>, Refusal> {
        match self.compose(actor, draft).await? {
            Reply::Composed(composed) => Ok(Some(Box::new(composed.refund))),
            _ => Ok(None),
        }
    }
}

/// The same decision again. Its key makes a second run find it and not make another.
fn draft_of(old: &RefundSummary) -> Draft {
    let refund = &old.refund;
    let content = &refund.content;
    Draft {
        payment: content.payment.to_string(),
        amount: content.amount.decimal(),
        compensation: content
            .compensation
            .is_positive()
            .then(|| content.compensation.decimal()),
        reason: content.reason.clone(),
        note: content.note.clone(),
        case_ref: content.case_ref.clone(),
        capture_id: content.capture_id.clone(),
        key: Some(format!("retry-{}", refund.id)),
        supersedes: Some(refund.id.to_string()),
        kind: content.kind,
        ..Draft::default()
    }
}
