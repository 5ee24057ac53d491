//! Sending: lease, check, write-ahead, one send, evidence.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::accounts::Account;
use super::face::{Notice, Refusal};
use super::local::{Local, row};
use super::turns::NOT_NOW;
use super::{answer, kinds, refusal};
use crate::clock::{Moment, later};
use crate::domain::discrepancy::Block;
use crate::domain::eligibility::{self, Way};
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::payment::Payment;
use crate::domain::refund::{Attempt, Content, ObservationSource, Refund};
use crate::domain::replay::Replay;
use crate::domain::state::{Event, SendGuard};
use crate::failpoint;
use crate::ledger::{Begun, Claim, LedgerError, NewAttempt, RefundSummary};
use crate::providers::{Asked, Finding, Profile, Provider, RefundOrder, WireRequest};

/// The step that this file sends.
pub(super) const STEP: &str = "refund";
/// What could not be prepared is tried again after this, then after twice as long each time.
const TRY_AGAIN: Duration = Duration::from_secs(15);
const TRY_AGAIN_LONGEST: Duration = Duration::from_mins(5);
/// Why a refund goes back to its checkers though it could be sent.
const AS_APPROVED: &str =
    "the balance, a dispute or the policy is not what it was when it was approved";

/// When the attempt was written down this long ago, the process stood still in between: what was
/// checked then may no longer hold, and the lease may be another's.
const STOOD_STILL: Duration = Duration::from_secs(10);

/// An attempt on disk, and when it was written there.
pub(super) struct OnDisk {
    pub attempt: Attempt,
    pub at: Moment,
}

impl Local {
    /// Sends one approved refund. `None` when another desk is at it.
    pub(super) async fn send(&self, id: RefundId) -> Result<Option<RefundSummary>, Refusal> {
        let mut claim = match self
            .ledger
            .claim(id, self.holder.clone(), self.clock.now())
            .await
        {
            Err(LedgerError::Leased) => return Ok(None),
            claim => claim?,
        };
        failpoint::reach("claim.committed");
        // Counted from here: what is under way is finished before the desk is left.
        let _under_way = self.duty.exchange();
        let name = &claim.payment.account;
        let Some(account) = self.account(name) else {
            return self.give_back(&claim, refusal::not_configured(name)).await;
        };
        if claim.approved.is_some() && self.is_alone() {
            return self.give_back(&claim, refusal::sent_by_the_service()).await;
        }
        if let Some(change) = self.changed_meanwhile(&claim, self.clock.now()) {
            return self.send_back(&claim, change).await.map(Some);
        }
        match self.look_first(&mut claim, account).await {
            Ok(()) => {}
            Err(refusal) if refusal.code == NOT_NOW => {
                return self.put_off(&claim, account, refusal).await;
            }
            Err(refusal) => return self.give_back(&claim, refusal).await,
        }
        if let Some(change) = self.changed_meanwhile(&claim, self.clock.now()) {
            return self.send_back(&claim, change).await.map(Some);
        }
        let (provider, attempt) = match self.prepare(&claim, account).await {
            Ok(ready) => ready,
            Err(refusal) => return self.give_back(&claim, refusal).await,
        };
        let sent = match self.begin(&claim, account, attempt).await {
            Ok(Ok(on_disk)) => {
                self.deliver(&claim, account, provider.as_ref(), on_disk)
                    .await
            }
            Ok(Err(block)) => self.send_back(&claim, block.sentence().to_owned()).await,
            Err(refusal) => return self.give_back(&claim, refusal).await,
        };
        sent.map(Some)
    }

    /// Gives the lease back without having sent. The longer this has been going on, the longer
    /// until the next try.
    async fn give_back(
        &self,
        claim: &Claim,
        refusal: Refusal,
    ) -> Result<Option<RefundSummary>, Refusal> {
        let refund = &claim.summary.refund;
        let due = self.try_again_at(refund.id, refund.updated_at);
        let said = refusal.message.clone();
        self.ledger
            .give_back(refund.id, claim.fence, said, due)
            .await?;
        Err(refusal)
    }

