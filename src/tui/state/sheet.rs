//! A page that is read from the top: the handover, an order, sums, what was said.

use chrono::NaiveDate;

use crate::domain::id::PaymentId;
use crate::domain::sheet::Sheet;

/// What it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// What the next shift must know.
    Handover,
    /// The order of a payment.
    Order(PaymentId),
    /// What the list of payments comes to, in each currency.
    Sums,
    /// What the desk said in passing.
    Messages,
    /// Whether the records are as they were written.
    Audit,
    /// A payment as it was at the end of a day.
    AsOf(PaymentId, NaiveDate),
}

/// The page, over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What it tells.
    pub about: About,
    /// Its lines, once answered.
    pub sheet: Option<Sheet>,
    /// Why it could not be read.
    pub failed: Option<String>,
    /// The first line shown.
    pub scroll: usize,
}

impl Page {
    /// A page that is asked for.
    pub const fn of(about: About) -> Self {
        Self {
            about,
            sheet: None,
            failed: None,
            scroll: 0,
        }
    }

    /// The payment it was opened from.
    pub const fn payment(&self) -> Option<PaymentId> {
        match self.about {
            About::Handover | About::Sums | About::Messages | About::Audit => None,
            About::Order(payment) | About::AsOf(payment, _) => Some(payment),
        }
    }

    /// What it is called.
    pub const fn title(&self) -> &'static str {
        match self.about {
            About::Handover => "Handover",
            About::Order(_) => "Order",
            About::Sums => "Sums",
            About::Messages => "Messages, newest first",
            About::Audit => "The records checked",
            About::AsOf(..) => "The balance back then",
        }
    }
}
