use crate::desk::face::Request;
use crate::domain::state::State;
use crate::tui::action::{ACTIONS, Context};
use crate::tui::fixture::decisions;
use crate::tui::fixture::desk::{FakeDesk, World};
use crate::tui::fixture::session::Session;
use crate::tui::state::{Layer, Screen};

use super::*;

mod again;
mod ahead;
mod bulk;
mod calls;
mod composing;
mod dangerous;
mod drafts;
mod finding;
mod lines;
mod mouse;
mod palette;
mod phone;
mod progress;
mod rooms;
mod sending;
mod sheets;
mod shift;
mod stopping;

fn session() -> Session {
    Session::new(FakeDesk::full(900), (80, 24))
}

fn composing(session: &mut Session, reference: &str, amount: &str) {
    session.press("/").type_text(reference).press("enter r");
    session.type_text(amount).press("tab").type_text("g");
}

fn shown(session: &Session, what: &str) -> bool {
    session.screen().contains(what)
}

#[test]
fn cancel_is_the_default() {
    for key in ["enter", "esc"] {
        let mut session = session();
        composing(&mut session, "CD-000040", "12.34");
        session.press("ctrl-s").press(key);
        assert_eq!(session.app.context(), Context::Compose);
        assert!(session.desk.asked_to_compose().is_empty());
    }
}

#[test]
fn a_large_total_is_typed_and_a_repeat_is_meant() {
    let mut session = session();
    composing(&mut session, "CD-000080", "300");
    session.press("ctrl-s y");
    assert!(shown(&session, "type 300.00 to go on"));
    assert!(session.desk.asked_to_compose().is_empty());
    session.type_text("300.00").press("y");
    assert_eq!(session.desk.asked_to_compose().len(), 1);

    let mut session = self::session();
    composing(&mut session, "CD-000020", "12.34");
    session.press("ctrl-s y").type_text("again").press("y");
    assert!(session.desk.asked_to_compose()[0].again);
}

#[test]
fn a_dialog_that_cannot_be_read_in_full_is_not_answered() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.tell(Msg::Resized(50, 12));
    session.press("ctrl-s y");
    assert!(session.desk.asked_to_compose().is_empty());
    session.tell(Msg::Resized(80, 24));
    session.press("y");
    assert_eq!(session.desk.asked_to_compose().len(), 1);
}

#[test]
fn offline_a_refund_is_held_and_said_to_be() {
    let desk = FakeDesk::full(900);
    desk.world.lock().unwrap().offline = true;
    let mut session = Session::new(desk, (80, 24));
    composing(&mut session, "CD-000040", "12.34");
    assert!(shown(&session, "it will be held, not sent"));
    session.press("ctrl-s y");
    assert!(
        shown(&session, "held, not sent: the desk is offline"),
        "{}",
        session.screen()
    );
    assert!(shown(&session, "let go with R"));
}

#[test]
fn a_refund_is_withdrawn_after_a_confirm() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s y u y");
    assert_eq!(
        session
            .desk
            .world
            .lock()
            .unwrap()
            .refunds
            .last()
            .unwrap()
            .state,
        State::Canceled
    );
    assert!(shown(&session, "withdrawn: it was never sent"));
}

#[test]
fn what_may_be_on_its_way_cannot_be_withdrawn() {
    let mut session = session();
    session.press("2 u");
    assert_eq!(session.app.context(), Context::Refunds);
    assert!(shown(&session, "only what was not sent can be withdrawn"));
}

#[test]
fn a_refusal_keeps_the_form() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s");
    session.desk.world.lock().unwrap().unreachable = true;
    session.press("y");
    assert_eq!(session.app.context(), Context::Compose);
    assert!(shown(&session, "disk I/O error"));
    session.press("ctrl-s");
    assert_eq!(
        session.app.context(),
        Context::Compose,
        "nothing is known: nothing to confirm"
    );
}

#[test]
fn the_window_follows_the_cursor_through_a_long_list() {
    let mut session = session();
    for _ in 0..60 {
        session.press("pgdn");
        assert!(session.app.payments.rows.len() <= 700);
        assert!(session.app.payments.cursor().is_some());
    }
    assert!(shown(&session, "900 of 900"));
    let last = session.app.payments.selected;
    session.press("g g");
    assert!(shown(&session, " 1 of 900"));
    session.press("G");
    assert_eq!(session.app.payments.selected, last);
    assert!(shown(&session, "900 of 900"));
    for _ in 0..60 {
        session.press("pgup");
    }
    assert!(shown(&session, " 1 of 900"), "{}", session.screen());
}

#[test]
fn stepping_through_the_list_misses_no_row() {
    let mut session = session();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..900 {
        seen.insert(session.app.payments.selected.unwrap());
        session.press("j");
    }
    assert_eq!(seen.len(), 900);
}

