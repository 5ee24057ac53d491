//! The outbox: what is due, and leases.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::decisions;
use super::error::LedgerError;
use super::lease::{self, LEASE};
use super::proposals;
use super::pulse::{self, Share};
use super::refunds::{self, RefundSummary};
use super::row::{millis, time};
use super::{closed, payments, stops, verify};
use crate::domain::budget::Budget;
use crate::domain::id::RefundId;
use crate::domain::payment::Payment;
use crate::domain::refund::Attempt;
use crate::domain::state::State;
use crate::failpoint;

/// A refund that needs the desk now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The refund.
    pub id: RefundId,
    /// Its account.
    pub account: String,
    /// What for.
    pub task: Task,
    /// When it last changed: how long what fails has been failing.
    pub since: DateTime<Utc>,
}

/// The queues of due work. Each is asked for by itself, so that a long one starves no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// [`Task::Send`].
    Sends,
    /// [`Task::LeaseLost`] and [`Task::Expire`].
    Closings,
    /// [`Task::Look`].
    Looks,
}

impl Queue {
    /// Which rows can be of it; leases are judged row by row. The plus keeps SQLite from reading
    /// all refunds of a state where few are due.
    const fn filter(self) -> &'static str {
        match self {
            Self::Sends => "+state = 'approved' AND expires_at > ?1 AND needs_release = 0
                 AND account NOT IN (SELECT account FROM stopped_sending)
                 AND NOT EXISTS (SELECT 1 FROM stopped_sending WHERE account = '*')",
            Self::Closings => {
                "(+state = 'submitting'
                  OR (+state IN ('reserved', 'awaiting_approval', 'approved') AND expires_at <= ?1))"
            }
            Self::Looks => "+state IN ('pending', 'action_required', 'unknown', 'succeeded')",
        }
    }
}

/// What a refund needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// It may be sent.
    Send,
    /// The provider is to be asked.
    Look,
    /// Its time limit has passed unsent.
    Expire,
    /// Whoever was sending it is gone.
    LeaseLost,
}

/// A look about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLook {
    /// The refund.
    pub id: RefundId,
    /// Its account.
    pub account: String,
    /// This process.
    pub holder: String,
    /// What the account may ask in a minute.
    pub budget: Budget,
    /// It is the one look at a provider that does not answer.
    pub is_probe: bool,
    /// Jitter in 0..=999, for one that is too many.
    pub spread: u16,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A refund under lease, with what sending it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The refund.
    pub summary: RefundSummary,
    /// Its payment.
    pub payment: Payment,
    /// Its attempts so far.
    pub attempts: Vec<Attempt>,
    /// The token of the lease; older tokens write nothing.
    pub fence: i64,
    /// The hash that was approved, where a checker's approval is in force.
    pub approved: Option<String>,
    /// Why that approval no longer stands, where whoever gave it has lost the role.
    pub lapsed: Option<String>,
    /// Two people found the last attempt absent: the next takes a new key (T14).
    pub new_key: bool,
}

impl Ledger {
    /// What is due in a queue, longest due first, and what a dead process left there under its
    /// lease; of one refund only if given.
    ///
    /// # Errors
    /// The database failed.
    pub async fn due(
        &self,
        queue: Queue,
        now: DateTime<Utc>,
        only: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<Due>, LedgerError> {
        self.read(move |connection| due(connection, queue, now, only, limit))
            .await
    }

    /// When the next refund needs the desk.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_due(
        &self,
        only: Option<RefundId>,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        self.read(move |connection| {
            let next: Option<i64> = match only {
                Some(id) => connection
                    .prepare_cached("SELECT due_at FROM refunds WHERE id = ?1")?
                    .query_row([id.to_string()], |row| row.get(0))
                    .optional()?
                    .flatten(),
                None => connection
                    .prepare_cached("SELECT min(due_at) FROM refunds WHERE due_at IS NOT NULL")?
                    .query_row([], |row| row.get(0))?,
            };
            let confirmation: Option<i64> = connection
                .prepare_cached(
                    "SELECT min(confirm_at) FROM transfers
                     WHERE confirm_at IS NOT NULL AND (?1 IS NULL OR refund_id = ?1)",
                )?
                .query_row([only.map(|id| id.to_string())], |row| row.get(0))?;
            let next = match (next, confirmation) {
                (Some(next), Some(confirmation)) => Some(next.min(confirmation)),
                (next, confirmation) => next.or(confirmation),
            };
            Ok(next.map(time))
        })
        .await
    }

    /// Takes the lease of an approved refund, to send it.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] when another desk holds it, or it is not or not yet to be sent;
    /// [`LedgerError::Untrusted`] when its payment's rows are damaged.
    pub async fn claim(
        &self,
        id: RefundId,
        holder: String,
        now: DateTime<Utc>,
    ) -> Result<Claim, LedgerError> {
        self.head.trust()?;
        self.write(move |connection| claim(connection, id, &[State::Approved], &holder, now))
            .await
    }

