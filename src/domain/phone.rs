//! What can be said to a payer on the phone: what belongs together, newest first, and one sentence
//! to read aloud per refund, which says no more than is known.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::dispute::Dispute;
use super::eligibility::WhyNot;
use super::external::ExternalRefund;
use super::id::{PaymentId, RefundId};
use super::money::Money;
use super::refund::{Kind, LaterStep, Refund};
use super::state::State;
use super::transfer::TransferState;

/// Why a payment stands on the card, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kin {
    /// It is the one asked about.
    Itself,
    /// It has the same order.
    Order,
    /// The shop names the same customer.
    Customer,
    /// It was made with the same e-mail address.
    Email,
    /// Only the name is the same: it may be somebody else's.
    Name,
}

impl Kin {
    /// Every way, nearest first.
    pub const ALL: [Self; 5] = [
        Self::Itself,
        Self::Order,
        Self::Customer,
        Self::Email,
        Self::Name,
    ];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::Order => "order",
            Self::Customer => "customer",
            Self::Email => "email",
            Self::Name => "name",
        }
    }

    /// What it is called on screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Itself => "this payment",
            Self::Order => "same order",
            Self::Customer => "same customer",
            Self::Email => "same e-mail",
            Self::Name => "same name only: ask before you speak of it",
        }
    }
}

/// One card for a call: everything of that payer or order, on all accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The payment asked about.
    pub payment: PaymentId,
    /// Its payer, masked.
    pub payer: Option<String>,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
    /// Its order.
    pub order: Option<String>,
    /// The IANA name of the zone in which the sentences' dates are.
    pub zone: String,
    /// Newest first.
    pub entries: Vec<Entry>,
    /// There are more payments than are shown.
    pub more: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// On which account.
    pub account: String,
    /// Of which payment.
    pub payment: PaymentId,
    /// That payment's reference.
    pub reference: Option<String>,
    /// Why that payment stands here.
    pub kin: Kin,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was paid.
    Payment {
        /// How much.
        paid: Money,
        /// How much of it can be refunded now.
        can_refund: Money,
        /// Why nothing can.
        why_not: Option<WhyNot>,
    },
    /// A refund of ours.
    Refund {
        /// The refund.
        refund: Box<Refund>,
        /// The sentence to read aloud.
        said: String,
    },
    /// A refund that was made elsewhere.
    Elsewhere(ExternalRefund),
    /// The payer's bank asked for the money.
    Dispute(Dispute),
}

/// Which entry it is, whatever it tells by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// That it was paid.
    Payment(PaymentId),
    /// A refund of ours.
    Refund(RefundId),
    /// A refund made elsewhere, by our number.
    Elsewhere(i64),
    /// A dispute, by our number.
    Dispute(i64),
}

impl Entry {
    /// Which it is.
    pub const fn key(&self) -> Key {
        match &self.what {
            What::Payment { .. } => Key::Payment(self.payment),
            What::Refund { refund, .. } => Key::Refund(refund.id),
            What::Elsewhere(external) => Key::Elsewhere(external.id),
            What::Dispute(dispute) => Key::Dispute(dispute.id),
        }
    }
}

/// What is known of the way of a refund beside its state. Dates are the business zone's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The day it went out; none: it did not, or that is not known.
    pub sent_on: Option<NaiveDate>,
    /// The last day by which a bank normally shows it: the rail's first mark. None: nobody says.
    pub normally_by: Option<NaiveDate>,
    /// What a bank finds it by.
    pub reference: Option<String>,
    /// How the transfer stands by which our own bank pays it; none: no bank of ours does.
    pub transfer: Option<TransferState>,
}

/// The sentence to read aloud. A date is named only where the money is on its way or there.
pub fn sentence(refund: &Refund, way: &Way, today: NaiveDate) -> String {
    let told = Told { refund, way, today };
    let stopping = refund
        .later
        .as_ref()
        .is_some_and(|later| later.step == LaterStep::Stop);
    let nothing = "no money is on its way to you from it";
    match refund.state {
        State::Draft | State::Reserved => told.unsent("is prepared"),
        State::AwaitingApproval => told.unsent("waits for a second person here to approve it"),
        State::Approved => told.unsent("is ready to go out"),
        State::Submitting => {
            told.about("is going out at this moment; I cannot say yet whether it got through.")
        }
        State::Unknown => told.unknown(),
        State::ActionRequired => told.about(
            "is not finished: something on our side is still open, and I can promise no date yet.",
        ),
        State::Pending | State::Succeeded | State::Settled if stopping => told.stopping(),
        State::Pending => match way.transfer {
            // What a network agreed to is not money that left.
            Some(TransferState::Due | TransferState::Rejected) => {
                told.unsent("is being arranged with your bank")
            }
            Some(TransferState::InFile) => {
                told.about("is with our bank to be paid; I cannot say yet whether it has gone out.")
            }
            _ => told.under_way(),
        },
        State::Succeeded | State::Settled => told.sent(),
        State::Failed | State::Rejected => told.about(&format!("did not go through; {nothing}.")),
        State::Reversed => told.came_back(),
        State::Canceled => told.about(&format!("was withdrawn; {nothing}.")),
        State::Expired => told.about(&format!("was not sent in time and has lapsed; {nothing}.")),
    }
}

