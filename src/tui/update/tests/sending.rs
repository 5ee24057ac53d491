//! The brake: stopping at once, resuming by two.

use super::*;
use crate::desk::face::SendingOrder;
use crate::domain::sending::Stop;
use crate::tui::fixture::now;

fn told(session: &Session) -> Vec<Request> {
    let world = session.desk.world.lock().unwrap();
    let about = |it: &&Request| matches!(it, Request::StopSending(_) | Request::ResumeSending(_));
    world.asked.iter().filter(about).cloned().collect()
}

fn order(account: Option<&str>, note: Option<&str>) -> SendingOrder {
    SendingOrder {
        account: account.map(str::to_owned),
        note: note.map(str::to_owned),
    }
}

#[test]
fn from_any_room_sending_stops_without_a_second_question() {
    for room in ["1", "2", "3", "4", "5", "6", "enter", "H"] {
        let mut session = session();
        session
            .press(room)
            .press("X enter")
            .type_text("wrong file")
            .press("enter");
        let asked = Request::StopSending(order(None, Some("wrong file")));
        assert_eq!(told(&session), [asked], "{room}");
        assert!(session.app.decision().is_none(), "{room}");
        let screen = session.screen();
        assert!(
            screen.contains("STOPPED: sending on every account"),
            "{room}: {screen}"
        );
    }
}

#[test]
fn one_account_alone_can_be_stopped() {
    let mut session = session();
    session.press("X right enter enter");
    assert_eq!(
        told(&session),
        [Request::StopSending(order(Some("hub-us"), None))]
    );
    // Round to the first again, and nothing that cannot send is offered.
    session.press("X");
    let offered = session.app.decision().unwrap().places.clone();
    assert!(
        !offered.contains(&Some("prism-us".to_owned())),
        "{offered:?}"
    );
    session.press(vec!["right"; offered.len()].join(" ").as_str());
    assert_eq!(session.app.decision().unwrap().place(), None);
}

#[test]
fn it_goes_on_when_a_second_person_agrees_and_is_asked_first() {
    let mut session = session();
    session.press("6 R");
    assert!(session.screen().contains("sending is not stopped"));
    let stop = Stop {
        account: Some("hub-us".into()),
        by: "bob".into(),
        at: now(),
        note: None,
        proposed: None,
    };
    session.desk.world.lock().unwrap().stops.push(stop);
    session.tell(Msg::Opened);
    session.press("6 R enter enter");
    assert!(told(&session).is_empty());
    assert!(
        session.screen().contains("until another person says so"),
        "{}",
        session.screen()
    );
    session.press("y");
    assert!(
        session.screen().contains("still stopped"),
        "{}",
        session.screen()
    );
    // The same person a second time does not make two.
    session.press("R enter enter");
    assert!(session.screen().contains("until another person says so"));
    session.press("esc esc");
    let proposed = |by: &str| {
        let mut world = session.desk.world.lock().unwrap();
        world.stops[0].proposed.as_mut().unwrap().by = by.into();
    };
    proposed("cat");
    session.tell(Msg::Opened);
    session.press("6 R enter enter");
    assert!(
        session
            .screen()
            .contains("cat proposed it: what is queued goes out")
    );
    session.press("y");
    assert!(
        session
            .screen()
            .contains("resumed: what is queued goes out")
    );
    assert_eq!(told(&session).len(), 2);
    assert!(session.app.overview.as_ref().unwrap().stops.is_empty());
}

#[test]
fn a_desk_that_only_reads_stops_nothing() {
    let mut session = session();
    session.desk.world.lock().unwrap().read_only = true;
    session.tell(Msg::Opened);
    session.press("X");
    assert!(session.app.decision().is_none());
    assert!(session.screen().contains("read-only"));
}
