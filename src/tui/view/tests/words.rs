//! The words of `design/domain.md`: how a refund stands, and which words operators never meet.

use super::*;
use crate::domain::delegation::MayApprove;
use crate::domain::refund::{Kind, Refund};
use crate::domain::state::State;
use crate::tui::fixture::refund;
use crate::tui::widget::words::standing;

#[test]
fn no_screen_speaks_like_an_engineer() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|it| it != "snap") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        let mut words = text.split(|letter: char| !letter.is_alphabetic());
        let word = words.find(|word| ["epoch", "lease", "breaker", "hash"].contains(word));
        assert_eq!(word, None, "{}", path.display());
    }
    assert!(seen > 100, "{seen} snapshots");
}

/// How a refund of ann's stands on cy's desk.
fn told(change: impl Fn(&mut Refund)) -> String {
    let desk = FakeDesk::full(30);
    let mut session = Session::new(Arc::clone(&desk), (80, 24));
    session.app.actor = "cy".into();
    let payment = desk.world.lock().unwrap().payments[0].clone();
    let mut refund = refund(1, &payment, 1234, State::Canceled);
    refund.provider_refund_id = None;
    refund.said = None;
    change(&mut refund);
    standing(&session.app, &refund).long
}

#[test]
fn who_ended_it_is_named() {
    let said = |state, said: Option<&str>, by: Option<&str>| {
        told(|refund| {
            refund.state = state;
            refund.said = said.map(Into::into);
            refund.declined_by = by.map(Into::into);
        })
    };
    let declined = said(State::Canceled, Some("declined by ben: twice"), Some("ben"));
    assert_eq!(declined, "declined by ben: twice");
    let declined = said(State::Canceled, Some("twice"), Some("ben"));
    assert_eq!(declined, "declined by ben: twice");
    let withdrawn = said(State::Canceled, Some("withdrawn by ann"), None);
    assert_eq!(withdrawn, "withdrawn by ann");
    assert_eq!(said(State::Canceled, Some("typo"), None), "withdrawn: typo");
    let stopped = told(|refund| refund.provider_refund_id = Some("r-1".into()));
    assert_eq!(stopped, "stopped by the provider");
    let expired = said(State::Expired, Some("a checker must approve: so"), None);
    assert!(
        expired.starts_with("expired: it had not gone out by 20"),
        "{expired}"
    );
}

#[test]
fn a_success_says_in_whose_sense() {
    let kind = |kind| {
        told(|refund| {
            refund.state = State::Succeeded;
            refund.content.kind = kind;
        })
    };
    assert_eq!(kind(Kind::Refund), "confirmed (submitted for settlement)");
    assert_eq!(kind(Kind::Void), "confirmed (canceled before settlement)");
    let settled = told(|refund| {
        refund.state = State::Settled;
        refund.updated_at = "2026-11-20T23:30:00Z".parse().unwrap();
    });
    assert_eq!(settled, "on statement, 2026-11-21");
}

#[test]
fn what_waits_for_a_checker_says_for_whom() {
    let desk = FakeDesk::full(30);
    decisions::waiting(&desk, "ann");
    let mut session = Session::new(desk, (80, 24));
    let waits = |app: &crate::tui::state::App| {
        let items = app.todo.items.iter().filter_map(|it| it.refund.as_ref());
        let mut refunds = items.map(|row| &row.refund);
        let found = refunds.find(|it| it.state == State::AwaitingApproval);
        standing(app, found.unwrap()).long
    };
    assert!(waits(&session.app).starts_with("to approve: waits for anyone but ann"));
    let mut name = |people: &[&str], away: &[&str]| {
        for item in &mut session.app.todo.items {
            item.may_approve = Some(MayApprove {
                people: people.iter().map(|it| (*it).to_owned()).collect(),
                away: away.iter().map(|it| (*it).to_owned()).collect(),
            });
        }
        waits(&session.app)
    };
    assert!(name(&["ben", "cy"], &[]).starts_with("to approve: waits for ben, cy"));
    let back = name(&[], &["ben until 2026-11-25"]);
    assert!(back.starts_with("to approve: waits for whoever is back first: ben until"));
}
