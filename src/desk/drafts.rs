//! Refunds that were being composed and were left.

use super::compose::tidy;
use super::face::{Actor, DraftAsk, Refusal, Reply};
use super::local::Local;
use crate::domain::parked::Typed;

impl Local {
    /// Keeps, forgets or lists somebody's own drafts.
    pub(super) async fn drafts(&self, actor: &Actor, ask: DraftAsk) -> Result<Reply, Refusal> {
        let operator = actor.name.clone();
        match ask {
            DraftAsk::List => {}
            DraftAsk::Park { payment, typed } => {
                self.writable()?;
                let typed = tidied(typed)?;
                let now = self.clock.now();
                self.ledger.park(operator, payment, typed, now).await?;
            }
            DraftAsk::Drop { payment } => {
                self.writable()?;
                self.ledger.drop_draft(operator, payment).await?;
            }
        }
        let drafts = self.ledger.drafts(actor.name.clone()).await?;
        Ok(Reply::Drafts(drafts))
    }
}

/// What was typed, as free text is stored: harmless, without card numbers, not endless.
fn tidied(typed: Typed) -> Result<Typed, Refusal> {
    Ok(Typed {
        amount: tidy(&typed.amount)?,
        compensation: tidy(&typed.compensation)?,
        capture_id: typed.capture_id,
        reason: typed.reason,
        note: tidy(&typed.note)?,
        case_ref: tidy(&typed.case_ref)?,
        supersedes: typed.supersedes,
        kind: typed.kind,
    })
}
