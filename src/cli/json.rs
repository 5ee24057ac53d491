//! The JSON of payments and refunds: amounts as decimal text, times RFC 3339 UTC.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::desk::face::{BalanceLine, PaymentCard, PaymentRow, Preview, RefundCard, RefundRow};
use crate::domain::approval::Approval;
use crate::domain::audit::AuditEntry;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::dispute::Dispute;
use crate::domain::eligibility::Eligibility;
use crate::domain::external::ExternalRefund;
use crate::domain::listing::Sums;
use crate::domain::payment::{Capture, Payment};
use crate::domain::refund::{Attempt, Later, Observation, Refund};
use crate::domain::resolution::Proposal;
use crate::domain::timeline;
use crate::domain::todo::{Clocked, Step};

/// A time as JSON has it.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A payment in a list.
pub(super) fn payment(row: &PaymentRow) -> Value {
    Value::Object(payment_fields(&row.payment, &row.eligibility))
}

/// What a list comes to in one currency.
pub(super) fn sums(sums: &Sums) -> Value {
    json!({
        "currency": sums.paid.currency,
        "payments": sums.count,
        "amount": sums.paid.decimal(),
        "refunded": sums.refunded.decimal(),
        "held": sums.held.decimal(),
        "can_refund": sums.can_refund.decimal(),
    })
}

pub(super) fn payment_fields(payment: &Payment, eligibility: &Eligibility) -> Map<String, Value> {
    let figures = payment.figures();
    let details: Map<String, Value> = payment
        .details
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let value = json!({
        "id": payment.id,
        "account": payment.account,
        "provider_payment_id": payment.provider_payment_id,
        "reference": payment.reference,
        "order": payment.order,
        "payer": payment.payer,
        "method": payment.method,
        "scheme": payment.scheme,
        "last4": payment.last4,
        "description": payment.description,
        "details": details,
        "amount": figures.captured.decimal(),
        "currency": payment.currency,
        "captured_at": time(payment.captured_at()),
        "settled_at": payment.settled_at().map(time),
        "refunded": figures.executed.decimal(),
        "held": figures.held.decimal(),
        "disputed": figures.disputed.decimal(),
        "available": figures.available().decimal(),
        "can_refund": eligibility.can_refund.decimal(),
        "refundable": eligibility.why_not.is_none(),
        "refundable_until": eligibility.refundable_until,
        "why_not": eligibility.why_not.map(|why| why.code()),
        "verified": verified(payment, eligibility),
        "verified_at": payment.verified_at.map(time),
    });
    object(value)
}

