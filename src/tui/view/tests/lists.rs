//! What lists say about time: what is late on its rail, and how old the data is.

use chrono::TimeDelta;

use super::*;
use crate::domain::state::State;
use crate::tui::update::Msg;

/// One refund on its way that is slow for its rail, and one that is late.
fn slow() -> Arc<FakeDesk> {
    let desk = full();
    let mut world = desk.world.lock().unwrap();
    for refund in &mut world.refunds {
        let days = match refund.state {
            State::Pending => 5,
            State::Submitting => 30,
            // What was not sent is not late on its rail.
            State::Approved => 6,
            _ => continue,
        };
        refund.created_at = now() - TimeDelta::days(days);
    }
    drop(world);
    desk
}

#[test]
fn a_refund_that_is_late_on_its_rail_says_so() {
    snap("refunds_late", slow, |session| {
        session.press("2 j j j");
    });
    let mut session = Session::new(slow(), (80, 24));
    session.press("2");
    let screen = session.screen();
    let said = |what: &str| screen.lines().find(|line| line.contains(what)).unwrap();
    assert!(said("sending").contains("30 d LATE"), "{screen}");
    assert!(said("on its way").contains("5 d slow"), "{screen}");
    assert_eq!(screen.matches("slow").count(), 1, "{screen}");
}

/// The last line but one of a desk with many accounts, one of them never read.
fn ages(width: u16, work: bool) -> String {
    let mut session = Session::new(full(), (width, 24));
    let accounts = &mut session.app.overview.as_mut().unwrap().accounts;
    let one = accounts[0].clone();
    accounts.clear();
    for (at, name) in ["nuapay-uk", "nuapay-eu", "a2a-uk", "a2a-bank", "hub-us"]
        .into_iter()
        .enumerate()
    {
        let mut account = one.clone();
        account.freshness.account = name.into();
        let hours = i64::try_from(at).unwrap() + 1;
        account.freshness.imported_at = Some(now() - TimeDelta::hours(hours));
        accounts.push(account);
    }
    accounts[2].freshness.imported_at = None;
    if work {
        session.tell(Msg::Notice(crate::desk::face::Notice::Importing {
            done: 1_000,
            total: 2_000,
        }));
    }
    let screen = session.screen();
    screen.lines().rev().nth(1).unwrap().to_owned()
}

#[test]
fn the_stalest_account_stands_first_and_what_has_no_room_is_counted() {
    let all = "data  a2a-uk never  hub-us 5 h ago  a2a-bank 4 h ago  nuapay-eu 2 h ago  nuapay-uk 1 h ago";
    assert_eq!(ages(120, false), all);
    let some = "data  a2a-uk never  hub-us 5 h ago  a2a-bank 4 h ago  nuapay-eu 2 h ago  +1";
    assert_eq!(ages(80, false), some);
    let working = ages(80, true);
    assert!(
        working.starts_with("data  a2a-uk never  hub-us 5 h ago  +3  "),
        "{working}"
    );
    assert!(
        working.ends_with("importing: 1000 of 2000 rows"),
        "{working}"
    );
}

/// An empty desk says what comes first, on every list, in the keys that are mapped.
#[test]
fn an_empty_desk_says_the_next_step() {
    snap("todo_empty_desk", empty, |session| {
        session.press("3");
    });
    let mut session = Session::new(empty(), (80, 24));
    for keys in ["2", "tab", "3", "tab"] {
        let screen = session.press(keys).screen();
        assert!(
            screen.contains("1 shows the payments; r composes a refund"),
            "{screen}"
        );
    }
    let mut session = Session::new(full(), (80, 24));
    session.desk.world.lock().unwrap().refunds.clear();
    session.press("3 tab tab tab");
    assert!(session.screen().contains("tab shows the others"));
}
