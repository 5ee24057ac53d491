//! Balances: captures as they were written, and every figure as it follows from what happened.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::Verdict;
use super::elsewhere::Elsewhere;
use crate::domain::balance::{self, Figures, RefundFigures};
use crate::domain::finding::{Finding, Flaw};
use crate::domain::id::PaymentId;
use crate::domain::money::{Currency, Money};
use crate::domain::state::State;
use crate::ledger::error::LedgerError;
use crate::ledger::seal::Sealed;

/// What follows for a payment from its captures.
struct Sums {
    captures: i64,
    captured_at: Option<i64>,
    settled_at: Option<i64>,
    all_settled: bool,
    figures: Figures,
}

/// Checks the captures and payments, of one payment if given.
pub(super) fn check(
    connection: &Connection,
    only: Option<PaymentId>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    let refunds = refunds(connection, only)?;
    let elsewhere = Elsewhere::read(connection, only)?;
    let (clause, parameter) = match only {
        Some(id) => ("payments.id = ?1", id.as_i64()),
        None => ("?1 = 0", 0),
    };
    // The order lets one pass do: a payment, then its captures, then the next.
    let mut statement = connection.prepare_cached(&format!(
        "SELECT payments.id, payments.account, payments.provider_payment_id, payments.currency, payments.captures,
                payments.captured_at, payments.settled_at, payments.captured_minor, payments.executed_minor,
                payments.held_minor, payments.disputed_minor,
                captures.seq, captures.captured_at, captures.settled_at, captures.captured_minor,
                captures.executed_minor, captures.held_minor, captures.disputed_minor,
                captures.seal IS {}
         FROM payments LEFT JOIN captures ON captures.payment_id = payments.id
         WHERE {clause} ORDER BY payments.id",
        Sealed::Captures.sql()
    ))?;
    let mut rows = statement.query([parameter])?;
    let mut open: Option<(Stored, Sums)> = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if open.as_ref().is_none_or(|(stored, _)| stored.id != id) {
            if let Some((stored, sums)) = open.take() {
                payment(&stored, &sums, &elsewhere, verdict)?;
            }
            let stored = Stored::read(row)?;
            let sums = Sums::none(stored.figures.captured.currency);
            open = Some((stored, sums));
        }
        if let Some((stored, sums)) = &mut open {
            capture(row, stored, sums, (&refunds, &elsewhere), verdict)?;
        }
    }
    if let Some((stored, sums)) = open {
        payment(&stored, &sums, &elsewhere, verdict)?;
    }
    if only.is_none() {
        counts(connection, verdict)?;
    }
    Ok(())
}

/// A payment as its row has it.
struct Stored {
    id: i64,
    is_named_right: bool,
    captures: i64,
    captured_at: i64,
    settled_at: Option<i64>,
    figures: Figures,
}

impl Stored {
    fn read(row: &Row<'_>) -> Result<Self, LedgerError> {
        let id: i64 = row.get(0)?;
        let (account, provider_payment_id): (String, String) = (row.get(1)?, row.get(2)?);
        let currency = Currency::from_code(&row.get::<_, String>(3)?)?;
        Ok(Self {
            id,
            // The id is derived from both: it seals them.
            is_named_right: PaymentId::derive(&account, &provider_payment_id).as_i64() == id,
            captures: row.get(4)?,
            captured_at: row.get(5)?,
            settled_at: row.get(6)?,
            figures: figures(row, 7, currency)?,
        })
    }

    fn finding(&self, flaw: Flaw, detail: String) -> Finding {
        let id = PaymentId::from_i64(self.id);
        Finding::of_payment(flaw, id, format!("payment {id}: {detail}"))
    }
}

impl Sums {
    fn none(currency: Currency) -> Self {
        Self {
            captures: 0,
            captured_at: None,
            settled_at: None,
            all_settled: true,
            figures: Figures::captured(Money::zero(currency)),
        }
    }
}

/// Captured, executed, held and disputed, in this order from a column on.
fn figures(row: &Row<'_>, first: usize, currency: Currency) -> rusqlite::Result<Figures> {
    let money = |column| row.get(column).map(|minor| Money::new(minor, currency));
    Ok(Figures {
        captured: money(first)?,
        executed: money(first + 1)?,
        held: money(first + 2)?,
        disputed: money(first + 3)?,
    })
}

