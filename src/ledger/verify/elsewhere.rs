//! What was refunded elsewhere and what is in dispute: it weighs on the balance like our own refunds.

use std::collections::HashMap;

use rusqlite::Connection;

use super::Verdict;
use crate::domain::balance::Figures;
use crate::domain::dispute::DisputeFigures;
use crate::domain::external::ExternalFigures;
use crate::domain::finding::{Finding, Flaw};
use crate::domain::id::PaymentId;
use crate::domain::money::{Currency, Money, MoneyError};
use crate::ledger::error::LedgerError;
use crate::ledger::{disputes, external};

/// The evidence about one payment, each with the capture it names.
struct Evidence {
    external: Vec<(Option<i64>, ExternalFigures)>,
    disputes: Vec<(Option<i64>, DisputeFigures)>,
}

/// The evidence by payment; most payments have none.
pub(super) struct Elsewhere(HashMap<i64, Evidence>);

impl Elsewhere {
    /// Reads it for all payments, or for one.
    pub(super) fn read(
        connection: &Connection,
        only: Option<PaymentId>,
    ) -> Result<Self, LedgerError> {
        let clause = match only {
            Some(_) => "payment_id = ?1",
            None => "?1 = 0",
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT p.id, p.currency FROM payments p WHERE p.id IN (
                 SELECT payment_id FROM external_refunds WHERE {clause}
                 UNION SELECT payment_id FROM disputes WHERE {clause})"
        ))?;
        let mut rows = statement.query([only.map_or(0, PaymentId::as_i64)])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let currency = Currency::from_code(&row.get::<_, String>(1)?)?;
            let payment = PaymentId::from_i64(id);
            let evidence = Evidence {
                external: external::figures(connection, payment, currency)?,
                disputes: disputes::figures(connection, payment, currency)?,
            };
            found.insert(id, evidence);
        }
        Ok(Self(found))
    }

    /// Adds what names this capture of a payment; none: what names no capture.
    pub(super) fn added_to(
        &self,
        figures: Figures,
        payment: i64,
        capture: Option<i64>,
    ) -> Result<Figures, MoneyError> {
        let Some(evidence) = self.0.get(&payment) else {
            return Ok(figures);
        };
        let external: Vec<ExternalFigures> = naming(&evidence.external, capture);
        let disputes: Vec<DisputeFigures> = naming(&evidence.disputes, capture);
        figures.with_evidence(&external, &disputes)
    }
}

/// Compensation paid elsewhere is part of no balance: the audit told of all there is.
pub(super) fn compare(
    connection: &Connection,
    told: &HashMap<i64, Money>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, payment_id, compensation_minor, currency FROM external_refunds ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let currency = Currency::from_code(&row.get::<_, String>(3)?)?;
        let written = Money::new(row.get(2)?, currency);
        let told = told.get(&row.get(0)?).copied();
        let told = told.unwrap_or(Money::zero(currency));
        if written != told {
            let id = PaymentId::from_i64(row.get(1)?);
            let detail = format!(
                "payment {id}: compensation paid elsewhere is written as {written}, the audit says {told}"
            );
            verdict.add(Finding::of_payment(Flaw::Balance, id, detail));
        }
    }
    Ok(())
}

fn naming<T: Clone>(all: &[(Option<i64>, T)], capture: Option<i64>) -> Vec<T> {
    all.iter()
        .filter(|(of, _)| *of == capture)
        .map(|(_, figures)| figures.clone())
        .collect()
}
