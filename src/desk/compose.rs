//! Composing: what was typed becomes a decision, checked against every rule, shown, reserved.

use std::time::Duration;

use chrono::TimeDelta;

use super::compensation;
use super::face::{Actor, Composed, Draft, Limit, Preview, Refusal, Reply, WirePreview};
use super::judged::Judged;
use super::kinds::{self, way_of};
use super::local::{Local, row};
use super::{refusal, send};
use crate::clock::later;
use crate::domain::amount::{self, Basis};
use crate::domain::dispute::Dispute;
use crate::domain::eligibility;
use crate::domain::id::RefundId;
use crate::domain::limits;
use crate::domain::money::Money;
use crate::domain::payment::{Capture, Payment};
use crate::domain::plan::Ahead;
use crate::domain::policy::{Asked, Policy};
use crate::domain::reason;
use crate::domain::refund::{Content, Kind, Refund};
use crate::domain::text;
use crate::failpoint;
use crate::ledger::{LedgerError, Likeness, RefundSummary, Reservation, Reserved};

/// Sums for approval are taken over this long, so that slicing a refund does not escape them.
const APPROVAL_SUM: TimeDelta = TimeDelta::days(7);
/// How far back a refund to the same order or payer counts as a likely duplicate.
pub(super) const DUPLICATE_SINCE: TimeDelta = TimeDelta::days(30);
/// Longest note or case reference, in characters.
const LONGEST_TEXT: usize = 500;

impl Local {
    /// What a refund would be, without writing anything.
    pub(super) async fn preview(&self, actor: &Actor, draft: &Draft) -> Result<Reply, Refusal> {
        let mut judged = self.judge_draft(actor, draft, &Ahead::default()).await?;
        if let Err(refusal) = self.may_make(actor) {
            judged.problems.insert(0, refusal);
        }
        let existing = match self.existing(actor, draft, &judged).await {
            Ok(known) => known.map(|known| judged.repeats(&known)),
            Err(refusal) => {
                judged.problems.insert(0, refusal);
                None
            }
        };
        let amount = judged.amount.clone().ok();
        let content = amount.and_then(|amount| content(actor.name.clone(), draft, &judged, amount));
        let request = content.and_then(|content| self.wire_preview(&judged, &content));
        let can_refund = judged.eligibility.can_refund;
        Ok(Reply::Preview(Box::new(Preview {
            payment: judged.payment.id,
            account: judged.payment.account.clone(),
            can_refund,
            available: Some(judged.left()),
            remaining: amount.and_then(|amount| can_refund.checked_sub(amount).ok()),
            limits: self.limits(&judged),
            refundable_until: judged.eligibility.refundable_until,
            duplicates: judged.alike.iter().map(likeness).collect(),
            existing,
            approval: judged.approval,
            problems: judged.problems,
            compensation: judged.compensation.ok().filter(|it| it.is_positive()),
            amount,
            request,
        })))
    }

    /// Reserves and queues a refund, or returns the one its key names already.
    pub(super) async fn compose(&self, actor: &Actor, draft: &Draft) -> Result<Reply, Refusal> {
        self.writable()?;
        self.by_its_maker(actor, draft)?;
        let judged = self.judge_draft(actor, draft, &Ahead::default()).await?;
        if let Some(existing) = self.existing(actor, draft, &judged).await? {
            return Ok(composed(existing, true));
        }
        self.as_planned(draft, &judged)?;
        if let Some(problem) = judged.problems.first() {
            return Err(problem.clone());
        }
        let amount = judged.amount.clone()?;
        let content = content(actor.name.clone(), draft, &judged, amount)
            .ok_or_else(|| refusal::rule("text_too_long", "a text is too long", "Shorten it."))?;
        if let Some(old) = judged
            .replaced
            .as_ref()
            .filter(|_| judged.way.settlement_told)
        {
            self.ask_before_the_other(old).await?;
        }
        if let (false, Some(first)) = (draft.again, judged.alike.first()) {
            return Err(duplicate(first));
        }
        let reservation = self.reservation(actor, draft, &judged, content)?;
        let id = reservation.id;
        match self.ledger.reserve(reservation).await {
            Ok(Reserved::New(summary)) => {
                failpoint::reach("reserve.committed");
                self.changed(summary.clone());
                Ok(composed(summary, false))
            }
            Ok(Reserved::Existing(summary)) => Ok(composed(summary, true)),
            Err(LedgerError::LikelyDuplicate(kind, known)) => Err(duplicate(&(kind, *known))),
            Err(error) => Err(refusal::unwritten(error, id, "reserved")),
        }
    }

