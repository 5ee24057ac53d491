//! The check of the whole ledger finds what is wrong, and nothing else.

use rstest::rstest;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::*;
use crate::domain::finding::{Finding, Flaw};

/// A ledger with a refund that was paid, one in SUBMITTING, and one payment left alone.
async fn populated() -> (TempDir, Ledger) {
    let (folder, ledger) = open();
    let rows = vec![row("a", 10_000), row("b", 5_000), row("c", 2_000)];
    import(&ledger, rows).await;
    let paid = reserve(&ledger, "a", 4_000).await;
    claim_and_begin(&ledger, paid, attempt(paid, 1))
        .await
        .unwrap();
    ledger
        .record(record(paid, report(Reported::Succeeded, None)))
        .await
        .unwrap();
    let sent = reserve(&ledger, "b", 1_000).await;
    claim_and_begin(&ledger, sent, attempt(sent, 1))
        .await
        .unwrap();
    (folder, ledger)
}

/// Changes rows the way a disk would: past every trigger.
fn tamper(folder: &TempDir, sql: &str) {
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn findings(ledger: &Ledger) -> Vec<Finding> {
    ledger.verify().await.unwrap().findings
}

#[tokio::test]
async fn a_sound_ledger_has_no_findings() {
    let (_folder, ledger) = populated().await;
    let verdict = ledger.verify().await.unwrap();
    assert_eq!(verdict.findings, []);
    let seen = (verdict.payments, verdict.refunds, verdict.entries);
    assert_eq!(seen, (3, 2, 7));
}

const OF_A: &str = "payment_id = (SELECT id FROM payments WHERE provider_payment_id = 'a')";

#[rstest]
#[case::amount(
    "UPDATE captures SET captured_minor = captured_minor + 256 WHERE {a}; UPDATE payments SET captured_minor = captured_minor + 256 WHERE provider_payment_id = 'a'",
    Flaw::Seal
)]
#[case::capture_date(
    "UPDATE captures SET captured_at = captured_at + 1 WHERE {a}",
    Flaw::Seal
)]
#[case::settled("UPDATE captures SET settled_at = NULL WHERE {a}", Flaw::Seal)]
#[case::paid_back_elsewhere(
    "UPDATE captures SET external_minor = 1, executed_minor = executed_minor + 1 WHERE {a}",
    Flaw::Seal
)]
#[case::disputed("UPDATE captures SET disputed_minor = 1 WHERE {a}", Flaw::Balance)]
#[case::currency(
    "UPDATE payments SET currency = 'EUR' WHERE provider_payment_id = 'a'",
    Flaw::Seal
)]
#[case::provider_id(
    "UPDATE payments SET provider_payment_id = 'x' WHERE provider_payment_id = 'a'",
    Flaw::Seal
)]
#[case::no_seal("UPDATE captures SET seal = NULL WHERE {a}", Flaw::Seal)]
#[case::held("UPDATE captures SET held_minor = 1 WHERE {a}", Flaw::Balance)]
#[case::executed("UPDATE captures SET executed_minor = 3999 WHERE {a}", Flaw::Balance)]
#[case::sum_of_payment(
    "UPDATE payments SET executed_minor = 0 WHERE provider_payment_id = 'a'",
    Flaw::Balance
)]
#[case::date_of_payment(
    "UPDATE payments SET captured_at = 0 WHERE provider_payment_id = 'a'",
    Flaw::Balance
)]
#[case::count_of_account("UPDATE accounts SET payments = 2", Flaw::Balance)]
#[case::refund_amount("UPDATE refunds SET amount_minor = 4001 WHERE {a}", Flaw::Content)]
#[case::refund_reason("UPDATE refunds SET reason = 'fraud' WHERE {a}", Flaw::Content)]
#[case::refund_state("UPDATE refunds SET state = 'settled' WHERE {a}", Flaw::State)]
#[case::refund_proven("UPDATE refunds SET proven_minor = 3000 WHERE {a}", Flaw::State)]
#[case::refund_reported("UPDATE refunds SET reported_minor = 9000 WHERE {a}", Flaw::Seal)]
#[case::refund_release("UPDATE refunds SET needs_release = 1 WHERE {a}", Flaw::Seal)]
#[case::refund_gone("DELETE FROM refunds WHERE {a}", Flaw::Lost)]
#[case::capture_gone("DELETE FROM captures WHERE {a}", Flaw::Missing)]
#[case::send_forgiven("UPDATE sends SET not_executed = 1", Flaw::Seal)]
#[case::send_gone("DELETE FROM sends", Flaw::Attempt)]
#[case::attempt_body("UPDATE attempts SET body = x'7b207d'", Flaw::Attempt)]
#[case::attempt_key("UPDATE attempts SET idempotency_key = refund_id", Flaw::Attempt)]
#[case::observation("UPDATE observations SET meaning = 'failed'", Flaw::Seal)]
#[case::audit_detail("UPDATE audit SET detail = 'nothing' WHERE seq = 2", Flaw::Audit)]
#[case::audit_cut("DELETE FROM audit WHERE seq > 5", Flaw::Lost)]
#[case::audit_hole("DELETE FROM audit WHERE seq = 2", Flaw::Audit)]
#[case::legal_moves("INSERT INTO legal_moves VALUES ('settled', 'approved')", Flaw::Rules)]
#[case::trigger("DROP TRIGGER refunds_hold", Flaw::Rules)]
#[tokio::test]
async fn found(#[case] sql: &str, #[case] flaw: Flaw) {
    let (folder, ledger) = populated().await;
    tamper(&folder, &sql.replace("{a}", OF_A));
    let findings = findings(&ledger).await;
    assert!(
        findings.iter().any(|finding| finding.flaw == flaw),
        "{findings:?}"
    );
}

