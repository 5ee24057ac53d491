//! The ledger's threads: one that writes, a few that read. Callers await; no thread is blocked.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::error::LedgerError;
use grouped::{Grouped, Member};

mod grouped;

/// Steps of SQLite's machine, far less than a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// What it takes to open a connection, in short questions.
const OPENING: usize = 4;

/// Gets the connection, or the reason why there is none.
type Alone = Box<dyn FnOnce(Result<&mut Connection, LedgerError>) + Send>;

enum Job {
    /// Has the connection to itself.
    Alone(Alone),
    /// May share a transaction with those of its kind that wait right behind it.
    Grouped(Box<dyn Grouped>),
}

/// What the niceness of a thread becomes that works for long while somebody types.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

/// Lets whoever answers keys go first. Only Linux gives a thread a niceness of its own; where it
/// cannot be had, this thread is one among equals.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, BEHIND);
}

/// Does one long thing on a thread of its own; whoever dropped the future does not stop it.
pub(super) async fn apart<T, F>(name: &str, job: F) -> Result<T, LedgerError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, LedgerError> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name(format!("ledger-{name}"))
        .spawn(move || {
            give_way();
            answer.send(job())
        })
        .map_err(|source| LedgerError::Io {
            path: name.into(),
            source,
        })?;
    answered.await.map_err(|_| LedgerError::Stopped)?
}

type Opener = Box<dyn FnMut() -> Result<Connection, LedgerError> + Send>;

/// A thread's own way to the database.
enum Link {
    Open(Connection),
    /// Opened when it is first needed; tried again by the next job where that failed.
    Closed(Opener),
}

impl Link {
    fn connection(&mut self) -> Result<&mut Connection, LedgerError> {
        if let Self::Closed(open) = self {
            *self = Self::Open(open()?);
        }
        match self {
            Self::Open(connection) => Ok(connection),
            Self::Closed(_) => Err(LedgerError::Stopped),
        }
    }
}

/// A thread that owns a connection and does jobs in order. It ends when the last handle is gone.
#[derive(Clone)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    /// Jobs that wait or are being done, and [`OPENING`] where the connection is yet to be opened.
    load: Arc<AtomicUsize>,
}

impl Worker {
    /// The lock says that the database is open; it is held for as long as the connection is.
    pub(super) fn start(
        name: &str,
        connection: Connection,
        lock: Option<Arc<File>>,
    ) -> Result<Self, LedgerError> {
        Self::spawn(name, Link::Open(connection), lock)
    }

    /// As [`Worker::start`], but the connection is opened when it is first needed.
    pub(super) fn start_when_needed(
        name: &str,
        open: impl FnMut() -> Result<Connection, LedgerError> + Send + 'static,
        lock: Option<Arc<File>>,
    ) -> Result<Self, LedgerError> {
        Self::spawn(name, Link::Closed(Box::new(open)), lock)
    }

    /// As [`Worker::start`], for long scans: they give way to everything else.
    pub(super) fn start_behind(
        name: &str,
        connection: Connection,
        lock: Option<Arc<File>>,
    ) -> Result<Self, LedgerError> {
        let worker = Self::spawn(name, Link::Open(connection), lock)?;
        worker.send(Job::Alone(Box::new(|_| give_way())))?;
        Ok(worker)
    }

    fn spawn(name: &str, link: Link, lock: Option<Arc<File>>) -> Result<Self, LedgerError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let load = Arc::new(AtomicUsize::new(match link {
            Link::Open(_) => 0,
            Link::Closed(_) => OPENING,
        }));
        let mut place = Workplace {
            queue,
            link,
            load: Arc::clone(&load),
        };
        thread::Builder::new()
            .name(format!("ledger-{name}"))
            .spawn(move || {
                place.work_off();
                if let Link::Open(connection) = place.link {
                    let _ = connection.execute_batch("PRAGMA optimize");
                }
                drop(lock);
            })
            .map_err(|source| LedgerError::Io {
                path: name.into(),
                source,
            })?;
        Ok(Self { jobs, load })
    }

    /// How many jobs wait here or are being done; more where the connection is yet to be opened.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    fn send(&self, job: Job) -> Result<(), LedgerError> {
        self.load.fetch_add(1, Ordering::Relaxed);
        self.jobs.send(job).map_err(|_| LedgerError::Stopped)
    }

    /// Runs a job on the thread and awaits its result.
    pub(super) async fn run<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Alone(Box::new(move |connection| {
            let _ = answer.send(connection.and_then(job));
        })))?;
        answered.await.map_err(|_| LedgerError::Stopped)?
    }

    /// As [`Worker::transact`], but what waits together is committed together: one wait for the disk
    /// for all. Each job stands for itself: what one did is undone if it fails, and the others stay.
    /// A job may be run more than once, each time from the start, and must give the same.
    pub(super) async fn transact_grouped<T, U, F, G>(
        &self,
        job: F,
        then: G,
    ) -> Result<U, LedgerError>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&Connection) -> Result<T, LedgerError> + Send + 'static,
        G: FnOnce(T) -> U + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let member = Member::new(job, then, answer);
        self.send(Job::Grouped(Box::new(member)))?;
        answered.await.map_err(|_| LedgerError::Stopped)?
    }

    /// As [`Worker::run`], but blocks the caller's thread: only where the ledger is opened.
    pub(super) fn run_blocking<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let (answer, answered) = mpsc::channel();
        self.send(Job::Alone(Box::new(move |connection| {
            let _ = answer.send(connection.and_then(job));
        })))?;
        answered.recv().map_err(|_| LedgerError::Stopped)?
    }

    /// As [`Worker::transact`], but blocks the caller's thread: only where the ledger is opened.
    pub(super) fn transact_blocking<T, U, F, G>(&self, job: F, then: G) -> Result<U, LedgerError>
    where
        U: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
        G: FnOnce(T) -> U + Send + 'static,
    {
        self.run_blocking(move |connection| in_transaction(connection, job, then))
    }

    /// As [`Worker::run`], but only for as long as somebody waits: when the future is dropped, a job
    /// that runs is interrupted, and one that has not begun is skipped.
    pub(super) async fn run_while_wanted<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let abandoned = Arc::new(AtomicBool::new(false));
        // Dropped with this future, whether the answer came or nobody waits for it.
        let _asker = Asker(Arc::clone(&abandoned));
        self.run(move |connection| {
            if abandoned.load(Ordering::Relaxed) {
                return Err(LedgerError::Interrupted);
            }
            // Asked again and again, so that it does not matter where the job is just then.
            let is_abandoned = move || abandoned.load(Ordering::Relaxed);
            connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_abandoned))?;
            let done = job(connection);
            connection.progress_handler(0, None::<fn() -> bool>)?;
            done
        })
        .await
    }

    /// Runs a job inside a transaction that takes the write lock first, commits it, and goes on
    /// with `then` once it is committed. Any error rolls everything back;
    /// only a commit that fails leaves doubt.
    pub(super) async fn transact<T, U, F, G>(&self, job: F, then: G) -> Result<U, LedgerError>
    where
        U: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
        G: FnOnce(T) -> U + Send + 'static,
    {
        self.run(move |connection| in_transaction(connection, job, then))
            .await
    }
}

