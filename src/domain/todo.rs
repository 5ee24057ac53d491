//! What waits for a person: what is wrong, and the one safe next step.
//!
//! Words are for operators; times stand beside them, so that a screen can count down.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::discrepancy::Discrepancy;
use super::inbound_request::InboundRequest;
use super::refund::{Kind, Later, LaterStep, Refund};
use super::replay::Replay;
use super::resolution::{Proposal, delivered_by};
use super::state::{AbsenceGuard, State};
use super::transfer::{Confirmation, Statement, Transfer, TransferState};

/// Inquiries that count towards absence lie this part of its bound apart.
const BETWEEN_LOOKS: i32 = 6;

/// The tabs of the To do screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// What whoever asks began, and somebody must go on with.
    Mine,
    /// What waits for a second person, and whoever asks may be it.
    Approvals,
    /// What went wrong or is not known.
    Problems,
    /// What a network asks of the debtor's side, until its deadline.
    Requests,
}

/// The step that is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Nothing but wait.
    Wait,
    /// Approve or decline it.
    Decide,
    /// Let it go, or withdraw it.
    Release,
    /// Find out, then state the outcome.
    Resolve,
    /// Have the provider pay what it has authorised, or stop it.
    Capture,
    /// Have it paid by bank transfer.
    Pay,
    /// Refund again in its place.
    Replace,
    /// Find out which of two accounts is right.
    Investigate,
    /// Give the network an account to pay to, or refuse.
    Answer,
}

/// A time that matters for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clocked {
    /// The desk sends it again by itself.
    Resend(DateTime<Utc>),
    /// From then on it can be shown that the provider never had it.
    AbsenceFrom(DateTime<Utc>),
    /// Unsent by then, it expires and its amount is free again. A network's request: by then it is
    /// told that nobody decided.
    Expires(DateTime<Utc>),
}

/// Who may take the step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Anyone at the desk.
    Anyone,
    /// Anyone but this person.
    AnyoneBut(String),
    /// Nobody: the desk itself.
    Desk,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where it is listed for whoever asks.
    pub tab: Tab,
    /// What is wrong, in plain words.
    pub what: String,
    /// The one safe next step, in plain words.
    pub next: String,
    /// The same, for keys and commands.
    pub act: Act,
    /// Until or from when.
    pub clocked: Option<Clocked>,
    /// Who may take it.
    pub who: Who,
}

/// What an account's provider promises about a refund whose outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The same request may be repeated within a window.
    pub replay: Option<Replay>,
    /// How long after it was sent a request may still arrive.
    pub delivery_bound: TimeDelta,
    /// Nothing found later than that after a send proves that it never arrived.
    pub absence_is_proof: bool,
}

impl Promise {
    /// How long after a send nothing found proves that it never arrived; none: it proves nothing.
    pub fn absence_after(&self) -> Option<TimeDelta> {
        self.absence_is_proof.then_some(self.delivery_bound)
    }

    /// When the next inquiry is of use, once one has found nothing: when the same request may go
    /// again, or when it counts towards absence. `counted` inquiries do so already; `spread` in
    /// 0..=999 keeps refunds that were sent together from being asked about together.
    pub fn next_useful_look(
        &self,
        (first, last): (DateTime<Utc>, DateTime<Utc>),
        counted: u32,
        spread: u16,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let soon = TimeDelta::milliseconds(1 + i64::from(spread));
        let opening = self.replay.and_then(|replay| replay.opening(first, last));
        if let Some((from, until)) = opening.filter(|(_, until)| now < *until) {
            return (now < from && from + soon < until).then(|| from + soon);
        }
        let bound = self.absence_after()?;
        let from = delivered_by(last, bound);
        if now <= from {
            return from.checked_add_signed(soon);
        }
        // The last of them is made when the second person decides.
        let still = counted + 1 < AbsenceGuard::INQUIRIES;
        still.then(|| now + bound / BETWEEN_LOOKS + soon)
    }
}

/// What is known of a refund besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// A statement that waits for a second person.
    pub proposal: Option<&'a Proposal>,
    /// Its bank transfer, where it has one.
    pub transfer: Option<&'a Transfer>,
    /// When its last attempt first and last went out.
    pub sent: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many inquiries found nothing that count towards absence.
    pub found_nothing: u32,
    /// What its provider promises.
    pub promise: Promise,
    /// It is past the red mark of its rail, or cannot be asked about.
    pub overdue: bool,
    /// A later refund stands in its place.
    pub replaced: bool,
    /// Who asks.
    pub viewer: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The step a refund waits for; none when it waits for nobody.