    /// Gives the lease back until the account may be asked again: nothing failed.
    async fn put_off(
        &self,
        claim: &Claim,
        account: &Account,
        why: Refusal,
    ) -> Result<Option<RefundSummary>, Refusal> {
        let id = claim.summary.refund.id;
        let due = self.turn_of(account, id).await?;
        let said = format!("not sent yet: {}", why.message);
        self.ledger.give_back(id, claim.fence, said, due).await?;
        Ok(None)
    }

    /// When to try again what could not be prepared: a secret to mend, a setting to change. A try
    /// that failed waits as long again as it has been failing since `since`, within bounds.
    pub(super) fn try_again_at(&self, id: RefundId, since: DateTime<Utc>) -> DateTime<Utc> {
        let now = self.clock.now();
        let pace = self.settings.pace;
        let failing = (now - since).to_std().unwrap_or(Duration::ZERO);
        let wait = failing.clamp(pace.scale(TRY_AGAIN), pace.scale(TRY_AGAIN_LONGEST));
        // What failed together is not tried together.
        let jitter = wait * u32::from(answer::spread(id, 0)) / 4_000;
        later(now, wait.saturating_sub(jitter))
    }

    /// The attempt is on disk and was not journalled: its bytes did not go out (T8).
    async fn not_sent(&self, claim: &Claim, attempt: &Attempt, at: Moment, error: &LedgerError) {
        let finding = Finding::new(Evidence::NotSent, format!("not sent: {error}"));
        let source = ObservationSource::Desk;
        let record = self.evidence_of(&claim.summary, &finding, source, Some(attempt.number));
        match self.record_answer(record, claim.fence, at).await {
            Ok(change) => self.changed(change),
            // Its lease ends, and then it is unknown: held, and asked about.
            Err(refusal) => tracing::error!(refund = %claim.summary.refund.id, "{refusal}"),
        }
    }

    /// T7's check before sending: would the refund still be eligible without its own hold?
    fn changed_meanwhile(&self, claim: &Claim, now: DateTime<Utc>) -> Option<String> {
        let refund = &claim.summary.refund;
        let seen = claim.approved.as_ref();
        let stale = seen.is_some_and(|seen| *seen != refund.approval_hash);
        let hindrance = self.hindered(&claim.payment, refund, now);
        let hindrance = hindrance.or_else(|| claim.lapsed.clone());
        hindrance.or_else(|| stale.then(|| AS_APPROVED.to_owned()))
    }

    /// Why a refund cannot be sent, its own hold not counted.
    pub(super) fn hindered(
        &self,
        payment: &Payment,
        refund: &Refund,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let content = &refund.content;
        let mut sums = payment.figures();
        let Some(mut capture) = payment.capture(content.capture_id.as_deref()).cloned() else {
            return Some("its capture is no longer known".to_owned());
        };
        sums.held.minor = sums.held.minor.saturating_sub(content.amount.minor);
        capture.figures.held.minor = capture
            .figures
            .held
            .minor
            .saturating_sub(content.amount.minor);
        let terms = self.terms(&payment.account);
        // Its own compensation is among it, held.
        let beside = (&sums, payment.on_top.total());
        let judged = eligibility::of_capture_in(Way::of(refund), &capture, beside, &terms, now);
        match judged.why_not {
            Some(why) => Some(why.sentence().to_owned()),
            None if judged.can_refund.minor < content.amount.minor => {
                Some("less is available than when it was composed".to_owned())
            }
            None => None,
        }
    }

    /// T7a: a person must look again.
    async fn send_back(&self, claim: &Claim, why: String) -> Result<RefundSummary, Refusal> {
        let mut record = self.record_of(&claim.summary, Event::ChangeFound, "desk");
        record.fence = Some(claim.fence);
        record.note = Some(why);
        let change = self.ledger.record(record).await?;
        self.changed(change.summary.clone());
        Ok(change.summary)
    }

    /// What is needed to send: the bytes first, which need no secret, then the connection.
    async fn prepare(
        &self,
        claim: &Claim,
        account: &Account,
    ) -> Result<(Option<Arc<dyn Provider>>, Attempt), Refusal> {
        self.trust(claim.payment.id)?;
        let attempt = attempt_of(claim, account, self.clock.now())?;
        if kinds::deed(claim.summary.refund.content.kind).is_none() {
            return Ok((None, attempt));
        }
        let provider = account.provider(&self.means()).await?;
        Ok((Some(provider), attempt))
    }

