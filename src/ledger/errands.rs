//! What is to be asked of or told to a network besides refunds: queued on disk, tried until it is
//! done, always under the same key. None of it moves money.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::Ledger;
use super::error::LedgerError;
use super::network::tell;
use super::row::{millis, time};
use crate::domain::money::{Currency, Money};

/// What an errand is about. Ids are the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrandAbout {
    /// Has the creditor's side paid this refund?
    RefundStatus {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
    },
    /// This refund was paid, as the network asked: with what is looked up when it is told.
    RefundPaid {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
        /// The id of the question.
        retrieval: String,
    },
    /// How a payment stands that was asked about: what was paid of it is looked up when it is
    /// queued, so that it says the same however often it is tried.
    PaymentAdvice {
        /// The payment.
        payment: String,
        /// The id of the question.
        retrieval: Option<String>,
        /// Who paid, where the question named it.
        debtor: Option<String>,
    },
}

/// An errand to queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewErrand {
    /// The account.
    pub account: String,
    /// What about.
    pub about: ErrandAbout,
    /// The idempotency key.
    pub key: String,
    /// Who wants it.
    pub by: String,
    /// Now.
    pub at: DateTime<Utc>,
}

/// An errand that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedErrand {
    /// Our number of it.
    pub id: i64,
    /// The account.
    pub account: String,
    /// What about.
    pub about: ErrandAbout,
    /// Who paid, in the network's word.
    pub debtor: Option<String>,
    /// What was paid, for an advice.
    pub paid: Option<Money>,
    /// The idempotency key.
    pub key: String,
    /// When it was queued.
    pub at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: u32,
}

impl Ledger {
    /// Queues an errand.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_errand(&self, errand: NewErrand) -> Result<(), LedgerError> {
        self.write(move |connection| queue(connection, &errand))
            .await
    }

    /// The errands that are due, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn errands_due(
        &self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<QueuedErrand>, LedgerError> {
        self.read(move |connection| due(connection, now, most))
            .await
    }

    /// Takes an errand up: until `again_at` nobody else does. False when another process has it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_errand(
        &self,
        id: i64,
        now: DateTime<Utc>,
        again_at: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.write(move |connection| {
            let taken = connection
                .prepare_cached(
                    "UPDATE errands SET due_at = ?3, tries = tries + 1
                     WHERE seq = ?1 AND due_at <= ?2 AND done_at IS NULL",
                )?
                .execute(params![id, millis(now), millis(again_at)])?;
            Ok(taken == 1)
        })
        .await
    }

    /// Puts an errand off untried.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put_off_errand(&self, id: i64, at: DateTime<Utc>) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE errands SET due_at = ?2 WHERE seq = ?1 AND done_at IS NULL",
                )?
                .execute(params![id, millis(at)])?;
            Ok(())
        })
        .await
    }

    /// Notes what came of an errand: it is over, or tried again at a time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_errand(
        &self,
        errand: QueuedErrand,
        said: String,
        again_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE errands SET due_at = coalesce(?2, due_at), said = ?3,
                         done_at = CASE WHEN ?2 IS NULL THEN ?4 END
                     WHERE seq = ?1 AND done_at IS NULL",
                )?
                .execute(params![errand.id, again_at.map(millis), said, millis(now)])?;
            if again_at.is_some() {
                return Ok(());
            }
            let detail = format!("{} key={}: {said}", name(&errand.about), errand.key);
            let about = (errand.account.as_str(), payment(&errand.about));
            tell(connection, about, ("desk", "errand.ended"), &detail, now)
        })
        .await
    }
}

const fn name(about: &ErrandAbout) -> &'static str {
    match about {
        ErrandAbout::RefundStatus { .. } => "refund_status",
        ErrandAbout::RefundPaid { .. } => "refund_paid",
        ErrandAbout::PaymentAdvice { .. } => "payment_advice",
    }
}

