//! Sending: lease, check, write-ahead, one send, evidence.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::face::{Notice, Refusal};
use super::local::{Local, row};
use crate::domain::digest::Canonical;
use crate::domain::eligibility;
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::{Attempt, Content, Observation, ObservationSource};
use crate::domain::state::{Event, SendGuard};
use crate::ledger::{Begun, Cadence, Claim, LedgerError, NewAttempt, Record, RefundSummary};
use crate::providers::{Finding, Profile, Provider, RefundOrder, WireRequest};

/// The step that this file sends.
const STEP: &str = "refund";
/// When to try again what could not be prepared: a secret to mend, a setting to change.
const TRY_AGAIN: Duration = Duration::from_secs(15);

impl Local {
    /// Sends one approved refund. `None` when another desk is at it.
    pub(super) async fn send(&self, id: RefundId) -> Result<Option<RefundSummary>, Refusal> {
        let now = self.clock.now();
        let claim = match self.ledger.claim(id, self.holder.clone(), now).await {
            Err(LedgerError::Leased) => return Ok(None),
            claim => claim?,
        };
        if let Some(change) = self.changed_meanwhile(&claim, now) {
            return self.send_back(&claim, change).await.map(Some);
        }
        match self.prepare(&claim, now) {
            Ok((provider, attempt)) => self.submit(&claim, &*provider, attempt).await.map(Some),
            Err(refusal) => self.put_back(&claim, refusal).await.map(Some),
        }
    }

    /// Gives the lease back with the reason; tried again a little later.
    async fn put_back(&self, claim: &Claim, refusal: Refusal) -> Result<RefundSummary, Refusal> {
        let wait = self.settings.pace.scale(TRY_AGAIN);
        let due = self.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
        let id = claim.summary.refund.id;
        self.ledger
            .give_back(id, claim.fence, refusal.message.clone(), due)
            .await?;
        Err(refusal)
    }

    /// The attempt is on disk and was not journalled: its bytes did not go out (T8).
    async fn not_sent(
        &self,
        claim: &Claim,
        attempt: &Attempt,
        error: &LedgerError,
    ) -> Result<RefundSummary, Refusal> {
        let finding = Finding::new(Evidence::NotSent, format!("not sent: {error}"));
        let source = ObservationSource::Desk;
        let record = self.evidence_of(&claim.summary, &finding, source, Some(attempt.number));
        let change = self.record_answer(record, claim.fence).await?;
        self.changed(change.clone());
        Ok(change)
    }