    /// Writes the attempt ahead, if the balance still allows it.
    pub(super) async fn begin(
        &self,
        claim: &Claim,
        account: &Account,
        attempt: Attempt,
    ) -> Result<Result<OnDisk, Block>, Refusal> {
        let guard = self.send_guard(claim.summary.refund.id, &attempt, account);
        Ok(self.write_ahead(claim, attempt, guard, None).await?)
    }

    /// The one way to a send: first its attempt is on disk. With `replay`, it is one of unknown
    /// outcome that goes again (T13).
    pub(super) async fn write_ahead(
        &self,
        claim: &Claim,
        attempt: Attempt,
        guard: SendGuard,
        replay: Option<Replay>,
    ) -> Result<Result<OnDisk, Block>, LedgerError> {
        let at = self.clock.moment();
        let new = NewAttempt {
            id: claim.summary.refund.id,
            fence: claim.fence,
            holder: self.holder.clone(),
            guard,
            attempt: attempt.clone(),
            now: at.wall,
        };
        let begun = match replay {
            None => self.ledger.begin_send(new).await,
            Some(replay) => self.ledger.begin_resend(new, replay).await,
        };
        if let Err(error @ LedgerError::NotJournalled { .. }) = &begun {
            self.not_sent(claim, &attempt, at, error).await;
        }
        Ok(match begun? {
            Begun::Written => Ok(OnDisk { attempt, at }),
            Begun::Blocked(block) => Err(block),
        })
    }

    /// Sends the attempt that is on disk, once, and writes down what the answer proves.
    pub(super) async fn deliver(
        &self,
        claim: &Claim,
        account: &Account,
        provider: Option<&Arc<dyn Provider>>,
        on_disk: OnDisk,
    ) -> Result<RefundSummary, Refusal> {
        let OnDisk { attempt, at } = on_disk;
        let refund = &claim.summary.refund;
        failpoint::reach("begin_send.committed");
        // The attempt is on disk: nothing between here and the answer may fail.
        if let Ok(Some(summary)) = self.ledger.refund(refund.id).await {
            self.tell(Notice::Refund(Box::new(row(summary))));
        }
        failpoint::reach("send.before");
        let number = attempt.number;
        let wire = wire(attempt);
        let finding = match self.clock.since(at) {
            stood if stood > STOOD_STILL => held_up(stood),
            _ => match provider.zip(kinds::deed(refund.content.kind)) {
                Some((provider, deed)) => {
                    let begun = self.clock.moment();
                    let asked = asked(&refund.content);
                    let finding = provider.carry_out(deed, &wire, asked).await;
                    account.learn(provider, &finding, begun, &self.clock);
                    finding
                }
                None => kinds::to_be_paid_outside(),
            },
        };
        failpoint::reach("send.after");
        tracing::info!(refund = %refund.id, status = finding.http_status, said = finding.said, "answered");
        let source = ObservationSource::Reply;
        let record = self.evidence_of(&claim.summary, &finding, source, Some(number));
        failpoint::reach("answer.before");
        let change = self.record_answer(record, claim.fence, at).await?;
        failpoint::reach("answer.committed");
        self.changed(change.clone());
        self.note_pulse(account).await;
        Ok(change)
    }

    pub(super) fn send_guard(
        &self,
        id: RefundId,
        attempt: &Attempt,
        account: &Account,
    ) -> SendGuard {
        let now = self.clock.now();
        let first = attempt.sends.first().map(|send| send.at);
        SendGuard {
            online: !self.mode.offline,
            replay_allowed: first.is_none_or(|first| in_window(first, &account.profile, now)),
            breaker_closed: account.standing.may_send(id),
            ..SendGuard::HOLDS
        }
    }

    /// Why a refund could never be written down for its provider, whoever sends it and when.
    pub(super) fn unfit(&self, payment: &Payment, content: &Content) -> Option<Refusal> {
        kinds::deed(content.kind)?;
        let format = &self.account(&payment.account)?.format;
        let now = self.clock.now();
        let order = order(payment, content, RefundId::new(now), 1, now);
        format.check(&order).err().map(Refusal::from)
    }
}

