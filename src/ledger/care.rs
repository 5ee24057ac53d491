//! Who looks after what, and what somebody has put aside. Neither touches a refund.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::Ledger;
use super::audit;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::care::{About, Snooze};
use crate::domain::id::PaymentId;

/// Everything that is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Care {
    /// Who looks after what; a discrepancy has its owner in its own row.
    pub owners: HashMap<About, String>,
    /// What people have put aside, also what is back since.
    pub snoozes: Vec<Snooze>,
}

/// Somebody is to look after something.
#[derive(Clone, Debug)]
pub struct Owning {
    /// What.
    pub about: About,
    /// Its payment.
    pub payment: PaymentId,
    /// Who is to.
    pub owner: String,
    /// Who says so.
    pub actor: String,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Who looks after what, and what is put aside.
    ///
    /// # Errors
    /// The database failed.
    pub async fn care(&self) -> Result<Care, LedgerError> {
        self.read(care).await
    }

    /// Says who looks after a refund or a request. A discrepancy: [`Ledger::assign_discrepancy`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn assign(&self, owning: Owning) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO owners (about, owner, by_whom, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (about) DO UPDATE SET owner = ?2, by_whom = ?3, at = ?4",
                )?
                .execute(params![
                    owning.about.to_string(),
                    owning.owner,
                    owning.actor,
                    millis(owning.now)
                ])?;
            let subject = subject(owning.about, owning.payment);
            let detail = format!("about={} owner={}", owning.about, owning.owner);
            let (actor, now) = (&owning.actor, owning.now);
            audit::tell(connection, &subject, actor, "todo.assigned", &detail, now)
        })
        .await
    }

    /// Puts something aside, in one person's list. The audit is told until when; the reason is kept
    /// beside it, because it may name a payer.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put_aside(&self, payment: PaymentId, snooze: Snooze) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO snoozes (who, about, until, reason, seen, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (who, about) DO UPDATE SET until = ?3, reason = ?4, seen = ?5, at = ?6",
                )?
                .execute(params![
                    snooze.who,
                    snooze.about.to_string(),
                    millis(snooze.until),
                    snooze.reason,
                    snooze.seen,
                    millis(snooze.at)
                ])?;
            let subject = subject(snooze.about, payment);
            let until = snooze.until.format("%Y-%m-%dT%H:%MZ");
            let detail = format!("about={} until={until}", snooze.about);
            let (who, at) = (&snooze.who, snooze.at);
            audit::tell(connection, &subject, who, "todo.put_aside", &detail, at)
        })
        .await
    }

    /// Takes something back that was put aside; false: it was not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_back(
        &self,
        payment: PaymentId,
        about: About,
        who: String,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM snoozes WHERE who = ?1 AND about = ?2")?
                .execute(params![who, about.to_string()])?;
            if gone == 0 {
                return Ok(false);
            }
            let subject = subject(about, payment);
            let detail = format!("about={about}");
            audit::tell(connection, &subject, &who, "todo.taken_back", &detail, now)?;
            Ok(true)
        })
        .await
    }
}

/// What an entry about it stands under: its refund, else its payment.
fn subject(about: About, payment: PaymentId) -> String {
    match about {
        About::Refund(id) => id.to_string(),
        About::Discrepancy(_) | About::Request(_) => payment.to_string(),
    }
}

fn care(connection: &Connection) -> Result<Care, LedgerError> {
    let owners = connection
        .prepare_cached("SELECT about, owner FROM owners")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .map(|row| {
            let (about, owner): (String, String) = row?;
            Ok((named(about)?, owner))
        })
        .collect::<Result<_, LedgerError>>()?;
    let snoozes = connection
        .prepare_cached("SELECT who, about, until, reason, seen, at FROM snoozes ORDER BY at, who")?
        .query_map([], |row| Ok(snooze(row)))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Care {
        owners,
        snoozes: snoozes.into_iter().collect::<Result<_, _>>()?,
    })
}

fn snooze(row: &Row<'_>) -> Result<Snooze, LedgerError> {
    Ok(Snooze {
        who: row.get(0)?,
        about: named(row.get(1)?)?,
        until: time(row.get(2)?),
        reason: row.get(3)?,
        seen: row.get(4)?,
        at: time(row.get(5)?),
    })
}

fn named(about: String) -> Result<About, LedgerError> {
    about.parse().map_err(|()| LedgerError::Damaged(about))
}

/// What was said about a payer while it was put aside goes with what else is known of them.
pub(super) fn forget(connection: &Connection, payment: PaymentId) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "DELETE FROM snoozes WHERE about IN (
                 SELECT id FROM refunds WHERE payment_id = ?1
                 UNION ALL SELECT 'discrepancy ' || seq FROM discrepancies WHERE payment_id = ?1)",
        )?
        .execute([payment.as_i64()])?;
    Ok(())
}