    /// Takes the lease of a refund whose outcome is not known, to ask about it and, if the provider
    /// has nothing, to go on (T13, T14).
    ///
    /// # Errors
    /// [`LedgerError::Leased`] when another desk holds it, or its outcome is known by now.
    pub async fn claim_unknown(
        &self,
        id: RefundId,
        holder: String,
        now: DateTime<Utc>,
    ) -> Result<Claim, LedgerError> {
        self.write(move |connection| claim(connection, id, &[State::Unknown], &holder, now))
            .await
    }

    /// Has an unknown outcome, of a refund or of its later step, asked about sooner than planned;
    /// never later.
    ///
    /// # Errors
    /// The database failed.
    pub async fn bring_forward(&self, id: RefundId, at: DateTime<Utc>) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE refunds SET due_at = ?2
                 WHERE id = ?1 AND lease_holder IS NULL AND due_at > ?2
                   AND (state = 'unknown' OR EXISTS (SELECT 1 FROM later_steps
                        WHERE refund_id = ?1 AND ended_at IS NULL))",
                params![id.to_string(), millis(at)],
            )?;
            Ok(())
        })
        .await
    }

    /// Gives a lease back without having done anything. One under which bytes may be out is kept.
    ///
    /// # Errors
    /// The database failed.
    pub async fn let_go(&self, id: RefundId, fence: i64) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE refunds SET lease_holder = NULL, lease_until = NULL
                 WHERE id = ?1 AND fence = ?2 AND state <> 'submitting'",
                params![id.to_string(), fence],
            )?;
            Ok(())
        })
        .await
    }

    /// Gives a lease back without having sent, to be tried again at `due_at`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn give_back(
        &self,
        id: RefundId,
        fence: i64,
        said: String,
        due_at: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE refunds SET lease_holder = NULL, lease_until = NULL, said = ?3, due_at = ?4
                 WHERE id = ?1 AND fence = ?2 AND state = 'approved'",
                params![id.to_string(), fence, said, millis(due_at)],
            )?;
            Ok(())
        })
        .await
    }

    /// Takes the lease to ask about a refund, and its share of what the account may ask; false
    /// when another desk has it or did it, or when the share is spent: then it is put off. The
    /// lease of a dead process is void at once, so a look that was killed is made again.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_look(&self, look: NewLook) -> Result<bool, LedgerError> {
        self.write(move |connection| {
            let (id, now) = (look.id, look.now);
            if due(connection, Queue::Looks, now, Some(id), 1)?.is_empty() {
                return Ok(false);
            }
            let share = match look.is_probe {
                true => Share::Probe,
                false => Share::Budget {
                    budget: look.budget,
                    spread: look.spread,
                },
            };
            if let Some(later) = pulse::take(connection, &look.account, share, now)? {
                put_off(connection, &[(id, later)])?;
                return Ok(false);
            }
            connection
                .prepare_cached(
                    "UPDATE refunds SET lease_holder = ?2, lease_until = ?3, due_at = ?3, exchange = exchange + 1 WHERE id = ?1",
                )?
                .execute(params![id.to_string(), look.holder, millis(now + LEASE)])?;
            failpoint::reach("look.lease_written");
            Ok(true)
        })
        .await
    }

    /// Puts refunds off without having sent or asked, all in one transaction: the account's budget
    /// is spent, or it cannot be used. Never brings one forward.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put_off(&self, later: Vec<(RefundId, DateTime<Utc>)>) -> Result<(), LedgerError> {
        self.write(move |connection| put_off(connection, &later))
            .await
    }
}

fn put_off(
    connection: &Connection,
    later: &[(RefundId, DateTime<Utc>)],
) -> Result<(), LedgerError> {
    let mut statement = connection
        .prepare_cached("UPDATE refunds SET due_at = ?2 WHERE id = ?1 AND due_at < ?2")?;
    for (id, due_at) in later {
        statement.execute(params![id.to_string(), millis(*due_at)])?;
    }
    Ok(())
}

/// One refund is found by its id, all of them by when they are due: two statements, for SQLite
/// answers one that could be either by reading everything.
fn due_sql(queue: Queue, one: bool) -> String {
    let only = if one { "AND id = ?3" } else { "" };
    let filter = queue.filter();
    let columns = "id, account, state, lease_holder, lease_until, expires_at, needs_release,
                   updated_at, due_at";
    format!(
        "SELECT {columns} FROM refunds WHERE due_at <= ?1 AND {filter} {only}
         UNION ALL
         SELECT {columns} FROM refunds
         WHERE lease_holder IS NOT NULL AND due_at > ?1 AND {filter} {only}
         ORDER BY due_at LIMIT ?2"
    )
}

