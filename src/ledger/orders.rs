//! The payments of an order, with what became of them.

use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::{disputes, external, payments, refunds};
use crate::domain::dispute::Dispute;
use crate::domain::external::ExternalRefund;
use crate::domain::id::PaymentId;
use crate::domain::listing::RefundFilter;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

/// No order that people speak of has more payments.
const MOST: usize = 200;

/// A payment of an order.
pub struct OrderPart {
    /// The payment.
    pub payment: Payment,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Refunds of it that were made elsewhere.
    pub external: Vec<ExternalRefund>,
    /// Its disputes.
    pub disputes: Vec<Dispute>,
}

impl Ledger {
    /// The payments of an order on all accounts, oldest first, and whether there are more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn order(&self, name: String) -> Result<(Vec<OrderPart>, bool), LedgerError> {
        self.read(move |connection| {
            let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
            let mut ids: Vec<PaymentId> = connection
                .prepare_cached(
                    "SELECT id FROM payments WHERE order_ref = ?1 ORDER BY captured_at, id LIMIT ?2",
                )?
                .query_map(params![name, limit], |row| row.get(0))?
                .map(|id| id.map(PaymentId::from_i64))
                .collect::<Result<_, _>>()?;
            let more = ids.len() > MOST;
            ids.truncate(MOST);
            let parts = ids.into_iter().map(|id| part(connection, id));
            Ok((parts.collect::<Result<_, _>>()?, more))
        })
        .await
    }

    /// One payment as an order has it.
    ///
    /// # Errors
    /// There is no such payment; the database failed.
    pub async fn order_part(&self, payment: PaymentId) -> Result<OrderPart, LedgerError> {
        self.read(move |connection| part(connection, payment)).await
    }
}

fn part(connection: &Connection, id: PaymentId) -> Result<OrderPart, LedgerError> {
    let filter = RefundFilter {
        payment: Some(id),
        ..RefundFilter::default()
    };
    let found = refunds::list(connection, &filter)?;
    let payment = payments::one(connection, id)?.ok_or(LedgerError::NotFound("payment"))?;
    Ok(OrderPart {
        payment,
        refunds: found.into_iter().rev().map(|it| it.refund).collect(),
        external: external::of_payment(connection, id)?,
        disputes: disputes::of_payment(connection, id)?,
    })
}
