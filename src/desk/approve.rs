//! A checker's yes or no (T3, T4).

use super::compose::{self, tidy};
use super::face::{Actor, Refusal, Reply, Review};
use super::local::Local;
use super::refusal;
use crate::domain::approval::{Changed, what_changed};
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::refund::Refund;
use crate::domain::state::{ApproveGuard, Event, State};
use crate::failpoint;
use crate::ledger::LedgerError;

/// T3's facts: the role is known here, the rest is the ledger's to establish.
const BY_A_CHECKER: ApproveGuard = ApproveGuard {
    checker_is_not_maker: false,
    has_role: true,
    hash_matches: false,
    in_time: false,
};

impl Local {
    /// What a checker looks at before approving.
    pub(super) async fn review(&self, actor: &Actor, handle: &str) -> Result<Reply, Refusal> {
        let summary = self.refund_named(handle).await?;
        let refund = summary.refund;
        let before = refund.basis.available;
        let amount = refund.content.amount;
        Ok(Reply::Review(Box::new(Review {
            why: refund.said.clone().unwrap_or_default(),
            after: Money::new(before.minor.saturating_sub(amount.minor), amount.currency),
            before,
            duplicates: self.duplicates_of(&refund).await?,
            hindrance: self.hindrance(&refund).await?,
            expires_at: refund.expires_at,
            card: self.whole_card(actor, refund.id).await?,
        })))
    }

    /// Approves a refund as it was seen, or carries out the statement that waits for a second
    /// person.
    pub(super) async fn approve(
        &self,
        actor: &Actor,
        handle: &str,
        seen: &str,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let summary = self.refund_named(handle).await?;
        let waiting = self.ledger.waiting_for(summary.refund.id).await?;
        if let Some(proposal) = waiting.proposal {
            self.may_state_outcomes(actor)?;
            if proposal.by == actor.name {
                return Err(refusal::same_person(&proposal));
            }
            if proposal.hash != seen {
                return Err(refusal::other_statement(&proposal));
            }
            return self.agree(actor, summary, proposal, None).await;
        }
        self.may_approve(actor, &summary.refund, seen).await?;
        let right = self.right_to_approve(actor, &summary.refund).await?;
        let record = self.record_of(&summary, Event::Approve(BY_A_CHECKER), &actor.name);
        let id = summary.refund.id;
        match self.ledger.approve(record, seen.to_owned(), right).await {
            Ok(change) => {
                failpoint::reach("approve.committed");
                Ok(self.decided(actor, change.summary).await)
            }
            Err(LedgerError::Refused(_)) => Err(self.why_not_approved(actor, id, seen).await),
            Err(error) => Err(refusal::unwritten(error, id, "approved")),
        }
    }

    /// Declines a refund that waits for a checker, or turns a statement down.
    pub(super) async fn decline(
        &self,
        actor: &Actor,
        handle: &str,
        note: &str,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let note = tidy(note.trim())?;
        if note.is_empty() {
            return Err(refusal::usage(
                "note",
                "a decline says why",
                "Give it with --note.",
            ));
        }
        let summary = self.refund_named(handle).await?;
        let id = summary.refund.id;
        let now = self.clock.now();
        let summary = if self.ledger.waiting_for(id).await?.proposal.is_some() {
            self.may_state_outcomes(actor)?;
            let by = actor.name.clone();
            self.ledger.turn_down(id, by, note, now).await
        } else {
            may_decline(actor, &summary.refund)?;
            self.right_to_approve(actor, &summary.refund).await?;
            let mut record = self.record_of(&summary, Event::Decline, &actor.name);
            record.note = Some(note);
            self.ledger
                .decline(record)
                .await
                .map(|change| change.summary)
        };
        let summary = summary.map_err(|error| refusal::unwritten(error, id, "declined"))?;
        failpoint::reach("decline.committed");
        Ok(self.decided(actor, summary).await)
    }