/// Provably not sent: no byte has left yet.
fn held_up(stood: Duration) -> Finding {
    let said = format!(
        "not sent: this desk stood still for {} s just before sending",
        stood.as_secs()
    );
    Finding::new(Evidence::NotSent, said)
}

pub(super) fn wire(attempt: Attempt) -> WireRequest {
    WireRequest {
        method: attempt.method,
        url: attempt.url,
        body: attempt.body,
        idempotency_key: attempt.idempotency_key,
        correlation: attempt.correlation,
    }
}

/// What an answer is compared with.
pub(super) const fn asked(content: &Content) -> Asked {
    Asked {
        amount: content.amount,
        compensation: content.compensation,
    }
}

/// What a provider needs to know, with references derived from refund and attempt.
pub(super) fn order(
    payment: &Payment,
    content: &Content,
    id: RefundId,
    number: u32,
    at: DateTime<Utc>,
) -> RefundOrder {
    order_of(STEP, payment, content, id, number, at)
}

/// The same for any step, which has references of its own.
pub(super) fn order_of(
    step: &str,
    payment: &Payment,
    content: &Content,
    id: RefundId,
    number: u32,
    at: DateTime<Utc>,
) -> RefundOrder {
    RefundOrder {
        provider_payment_id: payment.provider_payment_id.clone(),
        capture_id: content.capture_id.clone(),
        amount: content.amount,
        compensation: content.compensation,
        captured: payment.figures().captured,
        reason: content.reason.clone(),
        case_ref: content.case_ref.clone(),
        reference: payment.reference.clone(),
        order: payment.order.clone(),
        details: payment.details.clone(),
        correlation: id.correlation(step, number),
        end_to_end: id.end_to_end(step, number),
        idempotency_key: id.idempotency_key(step, number),
        at,
        transfer: None,
    }
}

/// The attempt to send: the last one again while its replay window is open, else a new one. A new
/// key is only reached when every send before is proven unexecuted; the ledger holds that too.
pub(super) fn attempt_of(
    claim: &Claim,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<Attempt, Refusal> {
    let format = account.format.as_ref();
    let profile = &account.profile;
    let refund = &claim.summary.refund;
    let kind = refund.content.kind;
    let build = |number| {
        let order = order(&claim.payment, &refund.content, refund.id, number, now);
        kinds::written(format, kind, &order)
    };
    let last = claim.attempts.iter().rfind(|attempt| attempt.step == STEP);
    let number = match last {
        None => 1,
        Some(attempt) if claim.new_key => attempt.number + 1,
        Some(attempt) if is_replayable(attempt, &build(attempt.number)?, profile, now) => {
            return Ok(attempt.clone());
        }
        Some(attempt) => attempt.number + 1,
    };
    Ok(new_attempt(STEP, number, build(number)?, now))
}

/// An attempt that was not sent yet, with its bytes sealed.
pub(super) fn new_attempt(
    step: &str,
    number: u32,
    wire: WireRequest,
    now: DateTime<Utc>,
) -> Attempt {
    let mut attempt = Attempt {
        step: step.to_owned(),
        number,
        sha256: String::new(),
        idempotency_key: wire.idempotency_key,
        correlation: wire.correlation,
        method: wire.method,
        url: wire.url,
        body: wire.body,
        created_at: now,
        sends: Vec::new(),
    };
    attempt.sha256 = attempt.fingerprint();
    attempt
}

/// The window is open, and the account is still where the bytes were made for.
fn is_replayable(
    attempt: &Attempt,
    wire: &WireRequest,
    profile: &Profile,
    now: DateTime<Utc>,
) -> bool {
    let first = attempt.sends.first().map(|send| send.at);
    attempt.url == wire.url && first.is_none_or(|first| in_window(first, profile, now))
}

fn in_window(first: DateTime<Utc>, profile: &Profile, now: DateTime<Utc>) -> bool {
    profile
        .replay_window
        .is_some_and(|window| TimeDelta::from_std(window).is_ok_and(|window| now < first + window))
}
