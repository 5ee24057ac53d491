//! The note that may be given to a customer or a bank, so that they can find a refund: reference,
//! amount, dates, and what a bank traces by. Nothing of what this desk keeps to itself.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::id::RefundId;
use super::money::Money;
use super::phone::{self, Way};
use super::refund::{Kind, Refund};
use super::state::State;
use super::text::clean;
use super::transfer::{Transfer, TransferState};

/// What may be given away about a refund. Dates are the business zone's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceNote {
    /// Which refund, for the file's name; not in the note.
    pub refund: RefundId,
    /// The day on which the note is true.
    pub issued_on: NaiveDate,
    /// A refund, a cancellation …
    pub kind: Kind,
    /// The principal.
    pub amount: Money,
    /// What comes on top of it; zero: nothing.
    pub compensation: Money,
    /// The reference of the payment, which its payer knows.
    pub payment_reference: Option<String>,
    /// The order, which its payer knows.
    pub order: Option<String>,
    /// The day of the payment.
    pub paid_on: NaiveDate,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
    /// The day it was sent, where it certainly was.
    pub sent_on: Option<NaiveDate>,
    /// The last day by which a bank normally shows it.
    pub normally_by: Option<NaiveDate>,
    /// What banks and providers find it by: what it is called, and the reference.
    pub references: Vec<(String, String)>,
    /// How it stands, in the sentence that is read aloud.
    pub said: String,
}

/// What the payer knows of the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Its reference.
    pub reference: Option<String>,
    /// Its order.
    pub order: Option<String>,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
    /// When, in the business zone.
    pub on: NaiveDate,
}

/// The note of a refund: true on the day `today`.
pub fn note(
    refund: &Refund,
    paid: Paid,
    way: &Way,
    references: Vec<(String, String)>,
    today: NaiveDate,
) -> TraceNote {
    let certain = matches!(
        refund.state,
        State::Pending | State::Succeeded | State::Settled | State::Reversed
    );
    let promised = certain && refund.state != State::Reversed && refund.later.is_none();
    let content = &refund.content;
    TraceNote {
        refund: refund.id,
        issued_on: today,
        kind: content.kind,
        amount: refund.proven.unwrap_or(content.amount),
        compensation: content.compensation,
        payment_reference: paid.reference,
        order: paid.order,
        paid_on: paid.on,
        last4: paid.last4,
        sent_on: way.sent_on.filter(|_| certain),
        normally_by: way.normally_by.filter(|_| promised),
        references,
        said: phone::sentence(refund, way, today),
    }
}

