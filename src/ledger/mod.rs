//! The ledger: the only room with SQL. Its face is requests and answers in domain types.
//!
//! One thread writes, in transactions that take the lock first; a few threads only read, one of
//! them kept for long scans and one for searches. Balances are maintained by the database itself (`migrations/`), so
//! they hold even against hand-written SQL.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

mod alive;
mod allowance;
mod audit;
mod backup;
#[cfg(test)]
pub(crate) mod blank;
mod care;
mod closed;
mod decisions;
mod discrepancy;
mod disputes;
mod dossier;
mod drafts;
mod epoch;
mod erasures;
mod errands;
mod error;
mod evidence;
mod external;
mod filter;
mod forgotten;
mod fragments;
mod head;
mod history;
mod import;
mod in_force;
mod in_use;
mod inbound;
mod inbound_requests;
mod journal;
mod journalled;
mod later;
mod lease;
mod names;
mod network;
mod notes;
mod on_file;
mod open;
mod orders;
mod outbox;
mod pages;
mod payers;
mod payments;
mod personal;
mod phone;
mod proposals;
mod pulse;
mod radar;
mod refunds;
mod remembered;
mod reserve;
mod resolution;
mod restore;
mod rewind;
mod roster;
mod row;
mod rules;
mod seal;
mod search;
mod statement_lines;
mod stops;
mod sync;
mod takeover;
mod todo;
mod transfers;
mod twins;
mod verify;
mod views;
mod ways;
mod worker;
mod write_ahead;

pub use allowance::{MadeUnder, ROLE};
pub use backup::BackedUp;
pub use care::{Care, Owning};
pub use closed::{ALL_ACCOUNTS, ClosedAccount, ClosedWhy};
pub use decisions::{Checked, Decisions};
pub use disputes::DisputeNews;
pub use dossier::{Dossier, PaymentDossier};
pub use erasures::{Class as PersonalClass, Erasing, Erasure, Reveal, Shown};
pub use errands::{ErrandAbout, NewErrand, QueuedErrand};
pub use error::LedgerError;
pub use evidence::{Cadence, Change, Record};
pub use external::{Linking, Sighting};
pub use history::PaymentThen;
pub use import::{ImportAudit, ImportBatch, ImportCounts, ImportRow, ImportSource, ImportTally};
pub use in_force::{Deeds, PastRule};
pub use in_use::{Occupancy, occupy};
pub use inbound::Heard;
pub use inbound_requests::{Deciding, Filed, Filing, NewRequest, RequestState, Situation, Told};
pub use later::StepEnd;
pub use lease::{LEASE, holder};
pub use network::{Called, Kept, NewAnswer, NewConfirmation, Recorded};
pub use notes::NewNote;
pub use on_file::{FileAccountRow, FileAccounts};
pub use open::OpenOptions;
pub use orders::OrderPart;
pub use outbox::{Claim, Due, NewLook, Queue, Task};
pub use payments::{Judgement, PlacedPayment};
pub use phone::{Relative, Sent};
pub use proposals::{Agreement, NewProposal};
pub use pulse::Turn;
pub use radar::{Figures as RadarFigures, Sweep};
pub use refunds::{Likeness, RefundEvidence, RefundSummary};
pub use reserve::{Reservation, Reserved};
pub use resolution::{Closing, DiscrepancyFilter};
pub use restore::{RestoreOptions, Restored, restore};
pub use rewind::Rewound;
pub use roster::NewDelegation;
pub use rules::{Figure, Named, POLICY, Rule};
pub use stops::SendingWord;
pub use sync::SyncRecord;
pub use todo::Waiting;
pub use transfers::{
    Advised, Advising, BankHeard, BankWord, ConfirmationDue, Fate, FileOrder, LooseEnd, Meant,
    NewFile, NewStatement, OrderLine, TransferFilter,
};
pub use verify::{AuditVerdict, Verdict};
pub use write_ahead::{Begun, NewAttempt};

use epoch::Epoch;
use head::{Head, HeadFile};
use journal::Journal;
use open::Vfs;
use worker::Worker;

/// A handle to the ledger; cheap to clone. The threads end with the last handle.
///
/// Two threads read for short questions; long scans and searches have their own. A connection keeps
/// the whole schema in memory: what is not needed at once is opened when it is.
#[derive(Clone)]
pub struct Ledger {
    writer: Option<Worker>,
    readers: [Worker; 2],
    scanner: Worker,
    finder: Worker,
    epoch: Arc<Epoch>,
    journal: Journal,
    head: Arc<HeadFile>,
    options: Arc<OpenOptions>,
    vfs: Vfs,
    pending: rules::Pending,
}

