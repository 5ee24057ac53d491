//! Refunds: lists, one with its evidence, and what a new one may repeat.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::Ledger;
use super::error::LedgerError;
use super::filter::{Where, text};
use super::row::{REFUND_COLUMNS, REFUND_TABLES, millis, refund, time};
use crate::domain::cause::Cause;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::listing::{RefundFilter, StateCounts};
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::{Attempt, Observation, ObservationSource, Refund, Send};
use crate::domain::state::State;

/// A refund with the words that tell its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSummary {
    /// The refund.
    pub refund: Refund,
    /// The payment's reference.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
    /// The newest exchange with its provider, counted: what is learned in it is older than what is
    /// learned in one of a higher number.
    pub exchange: i64,
}

/// A refund's attempts and observations, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundEvidence {
    /// What was sent.
    pub attempts: Vec<Attempt>,
    /// What was learned.
    pub observations: Vec<Observation>,
}

/// How an earlier refund resembles a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same amount on the same payment.
    SamePayment,
    /// The same amount on a payment of the same order, within 30 days.
    SameOrder,
    /// The same amount to the same payer, within 30 days.
    SamePayer,
}

impl Ledger {
    /// Refunds, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn refunds(&self, filter: RefundFilter) -> Result<Vec<RefundSummary>, LedgerError> {
        self.read(move |connection| list(connection, &filter)).await
    }

    /// One refund.
    ///
    /// # Errors
    /// The database failed.
    pub async fn refund(&self, id: RefundId) -> Result<Option<RefundSummary>, LedgerError> {
        self.read(move |connection| one(connection, id)).await
    }

    /// The attempts and observations of a refund.
    ///
    /// # Errors
    /// The database failed.
    pub async fn evidence(&self, id: RefundId) -> Result<RefundEvidence, LedgerError> {
        self.read(move |connection| evidence(connection, id)).await
    }

    /// The refunds a handle may mean: our id, `ACCOUNT/PROVIDER_ID`, or the end of our id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_refunds(&self, handle: String) -> Result<Vec<RefundId>, LedgerError> {
        self.read(move |connection| find(connection, &handle)).await
    }

    /// The refund that a caller's key names.
    ///
    /// # Errors
    /// The database failed.
    pub async fn refund_by_key(&self, key: String) -> Result<Option<RefundSummary>, LedgerError> {
        self.read(move |connection| by_key(connection, &key)).await
    }

    /// How many refunds are in each state.
    ///
    /// # Errors
    /// The database failed.
    pub async fn state_counts(&self) -> Result<StateCounts, LedgerError> {
        self.read(|connection| {
            let mut counts = StateCounts::default();
            let mut statement =
                connection.prepare_cached("SELECT state, count(*) FROM refunds GROUP BY state")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let state = State::from_name(&name).ok_or(LedgerError::Damaged(name))?;
                counts.0.insert(state, row.get::<_, i64>(1)?.unsigned_abs());
            }
            Ok(counts)
        })
        .await
    }

    /// Earlier refunds that a new one of `amount` on `payment` may repeat, closest first. Those
    /// that did not pay do not count.
    ///
    /// # Errors
    /// The database failed.
    pub async fn alike(
        &self,
        payment: &Payment,
        amount: Money,
        since: DateTime<Utc>,
        replaced: Option<RefundId>,
    ) -> Result<Vec<(Likeness, RefundSummary)>, LedgerError> {
        let payment = payment.clone();
        self.read(move |connection| all_alike(connection, &payment, amount, since, replaced))
            .await
    }

    /// What was refunded or is held, since a time, to the same payment, order or payer: the
    /// largest of the three sums.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recent_total(
        &self,
        payment: &Payment,
        since: DateTime<Utc>,
    ) -> Result<Money, LedgerError> {
        let payment = payment.clone();
        self.read(move |connection| recent_total(connection, &payment, since))
            .await
    }
}

