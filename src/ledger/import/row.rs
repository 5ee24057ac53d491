//! One row of a settlement file: a new payment, a further capture, news, a contradiction, or
//! nothing. Money that is known never changes by it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{ImportRow, ImportSource, details};
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::id::PaymentId;
use crate::domain::money::{LARGEST_MINOR, Money};
use crate::domain::personal::mask_name;
use crate::ledger::discrepancy::{self, Contradiction};
use crate::ledger::error::LedgerError;
use crate::ledger::external::{self, note};
use crate::ledger::names;
use crate::ledger::payers::{self, EMAIL};
use crate::ledger::row::millis;
use crate::ledger::seal::{self, Sealed};

/// What became of a row.
pub(super) enum Fate {
    /// A payment that was not known.
    NewPayment,
    /// A further capture of one that was.
    NewCapture,
    /// Something new about it.
    Updated,
    /// Known just so.
    Unchanged,
    /// Nothing of it was used, and why.
    Rejected(String),
}

/// What is known of a payment that a row may contradict.
struct Known {
    provider_payment_id: String,
    account: String,
    currency: String,
    payer: Option<String>,
}

/// Writes a row, in the caller's transaction.
pub(super) fn write(
    connection: &Connection,
    row: &ImportRow,
    file: i64,
    source: &ImportSource,
) -> Result<Fate, LedgerError> {
    let now = source.at;
    let id = PaymentId::derive(&row.account, &row.payment_id);
    let known = connection
        .prepare_cached(
            "SELECT p.provider_payment_id, p.account, p.currency, y.name
             FROM payments p LEFT JOIN payers y ON y.payment_id = p.id WHERE p.id = ?1",
        )?
        .query_row([id.as_i64()], |row| {
            Ok(Known {
                provider_payment_id: row.get(0)?,
                account: row.get(1)?,
                currency: row.get(2)?,
                payer: row.get(3)?,
            })
        })
        .optional()?;
    let Some(known) = known else {
        let capture = insert_capture(connection, id, row)?;
        insert_payment(connection, id, row, file)?;
        found_refunded(connection, id, capture, refunded(row), row, now)?;
        // The whole balance is in the row: no need to ask for it.
        if refunded(row) > row.amount.minor {
            discrepancy::open_if_overdrawn(connection, id, now)?;
        }
        return Ok(Fate::NewPayment);
    };
    if known.provider_payment_id != row.payment_id || known.account != row.account {
        return Ok(Fate::Rejected(
            "its id collides with that of another payment; tell whoever builds this desk".into(),
        ));
    }
    update(connection, id, row, &known, source)
}

fn insert_payment(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
    file: i64,
) -> Result<(), LedgerError> {
    let line = i64::try_from(row.line).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT OR FAIL INTO payments (id, account, provider_payment_id, reference, order_ref, method, scheme,
                 last4, description, details, currency, captured_at, settled_at, source_file, source_line,
                 captures, captured_minor, executed_minor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 1, ?16, ?17)",
        )?
        .execute(params![
            id.as_i64(),
            row.account,
            row.payment_id,
            row.reference,
            row.order,
            row.method,
            row.scheme,
            row.last4,
            row.description,
            details::json(&impersonal(row)),
            row.amount.currency.code(),
            millis(row.captured_at),
            row.settled_at.map(millis),
            file,
            line,
            row.amount.minor,
            refunded(row),
        ])?;
    payers::keep(connection, id, row.payer.as_deref(), email(row))?;
    names::keep(connection, id, &called(row))?;
    names::keep_details(connection, id, &row.details)
}

/// The details that are not kept with the payer.
fn impersonal(row: &ImportRow) -> Vec<(String, String)> {
    let mut details = row.details.clone();
    details.retain(|(name, _)| name != EMAIL);
    details
}

fn email(row: &ImportRow) -> Option<&str> {
    let details = row.details.iter();
    let mut emails = details.filter(|(name, text)| name == EMAIL && !text.is_empty());
    emails.next().map(|(_, text)| text.as_str())
}

/// What a payment goes by.
fn called(row: &ImportRow) -> [Option<&str>; 2] {
    [&row.reference, &row.order].map(Option::as_deref)
}

fn insert_capture(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
) -> Result<i64, LedgerError> {
    connection
        .prepare_cached(
            "INSERT OR FAIL INTO captures (payment_id, capture_id, captured_at, settled_at, captured_minor, external_minor, executed_minor, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, seal_of('captures', ?1, ?2, ?7, ?3, ?4, ?5, ?6))",
        )?
        .execute(params![
            id.as_i64(),
            row.capture_id.as_deref().unwrap_or(""),
            millis(row.captured_at),
            row.settled_at.map(millis),
            row.amount.minor,
            refunded(row),
            row.amount.currency.code(),
        ])?;
    Ok(connection.last_insert_rowid())
}

