//! Reserving a refund: the balance check, the refund, its hold, its routing and the audit entries
//! are one transaction.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::discrepancy;
use super::disputes;
use super::error::LedgerError;
use super::refunds::{self, RefundSummary};
use super::row::millis;
use super::seal::{self, Sealed};
use super::{closed, drafts, payments, verify};
use crate::domain::allowance;
use crate::domain::approval::WhyChecker;
use crate::domain::compensation::Wanted;
use crate::domain::eligibility::{self, Terms, Way};
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::policy::{Asked, Policy};
use crate::domain::refund::{Content, Kind};
use crate::domain::state::{ConfirmGuard, Event, Move, Standing, State, transition};
use crate::failpoint;

/// A refund to be reserved, with the facts it was decided on.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// Its id.
    pub id: RefundId,
    /// What was decided.
    pub content: Content,
    /// The caller's key of the decision.
    pub caller_key: Option<String>,
    /// The refund it replaces.
    pub supersedes: Option<RefundId>,
    /// What the maker saw as refundable.
    pub expected_available: Option<Money>,
    /// Under which terms its account refunds.
    pub terms: Terms,
    /// The policy that routes it.
    pub policy: Policy,
    /// What its maker and its account may refund, and the business day.
    pub allowed: allowance::Terms,
    /// Since when refunds to the same payment, order or payer count towards the policy's limit.
    pub approval_since: DateTime<Utc>,
    /// Since when the same amount to the same order or payer is a likely duplicate; none: it is
    /// meant.
    pub duplicates_since: Option<DateTime<Utc>>,
    /// Not sent before this.
    pub send_after: DateTime<Utc>,
    /// Past this it expires unsent.
    pub expires_at: DateTime<Utc>,
    /// The provider's word about settlement, on the refund it replaces, stands against the file's.
    pub settlement_told: bool,
    /// The dispute it answers, by our number of it: it may use the disputed amount.
    pub dispute: Option<i64>,
    /// Composed offline: waits for a release.
    pub needs_release: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Reservation {
    const fn way(&self) -> Way {
        Way {
            kind: self.content.kind,
            settlement_told: self.settlement_told,
        }
    }
}

/// What became of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// A new refund, its amount held.
    New(RefundSummary),
    /// The key named this refund already, with the same content.
    Existing(RefundSummary),
}

impl Ledger {
    /// Reserves a refund, or returns the one its key names already.
    ///
    /// # Errors
    /// [`LedgerError::OverAvailable`], [`LedgerError::OverLimit`], [`LedgerError::BalanceChanged`],
    /// [`LedgerError::OverAllowance`], [`LedgerError::RulesChanged`],
    /// [`LedgerError::Compensation`], [`LedgerError::Blocked`],
    /// [`LedgerError::KeyReused`], [`LedgerError::Untrusted`], a refusal of
    /// the state machine; nothing was written.
    pub async fn reserve(&self, reservation: Reservation) -> Result<Reserved, LedgerError> {
        self.head.trust()?;
        self.write(move |connection| reserve(connection, &reservation))
            .await
    }
}

impl Ledger {
    /// Whether a refund in place of `replaced` stands in for one that came back.
    ///
    /// # Errors
    /// The database failed.
    pub async fn follows_reversal(&self, replaced: RefundId) -> Result<bool, LedgerError> {
        self.read(move |connection| follows_reversal(connection, Some(replaced)))
            .await
    }
}

