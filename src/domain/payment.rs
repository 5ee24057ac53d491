//! An incoming payment and its captures.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::balance::Figures;
use super::compensation::Compensations;
use super::dispute::Dispute;
use super::id::PaymentId;
use super::money::{Currency, Money};

/// A payment the desk knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Our id.
    pub id: PaymentId,
    /// The provider account it came through.
    pub account: String,
    /// The provider's id of it.
    pub provider_payment_id: String,
    /// The merchant's reference, as on the invoice.
    pub reference: Option<String>,
    /// The order it belongs to; payments of one order share it.
    pub order: Option<String>,
    /// Who paid, as the settlement file names them.
    pub payer: Option<String>,
    /// Card, bank transfer …
    pub method: Option<String>,
    /// The card scheme.
    pub scheme: Option<String>,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
    /// What was bought.
    pub description: Option<String>,
    /// Further references the provider or the payer's bank may ask for, by name.
    pub details: Vec<(String, String)>,
    /// The one currency of all its captures.
    pub currency: Currency,
    /// At least one; most payments have just one.
    pub captures: Vec<Capture>,
    /// What was refunded elsewhere or is in dispute without naming a capture; none: nothing.
    pub unallocated: Option<Figures>,
    /// What its refunds hold and paid on top, here or elsewhere; no part of any balance.
    pub on_top: Compensations,
    /// A discrepancy about money is open: nothing is reserved or sent until it is closed.
    pub blocked: bool,
    /// Until when its refunds are known from its provider's own list; none: never read whole.
    pub verified_at: Option<DateTime<Utc>>,
    /// Where the desk knows it from.
    pub source: Source,
}

/// One capture of a payment: the money a refund is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The provider's id of the capture, where it has one apart from the payment's.
    pub capture_id: Option<String>,
    /// When it was captured; its age counts from the UTC date.
    pub captured_at: DateTime<Utc>,
    /// When it settles or settled; none or later than now: not settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// Captured, executed, held and disputed amounts.
    pub figures: Figures,
}

/// How a payment stands, what presses most first. Lists are sorted by it (`ledger/pages.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// More is taken than was paid, or a discrepancy about its money is open.
    Blocked,
    /// A part of it is in dispute.
    Disputed,
    /// A refund holds some of it.
    Refunding,
    /// Some of it went back.
    PartBack,
    /// All of it went back.
    AllBack,
    /// Settled, and nothing was done since.
    Settled,
    /// Not settled yet.
    Unsettled,
}

impl Standing {
    /// The word in lists.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Disputed => "disputed",
            Self::Refunding => "refunding",
            Self::PartBack => "part back",
            Self::AllBack => "all back",
            Self::Unsettled => "unsettled",
            Self::Settled => "settled",
        }
    }
}

/// Another payment that looks like the same one paid twice: of the same payer or last four, amount and
/// currency, captured within 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// Our id.
    pub payment: PaymentId,
    /// How people know it.
    pub reference: String,
    /// The account it came through.
    pub account: String,
    /// When it was captured.
    pub captured_at: DateTime<Utc>,
    /// What was paid.
    pub paid: Money,
    /// What of it went back or is held to.
    pub given_back: Money,
}

/// The file a payment was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name.
    pub file: String,
    /// The file's SHA-256 in hex.
    pub sha256: String,
    /// The line in it.
    pub line: u64,
    /// Who imported it.
    pub importer: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Payment {
    /// The sums over all captures, and what names none of them.
    pub fn figures(&self) -> Figures {
        let zero = Figures::captured(Money::zero(self.currency));
        self.captures
            .iter()
            .map(|capture| &capture.figures)
            .chain(&self.unallocated)
            .fold(zero, |sum, figures| sum.saturating_plus(figures))
    }

    /// The payment as a refund that answers `dispute` sees it: the disputed amount is its to use.
    #[must_use]
    pub fn answering(&self, dispute: &Dispute) -> Self {
        let mut payment = self.clone();
        let named = payment.captures.len() == 1 || dispute.capture_id.is_some();
        let held_in = match named {
            true => payment
                .captures
                .iter_mut()
                .find(|capture| {
                    dispute.capture_id.is_none() || capture.capture_id == dispute.capture_id
                })
                .map(|capture| &mut capture.figures),
            false => payment.unallocated.as_mut(),
        };
        if let Some(figures) = held_in {
            let left = figures.disputed.minor.saturating_sub(dispute.holds.minor);
            figures.disputed.minor = left.max(0);
        }
        payment
    }

    /// When the first capture was made.
    pub fn captured_at(&self) -> DateTime<Utc> {
        self.captures
            .iter()
            .map(|capture| capture.captured_at)
            .min()
            .unwrap_or_default()
    }

    /// How it stands.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        let figures = self.figures();
        let settled = self.settled_at().is_some_and(|at| at <= now);
        match () {
            () if self.blocked || figures.available().minor < 0 => Standing::Blocked,
            () if figures.disputed.is_positive() => Standing::Disputed,
            () if figures.held.is_positive() => Standing::Refunding,
            () if figures.executed == figures.captured => Standing::AllBack,
            () if figures.executed.is_positive() => Standing::PartBack,
            () if !settled => Standing::Unsettled,
            () => Standing::Settled,
        }
    }

    /// When the last capture settles; none while one of them has no date.
    pub fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.captures
            .iter()
            .map(|capture| capture.settled_at)
            .reduce(|a, b| Some(a?.max(b?)))
            .flatten()
    }

    /// The capture of this id, or the only one when no id is given.
    pub fn capture(&self, capture_id: Option<&str>) -> Option<&Capture> {
        match (capture_id, self.captures.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(id), captures) => captures
                .iter()
                .find(|capture| capture.capture_id.as_deref() == Some(id)),
        }
    }
}

impl Capture {
    /// True when the money has settled by `now`.
    pub fn is_settled(&self, now: DateTime<Utc>) -> bool {
        self.settled_at.is_some_and(|settled_at| settled_at <= now)
    }
}
