//! What was dropped last, and can be had back: nothing of it has left this desk.

use crate::domain::id::PaymentId;
use crate::domain::parked::Typed;
use crate::domain::view::View;
use crate::tui::action::Context;

use super::App;
use super::marks::Marks;

/// Something that was dropped.
#[derive(Clone, Debug)]
pub enum Dropped {
    /// The marks.
    Marks(Marks),
    /// A saved view.
    View(View),
    /// What was typed about a payment.
    Draft(PaymentId, Typed),
}

impl App {
    fn has_view(&self, name: &str) -> bool {
        let mut saved = self.views.saved.iter();
        saved.any(|view| view.name.eq_ignore_ascii_case(name))
    }

    /// What would be brought back where one is; why there is nothing.
    pub fn to_undo(&self) -> Result<&Dropped, &'static str> {
        let dropped = match (&self.dropped, self.context_below()) {
            (Some(it @ Dropped::Marks(_)), Context::Payments)
            | (Some(it @ Dropped::View(_)), Context::Views)
            | (Some(it @ Dropped::Draft(..)), Context::Drafts) => it,
            _ => return Err("nothing was dropped here that could be brought back"),
        };
        match dropped {
            Dropped::Marks(_) => Ok(dropped),
            _ if self.is_read_only() => Err("the desk is read-only"),
            Dropped::View(view) if self.has_view(&view.name) => {
                Err("there is another view of that name by now")
            }
            Dropped::Draft(payment, _) if self.drafts.of(*payment).is_some() => {
                Err("there is a newer draft about that payment")
            }
            _ => Ok(dropped),
        }
    }
}
