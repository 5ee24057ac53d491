//! R3: what was acknowledged survives a power cut, and a failing disk leaves no half state.
//!
//! The ledger's own life is lived on a disk that fails at one operation; then the files are opened
//! as they are, and must hold everything that was acknowledged and nothing half done.
//! `REFUND_DESK_LARGE=1` runs 500 cuts and 200 errors.

#![expect(unsafe_code, reason = "a file layer below SQLite is made of pointers")]

use std::fs;
use std::sync::Arc;

use super::*;
use crate::domain::audit::AuditEntry;
use disk::{Dice, Disk, Fault};

pub(super) mod disk;
mod vfs;

/// Pages in the log before they go to the database: few, so that cuts meet checkpoints.
const CHECKPOINT: i64 = 30;

fn large() -> bool {
    std::env::var_os("REFUND_DESK_LARGE").is_some()
}

/// One thing that is done to the ledger, and acknowledged.
#[derive(Clone, Copy, Debug)]
enum Step {
    Import(u32),
    Reserve(u32),
    Claim(u32),
    Begin(u32),
    Answer(u32),
    PaidBack(u32),
}

fn steps() -> Vec<Step> {
    let mut steps = vec![Step::Import(0), Step::Import(1)];
    for number in 0..6 {
        steps.extend([
            Step::Reserve(number),
            Step::Claim(number),
            Step::Begin(number),
            Step::Answer(number),
        ]);
    }
    steps.extend([Step::PaidBack(0), Step::Import(2), Step::PaidBack(1)]);
    steps
}

/// What was acknowledged.
#[derive(Default)]
struct Known {
    payments: Vec<String>,
    newest: Option<(i64, String)>,
    fences: Vec<i64>,
    /// Paid back elsewhere, as a file said.
    paid_back: Vec<u32>,
    /// How many operations on the disk this took.
    operations: u64,
    /// Commits do not wait for the disk.
    careless: bool,
}

fn refund_id(number: u32) -> RefundId {
    format!("0199f0a0-0000-7000-8000-{number:012x}")
        .parse()
        .unwrap()
}

fn name(batch: u32, number: u32) -> String {
    format!("pay-{batch}-{number}")
}

impl Known {
    async fn take(&mut self, ledger: &Ledger, step: Step) -> Result<(), LedgerError> {
        match step {
            Step::Import(batch) => {
                let names: Vec<String> = (0..30).map(|number| name(batch, number)).collect();
                let rows = names.iter().map(|name| row(name, 1_000)).collect();
                try_import(ledger, rows).await?;
                self.payments.extend(names);
            }
            Step::PaidBack(number) => {
                let news = ImportRow {
                    refunded: Some(usd(100)),
                    ..row(&name(0, 10 + number), 1_000)
                };
                try_import(ledger, vec![news]).await?;
                self.paid_back.push(number);
            }
            Step::Reserve(number) => {
                let reservation = Reservation {
                    id: refund_id(number),
                    ..reservation(&name(number % 2, number), 400)
                };
                ledger.reserve(reservation).await?;
            }
            Step::Claim(number) => {
                let claim = ledger.claim(refund_id(number), holder(), now()).await?;
                self.fences.push(claim.fence);
            }
            Step::Begin(number) => {
                let id = refund_id(number);
                let new = NewAttempt {
                    id,
                    fence: *self.fences.last().unwrap(),
                    holder: holder(),
                    attempt: attempt(id, 1),
                    guard: SendGuard::HOLDS,
                    now: now(),
                };
                assert_eq!(ledger.begin_send(new).await?, Begun::Written);
            }
            Step::Answer(number) => {
                let event = match number % 5 {
                    0 => report(Reported::Succeeded, None),
                    1 => report(Reported::Pending, None),
                    2 => Event::Evidence(Evidence::Doubt),
                    3 => Event::Evidence(Evidence::Refused),
                    _ => report(Reported::Pending, Some(usd(500))),
                };
                let answer = Record {
                    fence: self.fences.last().copied(),
                    ..record(refund_id(number), event)
                };
                ledger.record(answer).await?;
            }
        }
        if let Some(entry) = ledger.audit(None, 1).await?.pop() {
            self.newest = Some((entry.seq, entry.hash));
        }
        Ok(())
    }
}

async fn try_import(ledger: &Ledger, rows: Vec<ImportRow>) -> Result<(), LedgerError> {
    let batch = ImportBatch {
        source: source(),
        rows,
        dry_run: false,
        audit: ImportAudit::default(),
    };
    ledger.import(batch).await.map(|_| ())
}

fn open_on(disk: &Arc<Disk>, options: &OpenOptions) -> Result<Ledger, LedgerError> {
    Ledger::open_through(options, Some(vfs::register(disk)))
}

async fn set_up(ledger: &Ledger, careless: bool) {
    let writer = ledger.writer.as_ref().unwrap();
    let set = writer.run(move |connection| {
        if careless {
            connection.pragma_update(None, "synchronous", "OFF")?;
        }
        Ok(connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?)
    });
    set.await.unwrap();
}

/// Lives the life; errors are shown when they happen, and the same is tried again unless the power
/// is gone. How many errors there were.
async fn live(disk: &Arc<Disk>, options: &OpenOptions, known: &mut Known) -> usize {
    let mut errors = 0;
    let ledger = loop {
        match open_on(disk, options) {
            Ok(ledger) => break ledger,
            Err(error) => shown(&error),
        }
        errors += 1;
        if disk.is_off() {
            return errors;
        }
        disk.mend();
    };
    set_up(&ledger, known.careless).await;
    for step in steps() {
        while let Err(error) = known.take(&ledger, step).await {
            shown(&error);
            errors += 1;
            if disk.is_off() {
                return errors;
            }
            assert!(errors < 3, "{step:?} does not recover: {error}");
            disk.mend();
        }
    }
    known.operations = disk.operations();
    errors
}

