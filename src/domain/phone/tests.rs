//! What is read aloud, state by state: true, and no more than is known.

use rstest::rstest;

use super::*;
use crate::domain::money::Currency;
use crate::domain::refund::Later;
use crate::domain::todo::tests::refund;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn way() -> Way {
    Way {
        sent_on: Some(day("2026-11-13")),
        normally_by: Some(day("2026-11-18")),
        reference: Some("74537604221".into()),
        transfer: None,
    }
}

const EARLY: &str = "2026-11-16";
const LATE: &str = "2026-11-21";

#[rstest]
#[case(
    State::Reserved,
    EARLY,
    "Your refund of 10.03 USD is prepared; no money has been sent yet."
)]
#[case(
    State::AwaitingApproval,
    EARLY,
    "Your refund of 10.03 USD waits for a second person here to approve it; no money has been sent yet."
)]
#[case(
    State::Approved,
    EARLY,
    "Your refund of 10.03 USD is ready to go out; no money has been sent yet."
)]
#[case(
    State::Submitting,
    EARLY,
    "Your refund of 10.03 USD is going out at this moment; I cannot say yet whether it got through."
)]
#[case(
    State::Pending,
    EARLY,
    "We sent 10.03 USD on 13 November; it is on its way and not confirmed yet; your bank normally shows it by the 18th; the reference is 74537604221."
)]
#[case(
    State::Pending,
    LATE,
    "We sent 10.03 USD on 13 November; it is on its way and not confirmed yet; it should normally be there since 18 November, so it is late and we are asking after it; the reference is 74537604221."
)]
#[case(
    State::ActionRequired,
    EARLY,
    "Your refund of 10.03 USD is not finished: something on our side is still open, and I can promise no date yet."
)]
#[case(
    State::Unknown,
    EARLY,
    "We tried to send you 10.03 USD on 13 November and do not know yet whether it got through; we are finding out, and I can promise no date before that."
)]
#[case(
    State::Succeeded,
    EARLY,
    "We sent 10.03 USD on 13 November; your bank normally shows it by the 18th; the reference is 74537604221."
)]
#[case(
    State::Succeeded,
    LATE,
    "We sent 10.03 USD on 13 November; your bank normally shows it by the 18th: if it is not there, ask your bank to look for it; the reference is 74537604221."
)]
#[case(
    State::Settled,
    EARLY,
    "We sent 10.03 USD on 13 November, and our own statement shows it; your bank normally shows it by the 18th; the reference is 74537604221."
)]
#[case(
    State::Failed,
    EARLY,
    "Your refund of 10.03 USD did not go through; no money is on its way to you from it."
)]
#[case(
    State::Rejected,
    EARLY,
    "Your refund of 10.03 USD did not go through; no money is on its way to you from it."
)]
#[case(
    State::Reversed,
    LATE,
    "We sent 10.03 USD on 13 November, and it came back to us: you do not have it, and it will not arrive by itself."
)]
#[case(
    State::Canceled,
    EARLY,
    "Your refund of 10.03 USD was withdrawn; no money is on its way to you from it."
)]
#[case(
    State::Expired,
    EARLY,
    "Your refund of 10.03 USD was not sent in time and has lapsed; no money is on its way to you from it."
)]
fn each_state_has_its_sentence(#[case] state: State, #[case] today: &str, #[case] said: &str) {
    assert_eq!(sentence(&refund(state), &way(), day(today)), said);
}

/// Where the money may not be on its way, no day is named by which it would be there.
#[test]
fn only_what_was_sent_is_promised() {
    for state in State::ALL {
        let said = sentence(&refund(state), &way(), day(EARLY));
        let promised = said.contains("normally");
        let sent = matches!(state, State::Pending | State::Succeeded | State::Settled);
        assert_eq!(promised, sent, "{state:?}: {said}");
        assert!(!said.contains("mia") && !said.contains("hub-us"), "{said}");
        // What is not known is left out.
        let said = sentence(&refund(state), &Way::default(), day(EARLY));
        assert!(
            !said.contains(" on 1") && !said.contains("normally"),
            "{said}"
        );
        assert!(!said.contains("reference"), "{said}");
        assert!(said.ends_with('.') && !said.contains("  "), "{said}");
    }
}

