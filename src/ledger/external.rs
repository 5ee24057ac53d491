//! Refunds made elsewhere: found, seen again, and evidence about ours when they turn out to be it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::discrepancy;
use super::error::LedgerError;
use super::evidence::{self, Cadence, Record};
use super::row::{millis, refund_figures, time};
use crate::domain::balance::RefundFigures;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::external::{
    ExternalFigures, ExternalRefund, ExternalSource, ExternalState, amounts,
};
use crate::domain::id::PaymentId;
use crate::domain::money::{Currency, Money};
use crate::domain::refund::{Observation, ObservationSource};
use crate::domain::state::Event;

mod linking;

pub use linking::Linking;
pub(super) use linking::link_known;
use linking::{other_id, ours, second_payout, set_link};

/// A refund as a provider's list or file names it.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The payment it gives back from.
    pub payment: PaymentId,
    /// The provider's id of the capture, where it names one.
    pub capture_id: Option<String>,
    /// The provider's id of the refund: the same id is the same refund.
    pub provider_refund_id: Option<String>,
    /// Our reference, where the provider echoes it.
    pub correlation: Option<String>,
    /// How much; the currency must be the payment's.
    pub amount: Money,
    /// What was paid on top, in the same currency; none: it is not said.
    pub compensation: Option<Money>,
    /// How it stands.
    pub state: ExternalState,
    /// Where it was seen.
    pub source: ExternalSource,
    /// The file and line, or the exchange.
    pub origin: String,
    /// When the exchange or the file was begun: an older one overrides nothing.
    pub seen_at: DateTime<Utc>,
    /// Who brought it in.
    pub actor: String,
    /// When a refund of ours that it turns out to be is looked at next.
    pub cadence: Cadence,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Writes down a refund made elsewhere. By its id or our reference it is linked to a refund of
    /// ours and is evidence about that; never by its amount.
    ///
    /// # Errors
    /// No such payment, another currency than the payment's; nothing was written.
    pub async fn record_external(&self, seen: Sighting) -> Result<ExternalRefund, LedgerError> {
        self.write(move |connection| record(connection, &seen))
            .await
    }

    /// The refunds made elsewhere on a payment, in the order they were found.
    ///
    /// # Errors
    /// The database failed.
    pub async fn externals_of(
        &self,
        payment: PaymentId,
    ) -> Result<Vec<ExternalRefund>, LedgerError> {
        self.read(move |connection| of_payment(connection, payment))
            .await
    }
}

/// Those of a payment, in the caller's transaction.
pub(super) fn of_payment(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Vec<ExternalRefund>, LedgerError> {
    list(connection, "e.payment_id", payment.as_i64())
}

fn list(
    connection: &Connection,
    key: &str,
    value: i64,
) -> Result<Vec<ExternalRefund>, LedgerError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT e.seq, e.payment_id, c.capture_id, e.provider_refund_id, e.amount_minor, e.currency, e.state, e.source,
                    e.origin, e.first_seen, e.last_seen, e.linked_refund, e.compensation_minor
             FROM external_refunds e LEFT JOIN captures c ON c.seq = e.capture_seq
             WHERE {key} = ?1 ORDER BY e.seq"
        ))?
        .query_map([value], |row| Ok(external(row)))?
        .collect::<Result<Vec<_>, _>>()?;
    found.into_iter().collect()
}

fn one(connection: &Connection, id: i64) -> Result<ExternalRefund, LedgerError> {
    list(connection, "e.seq", id)?
        .pop()
        .ok_or(LedgerError::NotFound("refund made elsewhere"))
}

fn external(row: &Row<'_>) -> Result<ExternalRefund, LedgerError> {
    let damaged = |what: &str| LedgerError::Damaged(format!("{what} of a refund made elsewhere"));
    let currency = Currency::from_code(&row.get::<_, String>(5)?)?;
    let linked: Option<String> = row.get(11)?;
    Ok(ExternalRefund {
        id: row.get(0)?,
        payment: PaymentId::from_i64(row.get(1)?),
        capture_id: row.get::<_, Option<String>>(2)?.filter(|id| !id.is_empty()),
        provider_refund_id: row.get(3)?,
        amount: Money::new(row.get(4)?, currency),
        compensation: Money::new(row.get(12)?, currency),
        state: ExternalState::from_name(&row.get::<_, String>(6)?)
            .ok_or_else(|| damaged("state"))?,
        source: ExternalSource::from_name(&row.get::<_, String>(7)?)
            .ok_or_else(|| damaged("source"))?,
        origin: row.get(8)?,
        first_seen: time(row.get(9)?),
        last_seen: time(row.get(10)?),
        linked: linked
            .map(|id| id.parse().map_err(|_| damaged("link")))
            .transpose()?,
    })
}

