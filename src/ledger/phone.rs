//! What belongs to a call: the payments of one payer or order on all accounts, with everything
//! about them.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::time;
use super::transfers::{self, TransferFilter};
use super::{disputes, external, payments, refunds};
use crate::domain::dispute::Dispute;
use crate::domain::external::ExternalRefund;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::listing::RefundFilter;
use crate::domain::payment::Payment;
use crate::domain::phone::Kin;
use crate::domain::refund::Refund;
use crate::domain::transfer::{Transfer, TransferState};

/// Nobody speaks of more payments in one call.
const MOST: usize = 40;

/// The payments that are kin to one, each with why; nearest first, then newest.
///
/// Each way is an index. A name may be that of many: not all of them are looked at.
const KIN: &str = "SELECT k.id, min(k.rank) FROM (
         SELECT ?1 AS id, 0 AS rank
         UNION ALL SELECT id, 1 FROM payments WHERE order_ref = ?2
         UNION ALL SELECT payment_id, 2 FROM payment_names WHERE kind = 'customer_id' AND name = ?3
         UNION ALL SELECT payment_id, 3 FROM payers WHERE email = ?4
         UNION ALL SELECT payment_id, 4 FROM (SELECT payment_id FROM payers WHERE name = ?5 LIMIT 1000)
     ) k JOIN payments p ON p.id = k.id GROUP BY k.id ORDER BY min(k.rank), p.captured_at DESC, k.id LIMIT ?6";

/// Everything about one payment of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// Why it belongs to the call.
    pub kin: Kin,
    /// The payment.
    pub payment: Payment,
    /// Its refunds, newest first.
    pub refunds: Vec<Sent>,
    /// Its refunds that were made elsewhere.
    pub external: Vec<ExternalRefund>,
    /// Its disputes.
    pub disputes: Vec<Dispute>,
}

/// A refund and when it went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The refund.
    pub refund: Refund,
    /// When it first went out and was not proven unexecuted; with a bank transfer, when that was paid.
    pub sent: Option<DateTime<Utc>>,
    /// Our reference of its last attempt.
    pub correlation: Option<String>,
    /// Its bank leg, oldest try first.
    pub transfers: Vec<Transfer>,
}

impl Ledger {
    /// What belongs to the call about a payment, nearest first, and whether there is more.
    ///
    /// # Errors
    /// There is no such payment; the database failed.
    pub async fn relatives(
        &self,
        payment: PaymentId,
    ) -> Result<(Vec<Relative>, bool), LedgerError> {
        self.read(move |connection| relatives(connection, payment))
            .await
    }

    /// A refund of a payment, and when it went out.
    ///
    /// # Errors
    /// There is no such refund; the database failed.
    pub async fn sent(&self, refund: RefundId) -> Result<Sent, LedgerError> {
        self.read(move |connection| {
            let found = refunds::one(connection, refund)?;
            let summary = found.ok_or(LedgerError::NotFound("refund"))?;
            sent(connection, summary.refund)
        })
        .await
    }
}

fn relatives(
    connection: &Connection,
    payment: PaymentId,
) -> Result<(Vec<Relative>, bool), LedgerError> {
    let asked = payments::one(connection, payment)?.ok_or(LedgerError::NotFound("payment"))?;
    let mut kin = kin(connection, &asked)?;
    let more = kin.len() > MOST;
    kin.truncate(MOST);
    let all = kin
        .into_iter()
        .map(|(id, kin)| relative(connection, id, kin))
        .collect::<Result<_, _>>()?;
    Ok((all, more))
}

fn kin(connection: &Connection, asked: &Payment) -> Result<Vec<(PaymentId, Kin)>, LedgerError> {
    let detail = |name: &str| {
        let found = asked.details.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let values = params![
        asked.id.as_i64(),
        asked.order,
        detail("customer_id"),
        detail("email"),
        asked.payer,
        limit
    ];
    let found = connection
        .prepare_cached(KIN)?
        .query_map(values, |row| Ok((row.get(0)?, row.get::<_, u16>(1)?)))?
        .map(|row| {
            let (id, rank) = row?;
            let kin = Kin::ALL
                .get(usize::from(rank))
                .copied()
                .unwrap_or(Kin::Name);
            Ok((PaymentId::from_i64(id), kin))
        })
        .collect::<Result<_, rusqlite::Error>>()?;
    Ok(found)
}

fn relative(connection: &Connection, id: PaymentId, kin: Kin) -> Result<Relative, LedgerError> {
    let filter = RefundFilter {
        payment: Some(id),
        ..RefundFilter::default()
    };
    let found = refunds::list(connection, &filter)?;
    Ok(Relative {
        kin,
        payment: payments::one(connection, id)?.ok_or(LedgerError::NotFound("payment"))?,
        refunds: found
            .into_iter()
            .map(|summary| sent(connection, summary.refund))
            .collect::<Result<_, _>>()?,
        external: external::of_payment(connection, id)?,
        disputes: disputes::of_payment(connection, id)?,
    })
}

fn sent(connection: &Connection, refund: Refund) -> Result<Sent, LedgerError> {
    let of_it = TransferFilter {
        refund: Some(refund.id),
        ..TransferFilter::default()
    };
    let transfers = transfers::list(connection, &of_it)?;
    let id = refund.id.to_string();
    // Where a bank pays, the network's first word is not the money.
    let sent = match transfers.is_empty() {
        true => connection
            .prepare_cached(
                "SELECT min(at) FROM sends WHERE refund_id = ?1 AND step = 'refund' AND not_executed = 0",
            )?
            .query_row([&id], |row| row.get::<_, Option<i64>>(0))?
            .map(time),
        false => transfers
            .iter()
            .find(|it| it.state == TransferState::Paid)
            .map(|it| it.since),
    };
    let correlation = connection
        .prepare_cached(
            "SELECT max(correlation) FROM attempts a WHERE refund_id = ?1 AND step = 'refund' AND number =
                 (SELECT max(number) FROM attempts WHERE refund_id = a.refund_id AND step = 'refund')",
        )?
        .query_row([&id], |row| row.get(0))?;
    Ok(Sent {
        refund,
        sent,
        correlation,
        transfers,
    })
}

#[cfg(test)]
pub(super) fn kin_plan(connection: &Connection) -> String {
    super::tests::plan(connection, KIN, [])
}