/// What the file says was paid back: not by us, as far as anyone knows.
fn refunded(row: &ImportRow) -> i64 {
    row.refunded.map_or(0, |refunded| refunded.minor)
}

/// A row about a payment that is known: a further capture, news, a contradiction, or nothing.
fn update(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
    known: &Known,
    source: &ImportSource,
) -> Result<Fate, LedgerError> {
    let now = source.at;
    if known.currency != row.amount.currency.code() {
        let detail = format!(
            "file says {}, known is {}",
            row.amount.currency, known.currency
        );
        let kind = DiscrepancyKind::FileCurrency;
        discrepancy::open(connection, id, None, kind, &detail, now)?;
        return Ok(Fate::Rejected(format!(
            "another currency than known: {detail}"
        )));
    }
    let capture: Option<(i64, i64, Option<i64>, i64)> = connection
        .prepare_cached(
            "SELECT seq, captured_minor, settled_at, external_minor FROM captures WHERE payment_id = ?1 AND capture_id = ?2",
        )?
        .query_row(
            params![id.as_i64(), row.capture_id.as_deref().unwrap_or("")],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((seq, captured, settled_at, external)) = capture else {
        return further_capture(connection, id, row, source);
    };
    if captured != row.amount.minor {
        let known = Money::new(captured, row.amount.currency);
        let detail = format!("file says {}, known is {known}", row.amount);
        let kind = DiscrepancyKind::FileAmount;
        discrepancy::open(connection, id, None, kind, &detail, now)?;
        return Ok(Fate::Rejected(format!(
            "another amount than known: {detail}"
        )));
    }
    let mut news = raise_external(connection, id, seq, external, row, source)?;
    if news {
        discrepancy::open_if_overdrawn(connection, id, now)?;
    }
    news |= settle(connection, id, seq, settled_at, row)?;
    if another_payer(connection, id, row, known, now)? {
        // What it says of the money counts all the same.
        return Ok(Fate::Rejected(
            "another payer than known; the known one stays".into(),
        ));
    }
    news |= fill_in(connection, id, row)?;
    Ok(if news { Fate::Updated } else { Fate::Unchanged })
}

fn another_payer(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
    known: &Known,
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let (Some(said), Some(known)) = (&row.payer, &known.payer) else {
        return Ok(false);
    };
    if said == known {
        return Ok(false);
    }
    let contradiction = Contradiction {
        kind: DiscrepancyKind::FilePayer,
        // What it says is kept beside it, where it can be erased: this stays for ever.
        detail: &format!(
            "file says {}, known is {}",
            mask_name(said),
            mask_name(known)
        ),
        proposed: Some(said),
    };
    discrepancy::open_one(connection, id, None, &contradiction, now)?;
    Ok(true)
}

fn further_capture(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
    source: &ImportSource,
) -> Result<Fate, LedgerError> {
    let now = source.at;
    let (unnamed, captured): (bool, i64) = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM captures WHERE payment_id = ?1 AND (capture_id = '' OR ?2 IS NULL)),
                    captured_minor FROM payments WHERE id = ?1",
        )?
        .query_row(params![id.as_i64(), row.capture_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if captured > LARGEST_MINOR - row.amount.minor {
        return Ok(Fate::Rejected(
            "with it the payment is more than the desk counts".into(),
        ));
    }
    if unnamed {
        return Ok(Fate::Rejected(
            "the payment is known with and without capture ids; it may be the same capture".into(),
        ));
    }
    let capture = insert_capture(connection, id, row)?;
    let detail = format!(
        "capture={capture} amount={} sha256={} line={}",
        row.amount, source.sha256, row.line
    );
    let action = "payment.captured";
    note(connection, id, &source.importer, action, &detail, now)?;
    if let Some(found) = found_refunded(connection, id, capture, refunded(row), row, now)? {
        tell_found(connection, found, row, source)?;
    }
    connection
        .prepare_cached(
            "UPDATE payments SET captured_at = min(captured_at, ?2),
                 settled_at = (SELECT CASE WHEN count(*) = count(settled_at) THEN max(settled_at) END
                               FROM captures WHERE payment_id = ?1)
             WHERE id = ?1",
        )?
        .execute(params![id.as_i64(), millis(row.captured_at)])?;
    if refunded(row) > row.amount.minor {
        discrepancy::open_if_overdrawn(connection, id, now)?;
    }
    Ok(Fate::NewCapture)
}

/// `refunded` raises what was paid back elsewhere, never lowers it.
fn raise_external(
    connection: &Connection,
    id: PaymentId,
    capture: i64,
    known: i64,
    row: &ImportRow,
    source: &ImportSource,
) -> Result<bool, LedgerError> {
    let Some(refunded) = row.refunded.filter(|refunded| refunded.minor > known) else {
        return Ok(false);
    };
    seal::keep(connection, Sealed::Captures, ("seq", &capture), || {
        connection
            .prepare_cached("UPDATE captures SET external_minor = ?2 WHERE seq = ?1")?
            .execute(params![capture, refunded.minor])?;
        Ok(())
    })?;
    let rise = refunded.minor - known;
    if let Some(found) = found_refunded(connection, id, capture, rise, row, source.at)? {
        tell_found(connection, found, row, source)?;
    }
    Ok(true)
}

/// What a file changes about the money of a payment that is known has its own entry; what comes
/// with a new payment is told by the entry of its file, which the payment names.
fn tell_found(
    connection: &Connection,
    found: i64,
    row: &ImportRow,
    source: &ImportSource,
) -> Result<(), LedgerError> {
    let also = format!(" sha256={} line={}", source.sha256, row.line);
    let told = (source.importer.as_str(), "external.found");
    external::tell(connection, found, told, &also, source.at)
}

/// Each rise is a refund made elsewhere, of which the file tells no more than the amount.
fn found_refunded(
    connection: &Connection,
    id: PaymentId,
    capture: i64,
    minor: i64,
    row: &ImportRow,
    now: DateTime<Utc>,
) -> Result<Option<i64>, LedgerError> {
    if minor <= 0 {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "INSERT INTO external_refunds
                 (payment_id, capture_seq, account, amount_minor, currency, state, source, origin, first_seen, last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, 'done', 'file', ?6, ?7, ?7)",
        )?
        .execute(params![
            id.as_i64(),
            capture,
            row.account,
            minor,
            row.amount.currency.code(),
            format!("settlement file, line {}", row.line),
            millis(now),
        ])?;
    Ok(Some(connection.last_insert_rowid()))
}

fn settle(
    connection: &Connection,
    id: PaymentId,
    capture: i64,
    known: Option<i64>,
    row: &ImportRow,
) -> Result<bool, LedgerError> {
    let Some(settled_at) = row.settled_at.map(millis).filter(|new| Some(*new) != known) else {
        return Ok(false);
    };
    seal::keep(connection, Sealed::Captures, ("seq", &capture), || {
        let sql = "UPDATE captures SET settled_at = ?2 WHERE seq = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.execute(params![capture, settled_at])?)
    })?;
    connection
        .prepare_cached(
            "UPDATE payments SET settled_at =
                 (SELECT CASE WHEN count(*) = count(settled_at) THEN max(settled_at) END
                  FROM captures WHERE payment_id = ?1)
             WHERE id = ?1",
        )?
        .execute([id.as_i64()])?;
    Ok(true)
}

/// Fills in what was not known; what is known stays.
fn fill_in(connection: &Connection, id: PaymentId, row: &ImportRow) -> Result<bool, LedgerError> {
    let mut news = match called(row).iter().flatten().all(|name| name.is_ascii()) {
        true => fill_in_texts(connection, id, row)?,
        false => names::renew(connection, id, || fill_in_texts(connection, id, row))?,
    };
    news |= payers::fill_in(connection, id, row.payer.as_deref(), email(row))?;
    Ok(fill_in_details(connection, id, row)? || news)
}

fn fill_in_texts(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
) -> Result<bool, LedgerError> {
    let changed = connection
        .prepare_cached(
            "UPDATE payments SET
                 reference = coalesce(reference, ?2), order_ref = coalesce(order_ref, ?3),
                 method = coalesce(method, ?4), scheme = coalesce(scheme, ?5), last4 = coalesce(last4, ?6),
                 description = coalesce(description, ?7)
             WHERE id = ?1 AND (
                 reference IS NULL AND ?2 IS NOT NULL OR order_ref IS NULL AND ?3 IS NOT NULL
                 OR method IS NULL AND ?4 IS NOT NULL OR scheme IS NULL AND ?5 IS NOT NULL
                 OR last4 IS NULL AND ?6 IS NOT NULL OR description IS NULL AND ?7 IS NOT NULL)",
        )?
        .execute(params![
            id.as_i64(),
            row.reference,
            row.order,
            row.method,
            row.scheme,
            row.last4,
            row.description,
        ])?;
    Ok(changed > 0)
}

fn fill_in_details(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
) -> Result<bool, LedgerError> {
    let said = impersonal(row);
    if said.is_empty() {
        return Ok(false);
    }
    let stored: Option<String> = connection
        .prepare_cached("SELECT details FROM payments WHERE id = ?1")?
        .query_row([id.as_i64()], |row| row.get(0))?;
    let known = details::read(stored.as_deref())?;
    let Some(merged) = details::merged(&known, &said) else {
        return Ok(false);
    };
    connection
        .prepare_cached("UPDATE payments SET details = ?2 WHERE id = ?1")?
        .execute(params![id.as_i64(), details::json(&merged)])?;
    names::keep_details(connection, id, &merged)?;
    Ok(true)
}