pub fn step(refund: &Refund, facts: &Facts<'_>) -> Option<Step> {
    if let Some(proposal) = facts.proposal {
        return Some(second_person(proposal, facts));
    }
    if let Some(step) = facts
        .transfer
        .and_then(|transfer| bank_leg(refund, transfer, facts))
    {
        return Some(step);
    }
    if let Some(later) = refund
        .later
        .as_ref()
        .filter(|_| refund.state != State::Unknown)
    {
        return Some(step_open(later));
    }
    match refund.state {
        State::AwaitingApproval => Some(checker(refund, facts)),
        State::Approved if refund.needs_release => Some(release(refund)),
        State::Unknown => Some(unknown(refund, facts)),
        State::ActionRequired if refund.waits_for_capture() => Some(to_capture()),
        State::ActionRequired => Some(needs_you(refund)),
        State::Pending if facts.overdue => Some(overdue()),
        State::Reversed if !facts.replaced => Some(came_back()),
        State::Failed | State::Rejected if !facts.replaced => not_paid(refund, facts),
        _ => None,
    }
}

/// A network's request that waits for a person.
pub fn request(request: &InboundRequest) -> Step {
    let next = match &request.on_file {
        Some(on_file) => format!(
            "Answer with the account on file (…{}), or with another one, or refuse it.",
            on_file.last4
        ),
        None => "Find out which account paid, and answer with it; or refuse it.".to_owned(),
    };
    let asks = request.creditor.as_deref().unwrap_or("a merchant");
    Step {
        tab: Tab::Requests,
        what: format!(
            "{asks} asks where to refund {} of payment {}: {}",
            request.amount, request.provider_payment_id, request.found
        ),
        next,
        act: Act::Answer,
        clocked: Some(Clocked::Expires(request.deadline)),
        who: Who::Anyone,
    }
}

/// A discrepancy that nobody has closed.
pub fn discrepancy(discrepancy: &Discrepancy) -> Step {
    if discrepancy.kind.is_alert() {
        return alert(discrepancy);
    }
    let held_back = match discrepancy.blocks_now() {
        true => "Nothing more is sent on this payment until it is closed. ",
        false => "",
    };
    Step {
        tab: Tab::Problems,
        what: discrepancy.said(),
        next: format!(
            "{held_back}Find out from the provider which is right, then close it with a note."
        ),
        act: Act::Investigate,
        clocked: None,
        who: Who::Anyone,
    }
}

/// It came back: seen and taken care of are two steps, and this is the first.
fn alert(discrepancy: &Discrepancy) -> Step {
    Step {
        tab: Tab::Problems,
        what: discrepancy.said(),
        next:
            "Find out why, acknowledge it, then refund again in its place; that takes two people."
                .to_owned(),
        act: Act::Investigate,
        clocked: None,
        who: Who::Anyone,
    }
}

fn second_person(proposal: &Proposal, facts: &Facts<'_>) -> Step {
    let own = proposal.by == facts.viewer;
    Step {
        tab: if own { Tab::Mine } else { Tab::Approvals },
        what: format!(
            "{} says: {} ({})",
            proposal.by, proposal.outcome, proposal.proof
        ),
        next: match own {
            true => "Another person must look at the evidence and agree or decline.",
            false => "Look at the evidence yourself, then approve or decline what was said.",
        }
        .to_owned(),
        act: Act::Decide,
        clocked: None,
        who: Who::AnyoneBut(proposal.by.clone()),
    }
}