    /// Judges a draft as if what is ahead of it in a plan were made already.
    pub(super) async fn judge_draft(
        &self,
        actor: &Actor,
        draft: &Draft,
        ahead: &Ahead,
    ) -> Result<Judged, Refusal> {
        let payment = ahead.held_on(self.payment_named(&draft.payment).await?);
        let dispute = self.answered_dispute(draft, &payment).await?;
        let payment = match &dispute {
            Some(dispute) => payment.answering(dispute),
            None => payment,
        };
        let now = self.clock.now();
        let terms = self.terms(&payment.account);
        let capture = choose_capture(&payment, draft.capture_id.as_deref());
        let replaced = match &draft.supersedes {
            Some(handle) => Some(self.refund_named(handle).await?),
            None => None,
        };
        let way = way_of(draft, replaced.as_ref().map(|old| &old.refund));
        let eligibility = match &capture {
            Ok(capture) => eligibility::of_payments_capture_in(way, &payment, capture, &terms, now),
            Err(_) => eligibility::of_payment(&payment, &terms, now),
        };
        let eligibility = self.worded(&payment.account, eligibility);
        let basis = Basis {
            paid: capture
                .as_ref()
                .map_or(payment.figures().captured, |capture| {
                    capture.figures.captured
                }),
            can_refund: eligibility.can_refund,
        };
        let amount = amount::parse(&draft.amount, &basis).map_err(Refusal::from);
        let mut judged = Judged {
            payment,
            terms,
            capture,
            eligibility,
            amount,
            compensation: compensation::typed(draft, basis.paid),
            problems: Vec::new(),
            alike: Vec::new(),
            approval: None,
            allowances: Vec::new(),
            replaced,
            way,
            dispute,
            now,
        };
        judged.problems = problems(draft, &judged, &self.settings.policy);
        if let Some(Err(refusal)) = judged
            .replaced
            .as_ref()
            .map(|old| superseded(&old.refund, &judged))
        {
            judged.problems.push(refusal);
        }
        let amount = judged.amount.as_ref().ok().copied();
        let account = self.account(&judged.payment.account);
        let can_give = judged.eligibility.can_refund;
        let of_its_kind = kinds::problem(draft, account, amount, can_give);
        judged.problems.splice(0..0, of_its_kind);
        if let (Ok(_), Ok(amount)) = (&judged.capture, judged.amount.clone()) {
            let maker = String::new();
            let content = content(maker, draft, &judged, amount);
            let unfit = content.and_then(|content| self.unfit(&judged.payment, &content));
            judged.problems.extend(unfit);
        }
        let twin = self.twin_stands_against(draft, &judged).await?;
        judged.problems.extend(twin);
        // First of all: the others are judged on figures that may be wrong.
        if let Err(damaged) = self.trust_rows(judged.payment.id).await {
            judged.problems.insert(0, damaged);
        }
        let account = judged.payment.account.clone();
        if let Err(closed) = self.ledger.check_open(account).await {
            judged.problems.insert(0, closed.into());
        }
        if let Ok(amount) = judged.amount {
            let since = now - DUPLICATE_SINCE;
            let replaced = judged.replaced.as_ref().map(|old| old.refund.id);
            let alike = self.ledger.alike(&judged.payment, amount, since, replaced);
            judged.alike = alike.await?;
            let on_top = judged.compensation.clone();
            let none = Money::zero(amount.currency);
            let on_top = on_top.unwrap_or(none);
            judged.approval = self.approval(&judged, ahead, amount, on_top).await?;
            self.allow(actor, &mut judged, ahead, amount, on_top)
                .await?;
        }
        Ok(judged)
    }

