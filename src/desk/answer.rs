//! What exchanges prove becomes records; the answer to a send is kept until it is written down.

use std::time::Duration;

use super::face::Refusal;
use super::local::Local;
use crate::clock::{Moment, later};
use crate::domain::digest::Canonical;
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::refund::{Observation, ObservationSource};
use crate::domain::state::Event;
use crate::ledger::{Cadence, LEASE, LedgerError, Record, RefundSummary};
use crate::providers::Finding;

/// Waits between tries to write an answer down; they double.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl Local {
    /// Writes the answer to a send down. It is the only copy, so a write that fails is tried again
    /// until the lease ends; after that the refund becomes UNKNOWN and the provider is asked.
    pub(super) async fn record_answer(
        &self,
        record: Record,
        fence: i64,
        begun: Moment,
    ) -> Result<RefundSummary, Refusal> {
        let ends = begun.wall + LEASE;
        let mut wait = FIRST_WAIT;
        let mut failures = 0_u32;
        loop {
            let error = match self.write_answer(&record, fence).await {
                Ok(summary) if failures == 0 => return Ok(summary),
                Ok(summary) => {
                    tracing::info!(refund = %record.id, failures, "the answer is written down");
                    return Ok(summary);
                }
                Err(error) => error,
            };
            failures += 1;
            let status = record.observation.as_ref().and_then(|it| it.http_status);
            if !error.may_pass() || later(self.clock.now(), wait) >= ends {
                tracing::error!(refund = %record.id, status, failures, %error, "the answer is lost; the provider will be asked");
                return Err(error.into());
            }
            tracing::error!(refund = %record.id, status, failures, %error, "the answer is not written down yet");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// An answer counts even when the refund was taken up by another desk meanwhile. Only that ours
    /// was not executed says nothing then: it must not speak for the other's send.
    async fn write_answer(
        &self,
        record: &Record,
        fence: i64,
    ) -> Result<RefundSummary, LedgerError> {
        let under_lease = Record {
            fence: Some(fence),
            ..record.clone()
        };
        match self.ledger.record(under_lease).await {
            Err(LedgerError::Leased) if proves_unexecuted(&record.event) => {
                tracing::warn!(refund = %record.id, event = ?record.event, "not written down: another desk sends it by now");
                let known = self.ledger.refund(record.id).await?;
                known.ok_or(LedgerError::NotFound("refund"))
            }
            Err(LedgerError::Leased) => Ok(self.ledger.record(record.clone()).await?.summary),
            change => Ok(change?.summary),
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
            unpaid: None,
            fence: None,
            exchange: None,
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
        record.unpaid.clone_from(&finding.unpaid);
        record.cadence.retry_after = finding.retry_after;
        record.exchange = Some(summary.exchange);
        record
    }
}

/// Proof that one send was not executed.
const fn proves_unexecuted(event: &Event) -> bool {
    matches!(
        event,
        Event::Evidence(Evidence::NotSent | Evidence::TurnedAway | Evidence::Refused)
    )
}

/// Jitter in 0..=999 that differs by refund and look, and needs no dice.
pub(super) fn spread(id: RefundId, looks: u32) -> u16 {
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
            format!("{}{amount}", status.words())
        }
    }
}