#[tokio::test]
async fn no_money_moves_on_a_payment_whose_rows_are_damaged() {
    let (folder, ledger) = populated().await;
    let waiting = reserve(&ledger, "a", 100).await;
    tamper(
        &folder,
        &format!("UPDATE captures SET captured_minor = captured_minor + 4096 WHERE {OF_A};
                  UPDATE payments SET captured_minor = captured_minor + 4096 WHERE provider_payment_id = 'a'"),
    );
    let untrusted = |error: &LedgerError| match error {
        LedgerError::Untrusted(finding) => finding.payment == Some(payment_id("a")),
        _ => false,
    };
    let composed = ledger.reserve(reservation("a", 100)).await.unwrap_err();
    assert!(untrusted(&composed), "{composed}");
    let sent = ledger.claim(waiting, holder(), now()).await.unwrap_err();
    assert!(untrusted(&sent), "{sent}");
    assert!(ledger.trust(payment_id("a")).await.is_err());
    ledger.trust(payment_id("c")).await.unwrap();
    reserve(&ledger, "c", 100).await;
}

/// Between the claim and the write-ahead the disk may fail too.
#[tokio::test]
async fn nothing_is_put_on_the_wire_when_the_rows_fail_after_the_claim() {
    let (folder, ledger) = populated().await;
    let id = reserve(&ledger, "a", 100).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    tamper(
        &folder,
        &format!("UPDATE refunds SET needs_release = 1 WHERE id = '{id}'"),
    );
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    let refused = ledger.begin_send(new).await;
    assert!(
        matches!(refused, Err(LedgerError::Untrusted(_))),
        "{refused:?}"
    );
    assert_eq!(ledger.evidence(id).await.unwrap().attempts, []);
}

/// Evidence is always stored, but writing does not make a damaged row trustworthy.
#[tokio::test]
async fn writing_over_a_broken_seal_does_not_mend_it() {
    let (folder, ledger) = populated().await;
    let filter = crate::domain::listing::RefundFilter {
        states: vec![State::Submitting],
        payment: None,
    };
    let sent = ledger.refunds(filter).await.unwrap()[0].refund.id;
    tamper(
        &folder,
        &format!(
            "UPDATE refunds SET expires_at = 0 WHERE id = '{sent}'; UPDATE captures SET captured_at = captured_at + 1 WHERE {OF_A}"
        ),
    );
    ledger
        .record(record(sent, Event::Evidence(Evidence::Refused)))
        .await
        .unwrap();
    let news = ImportRow {
        refunded: Some(usd(300)),
        ..row("a", 10_000)
    };
    import(&ledger, vec![news]).await;
    let seals: Vec<Finding> = findings(&ledger).await;
    let broken = |payment: &str| {
        let of = |finding: &&Finding| {
            finding.flaw == Flaw::Seal && finding.payment == Some(payment_id(payment))
        };
        seals.iter().filter(of).count()
    };
    assert_eq!((broken("a"), broken("b")), (1, 1), "{seals:?}");
}

#[tokio::test]
async fn a_database_that_lost_its_end_says_so_and_keeps_saying_so() {
    let (folder, ledger) = populated().await;
    drop(ledger);
    let cut = "DELETE FROM refunds WHERE state = 'submitting'; DELETE FROM attempts WHERE refund_id NOT IN (SELECT id FROM refunds);
               DELETE FROM sends WHERE refund_id NOT IN (SELECT id FROM refunds); DELETE FROM audit WHERE seq > 4;
               UPDATE captures SET held_minor = 0; UPDATE payments SET held_minor = 0";
    tamper(&folder, cut);
    for _ in 0..2 {
        let ledger = Ledger::open(&options(&folder)).unwrap();
        assert_eq!(ledger.lost().unwrap().flaw, Flaw::Lost);
        assert_eq!(findings(&ledger).await[0].flaw, Flaw::Lost);
        let refused = ledger.reserve(reservation("c", 100)).await;
        assert!(
            matches!(refused, Err(LedgerError::Untrusted(_))),
            "{refused:?}"
        );
        // What does not move money goes on, and does not cover the trace.
        let nothing = ImportBatch {
            source: source(),
            rows: Vec::new(),
            dry_run: false,
            audit: ImportAudit {
                begins: true,
                ends: None,
            },
        };
        ledger.import(nothing).await.unwrap();
    }
}

/// Rows from before there were seals get theirs when the database is upgraded.
#[tokio::test]
async fn old_rows_are_sealed_by_the_upgrade() {
    let (folder, ledger) = populated().await;
    drop(ledger);
    let path = folder.path().join("desk.db");
    let old = Connection::open(&path).unwrap();
    old.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .unwrap();
    for table in [
        "captures",
        "refunds",
        "sends",
        "observations",
        "discrepancies",
    ] {
        old.execute_batch(&format!("ALTER TABLE {table} DROP COLUMN seal"))
            .unwrap();
    }
    crate::ledger::seal::register(&old).unwrap();
    old.execute_batch(include_str!("../../../migrations/V003__seals.sql"))
        .unwrap();
    drop(old);
    let ledger = Ledger::open(&options(&folder)).unwrap();
    // A column dropped and added again stands elsewhere in the schema's text.
    let findings = findings(&ledger).await;
    assert!(
        findings.iter().all(|finding| finding.flaw == Flaw::Rules),
        "{findings:?}"
    );
}

/// The check takes its time; what is written meanwhile is neither seen nor missed.
#[tokio::test]
async fn what_is_written_during_the_check_is_no_damage() {
    let (_folder, ledger) = populated().await;
    let checks = async {
        for _ in 0..20 {
            sound(&ledger).await;
        }
    };
    let writes = async {
        for _ in 0..100 {
            reserve(&ledger, "c", 10).await;
        }
    };
    tokio::join!(checks, writes);
}