    /// Why a second person is needed, when one is.
    async fn approval(
        &self,
        judged: &Judged,
        ahead: &Ahead,
        amount: Money,
        compensation: Money,
    ) -> Result<Option<String>, Refusal> {
        let mut recent = self
            .ledger
            .recent_total(&judged.payment, judged.now - APPROVAL_SUM)
            .await?;
        let planned = ahead.recent(&judged.payment).minor;
        recent.minor = recent.minor.saturating_add(planned);
        let after_reversal = match &judged.replaced {
            Some(old) => self.ledger.follows_reversal(old.refund.id).await?,
            None => false,
        };
        let why = self.settings.policy.why_checker(&Asked {
            amount,
            compensation,
            recent,
            after_reversal,
            outside: judged.way.kind == Kind::Outside,
            answers_dispute: judged.dispute.is_some(),
        });
        Ok(why.map(|why| why.to_string()))
    }

    /// The refund that the caller's key names already. `rest` and percentages are read as if that
    /// refund were not there, so that the same command finds its own refund again.
    async fn existing(
        &self,
        actor: &Actor,
        draft: &Draft,
        judged: &Judged,
    ) -> Result<Option<RefundSummary>, Refusal> {
        let Some(key) = &draft.key else {
            return Ok(None);
        };
        let Some(known) = self.ledger.refund_by_key(key.clone()).await? else {
            return Ok(None);
        };
        let own = known.refund.figures().weight().minor;
        let basis = Basis {
            can_refund: Money::new(
                judged.left().minor.saturating_add(own),
                judged.payment.currency,
            ),
            paid: judged.paid(),
        };
        let same = amount::parse(&draft.amount, &basis)
            .ok()
            .and_then(|amount| content(actor.name.clone(), draft, judged, amount))
            .is_some_and(|content| content.hash() == known.refund.hash);
        if same {
            return Ok(Some(known));
        }
        Err(LedgerError::KeyReused {
            key: key.clone(),
            refund: known.refund.id.to_string(),
        }
        .into())
    }

    fn reservation(
        &self,
        actor: &Actor,
        draft: &Draft,
        judged: &Judged,
        content: Content,
    ) -> Result<Reservation, Refusal> {
        let replaced = judged.replaced.as_ref();
        let supersedes = replaced
            .map(|old| superseded(&old.refund, judged))
            .transpose()?;
        let delay = if draft.delay {
            self.settings.send_delay
        } else {
            Duration::ZERO
        };
        let expected_available = draft
            .expect_available
            .as_deref()
            .map(|text| Money::parse(text, judged.payment.currency))
            .transpose()
            .map_err(|error| Refusal::from(amount::AmountError::from(error)))?;
        Ok(Reservation {
            id: match self.clock.drawn() {
                Some(chance) => RefundId::drawn(judged.now, chance),
                None => RefundId::new(judged.now),
            },
            content,
            caller_key: draft.key.clone(),
            supersedes,
            expected_available,
            terms: judged.terms.clone(),
            policy: self.settings.policy.clone(),
            allowed: self.allowed(actor, &judged.payment, judged.now),
            approval_since: judged.now - APPROVAL_SUM,
            duplicates_since: (!draft.again).then(|| judged.now - DUPLICATE_SINCE),
            send_after: later(judged.now, delay),
            expires_at: judged.now + self.settings.expires_after,
            settlement_told: judged.way.settlement_told,
            dispute: judged.dispute.as_ref().map(|dispute| dispute.id),
            needs_release: self.mode.offline,
            now: judged.now,
        })
    }

    /// The dispute a draft answers: reason `dispute`, with the provider's id of one in force as its
    /// case. Any other case is free text.
    async fn answered_dispute(
        &self,
        draft: &Draft,
        payment: &Payment,
    ) -> Result<Option<Dispute>, Refusal> {
        let Some(case) = draft.case_ref.as_deref().map(str::trim) else {
            return Ok(None);
        };
        if draft.reason != "dispute" {
            return Ok(None);
        }
        let disputes = self.ledger.disputes_of(payment.id).await?;
        Ok(disputes
            .into_iter()
            .find(|dispute| dispute.provider_dispute_id == case && dispute.stage.is_in_force()))
    }