/// Nothing where the provider cannot list its refunds.
const fn verified(payment: &Payment, eligibility: &Eligibility) -> Option<bool> {
    match (payment.verified_at, eligibility.unverified) {
        (Some(_), _) => Some(true),
        (None, true) => Some(false),
        (None, false) => None,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A payment with its captures, refunds and balance; `as_of`: as they stood.
pub(super) fn payment_card(card: &PaymentCard, as_of: Option<DateTime<Utc>>) -> Value {
    let mut fields = payment_fields(&card.payment, &card.eligibility);
    if let Some(at) = as_of {
        fields.insert("as_of".into(), time(at).into());
    }
    let captures: Vec<Value> = card.payment.captures.iter().map(capture).collect();
    let refunds: Vec<Value> = card.refunds.iter().map(refund).collect();
    let balance: Vec<Value> = card.explained.iter().map(balance_line).collect();
    let twin = card.twin.as_ref().map(|twin| {
        json!({
            "payment_id": twin.payment,
            "reference": twin.reference,
            "account": twin.account,
            "captured_at": time(twin.captured_at),
            "given_back": twin.given_back.decimal(),
        })
    });
    fields.insert("twin".into(), json!(twin));
    fields.insert("captures".into(), captures.into());
    fields.insert("refunds".into(), refunds.into());
    fields.insert("balance".into(), balance.into());
    let on_top = &card.payment.on_top;
    fields.insert(
        "compensation".into(),
        json!({
            "held": on_top.held.decimal(),
            "executed": on_top.executed.decimal(),
            "currency": card.payment.currency,
        }),
    );
    let elsewhere = &card.elsewhere;
    let open: Vec<Value> = elsewhere.discrepancies.iter().map(discrepancy).collect();
    add_elsewhere(&mut fields, &elsewhere.external, &elsewhere.disputes);
    fields.insert("discrepancies".into(), open.into());
    let notes: Vec<Value> = card.notes.iter().map(super::shift::note_json).collect();
    fields.insert("notes".into(), notes.into());
    let source = &card.payment.source;
    fields.insert(
        "source".into(),
        json!({
            "file": source.file,
            "sha256": source.sha256,
            "line": source.line,
            "importer": source.importer,
            "at": time(source.at),
        }),
    );
    Value::Object(fields)
}

fn capture(capture: &Capture) -> Value {
    let figures = &capture.figures;
    json!({
        "capture_id": capture.capture_id,
        "amount": figures.captured.decimal(),
        "currency": figures.captured.currency,
        "captured_at": time(capture.captured_at),
        "settled_at": capture.settled_at.map(time),
        "refunded": figures.executed.decimal(),
        "held": figures.held.decimal(),
        "disputed": figures.disputed.decimal(),
        "available": figures.available().decimal(),
    })
}

fn balance_line(line: &BalanceLine) -> Value {
    json!({
        "label": line.label,
        "amount": line.amount.decimal(),
        "currency": line.amount.currency,
        "refund": line.refund,
        "sum": line.is_sum,
    })
}

/// A refund by itself.
pub(super) fn refund(refund: &Refund) -> Value {
    let content = &refund.content;
    json!({
        "id": refund.id,
        "payment_id": content.payment,
        "account": refund.account,
        "capture_id": content.capture_id,
        "kind": content.kind,
        "amount": content.amount.decimal(),
        "compensation": content.compensation.decimal(),
        "currency": content.amount.currency,
        "reported": refund.reported.map(|money| money.decimal()),
        "paid": refund.figures().executed().is_positive().then(|| refund.figures().executed().decimal()),
        "reason": content.reason,
        "note": content.note,
        "case": content.case_ref,
        "state": refund.state,
        "said": refund.said,
        "class": refund.unpaid.as_ref().map(|unpaid| unpaid.cause),
        "advice": refund.unpaid.as_ref().map(|unpaid| &unpaid.advice),
        "waits_for_capture": refund.waits_for_capture(),
        "later_step": refund.later.as_ref().map(later),
        "provider_refund_id": refund.provider_refund_id,
        "trace": refund.trace,
        "attempts": refund.attempts,
        "maker": content.maker,
        "hash": refund.approval_hash,
        "content_hash": refund.hash,
        "policy_version": refund.policy_version,
        "checker": refund.checker,
        "declined_by": refund.declined_by,
        "supersedes": refund.supersedes,
        "expires_at": time(refund.expires_at),
        "key": refund.caller_key,
        "needs_release": refund.needs_release,
        "send_after": refund.send_after.map(time),
        "next_look_at": refund.next_look_at.map(time),
        "created_at": time(refund.created_at),
        "updated_at": time(refund.updated_at),
    })
}

fn later(later: &Later) -> Value {
    json!({
        "step": later.step,
        "by": later.by,
        "at": time(later.at),
        "unknown": later.unknown,
    })
}

/// A refund in a list, with the words that tell its payment.
pub(super) fn refund_row(row: &RefundRow) -> Value {
    let mut fields = object(refund(&row.refund));
    fields.insert("reference".into(), json!(row.reference));
    fields.insert("payer".into(), json!(row.payer));
    fields.insert("last4".into(), json!(row.last4));
    Value::Object(fields)
}

/// A refund with its attempts and observations.
pub(super) fn refund_card(card: &RefundCard) -> Value {
    let mut fields = object(refund_row(&card.row));
    let attempts: Vec<Value> = card.attempts.iter().map(attempt).collect();
    let observations: Vec<Value> = card.observations.iter().map(observation).collect();
    fields.insert("attempt_log".into(), attempts.into());
    fields.insert("observations".into(), observations.into());
    let open: Vec<Value> = card.discrepancies.iter().map(discrepancy).collect();
    fields.insert("discrepancies".into(), open.into());
    if !card.transfers.is_empty() {
        let transfers = card.transfers.iter().map(super::transfers::transfer);
        fields.insert("transfers".into(), transfers.collect::<Vec<_>>().into());
    }
    let notes: Vec<Value> = card.notes.iter().map(super::shift::note_json).collect();
    fields.insert("notes".into(), notes.into());
    let stop = card.stop.as_ref().map(|stop| {
        json!({
            "possible": stop.possible,
            "until": stop.until.map(time),
            "said": stop.said,
        })
    });
    fields.insert("stop".into(), stop.into());
    fields.insert("timeline".into(), timeline(card).into());
    fields.extend(decisions(card));
    Value::Object(fields)
}

/// Everything that happened to it, in one order.
fn timeline(card: &RefundCard) -> Vec<Value> {
    let moments = timeline::of(&super::refunds::kept(card));
    let told = |moment: timeline::Moment| json!({ "at": time(moment.at), "sort": moment.sort.name(), "said": moment.said });
    moments.into_iter().map(told).collect()
}

/// What people decided, and the step the refund waits for.
fn decisions(card: &RefundCard) -> Map<String, Value> {
    let approvals: Vec<Value> = card.approvals.iter().map(approval).collect();
    let proposals: Vec<Value> = card.proposals.iter().map(proposal).collect();
    object(json!({
        "approvals": approvals,
        "decline": card.decline.as_ref().map(|decline| json!({
            "checker": decline.checker,
            "note": decline.note,
            "at": time(decline.at),
        })),
        "proposals": proposals,
        "next_step": card.step.as_ref().map(step),
        "may_approve": card.may_approve.as_ref().map(|may| &may.people),
        "away": card.may_approve.as_ref().map(|may| &may.away),
    }))
}

fn approval(approval: &Approval) -> Value {
    json!({
        "checker": approval.checker,
        "hash": approval.hash,
        "at": time(approval.at),
        "voided_at": approval.voided.as_ref().map(|(at, _)| time(*at)),
        "void_reason": approval.voided.as_ref().map(|(_, why)| why),
    })
}

fn proposal(proposal: &Proposal) -> Value {
    let ended = proposal.ended.as_ref();
    json!({
        "outcome": proposal.outcome.name(),
        "paid": proposal.outcome.paid().map(|paid| paid.decimal()),
        "evidence": proposal.proof,
        "by": proposal.by,
        "at": time(proposal.at),
        "hash": proposal.hash,
        "ended_as": ended.map(|ended| ended.how),
        "ended_by": ended.map(|ended| &ended.by),
        "ended_at": ended.map(|ended| time(ended.at)),
        "ended_note": ended.and_then(|ended| ended.note.as_ref()),
    })
}

pub(super) fn step(step: &Step) -> Value {
    let (clock, at) = match step.clocked {
        Some(Clocked::Resend(at)) => (Some("resend"), Some(at)),
        Some(Clocked::AbsenceFrom(at)) => (Some("absence_from"), Some(at)),
        Some(Clocked::Expires(at)) => (Some("expires"), Some(at)),
        None => (None, None),
    };
    json!({
        "what": step.what,
        "next": step.next,
        "act": step.act,
        "tab": step.tab,
        "clock": clock,
        "at": at.map(time),
    })
}

/// What became known of a payment from elsewhere.
pub(super) fn add_elsewhere(
    fields: &mut Map<String, Value>,
    refunds: &[ExternalRefund],
    disputes: &[Dispute],
) {
    let refunds: Vec<Value> = refunds.iter().map(external).collect();
    let disputes: Vec<Value> = disputes.iter().map(dispute).collect();
    fields.insert("external_refunds".into(), refunds.into());
    fields.insert("disputes".into(), disputes.into());
}

/// A refund made elsewhere.
pub(super) fn external(external: &ExternalRefund) -> Value {
    json!({
        "id": external.id,
        "payment_id": external.payment,
        "capture_id": external.capture_id,
        "provider_refund_id": external.provider_refund_id,
        "amount": external.amount.decimal(),
        "compensation": external.compensation.decimal(),
        "currency": external.amount.currency,
        "state": external.state,
        "source": external.source,
        "origin": external.origin,
        "first_seen": time(external.first_seen),
        "last_seen": time(external.last_seen),
        "linked_refund": external.linked,
    })
}

/// A dispute.
pub(super) fn dispute(dispute: &Dispute) -> Value {
    json!({
        "id": dispute.id,
        "payment_id": dispute.payment,
        "capture_id": dispute.capture_id,
        "provider_dispute_id": dispute.provider_dispute_id,
        "amount": dispute.amount.decimal(),
        "currency": dispute.amount.currency,
        "stage": dispute.stage,
        "deadline": dispute.deadline.map(time),
        "holds": dispute.holds.decimal(),
        "banner": dispute.banner(),
        "refunds": dispute.refunds,
        "opened_at": time(dispute.opened_at),
        "updated_at": time(dispute.updated_at),
    })
}

/// A discrepancy.
pub(super) fn discrepancy(discrepancy: &Discrepancy) -> Value {
    let resolution = discrepancy.resolution.as_ref();
    json!({
        "id": discrepancy.id,
        "payment_id": discrepancy.payment,
        "account": discrepancy.account,
        "reference": discrepancy.reference,
        "refund": discrepancy.refund,
        "kind": discrepancy.kind,
        "detail": discrepancy.detail,
        "proposed": discrepancy.proposed,
        "blocks": discrepancy.blocks_now(),
        "owner": discrepancy.owner,
        "opened_at": time(discrepancy.opened_at),
        "resolved_at": resolution.map(|it| time(it.at)),
        "resolved_by": resolution.map(|it| it.by.clone()),
        "note": resolution.map(|it| it.note.clone()),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    let sends: Vec<Value> = attempt
        .sends
        .iter()
        .map(|send| json!({ "at": time(send.at), "not_executed": send.not_executed }))
        .collect();
    json!({
        "step": attempt.step,
        "number": attempt.number,
        "idempotency_key": attempt.idempotency_key,
        "correlation": attempt.correlation,
        "method": attempt.method,
        "url": attempt.url,
        "body": String::from_utf8_lossy(&attempt.body),
        "sha256": attempt.sha256,
        "created_at": time(attempt.created_at),
        "sends": sends,
    })
}

fn observation(observation: &Observation) -> Value {
    json!({
        "at": time(observation.at),
        "source": observation.source,
        "attempt": observation.attempt,
        "meaning": observation.meaning,
        "http_status": observation.http_status,
        "said": observation.said,
        "support_id": observation.support_id,
        "raw": observation.raw,
    })
}

/// What a refund would be.
pub(super) fn preview(preview: &Preview) -> Value {
    let problems: Vec<Value> = preview
        .problems
        .iter()
        .map(|problem| {
            json!({
                "code": problem.code,
                "message": problem.message,
                "money": problem.money,
                "next": problem.next,
            })
        })
        .collect();
    json!({
        "dry_run": true,
        "payment_id": preview.payment,
        "account": preview.account,
        "currency": preview.can_refund.currency,
        "can_refund": preview.can_refund.decimal(),
        "amount": preview.amount.map(|amount| amount.decimal()),
        "compensation": preview.compensation.map(|on_top| on_top.decimal()),
        "remaining": preview.remaining.map(|remaining| remaining.decimal()),
        "limits": preview.limits,
        "refundable_until": preview.refundable_until,
        "approval": preview.approval,
        "duplicates": preview.duplicates,
        "existing": preview.existing,
        "problems": problems,
        "request": preview.request,
    })
}

/// An entry of the audit.
pub(super) fn audit(entry: &AuditEntry) -> Value {
    json!({
        "seq": entry.seq,
        "at": time(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
        "previous": entry.previous,
        "hash": entry.hash,
    })
}