    /// T7's check before sending: would the refund still be eligible without its own hold?
    fn changed_meanwhile(&self, claim: &Claim, now: DateTime<Utc>) -> Option<String> {
        let content = &claim.summary.refund.content;
        let mut sums = claim.payment.figures();
        let Some(mut capture) = claim
            .payment
            .capture(content.capture_id.as_deref())
            .cloned()
        else {
            return Some("its capture is no longer known".to_owned());
        };
        sums.held.minor = sums.held.minor.saturating_sub(content.amount.minor);
        capture.figures.held.minor = capture
            .figures
            .held
            .minor
            .saturating_sub(content.amount.minor);
        let terms = self.terms(&claim.payment.account);
        let judged = eligibility::of_capture(&capture, &sums, &terms, now);
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

    fn prepare(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
    ) -> Result<(std::sync::Arc<dyn Provider>, Attempt), Refusal> {
        let account = self
            .account(&claim.payment.account)
            .ok_or_else(|| Refusal::not_found("account", &claim.payment.account))?;
        let provider = account.provider(&self.means())?;
        let attempt = attempt(claim, &*provider, now)?;
        Ok((provider, attempt))
    }

    /// Writes the attempt ahead, sends it once, and writes down what the answer proves.
    async fn submit(
        &self,
        claim: &Claim,
        provider: &dyn Provider,
        attempt: Attempt,
    ) -> Result<RefundSummary, Refusal> {
        let refund = &claim.summary.refund;
        let begun = self
            .ledger
            .begin_send(NewAttempt {
                id: refund.id,
                fence: claim.fence,
                holder: self.holder.clone(),
                guard: self.send_guard(&attempt, provider.profile()),
                attempt: attempt.clone(),
                now: self.clock.now(),
            })
            .await;
        match begun {
            Ok(Begun::Written) => {}
            Ok(Begun::Blocked(block)) => {
                return self.send_back(claim, block.sentence().to_owned()).await;
            }
            Err(error @ LedgerError::NotJournalled { .. }) => {
                return self.not_sent(claim, &attempt, &error).await;
            }
            // Nothing was written: it waits, with the reason beside it.
            Err(error @ LedgerError::Journal { .. }) => {
                return self.put_back(claim, error.into()).await;
            }
            Err(error) => return Err(error.into()),
        }
        // The attempt is on disk: nothing between here and the answer may fail.
        if let Ok(Some(summary)) = self.ledger.refund(refund.id).await {
            self.tell(Notice::Refund(Box::new(row(summary))));
        }
        let wire = WireRequest {
            method: attempt.method.clone(),
            url: attempt.url.clone(),
            body: attempt.body.clone(),
            idempotency_key: attempt.idempotency_key.clone(),
            correlation: attempt.correlation.clone(),
        };
        let finding = provider.send(&wire, refund.content.amount).await;
        tracing::info!(refund = %refund.id, status = finding.http_status, said = finding.said, "answered");
        let record = self.evidence_of(
            &claim.summary,
            &finding,
            ObservationSource::Reply,
            Some(attempt.number),
        );
        let change = self.record_answer(record, claim.fence).await?;
        self.changed(change.clone());
        Ok(change)
    }

    /// An answer counts even when the lease was lost meanwhile: then it is evidence about a
    /// refund that became UNKNOWN.
    async fn record_answer(&self, record: Record, fence: i64) -> Result<RefundSummary, Refusal> {
        let under_lease = Record {
            fence: Some(fence),
            ..record.clone()
        };
        match self.ledger.record(under_lease).await {
            Err(LedgerError::Leased) => Ok(self.ledger.record(record).await?.summary),
            change => Ok(change?.summary),
        }
    }

    fn send_guard(&self, attempt: &Attempt, profile: &Profile) -> SendGuard {
        let now = self.clock.now();
        let first = attempt.sends.first().map(|send| send.at);
        SendGuard {
            online: !self.mode.offline,
            replay_allowed: first.is_none_or(|first| in_window(first, profile, now)),
            ..SendGuard::HOLDS
        }
    }

    /// A record about a refund, with nothing observed yet.
    pub(super) fn record_of(&self, summary: &RefundSummary, event: Event, actor: &str) -> Record {
        let refund = &summary.refund;
        let watch = self
            .account(&refund.account)
            .map_or_else(Default::default, |account| account.profile.watch);
        Record {
            id: refund.id,
            event,
            actor: actor.to_owned(),
            note: None,
            observation: None,
            provider_refund_id: None,
            trace: None,
            fence: None,
            cadence: Cadence {
                pace: self.settings.pace,
                spread: spread(refund.id, refund.looks),
                watch,
                retry_after: None,
            },
            now: self.clock.now(),
        }
    }

    /// A record of what an exchange with a provider proved.
    pub(super) fn evidence_of(
        &self,
        summary: &RefundSummary,
        finding: &Finding,
        source: ObservationSource,
        attempt: Option<u32>,
    ) -> Record {
        let mut record = self.record_of(summary, Event::Evidence(finding.evidence), "desk");
        record.observation = Some(Observation {
            at: record.now,
            source,
            attempt,
            meaning: meaning(finding),
            http_status: finding.http_status,
            said: finding.said.clone(),
            support_id: finding.support_id.clone(),
            raw: finding.raw.clone(),
        });
        record
            .provider_refund_id
            .clone_from(&finding.provider_refund_id);
        record.trace.clone_from(&finding.trace);
        record.cadence.retry_after = finding.retry_after;
        record
    }
}

/// Jitter in 0..=999 that differs by refund and look, and needs no dice.
fn spread(id: RefundId, looks: u32) -> u16 {
    let digest = Canonical::new("spread")
        .text(&id.to_string())
        .integer(i64::from(looks))
        .sha256();
    u16::from_be_bytes([digest[0], digest[1]]) % 1000
}

fn meaning(finding: &Finding) -> String {
    match finding.evidence {
        Evidence::NotSent => "not sent".to_owned(),
        Evidence::TurnedAway => "turned away unprocessed".to_owned(),
        Evidence::Refused => "refused, not executed".to_owned(),
        Evidence::NotFound => "not found".to_owned(),
        Evidence::Doubt => "in doubt".to_owned(),
        Evidence::Report { status, amount } => {
            let amount = amount.map_or(String::new(), |amount: Money| format!(" {amount}"));
            format!("{status:?}{amount}").to_lowercase()
        }
    }
}

/// What a provider needs to know, with references derived from refund and attempt.
pub(super) fn order(
    payment: &Payment,
    content: &Content,
    id: RefundId,
    number: u32,
) -> RefundOrder {
    let invoice = payment
        .details
        .iter()
        .find_map(|(name, value)| (name == "invoice").then(|| value.clone()));
    RefundOrder {
        provider_payment_id: payment.provider_payment_id.clone(),
        capture_id: content.capture_id.clone(),
        amount: content.amount,
        reason: content.reason.clone(),
        reference: payment.reference.clone(),
        order: payment.order.clone(),
        invoice,
        correlation: id.correlation(STEP, number),
        idempotency_key: id.idempotency_key(STEP, number),
    }
}

/// The attempt to send: the last one again while its replay window is open, else a new one. A new
/// key is only reached when every send before is proven unexecuted; the ledger holds that too.
fn attempt(claim: &Claim, provider: &dyn Provider, now: DateTime<Utc>) -> Result<Attempt, Refusal> {
    let refund = &claim.summary.refund;
    let build =
        |number| provider.build_refund(&order(&claim.payment, &refund.content, refund.id, number));
    let last = claim.attempts.iter().rfind(|attempt| attempt.step == STEP);
    let number = match last {
        None => 1,
        Some(attempt) if is_replayable(attempt, &build(attempt.number)?, provider, now) => {
            return Ok(attempt.clone());
        }
        Some(attempt) => attempt.number + 1,
    };
    let wire = build(number)?;
    Ok(Attempt {
        step: STEP.to_owned(),
        number,
        sha256: fingerprint(&wire),
        idempotency_key: wire.idempotency_key,
        correlation: wire.correlation,
        method: wire.method,
        url: wire.url,
        body: wire.body,
        created_at: now,
        sends: Vec::new(),
    })
}

/// The window is open, and the account is still where the bytes were made for.
fn is_replayable(
    attempt: &Attempt,
    wire: &WireRequest,
    provider: &dyn Provider,
    now: DateTime<Utc>,
) -> bool {
    let first = attempt.sends.first().map(|send| send.at);
    attempt.url == wire.url && first.is_none_or(|first| in_window(first, provider.profile(), now))
}

/// What makes a resend the same: method, URL, key, correlation and body.
fn fingerprint(wire: &WireRequest) -> String {
    Canonical::new("attempt")
        .text(&wire.method)
        .text(&wire.url)
        .text(&wire.idempotency_key)
        .text(&wire.correlation)
        .bytes(&wire.body)
        .hex()
}

fn in_window(first: DateTime<Utc>, profile: &Profile, now: DateTime<Utc>) -> bool {
    profile
        .replay_window
        .is_some_and(|window| TimeDelta::from_std(window).is_ok_and(|window| now < first + window))
}