struct Told<'a> {
    refund: &'a Refund,
    way: &'a Way,
    today: NaiveDate,
}

impl Told<'_> {
    /// What is or would be paid, and what on top of it.
    fn amount(&self) -> String {
        let content = &self.refund.content;
        let paid = matches!(self.refund.state, State::Succeeded | State::Settled);
        let principal = match self.refund.proven {
            Some(proven) if paid => proven,
            _ => content.amount,
        };
        match content.compensation.is_positive() {
            true => format!("{principal} and {} on top", content.compensation),
            false => principal.to_string(),
        }
    }

    fn what(&self) -> String {
        match self.refund.content.kind {
            Kind::Refund => format!("Your refund of {}", self.amount()),
            Kind::Void => format!("The cancellation of your payment of {}", self.amount()),
            Kind::Outside => format!("Your refund of {} by another way", self.amount()),
        }
    }

    fn about(&self, said: &str) -> String {
        format!("{} {said}", self.what())
    }

    fn unsent(&self, stands: &str) -> String {
        let yet = match self.refund.content.kind {
            Kind::Void => "it has not been done yet",
            _ => "no money has been sent yet",
        };
        self.about(&format!("{stands}; {yet}."))
    }

    fn unknown(&self) -> String {
        let on = self.on();
        let what = match self.refund.content.kind {
            Kind::Void => format!("cancel your payment of {}", self.amount()),
            _ => format!("send you {}", self.amount()),
        };
        format!(
            "We tried to {what}{on} and do not know yet whether it got through; we are finding out, and I can promise no date before that."
        )
    }

    fn stopping(&self) -> String {
        format!(
            "{}{} and have asked since for it to be stopped; I cannot say yet which it will be.",
            self.deed(),
            self.on()
        )
    }

    fn under_way(&self) -> String {
        let late = match self.way.normally_by {
            Some(by) if by < self.today => format!(
                "; it should normally be there since {}, so it is late and we are asking after it",
                self.day(by)
            ),
            _ => self.promise(),
        };
        format!(
            "{}{}; it is on its way and not confirmed yet{late}{}.",
            self.deed(),
            self.on(),
            self.reference()
        )
    }

    fn sent(&self) -> String {
        let on = self.on();
        if self.refund.content.kind == Kind::Void {
            return format!(
                "We canceled your payment of {}{on}, before it was settled; there is no refund to wait for.",
                self.amount()
            );
        }
        let confirmed = match self.refund.state {
            State::Settled => ", and our own statement shows it",
            _ => "",
        };
        let shown = match self.way.normally_by {
            Some(by) if by < self.today => format!(
                "; your bank normally shows it by {}: if it is not there, ask your bank to look for it",
                self.by(by)
            ),
            _ => self.promise(),
        };
        format!("{}{on}{confirmed}{shown}{}.", self.deed(), self.reference())
    }

    fn came_back(&self) -> String {
        format!(
            "{}{}, and it came back to us: you do not have it, and it will not arrive by itself.",
            self.deed(),
            self.on()
        )
    }

    /// What was done.
    fn deed(&self) -> String {
        match self.refund.content.kind {
            Kind::Refund => format!("We sent {}", self.amount()),
            Kind::Void => format!(
                "We asked for your payment of {} to be canceled",
                self.amount()
            ),
            Kind::Outside => format!("We paid you {} by another way", self.amount()),
        }
    }

    fn on(&self) -> String {
        let sent = self.way.sent_on;
        sent.map_or(String::new(), |sent| format!(" on {}", self.day(sent)))
    }

    fn promise(&self) -> String {
        let by = self.way.normally_by;
        by.map_or(String::new(), |by| {
            format!("; your bank normally shows it by {}", self.by(by))
        })
    }

    fn reference(&self) -> String {
        let reference = self.way.reference.as_deref();
        reference.map_or(String::new(), |it| format!("; the reference is {it}"))
    }

    /// Of the month in which it was sent, the day alone is plain enough.
    fn by(&self, by: NaiveDate) -> String {
        let month = |day: NaiveDate| (day.year(), day.month());
        match self.way.sent_on {
            Some(sent) if sent == by => "the same day".to_owned(),
            Some(sent) if month(sent) == month(by) => format!("the {}", ordinal(by.day())),
            _ => self.day(by),
        }
    }

    fn day(&self, day: NaiveDate) -> String {
        spoken(day, self.today)
    }
}

/// A day as it is spoken: `14 November`, with its year where that is another.
pub fn spoken(day: NaiveDate, today: NaiveDate) -> String {
    match day.year() == today.year() {
        true => day.format("%-d %B").to_string(),
        false => day.format("%-d %B %Y").to_string(),
    }
}

fn ordinal(day: u32) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

#[cfg(test)]
mod tests;