#[test]
fn a_filter_that_cannot_be_read_keeps_the_last_good_one() {
    let mut session = session();
    session.press("/").type_text("refundable to:");
    assert!(session.app.payments.error.is_some());
    assert!(session.app.payments.filter.refundable);
    session.press("enter");
    assert_eq!(session.app.context(), Context::Filter);
    session.press("esc");
    assert!(session.app.payments.filter.is_empty());
    session.press("esc");
    assert_eq!(session.app.context(), Context::Payments);
}

#[test]
fn late_answers_are_dropped() {
    let mut session = session();
    let old = session.app.slots.next(Slot::Totals);
    session.app.slots.next(Slot::Totals);
    let totals = session.app.payments.totals.clone();
    let reply = Box::new(Ok(Reply::Totals(crate::domain::listing::Totals::default())));
    session.tell(Msg::Answer {
        slot: Slot::Totals,
        seq: old,
        reply,
    });
    assert_eq!(session.app.payments.totals, totals);
    assert_eq!(session.app.busy(), 1);
}

#[test]
fn lists_stay_live() {
    let mut session = session();
    session.press("2 j j");
    let selected = session.app.refunds.selected;
    session.desk.change(State::Unknown, None);
    session.tell(Msg::Woke);
    let row = session
        .app
        .refunds
        .rows
        .iter()
        .find(|row| row.refund.state == State::Unknown);
    assert!(row.is_some());
    assert_eq!(session.app.refunds.selected, selected);
    assert!(shown(&session, "2 UNKNOWN"));
}

#[test]
fn a_refund_that_ends_stays_in_view_until_the_tab_is_opened_again() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s y");
    session.desk.change(State::Succeeded, None);
    session.tell(Msg::Woke);
    assert!(shown(&session, "confirmed"));
    session.press("tab [");
    assert!(!shown(&session, "confirmed"));
}

#[test]
fn a_change_under_an_open_dialog_closes_it() {
    let mut session = session();
    composing(&mut session, "CD-000022", "1");
    session.press("ctrl-s");
    assert_eq!(session.app.context(), Context::Confirm);
    let id = session.app.compose().unwrap().payment.id;
    session
        .desk
        .world
        .lock()
        .unwrap()
        .refunds
        .last_mut()
        .unwrap()
        .content
        .payment = id;
    session.desk.change(State::Pending, None);
    session.tell(Msg::Woke);
    assert_eq!(session.app.context(), Context::Compose);
}

#[test]
fn copying_is_honest() {
    let mut session = session();
    session.press("j y");
    assert_eq!(session.copied, ["CD-000001"]);
    assert!(shown(&session, "must support OSC 52"));
    session.press("2 y");
    assert_eq!(session.copied.len(), 2);
}

#[test]
fn the_palette_runs_what_it_finds() {
    let mut session = session();
    session.press(":").type_text("refunds").press("enter");
    assert_eq!(session.app.screen, Screen::Refunds);
    assert!(session.app.layers.is_empty());
}

#[test]
fn what_is_pasted_is_one_reference_or_one_line() {
    let mut session = session();
    for pasted in ["CD-0000\t40", " CD-0000\nCD-0001\n", "CD-0000\r\n40"] {
        session.tell(Msg::Pasted(pasted.into()));
        let said = "go to payment or refund CD-0000 ";
        assert!(shown(&session, said), "{}", session.screen());
        session.press("esc");
    }
    session.press("/");
    session.tell(Msg::Pasted("INV-12\n3".into()));
    assert_eq!(session.app.payments.typed.text(), "INV-12 3");
}

#[test]
fn pasted_text_is_never_keys() {
    let mut session = session();
    session.tell(Msg::Pasted("q1r".into()));
    assert!(!session.app.quit);
    assert_eq!(session.app.context(), Context::Palette);
    session.press("esc /");
    session.tell(Msg::Pasted("CD-000002\n".into()));
    assert_eq!(session.app.payments.typed.text(), "CD-000002");
}

#[test]
fn back_leads_out_one_step_at_a_time() {
    let mut session = session();
    session
        .press("/")
        .type_text("CD-000002")
        .press("enter enter e ?");
    let depth = |session: &Session| session.app.layers.len();
    for left in [2, 1, 0] {
        session.press("esc");
        assert_eq!(depth(&session), left);
    }
    assert!(!session.app.payments.filter.is_empty());
    session.press("esc");
    assert!(session.app.payments.filter.is_empty());
    session.press("esc");
    assert!(!session.app.quit, "esc never leaves the desk");
}