/// What the balance needs to know of those of a payment, with the capture each names.
pub(super) fn figures(
    connection: &Connection,
    payment: PaymentId,
    currency: Currency,
) -> Result<Vec<(Option<i64>, ExternalFigures)>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.capture_seq, e.amount_minor, e.state, r.state, r.amount_minor, r.reported_minor, r.proven_minor
         FROM external_refunds e LEFT JOIN refunds r ON r.id = e.linked_refund WHERE e.payment_id = ?1",
    )?;
    let mut rows = statement.query([payment.as_i64()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let state: String = row.get(2)?;
        let linked: Option<RefundFigures> = match row.get::<_, Option<String>>(3)? {
            Some(_) => Some(refund_figures(row, 3, currency)?),
            None => None,
        };
        let figures = ExternalFigures {
            amount: Money::new(row.get(1)?, currency),
            state: ExternalState::from_name(&state).ok_or(LedgerError::Damaged(state))?,
            linked,
        };
        found.push((row.get(0)?, figures));
    }
    Ok(found)
}

fn record(connection: &Connection, seen: &Sighting) -> Result<ExternalRefund, LedgerError> {
    let (account, currency) = payment_of(connection, seen.payment)?;
    let fits = |it: Money| it.currency == currency && it.is_countable();
    let counts = seen.compensation.is_none_or(|it| it.minor >= 0 && fits(it));
    if !fits(seen.amount) || !seen.amount.is_positive() || !counts {
        return Err(LedgerError::NotAllowed(
            "the amount is not one of this payment: it is zero or in another currency".to_owned(),
        ));
    }
    let known: Option<i64> = connection
        .prepare_cached(
            "SELECT seq FROM external_refunds WHERE account = ?1 AND provider_refund_id = ?2",
        )?
        .query_row(params![account, seen.provider_refund_id], |row| row.get(0))
        .optional()?;
    let id = match known {
        Some(id) => see_again(connection, id, seen)?,
        None => Some(insert(connection, &account, seen)?),
    };
    if let Some(id) = id {
        believe(connection, id, &account, seen)?;
    }
    discrepancy::open_if_overdrawn(connection, seen.payment, seen.now)?;
    one(connection, id.or(known).unwrap_or_default())
}