#[cfg(test)]
pub(super) fn due_plan(connection: &Connection, queue: Queue, one: bool) -> String {
    super::tests::plan(connection, &due_sql(queue, one), [])
}

fn due(
    connection: &Connection,
    queue: Queue,
    now: DateTime<Utc>,
    only: Option<RefundId>,
    limit: u32,
) -> Result<Vec<Due>, LedgerError> {
    let mut statement = connection.prepare_cached(&due_sql(queue, only.is_some()))?;
    let mut rows = match only {
        Some(id) => statement.query(params![millis(now), limit, id.to_string()])?,
        None => statement.query(params![millis(now), limit])?,
    };
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let state: String = row.get(2)?;
        let lease = Lease {
            holder: row.get(3)?,
            until: row.get::<_, Option<i64>>(4)?.map(time),
        };
        let expired = time(row.get(5)?) <= now;
        let needs_release = row.get(6)?;
        let account: String = row.get(1)?;
        let state = State::from_name(&state).ok_or(LedgerError::Damaged(state))?;
        let Some(task) = task(state, &lease, expired, needs_release, now) else {
            continue;
        };
        if task == Task::Send && closed::is_closed(connection, &account)? {
            continue;
        }
        found.push(Due {
            id: id.parse().map_err(|_| LedgerError::Damaged(id))?,
            account,
            task,
            since: time(row.get(7)?),
        });
    }
    Ok(found)
}

struct Lease {
    holder: Option<String>,
    until: Option<DateTime<Utc>>,
}

impl Lease {
    /// Void after its time, or at once when its holder is a dead process of this boot.
    fn is_void(&self, now: DateTime<Utc>) -> bool {
        match (&self.holder, self.until) {
            (Some(holder), Some(until)) => until <= now || lease::is_dead(holder),
            _ => true,
        }
    }
}

fn task(
    state: State,
    lease: &Lease,
    expired: bool,
    needs_release: bool,
    now: DateTime<Utc>,
) -> Option<Task> {
    match state {
        State::Submitting => lease.is_void(now).then_some(Task::LeaseLost),
        State::Reserved | State::AwaitingApproval | State::Approved if expired => {
            Some(Task::Expire)
        }
        State::Approved if !needs_release && lease.is_void(now) => Some(Task::Send),
        State::Pending | State::ActionRequired | State::Unknown | State::Succeeded => {
            lease.is_void(now).then_some(Task::Look)
        }
        _ => None,
    }
}

pub(super) fn claim(
    connection: &Connection,
    id: RefundId,
    states: &[State],
    holder: &str,
    now: DateTime<Utc>,
) -> Result<Claim, LedgerError> {
    let mut summary = refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))?;
    let (lease, fence) = connection
        .prepare_cached("SELECT lease_holder, lease_until, fence FROM refunds WHERE id = ?1")?
        .query_row([id.to_string()], |row| {
            let until = row.get::<_, Option<i64>>(1)?.map(time);
            let holder = row.get(0)?;
            Ok((Lease { holder, until }, row.get::<_, i64>(2)?))
        })
        .optional()?
        .ok_or(LedgerError::NotFound("refund"))?;
    let refund = &summary.refund;
    closed::check(connection, &refund.account)?;
    verify::trust(connection, refund.content.payment)?;
    // What is in doubt may be asked about while sending is stopped; the write-ahead checks again.
    let approved = refund.state == State::Approved;
    if approved && states.contains(&State::Approved) {
        stops::check(connection, &refund.account)?;
    }
    let waits = refund.needs_release || refund.send_after.is_some_and(|at| at > now);
    let not_yet = approved && waits;
    if !states.contains(&refund.state) || not_yet || !lease.is_void(now) {
        return Err(LedgerError::Leased);
    }
    connection
        .prepare_cached(
            "UPDATE refunds SET lease_holder = ?2, lease_until = ?3, fence = ?4, exchange = exchange + 1 WHERE id = ?1",
        )?
        .execute(params![
            id.to_string(),
            holder,
            millis(now + LEASE),
            fence + 1
        ])?;
    summary.exchange += 1;
    let payment = payments::one(connection, summary.refund.content.payment)?
        .ok_or(LedgerError::NotFound("payment"))?;
    failpoint::reach("claim.written");
    Ok(Claim {
        attempts: refunds::attempts(connection, id)?,
        approved: decisions::in_force(connection, id)?,
        lapsed: decisions::lapsed(connection, id)?,
        new_key: proposals::proven_absent(connection, id)?,
        summary,
        payment,
        fence: fence + 1,
    })
}
