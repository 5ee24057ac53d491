//! Discrepancies come to an end.

use super::*;

/// "A file never changes … the payer … of a known payment: that is a Discrepancy, and the old value
/// stays until a checker accepts."
#[tokio::test]
async fn a_files_payer_waits_for_a_checker() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let other = ImportRow {
        payer: Some("John Roe".into()),
        ..row("a", 1000)
    };
    import(&ledger, vec![other]).await;
    let payer = async || {
        ledger
            .payment(payment_id("a"))
            .await
            .unwrap()
            .unwrap()
            .payer
    };
    assert_eq!(payer().await.as_deref(), Some("Jane Doe"));
    let open = open_discrepancies(&ledger).await;
    assert_eq!(open[0].proposed.as_deref(), Some("John Roe"));
    assert!(!open[0].blocks_now());
    let assigned = ledger
        .assign_discrepancy(open[0].id, "cora".into(), "max".into(), now())
        .await
        .unwrap();
    assert_eq!(assigned.owner.as_deref(), Some("cora"));
    let closed = ledger
        .close_discrepancy(closing(open[0].id, "cora", true))
        .await
        .unwrap();
    assert_eq!(closed.resolution.unwrap().by, "cora");
    assert_eq!(payer().await.as_deref(), Some("John Roe"));
    let again = ledger
        .close_discrepancy(closing(open[0].id, "cora", true))
        .await;
    assert!(
        matches!(again, Err(LedgerError::NotAllowed(_))),
        "{again:?}"
    );
}

#[tokio::test]
async fn what_was_captured_is_never_accepted_away() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    import(&ledger, vec![row("a", 2000)]).await;
    let id = open_discrepancies(&ledger).await[0].id;
    let refused = ledger.close_discrepancy(closing(id, "cora", true)).await;
    assert!(
        matches!(refused, Err(LedgerError::NotAllowed(_))),
        "{refused:?}"
    );
    assert_eq!(available(&ledger, "a").await, 1000);
    ledger
        .close_discrepancy(closing(id, "cora", false))
        .await
        .unwrap();
    assert!(open_discrepancies(&ledger).await.is_empty());
}
