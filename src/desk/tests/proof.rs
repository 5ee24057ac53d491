//! Who came from where, as whom, is part of the proof.

use super::*;
use crate::desk::face::{Class, EvidenceAsk, Refusal};
use crate::domain::audit::AuditFilter;

fn came(from: &str) -> Actor {
    Actor {
        acts_as: Some("root".into()),
        claimed_origin: Some(from.into()),
        ..actor()
    }
}

async fn composed_by(stage: &Stage, who: &Actor, amount: &str) -> RefundId {
    let draft = Draft {
        payment: "P0".into(),
        amount: amount.into(),
        reason: "customer_request".into(),
        ..Draft::default()
    };
    match stage.desk.ask(who, Request::Compose(draft)).await.unwrap() {
        Reply::Composed(composed) => composed.refund.refund.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn how_a_maker_came_stands_on_the_page_once_and_before_the_deed() {
    let stage = Stage::open(1).await;
    let here = came("203.0.113.7 50000 192.0.2.1 22");
    let first = composed_by(&stage, &here, "1.00").await;
    composed_by(&stage, &here, "2.00").await;
    // Whoever only looks leaves nothing.
    let elsewhere = came("198.51.100.9 1 192.0.2.1 22");
    stage.desk.ask(&elsewhere, Request::ToDo).await.unwrap();
    let filter = AuditFilter {
        action: Some("person.came".into()),
        ..AuditFilter::default()
    };
    let entries = stage.desk.ledger.audit_matching(filter, 9).await.unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        (entries[0].actor.as_str(), entries[0].fact("acts_as")),
        ("mia", Some("root"))
    );
    assert_eq!(
        entries[0].note(),
        Some("claims to come from 203.0.113.7 50000 192.0.2.1 22")
    );
    let ask = EvidenceAsk::Refunds(vec![first.to_string()]);
    let Reply::Evidence(evidence) = stage.ask(Request::Evidence(ask)).await else {
        panic!("no evidence");
    };
    let page = &evidence.pages[0];
    assert_eq!(page.came, entries);
    assert!(page.came[0].seq < page.entries[0].seq);
    assert!(evidence.head.as_ref().unwrap().seq >= page.entries.last().unwrap().seq);
}

fn settings(stage: &Stage, text: &str) -> crate::config::Settings {
    config::parse(&stage.folder.path().join("config.toml"), text).unwrap()
}

/// What is with a provider ends under the configuration it began with; what comes after is judged
/// by the new one.
#[tokio::test]
async fn another_configuration_drops_nothing_that_is_under_way() {
    let stage = Stage::open(2).await;
    let slow = Arc::new(Notify::new());
    let sends = held(&slow, report(Reported::Pending));
    let fake = Fake::new(sends, at_once(report(Reported::Pending)));
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    let working = tokio::spawn(Arc::clone(&stage.desk).keep_working());
    while stage.desk.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    let current = Arc::new(crate::desk::reload::Current::new(Arc::clone(&stage.desk)));
    let strict = format!("{CONFIG}\n[policy]\napproval_above = 1\n");
    let reloaded = current
        .reload(settings(&stage, &strict), "root".into())
        .await;
    assert_eq!(reloaded.unwrap(), Vec::<String>::new());
    assert_eq!(stage.desk.exchanges(), 1, "it is still under way");
    assert!(!Arc::ptr_eq(&current.desk(), &stage.desk));
    let draft = Draft {
        payment: "P1".into(),
        amount: "12.34".into(),
        reason: "customer_request".into(),
        ..Draft::default()
    };
    let made = current
        .ask(&actor(), Request::Compose(draft))
        .await
        .unwrap();
    let Reply::Composed(made) = made else {
        panic!("{made:?}");
    };
    assert_eq!(made.refund.refund.state, State::AwaitingApproval);
    assert_eq!(
        made.refund.refund.policy_version,
        stage.refund(id).await.policy_version + 1
    );
    slow.notify_waiters();
    slow.notify_one();
    // Whoever worked under the old one ends there, its answer written down.
    working.await.unwrap();
    assert_eq!(stage.refund(id).await.state, State::Pending);
    assert_eq!(fake.sends(), 1);
    let changed = AuditFilter {
        action: Some("policy.changed".into()),
        ..AuditFilter::default()
    };
    let changed = stage.desk.ledger.audit_matching(changed, 9).await.unwrap();
    assert_eq!(changed.last().unwrap().actor, "root");
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_as_a_whole() {
    let stage = Stage::open(1).await;
    let current = crate::desk::reload::Current::new(Arc::clone(&stage.desk));
    let refused = |refused: Result<Vec<String>, Refusal>| {
        let refusal = refused.unwrap_err();
        assert_eq!(
            (refusal.class, refusal.code.as_str()),
            (Class::Failed, "not_reloaded")
        );
        refusal.message
    };
    let other = CONFIG
        .replace("\"sandbox\"", "\"test\"")
        .replace("pace = 10", "pace = 1");
    let said = refused(
        current
            .reload(settings(&stage, &other), "root".into())
            .await,
    );
    assert!(said.contains("environment test"), "{said}");
    let unreadable = CONFIG.replace("env:SECRET", "env:GONE");
    let said = refused(
        current
            .reload(settings(&stage, &unreadable), "root".into())
            .await,
    );
    assert!(said.contains("GONE"), "{said}");
    assert!(Arc::ptr_eq(&current.desk(), &stage.desk));
    let listening = format!("{CONFIG}\n[listener]\noperations = \"127.0.0.1:0\"\n");
    let waits = current
        .reload(settings(&stage, &listening), "root".into())
        .await;
    assert_eq!(waits.unwrap().len(), 1);
}