fn reserve(connection: &Connection, reservation: &Reservation) -> Result<Reserved, LedgerError> {
    if let Some(existing) = existing(connection, reservation)? {
        return Ok(Reserved::Existing(existing));
    }
    failpoint::reach("reserve.begun");
    let content = &reservation.content;
    let payment =
        payments::one(connection, content.payment)?.ok_or(LedgerError::NotFound("payment"))?;
    closed::check(connection, &payment.account)?;
    verify::trust(connection, content.payment)?;
    if discrepancy::block(connection, payment.id)?.is_some() {
        return Err(LedgerError::Blocked);
    }
    let payment = match reservation.dispute {
        Some(id) => payment.answering(&disputes::one(connection, id)?),
        None => payment,
    };
    confirm(&payment, reservation)?;
    compensation(&payment, reservation)?;
    refuse_duplicate(connection, reservation, &payment)?;
    // Before the refund itself is there to be counted.
    let recent = refunds::recent_total(connection, &payment, reservation.approval_since)?;
    if let Some(dispute) = reservation.dispute {
        disputes::answer(connection, dispute, reservation.id)?;
    }
    let allowed = super::allowance::judge(connection, reservation, &payment.account)?;
    insert(connection, reservation, &payment)?;
    failpoint::reach("reserve.inserted");
    let why = why_checker(connection, reservation, recent)?.or(allowed.why);
    let routed = route(reservation, why)?;
    connection
        .prepare_cached("UPDATE refunds SET state = ?2, due_at = ?3, said = ?4 WHERE id = ?1")?
        .execute(params![
            reservation.id.to_string(),
            routed.name(),
            millis(due(reservation, routed)),
            why.map(|why| why.to_string()),
        ])?;
    let id = reservation.id.to_string();
    seal::put(connection, Sealed::Refunds, ("id", &id))?;
    failpoint::reach("reserve.routed");
    record(connection, reservation, routed, why)?;
    drafts::composed(connection, &content.maker, content.payment)?;
    failpoint::reach("reserve.written");
    refunds::one(connection, reservation.id)?
        .map(Reserved::New)
        .ok_or(LedgerError::NotFound("refund"))
}

/// The refund that the caller's key names already; other content under the same key is refused.
fn existing(
    connection: &Connection,
    reservation: &Reservation,
) -> Result<Option<RefundSummary>, LedgerError> {
    let Some(key) = &reservation.caller_key else {
        return Ok(None);
    };
    let Some(known) = refunds::by_key(connection, key)? else {
        return Ok(None);
    };
    if known.refund.hash == reservation.content.hash() {
        Ok(Some(known))
    } else {
        Err(LedgerError::KeyReused {
            key: key.clone(),
            refund: known.refund.id.to_string(),
        })
    }
}

/// T1, judged on what the transaction sees.
fn confirm(payment: &Payment, reservation: &Reservation) -> Result<(), LedgerError> {
    let content = &reservation.content;
    let capture = payment
        .capture(content.capture_id.as_deref())
        .ok_or(LedgerError::NotFound("capture"))?;
    let sums = payment.figures();
    let left = capture
        .figures
        .available()
        .minor
        .min(sums.available().minor);
    if reservation
        .expected_available
        .is_some_and(|expected| expected.minor != left)
    {
        return Err(LedgerError::BalanceChanged);
    }
    if content.amount.minor > left {
        return Err(LedgerError::OverAvailable);
    }
    let (terms, now) = (&reservation.terms, reservation.now);
    let judged =
        eligibility::of_payments_capture_in(reservation.way(), payment, capture, terms, now);
    if judged.why_not.is_none() && content.amount.minor > judged.can_refund.minor {
        return Err(LedgerError::OverLimit(judged.can_refund));
    }
    let guard = ConfirmGuard {
        expected_available: true,
        eligible: judged.why_not.is_none(),
        reason_complete: true,
    };
    step(State::Draft, content, &Event::Confirm(guard)).map(|_| ())
}

/// What comes on top, judged on what the transaction sees.
fn compensation(payment: &Payment, reservation: &Reservation) -> Result<(), LedgerError> {
    let (content, terms) = (&reservation.content, &reservation.terms);
    let wanted = Wanted {
        kind: content.kind,
        amount: content.amount,
        compensation: content.compensation,
        payment: &payment.figures(),
        answers_dispute: reservation.dispute.is_some(),
        earlier: payment.on_top,
    };
    let cap = reservation.policy.compensation_cap(payment.currency);
    Ok(wanted.check(terms.compensation, cap, &terms.limits)?)
}

/// Two desks that decide at the same instant both saw no duplicate; the second is told here.
fn refuse_duplicate(
    connection: &Connection,
    reservation: &Reservation,
    payment: &Payment,
) -> Result<(), LedgerError> {
    let Some(since) = reservation.duplicates_since else {
        return Ok(());
    };
    let amount = reservation.content.amount;
    let alike = refunds::all_alike(connection, payment, amount, since, reservation.supersedes)?;
    match alike.into_iter().next() {
        Some((likeness, summary)) => Err(LedgerError::LikelyDuplicate(likeness, Box::new(summary))),
        None => Ok(()),
    }
}