impl Ledger {
    /// Refunds that were not paid for this reason and that nothing replaced yet, oldest first. One that
    /// a withdrawn refund was to replace is a person's: a second try by its key would find that.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unpaid(&self, cause: Cause) -> Result<Vec<RefundSummary>, LedgerError> {
        self.read(move |connection| {
            let rows = connection
                .prepare_cached(&format!(
                    "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES}
                     WHERE r.cause = ?1 AND r.state IN ('failed', 'rejected')
                       AND NOT EXISTS (SELECT 1 FROM refunds n WHERE n.supersedes = r.id)
                     ORDER BY r.seq"
                ))?
                .query_map([cause.name()], summary)?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
        .await
    }
}

/// A refund and the words of its payment, from `REFUND_COLUMNS`.
pub(super) fn summary(row: &rusqlite::Row<'_>) -> rusqlite::Result<RefundSummary> {
    Ok(RefundSummary {
        refund: refund(row)?,
        reference: row.get(28)?,
        payer: row.get(29)?,
        last4: row.get(30)?,
        exchange: row.get(31)?,
    })
}

/// Refunds, newest first, in the caller's transaction.
pub(super) fn list(
    connection: &Connection,
    filter: &RefundFilter,
) -> Result<Vec<RefundSummary>, LedgerError> {
    let mut clause = Where::default();
    if !filter.states.is_empty() {
        let marks = vec!["?"; filter.states.len()].join(", ");
        let names = filter.states.iter().map(|state| text(state.name()));
        clause.and(format!("r.state IN ({marks})"), names);
    }
    if let Some(payment) = filter.payment {
        clause.and("r.payment_id = ?", [Value::Integer(payment.as_i64())]);
    }
    let sql = format!(
        "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES} {} ORDER BY r.seq DESC",
        clause.sql()
    );
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(clause.into_values()), summary)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One refund, in the caller's transaction.
pub(super) fn one(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<RefundSummary>, LedgerError> {
    let row = connection
        .prepare_cached(&format!(
            "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES} WHERE r.id = ?1"
        ))?
        .query_row([id.to_string()], summary)
        .optional()?;
    Ok(row)
}

/// The refund of a caller's key, in the caller's transaction.
pub(super) fn by_key(
    connection: &Connection,
    key: &str,
) -> Result<Option<RefundSummary>, LedgerError> {
    let row = connection
        .prepare_cached(&format!(
            "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES} WHERE r.caller_key = ?1"
        ))?
        .query_row([key], summary)
        .optional()?;
    Ok(row)
}

fn find(connection: &Connection, handle: &str) -> Result<Vec<RefundId>, LedgerError> {
    let (account, provider_id) = handle.split_once('/').unwrap_or(("", ""));
    // The end of an id is short and typed; eight letters are what screens show.
    let ending = handle.len() >= 4 && handle.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pattern = if ending {
        format!("%{}", handle.to_lowercase())
    } else {
        String::new()
    };
    let ids: Vec<String> = connection
        .prepare_cached(
            "SELECT id FROM refunds WHERE id = ?1
             UNION SELECT id FROM refunds WHERE account = ?2 AND provider_refund_id = ?3
             UNION SELECT id FROM refunds WHERE id LIKE ?4
             LIMIT 2",
        )?
        .query_map(
            params![handle.to_lowercase(), account, provider_id, pattern],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    ids.into_iter()
        .map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
        .collect()
}

fn alike(
    connection: &Connection,
    likeness: Likeness,
    condition: &str,
    value: Value,
    amount: Money,
    since: DateTime<Utc>,
) -> Result<Vec<RefundSummary>, LedgerError> {
    let since = match likeness {
        Likeness::SamePayment => 0,
        Likeness::SameOrder | Likeness::SamePayer => millis(since),
    };
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES}
             WHERE r.amount_minor = ?1 AND r.currency = ?2 AND {condition} AND r.created_at >= ?4
               AND r.state NOT IN ('failed', 'rejected', 'reversed', 'canceled', 'expired')
             ORDER BY r.seq DESC LIMIT 3"
        ))?
        .query_map(
            params![amount.minor, amount.currency.code(), value, since],
            summary,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// What is in place of a refund already, whatever its amount, unless nothing came of that either.
fn in_place_of(connection: &Connection, old: RefundId) -> Result<Vec<RefundSummary>, LedgerError> {
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES}
             WHERE r.supersedes = ?1
               AND r.state NOT IN ('failed', 'rejected', 'reversed', 'canceled', 'expired')
             ORDER BY r.seq DESC LIMIT 3"
        ))?
        .query_map([old.to_string()], summary)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Earlier refunds that a new one, in place of `replaced`, may repeat, in the caller's transaction.
pub(super) fn all_alike(
    connection: &Connection,
    payment: &Payment,
    amount: Money,
    since: DateTime<Utc>,
    replaced: Option<RefundId>,
) -> Result<Vec<(Likeness, RefundSummary)>, LedgerError> {
    let text = |field: &Option<String>| field.clone().map(Value::Text);
    let id = Value::Integer(payment.id.as_i64());
    let ways = [
        (Likeness::SamePayment, "r.payment_id = ?3", Some(id)),
        (
            Likeness::SameOrder,
            "p.order_ref = ?3",
            text(&payment.order),
        ),
        (Likeness::SamePayer, "y.name = ?3", text(&payment.payer)),
    ];
    let mut found: Vec<(Likeness, RefundSummary)> = Vec::new();
    if let Some(old) = replaced {
        let in_place = in_place_of(connection, old)?.into_iter();
        found.extend(in_place.map(|summary| (Likeness::SamePayment, summary)));
    }
    for (likeness, condition, value) in ways {
        let Some(value) = value else { continue };
        for summary in alike(connection, likeness, condition, value, amount, since)? {
            if found
                .iter()
                .all(|(_, known)| known.refund.id != summary.refund.id)
            {
                found.push((likeness, summary));
            }
        }
    }
    Ok(found)
}

