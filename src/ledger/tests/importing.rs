//! What files add, count and tell.

use super::*;

fn batch(rows: Vec<ImportRow>, audit: ImportAudit) -> ImportBatch {
    ImportBatch {
        source: source(),
        rows,
        dry_run: false,
        audit,
    }
}

async fn actions(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.audit(None, 100).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}

/// The audit is told in the transaction of the rows: neither is there without the other.
#[tokio::test]
async fn the_audit_knows_a_file_from_its_first_row_to_its_last() {
    let (folder, ledger) = open();
    let begins = ImportAudit {
        begins: true,
        ends: None,
    };
    let counts = ledger
        .import(batch(vec![row("a", 1000)], begins))
        .await
        .unwrap();
    assert_eq!(actions(&ledger).await, ["payments.import_started"]);

    let before = ImportTally {
        read: 4,
        rejected: 1,
        ..ImportTally::default()
    };
    let ends = ImportAudit {
        begins: false,
        ends: Some(before.plus(&counts)),
    };
    let last = batch(vec![row("a", 1000), row("b", 1000)], ends);
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END";
    connection.execute_batch(full).unwrap();
    assert!(ledger.import(last.clone()).await.is_err());
    assert_eq!(ledger.payment(payment_id("b")).await.unwrap(), None);
    connection.execute_batch("DROP TRIGGER full").unwrap();

    ledger.import(last).await.unwrap();
    let entries = ledger.audit(None, 100).await.unwrap();
    assert_eq!(entries[1].action, "payments.imported");
    let tally = "read=4 new=2 updated=0 unchanged=1 rejected=1";
    assert!(entries[1].detail.ends_with(tally), "{}", entries[1].detail);
}

#[tokio::test]
async fn payments_are_counted_once_each() {
    let (_folder, ledger) = open();
    let capture = |id: &str| ImportRow {
        capture_id: Some(id.into()),
        ..row("c", 1000)
    };
    let rows = vec![
        row("a", 1000),
        row("b", 1000),
        capture("one"),
        capture("two"),
    ];
    for _ in 0..2 {
        import(&ledger, rows.clone()).await;
        let freshness = ledger.freshness().await.unwrap();
        assert_eq!(freshness[0].payments, 3);
    }
}

#[tokio::test]
async fn a_later_file_adds_details_and_overwrites_none() {
    let (_folder, ledger) = open();
    let with = |pairs: &[(&str, &str)]| ImportRow {
        details: pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        ..row("a", 1000)
    };
    import(&ledger, vec![with(&[("invoice", "7")])]).await;
    let counts = import(&ledger, vec![with(&[("arn", "74"), ("invoice", "8")])]).await;
    assert_eq!((counts.updated, counts.unchanged), (1, 0));
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(
        payment.details,
        with(&[("invoice", "7"), ("arn", "74")]).details
    );
    let counts = import(&ledger, vec![with(&[("arn", "74")])]).await;
    assert_eq!(counts.unchanged, 1);
}

#[tokio::test]
async fn captures_that_add_up_beyond_the_bound_are_rejected_one_by_one() {
    let (_folder, ledger) = open();
    let capture = |id: &str, minor| ImportRow {
        capture_id: Some(id.into()),
        ..row("a", minor)
    };
    let largest = crate::domain::money::LARGEST_MINOR;
    let rows = vec![capture("one", largest), capture("two", 1), row("b", 1000)];
    let counts = import(&ledger, rows).await;
    assert_eq!((counts.new, counts.rejected.len()), (2, 1));
    assert_eq!(available(&ledger, "a").await, largest);
}

/// Sums over a list do not overflow; what is beyond 64 bits says so.
#[tokio::test]
async fn sums_are_exact_or_say_that_they_cannot_be() {
    let (folder, ledger) = open();
    let largest = crate::domain::money::LARGEST_MINOR;
    import(&ledger, vec![row("a", largest), row("b", largest)]).await;
    let totals = ledger
        .totals(Default::default(), judgement())
        .await
        .unwrap();
    assert_eq!(totals.sums[0].paid, usd(2 * largest));
    assert_eq!(totals.sums[0].can_refund, usd(2 * largest));
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER payments_follow; UPDATE payments SET captured_minor = 9000000000000000000",
        )
        .unwrap();
    let beyond = ledger.totals(Default::default(), judgement()).await;
    assert!(
        matches!(beyond, Err(LedgerError::Uncountable(_))),
        "{beyond:?}"
    );
}
