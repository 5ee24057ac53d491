//! How a request that came stands, and what the rule says to it.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::error::LedgerError;
use super::super::network::{Called, Kept, RESTORE_MATTERS, kept};
use super::super::row::millis;
use super::super::{personal, stops};
use super::{NewRequest, Situation, state};
use crate::domain::bank::BankAccount;
use crate::domain::inbound_request::{Caution, Facts, Known, Verdict, judge};
use crate::domain::money::{Currency, Money};

/// How a request stands, and the number of the account that may be given, in the caller's
/// transaction.
pub(super) fn situation(
    connection: &Connection,
    called: &Called,
    request: &NewRequest,
) -> Result<(Situation, Option<i64>), LedgerError> {
    let kept = kept(connection, called)?;
    if kept != Kept::Nothing {
        return Ok((Situation::Kept(kept), None));
    }
    let known: Option<(i64, String, i64, String)> = connection
        .prepare_cached(
            "SELECT seq, provider_payment_id, amount_minor, currency FROM inbound_requests
             WHERE account = ?1 AND (name = ?2 OR refund = ?3) ORDER BY seq LIMIT 1",
        )?
        .query_row(
            params![called.account, called.name, request.refund],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    if let Some((id, payment, minor, currency)) = known {
        let amount = (request.amount.minor, request.amount.currency.code());
        let same = payment == request.payment && (minor, currency.as_str()) == amount;
        return Ok(match same {
            true => (Situation::Known(state(connection, id)?), None),
            false => (Situation::Contradicts, None),
        });
    }
    let (on_file, account) = on_file(connection, &called.account, &request.payment)?;
    let facts = Facts {
        payment: payment(connection, called, request)?,
        on_file: account.is_some(),
        caution: caution(connection, called, request)?,
    };
    let verdict = judge(request.amount, &facts);
    let gives = (verdict == Verdict::Answer).then_some(account).flatten();
    Ok((Situation::New(verdict, gives), on_file))
}

/// The account on file, with its number in `personal`.
pub(super) fn on_file(
    connection: &Connection,
    account: &str,
    payment: &str,
) -> Result<(Option<i64>, Option<BankAccount>), LedgerError> {
    let id: Option<i64> = connection
        .prepare_cached(
            "SELECT personal_id FROM accounts_on_file WHERE account = ?1 AND provider_payment_id = ?2",
        )?
        .query_row([account, payment], |row| row.get(0))
        .optional()?;
    let kept = match id {
        Some(id) => personal::kept(connection, id)?,
        None => None,
    };
    Ok((id, kept.and_then(|kept| kept.account)))
}

fn payment(
    connection: &Connection,
    called: &Called,
    request: &NewRequest,
) -> Result<Option<Known>, LedgerError> {
    let found: Option<(i64, String, i64)> = connection
        .prepare_cached(
            "SELECT captured_minor, currency,
                 (SELECT coalesce(sum(r.amount_minor), 0) FROM inbound_requests r
                  WHERE r.account = p.account AND r.provider_payment_id = p.provider_payment_id
                    AND r.state = 'answered')
             FROM payments p WHERE provider_payment_id = ?2 AND account = ?1",
        )?
        .query_row([&called.account, &request.payment], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((paid, currency, answered)) = found else {
        return Ok(None);
    };
    let currency = Currency::from_code(&currency)?;
    Ok(Some(Known {
        paid: Money::new(paid, currency),
        answered: Money::new(answered, currency),
    }))
}

/// Why the rule must not answer, whatever the request.
fn caution(
    connection: &Connection,
    called: &Called,
    request: &NewRequest,
) -> Result<Option<Caution>, LedgerError> {
    if request.damaged {
        return Ok(Some(Caution::Damaged));
    }
    // Answers that a restore lost concern payments that were there before it.
    let restored: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM closed_for_sending c JOIN payments p
                 ON p.account = ?1 AND p.provider_payment_id = ?2 AND p.captured_at < c.closed_at
             WHERE c.closed_at > ?3 AND c.reason IN ('restore', 'journal_incomplete', 'older_than_journal'))",
        )?
        .query_row(
            params![
                called.account,
                request.payment,
                millis(called.at - RESTORE_MATTERS)
            ],
            |row| row.get(0),
        )?;
    if restored {
        return Ok(Some(Caution::Restored));
    }
    if stops::why(connection, &called.account)?.is_some() {
        return Ok(Some(Caution::Stopped));
    }
    Ok((!request.automatic).then_some(Caution::NotAutomatic))
}