/// What went or is held for the same payment, order or payer, in the caller's transaction.
pub(super) fn recent_total(
    connection: &Connection,
    payment: &Payment,
    since: DateTime<Utc>,
) -> Result<Money, LedgerError> {
    let minor: i64 = connection.prepare_cached(RECENT)?.query_row(
        params![
            payment.id.as_i64(),
            payment.order,
            payment.payer,
            millis(since),
            payment.currency.code()
        ],
        |row| row.get(0),
    )?;
    Ok(Money::new(minor, payment.currency))
}

/// Each of the three has an index of its own; asked for with OR, none would be used.
const RECENT: &str = "SELECT max(
    (SELECT coalesce(sum(r.held_minor + r.executed_minor), 0) FROM refunds r
     WHERE r.payment_id = ?1 AND r.created_at >= ?4 AND r.currency = ?5),
    (SELECT coalesce(sum(r.held_minor + r.executed_minor), 0)
     FROM payments p CROSS JOIN refunds r ON r.payment_id = p.id
     WHERE p.order_ref = ?2 AND r.created_at >= ?4 AND r.currency = ?5),
    (SELECT coalesce(sum(r.held_minor + r.executed_minor), 0)
     FROM payers y CROSS JOIN refunds r ON r.payment_id = y.payment_id
     WHERE y.name = ?3 AND r.created_at >= ?4 AND r.currency = ?5))";

/// The attempts of a refund with their sends, in the caller's transaction.
pub(super) fn evidence(
    connection: &Connection,
    id: RefundId,
) -> Result<RefundEvidence, LedgerError> {
    Ok(RefundEvidence {
        attempts: attempts(connection, id)?,
        observations: observations(connection, id)?,
    })
}

pub(super) fn attempts(connection: &Connection, id: RefundId) -> Result<Vec<Attempt>, LedgerError> {
    let mut attempts = connection
        .prepare_cached(
            "SELECT step, number, idempotency_key, correlation, method, url, body, sha256, created_at
             FROM attempts WHERE refund_id = ?1 ORDER BY created_at, number",
        )?
        .query_map([id.to_string()], |row| {
            Ok(Attempt {
                step: row.get(0)?,
                number: row.get(1)?,
                idempotency_key: row.get(2)?,
                correlation: row.get(3)?,
                method: row.get(4)?,
                url: row.get(5)?,
                body: row.get(6)?,
                sha256: row.get(7)?,
                created_at: time(row.get(8)?),
                sends: Vec::new(),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for attempt in &mut attempts {
        attempt.sends = sends(connection, id, attempt)?;
    }
    Ok(attempts)
}

fn sends(
    connection: &Connection,
    id: RefundId,
    attempt: &Attempt,
) -> Result<Vec<Send>, LedgerError> {
    let sends = connection
        .prepare_cached(
            "SELECT at, not_executed FROM sends WHERE refund_id = ?1 AND step = ?2 AND number = ?3 ORDER BY send",
        )?
        .query_map(params![id.to_string(), attempt.step, attempt.number], |row| {
            Ok(Send {
                at: time(row.get(0)?),
                not_executed: row.get(1)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(sends)
}

fn observations(connection: &Connection, id: RefundId) -> Result<Vec<Observation>, LedgerError> {
    let observations = connection
        .prepare_cached(
            "SELECT at, source, attempt, meaning, http_status, said, support_id, raw
             FROM observations WHERE refund_id = ?1 ORDER BY seq",
        )?
        .query_map([id.to_string()], |row| {
            let source: String = row.get(1)?;
            Ok(Observation {
                at: time(row.get(0)?),
                source: ObservationSource::from_name(&source).unwrap_or(ObservationSource::Desk),
                attempt: row.get(2)?,
                meaning: row.get(3)?,
                http_status: row.get(4)?,
                said: row.get(5)?,
                support_id: row.get(6)?,
                raw: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(observations)
}

impl Ledger {
    /// The refunds of a payment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn refunds_of(&self, payment: PaymentId) -> Result<Vec<Refund>, LedgerError> {
        self.read(move |connection| of_payment(connection, payment))
            .await
    }
}

/// Those of a payment, oldest first, in the caller's transaction.
pub(super) fn of_payment(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Vec<Refund>, LedgerError> {
    let filter = RefundFilter {
        payment: Some(payment),
        ..RefundFilter::default()
    };
    let newest_first = list(connection, &filter)?.into_iter().rev();
    Ok(newest_first.map(|summary| summary.refund).collect())
}

#[cfg(test)]
pub(super) fn recent_plan(connection: &Connection) -> String {
    super::tests::plan(connection, RECENT, [])
}