#[test]
fn nothing_wakes_an_idle_desk_but_a_countdown() {
    let mut session = session();
    assert_eq!(session.app.next_wake(), None);
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s y");
    session.app.toasts.clear();
    assert_eq!(
        session.app.next_wake(),
        Some(std::time::Duration::from_secs(1))
    );
    session.app.now += chrono::TimeDelta::milliseconds(300);
    assert_eq!(
        session.app.next_wake(),
        Some(std::time::Duration::from_millis(700))
    );
    session.app.now += chrono::TimeDelta::seconds(10);
    assert_eq!(session.app.next_wake(), None);
}

/// Wherever it is told that a refund goes out in so many seconds, they are counted.
#[test]
fn a_countdown_counts_on_every_page_that_tells_of_it() {
    let second = std::time::Duration::from_secs(1);
    for keys in ["1", "1 enter", "1 e", "1 p", "2", "2 enter", "1 enter O"] {
        let mut session = Session::new(FakeDesk::full(900), (200, 60));
        composing(&mut session, "CD-000040", "12.34");
        session.press("ctrl-s y");
        session.press(keys);
        session.app.toasts.clear();
        assert!(
            shown(&session, "goes out in"),
            "{keys}\n{}",
            session.screen()
        );
        let wait = session.app.next_wake();
        assert!(wait.is_some_and(|it| it <= second), "{keys}: {wait:?}");
        session.app.now += chrono::TimeDelta::seconds(1);
        session.tell(Msg::Woke);
        assert!(shown(&session, "goes out in 9 s"), "{keys}");
    }
}

/// What is said to be possible until an hour is not said any longer when that is over.
#[test]
fn the_hour_from_which_nothing_can_be_stopped_wakes_the_desk() {
    let mut session = session();
    {
        let mut world = session.desk.world.lock().unwrap();
        world.closes = chrono::NaiveTime::from_hms_opt(21, 0, 0);
        let payment = world.payments[40].clone();
        let number = 60;
        let mut made = crate::tui::fixture::refund(number, &payment, 1234, State::Pending);
        made.created_at = session.app.now;
        world.refunds.push(made);
    }
    session.tell(Msg::Opened);
    session.press("2");
    assert!(shown(&session, "can still be stopped until 21:00"));
    let wait = session.app.next_wake().unwrap();
    session.app.now += chrono::TimeDelta::from_std(wait).unwrap();
    session.tell(Msg::Woke);
    assert!(!shown(&session, "can still be stopped"));
    assert_eq!(session.app.next_wake(), None);
}

#[test]
fn an_empty_desk_takes_every_key() {
    let mut session = Session::new(FakeDesk::new(World::default()), (80, 24));
    for spec in ACTIONS {
        for key in session.app.keymap.keys_of(spec.action, Context::Payments) {
            session.press(&key);
            session.press("esc esc");
        }
    }
    assert!(
        session
            .app
            .layers
            .iter()
            .all(|layer| !matches!(layer, Layer::Compose(_)))
    );
}

/// Ben at a desk where a refund of ann's and an outcome she stated wait for a second person.
fn checking() -> Session {
    let desk = FakeDesk::full(30);
    decisions::waiting(&desk, "ben");
    let mut session = Session::new(desk, (80, 24));
    session.app.actor = "ben".into();
    session.press("3");
    session
}

fn asked(session: &Session, what: impl Fn(&Request) -> bool) -> usize {
    let world = session.desk.world.lock().unwrap();
    world.asked.iter().filter(|request| what(request)).count()
}

#[test]
fn a_checker_signs_what_was_shown() {
    let mut session = checking();
    let row = session.app.focus_refund().unwrap().refund.clone();
    session.press("a");
    assert!(shown(&session, "made by") && shown(&session, "above 250.00"));
    session.press("y");
    let signed = |request: &Request| matches!(request, Request::Approve { refund, seen } if *refund == row.id.to_string() && *seen == row.approval_hash);
    assert_eq!(asked(&session, signed), 1);
    assert!(shown(&session, "approved"), "{}", session.screen());
}

#[test]
fn what_changed_under_the_dialog_is_refused() {
    let mut session = checking();
    session.press("a");
    decisions::change_basis(&session.desk);
    session.press("y");
    assert_eq!(session.app.context(), Context::ToDo);
    assert!(
        shown(&session, "changed since it was shown"),
        "{}",
        session.screen()
    );
}

#[test]
fn nobody_approves_their_own() {
    let mut session = session();
    decisions::waiting(&session.desk, "ann");
    session.press("3 a");
    assert_eq!(session.app.context(), Context::ToDo);
    assert!(
        shown(&session, "another person must approve it"),
        "{}",
        session.screen()
    );
    session.press("d");
    assert_eq!(session.app.context(), Context::ToDo);
    session.press("u");
    assert_eq!(session.app.context(), Context::Confirm);
}

