//! R4: a byte that flips on the disk is harmless or reported, in the database and in its log.
//!
//! `REFUND_DESK_LARGE=1` flips 1,000 bytes in each instead of 50.

use std::fs;
use std::path::Path;

use super::power::disk::Dice;
use super::*;
use crate::domain::balance::{Figures, RefundFigures};
use crate::domain::listing::{
    Direction, From, PaymentFilter, PaymentQuery, PaymentSort, RefundFilter,
};

/// Everything the money depends on, as the ledger tells it.
#[derive(Debug, PartialEq)]
struct Picture {
    payments: Vec<(PaymentId, String, String, Figures, DateTime<Utc>)>,
    refunds: Vec<(RefundId, Content, RefundFigures)>,
    sent: Vec<Vec<Attempt>>,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Harmless,
    Reported,
    Silent,
}

/// Payments, and refunds in several states. The first half of it is in the database, the rest in
/// the log.
async fn populate(folder: &TempDir) -> Ledger {
    let ledger = Ledger::open(&options(folder)).unwrap();
    let rows: Vec<ImportRow> = (0..60)
        .map(|number| row(&format!("pay-{number}"), 1_000 + number))
        .collect();
    import(&ledger, rows).await;
    refund_some(&ledger, 0).await;
    let writer = ledger.writer.as_ref().unwrap();
    let checkpoint = writer.run(|connection| {
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0)
            })?,
        )
    });
    assert_eq!(checkpoint.await.unwrap(), 0);
    let rows: Vec<ImportRow> = (60..80)
        .map(|number| row(&format!("pay-{number}"), 1_000 + number))
        .collect();
    import(&ledger, rows).await;
    let news = ImportRow {
        refunded: Some(usd(100)),
        ..row("pay-20", 1_020)
    };
    import(&ledger, vec![news]).await;
    refund_some(&ledger, 5).await;
    ledger
}

async fn refund_some(ledger: &Ledger, first: u32) {
    let events = [
        report(Reported::Succeeded, None),
        report(Reported::Pending, None),
        report(Reported::Pending, Some(usd(500))),
        Event::Evidence(Evidence::Refused),
        Event::Evidence(Evidence::Doubt),
    ];
    for (number, event) in (first..).zip(events) {
        let id = reserve(ledger, &format!("pay-{number}"), 400).await;
        let fence = claim_and_begin(ledger, id, attempt(id, 1)).await.unwrap();
        let answer = Record {
            fence: Some(fence),
            ..record(id, event)
        };
        ledger.record(answer).await.unwrap();
    }
}

async fn picture(ledger: &Ledger) -> Result<Picture, LedgerError> {
    let query = PaymentQuery {
        filter: PaymentFilter::default(),
        sort: PaymentSort::Amount,
        direction: Direction::Ascending,
        from: From::Start,
        limit: 1_000,
    };
    let mut payments = Vec::new();
    for placed in ledger.payments(query, judgement()).await? {
        let payment = placed.payment;
        let figures = payment.figures();
        let captured_at = payment.captured_at();
        payments.push((
            payment.id,
            payment.account,
            payment.provider_payment_id,
            figures,
            captured_at,
        ));
    }
    let (mut refunds, mut sent) = (Vec::new(), Vec::new());
    for summary in ledger.refunds(RefundFilter::default()).await? {
        let refund = summary.refund;
        sent.push(ledger.evidence(refund.id).await?.attempts);
        let figures = refund.figures();
        refunds.push((refund.id, refund.content, figures));
    }
    Ok(Picture {
        payments,
        refunds,
        sent,
    })
}

/// What the desk makes of the files in a folder.
async fn outcome(folder: &TempDir, expected: &Picture) -> Outcome {
    let Ok(ledger) = Ledger::open(&options(folder)) else {
        return Outcome::Reported;
    };
    match ledger.verify().await {
        Ok(verdict) if verdict.findings.is_empty() => {}
        _ => return Outcome::Reported,
    }
    match picture(&ledger).await {
        Ok(picture) if picture == *expected => Outcome::Harmless,
        Ok(_) => Outcome::Silent,
        Err(_) => Outcome::Reported,
    }
}

fn copy(from: &Path, to: &Path) {
    for name in ["desk.db", "desk.db-wal", "desk.head"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// Flips bytes of a file, one in each copy. How many were reported.
async fn flip(file: &str, seed: u64) -> usize {
    let original = tempfile::tempdir().unwrap();
    let ledger = populate(&original).await;
    let expected = picture(&ledger).await.unwrap();
    let content = fs::read(original.path().join(file)).unwrap();
    let large = std::env::var_os("REFUND_DESK_LARGE").is_some();
    let mut dice = Dice(seed);
    let mut reported = 0;
    for _ in 0..if large { 1_000 } else { 50 } {
        let folder = tempfile::tempdir().unwrap();
        copy(original.path(), folder.path());
        let at = usize::try_from(dice.below(content.len() as u64)).unwrap();
        let mask = u8::try_from(1 + dice.below(255)).unwrap();
        let mut flipped = content.clone();
        flipped[at] ^= mask;
        fs::write(folder.path().join(file), flipped).unwrap();
        match outcome(&folder, &expected).await {
            Outcome::Silent => panic!("byte {at} of {file}, mask {mask:#04x}: a silent change"),
            Outcome::Reported => reported += 1,
            Outcome::Harmless => {}
        }
    }
    reported
}

#[tokio::test]
async fn copies_are_as_they_were() {
    let original = tempfile::tempdir().unwrap();
    let ledger = populate(&original).await;
    let expected = picture(&ledger).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(original.path(), folder.path());
    assert_eq!(outcome(&folder, &expected).await, Outcome::Harmless);
}

#[tokio::test]
async fn a_flipped_byte_of_the_database_is_harmless_or_reported() {
    assert!(flip("desk.db", 1).await > 0);
}

#[tokio::test]
async fn a_flipped_byte_of_the_log_is_harmless_or_reported() {
    assert!(flip("desk.db-wal", 2).await > 5);
}

#[tokio::test]
async fn a_flipped_byte_of_the_noted_head_is_harmless_or_reported() {
    flip("desk.head", 3).await;
}

/// The log cut at each of its pages: SQLite opens what is left without a word, the desk does not.
#[tokio::test]
async fn a_log_that_lost_its_end_is_reported() {
    let original = tempfile::tempdir().unwrap();
    let ledger = populate(&original).await;
    let expected = picture(&ledger).await.unwrap();
    let log = fs::read(original.path().join("desk.db-wal")).unwrap();
    let (header, frame) = (32, 24 + 4096);
    let frames = (log.len() - header) / frame;
    for kept in [0, 1, frames / 2, frames - 1] {
        let folder = tempfile::tempdir().unwrap();
        copy(original.path(), folder.path());
        let cut = &log[..header + kept * frame];
        fs::write(folder.path().join("desk.db-wal"), cut).unwrap();
        assert_eq!(outcome(&folder, &expected).await, Outcome::Reported);
    }
}
