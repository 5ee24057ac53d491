//! Notes: what people write beside a payment or refund.

use super::elsewhere::said;
use super::face::{Actor, NoteOrder, Notice, Refusal, Reply};
use super::local::Local;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::note::Note;
use crate::ledger::NewNote;

impl Local {
    /// Writes a note on what the handle means: a payment before a refund of the same name.
    pub(super) async fn note(&self, actor: &Actor, order: NoteOrder) -> Result<Reply, Refusal> {
        self.writable()?;
        let text = said(&order.text)?;
        let (payment, refund) = self.personal_of(&order.subject).await?;
        let new = NewNote {
            payment,
            refund,
            text,
            author: actor.name.clone(),
            now: self.clock.now(),
        };
        let written = self.ledger.write_note(new).await?;
        match refund {
            Some(id) => self.changed(self.refund_of(id).await?),
            None => self.tell(Notice::Changed),
        }
        Ok(Reply::Noted(Box::new(written)))
    }

    /// What was written on a refund and on its payment as a whole.
    pub(super) async fn notes_on(
        &self,
        payment: PaymentId,
        refund: RefundId,
    ) -> Result<Vec<Note>, Refusal> {
        let mut notes = self.ledger.notes_of(payment).await?;
        notes.retain(|note| note.refund.is_none_or(|id| id == refund));
        Ok(notes)
    }
}