#[test]
fn a_dialog_asked_for_does_not_come_under_other_keys() {
    let mut session = checking();
    session.app.todo.reviewing = None;
    let row = session.app.focus_refund().unwrap().refund.id;
    let reply = decisions::review(&session.desk.world.lock().unwrap(), &row.to_string());
    let seq = session.app.slots.next(Slot::Review);
    session.tell(Msg::Answer {
        slot: Slot::Review,
        seq,
        reply: Box::new(reply),
    });
    assert_eq!(session.app.context(), Context::ToDo);
}

#[test]
fn a_decline_says_why() {
    let mut session = checking();
    session.press("d ctrl-s");
    assert!(shown(&session, "say why in the note first"));
    session.type_text("no: yes and y").press("enter y");
    let declined = |request: &Request| matches!(request, Request::Decline { note, .. } if note == "no: yes and y");
    assert_eq!(asked(&session, declined), 1);
    assert_eq!(session.app.context(), Context::ToDo);
}

#[test]
fn an_outcome_is_stated_with_evidence_and_a_second_person_agrees() {
    let mut session = checking();
    session.press("3 tab");
    assert!(shown(
        &session,
        "UNKNOWN: may have been paid, do not refund again"
    ));
    session.press("o ctrl-s");
    assert!(shown(&session, "choose what became of it first"));
    session.press("s tab").type_text("12.30").press("tab enter");
    assert!(shown(&session, "say first what the evidence is"));
    session
        .press("up")
        .type_text("statement")
        .press("enter")
        .type_text("line 7");
    session.press("enter");
    assert!(
        shown(&session, "another person must agree"),
        "{}",
        session.screen()
    );
    session.press("y");
    let stated = |request: &Request| matches!(request, Request::Resolve(resolve) if resolve.paid.as_deref() == Some("12.30") && resolve.proof.reference == "line 7" && resolve.proof.kind == "statement");
    assert_eq!(asked(&session, stated), 1);
    assert!(
        shown(&session, "stated; another person must agree"),
        "{}",
        session.screen()
    );
}

#[test]
fn a_discrepancy_is_closed_with_a_note() {
    let mut session = checking();
    session
        .press("tab G o")
        .type_text("asked them")
        .press("ctrl-s y");
    assert!(session.desk.world.lock().unwrap().discrepancies.is_empty());
    assert!(shown(&session, "closed:"), "{}", session.screen());
}

#[test]
fn what_was_typed_is_dropped_only_on_purpose() {
    let mut session = checking();
    session
        .press("tab G o")
        .type_text("asked them")
        .press("esc");
    assert_eq!(session.app.context(), Context::Confirm);
    session.press("enter");
    assert_eq!(session.app.decision().unwrap().note.text(), "asked them");
    session.press("esc y");
    assert_eq!(session.app.context(), Context::ToDo);
}

#[test]
fn the_queue_counts_down_once_a_second_and_asks_when_time_is_up() {
    let mut session = checking();
    session.press("3 tab");
    let second = std::time::Duration::from_secs(1);
    session.app.toasts.clear();
    assert_eq!(
        session.app.next_wake(),
        Some(second),
        "{}",
        session.screen()
    );
    assert!(shown(&session, "again in 45 s"), "{}", session.screen());
    let to_do = |request: &Request| *request == Request::ToDo;
    let before = asked(&session, to_do);
    session.app.now += chrono::TimeDelta::milliseconds(44_400);
    session.tell(Msg::Woke);
    assert!(shown(&session, "again in 1 s"));
    assert_eq!(session.app.next_wake(), Some(second * 6 / 10));
    assert_eq!(asked(&session, to_do), before);
    session.app.now += chrono::TimeDelta::seconds(1);
    session.tell(Msg::Woke);
    assert_eq!(asked(&session, to_do), before + 1);
    session.tell(Msg::Woke);
    assert_eq!(asked(&session, to_do), before + 1);
    session.press("1");
    assert_eq!(
        session.app.next_wake(),
        None,
        "not looked at: nothing is drawn"
    );
    // A day that is far off is a date, not a countdown.
    session.press("3 [");
    let next = session.app.next_wake();
    assert!(next.is_some_and(|next| next > second * 3600), "{next:?}");
}

#[test]
fn the_cursor_holds_on_to_what_it_is_on() {
    let mut session = checking();
    session.press("3 j");
    let selected = session.app.todo.selected;
    assert!(selected.is_some());
    decisions::drop_first_approval(&session.desk);
    session.tell(Msg::Lagged);
    assert_eq!(session.app.todo.selected, selected);
    assert_eq!(session.app.todo.cursor(), Some(0));
}