/// What the bank leg of a refund waits for.
fn bank_leg(refund: &Refund, transfer: &Transfer, facts: &Facts<'_>) -> Option<Step> {
    if let Some(stated) = &transfer.stated {
        return Some(second_word(stated, facts));
    }
    if refund.state != State::ActionRequired {
        return None;
    }
    if let Some(by) = &transfer.file_proposed_by {
        return Some(file_to_agree(transfer, by, facts));
    }
    let (amount, last4) = (transfer.amount, &transfer.last4);
    match (transfer.state, &transfer.confirmation) {
        (TransferState::Due, _) => Some(Step {
            tab: Tab::Mine,
            what: format!("its bank transfer is due: {amount} to account …{last4}"),
            next: format!(
                "Put it into a payment file: refund-desk transfers --to FILE.xml. Paid by hand, it goes under the reference {}.",
                transfer.end_to_end
            ),
            act: Act::Pay,
            clocked: None,
            who: Who::Anyone,
        }),
        (TransferState::InFile, _) => Some(Step {
            tab: Tab::Mine,
            what: format!(
                "its bank transfer of {amount} to account …{last4} is in payment file {}",
                transfer.file.unwrap_or_default()
            ),
            next: "Wait for the bank's statement, and read it: refund-desk reconcile FILE. Do not pay it another way."
                .to_owned(),
            act: Act::Wait,
            clocked: None,
            who: Who::Anyone,
        }),
        (TransferState::Paid, Confirmation::Stuck(why)) => Some(unconfirmed(
            why,
            "Mend the cause, then have it told again: refund-desk transfers confirm REFUND; or two people state how it stands.",
            Act::Resolve,
            Who::Anyone,
        )),
        (TransferState::Paid, _) => Some(unconfirmed(
            "the network has not been told yet",
            "Wait: the desk tells it by itself, and again until it is heard. Do not pay it again.",
            Act::Wait,
            Who::Desk,
        )),
        (TransferState::Rejected | TransferState::Returned, _) => None,
    }
}

fn file_to_agree(transfer: &Transfer, by: &str, facts: &Facts<'_>) -> Step {
    let own = by == facts.viewer;
    let file = transfer.file.unwrap_or_default();
    Step {
        tab: if own { Tab::Mine } else { Tab::Approvals },
        what: format!(
            "payment file {file}, proposed by {by}, holds its bank transfer of {} to account …{}",
            transfer.amount, transfer.last4
        ),
        next: match own {
            true => "Another person must look at the payment file and agree to it.".to_owned(),
            false => {
                "Look at the payment file, then agree and have it written: refund-desk transfers"
                    .to_owned()
            }
        },
        act: Act::Pay,
        clocked: None,
        who: Who::AnyoneBut(by.to_owned()),
    }
}

/// Money moved, and the network does not know: loud until it does.
fn unconfirmed(why: &str, next: &str, act: Act, who: Who) -> Step {
    Step {
        tab: Tab::Problems,
        what: format!("PAID, NOT CONFIRMED: {why}"),
        next: next.to_owned(),
        act,
        clocked: None,
        who,
    }
}

fn second_word(stated: &Statement, facts: &Facts<'_>) -> Step {
    let own = stated.by == facts.viewer;
    Step {
        tab: if own { Tab::Mine } else { Tab::Approvals },
        what: format!(
            "{} says of its bank transfer: {} ({})",
            stated.by,
            stated.said.name(),
            stated.reference
        ),
        next: match own {
            true => "Another person must look at the bank's statement and say the same.",
            false => "Look at the bank's statement yourself, then say the same or turn it down.",
        }
        .to_owned(),
        act: Act::Pay,
        clocked: None,
        who: Who::AnyoneBut(stated.by.clone()),
    }
}

fn checker(refund: &Refund, facts: &Facts<'_>) -> Step {
    let maker = &refund.content.maker;
    let own = maker == facts.viewer;
    Step {
        tab: if own { Tab::Mine } else { Tab::Approvals },
        what: said_or(refund, "a checker must approve"),
        next: match own {
            true => "Another person must approve or decline it; you can withdraw it.",
            false => "Look at it, then approve or decline it.",
        }
        .to_owned(),
        act: Act::Decide,
        clocked: Some(Clocked::Expires(refund.expires_at)),
        who: Who::AnyoneBut(maker.clone()),
    }
}

fn release(refund: &Refund) -> Step {
    Step {
        tab: Tab::Mine,
        what: "composed offline: not sent".to_owned(),
        next: "Release it online, or withdraw it.".to_owned(),
        act: Act::Release,
        clocked: Some(Clocked::Expires(refund.expires_at)),
        who: Who::Anyone,
    }
}

fn unknown(refund: &Refund, facts: &Facts<'_>) -> Step {
    let (next, act, clocked) = unknown_next(refund, facts);
    Step {
        tab: Tab::Problems,
        what: "it may have been paid; do not refund it again".to_owned(),
        next: next.to_owned(),
        act,
        clocked,
        who: match act {
            Act::Wait => Who::Desk,
            _ => Who::Anyone,
        },
    }
}