fn payment_of(
    connection: &Connection,
    payment: PaymentId,
) -> Result<(String, Currency), LedgerError> {
    let (account, code): (String, String) = connection
        .prepare_cached("SELECT account, currency FROM payments WHERE id = ?1")?
        .query_row([payment.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or(LedgerError::NotFound("payment"))?;
    Ok((account, Currency::from_code(&code)?))
}

/// The capture that is meant: the one named, or the only one there is. None: at payment level.
pub(super) fn capture_of(
    connection: &Connection,
    payment: PaymentId,
    capture_id: Option<&str>,
) -> Result<Option<i64>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM captures WHERE payment_id = ?1 AND (?2 IS NULL OR capture_id = ?2) LIMIT 2",
    )?;
    let found: Vec<i64> = statement
        .query_map(params![payment.as_i64(), capture_id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    match (found.as_slice(), capture_id) {
        ([only], _) => Ok(Some(*only)),
        ([], Some(_)) => Err(LedgerError::NotFound("capture")),
        _ => Ok(None),
    }
}

fn insert(connection: &Connection, account: &str, seen: &Sighting) -> Result<i64, LedgerError> {
    let capture = capture_of(connection, seen.payment, seen.capture_id.as_deref())?;
    connection
        .prepare_cached(
            "INSERT INTO external_refunds (payment_id, capture_seq, account, provider_refund_id, amount_minor, currency,
                 state, source, origin, first_seen, last_seen, compensation_minor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)",
        )?
        .execute(params![
            seen.payment.as_i64(),
            capture,
            account,
            seen.provider_refund_id,
            seen.amount.minor,
            seen.amount.currency.code(),
            seen.state.name(),
            seen.source.name(),
            seen.origin,
            millis(seen.seen_at),
            seen.compensation.map_or(0, |it| it.minor),
        ])?;
    let id = connection.last_insert_rowid();
    tell(
        connection,
        id,
        (&seen.actor, "external.found"),
        "",
        seen.now,
    )?;
    Ok(id)
}

/// Tells the audit how a refund made elsewhere stands after what was done. What others wrote
/// stands behind the facts (`domain::history`).
pub(super) fn tell(
    connection: &Connection,
    id: i64,
    (actor, action): (&str, &str),
    also: &str,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let found = one(connection, id)?;
    let linked = found.linked.map(|id| id.to_string());
    let on_top = match found.compensation.is_positive() {
        true => format!(" compensation={}", found.compensation),
        false => String::new(),
    };
    let detail = format!(
        "external={id} amount={}{on_top} state={} linked={} source={}{also} provider_refund={}",
        found.amount,
        found.state.name(),
        linked.as_deref().unwrap_or("-"),
        found.source.name(),
        found.provider_refund_id.as_deref().unwrap_or("-"),
    );
    note(connection, found.payment, actor, action, &detail, at)
}

/// An entry of the audit about the money of a payment.
pub(super) fn note(
    connection: &Connection,
    payment: PaymentId,
    actor: &str,
    action: &str,
    detail: &str,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let subject = payment.to_string();
    audit::append(
        connection,
        &Deed {
            at,
            actor,
            action,
            subject: &subject,
            detail,
        },
    )
}

/// What is known never becomes less: of two amounts the larger counts, and a move that makes no
/// sense is only a discrepancy. `None`: nothing new, or older than what is known (T22).
/// Compensation of which nothing was known is news.
fn see_again(
    connection: &Connection,
    id: i64,
    seen: &Sighting,
) -> Result<Option<i64>, LedgerError> {
    let known = one(connection, id)?;
    if millis(seen.seen_at) < millis(known.last_seen) {
        return Ok(None);
    }
    let moves = known.state.may_become(seen.state);
    let on_top = seen.compensation.unwrap_or(known.compensation);
    let contradicts = known.payment != seen.payment
        || known.amount != seen.amount
        || known.compensation != on_top && known.compensation.is_positive()
        || known.state != seen.state && !moves;
    if contradicts {
        let detail = format!(
            "{}: {} {} was said, {} {} is known",
            seen.provider_refund_id.as_deref().unwrap_or("-"),
            amounts(seen.amount, on_top),
            seen.state.name(),
            known.amounts(),
            known.state.name()
        );
        let kind = DiscrepancyKind::External;
        discrepancy::open(connection, known.payment, None, kind, &detail, seen.now)?;
    }
    if known.payment != seen.payment {
        return Ok(None);
    }
    let state = if moves { seen.state } else { known.state };
    // More is known only from a newer sighting, which the database holds it to; two may fall into
    // one millisecond.
    let rises = on_top.minor > known.compensation.minor;
    connection
        .prepare_cached(
            "UPDATE external_refunds SET state = ?2, amount_minor = max(amount_minor, ?3), last_seen = ?4,
                 compensation_minor = max(compensation_minor, ?5)
             WHERE seq = ?1",
        )?
        .execute(params![
            id,
            state.name(),
            seen.amount.minor,
            millis(seen.seen_at).max(millis(known.last_seen) + i64::from(rises)),
            on_top.minor,
        ])?;
    if moves || rises || known.amount != seen.amount {
        tell(
            connection,
            id,
            (&seen.actor, "external.changed"),
            "",
            seen.now,
        )?;
        return Ok(Some(id));
    }
    Ok(None)
}

/// Ours by the provider's id or by our reference: then it is evidence about ours.
fn believe(
    connection: &Connection,
    id: i64,
    account: &str,
    seen: &Sighting,
) -> Result<(), LedgerError> {
    let found = one(connection, id)?;
    let ours = match found.linked {
        Some(ours) => Some(ours),
        None => ours(connection, account, seen)?,
    };
    let Some(ours) = ours else { return Ok(()) };
    if found.linked.is_none() {
        if let Some(known) = other_id(connection, ours, seen)? {
            return second_payout(connection, &found, ours, &known, seen.now);
        }
        set_link(connection, id, Some(ours))?;
        tell(
            connection,
            id,
            (&seen.actor, "external.linked"),
            "",
            seen.now,
        )?;
    }
    let status = match found.state {
        ExternalState::Pending => Reported::Pending,
        ExternalState::Done => Reported::Succeeded,
        ExternalState::Failed => Reported::Failed,
        ExternalState::Reversed => Reported::Reversed,
    };
    let record = Record {
        id: ours,
        event: Event::Evidence(Evidence::Report {
            status,
            amount: Some(seen.amount),
        }),
        actor: seen.actor.clone(),
        note: None,
        observation: Some(observation(
            &found,
            &format!("found in {}", seen.origin),
            seen.now,
        )),
        provider_refund_id: seen.provider_refund_id.clone(),
        trace: None,
        unpaid: None,
        fence: None,
        exchange: None,
        cadence: seen.cadence,
        now: seen.now,
    };
    evidence::apply(connection, &record).map(|_| ())
}

fn observation(found: &ExternalRefund, said: &str, at: DateTime<Utc>) -> Observation {
    Observation {
        at,
        source: ObservationSource::Import,
        attempt: None,
        meaning: format!("{} {}", found.state.name(), found.amount),
        http_status: None,
        said: said.to_owned(),
        support_id: None,
        raw: None,
    }
}