/// Why a second person is needed, with the sums and states as the transaction sees them: slicing a
/// refund does not escape the limit.
fn why_checker(
    connection: &Connection,
    reservation: &Reservation,
    recent: Money,
) -> Result<Option<WhyChecker>, LedgerError> {
    Ok(reservation.policy.why_checker(&Asked {
        amount: reservation.content.amount,
        compensation: reservation.content.compensation,
        recent,
        after_reversal: follows_reversal(connection, reservation.supersedes)?,
        outside: reservation.content.kind == Kind::Outside,
        answers_dispute: reservation.dispute.is_some(),
    }))
}

/// Whether a refund in place of `replaced` stands in for one that came back, however many between
/// them failed.
fn follows_reversal(
    connection: &Connection,
    mut replaced: Option<RefundId>,
) -> Result<bool, LedgerError> {
    while let Some(id) = replaced {
        let old = refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))?;
        if old.refund.state == State::Reversed {
            return Ok(true);
        }
        replaced = old.refund.supersedes;
    }
    Ok(false)
}

/// T2.
fn route(reservation: &Reservation, why: Option<WhyChecker>) -> Result<State, LedgerError> {
    let content = &reservation.content;
    let event = Event::Route {
        needs_checker: why.is_some(),
    };
    let routed = step(State::Reserved, content, &event)?;
    Ok(routed.to.unwrap_or(State::Reserved))
}

fn step(state: State, content: &Content, event: &Event) -> Result<Move, LedgerError> {
    let standing = Standing {
        state,
        requested: content.amount,
        other_sends_resolved: true,
    };
    Ok(transition(&standing, event)?)
}

fn due(reservation: &Reservation, state: State) -> DateTime<Utc> {
    let may_be_sent = state == State::Approved && !reservation.needs_release;
    if may_be_sent {
        reservation.send_after
    } else {
        reservation.expires_at
    }
}

fn insert(
    connection: &Connection,
    reservation: &Reservation,
    payment: &Payment,
) -> Result<(), LedgerError> {
    let content = &reservation.content;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, compensation_minor, currency,
                 reason, note, case_ref, maker, hash, policy_version, caller_key, supersedes, state, send_after,
                 expires_at, needs_release, created_at, updated_at, settlement_told)
             SELECT ?1, ?2, seq, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 'reserved', ?17, ?18, ?19, ?20, ?20, ?21
             FROM captures WHERE payment_id = ?2 AND capture_id = coalesce(?3, (SELECT capture_id FROM captures WHERE payment_id = ?2))",
        )?
        .execute(params![
            reservation.id.to_string(),
            content.payment.as_i64(),
            content.capture_id,
            payment.account,
            content.kind.name(),
            content.amount.minor,
            content.compensation.minor,
            content.amount.currency.code(),
            content.reason,
            content.note,
            content.case_ref,
            content.maker,
            content.hash(),
            reservation.policy.version,
            reservation.caller_key,
            reservation.supersedes.map(|id| id.to_string()),
            millis(reservation.send_after),
            millis(reservation.expires_at),
            reservation.needs_release,
            millis(reservation.now),
            reservation.settlement_told,
        ])?;
    match inserted {
        1 => Ok(()),
        _ => Err(LedgerError::NotFound("capture")),
    }
}

fn record(
    connection: &Connection,
    reservation: &Reservation,
    routed: State,
    why: Option<WhyChecker>,
) -> Result<(), LedgerError> {
    let content = &reservation.content;
    let subject = reservation.id.to_string();
    let detail = format!(
        "payment={} amount={} reason={} hash={}",
        content.payment,
        content.amount,
        content.reason,
        content.hash()
    );
    let deed = Deed {
        at: reservation.now,
        actor: &content.maker,
        action: "refund.reserved",
        subject: &subject,
        detail: &detail,
    };
    audit::append(connection, &deed)?;
    audit::append(
        connection,
        &Deed {
            actor: "desk",
            action: &format!("refund.{}", routed.name()),
            detail: &match why {
                Some(why) => format!("policy={} why={why}", reservation.policy.version),
                None => format!("policy={}", reservation.policy.version),
            },
            ..deed
        },
    )
}