    /// Everything T3 asks for, in words for people; the ledger asks again in its transaction.
    async fn may_approve(&self, actor: &Actor, refund: &Refund, seen: &str) -> Result<(), Refusal> {
        if refund.state != State::AwaitingApproval {
            return Err(not_waiting(refund));
        }
        if self.is_alone() {
            return Err(refusal::single_user());
        }
        if refund.content.maker == actor.name {
            return Err(refusal::rule(
                "own_refund",
                format!("{} made this refund and cannot approve it", actor.name),
                "Another person must approve it; you can withdraw it with cancel.",
            ));
        }
        if self.clock.now() >= refund.expires_at {
            return Err(refusal::rule(
                "expired",
                format!(
                    "the request for approval expired on {}",
                    refund.expires_at.format("%Y-%m-%d %H:%M UTC")
                ),
                "Compose the refund again if it is still wanted.",
            ));
        }
        if refund.approval_hash != seen {
            return Err(self.changed_since(refund, seen).await?);
        }
        match self.hindrance(refund).await? {
            Some(why) => Err(refusal::rule(
                "not_possible",
                format!("it could not be sent if it were approved: {why}"),
                "Decline it, or wait until that has changed.",
            )),
            None => Ok(()),
        }
    }

    async fn why_not_approved(&self, actor: &Actor, id: RefundId, seen: &str) -> Refusal {
        let refund = match self.refund_of(id).await {
            Ok(summary) => summary.refund,
            Err(refusal) => return refusal,
        };
        match self.may_approve(actor, &refund, seen).await {
            Err(refusal) => refusal,
            Ok(()) => refusal::rule("busy", "the refund changed just now", "Look at it again."),
        }
    }

    /// What changed between the card that was shown and now, as far as it can be told.
    async fn changed_since(&self, refund: &Refund, seen: &str) -> Result<Refusal, Refusal> {
        let basis = refund.basis;
        let others = self.ledger.refunds_of(refund.content.payment).await?;
        let moved: Vec<Money> = others
            .iter()
            .filter(|other| other.id != refund.id)
            .map(|other| other.content.amount)
            .collect();
        let next = "Look at it again, and approve what is shown then: refund-desk status REFUND";
        let what = match what_changed(seen, &refund.hash, &basis, &moved) {
            // Screens approve what they show: only a command can name something else.
            Changed::OnlyContent => {
                let next = "Give --expect the field hash: refund-desk status REFUND --json";
                let what = "--expect names the decision alone (content_hash), not what it rests on";
                return Ok(refusal::rule("changed", what, next));
            }
            Changed::Policy(version) => format!(
                "the policy changed from version {version} to {} since it was shown",
                basis.policy_version
            ),
            Changed::Available(before) => format!(
                "{} was available when it was shown, now it is {}",
                before, basis.available
            ),
            Changed::Unknown => {
                "it is not what was shown any more: the refund, its balance or the policy changed"
                    .to_owned()
            }
        };
        Ok(refusal::rule("changed", what, next))
    }

    /// Why the refund could not be sent as things stand.
    async fn hindrance(&self, refund: &Refund) -> Result<Option<String>, Refusal> {
        let payment = self.payment_of(refund.content.payment).await?;
        Ok(self.hindered(&payment, refund, self.clock.now()))
    }

    async fn duplicates_of(&self, refund: &Refund) -> Result<Vec<String>, Refusal> {
        let payment = self.payment_of(refund.content.payment).await?;
        let since = refund.created_at - compose::DUPLICATE_SINCE;
        let alike = self
            .ledger
            .alike(&payment, refund.content.amount, since, refund.supersedes)
            .await?;
        let others = alike
            .iter()
            .filter(|(_, other)| other.refund.id != refund.id);
        Ok(others.map(compose::likeness).collect())
    }
}

fn may_decline(actor: &Actor, refund: &Refund) -> Result<(), Refusal> {
    if refund.state != State::AwaitingApproval {
        return Err(not_waiting(refund));
    }
    if refund.content.maker == actor.name {
        return Err(refusal::rule(
            "own_refund",
            format!(
                "{} made this refund; whoever made it withdraws it",
                actor.name
            ),
            "Withdraw it with cancel.",
        ));
    }
    Ok(())
}

fn not_waiting(refund: &Refund) -> Refusal {
    let checker = refund.checker.as_deref().filter(|_| refund.state.is_open());
    let message = match checker {
        Some(checker) => format!(
            "{checker} has approved it already; it is {}",
            refund.state.words()
        ),
        None => format!("it waits for no checker: it is {}", refund.state.words()),
    };
    refusal::unchanged(
        "not_waiting",
        message,
        "See where it stands: refund-desk status REFUND",
    )
}
