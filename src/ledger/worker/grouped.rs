//! Jobs that share a transaction, and one wait for the disk, each behind a savepoint of its own.

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::super::error::LedgerError;
use crate::failpoint;

/// Members of a group: a transaction stays short enough for others to get a turn.
pub(super) const MOST: usize = 64;

/// A job of a group.
pub(super) trait Grouped: Send {
    /// Does it and keeps what came of it; false when it failed and must be undone.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Takes back what came of it: it was undone with all the others and is done again.
    fn forget(&mut self);

    /// Tells whoever waits, once it is known what became of the transaction.
    fn end(self: Box<Self>, committed: Result<(), LedgerError>);
}

/// A job, what follows once it is committed, and who waits.
pub(super) struct Member<T, U, F, G> {
    job: F,
    then: G,
    answer: oneshot::Sender<Result<U, LedgerError>>,
    done: Option<Result<T, LedgerError>>,
}

impl<T, U, F, G> Member<T, U, F, G> {
    pub(super) const fn new(
        job: F,
        then: G,
        answer: oneshot::Sender<Result<U, LedgerError>>,
    ) -> Self {
        Self {
            job,
            then,
            answer,
            done: None,
        }
    }
}

impl<T, U, F, G> Grouped for Member<T, U, F, G>
where
    T: Send,
    U: Send,
    F: FnMut(&Connection) -> Result<T, LedgerError> + Send,
    G: FnOnce(T) -> U + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let done = (self.job)(connection);
        let went_well = done.is_ok();
        self.done = Some(done);
        went_well
    }

    fn forget(&mut self) {
        self.done = None;
    }

    fn end(self: Box<Self>, committed: Result<(), LedgerError>) {
        let Self {
            then, answer, done, ..
        } = *self;
        let ended = match (done, committed) {
            // What failed by itself was undone, whatever became of the others.
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(done)), Ok(())) => Ok(then(done)),
            (None, Ok(())) => Err(LedgerError::Stopped),
        };
        let _ = answer.send(ended);
    }
}

/// Does a group in one transaction. Where one of them brings the whole transaction down, each is
/// done again in a transaction of its own, so that none pays for another.
pub(super) fn commit(connection: &mut Connection, mut group: Vec<Box<dyn Grouped>>) {
    let ended = together(connection, &mut group);
    if matches!(ended, Err(Broken::Before(_))) && group.len() > 1 {
        for mut one in group {
            one.forget();
            commit(connection, vec![one]);
        }
        return;
    }
    for one in group {
        one.end(match &ended {
            Ok(()) => Ok(()),
            Err(Broken::Before(error)) => Err(LedgerError::from(copied(error))),
            Err(Broken::Commit(error)) => Err(LedgerError::InDoubt(copied(error))),
        });
    }
}

/// Why a group was not committed.
enum Broken {
    /// Nothing of it is written.
    Before(rusqlite::Error),
    /// SQLite did not say.
    Commit(rusqlite::Error),
}

fn together(connection: &mut Connection, group: &mut [Box<dyn Grouped>]) -> Result<(), Broken> {
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(Broken::Before)?;
    for one in group.iter_mut() {
        let savepoint = transaction.savepoint().map_err(Broken::Before)?;
        let went_well = one.run(&savepoint);
        // Some errors take the whole transaction with them, and what the others did.
        if savepoint.is_autocommit() {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT);
            return Err(Broken::Before(rusqlite::Error::SqliteFailure(code, None)));
        }
        let ended = match went_well {
            true => savepoint.commit(),
            // What it did is undone; the others stay.
            false => savepoint.finish(),
        };
        ended.map_err(Broken::Before)?;
    }
    failpoint::reach("ledger.group_written");
    transaction.commit().map_err(Broken::Commit)
}

/// The error once more, for each who waits.
fn copied(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, said) => {
            rusqlite::Error::SqliteFailure(*code, said.clone())
        }
        other => {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR);
            rusqlite::Error::SqliteFailure(code, Some(other.to_string()))
        }
    }
}
