//! Tracking: everything that is due, once or for as long as the desk is open.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};

use super::face::{Notice, Refusal, Worked};
use super::local::Local;
use crate::domain::id::RefundId;
use crate::domain::refund::ObservationSource;
use crate::domain::state::{Event, State};
use crate::ledger::{Cadence, Due, LedgerError, RefundSummary, Task};
use crate::providers::Inquiry;

/// Exchanges with providers that go on at the same time.
const AT_ONCE: usize = 8;
/// Refunds taken up in one round.
const PER_ROUND: u32 = 256;
/// The longest the desk sleeps: another process may have queued something.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Sent,
    Looked,
    Nothing,
}

/// What the desk last saw of the ledger as a whole.
#[derive(Default)]
struct Seen {
    version: Option<i64>,
    again_at: Duration,
}

impl Local {
    /// Sends what may be sent and asks about what is due, once.
    pub(super) async fn work(&self, only: Option<RefundId>) -> Result<Worked, Refusal> {
        self.writable()?;
        let due = self.ledger.due(self.clock.now(), only, PER_ROUND).await?;
        let done: Vec<Done> = stream::iter(due)
            .map(|due| self.attend(due))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        if only.is_none() {
            self.tend().await?;
        }
        let count = |kind| u32::try_from(done.iter().filter(|done| **done == kind).count());
        Ok(Worked {
            sent: count(Done::Sent).unwrap_or(u32::MAX),
            looked: count(Done::Looked).unwrap_or(u32::MAX),
            next_at: self.ledger.next_due(only).await?,
            counts: self.ledger.state_counts().await?,
        })
    }

    /// What is looked after besides refunds: accounts closed by a restore, backups.
    async fn tend(&self) -> Result<(), Refusal> {
        let cadence = Cadence {
            pace: self.settings.pace,
            spread: 0,
            watch: Duration::ZERO,
            retry_after: None,
        };
        let now = self.clock.now();
        // Offline nothing is asked, so nothing new is known.
        if !self.mode.offline {
            let opened = self.ledger.settle_restore(cadence, now).await?;
            for account in opened {
                tracing::info!(account, "open for sending again");
                self.tell(Notice::Changed);
            }
        }
        self.back_up_when_due();
        Ok(())
    }

    /// Works for as long as the desk is open. A failure is logged and tried again.
    pub async fn keep_working(self: Arc<Self>) {
        let mut seen = Seen::default();
        loop {
            self.tell_of_others(&mut seen).await;
            let wait = match self.work(None).await {
                Ok(worked) => self.sleep_until(&worked),
                Err(refusal) => {
                    tracing::error!(code = refusal.code, "{}", refusal.message);
                    LONGEST_SLEEP
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.bell.notified() => {}
            }
        }
    }

    /// Now and then says that lists are stale, when anything was written meanwhile. What this
    /// process wrote is among it; asking again for that costs little.
    async fn tell_of_others(&self, seen: &mut Seen) {
        let now = self.clock.elapsed();
        if now < seen.again_at {
            return;
        }
        seen.again_at = now + LONGEST_SLEEP;
        let Ok(version) = self.ledger.data_version().await else {
            return;
        };
        let before = seen.version.replace(version);
        if before.is_some_and(|before| before != version) {
            self.tell(Notice::Changed);
        }
    }

    fn sleep_until(&self, worked: &Worked) -> Duration {
        let wait = worked
            .next_at
            .and_then(|next| (next - self.clock.now()).to_std().ok());
        match worked.next_at {
            // Due, but nothing could be done about it: offline, or another desk has it.
            Some(_) if wait.is_none() && worked.sent + worked.looked == 0 => {
                Duration::from_millis(500)
            }
            Some(_) => wait.unwrap_or_default().min(LONGEST_SLEEP),
            None => LONGEST_SLEEP,
        }
    }

    async fn attend(&self, due: Due) -> Done {
        let id = due.id;
        let outcome = match due.task {
            Task::LeaseLost => self
                .apply(id, Event::LeaseLost)
                .await
                .map(|()| Done::Nothing),
            Task::Expire => self
                .apply(id, Event::TimeLimit)
                .await
                .map(|()| Done::Nothing),
            Task::Send | Task::Look if self.mode.offline => Ok(Done::Nothing),
            Task::Send => self
                .send(id)
                .await
                .map(|sent| sent.map_or(Done::Nothing, |_| Done::Sent)),
            Task::Look => self.look(due).await,
        };
        outcome.unwrap_or_else(|refusal| {
            tracing::warn!(refund = %id, code = refusal.code, "{}", refusal.message);
            Done::Nothing
        })
    }

    async fn apply(&self, id: RefundId, event: Event) -> Result<(), Refusal> {
        let summary = self.refund_of(id).await?;
        let record = self.record_of(&summary, event, "desk");
        match self.ledger.record(record).await {
            Ok(change) => self.changed(change.summary),
            // Another desk was quicker.
            Err(LedgerError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Asks the provider how a refund stands.
    async fn look(&self, due: Due) -> Result<Done, Refusal> {
        let now = self.clock.now();
        let account = self
            .account(&due.account)
            .ok_or_else(|| Refusal::not_found("account", &due.account))?;
        if let Err(wait) = account.take_poll() {
            let later = now + TimeDelta::from_std(wait).unwrap_or_default();
            self.ledger.put_off(due.id, later).await?;
            return Ok(Done::Nothing);
        }
        if !self
            .ledger
            .take_look(due.id, self.holder.clone(), now)
            .await?
        {
            return Ok(Done::Nothing);
        }
        let provider = account.provider(&self.means())?;
        let summary = self.refund_of(due.id).await?;
        let Some((number, inquiry)) = self.inquiry(&summary).await? else {
            return Ok(Done::Nothing);
        };
        let finding = provider
            .inquire(&inquiry, summary.refund.content.amount)
            .await;
        let source = match summary.refund.state {
            State::Unknown => ObservationSource::Inquiry,
            _ => ObservationSource::Poll,
        };
        let record = self.evidence_of(&summary, &finding, source, Some(number));
        let change = self.ledger.record(record).await?;
        self.changed(change.summary);
        Ok(Done::Looked)
    }

    /// Whom to ask about: the last attempt, by the provider's id once it is known.
    async fn inquiry(&self, summary: &RefundSummary) -> Result<Option<(u32, Inquiry)>, Refusal> {
        let evidence = self.ledger.evidence(summary.refund.id).await?;
        Ok(evidence.attempts.last().map(|attempt| {
            let inquiry = Inquiry {
                correlation: attempt.correlation.clone(),
                idempotency_key: attempt.idempotency_key.clone(),
                provider_refund_id: summary.refund.provider_refund_id.clone(),
            };
            (attempt.number, inquiry)
        }))
    }
}
