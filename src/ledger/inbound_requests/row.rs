//! Rows of requests, with what was said about them since.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::error::LedgerError;
use super::super::row::time;
use crate::domain::inbound_request::{Confirmation, Decision, InboundRequest, OnFile, Standing};
use crate::domain::money::{Currency, Money};

pub(super) const COLUMNS: &str =
    "SELECT r.seq, r.account, r.provider_payment_id, r.refund, r.amount_minor, r.currency, r.reason, r.method,
         r.reference, r.case_ref, r.creditor, r.found, r.received_at, r.deadline, r.state, r.decided_at, r.decided_by,
         r.code, r.said, given.last4, f.seq, filed.last4
     FROM inbound_requests r
     LEFT JOIN personal given ON given.id = r.personal_id
     LEFT JOIN accounts_on_file f ON f.account = r.account AND f.provider_payment_id = r.provider_payment_id
     LEFT JOIN personal filed ON filed.id = f.personal_id AND filed.value IS NOT NULL";

pub(super) fn one(connection: &Connection, id: i64) -> Result<Option<InboundRequest>, LedgerError> {
    let found = connection
        .prepare_cached(&format!("{COLUMNS} WHERE r.seq = ?1"))?
        .query_row([id], |row| Ok(request(row)))
        .optional()?;
    found
        .map(|found| with_confirmations(connection, found?))
        .transpose()
}

pub(super) fn request(row: &Row<'_>) -> Result<InboundRequest, LedgerError> {
    let standing: String = row.get(14)?;
    let decided_at: Option<i64> = row.get(15)?;
    let decision = match decided_at {
        Some(at) => Some(Decision {
            at: time(at),
            by: row.get(16)?,
            code: row.get(17)?,
            said: row.get(18)?,
            last4: row.get(19)?,
        }),
        None => None,
    };
    let filed: Option<i64> = row.get(20)?;
    let last4: Option<String> = row.get(21)?;
    Ok(InboundRequest {
        id: row.get(0)?,
        account: row.get(1)?,
        provider_payment_id: row.get(2)?,
        refund: row.get(3)?,
        amount: money(row.get(4)?, &row.get::<_, String>(5)?)?,
        reason: row.get(6)?,
        method: row.get(7)?,
        reference: row.get(8)?,
        case: row.get(9)?,
        creditor: row.get(10)?,
        found: row.get(11)?,
        received_at: time(row.get(12)?),
        deadline: time(row.get(13)?),
        standing: Standing::from_name(&standing).ok_or(LedgerError::Damaged(standing))?,
        decision,
        on_file: filed.zip(last4).map(|(id, last4)| OnFile { id, last4 }),
        confirmations: Vec::new(),
    })
}

fn money(minor: i64, currency: &str) -> Result<Money, LedgerError> {
    Ok(Money::new(minor, Currency::from_code(currency)?))
}

pub(super) fn with_confirmations(
    connection: &Connection,
    request: InboundRequest,
) -> Result<InboundRequest, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT status, reason, reference, amount_minor, currency, at, retrieval FROM confirmations
         WHERE account = ?1 AND refund = ?2 AND provider_payment_id = ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![
        request.account,
        request.refund,
        request.provider_payment_id
    ])?;
    let mut confirmations = Vec::new();
    while let Some(row) = rows.next()? {
        let minor: Option<i64> = row.get(3)?;
        let currency: Option<String> = row.get(4)?;
        let amount = minor.zip(currency);
        confirmations.push(Confirmation {
            status: row.get(0)?,
            reason: row.get(1)?,
            reference: row.get(2)?,
            amount: amount
                .map(|(minor, currency)| money(minor, &currency))
                .transpose()?,
            at: time(row.get(5)?),
            retrieval: row.get(6)?,
        });
    }
    Ok(InboundRequest {
        confirmations,
        ..request
    })
}
