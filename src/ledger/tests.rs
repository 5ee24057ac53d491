//! Tests of the ledger against real SQLite.

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::*;
use crate::domain::allowance::Terms as Allowed;
use crate::domain::budget::Budget;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::limits::Limits;
use crate::domain::money::{Currency, Money};
use crate::domain::policy::Policy;
use crate::domain::refund::{Attempt, Content, Kind, Observation, ObservationSource};
use crate::domain::schedule::Pace;
use crate::domain::state::{Event, SendGuard, State};

mod backups;
mod bitrot;
mod chain;
mod complete;
mod constraints;
mod elsewhere;
mod erasing;
mod finding;
mod importing;
mod later;
mod listing;
mod lives;
mod network;
mod notes;
mod orders;
mod overdraft;
mod people;
mod phone;
mod plans;
mod power;
mod radar;
mod restoring;
mod roles;
mod rules;
mod stops;
mod transfers;
mod twins;
mod verify;

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("USD").unwrap())
}

/// How SQLite answers a statement, a line a step.
pub(super) fn plan(
    connection: &Connection,
    sql: &str,
    values: impl IntoIterator<Item = rusqlite::types::Value>,
) -> String {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    // What a parameter holds does not matter here.
    let nulls = std::iter::repeat(rusqlite::types::Value::Null);
    let count = statement.parameter_count();
    let values = values.into_iter().chain(nulls).take(count);
    statement
        .query_map(rusqlite::params_from_iter(values), |row| {
            row.get::<_, String>(3)
        })
        .unwrap()
        .map(Result::unwrap)
        .collect::<Vec<_>>()
        .join("\n")
}

fn options(folder: &TempDir) -> OpenOptions {
    OpenOptions {
        path: folder.path().join("desk.db"),
        environment: "sandbox".into(),
        read_only: false,
        now: now(),
    }
}

fn open() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    blank::put(&options(&folder).path);
    let ledger = Ledger::open(&options(&folder)).unwrap();
    (folder, ledger)
}

fn source() -> ImportSource {
    ImportSource {
        name: "test.csv".into(),
        sha256: "0".repeat(64),
        importer: "ina".into(),
        at: now(),
        is_list: false,
    }
}

fn row(payment_id: &str, minor: i64) -> ImportRow {
    ImportRow {
        line: 2,
        account: "hub-us".into(),
        payment_id: payment_id.into(),
        capture_id: None,
        amount: usd(minor),
        captured_at: now() - TimeDelta::days(10),
        settled_at: Some(now() - TimeDelta::days(8)),
        reference: Some(format!("INV-{payment_id}")),
        payer: Some("Jane Doe".into()),
        method: None,
        description: None,
        order: None,
        last4: Some("4242".into()),
        scheme: None,
        details: Vec::new(),
        refunded: None,
    }
}

async fn import(ledger: &Ledger, rows: Vec<ImportRow>) -> ImportCounts {
    import_at(ledger, rows, now()).await
}

async fn import_at(ledger: &Ledger, rows: Vec<ImportRow>, at: DateTime<Utc>) -> ImportCounts {
    let batch = ImportBatch {
        source: ImportSource { at, ..source() },
        rows,
        dry_run: false,
        audit: ImportAudit::default(),
    };
    ledger.import(batch).await.unwrap()
}

fn terms() -> Terms {
    Terms {
        can_send: true,
        window: Some(Window::Months(12)),
        needs_settlement: true,
        currencies: vec![usd(0).currency],
        compensation: false,
        limits: Limits::default(),
        lists: false,
    }
}

fn judgement() -> Judgement {
    Judgement {
        accounts: vec![("hub-us".into(), terms())],
        now: now(),
    }
}

fn payment_id(provider_payment_id: &str) -> PaymentId {
    PaymentId::derive("hub-us", provider_payment_id)
}