/// Where a worker's thread works.
struct Workplace {
    queue: mpsc::Receiver<Job>,
    link: Link,
    load: Arc<AtomicUsize>,
}

impl Workplace {
    /// Does the jobs in the order they came. What may be grouped is taken up with its like right
    /// behind it, as far as it is there already: nobody waits for company.
    fn work_off(&mut self) {
        let mut next = self.queue.recv().ok();
        while let Some(job) = next.take() {
            let done = match job {
                Job::Alone(job) => {
                    job(self.opened());
                    1
                }
                Job::Grouped(first) => {
                    let mut group = vec![first];
                    while group.len() < grouped::MOST {
                        match self.queue.try_recv() {
                            Ok(Job::Grouped(more)) => group.push(more),
                            Ok(alone) => {
                                next = Some(alone);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(group)
                }
            };
            self.load.fetch_sub(done, Ordering::Relaxed);
            if next.is_none() {
                next = self.queue.recv().ok();
            }
        }
    }

    fn opened(&mut self) -> Result<&mut Connection, LedgerError> {
        let was_closed = matches!(self.link, Link::Closed(_));
        let opened = self.link.connection();
        if was_closed && opened.is_ok() {
            self.load.fetch_sub(OPENING, Ordering::Relaxed);
        }
        opened
    }

    /// How many there were.
    fn commit(&mut self, group: Vec<Box<dyn Grouped>>) -> usize {
        let members = group.len();
        match self.opened() {
            Ok(connection) => grouped::commit(connection, group),
            Err(_) => group
                .into_iter()
                .for_each(|member| member.end(Err(LedgerError::Stopped))),
        }
        members
    }
}

/// Whoever waits for an answer.
struct Asker(Arc<AtomicBool>);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn in_transaction<T, U>(
    connection: &mut Connection,
    job: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    then: impl FnOnce(T) -> U,
) -> Result<U, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = job(&transaction)?;
    transaction.commit().map_err(LedgerError::InDoubt)?;
    Ok(then(done))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts for ever.
    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                           SELECT count(*) FROM n";

    #[tokio::test]
    async fn a_question_nobody_waits_for_is_interrupted() {
        let connection = Connection::open_in_memory().unwrap();
        let worker = Worker::start("test", connection, None).unwrap();
        let (begun, has_begun) = oneshot::channel();
        let endless = worker.run_while_wanted(move |connection| {
            let _ = begun.send(());
            Ok(connection.query_row(ENDLESS, [], |row| row.get::<_, i64>(0))?)
        });
        let skipped = worker.run_while_wanted(|_| -> Result<(), _> { unreachable!() });
        tokio::select! {
            biased;
            _ = endless => unreachable!(),
            _ = skipped => unreachable!(),
            begun = has_begun => begun.unwrap(),
        }
        // What comes next is neither kept waiting nor hit.
        let one = worker.run_while_wanted(|connection| {
            Ok(connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(one.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_is_not_needed_is_not_opened_and_what_fails_to_open_is_tried_again() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let open = move || match count.fetch_add(1, Ordering::Relaxed) {
            0 => Err(LedgerError::NotFound("file")),
            _ => Ok(Connection::open_in_memory()?),
        };
        let worker = Worker::start_when_needed("test", open, None).unwrap();
        assert_eq!(
            (worker.load(), opened.load(Ordering::Relaxed)),
            (OPENING, 0)
        );
        let one = async || {
            let ask = |connection: &mut Connection| {
                Ok(connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?)
            };
            worker.run(ask).await
        };
        assert!(matches!(one().await, Err(LedgerError::NotFound("file"))));
        assert_eq!(one().await.unwrap(), 1);
        assert_eq!(one().await.unwrap(), 1);
        assert_eq!(opened.load(Ordering::Relaxed), 2);
    }
}
