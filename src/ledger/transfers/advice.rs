//! The payer's bank names an account: the refund is accepted, and its transfer is due.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::discrepancy;
use super::super::error::LedgerError;
use super::super::evidence::{self, Record};
use super::super::refunds::{self, RefundSummary};
use super::super::row::millis;
use super::super::{journalled, personal};
use super::{in_force, tell};
use crate::domain::bank::BankAccount;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::refund::Refund;
use crate::domain::state::State;
use crate::domain::transfer;
use crate::failpoint;

/// The refund that a network means by its ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// This one: it has that id, or is the only one of its payment whose id is not known yet.
    Refund(RefundId),
    /// None of ours, but of this payment of ours.
    Payment(PaymentId),
    /// Nothing of ours.
    Nothing,
}

/// What a network advises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advising {
    /// Pay it to this account.
    Account(BankAccount),
    /// An account that cannot be read.
    Unreadable,
    /// The payer's bank declines, in these words.
    Declined(String),
}

/// What became of an advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advised {
    /// It counted.
    Taken,
    /// It was known.
    Known,
    /// It contradicts what is known; nothing was replaced.
    Contradicts,
}

impl Ledger {
    /// Which refund a network means.
    ///
    /// # Errors
    /// The database failed.
    pub async fn meant(
        &self,
        account: String,
        payment: String,
        refund: String,
    ) -> Result<Meant, LedgerError> {
        self.read(move |connection| meant(connection, &account, &payment, &refund))
            .await
    }

    /// Writes an advice down, once. `record` holds the evidence that it is.
    ///
    /// # Errors
    /// No such refund; the database failed. Nothing was written.
    pub async fn advise(
        &self,
        record: Record,
        advising: Advising,
    ) -> Result<(Advised, RefundSummary), LedgerError> {
        let now = record.now;
        let (done, owes) = self
            .write(move |connection| {
                let advised = advise(connection, &record, &advising)?;
                let summary =
                    refunds::one(connection, record.id)?.ok_or(LedgerError::NotFound("refund"))?;
                Ok(((advised, summary), journalled::owes(connection)?))
            })
            .await?;
        if owes {
            self.journal_disproved(now).await;
        }
        Ok(done)
    }

    /// An advice for a refund that we do not know: kept until a person has found out about it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn advised_nothing(
        &self,
        account: String,
        payment: Option<PaymentId>,
        detail: String,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| match payment {
            Some(payment) => {
                let kind = DiscrepancyKind::BankLeg;
                discrepancy::open(connection, payment, None, kind, &detail, now)
            }
            None => {
                super::loose::loose_end(connection, Some(&account), "advice", &detail, None, now)
            }
        })
        .await
    }
}

