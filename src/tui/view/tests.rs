use std::sync::Arc;

use crate::config::Looks;
use crate::domain::finding::{Finding, Flaw};
use crate::domain::sending::Stop;
use crate::tui::caps::Depth;
use crate::tui::fixture::desk::{FakeDesk, World};
use crate::tui::fixture::session::Session;
use crate::tui::fixture::{decisions, requests};
use crate::tui::fixture::{elsewhere, now};
use crate::tui::state::drill::Step;
use crate::tui::theme::Theme;

mod bulk;
mod bytes;
mod calls;
mod drafts;
mod hostile;
mod lists;
mod sheets;
mod shift;
mod sizes;
mod states;
mod top;
mod under_way;
mod words;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Snapshots of one situation at every size, and of how it looks at all of them: one in colours, one
/// without.
fn snap(name: &str, desk: impl Fn() -> Arc<FakeDesk>, act: impl Fn(&mut Session)) {
    let (mut colours, mut without) = (String::new(), String::new());
    for size in SIZES {
        let mut session = Session::new(desk(), size);
        act(&mut session);
        let at = format!("{name}_{}x{}", size.0, size.1);
        let screen = session.screen();
        keep(&at, &screen);
        colours.push_str(&format!("{}x{}\n{}", size.0, size.1, session.colours()));
        // Nothing is told by colour alone.
        session.app.theme = Theme::new(Looks::Auto, Depth::None);
        assert_eq!(session.screen(), screen, "{at} without colour");
        without.push_str(&format!("{}x{}\n{}", size.0, size.1, session.colours()));
    }
    keep(&format!("{name}_colours"), &colours);
    keep(&format!("{name}_no_colour"), &without);
    hostile::holds(name, desk, act);
}

/// The same of a situation that is there for some words: they are on the screen, however wrapped.
fn snap_of(
    words: &[&str],
    name: &str,
    desk: impl Fn() -> Arc<FakeDesk>,
    act: impl Fn(&mut Session),
) {
    for size in SIZES {
        let mut session = Session::new(desk(), size);
        act(&mut session);
        // Without frames and what lies below, lines that belong together follow each other.
        session.app.plain = true;
        let screen = session.screen();
        let said = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in words {
            assert!(said.contains(*part), "{name}: {part}\n{screen}");
        }
    }
    snap(name, desk, act);
}

fn keep(name: &str, shown: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    insta::with_settings!({snapshot_path => path, prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(format!("tui_{name}"), shown);
    });
}

fn full() -> Arc<FakeDesk> {
    FakeDesk::full(900)
}

fn empty() -> Arc<FakeDesk> {
    FakeDesk::new(World::default())
}

#[test]
fn the_drill_of_the_demo() {
    snap("drill", full, |session| {
        session.app.may_drill = true;
        session.press("T");
    });
    for (at, step) in Step::ALL.into_iter().enumerate().skip(1) {
        snap(&format!("drill_{}", at + 1), full, |session| {
            session.app.may_drill = true;
            session.press("T");
            session.app.drill.as_mut().unwrap().step = step;
        });
    }
    // Where there is no room beside the desk, the desk has all of it.
    let mut session = Session::new(full(), (80, 12));
    session.app.may_drill = true;
    session.press("T");
    assert!(!session.screen().contains("Drill 1/7"));
}

#[test]
fn payments() {
    snap("payments", full, |session| {
        session.press("j j j");
    });
    snap("payments_empty", empty, |_| {});
    snap("payments_loading", full, |session| {
        *session = Session::unanswered(full(), session.app.size);
    });
    snap("payments_filter", full, |session| {
        session
            .press("/")
            .type_text("CD-0000 refundable")
            .press("enter");
    });
    snap("payments_filter_error", full, |session| {
        session.press("/").type_text("CD-00 from:soon");
    });
    snap("payments_completing", full, |session| {
        session.press("/").type_text("account:hub-us s");
    });
    snap("payments_no_caller", full, |session| {
        session
            .press("/")
            .type_text("4242 59 14nov~3")
            .press("enter");
    });
    snap("payments_by_payer", full, |session| {
        session.press("s s");
    });
    snap("palette_jump", full, |session| {
        session.press(":").type_text("INV-2026-000123");
    });
    snap("payments_no_match", full, |session| {
        session.press("/").type_text("nobody").press("enter");
    });
    snap("payments_by_amount", full, |session| {
        session.press("s s s s s s");
    });
    snap("payments_by_balance", full, |session| {
        session.press("< < < S");
    });
    snap("payments_by_until", full, |session| {
        session.press("< <");
    });
    snap("payments_offline_read_only", full, |session| {
        {
            let mut world = session.desk.world.lock().unwrap();
            world.offline = true;
            world.read_only = true;
        }
        session.tell(crate::tui::update::Msg::Opened);
        session.press("r");
    });
}

