//! Payments: pages, sums, and one by its handle.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::Ledger;
use super::error::LedgerError;
pub use super::filter::Judgement;
use super::filter::{self, Where};
use super::pages;
use super::row::{PAYMENT_COLUMNS, PAYMENT_TABLES, payment, with_captures};
use super::search;
use crate::domain::id::PaymentId;
use crate::domain::listing::{AccountFreshness, PaymentFilter, PaymentQuery, Place, Sums, Totals};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Payment;

/// A payment and its place in the list that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedPayment {
    /// Its place, to page on from.
    pub place: Place,
    /// The payment.
    pub payment: Payment,
}

impl Ledger {
    /// A page of payments in list order, by keyset. It ends when nobody waits for it any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payments(
        &self,
        query: PaymentQuery,
        judgement: Judgement,
    ) -> Result<Vec<PlacedPayment>, LedgerError> {
        let finder = match query.filter.is_empty() {
            true => self.reader(),
            false => &self.finder,
        };
        finder
            .run_while_wanted(move |connection| {
                // A payment and its captures are read at one instant.
                pages::page(&*connection.transaction()?, &query, &judgement)
            })
            .await
    }

    /// Count and sums of a filter. It ends when nobody waits for it any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn totals(
        &self,
        filter: PaymentFilter,
        judgement: Judgement,
    ) -> Result<Totals, LedgerError> {
        self.scanner
            .run_while_wanted(move |connection| {
                // What is found and what is added up must be the same.
                let snapshot = connection.transaction()?;
                sums(&snapshot, &filter, &judgement)
            })
            .await
    }

    /// One payment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, LedgerError> {
        self.read(move |connection| one(connection, id)).await
    }

    /// The payments a handle may mean: our id, `ACCOUNT/PROVIDER_ID`, or a reference. At most
    /// `limit` of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_payments(
        &self,
        handle: String,
        limit: u32,
    ) -> Result<Vec<Payment>, LedgerError> {
        self.read(move |connection| {
            let found = find(connection, &handle, limit)?.into_iter();
            found
                .filter_map(|id| one(connection, id).transpose())
                .collect()
        })
        .await
    }

    /// When each account was last imported and synced, and how many payments of it are known.
    ///
    /// # Errors
    /// The database failed.
    pub async fn freshness(&self) -> Result<Vec<AccountFreshness>, LedgerError> {
        self.read(|connection| {
            let rows = connection
                .prepare_cached(
                    "SELECT name, imported_at, payments, synced_at FROM accounts ORDER BY name",
                )?
                .query_map([], |row| {
                    Ok(AccountFreshness {
                        account: row.get(0)?,
                        imported_at: row.get::<_, Option<i64>>(1)?.map(super::row::time),
                        synced_at: row.get::<_, Option<i64>>(3)?.map(super::row::time),
                        payments: row.get::<_, i64>(2)?.unsigned_abs(),
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
        .await
    }
}

fn sums_sql(clause: Where, judgement: &Judgement) -> (String, Vec<Value>) {
    let (can_refund, mut values) = filter::can_refund(judgement);
    let sql = format!(
        "SELECT p.currency, p.captured_minor, p.executed_minor, p.held_minor, {can_refund}
         FROM payments p {}",
        clause.sql()
    );
    values.extend(clause.into_values());
    (sql, values)
}

/// The payments of one currency, added up in minor units: in 128 bits no list is too long.
#[derive(Default)]
struct Sum {
    count: u64,
    /// Paid, refunded, held, can be refunded.
    minor: [i128; 4],
}

impl Sum {
    fn add(&mut self, row: &Row<'_>) -> Result<(), LedgerError> {
        self.count += 1;
        for (column, sum) in (1..).zip(&mut self.minor) {
            *sum += i128::from(row.get::<_, i64>(column)?);
        }
        Ok(())
    }

    fn of(&self, code: &str) -> Result<Sums, LedgerError> {
        let currency = Currency::from_code(code)?;
        let money = |minor: i128| {
            i64::try_from(minor)
                .map(|minor| Money::new(minor, currency))
                .map_err(|_| LedgerError::Uncountable(currency))
        };
        let [paid, refunded, held, can_refund] = self.minor;
        Ok(Sums {
            count: self.count,
            paid: money(paid)?,
            refunded: money(refunded)?,
            held: money(held)?,
            can_refund: money(can_refund)?,
        })
    }
}

/// Added up here, because SQLite would sort all rows by currency first.
fn sums(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> Result<Totals, LedgerError> {
    let clause = search::clause(connection, filter, judgement)?;
    let (sql, values) = sums_sql(clause, judgement);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let code = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        match sums.get_mut(code) {
            Some(sum) => sum.add(row)?,
            None => sums.entry(code.to_owned()).or_default().add(row)?,
        }
    }
    Ok(Totals {
        count: sums.values().map(|sum| sum.count).sum(),
        sums: sums
            .iter()
            .map(|(code, sum)| sum.of(code))
            .collect::<Result<_, _>>()?,
    })
}

/// One payment, in the caller's transaction.
pub(super) fn one(connection: &Connection, id: PaymentId) -> Result<Option<Payment>, LedgerError> {
    connection
        .prepare_cached(&format!(
            "SELECT {PAYMENT_COLUMNS} FROM {PAYMENT_TABLES} WHERE p.id = ?1"
        ))?
        .query_row([id.as_i64()], payment)
        .optional()?
        .map(|payment| with_captures(connection, payment))
        .transpose()
}

/// The payments of these ids, in whatever order: by one statement, which looks up what all of them
/// have in common once.
pub(super) fn all(connection: &Connection, ids: &[i64]) -> Result<Vec<Payment>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {PAYMENT_COLUMNS} FROM {PAYMENT_TABLES}
         WHERE p.id IN (SELECT value FROM json_each(?1))"
    ))?;
    let payments = statement.query_map([search::list(ids)], payment)?;
    payments
        .map(|payment| with_captures(connection, payment?))
        .collect()
}

/// Those a handle may mean, in the caller's transaction.
pub(super) fn find(
    connection: &Connection,
    handle: &str,
    limit: u32,
) -> Result<Vec<PaymentId>, LedgerError> {
    let our_id = handle.parse::<PaymentId>().map(PaymentId::as_i64).ok();
    let (account, provider_id) = handle.split_once('/').unwrap_or(("", ""));
    let ids = connection
        .prepare_cached(
            "SELECT id FROM payments WHERE id = ?1
             UNION SELECT id FROM payments WHERE account = ?2 AND provider_payment_id = ?3
             UNION SELECT id FROM payments WHERE reference = ?4
             LIMIT ?5",
        )?
        .query_map(
            rusqlite::params![our_id, account, provider_id, handle, limit],
            |row| row.get(0).map(PaymentId::from_i64),
        )?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

#[cfg(test)]
pub(super) fn sums_plan(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> String {
    let clause = search::clause(connection, filter, judgement).unwrap();
    let (sql, values) = sums_sql(clause, judgement);
    super::tests::plan(connection, &sql, values)
}