fn payment(about: &ErrandAbout) -> &str {
    match about {
        ErrandAbout::RefundStatus { payment, .. }
        | ErrandAbout::RefundPaid { payment, .. }
        | ErrandAbout::PaymentAdvice { payment, .. } => payment,
    }
}

/// Queues an errand in the caller's transaction.
pub(super) fn queue(connection: &Connection, errand: &NewErrand) -> Result<(), LedgerError> {
    let (refund, retrieval, debtor, advises) = match &errand.about {
        ErrandAbout::RefundStatus { refund, .. } => (Some(refund), None, None, false),
        ErrandAbout::RefundPaid {
            refund, retrieval, ..
        } => (Some(refund), Some(retrieval), None, false),
        ErrandAbout::PaymentAdvice {
            retrieval, debtor, ..
        } => (None, retrieval.as_ref(), debtor.as_ref(), true),
    };
    let payment = payment(&errand.about);
    connection
        .prepare_cached(
            "INSERT INTO errands (account, kind, provider_payment_id, refund, retrieval, amount_minor, currency, key,
                 by_whom, at, due_at, debtor)
             SELECT ?1, ?2, ?3, ?4, ?5, paid.captured_minor, paid.currency, ?7, ?8, ?9, ?9,
                    coalesce(?10, (SELECT debtor FROM inbound_requests WHERE account = ?1 AND refund = ?4))
             FROM (SELECT 1) LEFT JOIN payments paid
                 ON ?6 AND paid.account = ?1 AND paid.provider_payment_id = ?3",
        )?
        .execute(params![
            errand.account,
            name(&errand.about),
            payment,
            refund,
            retrieval,
            advises,
            errand.key,
            errand.by,
            millis(errand.at),
            debtor,
        ])?;
    let detail = format!(
        "{} refund={} key={}",
        name(&errand.about),
        refund.map_or("-", String::as_str),
        errand.key
    );
    let about = (errand.account.as_str(), payment);
    let by = (errand.by.as_str(), "errand.queued");
    tell(connection, about, by, &detail, errand.at)
}

fn due(
    connection: &Connection,
    now: DateTime<Utc>,
    most: u32,
) -> Result<Vec<QueuedErrand>, LedgerError> {
    let found = connection
        .prepare_cached(
            "SELECT seq, account, kind, provider_payment_id, refund, retrieval, amount_minor, currency, key, at, tries,
                    debtor
             FROM errands WHERE done_at IS NULL AND due_at <= ?1 ORDER BY due_at LIMIT ?2",
        )?
        .query_map(params![millis(now), most], |row| Ok(errand(row)))?
        .collect::<Result<Vec<_>, _>>()?;
    found.into_iter().collect()
}

fn errand(row: &Row<'_>) -> Result<QueuedErrand, LedgerError> {
    let (kind, payment): (String, String) = (row.get(2)?, row.get(3)?);
    let refund: Option<String> = row.get(4)?;
    let minor: Option<i64> = row.get(6)?;
    let currency: Option<String> = row.get(7)?;
    let currency = currency
        .map(|code| Currency::from_code(&code))
        .transpose()?;
    let retrieval: Option<String> = row.get(5)?;
    Ok(QueuedErrand {
        id: row.get(0)?,
        account: row.get(1)?,
        about: match (kind.as_str(), refund, retrieval) {
            ("refund_status", Some(refund), _) => ErrandAbout::RefundStatus { payment, refund },
            ("refund_paid", Some(refund), Some(retrieval)) => ErrandAbout::RefundPaid {
                payment,
                refund,
                retrieval,
            },
            ("payment_advice", _, retrieval) => ErrandAbout::PaymentAdvice {
                payment,
                retrieval,
                debtor: row.get(11)?,
            },
            _ => return Err(LedgerError::Damaged(kind)),
        },
        debtor: row.get(11)?,
        paid: minor
            .zip(currency)
            .map(|(minor, currency)| Money::new(minor, currency)),
        key: row.get(8)?,
        at: time(row.get(9)?),
        tries: row.get(10)?,
    })
}
