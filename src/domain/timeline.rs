//! The life of one refund in one order: what people decided, what went out, what was learned.

use chrono::{DateTime, Utc};

use super::activity;
use super::approval::{Approval, Decline};
use super::audit::AuditEntry;
use super::discrepancy::Discrepancy;
use super::note::Note;
use super::refund::{Attempt, Observation, Refund};
use super::resolution::Proposal;

/// The deeds of the audit that are told by nothing else a refund keeps. What else the audit has
/// about a refund stands in its approvals, attempts and observations, and is not told twice.
const DEEDS: [&str; 15] = [
    "refund.awaiting_approval",
    "refund.released",
    "refund.canceled",
    "refund.expired",
    "refund.settled",
    "refund.step_sent",
    "refund.step_unsent",
    "refund.taken_over",
    "refund.send_taken_over",
    "account.advised",
    "transfer.due",
    "transfer.stated",
    "transfer.paid",
    "transfer.rejected",
    "transfer.returned",
];

/// What kind of moment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A person, or a rule in their place, decided.
    Decided,
    /// Bytes went out.
    Sent,
    /// Something became known.
    Learned,
    /// Somebody wrote a note.
    Noted,
    /// Something contradicts, and is open.
    Open,
}

impl Sort {
    /// The name on screen and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Sent => "sent",
            Self::Learned => "learned",
            Self::Noted => "note",
            Self::Open => "open",
        }
    }
}

/// How a moment is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither.
    Plain,
    /// Somebody agreed.
    Good,
    /// It waits.
    Waits,
    /// Somebody said no, or something contradicts.
    Bad,
    /// It no longer counts.
    Gone,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind.
    pub sort: Sort,
    /// How it is meant.
    pub tone: Tone,
    /// What, in a line.
    pub said: String,
    /// What was received, redacted.
    pub raw: Option<String>,
}

/// What is kept about a refund.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The refund.
    pub refund: &'a Refund,
    /// What was sent.
    pub attempts: &'a [Attempt],
    /// What was learned.
    pub observations: &'a [Observation],
    /// Approvals, also those that lost their force.
    pub approvals: &'a [Approval],
    /// A checker's no.
    pub decline: Option<&'a Decline>,
    /// Outcomes that people stated.
    pub proposals: &'a [Proposal],
    /// What is open about it.
    pub discrepancies: &'a [Discrepancy],
    /// What the audit has about it.
    pub deeds: &'a [AuditEntry],
    /// What people wrote on it and on its payment.
    pub notes: &'a [Note],
}

/// Whether an entry of the audit is told on the timeline.
pub fn tells(entry: &AuditEntry) -> bool {
    DEEDS.contains(&entry.action.as_str())
}

/// Everything that happened, oldest first. Of one instant, what was decided stands before what was
/// sent, and that before what was learned.
pub fn of(kept: &Kept<'_>) -> Vec<Moment> {
    let content = &kept.refund.content;
    let made = format!("made by {}: {}", content.maker, content.amount);
    let mut moments = vec![moment(
        kept.refund.created_at,
        Sort::Decided,
        Tone::Plain,
        made,
    )];
    kept.approvals
        .iter()
        .for_each(|it| approved(&mut moments, it));
    if let Some(no) = kept.decline {
        let said = format!("declined by {}: {}", no.checker, no.note);
        moments.push(moment(no.at, Sort::Decided, Tone::Bad, said));
    }
    kept.proposals
        .iter()
        .for_each(|it| stated(&mut moments, it));
    let deeds = kept.deeds.iter().filter(|it| tells(it));
    // A refund that was declined is withdrawn by that.
    let deeds = deeds.filter(|it| kept.decline.is_none() || it.action != "refund.canceled");
    moments.extend(deeds.map(done));
    kept.attempts.iter().for_each(|it| sent(&mut moments, it));
    moments.extend(kept.observations.iter().map(learned));
    moments.extend(kept.discrepancies.iter().map(|it| {
        let said = format!("not cleared up: {}", it.said());
        moment(it.opened_at, Sort::Open, Tone::Bad, said)
    }));
    moments.extend(kept.notes.iter().map(noted));
    moments.sort_by_key(|it| (it.at, it.sort));
    moments
}