    fn limits(&self, judged: &Judged) -> Vec<Limit> {
        let can_refund = judged.eligibility.can_refund;
        let within = judged
            .amount
            .as_ref()
            .map_or(true, |amount| amount.minor <= can_refund.minor);
        let mut limits = vec![Limit {
            name: "can refund".to_owned(),
            figure: can_refund.to_string(),
            kept: within,
        }];
        if let Some(until) = judged.eligibility.refundable_until {
            limits.push(Limit {
                name: "refundable until".to_owned(),
                figure: match limits::closes_soon(until, judged.now.date_naive()) {
                    true => format!("{until} UTC, closes soon"),
                    false => format!("{until} UTC"),
                },
                kept: judged.now.date_naive() <= until,
            });
        }
        let asked = judged.amount.clone();
        let named = judged.named(asked.unwrap_or(Money::zero(can_refund.currency)));
        limits.extend(
            named
                .into_iter()
                .chain(judged.allowances.clone())
                .map(|limit| Limit {
                    name: limit.name.to_owned(),
                    figure: limit.figure,
                    kept: limit.kept,
                }),
        );
        let above = self.settings.policy.approval_above(judged.payment.currency);
        limits.push(Limit {
            name: "without a checker".to_owned(),
            figure: format!("up to {above} in 7 days"),
            kept: judged.approval.is_none(),
        });
        limits
    }

    /// The exact request but for our reference: the refund has no id yet. No secret is read for it;
    /// what secrets go into, the signature and the key, stands in no preview.
    fn wire_preview(&self, judged: &Judged, content: &Content) -> Option<WirePreview> {
        let format = self.account(&judged.payment.account)?.format.as_ref();
        let id = RefundId::new(judged.now);
        let mut order = send::order(&judged.payment, content, id, 1, judged.now);
        order.correlation = "(assigned when composed)".to_owned();
        // The same in the letters that it may have.
        order.end_to_end = "ASSIGNEDWHENCOMPOSED".to_owned();
        kinds::deed(content.kind)?;
        let wire = kinds::written(format, content.kind, &order).ok()?;
        Some(WirePreview {
            body: format.readable(&wire),
            method: wire.method,
            url: wire.url,
        })
    }
}

/// The refund a new one replaces: of the same payment, and ended without paying (T21).
fn superseded(old: &Refund, judged: &Judged) -> Result<RefundId, Refusal> {
    if old.content.payment == judged.payment.id && old.ended_unpaid() {
        return Ok(old.id);
    }
    Err(refusal::rule(
        "supersedes",
        format!(
            "refund {} is {} and cannot be replaced by this one",
            old.id,
            old.state.name()
        ),
        "Only a failed, rejected or reversed refund of the same payment is tried again.",
    ))
}

fn composed(summary: RefundSummary, existing: bool) -> Reply {
    Reply::Composed(Box::new(Composed {
        refund: row(summary),
        existing,
    }))
}

fn choose_capture(payment: &Payment, capture_id: Option<&str>) -> Result<Capture, Refusal> {
    payment.capture(capture_id).cloned().ok_or_else(|| {
        let ids: Vec<&str> = payment
            .captures
            .iter()
            .filter_map(|capture| capture.capture_id.as_deref())
            .collect();
        match capture_id {
            Some(id) => refusal::rule(
                "capture",
                format!("the payment has no capture {id:?}"),
                format!("Its captures are: {}", ids.join(", ")),
            ),
            None => refusal::rule(
                "capture",
                "the payment has several captures; a refund is taken from one",
                format!("Name it with --capture, one of: {}", ids.join(", ")),
            ),
        }
    })
}

