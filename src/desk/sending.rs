//! Stopping sending, at once and by anyone; resuming it, by two people (domain.md, rule 3).

use super::accounts::Account;
use super::backup::closed_account;
use super::compose::tidy;
use super::face::{Actor, Notice, ProviderState, Refusal, SendingOrder};
use super::local::Local;
use super::refusal;
use crate::domain::sending::{Resumption, Stop};
use crate::ledger::{ALL_ACCOUNTS, LedgerError, SendingWord};

impl Local {
    /// Stops sending. What is with a provider already goes on; everything else waits.
    pub(super) async fn stop_sending(
        &self,
        actor: &Actor,
        order: SendingOrder,
    ) -> Result<Stop, Refusal> {
        self.writable()?;
        self.check_account(order.account.as_deref()).await?;
        let stop = self.ledger.stop_sending(self.word(actor, order)?).await?;
        self.tell(Notice::Changed);
        Ok(stop)
    }

    /// Proposes to resume sending, or resumes it where another person proposed it.
    pub(super) async fn resume_sending(
        &self,
        actor: &Actor,
        order: SendingOrder,
    ) -> Result<Resumption, Refusal> {
        self.writable()?;
        let place = order.account.clone();
        let word = self.word(actor, order)?;
        let resumed = match self.ledger.resume_sending(word).await {
            Err(LedgerError::NotStopped) => return Err(self.not_stopped(place.as_deref()).await?),
            resumed => resumed?,
        };
        self.tell(Notice::Changed);
        self.bell.notify_one();
        Ok(resumed)
    }

    /// How each account and its provider stand.
    pub(super) async fn providers(&self) -> Result<Vec<ProviderState>, Refusal> {
        let mut pulses = self.heed_others().await?;
        let stops = self.ledger.stops().await?;
        let known = self.ledger.freshness().await?;
        let closed = self.ledger.closed_accounts().await?;
        let mut states = Vec::with_capacity(self.accounts.len());
        for account in &self.accounts {
            let name = &account.name;
            let fresh = known.iter().find(|it| it.account == *name);
            states.push(ProviderState {
                account: name.clone(),
                provider: account.profile.name.to_owned(),
                can_send: account.profile.terms.can_send,
                stop: stops.iter().find(|stop| stop.concerns(name)).cloned(),
                closed: closed
                    .iter()
                    .find(|it| it.account == *name || it.account == ALL_ACCOUNTS)
                    .map(|it| closed_account(it.clone()).said),
                pulse: pulses.remove(name).unwrap_or_default(),
                left_alone: account.standing.wait(&self.clock).is_some(),
                looks_per_minute: account.profile.polls_per_minute,
                waiting: self.ledger.looks_waiting(name.clone()).await? as u64,
                imported_at: fresh.and_then(|fresh| fresh.imported_at),
                synced_at: fresh.and_then(|fresh| fresh.synced_at),
            });
        }
        Ok(states)
    }

    /// The top line says whose provider does not answer.
    pub(super) fn tell_turned(&self, account: &Account) {
        if account.standing.turned() {
            self.tell(Notice::Changed);
        }
    }

    fn word(&self, actor: &Actor, order: SendingOrder) -> Result<SendingWord, Refusal> {
        let note = tidy(order.note.as_deref().unwrap_or_default().trim())?;
        Ok(SendingWord {
            account: order.account,
            by: actor.name.clone(),
            note: Some(note).filter(|note| !note.is_empty()),
            now: self.clock.now(),
        })
    }

    /// Whoever mistypes a name must not believe that sending is stopped.
    async fn check_account(&self, account: Option<&str>) -> Result<(), Refusal> {
        let Some(name) = account else { return Ok(()) };
        if self.account(name).is_some() {
            return Ok(());
        }
        let known = self.ledger.freshness().await?;
        if known.iter().any(|it| it.account == name) {
            return Ok(());
        }
        let names: Vec<&str> = self.accounts.iter().map(|it| it.name.as_str()).collect();
        Err(refusal::rule(
            "no_account",
            format!("there is no account {name:?}: sending was NOT stopped"),
            format!(
                "Name one of {}, or none to stop all of them.",
                names.join(", ")
            ),
        ))
    }

    async fn not_stopped(&self, account: Option<&str>) -> Result<Refusal, Refusal> {
        let stops = self.ledger.stops().await?;
        let what = account.map_or("sending on every account at once".to_owned(), |account| {
            format!("sending on {account}")
        });
        let next = match stops.first() {
            None => "Nothing is stopped; there is nothing to resume.".to_owned(),
            Some(stop) => match &stop.account {
                None => "Every account is stopped: refund-desk resume-sending without a name."
                    .to_owned(),
                Some(account) => format!("What is stopped: refund-desk resume-sending {account}"),
            },
        };
        Ok(refusal::rule(
            "not_stopped",
            format!("{what} was not stopped"),
            next,
        ))
    }
}