fn moment(at: DateTime<Utc>, sort: Sort, tone: Tone, said: String) -> Moment {
    Moment {
        at,
        sort,
        tone,
        said,
        raw: None,
    }
}

fn approved(moments: &mut Vec<Moment>, approval: &Approval) {
    let (then, tone) = match &approval.voided {
        None => ("", Tone::Good),
        Some(_) => ("; no longer counts", Tone::Gone),
    };
    let said = format!("approved by {}{then}", approval.checker);
    moments.push(moment(approval.at, Sort::Decided, tone, said));
    if let Some((at, why)) = &approval.voided {
        let said = format!("the approval by {} lost its force: {why}", approval.checker);
        moments.push(moment(*at, Sort::Decided, Tone::Waits, said));
    }
}

fn stated(moments: &mut Vec<Moment>, one: &Proposal) {
    let said = format!("{} says: {} ({})", one.by, one.outcome, one.proof);
    let Some(ended) = &one.ended else {
        let said = format!("{said}; waits for a second person");
        moments.push(moment(one.at, Sort::Decided, Tone::Waits, said));
        return;
    };
    moments.push(moment(one.at, Sort::Decided, Tone::Plain, said));
    let note = ended.note.as_deref();
    let note = note.map_or(String::new(), |it| format!(": {it}"));
    let said = format!(
        "what {} said: {} by {}{note}",
        one.by,
        ended.how.name(),
        ended.by
    );
    moments.push(moment(ended.at, Sort::Decided, Tone::Plain, said));
}

fn done(deed: &AuditEntry) -> Moment {
    let by = match deed.actor.as_str() {
        "desk" => String::new(),
        name => format!("{name} "),
    };
    let tone = match deed.action.as_str() {
        "refund.awaiting_approval" => Tone::Waits,
        "transfer.rejected" | "transfer.returned" => Tone::Bad,
        _ => Tone::Plain,
    };
    let said = format!("{by}{}", activity::sentence(deed));
    moment(deed.at, Sort::Decided, tone, said)
}

fn sent(moments: &mut Vec<Moment>, attempt: &Attempt) {
    let name = format!("attempt {} ({})", attempt.number, attempt.step);
    if attempt.sends.is_empty() {
        let said = format!("{name} written down, not sent");
        moments.push(moment(attempt.created_at, Sort::Sent, Tone::Plain, said));
    }
    for (at, send) in attempt.sends.iter().enumerate() {
        let again = if at == 0 {
            "sent"
        } else {
            "the same sent again"
        };
        let (proof, tone) = match send.not_executed {
            true => ("; proven not executed", Tone::Gone),
            false => ("", Tone::Plain),
        };
        let said = format!("{name} {again}{proof}");
        moments.push(moment(send.at, Sort::Sent, tone, said));
    }
}

fn noted(note: &Note) -> Moment {
    let on = match note.refund {
        Some(_) => "",
        None => " on the payment",
    };
    let said = format!("note by {}{on}: {}", note.author, note.said());
    moment(note.at, Sort::Noted, Tone::Plain, said)
}

