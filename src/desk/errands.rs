//! What is to be asked of or told to networks besides refunds: tried until it is done, under one key.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::face::Refusal;
use super::local::Local;
use crate::clock::later;
use crate::domain::digest::Canonical;
use crate::domain::evidence::Evidence;
use crate::failpoint;
use crate::ledger::{ErrandAbout, Meant, QueuedErrand, Turn};
use crate::providers::Finding;
use crate::providers::network::{About, Errand};

/// Taken up in one round.
const PER_ROUND: u32 = 64;
/// Under way at the same time.
const AT_ONCE: usize = 8;
/// Another process takes up what this one left, after so long.
const ABANDONED: Duration = Duration::from_mins(2);
/// Before the second try; each further one waits twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Whatever the reason, not at once again.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// After so long nobody waits for it.
const GIVEN_UP: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// The idempotency key of an errand: a UUID, the same for the same errand.
pub(super) fn key(kind: &str, parts: &[&str]) -> String {
    let digest = parts
        .iter()
        .fold(Canonical::new("errand").text(kind), |all, part| {
            all.text(part)
        });
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.sha256()[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

impl Local {
    /// Runs the errands that are due. One that fails is tried later.
    pub(super) async fn run_errands(&self) -> Result<(), Refusal> {
        if self.mode.offline || self.mode.read_only || self.duty.is_over() {
            return Ok(());
        }
        let due = self.ledger.errands_due(self.clock.now(), PER_ROUND).await?;
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |errand| async move {
                let (account, id) = (errand.account.clone(), errand.id);
                if let Err(refusal) = self.run_errand(errand).await {
                    tracing::warn!(account, id, "errand not done: {}", refusal.message);
                }
            })
            .await;
        Ok(())
    }

    async fn run_errand(&self, errand: QueuedErrand) -> Result<(), Refusal> {
        let now = self.clock.now();
        if let Some(wait) = self.errand_waits(&errand.account).await? {
            let at = later(now, jittered(wait, &errand).max(SHORTEST_WAIT));
            return Ok(self.ledger.put_off_errand(errand.id, at).await?);
        }
        let again_at = later(now, ABANDONED);
        if !self.ledger.take_errand(errand.id, now, again_at).await? {
            return Ok(());
        }
        let said = self.carried_out(&errand).await;
        failpoint::reach("errand.answered");
        let now = self.clock.now();
        let (said, over) = match said {
            Ok(finding) => (finding.said.clone(), is_over(&finding)),
            Err(refusal) => (refusal.message, false),
        };
        let gives_up = now - errand.at > GIVEN_UP;
        let wait = FIRST_WAIT
            .saturating_mul(1 << errand.tries.min(10))
            .min(LONGEST_WAIT);
        let again_at = later(now, self.settings.pace.scale(jittered(wait, &errand)));
        let again_at = (!over && !gives_up).then_some(again_at);
        Ok(self.ledger.note_errand(errand, said, again_at, now).await?)
    }

    /// How long an account is to be left alone; else the errand is one of what it may be asked in a
    /// minute.
    async fn errand_waits(&self, name: &str) -> Result<Option<Duration>, Refusal> {
        let Some(account) = self.account(name) else {
            return Ok(None);
        };
        let quiet = account.quiet(&self.clock);
        if !quiet.is_zero() {
            return Ok(Some(quiet));
        }
        if let Some(wait) = account.standing.wait(&self.clock)
            && !account.standing.take_other_probe(&self.clock)
        {
            return Ok(Some(wait));
        }
        let (budget, now) = (account.budget, self.clock.now());
        let turn = self
            .ledger
            .take_turn(name.to_owned(), budget, Turn::Due, now);
        Ok(turn.await?)
    }

    async fn carried_out(&self, queued: &QueuedErrand) -> Result<Finding, Refusal> {
        let account = self
            .account(&queued.account)
            .ok_or_else(|| super::refusal::not_configured(&queued.account))?;
        let provider = account.provider(&self.means()).await?;
        let Some(network) = provider.network() else {
            let said = "the account's provider has no such calls";
            return Ok(Finding::new(Evidence::Refused, said));
        };
        let Some(about) = self.about(queued).await? else {
            let said = "the refund no longer stands as paid";
            return Ok(Finding::new(Evidence::Refused, said));
        };
        let errand = Errand {
            about,
            key: queued.key.clone(),
            at: queued.at,
        };
        let _under_way = self.duty.exchange();
        let begun = self.clock.moment();
        let finding = network.run(&errand).await;
        account.learn(&provider, &finding, begun, &self.clock);
        self.note_pulse(account).await;
        Ok(finding)
    }

    /// What it says in full. `None`: it is not true any more.
    async fn about(&self, queued: &QueuedErrand) -> Result<Option<About>, Refusal> {
        let debtor = queued.debtor.clone();
        Ok(Some(match queued.about.clone() {
            ErrandAbout::RefundStatus { payment, refund } => About::RefundStatus {
                payment,
                refund,
                debtor,
            },
            ErrandAbout::RefundPaid {
                payment,
                refund,
                retrieval,
            } => {
                let ids = (queued.account.clone(), payment.clone(), refund.clone());
                let Meant::Refund(id) = self.ledger.meant(ids.0, ids.1, ids.2).await? else {
                    return Ok(None);
                };
                let Some(transfer) = self.transfer_that_paid(id).await? else {
                    return Ok(None);
                };
                About::RefundPaid {
                    payment,
                    refund,
                    retrieval,
                    amount: self.refund_of(id).await?.refund.content.amount,
                    transfer,
                }
            }
            ErrandAbout::PaymentAdvice {
                payment, retrieval, ..
            } => About::PaymentAdvice {
                payment,
                retrieval,
                debtor,
                paid: queued.paid,
            },
        }))
    }
}

/// Between half of a wait and all of it: what was put off together does not come back together.
fn jittered(wait: Duration, errand: &QueuedErrand) -> Duration {
    let digest = Canonical::new("errand wait")
        .text(&errand.key)
        .integer(errand.tries.into())
        .sha256();
    wait.saturating_mul(256 + u32::from(digest[0])) / 512
}

/// Taken, or turned down for good.
fn is_over(finding: &Finding) -> bool {
    finding.evidence == Evidence::Refused
        || finding
            .http_status
            .is_some_and(|status| (200..300).contains(&status))
}
