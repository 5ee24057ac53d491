//! The audit is complete: whatever is written by whatever way leaves an entry with who and when;
//! what only moves a lease or a time does not.

use super::elsewhere::{closing, linking, news, open_discrepancies, sighting};
use super::*;
use crate::domain::audit::AuditEntry;
use crate::domain::dispute::Stage;
use crate::domain::external::ExternalState;

/// A ledger and how much of its audit was read.
struct Read {
    ledger: Ledger,
    seq: i64,
}

impl Read {
    /// The entries since the last look; each says who and when.
    async fn news(&mut self) -> Vec<AuditEntry> {
        let all = self.ledger.audit(None, 1_000).await.unwrap();
        let new: Vec<AuditEntry> = all.into_iter().filter(|it| it.seq > self.seq).collect();
        self.seq += i64::try_from(new.len()).unwrap();
        for entry in &new {
            assert!(!entry.actor.is_empty() && entry.at == now(), "{entry:?}");
        }
        new
    }

    /// The newest entries are these, by this person or the desk.
    async fn tells(&mut self, actor: &str, actions: &[&str]) {
        let news = self.news().await;
        let told: Vec<&str> = news.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(told, actions);
        if let Some(first) = news.first() {
            assert_eq!(first.actor, actor);
        }
        sound(&self.ledger).await;
    }
}

async fn file(ledger: &Ledger, row: ImportRow) {
    let batch = ImportBatch {
        source: source(),
        rows: vec![row],
        dry_run: false,
        audit: ImportAudit {
            begins: true,
            ends: Some(ImportTally::default()),
        },
    };
    ledger.import(batch).await.unwrap();
}

#[tokio::test]
async fn every_import_is_told_and_what_it_changes_of_known_money() {
    let (_folder, ledger) = open();
    let mut read = Read {
        ledger: ledger.clone(),
        seq: 0,
    };
    let (started, done) = ("payments.import_started", "payments.imported");
    let capture = |id: &str, refunded| ImportRow {
        capture_id: Some(id.into()),
        refunded,
        ..row("a", 1000)
    };
    file(&ledger, capture("c1", Some(usd(100)))).await;
    read.tells("ina", &[started, done]).await;
    file(&ledger, capture("c1", Some(usd(100)))).await;
    read.tells("ina", &[started, done]).await;
    file(&ledger, capture("c1", Some(usd(300)))).await;
    read.tells("ina", &[started, "external.found", done]).await;
    file(&ledger, capture("c2", Some(usd(5)))).await;
    let both = [started, "payment.captured", "external.found", done];
    read.tells("ina", &both).await;
    let payer = ImportRow {
        payer: Some("John Roe".into()),
        ..capture("c1", None)
    };
    file(&ledger, payer).await;
    read.tells("ina", &[started, "discrepancy.opened", done])
        .await;
    let all = ledger.audit(None, 100).await.unwrap();
    assert!(all.iter().all(|it| !it.detail.contains("Roe")), "{all:?}");
}

#[tokio::test]
async fn every_step_of_a_refund_is_told() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let mut read = Read {
        ledger: ledger.clone(),
        seq: 0,
    };
    let offline = Reservation {
        needs_release: true,
        ..reservation("a", 100)
    };
    let id = offline.id;
    ledger.reserve(offline).await.unwrap();
    read.tells("max", &["refund.reserved", "refund.approved"])
        .await;
    ledger.release(id, "rita".into(), now()).await.unwrap();
    read.tells("rita", &["refund.released"]).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    ledger
        .give_back(id, claim.fence, "later".into(), now())
        .await
        .unwrap();
    ledger.put_off(vec![(id, now())]).await.unwrap();
    let heard = Heard {
        account: "hub-us".into(),
        names: vec!["message 1".into()],
        provider_refund_id: "r-1".into(),
        provider_payment_id: Some("a".into()),
        at: now(),
    };
    assert!(ledger.hear(heard.clone()).await.unwrap());
    assert!(!ledger.hear(heard).await.unwrap());
    read.tells("", &[]).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    read.tells("desk", &["refund.submitting"]).await;
    for (reported, actions) in [
        (500, &["refund.action_required", "discrepancy.opened"][..]),
        // The same word again, now while it waits for a person; and again: nothing is new.
        (500, &["discrepancy.opened"]),
        (500, &[]),
        // The same state, and more is held.
        (700, &["refund.action_required"]),
    ] {
        let event = report(Reported::Pending, Some(usd(reported)));
        ledger.record(record(id, event)).await.unwrap();
        let told: Vec<String> = read.news().await.into_iter().map(|it| it.action).collect();
        for action in actions {
            assert!(told.iter().any(|it| it == action), "{told:?}");
        }
        assert_eq!(told.is_empty(), actions.is_empty(), "{told:?}");
    }
    ledger.take_look(look(id, now())).await.unwrap();
    read.tells("", &[]).await;
    let kept = reserve(&ledger, "a", 10).await;
    read.news().await;
    let withdrawn = Record {
        actor: "rita".into(),
        note: Some("not this one".into()),
        observation: None,
        ..record(kept, Event::Withdraw)
    };
    ledger.record(withdrawn).await.unwrap();
    let told = read.news().await.pop().unwrap();
    assert_eq!(
        (told.actor.as_str(), told.action.as_str()),
        ("rita", "refund.canceled")
    );
    assert!(told.detail.ends_with("note=not this one"), "{told:?}");
}

#[tokio::test]
async fn what_happened_elsewhere_is_told() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 100).await;
    let mut read = Read {
        ledger: ledger.clone(),
        seq: 0,
    };
    read.news().await;
    let pending = sighting("x", 100, ExternalState::Pending);
    let found = ledger.record_external(pending.clone()).await.unwrap();
    read.tells("desk", &["external.found"]).await;
    ledger.record_external(pending).await.unwrap();
    read.tells("", &[]).await;
    let done = sighting("x", 100, ExternalState::Done);
    ledger.record_external(done).await.unwrap();
    read.tells("desk", &["external.changed"]).await;
    for (refund, action) in [(Some(id), "external.linked"), (None, "external.unlinked")] {
        ledger
            .link_external(linking(found.id, refund))
            .await
            .unwrap();
        read.tells("cora", &[action]).await;
    }
    let dispute = news("cb-1", usd(950), Stage::Open);
    ledger.record_dispute(dispute).await.unwrap();
    let told = read.news().await;
    assert!(told.iter().any(|it| it.action == "dispute.recorded"));
    assert!(told.iter().any(|it| it.action == "discrepancy.opened"));
    let open = open_discrepancies(&ledger).await[0].id;
    let owner = ledger.assign_discrepancy(open, "cora".into(), "max".into(), now());
    owner.await.unwrap();
    read.tells("max", &["discrepancy.assigned"]).await;
    ledger
        .close_discrepancy(closing(open, "cora", false))
        .await
        .unwrap();
    read.tells("cora", &["discrepancy.resolved"]).await;
}