#[test]
fn what_is_being_stopped_is_promised_neither_way() {
    let mut asked = refund(State::Succeeded);
    asked.later = Some(Later {
        step: LaterStep::Stop,
        number: 1,
        by: "mia".into(),
        at: asked.created_at,
        unknown: false,
        looks: 0,
    });
    assert_eq!(
        sentence(&asked, &way(), day(EARLY)),
        "We sent 10.03 USD on 13 November and have asked since for it to be stopped; I cannot say yet which it will be."
    );
}

#[rstest]
#[case(
    Kind::Void,
    State::Approved,
    "The cancellation of your payment of 10.03 USD is ready to go out; it has not been done yet."
)]
#[case(
    Kind::Void,
    State::Succeeded,
    "We canceled your payment of 10.03 USD on 13 November, before it was settled; there is no refund to wait for."
)]
#[case(
    Kind::Void,
    State::Unknown,
    "We tried to cancel your payment of 10.03 USD on 13 November and do not know yet whether it got through; we are finding out, and I can promise no date before that."
)]
#[case(
    Kind::Outside,
    State::ActionRequired,
    "Your refund of 10.03 USD by another way is not finished: something on our side is still open, and I can promise no date yet."
)]
#[case(
    Kind::Outside,
    State::Succeeded,
    "We paid you 10.03 USD by another way on 13 November; the reference is 74537604221."
)]
fn other_kinds_are_called_what_they_are(
    #[case] kind: Kind,
    #[case] state: State,
    #[case] said: &str,
) {
    let mut other = refund(state);
    other.content.kind = kind;
    let way = Way {
        normally_by: None,
        ..way()
    };
    assert_eq!(sentence(&other, &way, day(EARLY)), said);
}

/// Where our own bank pays, what the network agreed to is not money that left.
#[rstest]
#[case(
    TransferState::Due,
    "Your refund of 10.03 USD is being arranged with your bank; no money has been sent yet."
)]
#[case(
    TransferState::InFile,
    "Your refund of 10.03 USD is with our bank to be paid; I cannot say yet whether it has gone out."
)]
#[case(
    TransferState::Paid,
    "We sent 10.03 USD on 13 November; it is on its way and not confirmed yet; your bank normally shows it by the 18th; the reference is 74537604221."
)]
#[case(
    TransferState::Rejected,
    "Your refund of 10.03 USD is being arranged with your bank; no money has been sent yet."
)]
fn a_transfer_of_ours_is_told_as_it_stands(#[case] transfer: TransferState, #[case] said: &str) {
    let way = Way {
        transfer: Some(transfer),
        ..way()
    };
    assert_eq!(sentence(&refund(State::Pending), &way, day(EARLY)), said);
}

#[test]
fn the_amount_is_the_one_proven_and_what_came_on_top() {
    let money = |minor| Money::new(minor, Currency::from_code("USD").unwrap());
    let mut paid = refund(State::Succeeded);
    paid.proven = Some(money(900));
    paid.content.compensation = money(250);
    let said = sentence(&paid, &Way::default(), day(EARLY));
    assert_eq!(said, "We sent 9.00 USD and 2.50 USD on top.");
}

#[rstest]
#[case("2026-11-30", "2026-12-01", "by 1 December")]
#[case("2026-12-30", "2027-01-04", "by 4 January 2027")]
#[case("2026-11-16", "2026-11-16", "by the same day")]
#[case("2026-11-16", "2026-11-21", "by the 21st")]
#[case("2026-11-10", "2026-11-12", "by the 12th")]
#[case("2026-11-20", "2026-11-22", "by the 22nd")]
#[case("2026-11-20", "2026-11-23", "by the 23rd")]
fn a_day_is_spoken_as_people_do(#[case] sent: &str, #[case] by: &str, #[case] said: &str) {
    let way = Way {
        sent_on: Some(day(sent)),
        normally_by: Some(day(by)),
        ..Way::default()
    };
    let sentence = sentence(&refund(State::Succeeded), &way, day(sent));
    assert!(sentence.contains(said), "{sentence}");
}
