//! An outcome that people state (T14, T15): the first proposes, the second carries it out.

use chrono::{DateTime, Utc};

use super::compose::tidy;
use super::face::{Actor, Refusal, Reply, Resolve, Stated};
use super::local::Local;
use super::send::asked;
use super::{kinds, refusal};
use crate::domain::evidence::Evidence;
use crate::domain::money::Money;
use crate::domain::refund::{Observation, ObservationSource, Refund};
use crate::domain::resolution::{Absence, NotSecond, Outcome, Proof, Proposal, delivered_by};
use crate::domain::state::{
    AbsenceGuard, Event, Refused, ResolveGuard, STILL_IN_FLIGHT, State, Verdict,
};
use crate::failpoint;
use crate::ledger::{Agreement, LedgerError, NewProposal, RefundSummary};

impl Local {
    /// States an outcome; a second person's same statement carries it out.
    pub(super) async fn resolve(&self, actor: &Actor, resolve: &Resolve) -> Result<Reply, Refusal> {
        self.writable()?;
        let summary = self.refund_named(&resolve.refund).await?;
        let outcome = outcome(&summary.refund, resolve)?;
        let proof = checked(&resolve.proof)?;
        let waiting = self.ledger.waiting_for(summary.refund.id).await?;
        if let Some(proposal) = waiting.proposal {
            return match proposal.judge_second(&actor.name, outcome) {
                Ok(()) => self.agree(actor, summary, proposal, Some(proof)).await,
                Err(NotSecond::SamePerson) => Err(refusal::same_person(&proposal)),
                Err(NotSecond::Differs) => Err(refusal::contradicts(&proposal, outcome)),
            };
        }
        self.may_state(&summary.refund, outcome, waiting.sent.map(|(_, last)| last))
            .await?;
        let proposed = self
            .ledger
            .propose(NewProposal {
                id: summary.refund.id,
                outcome,
                proof,
                by: actor.name.clone(),
                right: self.standing(actor).checks,
                now: self.clock.now(),
            })
            .await
            .map_err(|error| refusal::unwritten(error, summary.refund.id, "stated"))?;
        failpoint::reach("propose.committed");
        Ok(self.decided(actor, proposed).await)
    }

    /// Carries out a statement on a second person's word.
    pub(super) async fn agree(
        &self,
        actor: &Actor,
        summary: RefundSummary,
        proposal: Proposal,
        proof: Option<Proof>,
    ) -> Result<Reply, Refusal> {
        let sent = self.ledger.waiting_for(summary.refund.id).await?.sent;
        self.may_state(
            &summary.refund,
            proposal.outcome,
            sent.map(|(_, last)| last),
        )
        .await?;
        let evidence = proof.map(|proof| proof.to_string());
        let change = match proposal.outcome {
            Outcome::Absent => {
                self.agree_absent(actor, &summary, &proposal, evidence)
                    .await?
            }
            _ => {
                self.agree_stated(actor, &summary, &proposal, evidence)
                    .await?
            }
        };
        failpoint::reach("agree.committed");
        Ok(self.decided(actor, change).await)
    }

    /// Whether people may state this outcome of the refund as it stands.
    async fn may_state(
        &self,
        refund: &Refund,
        outcome: Outcome,
        sent: Option<DateTime<Utc>>,
    ) -> Result<(), Refusal> {
        if outcome == Outcome::Absent {
            return self.may_be_absent(refund);
        }
        match refund.state {
            State::Unknown | State::ActionRequired => {}
            State::Pending if self.is_overdue(refund, sent) => {}
            State::Pending => return Err(self.still_polled(refund, sent)),
            state => return Err(not_open(state)),
        }
        let captured = self
            .payment_of(refund.content.payment)
            .await?
            .figures()
            .captured;
        match outcome.paid() {
            Some(paid) if paid.minor > captured.minor => Err(refusal::unchanged(
                "paid_too_much",
                format!("{paid} is more than the {captured} that was ever captured"),
                "Look at the evidence again.",
            )),
            _ => Ok(()),
        }
    }

    fn may_be_absent(&self, refund: &Refund) -> Result<(), Refusal> {
        if refund.state != State::Unknown {
            return Err(not_open(refund.state));
        }
        match self.promise(&refund.account).absence_is_proof {
            true => Ok(()),
            false => Err(refusal::unchanged(
                "absence_proves_nothing",
                "this provider's silence does not prove that a refund never arrived",
                "Find out what became of it, and state that it succeeded or failed.",
            )),
        }
    }