fn reservation(payment: &str, minor: i64) -> Reservation {
    Reservation {
        id: RefundId::new(now()),
        content: Content {
            payment: payment_id(payment),
            capture_id: None,
            kind: Kind::Refund,
            amount: usd(minor),
            compensation: usd(0),
            reason: "other".into(),
            note: Some("why".into()),
            case_ref: None,
            maker: "max".into(),
        },
        caller_key: None,
        supersedes: None,
        expected_available: None,
        terms: terms(),
        policy: Policy::default(),
        allowed: Allowed::unlimited(now().date_naive()),
        approval_since: now() - TimeDelta::days(7),
        duplicates_since: None,
        send_after: now(),
        expires_at: now() + TimeDelta::days(7),
        settlement_told: false,
        dispute: None,
        needs_release: false,
        now: now(),
    }
}

async fn reserve(ledger: &Ledger, payment: &str, minor: i64) -> RefundId {
    match ledger.reserve(reservation(payment, minor)).await.unwrap() {
        Reserved::New(summary) | Reserved::Existing(summary) => summary.refund.id,
    }
}

fn attempt(id: RefundId, number: u32) -> Attempt {
    let mut attempt = Attempt {
        step: "refund".into(),
        number,
        idempotency_key: id.idempotency_key("refund", number),
        correlation: id.correlation("refund", number),
        method: "POST".into(),
        url: "http://127.0.0.1/refunds".into(),
        body: b"{}".to_vec(),
        sha256: String::new(),
        created_at: now(),
        sends: Vec::new(),
    };
    attempt.sha256 = attempt.fingerprint();
    attempt
}

async fn claim_and_begin(
    ledger: &Ledger,
    id: RefundId,
    attempt: Attempt,
) -> Result<i64, LedgerError> {
    let claim = ledger.claim(id, holder(), now()).await?;
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt,
        guard: SendGuard::HOLDS,
        now: now(),
    };
    match ledger.begin_send(new).await? {
        Begun::Written => Ok(claim.fence),
        Begun::Blocked(block) => panic!("blocked: {block:?}"),
    }
}

/// A look that the account's budget leaves room for.
fn look(id: RefundId, now: DateTime<Utc>) -> NewLook {
    NewLook {
        id,
        account: "hub-us".into(),
        holder: holder(),
        budget: Budget::new(60),
        is_probe: false,
        spread: 0,
        now,
    }
}

fn record(id: RefundId, event: Event) -> Record {
    Record {
        id,
        event,
        actor: "desk".into(),
        note: None,
        observation: Some(Observation {
            at: now(),
            source: ObservationSource::Reply,
            attempt: Some(1),
            meaning: "test".into(),
            http_status: Some(201),
            said: "said".into(),
            support_id: None,
            raw: None,
        }),
        provider_refund_id: None,
        trace: None,
        unpaid: None,
        fence: None,
        exchange: None,
        cadence: Cadence {
            pace: Pace::REAL,
            spread: 500,
            watch: std::time::Duration::from_hours(960),
            retry_after: None,
        },
        now: now(),
    }
}

/// The provider's refusal, told by whoever made the first send.
fn refusal(id: RefundId) -> Record {
    Record {
        fence: Some(1),
        ..record(id, Event::Evidence(Evidence::Refused))
    }
}

fn report(status: Reported, amount: Option<Money>) -> Event {
    Event::Evidence(Evidence::Report { status, amount })
}

/// Invariant 2 and all the rest: nothing is wrong with the ledger as it is now.
async fn sound(ledger: &Ledger) {
    assert_eq!(ledger.verify().await.unwrap().findings, []);
}

async fn state(ledger: &Ledger, id: RefundId) -> State {
    sound(ledger).await;
    ledger.refund(id).await.unwrap().unwrap().refund.state
}

async fn available(ledger: &Ledger, payment: &str) -> i64 {
    sound(ledger).await;
    let payment = ledger.payment(payment_id(payment)).await.unwrap().unwrap();
    payment.figures().available().minor
}