fn learned(one: &Observation) -> Moment {
    let status = one.http_status;
    let status = status.map_or(String::new(), |status| format!(" (HTTP {status})"));
    let said = format!(
        "{}: {}, {}{status}",
        one.source.name(),
        one.meaning,
        one.said
    );
    Moment {
        raw: one.raw.clone(),
        ..moment(one.at, Sort::Learned, Tone::Plain, said)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::refund::{ObservationSource, Send};
    use crate::domain::state::State;
    use crate::domain::todo::tests::refund;

    fn entry(action: &str, actor: &str, detail: &str, at: DateTime<Utc>) -> AuditEntry {
        AuditEntry {
            seq: 1,
            at,
            actor: actor.into(),
            action: action.into(),
            subject: "r".into(),
            detail: detail.into(),
            previous: String::new(),
            hash: String::new(),
        }
    }

    fn attempt(sends: &[(DateTime<Utc>, bool)]) -> Attempt {
        Attempt {
            step: "refund".into(),
            number: 1,
            idempotency_key: "k".into(),
            correlation: "c".into(),
            method: "POST".into(),
            url: "https://x".into(),
            body: Vec::new(),
            sha256: String::new(),
            created_at: sends.first().map_or_else(Utc::now, |(at, _)| *at),
            sends: sends
                .iter()
                .map(|(at, not_executed)| Send {
                    at: *at,
                    not_executed: *not_executed,
                })
                .collect(),
        }
    }

    fn observation(at: DateTime<Utc>, meaning: &str) -> Observation {
        Observation {
            at,
            source: ObservationSource::Reply,
            attempt: Some(1),
            meaning: meaning.into(),
            http_status: Some(504),
            said: "no answer".into(),
            support_id: None,
            raw: Some("{}".into()),
        }
    }

    #[test]
    fn everything_stands_once_and_in_its_order() {
        let refund = refund(State::Pending);
        let after = |seconds| refund.created_at + TimeDelta::seconds(seconds);
        let approvals = [Approval {
            checker: "ben".into(),
            hash: String::new(),
            at: after(10),
            voided: Some((after(15), "the balance changed".into())),
        }];
        let attempts = [attempt(&[(after(20), false), (after(40), true)])];
        let observations = [
            observation(after(20), "in doubt"),
            observation(after(41), "pending"),
        ];
        let deeds = [
            entry("refund.reserved", "mia", "", refund.created_at),
            entry("refund.awaiting_approval", "desk", "why=too much", after(0)),
            entry("refund.released", "cora", "", after(18)),
            entry("refund.submitting", "desk", "", after(20)),
        ];
        let moments = of(&Kept {
            refund: &refund,
            attempts: &attempts,
            observations: &observations,
            approvals: &approvals,
            decline: None,
            proposals: &[],
            discrepancies: &[],
            deeds: &deeds,
            notes: &[],
        });
        let told: Vec<(i64, &str, &str)> = moments
            .iter()
            .map(|it| {
                let seconds = (it.at - refund.created_at).num_seconds();
                (seconds, it.sort.name(), it.said.as_str())
            })
            .collect();
        let expected = [
            (0, "decided", "made by mia: 10.03 USD"),
            (0, "decided", "waits for a second person: too much"),
            (10, "decided", "approved by ben; no longer counts"),
            (
                15,
                "decided",
                "the approval by ben lost its force: the balance changed",
            ),
            (
                18,
                "decided",
                "cora let a refund go that was composed offline",
            ),
            (20, "sent", "attempt 1 (refund) sent"),
            (20, "learned", "reply: in doubt, no answer (HTTP 504)"),
            (
                40,
                "sent",
                "attempt 1 (refund) the same sent again; proven not executed",
            ),
            (41, "learned", "reply: pending, no answer (HTTP 504)"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn who_declines_withdraws_it_and_that_is_said_once() {
        let refund = refund(State::Canceled);
        let at = refund.created_at + TimeDelta::seconds(5);
        let no = Decline {
            checker: "ben".into(),
            note: "a duplicate".into(),
            at,
        };
        let deeds = [entry("refund.canceled", "ben", "rule=T4", at)];
        let kept = Kept {
            refund: &refund,
            attempts: &[],
            observations: &[],
            approvals: &[],
            decline: Some(&no),
            proposals: &[],
            discrepancies: &[],
            deeds: &deeds,
            notes: &[],
        };
        let said = |kept: &Kept<'_>| -> Vec<String> {
            of(kept).into_iter().skip(1).map(|it| it.said).collect()
        };
        assert_eq!(said(&kept), ["declined by ben: a duplicate"]);
        let withdrawn = Kept {
            decline: None,
            ..kept
        };
        assert_eq!(said(&withdrawn), ["ben withdrew a refund"]);
    }
}
