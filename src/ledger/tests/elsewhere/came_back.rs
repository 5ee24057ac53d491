//! T20: "high-severity alert": what came back stands until somebody has seen it.

use super::*;
use crate::domain::audit::AuditFilter;

async fn came_back(ledger: &Ledger) -> RefundId {
    import(ledger, vec![row("a", 1000)]).await;
    let id = submitted(ledger, 300).await;
    let done = Record {
        fence: Some(1),
        ..record(id, report(Reported::Succeeded, None))
    };
    ledger.record(done).await.unwrap();
    assert_eq!(ledger.alerts().await.unwrap(), 0);
    let back = report(Reported::Reversed, None);
    ledger.record(record(id, back)).await.unwrap();
    // Told again, it is the same alert.
    ledger.record(record(id, back)).await.unwrap();
    id
}

async fn acts_of(ledger: &Ledger, prefix: &str) -> Vec<(String, String)> {
    let filter = AuditFilter {
        action: Some(prefix.to_owned()),
        ..AuditFilter::default()
    };
    let entries = ledger.audit_matching(filter, 10).await.unwrap();
    entries
        .into_iter()
        .map(|entry| (entry.actor, entry.detail))
        .collect()
}

#[tokio::test]
async fn it_stands_until_anyone_even_its_maker_acknowledges_it() {
    let (_folder, ledger) = open();
    let id = came_back(&ledger).await;
    assert_eq!(state(&ledger, id).await, State::Reversed);
    let open = open_discrepancies(&ledger).await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(
        (open[0].kind, open[0].refund),
        (DiscrepancyKind::CameBack, Some(id))
    );
    assert!(!open[0].blocks_now());
    assert_eq!(ledger.alerts().await.unwrap(), 1);
    let opened = acts_of(&ledger, "discrepancy.opened").await;
    assert!(opened[0].1.contains("kind=came_back"), "{opened:?}");

    let seen = Closing {
        note: String::new(),
        ..closing(open[0].id, "max", false)
    };
    let closed = ledger.close_discrepancy(seen.clone()).await.unwrap();
    let resolution = closed.resolution.unwrap();
    assert_eq!((resolution.by.as_str(), resolution.at), ("max", now()));
    assert_eq!(ledger.alerts().await.unwrap(), 0);
    let told = acts_of(&ledger, "discrepancy.resolved").await;
    assert_eq!(told[0].0, "max");
    assert!(told[0].1.contains("kind=came_back"), "{told:?}");
    let again = ledger.close_discrepancy(seen).await;
    assert!(
        matches!(again, Err(LedgerError::NotAllowed(_))),
        "{again:?}"
    );
    sound(&ledger).await;
}

#[tokio::test]
async fn it_walls_off_nothing() {
    let (_folder, ledger) = open();
    came_back(&ledger).await;
    assert_eq!(available(&ledger, "a").await, 1000);
    let next = reserve(&ledger, "a", 400).await;
    assert!(goes_out(&ledger, next).await);
}

#[tokio::test]
async fn only_an_alert_is_closed_without_a_word_or_by_its_maker() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 300).await;
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    let larger = report(Reported::Pending, Some(usd(400)));
    ledger.record(record(id, larger)).await.unwrap();
    let doubt = open_discrepancies(&ledger).await[0].id;
    let unsaid = Closing {
        note: " ".into(),
        ..closing(doubt, "cora", false)
    };
    for refused in [unsaid, closing(doubt, "max", false)] {
        let refused = ledger.close_discrepancy(refused).await;
        assert!(
            matches!(refused, Err(LedgerError::NotAllowed(_))),
            "{refused:?}"
        );
    }
    for (by, note) in [("cora", ""), ("max", "found out"), ("", "found out")] {
        let typed = format!(
            "UPDATE discrepancies SET resolved_at = 1, resolved_by = '{by}', note = '{note}' WHERE seq = {doubt}"
        );
        by_hand(&folder).execute(&typed, []).unwrap_err();
    }
}