fn meant(
    connection: &Connection,
    account: &str,
    payment: &str,
    refund: &str,
) -> Result<Meant, LedgerError> {
    let of_payment: Option<i64> = super::optional(
        connection
            .prepare_cached(
                "SELECT id FROM payments WHERE account = ?1 AND provider_payment_id = ?2",
            )?
            .query_row([account, payment], |row| row.get(0)),
    )?;
    let Some(of_payment) = of_payment else {
        return Ok(Meant::Nothing);
    };
    // One that is known by its id; else the only one that was sent and has none yet.
    let ids: Vec<(String, bool)> = connection
        .prepare_cached(
            "SELECT id, provider_refund_id IS NOT NULL FROM refunds
             WHERE payment_id = ?1 AND kind = 'refund'
               AND (provider_refund_id = ?2
                    OR provider_refund_id IS NULL AND state IN ('submitting', 'unknown'))",
        )?
        .query_map(params![of_payment, refund], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let known = ids.iter().find(|(_, known)| *known);
    let only = match ids.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    match known.or(only) {
        Some((id, _)) => id
            .parse()
            .map(Meant::Refund)
            .map_err(|_| LedgerError::Damaged(id.clone())),
        None => Ok(Meant::Payment(PaymentId::from_i64(of_payment))),
    }
}

fn advise(
    connection: &Connection,
    record: &Record,
    advising: &Advising,
) -> Result<Advised, LedgerError> {
    let refund = refunds::one(connection, record.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    match (in_force(connection, record.id)?, advising) {
        (Some(known), Advising::Account(account)) => {
            again(connection, record, &refund, &known, account)
        }
        (Some(_), Advising::Unreadable) => Ok(Advised::Known),
        (Some(known), Advising::Declined(words)) => {
            let detail = format!(
                "the payer's bank declines ({words}) after it had named account …{}",
                known.last4
            );
            contradict(connection, record, &refund, &detail)
        }
        (None, Advising::Account(account)) => first(connection, record, &refund, account),
        (None, Advising::Unreadable | Advising::Declined(_)) => {
            evidence::apply(connection, record)?;
            Ok(Advised::Taken)
        }
    }
}

/// The first account that is named is the one that counts.
fn first(
    connection: &Connection,
    record: &Record,
    refund: &Refund,
    account: &BankAccount,
) -> Result<Advised, LedgerError> {
    let change = evidence::apply(connection, record)?;
    if change.summary.refund.state != State::ActionRequired {
        // It has ended, or was never sent: that is a discrepancy by now, and nothing is due.
        return Ok(Advised::Contradicts);
    }
    failpoint::reach("advice.recorded");
    let number = personal::keep(connection, account, record.now)?;
    let kept = personal::kept(connection, number)?.ok_or(LedgerError::NotFound("bank account"))?;
    let detail = format!(
        "account=…{} sha256={} refund_at_network={}",
        kept.last4,
        kept.sha256,
        record.provider_refund_id.as_deref().unwrap_or("-")
    );
    let subject = record.id.to_string();
    tell(
        connection,
        &subject,
        &record.actor,
        "account.advised",
        &detail,
        record.now,
    )?;
    due(
        connection,
        record.id,
        1,
        refund.content.amount,
        number,
        record.now,
    )?;
    failpoint::reach("advice.written");
    Ok(Advised::Taken)
}

/// Makes the next try due. There is nothing to ask the provider about it.
pub(super) fn due(
    connection: &Connection,
    id: RefundId,
    number: u32,
    amount: Money,
    account_ref: i64,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let subject = id.to_string();
    let end_to_end = transfer::end_to_end(id, number);
    connection
        .prepare_cached(
            "INSERT INTO transfers (refund_id, number, end_to_end, amount_minor, currency, account_ref, state, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'due', ?7)",
        )?
        .execute(params![
            subject,
            number,
            end_to_end,
            amount.minor,
            amount.currency.code(),
            account_ref,
            millis(now)
        ])?;
    connection
        .prepare_cached("UPDATE refunds SET due_at = NULL WHERE id = ?1")?
        .execute([&subject])?;
    let detail = format!("number={number} end_to_end={end_to_end} amount={amount}");
    tell(connection, &subject, "desk", "transfer.due", &detail, now)
}

fn again(
    connection: &Connection,
    record: &Record,
    refund: &Refund,
    known: &transfer::Transfer,
    account: &BankAccount,
) -> Result<Advised, LedgerError> {
    let number: i64 = connection
        .prepare_cached("SELECT account_ref FROM transfers WHERE end_to_end = ?1")?
        .query_row([&known.end_to_end], |row| row.get(0))?;
    let kept = personal::kept(connection, number)?.ok_or(LedgerError::NotFound("bank account"))?;
    let same = match &kept.account {
        Some(kept) => kept.number == account.number,
        // Erased long after it ended: its end is all there is to compare.
        None => kept.last4 == account.last4(),
    };
    if !same {
        let detail = format!(
            "another account is named: first …{}, now …{}; the first one stands",
            kept.last4,
            account.last4()
        );
        return contradict(connection, record, refund, &detail);
    }
    // After a restore the refund is in doubt, and this is proof that it was accepted.
    if refund.state == State::Unknown {
        evidence::apply(connection, record)?;
    }
    Ok(Advised::Known)
}

fn contradict(
    connection: &Connection,
    record: &Record,
    refund: &Refund,
    detail: &str,
) -> Result<Advised, LedgerError> {
    if let Some(observation) = &record.observation {
        evidence::observe(connection, record.id, observation, record.exchange)?;
    }
    discrepancy::open(
        connection,
        refund.content.payment,
        Some(&record.id.to_string()),
        DiscrepancyKind::BankLeg,
        detail,
        record.now,
    )?;
    Ok(Advised::Contradicts)
}