#[test]
fn stopped_sending_stands_on_every_screen() {
    let stopped = || {
        let desk = FakeDesk::full(30);
        desk.world.lock().unwrap().stops = vec![Stop {
            account: Some("hub-us".into()),
            by: "ann".into(),
            at: now(),
            note: None,
            proposed: None,
        }];
        desk
    };
    snap("stopped", stopped, |session| {
        session.press("2");
    });
}

#[test]
fn providers() {
    snap("providers", full, |session| {
        session.press("6");
    });
}

#[test]
fn activity() {
    snap("activity", full, |session| {
        session.press("5");
    });
    snap("activity_filter", full, |session| {
        session.press("5 /").type_text("by:ben");
    });
    snap("activity_filtered", full, |session| {
        session.press("5 /").type_text("by:ben").press("enter");
    });
    snap("activity_empty", full, |session| {
        session.press("5 /").type_text("by:nobody").press("enter");
    });
    snap("activity_error", full, |session| {
        session.press("5 /").type_text("nothing").press("enter");
    });
}

#[test]
fn activity_without_colour_or_frames_says_the_same() {
    let mut session = Session::new(full(), (80, 24));
    session.app.theme = Theme::new(Looks::Auto, Depth::None);
    session.app.plain = true;
    session.press("5");
    let screen = session.screen();
    for part in ["ann", "made a refund, 12.34 USD", "STOPPED sending"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    // A key back, and the list below is there again.
    session.press("esc");
    assert!(session.app.layers.is_empty());
}

#[test]
fn who_paid_is_shown_on_one_card_only() {
    snap("payment_revealed", full, |session| {
        session
            .press("/")
            .type_text("CD-000004")
            .press("enter enter v");
    });
    let mut session = Session::new(full(), (80, 24));
    session.press("2 enter v");
    assert!(session.screen().contains("Anna Ashdown"));
    assert!(!session.screen().contains('\u{1b}'));
    session.press("esc enter");
    assert!(!session.screen().contains("Anna Ashdown"));
    session.desk.world.lock().unwrap().read_only = true;
    session.tell(crate::tui::update::Msg::Opened);
    session.press("v");
    assert!(session.screen().contains("read-only"));
    assert!(!session.screen().contains("Anna Ashdown"));
}

#[test]
fn one_payment() {
    snap("payment", full, |session| {
        session
            .press("/")
            .type_text("CD-000004")
            .press("enter enter");
    });
    snap("explain", full, |session| {
        session.press("/").type_text("CD-000013").press("enter e");
    });
}

fn bank() -> Arc<FakeDesk> {
    let desk = full();
    desk.world.lock().unwrap().bank = true;
    desk
}

/// Balances that were not yet compared with the provider's own list, and compensation.
#[test]
fn at_a_bank() {
    snap("payments_unverified", bank, |session| {
        session.press("j");
    });
    snap("payment_unverified", bank, |session| {
        session
            .press("/")
            .type_text("CD-000004")
            .press("enter enter");
    });
    snap("compose_compensation", bank, |session| {
        session.press("/").type_text("CD-000020").press("enter r");
        session.type_text("all").press("tab").type_text("5");
        session.press("tab").type_text("g");
    });
}

/// A payment with a refund made elsewhere, a chargeback to avoid and less than nothing left.
fn troubled() -> Arc<FakeDesk> {
    let desk = FakeDesk::full(30);
    {
        let mut world = desk.world.lock().unwrap();
        let payment = &mut world.payments[11];
        payment.reference = Some(elsewhere::TROUBLED.into());
        payment.blocked = true;
        let figures = &mut payment.captures[0].figures;
        figures.executed.minor = figures.captured.minor + 500;
        figures.held.minor = 0;
    }
    desk
}

#[test]
fn what_came_from_elsewhere() {
    snap("payment_troubled", troubled, |session| {
        session
            .press("/")
            .type_text("TROUBLED")
            .press("enter enter");
    });
    snap("explain_troubled", troubled, |session| {
        session.press("/").type_text("TROUBLED").press("enter e");
    });
}

fn composing(session: &mut Session, amount: &str) {
    session.press("/").type_text("CD-000020").press("enter r");
    session.type_text(amount).press("tab").type_text("g");
}

#[test]
fn compose() {
    snap("compose_empty", full, |session| {
        session.press("/").type_text("CD-000020").press("enter r");
    });
    snap("compose", full, |session| composing(session, "100-8.30"));
    let came_back = || {
        let desk = full();
        let mut world = desk.world.lock().unwrap();
        world.refunds[2].state = crate::domain::state::State::Reversed;
        drop(world);
        desk
    };
    for (name, keys) in [("compose_again", "r"), ("confirm_in_place", "r ctrl-s")] {
        snap(name, came_back, |session| {
            let id = session.desk.world.lock().unwrap().refunds[2].id.to_string();
            session.press("2 [ /").type_text(&id).press("enter");
            session.press(keys);
        });
    }
    snap("compose_request", full, |session| {
        composing(session, "12.34");
        session.press("ctrl-r");
    });
    snap("compose_problems", full, |session| {
        composing(session, "1,234.5")
    });
    snap("compose_over", full, |session| {
        composing(session, "5000");
    });
    snap("confirm", full, |session| {
        composing(session, "12.35");
        session.press("ctrl-s");
    });
    snap("confirm_again", full, |session| {
        session.press("/").type_text("CD-000020").press("enter r");
        session.type_text("12.34").press("tab").type_text("g");
        session.press("ctrl-s").type_text("aga");
    });
}

#[test]
fn refunds() {
    snap("refunds", full, |session| {
        session.press("2");
    });
    snap("refunds_all", full, |session| {
        session.press("2 [");
    });
    snap("refunds_empty", empty, |session| {
        session.press("2");
    });
    snap("refund", full, |session| {
        session.press("2 tab j enter");
    });
    snap("refund_composed", full, |session| {
        composing(session, "12.35");
        session.press("ctrl-s y");
    });
    snap("withdraw", full, |session| {
        composing(session, "12.35");
        session.press("ctrl-s y u");
    });
}

#[test]
fn help_and_palette() {
    snap("help", full, |session| {
        session.press("/").type_text("CD-000002").press("enter ?");
    });
    snap("palette", full, |session| {
        session.press(":").type_text("re");
    });
    snap("damaged", full, |session| {
        let payment = session.app.payments.rows[2].payment.id;
        session.desk.world.lock().unwrap().findings = vec![
            Finding::of_payment(
                Flaw::Balance,
                payment,
                format!(
                    "payment {payment}: held is written as 12.00 USD, its refunds make it 0.00 USD"
                ),
            ),
            Finding::of_all(
                Flaw::Audit,
                "record 7 of the audit is not as it was written",
            ),
        ];
        session.tell(crate::tui::update::Msg::Opened);
    });
    snap("broken", full, |session| {
        session.desk.world.lock().unwrap().unreachable = true;
        session.press("s");
    });
}

#[test]
fn small_terminals_get_a_plea() {
    let session = Session::new(full(), (20, 5));
    assert_eq!(session.screen().trim(), "enlarge to 40x10");
    insta::with_settings!({snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"), prepend_module_to_snapshot => false, omit_expression => true}, {
        let mut session = Session::new(full(), (40, 10));
        insta::assert_snapshot!("tui_payments_40x10", session.screen());
        composing(&mut session, "12.35");
        session.press("ctrl-s");
        insta::assert_snapshot!("tui_confirm_40x10", session.screen());
    });
}

#[test]
fn ascii_and_no_colour_say_the_same() {
    let mut session = Session::new(full(), (80, 24));
    session.app.caps.unicode = false;
    session.app.theme = Theme::new(Looks::Auto, Depth::None);
    session.press("2 enter");
    assert!(session.screen().is_ascii(), "{}", session.screen());
}

#[test]
fn text_from_outside_is_harmless() {
    let mut session = Session::new(full(), (120, 40));
    session.press("/").type_text("CD-000007").press("enter");
    let screen = session.screen();
    assert!(screen.contains("山田太郎"), "{screen}");
    assert!(
        !screen.contains('\u{202e}') && !screen.contains('\u{1b}'),
        "{screen}"
    );
}

/// Approvals for ben, an outcome that ann stated, and a discrepancy.
fn waiting() -> Arc<FakeDesk> {
    let desk = FakeDesk::full(30);
    decisions::waiting(&desk, "ben");
    desk
}

/// The same, and a refund that came back.
fn came_back() -> Arc<FakeDesk> {
    let desk = waiting();
    decisions::came_back(&desk);
    desk
}

fn as_ben(session: &mut Session) {
    session.app.actor = "ben".into();
}

#[test]
fn to_do() {
    snap("todo_mine", full, |session| {
        session.press("3");
    });
    snap("todo_approvals", waiting, |session| {
        as_ben(session);
        session.press("3");
    });
    snap("todo_problems", waiting, |session| {
        as_ben(session);
        session.press("3 tab");
    });
    snap("todo_empty", empty, |session| {
        session.press("3");
    });
    snap("todo_approve", waiting, |session| {
        as_ben(session);
        session.press("3 a");
    });
    snap("todo_agree", waiting, |session| {
        as_ben(session);
        session.press("3 j a");
    });
    snap("todo_decline", waiting, |session| {
        as_ben(session);
        session.press("3 d").type_text("not this customer");
    });
    snap("todo_outcome", waiting, |session| {
        as_ben(session);
        session.press("3 tab o s tab");
        session
            .type_text("12.30")
            .press("tab")
            .type_text("statement");
        session.press("tab");
    });
    snap("todo_outcome_confirm", waiting, |session| {
        as_ben(session);
        session
            .press("3 tab o a tab")
            .type_text("support")
            .press("tab");
        session.type_text("ticket 77").press("enter");
    });
    snap("todo_close", waiting, |session| {
        as_ben(session);
        session.press("3 tab G o").type_text("the file was wrong");
        session.press("ctrl-s");
    });
    snap("todo_came_back", came_back, |session| {
        as_ben(session);
        session.press("3 tab G");
    });
    snap("todo_acknowledge", came_back, |session| {
        as_ben(session);
        session.press("3 tab G o").press("ctrl-s");
    });
    snap("refund_decided", waiting, |session| {
        as_ben(session);
        session.press("3 j enter");
    });
    snap("discard", waiting, |session| {
        as_ben(session);
        session.press("3 tab G o").type_text("the file");
        session.press("esc");
    });
}

/// A network asks where two refunds are to be paid.
fn asked() -> Arc<FakeDesk> {
    let desk = waiting();
    requests::asked(&desk);
    desk
}

#[test]
fn what_networks_ask() {
    // What has seconds left is what the queue opens on.
    snap("todo_requests", asked, |session| {
        session.press("3");
    });
    snap("todo_answer_on_file", asked, |session| {
        session.press("3 a");
    });
    snap("todo_answer", asked, |session| {
        session
            .press("3 j a")
            .type_text("GB29 NWBK 6016 1331 9268 19");
    });
    snap("todo_answer_confirm", asked, |session| {
        session
            .press("3 j a")
            .type_text("GB29 NWBK 6016 1331 9268 19");
        session.press("enter");
    });
    snap("todo_answered", asked, |session| {
        session.press("3 a y");
    });
    snap("todo_refuse", asked, |session| {
        session.press("3 d").type_text("ACCL-0001").press("tab");
        session.type_text("the account is closed");
    });
    snap("todo_too_late", asked, |session| {
        session.press("3");
        session.app.now += chrono::TimeDelta::seconds(10);
        session.press("a");
    });
}

#[test]
fn the_queue_without_colour_frames_or_letters_says_the_same() {
    let mut session = Session::new(waiting(), (80, 24));
    as_ben(&mut session);
    session.app.theme = Theme::new(Looks::Auto, Depth::None);
    session.app.plain = true;
    session.app.caps.unicode = false;
    session.press("3 tab");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    insta::with_settings!({snapshot_path => path, prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("tui_todo_plain_80x24", session.screen());
        session.press("3 [ a");
        insta::assert_snapshot!("tui_todo_approve_plain_80x24", session.screen());
    });
    assert!(session.screen().is_ascii(), "{}", session.screen());
}