/// Everything that would refuse the draft, most telling first.
fn problems(draft: &Draft, judged: &Judged, policy: &Policy) -> Vec<Refusal> {
    let mut problems = Vec::new();
    problems.extend(judged.eligibility.why_not.map(Refusal::from));
    problems.extend(judged.capture.as_ref().err().cloned());
    problems.extend(expectation(draft, judged).err());
    match &judged.amount {
        Err(problem) => problems.push(problem.clone()),
        Ok(amount) if amount.minor > judged.eligibility.can_refund.minor => {
            problems.push(over(*amount, judged));
        }
        Ok(_) => {}
    }
    problems.extend(judged.compensated(policy).err());
    let compensated = judged
        .compensation
        .as_ref()
        .is_ok_and(|it| it.is_positive());
    let note = draft.note.as_deref();
    let case_ref = draft.case_ref.as_deref();
    problems.extend(
        reason::check(&draft.reason, note, case_ref, compensated)
            .err()
            .map(Refusal::from),
    );
    let texts = [note, case_ref].into_iter().flatten();
    problems.extend(texts.filter_map(|text| tidy(text).err()));
    problems
}

/// Too much: more than there is, or than a limit of the provider's allows, which is then named.
fn over(amount: Money, judged: &Judged) -> Refusal {
    let next = format!("Ask for {} or less.", judged.eligibility.can_refund);
    let broken = judged.named(amount).into_iter().find(|limit| !limit.kept);
    match broken.filter(|_| amount.minor <= judged.left().minor) {
        Some(limit) => refusal::rule(
            "over_limit",
            format!("{amount} breaks the {}: {}", limit.name, limit.figure),
            next,
        ),
        None => refusal::rule(
            "over_available",
            format!("{amount} is more than can be refunded"),
            next,
        ),
    }
}

fn expectation(draft: &Draft, judged: &Judged) -> Result<(), Refusal> {
    let Some(text) = draft.expect_available.as_deref() else {
        return Ok(());
    };
    let expected = Money::parse(text, judged.payment.currency)
        .map_err(|error| Refusal::from(amount::AmountError::from(error)))?;
    let left = judged.left();
    if expected == left {
        return Ok(());
    }
    Err(refusal::rule(
        "balance_changed",
        format!("{left} is available, not {expected} as expected"),
        "Look at the payment again and decide anew.",
    ))
}

/// The decision; none when one of its texts is too long.
pub(super) fn content(
    maker: String,
    draft: &Draft,
    judged: &Judged,
    amount: Money,
) -> Option<Content> {
    let filled = |field: &Option<String>| {
        let text = field
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        text.map(tidy).transpose().ok()
    };
    Some(Content {
        payment: judged.payment.id,
        capture_id: judged
            .capture
            .as_ref()
            .ok()
            .and_then(|capture| capture.capture_id.clone()),
        kind: draft.kind,
        amount,
        compensation: judged.compensation.clone().ok()?,
        reason: draft.reason.clone(),
        note: filled(&draft.note)?,
        case_ref: filled(&draft.case_ref)?,
        maker,
    })
}

/// Free text as it is stored: harmless on a terminal, without card numbers, not endless.
pub(super) fn tidy(text: &str) -> Result<String, Refusal> {
    if text.chars().count() > LONGEST_TEXT {
        return Err(refusal::rule(
            "text_too_long",
            format!("a note or case reference has at most {LONGEST_TEXT} characters"),
            "Shorten it.",
        ));
    }
    Ok(text::mask_card_numbers(&text::clean(text)))
}

fn duplicate(found: &(Likeness, RefundSummary)) -> Refusal {
    Refusal::duplicate(&likeness(found))
}

pub(super) fn likeness((likeness, summary): &(Likeness, RefundSummary)) -> String {
    let refund = &summary.refund;
    let what = match likeness {
        Likeness::SamePayment => "on this payment",
        Likeness::SameOrder => "on this order",
        Likeness::SamePayer => "to this payer",
    };
    format!(
        "{} {what} on {} by {} is {} ({})",
        refund.content.amount,
        refund.created_at.format("%Y-%m-%d"),
        refund.content.maker,
        refund.state.words(),
        refund.id.short(),
    )
}