/// The error of the disk arrives as what it is.
fn shown(error: &LedgerError) {
    let typed = matches!(
        error,
        LedgerError::Sqlite(_)
            | LedgerError::InDoubt(_)
            | LedgerError::Upgrade(_)
            | LedgerError::Unreadable { .. }
            | LedgerError::NotDurable { .. }
    );
    assert!(typed, "{error:?}");
}

/// Opens what is on the disk in the usual way, and says what is wrong with it: all of it must be
/// sound, and nothing acknowledged lost.
async fn wrong(options: &OpenOptions, known: &Known) -> Vec<String> {
    let ledger = match Ledger::open(options) {
        Ok(ledger) => ledger,
        Err(error) => return vec![error.to_string()],
    };
    let verdict = ledger.verify().await.unwrap();
    let findings = verdict.findings.into_iter().map(|finding| finding.detail);
    let mut wrong: Vec<String> = findings.collect();
    for name in &known.payments {
        if !matches!(ledger.payment(payment_id(name)).await, Ok(Some(_))) {
            wrong.push(format!("{name} is lost"));
        }
    }
    for number in &known.paid_back {
        let payment = ledger.payment(payment_id(&name(0, 10 + number))).await;
        let paid_back = payment.ok().flatten().map(|it| it.figures().executed);
        if paid_back != Some(usd(100)) {
            wrong.push(format!("what was paid back of {number} is lost"));
        }
    }
    if let Some((seq, hash)) = &known.newest {
        let entries = ledger.audit(None, 1_000).await.unwrap_or_default();
        let is_newest = |entry: &AuditEntry| (&entry.seq, &entry.hash) == (seq, hash);
        if !entries.iter().any(is_newest) {
            wrong.push(format!("record {seq} is lost"));
        }
    }
    wrong
}

/// How many operations a whole life takes on a disk that does not fail.
async fn operations() -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::new(Fault::None, 0));
    let mut known = Known::default();
    assert_eq!(live(&disk, &options(&folder), &mut known).await, 0);
    assert_eq!(wrong(&options(&folder), &known).await, [""; 0]);
    known.operations
}

/// The points at which it fails: spread over the whole life, by chance within each stretch.
async fn points(count: u64) -> Vec<u64> {
    let operations = operations().await;
    let mut dice = Dice(7);
    let mut points: Vec<u64> = (0..count)
        .map(|number| {
            let from = number * operations / count;
            let stretch = ((number + 1) * operations / count - from).max(1);
            1 + from + dice.below(stretch)
        })
        .collect();
    points.dedup();
    points
}

/// Cuts the power at one point of a life; what was acknowledged before, and what is wrong after.
async fn cut(at: u64, careless: bool) -> (Known, Vec<String>) {
    let before = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::new(Fault::Cut { at }, at));
    let mut known = Known {
        careless,
        ..Known::default()
    };
    let errors = live(&disk, &options(&before), &mut known).await;
    // A cut in the checkpoint after the last commit takes nothing that was asked for.
    assert!(errors == 1 || known.paid_back.len() == 2, "cut at {at}");
    // Without syncs there are fewer operations: the life may be over before the cut.
    let Some(after) = disk.after() else {
        assert!(careless, "cut at {at}: never reached");
        return (known, Vec::new());
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in after {
        fs::write(folder.path().join(name), content).unwrap();
    }
    // What lies beside the database is never synced; the newest of it is the hardest to match.
    let head = before.path().join("desk.head");
    if head.exists() {
        fs::copy(head, folder.path().join("desk.head")).unwrap();
    }
    let wrong = wrong(&options(&folder), &known).await;
    (known, wrong)
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut() {
    let mut in_its_life = 0;
    for at in points(if large() { 500 } else { 20 }).await {
        let (known, wrong) = cut(at, false).await;
        assert_eq!(wrong, [""; 0], "cut at {at}");
        in_its_life += usize::from(known.newest.is_some());
    }
    assert!(in_its_life > 5, "the cuts missed the life of the ledger");
}

/// The test above can fail: a ledger that does not wait for the disk is caught by the same cuts.
#[tokio::test]
async fn without_syncs_a_power_cut_takes_what_was_acknowledged() {
    let mut harm = 0;
    for at in points(20).await {
        harm += usize::from(!cut(at, true).await.1.is_empty());
    }
    assert!(harm > 0);
}

#[tokio::test]
async fn a_disk_that_fails_or_is_full_leaves_no_half_state() {
    let mut shown = 0;
    for (number, at) in points(if large() { 200 } else { 20 })
        .await
        .into_iter()
        .enumerate()
    {
        let fault = match number % 2 {
            0 => Fault::Error { at },
            _ => Fault::Full { at },
        };
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::new(fault, at));
        let mut known = Known::default();
        shown += live(&disk, &options(&folder), &mut known).await;
        assert_eq!(wrong(&options(&folder), &known).await, [""; 0], "{fault:?}");
        assert_eq!(known.payments.len(), 90, "{fault:?}");
    }
    assert!(shown > 10, "the errors missed the life of the ledger");
}
