//! What is under way or waits for somebody, and other states that last a moment or are seldom met.

use chrono::TimeDelta;

use super::*;
use crate::domain::refund::{Later, LaterStep, Refund};
use crate::domain::sending::Proposed;
use crate::domain::state::State;
use crate::domain::transfer::{Confirmation, Transfer, TransferState};
use crate::tui::fixture::usd;
use crate::tui::update::Msg;

/// A full desk in which something is otherwise.
fn changed(change: impl Fn(&mut World)) -> impl Fn() -> Arc<FakeDesk> {
    move || {
        let desk = full();
        change(&mut desk.world.lock().unwrap());
        desk
    }
}

/// A full desk in which the refund in this state is otherwise.
fn with_refund(state: State, change: impl Fn(&mut Refund)) -> impl Fn() -> Arc<FakeDesk> {
    changed(move |world| {
        let mut refunds = world.refunds.iter_mut();
        change(refunds.find(|it| it.state == state).unwrap());
    })
}

#[test]
fn a_dialog_that_was_answered_says_that_it_is_being_done() {
    let words = ["Give back 12.35 USD?", "being done …"];
    snap_of(&words, "confirm_under_way", full, |session| {
        composing(session, "12.35");
        session.press("ctrl-s");
        session.silent = true;
        session.press("y");
    });
}

#[test]
fn decline_and_refuse_are_asked_once_more() {
    let decline = ["Decline it?", "not this customer", "yes, decline it"];
    snap_of(&decline, "todo_decline_confirm", waiting, |session| {
        as_ben(session);
        session.press("3 d").type_text("not this customer");
        session.press("enter");
    });
    let refuse = ["Refuse it?", "ACCL-0001", "yes, refuse it"];
    snap_of(&refuse, "todo_refuse_confirm", asked, |session| {
        session.press("3 d").type_text("ACCL-0001").press("tab");
        session.type_text("the account is closed").press("enter");
    });
}

#[test]
fn compensation_is_confirmed_with_what_is_given_back() {
    let words = [
        "Give back and pay 252.17 USD?",
        "5.00 USD, on top of what was paid",
    ];
    snap_of(&words, "confirm_compensation", bank, |session| {
        session.press("/").type_text("CD-000020").press("enter r");
        session.type_text("all").press("tab").type_text("5");
        session.press("tab").type_text("g").press("ctrl-s");
    });
}

#[test]
fn a_void() {
    let voids = || changed(|world| world.voids = true);
    let form = ["Void a payment that has not settled", "can void 82.39"];
    snap_of(&form, "compose_void", voids(), |session| {
        session.press("/").type_text("CD-000006").press("enter r");
        session.type_text("c");
    });
    let dialog = ["Void 82.39 USD?", "82.39 before → 0.00 after"];
    snap_of(&dialog, "confirm_void", voids(), |session| {
        session.press("/").type_text("CD-000006").press("enter r");
        session.type_text("c").press("ctrl-s");
    });
}

#[test]
fn composing_offline() {
    let offline = || changed(|world| world.offline = true);
    let form = ["offline it will be held, not sent, until let go"];
    snap_of(&form, "compose_offline", offline(), |session| {
        composing(session, "12.35");
    });
    let dialog = [
        "held, not sent: the desk is offline",
        "offline: a person must let it go once the desk is online",
    ];
    snap_of(&dialog, "confirm_offline", offline(), |session| {
        composing(session, "12.35");
        session.press("ctrl-s");
    });
}

/// The newest refund there is, of the payment that is composed about, moves under the dialog.
#[test]
fn a_payment_that_changes_closes_the_dialog() {
    let words = [
        "Compose a refund",
        "the payment changed meanwhile: look again",
    ];
    snap_of(&words, "compose_changed", full, |session| {
        session.press("/").type_text("CD-000024").press("enter r");
        session.type_text("12.35").press("tab").type_text("g");
        session.press("ctrl-s");
        session.desk.change(State::Canceled, None);
        session.tell(Msg::Woke);
    });
}

#[test]
fn a_palette_that_finds_nothing() {
    // What finds no command may be a reference.
    let words = ["enter: go to payment or refund xyzzy"];
    snap_of(&words, "palette_nothing", full, |session| {
        session.press(":").type_text("xyzzy");
    });
    // A wide space finds no command either, and is nothing that one could go to.
    let words = ["no command of this screen"];
    snap_of(&words, "palette_blank", full, |session| {
        session.press(":").type_text("\u{3000}");
    });
}

#[test]
fn lists_with_nothing_left() {
    let words = ["no refund on this tab has these words"];
    snap_of(&words, "refunds_narrowed_empty", full, |session| {
        session
            .press("2 [ /")
            .type_text("nothing like it")
            .press("enter");
    });
    let calm = changed(|world| {
        let waits = [
            State::AwaitingApproval,
            State::ActionRequired,
            State::Unknown,
            State::Reversed,
        ];
        world.refunds.retain(|it| !waits.contains(&it.state));
    });
    let words = ["nothing needs attention", "tab shows the others"];
    snap_of(&words, "refunds_attention_none", calm, |session| {
        session.press("2 tab");
    });
}

