//! Rights to approve that are handed on, and who is away.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::allowance;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::delegation::{Away, Delegation, Roster};
use crate::domain::role::Right;

/// A checker hands on the right to approve.
#[derive(Clone, Debug)]
pub struct NewDelegation {
    /// Who.
    pub checker: String,
    /// By what right they approve.
    pub right: Right,
    /// To whom.
    pub delegate: String,
    /// The first business day.
    pub from: NaiveDate,
    /// The last, included.
    pub until: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Delegations and absences that hold on a business day or will.
    ///
    /// # Errors
    /// The database failed.
    pub async fn roster(&self, day: NaiveDate) -> Result<Roster, LedgerError> {
        self.read(move |connection| roster(connection, day)).await
    }

    /// Hands on a right to approve.
    ///
    /// # Errors
    /// The checker is none by the roles in force.
    pub async fn delegate(&self, new: NewDelegation) -> Result<(), LedgerError> {
        // A right goes by the rules, which a new ledger has only once something was done with it.
        self.write(|_| Ok(())).await?;
        self.write(move |connection| delegate(connection, &new))
            .await
    }

    /// Takes a right back that was handed on.
    ///
    /// # Errors
    /// There is no such delegation in force of this checker's.
    pub async fn end_delegation(
        &self,
        id: i64,
        by: String,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let ended = connection
                .prepare_cached(
                    "UPDATE delegations SET ended_at = ?3, ended_by = ?2
                     WHERE seq = ?1 AND checker = ?2 AND ended_at IS NULL",
                )?
                .execute(params![id, by, millis(now)])?;
            match ended {
                0 => Err(LedgerError::NotFound("delegation of yours")),
                _ => told(
                    connection,
                    &by,
                    "delegation.ended",
                    &format!("number={id}"),
                    now,
                ),
            }
        })
        .await
    }

    /// Says when somebody is away; without days, that they are back.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_absence(
        &self,
        person: String,
        days: Option<(NaiveDate, NaiveDate)>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let text = days.map(|(from, until)| (from.to_string(), until.to_string()));
            let (from, until) = text.clone().unzip();
            connection
                .prepare_cached(
                    "INSERT INTO absences (person, from_day, until_day, at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![person, from, until, millis(now)])?;
            let (action, detail) = match text {
                Some((from, until)) => ("person.away", format!("from={from} until={until}")),
                None => ("person.back", String::new()),
            };
            told(connection, &person, action, &detail, now)
        })
        .await
    }
}

fn told(
    connection: &Connection,
    actor: &str,
    action: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let deed = Deed {
        at: now,
        actor,
        action,
        subject: &format!("person {actor}"),
        detail,
    };
    audit::append(connection, &deed)
}

fn delegate(connection: &Connection, new: &NewDelegation) -> Result<(), LedgerError> {
    let (role, via_group) = allowance::columns(Some(&new.right));
    connection
        .prepare_cached(
            "INSERT INTO delegations (checker, role, role_version, via_group, delegate, from_day, until_day, at)
             VALUES (?1, ?2, coalesce((SELECT max(version) FROM rules WHERE subject = ?2), 0), ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            new.checker,
            role,
            via_group,
            new.delegate,
            new.from.to_string(),
            new.until.to_string(),
            millis(new.now)
        ])?;
    let detail = format!(
        "number={} to={} from={} until={}",
        connection.last_insert_rowid(),
        new.delegate,
        new.from,
        new.until
    );
    told(
        connection,
        &new.checker,
        "delegation.made",
        &detail,
        new.now,
    )
}

/// Delegations and absences that hold on a business day or will, in the caller's transaction.
fn roster(connection: &Connection, day: NaiveDate) -> Result<Roster, LedgerError> {
    let rows: Vec<(Option<Delegation>, String)> = connection
        .prepare_cached(
            "SELECT seq, checker, role, via_group, delegate, from_day, until_day, at FROM delegations
             WHERE ended_at IS NULL AND until_day >= ?1 ORDER BY seq",
        )?
        .query_map([day.to_string()], |row| {
            let role: String = row.get(2)?;
            let days: (String, String) = (row.get(5)?, row.get(6)?);
            let delegation = days_of(&days).zip(allowance::right(Some(&role), row.get(3)?));
            let delegation = delegation.map(|((from, until), right)| {
                Ok::<_, rusqlite::Error>(Delegation {
                    id: row.get(0)?,
                    checker: row.get(1)?,
                    right,
                    delegate: row.get(4)?,
                    from,
                    until,
                    at: time(row.get(7)?),
                    ended_at: None,
                })
            });
            Ok((delegation.transpose()?, days.0))
        })?
        .collect::<Result<_, _>>()?;
    let delegations = rows
        .into_iter()
        .map(|(delegation, day)| delegation.ok_or(LedgerError::Damaged(day)));
    Ok(Roster {
        delegations: delegations.collect::<Result<_, _>>()?,
        away: away(connection, day)?,
    })
}

fn away(connection: &Connection, day: NaiveDate) -> Result<Vec<Away>, LedgerError> {
    let rows: Vec<(String, (String, String))> = connection
        .prepare_cached(
            "SELECT person, from_day, until_day FROM absences a
             WHERE seq = (SELECT max(seq) FROM absences WHERE person = a.person) AND until_day >= ?1
             ORDER BY person",
        )?
        .query_map([day.to_string()], |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?
        .collect::<Result<_, _>>()?;
    let away = rows.into_iter().map(|(person, days)| {
        let (from, until) = days_of(&days).ok_or(LedgerError::Damaged(days.0))?;
        Ok(Away {
            person,
            from,
            until,
        })
    });
    away.collect()
}

fn days_of((from, until): &(String, String)) -> Option<(NaiveDate, NaiveDate)> {
    from.parse().ok().zip(until.parse().ok())
}
