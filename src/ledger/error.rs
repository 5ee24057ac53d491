//! What can go wrong with the ledger.

use std::path::PathBuf;

use super::closed::ClosedWhy;
use super::refunds::{Likeness, RefundSummary};
use crate::domain::allowance::Over;
use crate::domain::compensation::CompensationError;
use crate::domain::eligibility::WhyNot;
use crate::domain::finding::Finding;
use crate::domain::money::{Currency, Money, MoneyError};
use crate::domain::sending::Stop;
use crate::domain::state::Refused;

/// Why the ledger could not be read or written. Nothing is half done: a failed write left no trace,
/// but for [`LedgerError::InDoubt`] and [`LedgerError::Stopped`], after which it may be there whole.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file is not a database of this desk.
    #[error("{} is not a refund-desk database", .0.display())]
    NotOurs(PathBuf),
    /// The file was written by a newer version.
    #[error("{} was written by a newer refund-desk (schema {found}, this one knows {known})", path.display())]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// The file was written by an older version and may not be changed.
    #[error("{} needs an upgrade (schema {found} to {known}) and was opened read-only", path.display())]
    TooOld {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// Test and live never share a file.
    #[error("{} belongs to environment {stamped}, the configuration says {configured}", path.display())]
    OtherEnvironment {
        /// The database.
        path: PathBuf,
        /// What it was created with.
        stamped: String,
        /// What the configuration says.
        configured: String,
    },
    /// There is no database yet and it may not be created.
    #[error("there is no database at {} yet", .0.display())]
    Missing(PathBuf),
    /// The file may be ours, and cannot be read as things are.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// What is acknowledged would not survive a power cut there.
    #[error(
        "{} is on a disk that cannot keep what is acknowledged through a power cut (journal {journal}, synchronous {synchronous})",
        path.display()
    )]
    NotDurable {
        /// The database.
        path: PathBuf,
        /// The journal mode it got instead of a write-ahead log.
        journal: String,
        /// How often SQLite waits for the disk; 2 is asked for.
        synchronous: i64,
    },
    /// The folder or file cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the database open.
    #[error("{} is open in another refund-desk", .0.display())]
    InUse(PathBuf),
    /// A service works on it, and nobody beside it may.
    #[error("a service has {} open, and it alone works on it", .0.display())]
    ServiceRuns(PathBuf),
    /// A backup is being restored.
    #[error("a backup is being put in the place of {}", .0.display())]
    BeingRestored(PathBuf),
    /// A restore was interrupted, and may not be finished now.
    #[error("a backup was being put in the place of {} when the desk was stopped", .0.display())]
    HalfRestored(PathBuf),
    /// The database was replaced while this process had it open.
    #[error("{} was replaced by a backup while this desk was open", .0.display())]
    Replaced(PathBuf),
    /// The file to be restored cannot be.
    #[error("{} cannot be restored: {why}", path.display())]
    BadBackup {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A backup never overwrites.
    #[error("{} is there already and was left as it is", .0.display())]
    Exists(PathBuf),
    /// A backup cannot be written or read.
    #[error("cannot use {}: {source}", path.display())]
    BackupFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The send journal cannot be written; nothing was written and nothing may be sent.
    #[error("the send journal {} cannot be written: {source}", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The attempt is on disk, its line in the send journal is not: it must not be sent.
    #[error("the send journal {} could not be written: {source}", path.display())]
    NotJournalled {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing is reserved or sent on the account.
    #[error("{account} is closed for sending: {}", why.map_or("see the audit", ClosedWhy::sentence))]
    SendingClosed {
        /// The account.
        account: String,
        /// Why; none for a reason this program does not know.
        why: Option<ClosedWhy>,
    },
    /// Opening an account that a restore closed takes evidence.
    #[error("it is closed since a restore: whoever opens it says what they know it from")]
    NeedsEvidence,
    /// The ledger was opened read-only.
    #[error("the ledger is open read-only")]
    ReadOnly,
    /// A new hold would take more than is available.
    #[error("the amount is more than is available")]
    OverAvailable,
    /// A new hold would take more than the provider's limits allow; this much they do.
    #[error("the amount is more than the provider's limits allow, which is {0} now")]
    OverLimit(Money),
    /// It is above what nobody approves: a hard limit of its maker, or its account's cap.
    #[error("{0}")]
    OverAllowance(Over),
    /// The database holds other rules in force than this desk was opened with.
    #[error("the rules changed since this desk was opened: {0}")]
    RulesChanged(String),
    /// The available balance is not what the maker saw.
    #[error("the available balance changed meanwhile")]
    BalanceChanged,
    /// Evidence took more of the payment than there is, or paid what was not expected; that must be
    /// cleared up before anything is reserved on it.
    #[error("{}", WhyNot::Blocked.sentence())]
    Blocked,
    /// A rule says no, in words for people.
    #[error("{0}")]
    NotAllowed(String),
    /// No such payment, capture or refund.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The state machine does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Neither of two people is a checker.
    #[error("one of the two who state an outcome must be a checker, and neither is")]
    NoChecker,
    /// The second person of two is the first.
    #[error("it takes another person than the one who said so first")]
    SamePerson,
    /// Another desk holds the lease of this refund.
    #[error("another desk is working on this refund")]
    Leased,
    /// An earlier refund is likely the same one.
    #[error("this may be a duplicate of refund {}", .1.refund.id)]
    LikelyDuplicate(Likeness, Box<RefundSummary>),
    /// The key was used for another decision.
    #[error("the key {key:?} already names refund {refund}, which says something else")]
    KeyReused {
        /// The caller's key.
        key: String,
        /// The refund it names.
        refund: String,
    },
    /// What is paid on top of the refund, or was before, is not allowed.
    #[error(transparent)]
    Compensation(#[from] CompensationError),
    /// People stopped sending: nothing goes out until two of them resume it.
    #[error("not sent: {}", .0.sentence())]
    SendingStopped(Box<Stop>),
    /// There is no stop that could be ended.
    #[error("sending was not stopped there")]
    NotStopped,
    /// Resuming takes two people.
    #[error("{0} proposed this already: resuming takes a second person")]
    ResumesAlone(String),
    /// A stored value makes no sense: the database is damaged.
    #[error("the database holds a value that makes no sense: {0}")]
    Damaged(String),
    /// Rows are not as they were written, or do not add up: no money is moved on them.
    #[error("the records are damaged: {}", .0.detail)]
    Untrusted(Box<Finding>),
    /// A sum over a list is beyond 64 bits; the rows are right, the sum cannot be shown.
    #[error("together the payments are more {0} than the desk can count; narrow the filter")]
    Uncountable(Currency),
    /// A newer question replaced this one.
    #[error("the question was replaced by a newer one")]
    Interrupted,
    /// SQLite failed.
    #[error("the database failed: {0}")]
    Sqlite(rusqlite::Error),
    /// The commit failed: the disk may hold what was written, or not.
    #[error("the database did not confirm what was written: {0}")]
    InDoubt(rusqlite::Error),
    /// An upgrade of the database failed.
    #[error("the database could not be upgraded: {}", first_words(.0))]
    Upgrade(Box<refinery::Error>),
    /// The ledger's thread is gone.
    #[error("the ledger has stopped")]
    Stopped,
}

impl LedgerError {
    /// Whether the same write may succeed later: the disk was full or busy. What the schema or the
    /// rules refuse is refused again.
    pub fn may_pass(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, TypeMismatch, Unknown};
        match self {
            Self::Sqlite(error) | Self::InDoubt(error) => !matches!(
                error.sqlite_error_code(),
                None | Some(Unknown | DatabaseCorrupt | NotADatabase | TypeMismatch)
            ),
            Self::Io { .. } | Self::Interrupted => true,
            _ => false,
        }
    }
}

/// What the database's own refusals begin with where a role or limit is not what the desk took it for.
const RULES_CHANGED: &str = "the rules changed:";

/// The message of an upgrade without the statements it quotes.
fn first_words(error: &refinery::Error) -> String {
    error.to_string().chars().take(120).collect()
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => Self::Interrupted,
            Some(rusqlite::ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ if error.to_string().contains("over available") => Self::OverAvailable,
            _ if error.to_string().starts_with(RULES_CHANGED) => {
                Self::RulesChanged(error.to_string()[RULES_CHANGED.len()..].trim().to_owned())
            }
            _ if error.to_string().contains("a discrepancy about the money") => Self::Blocked,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<MoneyError> for LedgerError {
    fn from(error: MoneyError) -> Self {
        Self::Damaged(error.to_string())
    }
}