    fn still_polled(&self, refund: &Refund, sent: Option<DateTime<Utc>>) -> Refusal {
        let red = self
            .account(&refund.account)
            .zip(sent)
            .map(|(account, sent)| account.profile.marks.red_from(self.business_day(sent)));
        let next = match red {
            Some(day) => format!("Wait for the provider; from {day} on people may state it."),
            None => "Wait for the provider.".to_owned(),
        };
        Refusal {
            money: "It is on its way; its amount stays held.".to_owned(),
            ..refusal::unchanged(
                "still_polled",
                "the provider still says how it stands when asked",
                next,
            )
        }
    }

    /// T15.
    async fn agree_stated(
        &self,
        actor: &Actor,
        summary: &RefundSummary,
        proposal: &Proposal,
        evidence: Option<String>,
    ) -> Result<RefundSummary, Refusal> {
        let event = Event::Resolve(ResolveGuard {
            verdict: Verdict::Failed,
            agreed: false,
            // The ledger has looked at both by then.
            one_checker: true,
            one_not_maker: false,
            pending_is_stuck: true,
            nothing_in_flight: false,
        });
        let mut record = self.record_of(summary, event, &actor.name);
        let said = format!(
            "{}, stated by {} and {}: {}",
            proposal.outcome, proposal.by, actor.name, proposal.proof
        );
        record.observation = Some(Observation {
            at: record.now,
            source: ObservationSource::Person,
            attempt: Some(summary.refund.attempts).filter(|number| *number > 0),
            meaning: proposal.outcome.name().to_owned(),
            http_status: None,
            said,
            support_id: None,
            raw: None,
        });
        let agreement = Agreement {
            decided_at: record.now,
            delivery_bound: self.promise(&summary.refund.account).delivery_bound,
            right: self.standing(actor).checks,
            seen: proposal.hash.clone(),
            evidence,
            record,
        };
        match self.ledger.agree(agreement).await {
            Ok(change) => Ok(change.summary),
            Err(LedgerError::Refused(Refused::Guard { why, .. })) if why == STILL_IN_FLIGHT => {
                Err(self.still_in_flight(summary).await?)
            }
            Err(error) => Err(refusal::unwritten(error, summary.refund.id, "carried out")),
        }
    }

    /// T14: asks once more, now that both have decided, and carries it out only if the provider
    /// again has nothing.
    async fn agree_absent(
        &self,
        actor: &Actor,
        summary: &RefundSummary,
        proposal: &Proposal,
        evidence: Option<String>,
    ) -> Result<RefundSummary, Refusal> {
        let decided_at = self.clock.now();
        let (asked, found_nothing) = self.ask_now(summary).await?;
        if !found_nothing {
            return Ok(asked);
        }
        let event = Event::ProvenAbsent(AbsenceGuard {
            authoritative: self.promise(&asked.refund.account).absence_is_proof,
            negative_inquiries: 0,
            last_after_decision: false,
            nothing_newer: false,
            two_people: false,
        });
        let record = self.record_of(&asked, event, &actor.name);
        let agreement = Agreement {
            decided_at,
            delivery_bound: self.promise(&asked.refund.account).delivery_bound,
            right: self.standing(actor).checks,
            seen: proposal.hash.clone(),
            evidence,
            record,
        };
        match self.ledger.agree(agreement).await {
            Ok(change) => Ok(change.summary),
            Err(LedgerError::Refused(_)) => Err(self.not_absent_yet(&asked).await?),
            Err(error) => Err(refusal::unwritten(error, asked.refund.id, "carried out")),
        }
    }

    /// Asks the provider about an unknown outcome, under a lease; true when it has nothing.
    async fn ask_now(&self, summary: &RefundSummary) -> Result<(RefundSummary, bool), Refusal> {
        if self.mode.offline {
            return Err(refusal::unchanged(
                "offline",
                "the provider must be asked once more, and the desk is offline",
                "Approve it online.",
            ));
        }
        let id = summary.refund.id;
        let account = self
            .account(&summary.refund.account)
            .ok_or_else(|| refusal::not_configured(&summary.refund.account))?;
        let _under_way = self.duty.exchange();
        let provider = account.provider(&self.means()).await.map_err(may_be_paid)?;
        let claim = self
            .ledger
            .claim_unknown(id, self.holder.clone(), self.clock.now())
            .await?;
        let deed = kinds::deed(summary.refund.content.kind);
        let Some((deed, (number, inquiry))) = deed.zip(self.inquiry(summary).await?) else {
            self.ledger.let_go(id, claim.fence).await?;
            return Err(not_open(summary.refund.state));
        };
        let begun = self.clock.moment();
        let finding = provider
            .inquire_about(deed, &inquiry, asked(&summary.refund.content))
            .await;
        account.learn(&provider, &finding, begun, &self.clock);
        let mut record = self.evidence_of(
            &claim.summary,
            &finding,
            ObservationSource::Inquiry,
            Some(number),
        );
        record.fence = Some(claim.fence);
        let asked = self.ledger.record(record).await?.summary;
        match finding.evidence {
            Evidence::NotFound => Ok((asked, true)),
            _ if asked.refund.state == State::Unknown => Err(may_be_paid(refusal::unavailable(
                "not_asked",
                format!(
                    "the provider could not be asked once more: {}",
                    finding.said
                ),
                "Approve it again when the provider answers.",
            ))),
            _ => Ok((asked, false)),
        }
    }