fn capture(
    row: &Row<'_>,
    stored: &Stored,
    sums: &mut Sums,
    (refunds, elsewhere): (&HashMap<i64, Vec<RefundFigures>>, &Elsewhere),
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    let Some(seq) = row.get::<_, Option<i64>>(11)? else {
        return Ok(());
    };
    let currency = stored.figures.captured.currency;
    let (captured_at, settled_at): (i64, Option<i64>) = (row.get(12)?, row.get(13)?);
    let written = figures(row, 14, currency)?;
    if !row.get::<_, bool>(18)? {
        let detail = "a capture is not as it was written".to_owned();
        verdict.add(stored.finding(Flaw::Seal, detail));
    }
    let own = refunds.get(&seq).into_iter().flatten().copied();
    let none = Money::zero(currency);
    let computed = balance::compute(written.captured, own, none, none)
        .and_then(|figures| elsewhere.added_to(figures, stored.id, Some(seq)));
    match computed {
        Ok(computed) => compare(stored, &written, &computed, "its refunds", verdict),
        Err(error) => {
            let detail = format!("its refunds do not add up: {error}");
            verdict.add(stored.finding(Flaw::Balance, detail));
        }
    }
    sums.captures += 1;
    sums.captured_at = Some(
        sums.captured_at
            .map_or(captured_at, |at| at.min(captured_at)),
    );
    sums.settled_at = sums.settled_at.max(settled_at);
    sums.all_settled &= settled_at.is_some();
    sums.figures = sums.figures.saturating_plus(&written);
    Ok(())
}

fn payment(
    stored: &Stored,
    sums: &Sums,
    elsewhere: &Elsewhere,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    verdict.payments += 1;
    if !stored.is_named_right {
        let detail = "its account or provider's id is not what it was".to_owned();
        verdict.add(stored.finding(Flaw::Seal, detail));
    }
    let computed = elsewhere.added_to(sums.figures, stored.id, None)?;
    compare(stored, &stored.figures, &computed, "its captures", verdict);
    let settled_at = sums.settled_at.filter(|_| sums.all_settled);
    let dates = sums.captured_at == Some(stored.captured_at) && settled_at == stored.settled_at;
    if sums.captures != stored.captures || !dates {
        let detail = "number or dates of its captures are not what they were".to_owned();
        verdict.add(stored.finding(Flaw::Balance, detail));
    }
    Ok(())
}

fn compare(
    stored: &Stored,
    written: &Figures,
    computed: &Figures,
    from: &str,
    verdict: &mut Verdict,
) {
    for (what, written, computed) in [
        ("paid", written.captured, computed.captured),
        ("refunded", written.executed, computed.executed),
        ("held", written.held, computed.held),
        ("disputed", written.disputed, computed.disputed),
    ] {
        if written != computed {
            let detail = format!("{what} is written as {written}, {from} make it {computed}");
            verdict.add(stored.finding(Flaw::Balance, detail));
        }
    }
}

/// What each capture's refunds weigh, by the capture's place.
fn refunds(
    connection: &Connection,
    only: Option<PaymentId>,
) -> Result<HashMap<i64, Vec<RefundFigures>>, LedgerError> {
    let clause = match only {
        Some(_) => "capture_seq IN (SELECT seq FROM captures WHERE payment_id = ?1)",
        None => "?1 = 0",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT capture_seq, state, amount_minor, reported_minor, proven_minor, currency FROM refunds WHERE {clause}"
    ))?;
    let mut rows = statement.query(params![only.map_or(0, PaymentId::as_i64)])?;
    let mut found: HashMap<i64, Vec<RefundFigures>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let currency = Currency::from_code(&row.get::<_, String>(5)?)?;
        let money = |minor| Money::new(minor, currency);
        let state: String = row.get(1)?;
        found.entry(row.get(0)?).or_default().push(RefundFigures {
            state: State::from_name(&state).ok_or(LedgerError::Damaged(state))?,
            requested: money(row.get(2)?),
            reported: row.get::<_, Option<i64>>(3)?.map(money),
            proven: row.get::<_, Option<i64>>(4)?.map(money),
        });
    }
    Ok(found)
}

/// How many payments an account has.
fn counts(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(
        "SELECT name FROM accounts a
         LEFT JOIN (SELECT account, count(*) AS counted FROM payments NOT INDEXED GROUP BY account) p
             ON p.account = a.name
         WHERE a.payments <> coalesce(counted, 0)",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account: String = row.get(0)?;
        verdict.add(Finding::of_all(
            Flaw::Balance,
            format!("account {account} has another number of payments than is written"),
        ));
    }
    Ok(())
}