#[test]
fn providers_that_are_not_sent_to() {
    let offline = changed(|world| world.offline = true);
    let words = ["sending this desk is offline"];
    snap_of(&words, "providers_offline", offline, |session| {
        session.press("6");
    });
    let proposed = changed(|world| {
        world.stops = vec![Stop {
            account: Some("hub-us".into()),
            by: "ann".into(),
            at: now(),
            note: None,
            proposed: Some(Proposed {
                by: "ben".into(),
                at: now(),
            }),
        }];
    });
    let words = ["ben proposed to resume; one more must agree"];
    snap_of(&words, "providers_proposed", proposed, |session| {
        session.press("6");
    });
}

fn asked_for(step: LaterStep) -> Later {
    Later {
        step,
        number: 1,
        by: "ann".into(),
        at: now() - TimeDelta::minutes(2),
        unknown: true,
        looks: 0,
    }
}

#[test]
fn a_refund_of_which_more_was_asked() {
    let stop = with_refund(State::Pending, |refund| {
        refund.later = Some(asked_for(LaterStep::Stop));
    });
    let words = ["the provider was asked to stop it; not known yet whether it did"];
    snap_of(&words, "refund_asked_to_stop", stop, |session| {
        session.press("2 j j enter");
    });
    let capture = with_refund(State::ActionRequired, |refund| {
        refund.later = Some(asked_for(LaterStep::Capture));
        (refund.authorised, refund.said) = (true, None);
    });
    let words = ["the provider was asked to pay it; not known yet whether it did"];
    snap_of(&words, "refund_asked_to_pay", capture, |session| {
        session.press("2 j enter");
    });
}

/// The provider paid less than was asked.
#[test]
fn a_refund_with_what_is_proven() {
    let less = with_refund(State::Succeeded, |refund| {
        (refund.reported, refund.proven) = (Some(usd(1200)), Some(usd(1200)));
    });
    let words = ["reported 12.00 USD", "proven paid 12.00 USD"];
    snap_of(&words, "refund_proven", less, |session| {
        session.press("2 [ g g j j j j j j enter");
    });
}

fn transfer(refund: &Refund, number: u32, state: TransferState) -> Transfer {
    Transfer {
        refund: refund.id,
        account: refund.account.clone(),
        number,
        end_to_end: format!("RD-5E01A005-{number}"),
        amount: refund.content.amount,
        state,
        last4: "6819".into(),
        account_sha256: "ab".repeat(32),
        account_kept: true,
        file: Some(i64::from(number)),
        file_proposed_by: None,
        since: now() - TimeDelta::hours(3 - i64::from(number)),
        reference: None,
        confirmation: Confirmation::NotYet,
        stated: None,
    }
}

/// The bank refused the first try; the network does not know yet of the second.
#[test]
fn a_refund_that_the_bank_pays() {
    let paid = changed(|world| {
        let mut refunds = world.refunds.iter();
        let refund = refunds.find(|it| it.state == State::ActionRequired);
        let refund = refund.unwrap();
        world.transfers = vec![
            transfer(refund, 1, TransferState::Rejected),
            Transfer {
                reference: Some("BK-2231".into()),
                confirmation: Confirmation::Due(now()),
                ..transfer(refund, 2, TransferState::Paid)
            },
        ];
    });
    let words = [
        "Bank transfer 1",
        "12.34 USD to account …6819: rejected by the bank",
        "Bank transfer 2",
        "PAID, NOT CONFIRMED: the network is being told",
        "bank's BK-2231",
    ];
    snap_of(&words, "refund_transfers", paid, |session| {
        session.press("2 j enter pgdn");
    });
}

#[test]
fn a_view_gets_another_name() {
    let words = ["Rename this view", "big ones"];
    snap_of(&words, "view_rename", full, |session| {
        session.press("/").type_text("amount:>100").press("enter");
        session.press("V s").type_text("big ones").press("enter r");
    });
}

#[test]
fn what_goes_on_further_down() {
    // All of them are of one order.
    let many = || {
        let desk = FakeDesk::full(30);
        for payment in &mut desk.world.lock().unwrap().payments {
            payment.order = Some("ORD-1".into());
        }
        desk
    };
    let words = ["there are more payments: those closest to this one are shown"];
    snap_of(&words, "phone_more", many, |session| {
        session.press("p G");
    });
    // The next page is asked for, and does not come.
    let long = changed(|world| world.older_deeds = 300);
    snap_of(
        &["older entries follow"],
        "activity_older",
        long,
        |session| {
            session.press("5");
            session.silent = true;
            session.press("G");
        },
    );
}

#[test]
fn help_of_other_screens() {
    let words = ["Help · Refunds"];
    snap_of(&words, "help_refunds", full, |session| {
        session.press("2 ?");
    });
    let words = ["Help · Compose a refund"];
    snap_of(&words, "help_compose", full, |session| {
        composing(session, "12.35");
        session.press("f1");
    });
}