/// In the order of domain.md: ask and repeat within the window, then absence, then two people.
fn unknown_next(refund: &Refund, facts: &Facts<'_>) -> (&'static str, Act, Option<Clocked>) {
    const STATE: &str = "Find out from the provider or a statement what became of it; then two people state the outcome.";
    let Some((first, last)) = facts.sent else {
        return (STATE, Act::Resolve, None);
    };
    let opening = facts.promise.replay.and_then(|replay| {
        let opening = replay.opening(first, last)?;
        Some((replay, opening))
    });
    if let Some((replay, (from, _))) = opening.filter(|(_, (_, until))| facts.now < *until) {
        let at = refund.next_look_at.map_or(from, |look| look.max(from));
        let next = match replay.unasked {
            true => {
                "Wait: the provider cannot be asked, so the desk sends the same request again; however often it arrives, it counts once."
            }
            false => {
                "Wait: the desk asks, and if the provider has nothing it sends the same request again."
            }
        };
        return (next, Act::Wait, Some(Clocked::Resend(at)));
    }
    let Some(bound) = facts.promise.absence_after() else {
        return (STATE, Act::Resolve, None);
    };
    let from = delivered_by(last, bound);
    if facts.now < from || facts.found_nothing + 1 < AbsenceGuard::INQUIRIES {
        return (
            "Wait: the desk keeps asking. Once the provider has found nothing for long enough, two people can have it sent anew.",
            Act::Wait,
            Some(Clocked::AbsenceFrom(from)),
        );
    }
    (
        "The provider keeps finding nothing. Two people can state that it never arrived; it is then sent anew.",
        Act::Resolve,
        None,
    )
}

/// T25: until its outcome is known the refund stands as it stood.
fn step_open(later: &Later) -> Step {
    let asked = match later.step {
        LaterStep::Stop => "stop it",
        LaterStep::Capture => "pay it",
        LaterStep::Confirm => "take note that it was paid",
    };
    let known = if later.unknown {
        "whether it did is not known"
    } else {
        "no answer yet"
    };
    Step {
        tab: Tab::Problems,
        what: format!("{} asked the provider to {asked}; {known}", later.by),
        next: "Wait: the desk keeps asking. Until the provider tells, it may still be paid; do not refund it again."
            .to_owned(),
        act: Act::Wait,
        clocked: None,
        who: Who::Desk,
    }
}

/// It was decided and approved before it was sent: that it is paid takes one person.
fn to_capture() -> Step {
    Step {
        tab: Tab::Problems,
        what: "the provider has authorised it and pays nothing before it is captured".to_owned(),
        next: "Capture it: then it is paid. If it must not be paid, have the provider stop it."
            .to_owned(),
        act: Act::Capture,
        clocked: None,
        who: Who::Anyone,
    }
}

fn needs_you(refund: &Refund) -> Step {
    let next = match refund.content.kind {
        Kind::Outside => {
            "Pay it by other means; then two people state that it was paid, with the proof."
        }
        Kind::Refund | Kind::Void => {
            "Find out from the provider or a statement what was paid; then two people state it."
        }
    };
    Step {
        tab: Tab::Problems,
        what: said_or(refund, "it waits for a person"),
        next: next.to_owned(),
        act: Act::Resolve,
        clocked: None,
        who: Who::Anyone,
    }
}

fn overdue() -> Step {
    Step {
        tab: Tab::Problems,
        what: "on its way for longer than it should be".to_owned(),
        next:
            "Ask the provider's support; when it is clear what became of it, two people state it."
                .to_owned(),
        act: Act::Resolve,
        clocked: None,
        who: Who::Anyone,
    }
}

fn came_back() -> Step {
    Step {
        tab: Tab::Problems,
        what: "it CAME BACK: the customer does not have it".to_owned(),
        next: "Find out why, then refund again in its place; that takes two people.".to_owned(),
        act: Act::Replace,
        clocked: None,
        who: Who::Anyone,
    }
}

/// Its maker is told for a month; after that it is history.
fn not_paid(refund: &Refund, facts: &Facts<'_>) -> Option<Step> {
    let recent = facts.now - refund.updated_at < TimeDelta::days(30);
    (recent && refund.content.maker == facts.viewer).then(|| Step {
        tab: Tab::Mine,
        what: format!("not paid: {}", said_or(refund, "the provider refused it")),
        next: advice(refund).to_owned(),
        act: Act::Replace,
        clocked: None,
        who: Who::Anyone,
    })
}

/// What is done about a refund that was not paid: by its class, where the provider's answer has one.
pub fn advice(refund: &Refund) -> &str {
    let unpaid = refund.unpaid.as_ref();
    unpaid.map_or("Mend the cause, then refund again in its place.", |it| {
        it.advice.as_str()
    })
}

fn said_or(refund: &Refund, otherwise: &str) -> String {
    refund.said.clone().unwrap_or_else(|| otherwise.to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