impl Ledger {
    /// Opens or creates the ledger and brings its schema up to date. Blocks; do it before the
    /// event loop starts or off it.
    ///
    /// # Errors
    /// Every reason not to touch the file: another program's, newer, another environment's, not
    /// writable.
    pub fn open(options: &OpenOptions) -> Result<Self, LedgerError> {
        Self::open_through(options, None)
    }

    fn open_through(options: &OpenOptions, vfs: Vfs) -> Result<Self, LedgerError> {
        restore::finish_interrupted(options)?;
        let lock = in_use::share(&options.path, options.read_only)?.map(Arc::new);
        let writer = open::prepare(options, vfs)?;
        let journal = Journal::beside(&options.path);
        if let Some(connection) = &writer {
            journalled::compare(connection, &journal, options)?;
        }
        let (reader, scanner) = open::two_readers(options, vfs)?;
        let start = |name, connection| Worker::start(name, connection, lock.clone());
        let later = |name| {
            let options = options.clone();
            let open = move || open::reader(&options, vfs);
            Worker::start_when_needed(name, open, lock.clone())
        };
        let head = HeadFile::open(&options.path, &scanner)?;
        Ok(Self {
            epoch: Arc::new(Epoch::of(&options.path, &scanner)?),
            writer: writer.map(|it| start("writer", it)).transpose()?,
            readers: [start("reader", reader)?, later("reader")?],
            scanner: Worker::start_behind("scanner", scanner, lock.clone())?,
            finder: later("finder")?,
            journal,
            head: Arc::new(head),
            options: Arc::new(options.clone()),
            vfs,
            pending: rules::Pending::default(),
        })
    }

    /// A number that changes whenever anything was written, by whatever process.
    ///
    /// # Errors
    /// The database failed.
    pub async fn data_version(&self) -> Result<i64, LedgerError> {
        // Always the same connection: the number means nothing on another.
        self.scanner
            .run(|connection| {
                Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
            })
            .await
    }

    /// Copies the write-ahead log back and empties it, unless somebody reads just then: after much was
    /// written, or the next start reads all of that log before anything can be shown.
    ///
    /// # Errors
    /// The database failed. What was committed stays so.
    pub async fn empty_log(&self) -> Result<(), LedgerError> {
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        let empty = |connection: &mut Connection| -> Result<(), LedgerError> {
            connection.busy_timeout(Duration::ZERO)?;
            let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            connection.busy_timeout(open::BUSY)?;
            Ok(done?)
        };
        writer.run(empty).await
    }

    /// Whatever a job reads, it reads as of one moment.
    async fn read<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        self.reader()
            .run(|connection| job(&*connection.transaction()?))
            .await
    }

    /// The reader that will get to a question first.
    fn reader(&self) -> &Worker {
        let [one, other] = &self.readers;
        if other.load() < one.load() {
            other
        } else {
            one
        }
    }

    async fn write<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        let deed = self.deed();
        let then = deed.clone();
        writer
            .transact(
                move |connection| deed.carry_out(connection, job),
                move |done| then.committed(done),
            )
            .await
    }

    /// As [`Ledger::write`], but may share its transaction with others that wait: one wait for the
    /// disk for all. For what comes many times a second; the job may be run more than once.
    async fn write_grouped<T, F>(&self, mut job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        let deed = self.deed();
        let then = deed.clone();
        writer
            .transact_grouped(
                move |connection| deed.carry_out(connection, &mut job),
                move |done| then.committed(done),
            )
            .await
    }

    /// As [`Ledger::write`], but blocks: only where the ledger is opened.
    fn write_blocking<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        let deed = self.deed();
        let then = deed.clone();
        writer.transact_blocking(
            move |connection| deed.carry_out(connection, job),
            move |done| then.committed(done),
        )
    }

    fn deed(&self) -> Committing {
        Committing {
            adoption: self.pending.adoption(),
            pending: self.pending.clone(),
            epoch: Arc::clone(&self.epoch),
            head: Arc::clone(&self.head),
        }
    }
}

/// What goes with every transaction: the rules that a new ledger still owes, and the newest audit
/// entry, which is noted outside the database once it is committed.
#[derive(Clone)]
struct Committing {
    adoption: Option<rules::Adoption>,
    pending: rules::Pending,
    epoch: Arc<Epoch>,
    head: Arc<HeadFile>,
}

impl Committing {
    fn carry_out<T>(
        &self,
        connection: &Connection,
        job: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    ) -> Result<(T, Option<Head>), LedgerError> {
        self.epoch.check(connection)?;
        let done = job(connection)?;
        if let Some(adoption) = &self.adoption {
            rules::write_all(connection, adoption)?;
        }
        Ok((done, Head::of(connection)?))
    }

    fn committed<T>(&self, (done, newest): (T, Option<Head>)) -> T {
        self.head.note(newest.as_ref());
        if self.adoption.is_some() {
            self.pending.done();
        }
        done
    }
}

#[cfg(test)]
mod tests;
