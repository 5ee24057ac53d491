//! The top line: what it says, and what gives way.

use super::*;
use crate::domain::state::State;

/// All that the line can say beside how the desk stands.
const ALARMS: u32 = 9;

/// So much is wrong: a bit for each.
fn wrong(session: &mut Session, bits: u32) {
    let has = |at: u32| bits & (1 << at) != 0;
    let count = |at: u32, count: u64| if has(at) { count } else { 0 };
    let stop = Stop {
        account: Some("hub-us".into()),
        by: "ann".into(),
        at: now(),
        note: None,
        proposed: None,
    };
    session.app.service_away = has(8);
    let overview = session.app.overview.as_mut().unwrap();
    overview.counts.0 = [
        (State::Unknown, count(0, 12)),
        (State::Reserved, count(1, 1)),
        (State::Approved, count(1, 2)),
    ]
    .into();
    overview.offline = has(2);
    overview.read_only = has(3);
    overview.shared = !has(4);
    overview.stops = if has(5) { vec![stop] } else { Vec::new() };
    overview.accounts[0].not_answering = has(6);
    overview.damaged = count(7, 1);
}

fn line(session: &mut Session, bits: u32) -> String {
    wrong(session, bits);
    session.screen().lines().next().unwrap().to_owned()
}

#[test]
fn what_must_be_seen_is_there_whatever_else_is_wrong() {
    let mut session = Session::new(full(), (80, 10));
    for bits in 0..1 << ALARMS {
        let line = line(&mut session, bits);
        for (at, word) in [
            (0, "12 UNKNOWN"),
            (2, "OFFLINE"),
            (3, "READ-ONLY"),
            (5, "STOPPED"),
            (7, "DAMAGED"),
            (8, "AWAY"),
        ] {
            let wanted = bits & (1 << at) != 0;
            assert_eq!(line.contains(word), wanted, "{word} of {bits:b}: {line}");
        }
        assert!(line.contains("1 Payments"), "{bits:b}: {line}");
    }
}

#[test]
fn what_matters_least_gives_way_first() {
    let said = |bits, width, words: &[&str]| {
        let line = line(&mut Session::new(FakeDesk::full(30), (width, 10)), bits);
        for word in words {
            assert!(line.contains(word), "{word}: {line}");
        }
    };
    let calm = ["2 Refunds", "3 To do", "online", "ann", "Europe/Berlin"];
    said(0, 80, &calm);
    said(1 << 1, 80, &["online", "3 to send", "ann"]);
    said(1 << 6, 80, &["2 Refunds", "hub-us NOT ANSWERING", "online"]);
    said(
        0b100_0010,
        80,
        &["hub-us NOT ANSWERING", "online", "3 to send"],
    );
    said(1 << 5, 120, &["SENDING STOPPED by ann on hub-us", "online"]);
    said(1 << 5, 80, &["2 Refunds", "STOPPED hub-us", "online"]);
    said(
        0b110_0001,
        80,
        &["12 UNKNOWN", "STOPPED", "NOT ANSWERING", "online"],
    );
    let all = [
        "12 UNKNOWN",
        "SENDING STOPPED by ann on hub-us",
        "OFFLINE",
        "3 to send",
    ];
    said(0b10_0111, 200, &all);
    // As narrow as a desk may be.
    said(0b10_1101, 40, &["12 UNKNOWN", "STOPPED", "READ-ONLY"]);
}

#[test]
fn all_that_is_wrong() {
    snap("top_all", full, |session| wrong(session, 0b1111_1111));
    let gone = || {
        let desk = full();
        desk.world.lock().unwrap().gone = vec!["hub-us".into()];
        desk
    };
    snap("top_not_answering", gone, |_| {});
}
