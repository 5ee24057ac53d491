//! What people at the desk say and keep beside the money: at the desk itself and over a socket.

use super::*;
use crate::desk::face::{
    NoteOrder, PaymentCard, RefundCard, SendingOrder, TendOrder, Tended, ToDoItem, ViewsAsk,
};
use crate::domain::care::About;
use crate::domain::handover::{Handover, Kind};
use crate::domain::note::Note;
use crate::domain::order::Order;
use crate::domain::timeline;
use crate::domain::view::{Column, View, Views};
use crate::domain::zone::Zone;

async fn payment(stage: &Stage, handle: &str) -> PaymentCard {
    match stage.ask(Request::Payment(handle.to_owned())).await {
        Reply::Payment(card) => *card,
        other => panic!("{other:?}"),
    }
}

async fn card(stage: &Stage, id: RefundId) -> RefundCard {
    match stage.ask(Request::Refund(id.to_string())).await {
        Reply::Refund(card) => *card,
        other => panic!("{other:?}"),
    }
}

async fn note(stage: &Stage, subject: &str, text: &str) -> Note {
    let order = NoteOrder {
        subject: subject.to_owned(),
        text: text.to_owned(),
    };
    match stage.ask(Request::Note(order)).await {
        Reply::Noted(note) => *note,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_note_stands_on_the_card_and_on_the_timeline_without_card_numbers() {
    let stage = Stage::open(2).await;
    let id = stage.compose("P0").await;
    let on_it = note(&stage, &id.to_string(), "paid with 4242 4242 4242 4242").await;
    assert_eq!((on_it.refund, on_it.author.as_str()), (Some(id), "mia"));
    assert!(!on_it.said().contains("4242 4242 4242"), "{on_it:?}");
    let on_payment = note(&stage, "P0", "called from Spain").await;
    assert_eq!(on_payment.refund, None);
    let both = [on_it.clone(), on_payment.clone()];
    assert_eq!(payment(&stage, "P0").await.notes, both);
    assert_eq!(payment(&stage, "P1").await.notes, []);
    let card = card(&stage, id).await;
    assert_eq!(card.notes, both);
    let kept = timeline::Kept {
        refund: &card.row.refund,
        attempts: &[],
        observations: &[],
        approvals: &[],
        decline: None,
        proposals: &[],
        discrepancies: &[],
        deeds: &[],
        notes: &card.notes,
    };
    let told: Vec<String> = timeline::of(&kept).into_iter().map(|it| it.said).collect();
    assert!(
        told.contains(&format!("note by mia: {}", on_it.said())),
        "{told:?}"
    );
    let on_payment = "note by mia on the payment: called from Spain".to_owned();
    assert!(told.contains(&on_payment), "{told:?}");
    let empty = NoteOrder {
        subject: id.to_string(),
        text: " ".to_owned(),
    };
    let refused = stage.desk.ask(&actor(), Request::Note(empty)).await;
    assert_eq!(refused.unwrap_err().code, "empty");
}

async fn waiting(stage: &Stage, name: &str) -> Vec<ToDoItem> {
    match stage.desk.ask(&Actor::named(name), Request::ToDo).await {
        Ok(Reply::ToDo(items)) => items,
        other => panic!("{other:?}"),
    }
}

async fn tend(stage: &Stage, name: &str, order: TendOrder) -> Result<Tended, String> {
    let actor = Actor::named(name);
    match stage.desk.ask(&actor, Request::Tend(order)).await {
        Ok(Reply::Tended(tended)) => Ok(tended),
        Err(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

fn aside(about: impl ToString, until: chrono::DateTime<chrono::Utc>) -> TendOrder {
    TendOrder::PutAside {
        about: about.to_string(),
        until,
        reason: "asked their support".to_owned(),
    }
}

/// A refund whose outcome nobody knows.
async fn unknown(stage: &Stage) -> RefundId {
    let lost = Finding::new(Evidence::Doubt, "no answer");
    stage.provider(&Fake::new(at_once(lost.clone()), at_once(lost)));
    let id = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    id
}

#[tokio::test]
async fn what_is_snoozed_leaves_one_list_and_comes_back_when_it_changes() {
    let stage = Stage::open_at(1, Clock::manual("2026-11-21T10:00:00Z".parse().unwrap())).await;
    // Out of the window in which the desk asks again by itself.
    let id = unknown(&stage).await;
    stage.clock.advance(Duration::from_hours(1));
    let now = stage.clock.now();
    let hours = |count| now + chrono::TimeDelta::hours(count);
    for (order, code) in [
        (aside(id, now), "not_ahead"),
        (aside(id, hours(25)), "too_long"),
        (aside("discrepancy 9", hours(1)), "waits_for_nobody"),
        (
            TendOrder::TakeBack {
                about: id.to_string(),
            },
            "not_aside",
        ),
    ] {
        assert_eq!(tend(&stage, "mia", order).await, Err(code.to_owned()));
    }
    let done = tend(&stage, "mia", aside(id, hours(2))).await.unwrap();
    assert_eq!(
        (done.about, done.until),
        (About::Refund(id), Some(hours(2)))
    );
    for name in ["mia", "ben"] {
        let items = waiting(&stage, name).await;
        let who: Vec<&str> = items[0].aside.iter().map(|it| it.who.as_str()).collect();
        assert_eq!(who, ["mia"], "everybody knows whose list it is out of");
    }
    // By time.
    stage.clock.advance(Duration::from_hours(2));
    assert_eq!(waiting(&stage, "mia").await[0].aside, []);
    // By hand.
    tend(&stage, "mia", aside(id, hours(4))).await.unwrap();
    let back = TendOrder::TakeBack {
        about: id.to_string(),
    };
    tend(&stage, "mia", back).await.unwrap();
    assert_eq!(waiting(&stage, "mia").await[0].aside, []);
    // By a change: somebody says what became of it.
    tend(&stage, "mia", aside(id, hours(4))).await.unwrap();
    let paid = crate::domain::resolution::Proof {
        kind: "portal".to_owned(),
        reference: "line 3".to_owned(),
        dated: None,
        file_sha256: None,
    };
    let resolve = crate::desk::face::Resolve {
        refund: id.to_string(),
        stated: crate::desk::face::Stated::Succeeded,
        paid: None,
        proof: paid,
    };
    let ben = Actor::named("ben");
    stage
        .desk
        .ask(&ben, Request::Resolve(resolve))
        .await
        .unwrap();
    assert_eq!(waiting(&stage, "mia").await[0].aside, []);
}

#[tokio::test]
async fn whoever_is_named_looks_after_it_and_the_audit_says_who_said_so() {
    let stage = Stage::open(1).await;
    let id = unknown(&stage).await;
    assert_eq!(
        waiting(&stage, "ben").await[0].looked_after_by(),
        Some("mia")
    );
    let own = |owner: &str| TendOrder::Own {
        about: id.to_string(),
        owner: owner.to_owned(),
    };
    tend(&stage, "mia", own("ben")).await.unwrap();
    assert_eq!(
        waiting(&stage, "mia").await[0].owner.as_deref(),
        Some("ben")
    );
    assert_eq!(tend(&stage, "mia", own(" ")).await, Err("empty".to_owned()));
    let entries = stage
        .desk
        .ledger
        .audit(Some(id.to_string()), 1)
        .await
        .unwrap();
    assert_eq!(
        (entries[0].actor.as_str(), entries[0].action.as_str()),
        ("mia", "todo.assigned")
    );
}

async fn handover(stage: &Stage) -> Handover {
    match stage.ask(Request::Handover { since: None }).await {
        Reply::Handover(told) => *told,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_next_shift_is_told_what_is_unknown_snoozed_and_said() {
    let stage = Stage::open_at(2, Clock::manual("2026-11-21T10:00:00Z".parse().unwrap())).await;
    let id = unknown(&stage).await;
    note(&stage, &id.to_string(), "ask them again at noon").await;
    let order = SendingOrder {
        account: Some("hub".to_owned()),
        note: Some("odd answers".to_owned()),
    };
    stage.ask(Request::StopSending(order)).await;
    stage.compose("P1").await;
    stage.clock.advance(Duration::from_hours(1));
    let until = stage.clock.now() + chrono::TimeDelta::hours(2);
    tend(&stage, "ben", aside(id, until)).await.unwrap();
    let told = handover(&stage).await;
    assert_eq!(
        (told.by.as_str(), told.under_way, told.unsent),
        ("mia", 0, 1)
    );
    assert_eq!(told.stops.len(), 1);
    let [open] = &told.open[..] else {
        panic!("{:?}", told.open);
    };
    assert_eq!((open.kind, open.about), (Kind::Unknown, About::Refund(id)));
    assert_eq!(open.owner.as_deref(), Some("mia"));
    assert_eq!(open.aside[0].who, "ben");
    assert_eq!(told.held(Kind::Unknown)[0].decimal(), "12.34");
    assert_eq!(told.notes[0].said(), "ask them again at noon");
    let page = told.sheet(&Zone::UTC).text();
    for said in [
        "STOPPED on hub by mia",
        "holding 12.34 USD",
        "by ben until 13:00",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    // What was said in an earlier shift is not told again.
    stage.clock.advance(Duration::from_hours(8));
    assert_eq!(handover(&stage).await.notes, []);
}

async fn order(stage: &Stage, handle: &str) -> Result<Order, String> {
    match stage
        .desk
        .ask(&actor(), Request::Order(handle.to_owned()))
        .await
    {
        Ok(Reply::Order(order)) => Ok(*order),
        Err(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_is_shown_whole_with_its_sums_by_any_of_its_names() {
    let stage = Stage::open(3).await;
    stage.sql("UPDATE payments SET order_ref = 'ORD-1' WHERE reference IN ('P0', 'P1')");
    let id = stage.compose("P0").await;
    for handle in ["ORD-1", "ord-1", "P1", &id.to_string()] {
        let order = order(&stage, handle).await.unwrap();
        assert_eq!(order.payments.len(), 2, "{handle}");
        let [sums] = order.sums()[..] else {
            panic!("{order:?}");
        };
        let figures = [sums.paid, sums.refunded, sums.held, sums.can_refund];
        let figures = figures.map(|it| it.decimal());
        assert_eq!(figures, ["180.00", "0.00", "12.34", "167.66"], "{handle}");
        let page = order.sheet(&Zone::UTC, |_| None).text();
        assert!(
            page.contains("12.34 USD") && page.contains("ready to go out"),
            "{page}"
        );
    }
    let alone = order(&stage, "P2").await.unwrap();
    assert_eq!((alone.name.as_deref(), alone.payments.len()), (None, 1));
    assert_eq!(order(&stage, "nothing").await, Err("not_found".to_owned()));
}

async fn views(stage: &Stage, name: &str, ask: ViewsAsk) -> Result<Views, String> {
    let actor = Actor::named(name);
    match stage.desk.ask(&actor, Request::Views(ask)).await {
        Ok(Reply::Views(views)) => Ok(*views),
        Err(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

fn view(name: &str, filter: &str) -> View {
    View {
        name: name.to_owned(),
        filter: filter.to_owned(),
        columns: vec![Column::Paid, Column::Paid, Column::Payer],
        ..View::default()
    }
}

#[tokio::test]
async fn everybody_has_their_own_columns_and_views() {
    let stage = Stage::open(1).await;
    let columns = vec![Column::CanRefund, Column::Reference];
    let kept = views(&stage, "mia", ViewsAsk::Columns(columns.clone())).await;
    assert_eq!(kept.unwrap().columns, columns);
    let saved = ViewsAsk::Save(view(" Big ", "amount:>100"));
    let kept = views(&stage, "mia", saved).await.unwrap();
    let big = kept.named("big").unwrap();
    assert_eq!(
        (big.name.as_str(), big.filter.as_str()),
        ("Big", "amount:>100")
    );
    assert_eq!(big.columns, [Column::Paid, Column::Payer], "each once");
    assert_eq!(
        views(&stage, "ben", ViewsAsk::Show).await,
        Ok(Views::default())
    );
    // The same name again is the same view.
    let again = ViewsAsk::Save(view("BIG", "can:>0"));
    let kept = views(&stage, "mia", again).await.unwrap();
    assert_eq!(
        (kept.views.len(), kept.views[0].filter.as_str()),
        (1, "can:>0")
    );
    let rename = |from: &str, to: &str| ViewsAsk::Rename {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let delete = |name: &str| ViewsAsk::Delete {
        name: name.to_owned(),
    };
    for (ask, code) in [
        (ViewsAsk::Save(view("", "")), "name"),
        (ViewsAsk::Save(view("x", "state:nonsense")), "query"),
        (rename("none", "other"), "not_found"),
        (delete("none"), "not_found"),
    ] {
        assert_eq!(views(&stage, "mia", ask).await, Err(code.to_owned()));
    }
    views(&stage, "mia", ViewsAsk::Save(view("two", "")))
        .await
        .unwrap();
    let taken = views(&stage, "mia", rename("two", "big")).await;
    assert!(taken.is_err(), "{taken:?}");
    let kept = views(&stage, "mia", rename("big", "great")).await.unwrap();
    assert!(kept.named("great").is_some() && kept.named("big").is_none());
    let kept = views(&stage, "mia", delete("GREAT")).await.unwrap();
    assert_eq!((kept.views.len(), kept.columns), (1, columns));
}