/// What a bank or provider finds a refund by, the best first. What was never sent has none.
pub fn references(
    refund: &Refund,
    correlation: Option<&str>,
    transfers: &[Transfer],
) -> Vec<(String, String)> {
    use State::{Approved, AwaitingApproval, Canceled, Draft, Expired, Rejected, Reserved};
    let unsent = [
        Draft,
        Reserved,
        AwaitingApproval,
        Approved,
        Rejected,
        Canceled,
        Expired,
    ];
    if unsent.contains(&refund.state) {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut add = |name: &str, value: Option<&str>| {
        let value = value.map(clean).filter(|value| !value.trim().is_empty());
        if let Some(value) = value.filter(|value| all.iter().all(|(_, known)| known != value)) {
            all.push((name.to_owned(), value));
        }
    };
    add("trace number", refund.trace.as_deref());
    let paid = |it: &&Transfer| matches!(it.state, TransferState::Paid | TransferState::Returned);
    for transfer in transfers.iter().filter(paid) {
        add("bank's reference", transfer.reference.as_deref());
        add("end-to-end reference", Some(&transfer.end_to_end));
    }
    add("provider's reference", refund.provider_refund_id.as_deref());
    add("our reference", correlation);
    all
}

/// The way of a refund: `sent` is when it first went out and may have arrived, `transfer` how our own
/// bank's payment of it stands, `normal` the last normal day of its rail for a day of sending.
pub fn way(
    refund: &Refund,
    sent: Option<DateTime<Utc>>,
    transfer: Option<TransferState>,
    references: &[(String, String)],
    day: impl Fn(DateTime<Utc>) -> NaiveDate,
    normal: impl Fn(NaiveDate) -> Option<NaiveDate>,
) -> Way {
    // Where our own bank pays, the day the network was asked is not the day the money left.
    let asked_only = transfer == Some(TransferState::Due) && refund.state != State::Unknown;
    let sent_on = sent.filter(|_| !asked_only).map(day);
    let promised = sent_on.filter(|_| refund.content.kind == Kind::Refund);
    Way {
        sent_on,
        normally_by: promised.and_then(normal),
        reference: references.first().map(|(_, value)| value.clone()),
        transfer,
    }
}

impl TraceNote {
    /// The note as it is copied, written and read: plain lines that fit a letter.
    pub fn text(&self) -> String {
        let money = match self.compensation.is_positive() {
            true => format!("{} and {} on top", self.amount, self.compensation),
            false => self.amount.to_string(),
        };
        let mut lines = vec![format!("{} of {money}", self.title()), String::new()];
        let mut fact = |name: &str, value: Option<String>| {
            let value = value.map(|value| clean(&value));
            lines.extend(value.map(|value| format!("{name:<22}{value}")));
        };
        let day = |day: NaiveDate| day.format("%Y-%m-%d").to_string();
        fact("payment", self.payment_reference.clone());
        fact("order", self.order.clone());
        fact("paid on", Some(day(self.paid_on)));
        let to = |last4: &String| format!("card or account ending in {last4}");
        fact("to", self.last4.as_ref().map(to));
        fact("sent on", self.sent_on.map(day));
        fact("normally there by", self.normally_by.map(day));
        for (name, value) in &self.references {
            fact(name, Some(value.clone()));
        }
        lines.push(String::new());
        lines.push(clean(&self.said));
        lines.push(format!("As known on {}.", day(self.issued_on)));
        lines.join("\n")
    }

    const fn title(&self) -> &'static str {
        match self.kind {
            Kind::Refund => "Refund",
            Kind::Void => "Cancellation of a payment",
            Kind::Outside => "Refund by another way",
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::todo::tests::refund;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn paid() -> Paid {
        Paid {
            reference: Some("INV-7\u{1b}[2J".into()),
            order: Some("ORD-1".into()),
            last4: Some("4242".into()),
            on: day("2026-11-02"),
        }
    }

    fn traced(state: State) -> Refund {
        Refund {
            trace: Some("74537604221".into()),
            provider_refund_id: Some("re_1".into()),
            ..refund(state)
        }
    }

    fn noted(refund: &Refund) -> TraceNote {
        let references = references(refund, Some("CORR1"), &[]);
        let sent = "2026-11-13T10:00:00Z".parse().ok();
        let way = way(
            refund,
            sent,
            None,
            &references,
            |at| at.date_naive(),
            |_| Some(day("2026-11-18")),
        );
        note(refund, paid(), &way, references, day("2026-11-14"))
    }

    #[test]
    fn a_note_has_what_a_bank_asks_for_and_nothing_of_ours() {
        let mut refund = traced(State::Succeeded);
        refund.content.note = Some("a difficult one".into());
        refund.content.case_ref = Some("CASE-9".into());
        let text = noted(&refund).text();
        insta::assert_snapshot!(text, @r"
        Refund of 10.03 USD

        payment               INV-7\u{1b}[2J
        order                 ORD-1
        paid on               2026-11-02
        to                    card or account ending in 4242
        sent on               2026-11-13
        normally there by     2026-11-18
        trace number          74537604221
        provider's reference  re_1
        our reference         CORR1

        We sent 10.03 USD on 13 November; your bank normally shows it by the 18th; the reference is 74537604221.
        As known on 2026-11-14.
        ");
        for inner in [
            "mia",
            "hub-us",
            "difficult",
            "CASE-9",
            "said",
            "other",
            "\u{1b}",
        ] {
            assert!(!text.contains(inner), "{inner}: {text}");
        }
    }

    #[rstest]
    #[case(State::Reserved, false, false, false)]
    #[case(State::Approved, false, false, false)]
    #[case(State::Submitting, false, false, true)]
    #[case(State::Unknown, false, false, true)]
    #[case(State::ActionRequired, false, false, true)]
    #[case(State::Pending, true, true, true)]
    #[case(State::Settled, true, true, true)]
    #[case(State::Reversed, true, false, true)]
    #[case(State::Canceled, false, false, false)]
    fn only_what_is_certain_is_noted(
        #[case] state: State,
        #[case] sent: bool,
        #[case] promised: bool,
        #[case] referred: bool,
    ) {
        let note = noted(&traced(state));
        let has = (
            note.sent_on.is_some(),
            note.normally_by.is_some(),
            !note.references.is_empty(),
        );
        assert_eq!(has, (sent, promised, referred), "{state:?}");
    }

    #[test]
    fn a_reference_stands_once() {
        let twice = Refund {
            provider_refund_id: Some("74537604221".into()),
            ..traced(State::Pending)
        };
        let names = references(&twice, Some("74537604221"), &[]);
        assert_eq!(
            names,
            [("trace number".to_owned(), "74537604221".to_owned())]
        );
    }
}
