//! How an account's provider stands: its breaker, and what people are told of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock::{Clock, Moment, later};
use crate::domain::breaker::{Breaker, Health};
use crate::domain::digest::Canonical;
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::pulse::{Probe, Pulse};
use crate::providers::Finding;

/// What is not news is written down this often at most.
const WRITTEN_EVERY: Duration = Duration::from_secs(15);

/// The state of one account, as this process knows it.
#[derive(Default)]
pub(super) struct Standing(Mutex<Known>);

#[derive(Default)]
struct Known {
    breaker: Breaker,
    /// The refund whose exchange is the probe.
    probe: Option<RefundId>,
    /// Another process left the provider alone; nothing of our own says so.
    adopted: bool,
    failures: u32,
    pulse: Pulse,
    written_at: Option<Duration>,
    is_news: bool,
    /// People were told that it does not answer.
    said_gone: bool,
}

impl Standing {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until a probe may go; `None`: the provider is asked as usual.
    pub(super) fn wait(&self, clock: &Clock) -> Option<Duration> {
        self.known().breaker.wait(clock.elapsed())
    }

    /// Whether people must be told: it stopped answering, or answers again. True once each time.
    pub(super) fn turned(&self) -> bool {
        let mut known = self.known();
        let gone = !known.breaker.is_closed();
        std::mem::replace(&mut known.said_gone, gone) != gone
    }

    /// T7's fact for a refund: the breaker is closed, or this send is the probe.
    pub(super) fn may_send(&self, id: RefundId) -> bool {
        self.probes(id) || self.known().breaker.is_closed()
    }

    /// Makes the exchange about this refund the probe, if one is due.
    pub(super) fn take_probe(&self, id: RefundId, clock: &Clock) -> bool {
        let mut known = self.known();
        let taken = known.breaker.take_probe(clock.elapsed());
        if taken {
            known.probe = Some(id);
        }
        taken
    }

    /// Makes an exchange about no refund the probe, if one is due.
    pub(super) fn take_other_probe(&self, clock: &Clock) -> bool {
        let mut known = self.known();
        let taken = known.breaker.take_probe(clock.elapsed());
        if taken {
            known.probe = None;
        }
        taken
    }

    /// True when the exchange about this refund is the probe.
    pub(super) fn probes(&self, id: RefundId) -> bool {
        let known = self.known();
        matches!(known.breaker, Breaker::HalfOpen { .. }) && known.probe == Some(id)
    }

    /// Heeds what all processes know. A provider that failed us stays left alone until it answers
    /// us: what another process reaches may be out of our reach.
    pub(super) fn heed(&self, probe: Option<Probe>, clock: &Clock) {
        let mut known = self.known();
        let now = clock.elapsed();
        match probe {
            Some(probe) => {
                let wait = (probe.at - clock.now()).to_std().unwrap_or_default();
                known.adopted |= known.breaker.is_closed();
                known.breaker = known.breaker.joined(wait, probe.tries, now);
            }
            None if known.adopted => {
                known.adopted = false;
                if matches!(known.breaker, Breaker::Open { .. }) {
                    known.breaker = Breaker::default();
                }
            }
            None => {}
        }
    }

    /// The work on a refund is over. A probe that asked nobody leaves its turn to the next.
    pub(super) fn work_over(&self, id: RefundId, clock: &Clock) {
        let mut known = self.known();
        if let (Breaker::HalfOpen { tries, .. }, true) = (known.breaker, known.probe == Some(id)) {
            known.breaker = Breaker::Open {
                probe_at: clock.elapsed(),
                tries,
            };
        }
    }

    /// Takes note of an exchange that began at `begun`.
    pub(super) fn learn(
        &self,
        account: &str,
        finding: &Finding,
        begun: Moment,
        clock: &Clock,
        factor: u32,
    ) {
        let mut known = self.known();
        let was_closed = known.breaker.is_closed();
        let was_probe = matches!(known.breaker, Breaker::HalfOpen { .. });
        let health = health(finding);
        known.failures = known.failures.wrapping_add(1);
        let spread = spread(account, clock.process(), known.failures);
        known.breaker = known.breaker.after(health, clock.elapsed(), spread, factor);
        known.adopted &= health == Health::Failed && !was_probe;
        // Others wait for what became of a probe.
        known.is_news |= was_probe;
        let now = clock.now();
        match health {
            Health::Answered => known.answered(now, clock.elapsed_since(begun)),
            Health::Failed => known.failed(now, finding),
        }
        if let Some(theirs) = finding.provider_time {
            known.pulse.skew_ms = Some((now - theirs).num_milliseconds());
            known.pulse.skew_at = Some(now);
        }
        if known.breaker.is_closed() != was_closed {
            known.is_news = true;
            match was_closed {
                true => tracing::warn!(
                    account,
                    said = finding.said,
                    "the provider is not answering: sending waits"
                ),
                false => tracing::info!(account, "the provider is answering again"),
            }
        }
    }

    /// What just happened is to be written down at once.
    pub(super) fn is_news(&self) {
        self.known().is_news = true;
    }

    /// What to write down now, if anything.
    pub(super) fn to_write(&self, clock: &Clock) -> Option<Pulse> {
        let mut known = self.known();
        let now = clock.elapsed();
        let due = known.written_at.is_none_or(|at| at + WRITTEN_EVERY <= now);
        if !due && !known.is_news {
            return None;
        }
        known.written_at = Some(now);
        known.is_news = false;
        let probe = match known.breaker {
            // What another process said is its own to say again.
            Breaker::Open { probe_at, tries } if !known.adopted => Some(Probe {
                at: later(clock.now(), probe_at.saturating_sub(now)),
                tries,
            }),
            _ => None,
        };
        Some(Pulse {
            probe,
            ..known.pulse.clone()
        })
    }
}

impl Known {
    fn answered(&mut self, now: DateTime<Utc>, took: Duration) {
        self.pulse.answered_at = Some(now);
        self.pulse.latency_ms = i64::try_from(took.as_millis()).ok();
        self.is_news |= self.pulse.failing_since.take().is_some();
        self.pulse.said = None;
    }

    fn failed(&mut self, now: DateTime<Utc>, finding: &Finding) {
        self.is_news |= self.pulse.failing_since.is_none();
        self.pulse.failing_since.get_or_insert(now);
        self.pulse.said = Some(finding.said.clone());
    }
}

/// A report proves an answer, whatever carried it; without one the status tells.
pub(super) fn health(finding: &Finding) -> Health {
    match (finding.http_status, finding.evidence) {
        (None, Evidence::NotSent | Evidence::Doubt) => Health::Failed,
        (None, _) => Health::Answered,
        (status, _) => Health::of(status),
    }
}

/// Jitter in 0..=999 that differs by account, process and time, and needs no dice.
fn spread(account: &str, process: u64, nth: u32) -> u16 {
    let digest = Canonical::new("probe")
        .text(account)
        .integer(process.cast_signed())
        .integer(i64::from(nth))
        .sha256();
    u16::from_be_bytes([digest[0], digest[1]]) % 1000
}