    async fn still_in_flight(&self, summary: &RefundSummary) -> Result<Refusal, Refusal> {
        let refund = &summary.refund;
        let sent = self.ledger.waiting_for(refund.id).await?.sent;
        let bound = self.promise(&refund.account).delivery_bound;
        let until = sent.map_or(String::new(), |(_, last)| {
            format!(", until {}", utc(delivered_by(last, bound)))
        });
        Ok(may_be_paid(refusal::unchanged(
            "too_early",
            format!("it was sent so recently that it may still reach the provider{until}"),
            "Look at the evidence once more after that, then approve it.",
        )))
    }

    async fn not_absent_yet(&self, summary: &RefundSummary) -> Result<Refusal, Refusal> {
        let refund = &summary.refund;
        let waiting = self.ledger.waiting_for(refund.id).await?;
        self.plan_look(&waiting).await?;
        let Absence { from, counted } = self.absence(&waiting);
        let when = from.map_or(String::new(), |from| {
            format!(", counted from {}", utc(from))
        });
        Ok(may_be_paid(refusal::unchanged(
            "too_early",
            format!(
                "the provider found nothing {counted} of {} times{when}",
                AbsenceGuard::INQUIRIES
            ),
            "The desk keeps asking; approve it again after that.",
        )))
    }
}

fn utc(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M:%S UTC")
}

/// What any refusal about a refund of unknown outcome says of the money.
fn may_be_paid(refusal: Refusal) -> Refusal {
    Refusal {
        money: "It may have been paid; its amount stays held.".to_owned(),
        ..refusal
    }
}

/// What was typed, as an outcome of this refund.
fn outcome(refund: &Refund, resolve: &Resolve) -> Result<Outcome, Refusal> {
    let asked = refund.content.amount;
    let paid = match (&resolve.paid, resolve.stated) {
        (Some(text), Stated::Succeeded) => Some(
            Money::parse(text, asked.currency)
                .map_err(|error| Refusal::from(crate::domain::amount::AmountError::from(error)))?,
        ),
        (Some(_), _) => {
            return Err(refusal::usage(
                "paid",
                "--paid goes with an outcome of succeeded only",
                "Leave it out.",
            ));
        }
        (None, _) => None,
    };
    match resolve.stated {
        Stated::Failed => Ok(Outcome::Failed),
        Stated::Absent => Ok(Outcome::Absent),
        Stated::Succeeded => stated_paid(refund, paid),
    }
}

/// Two figures are known: whoever states the outcome says which was paid.
fn stated_paid(refund: &Refund, paid: Option<Money>) -> Result<Outcome, Refusal> {
    let asked = refund.content.amount;
    let differs = refund.reported.filter(|reported| *reported != asked);
    match (paid, differs) {
        (Some(paid), _) if paid.is_positive() => Ok(Outcome::Succeeded { paid }),
        (Some(paid), _) => Err(refusal::unchanged(
            "not_positive",
            format!("{paid} is nothing paid"),
            "State that it failed.",
        )),
        (None, Some(reported)) => Err(refusal::usage(
            "paid",
            format!("{asked} was asked and the provider says {reported}"),
            "Say with --paid which was paid.",
        )),
        (None, None) => Ok(Outcome::Succeeded { paid: asked }),
    }
}

fn checked(proof: &Proof) -> Result<Proof, Refusal> {
    let proof = Proof {
        kind: tidy(proof.kind.trim())?,
        reference: tidy(proof.reference.trim())?,
        ..proof.clone()
    };
    if proof.kind.is_empty() || proof.reference.is_empty() {
        return Err(refusal::usage(
            "evidence",
            "an outcome is stated with evidence",
            "Say with --evidence where it can be looked up: a statement line, a ticket.",
        ));
    }
    Ok(proof)
}

fn not_open(state: State) -> Refusal {
    refusal::unchanged(
        "not_open",
        format!(
            "its outcome is not for people to state: it is {}",
            state.words()
        ),
        "See where it stands: refund-desk status REFUND",
    )
}
