//! `evidence`: one page per refund; `access-review`: who could do what on a day.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::args::EvidenceOf;
use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, json};
use crate::desk::face::{
    AccessReview, Evidence, EvidenceAsk, EvidencePage, PersonSeen, Reply, Request, RuleInForce,
};
use crate::domain::audit::Anchor;
use crate::domain::evidence::StatementLine;
use crate::domain::text::clean;

const RULE: &str = "========================================================================";

/// Prints one page per refund.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: EvidenceOf,
) -> Result<Exit, Failure> {
    let ask = match (arguments.sample, arguments.seed, arguments.month) {
        (Some(size), Some(seed), Some(month)) => EvidenceAsk::Sample { size, seed, month },
        _ => EvidenceAsk::Refunds(arguments.refunds),
    };
    let sampled = match &ask {
        EvidenceAsk::Sample { size, seed, month } => Some((*size, *seed, *month)),
        EvidenceAsk::Refunds(_) => None,
    };
    let Reply::Evidence(evidence) = session.ask(Request::Evidence(ask)).await? else {
        return Err(misanswered());
    };
    if output.json {
        for page in &evidence.pages {
            output.object(&page_json(&evidence, page, sampled))?;
        }
        return Ok(Exit::Done);
    }
    output.text(&cover(&evidence, sampled).join("\n"))?;
    let all = evidence.pages.len();
    for (at, page) in evidence.pages.iter().enumerate() {
        let mut lines = vec![String::new(), RULE.to_owned()];
        lines.push(format!("page {} of {all}", at + 1));
        lines.extend(page_text(page));
        output.text(&lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

type Sampled = Option<(u32, u64, NaiveDate)>;

/// What the pages are, and by what they can be checked.
fn cover(evidence: &Evidence, sampled: Sampled) -> Vec<String> {
    let mut lines = vec![
        named("evidence of", &format!("{} refunds", evidence.pages.len())),
        named("collected", &stamp(evidence.at)),
        named("audit head", &head(evidence.head.as_ref())),
    ];
    if let (Some((size, seed, month)), Some(population)) = (sampled, evidence.population) {
        lines.push(named(
            "sample",
            &format!(
                "{size} of the {population} refunds made in {} ({}), seed {seed}",
                month.format("%Y-%m"),
                evidence.zone
            ),
        ));
        lines.push(named(
            "drawn",
            &format!("those whose SHA-256 of \"{seed}:REFUND\" is smallest, shown in the order of their ids"),
        ));
    }
    lines
}

fn page_text(page: &EvidencePage) -> Vec<String> {
    let refund = &page.card.row.refund;
    let content = &refund.content;
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let mut lines = vec![String::new()];
    let fields = [
        ("refund", refund.id.to_string()),
        ("state", refund.state.name().to_owned()),
        ("amount", content.amount.to_string()),
        ("compensation", content.compensation.to_string()),
        ("kind", content.kind.words().to_owned()),
        (
            "payment",
            format!(
                "{} {}/{}",
                page.payment.id, page.payment.account, page.payment.provider_payment_id
            ),
        ),
        ("reference", dash(&page.payment.reference)),
        ("paid", page.payment.figures().captured.to_string()),
        (
            "from",
            format!(
                "{} line {}, SHA-256 {}, imported by {}",
                page.payment.source.file,
                page.payment.source.line,
                page.payment.source.sha256,
                page.payment.source.importer
            ),
        ),
        ("reason", content.reason.clone()),
        ("note", dash(&content.note)),
        ("case", dash(&content.case_ref)),
        (
            "maker",
            format!("{}, {}", content.maker, stamp(refund.created_at)),
        ),
        ("policy", format!("version {}", refund.policy_version)),
        ("content hash", refund.hash.clone()),
        ("approval hash", refund.approval_hash.clone()),
        ("provider", dash(&refund.provider_refund_id)),
        ("trace", dash(&refund.trace)),
    ];
    lines.extend(fields.iter().map(|(name, value)| named(name, value)));
    lines.extend(decided(page));
    section(
        &mut lines,
        "in force when it was made",
        page.rules.iter().map(rule),
    );
    section(
        &mut lines,
        "sent",
        page.card.attempts.iter().flat_map(attempt),
    );
    section(
        &mut lines,
        "observed",
        page.card.observations.iter().flat_map(observed),
    );
    section(
        &mut lines,
        "bank statement",
        page.statement_lines.iter().map(statement),
    );
    let entries = page.entries.iter().map(|entry| {
        format!(
            "{} {} {} {} {} ({})",
            entry.seq,
            stamp(entry.at),
            entry.actor,
            entry.action,
            entry.detail,
            entry.hash
        )
    });
    section(&mut lines, "audit", entries);
    let came = page.came.iter();
    let came = came.map(|it| format!("{} {} {} {}", it.seq, stamp(it.at), it.actor, it.detail));
    section(&mut lines, "how they came", came);
    lines
}

/// The checkers, and what two people stated.
fn decided(page: &EvidencePage) -> Vec<String> {
    let card = &page.card;
    let approvals = card.approvals.iter().map(|it| {
        let voided = it.voided.as_ref();
        let voided = voided.map_or(String::new(), |(at, why)| {
            format!("; void since {}: {why}", stamp(*at))
        });
        let said = format!("{}, {}, saw {}{voided}", it.checker, stamp(it.at), it.hash);
        named("checker", &said)
    });
    let declined = card.decline.iter().map(|it| {
        named(
            "declined by",
            &format!("{}, {}: {}", it.checker, stamp(it.at), it.note),
        )
    });
    let stated = card.proposals.iter().map(|it| {
        let ended = it
            .ended
            .as_ref()
            .map_or("waits for a second person".to_owned(), |end| {
                format!("{} by {}, {}", end.how.name(), end.by, stamp(end.at))
            });
        named(
            "stated by",
            &format!(
                "{}, {}: {} ({}); {ended}",
                it.by,
                stamp(it.at),
                it.outcome,
                it.proof
            ),
        )
    });
    let mut lines: Vec<String> = approvals.chain(declined).chain(stated).collect();
    if lines.is_empty() {
        lines.push(named("checker", "none was needed"));
    }
    lines
}

fn rule(rule: &RuleInForce) -> String {
    format!(
        "{} (version {}, since {}, brought by {}): {}",
        rule.subject,
        rule.version,
        stamp(rule.since),
        rule.by,
        rule.says
    )
}

fn attempt(attempt: &crate::domain::refund::Attempt) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} {}: {} {}, key {}, reference {}",
            attempt.step,
            attempt.number,
            attempt.method,
            attempt.url,
            attempt.idempotency_key,
            attempt.correlation
        ),
        format!("  SHA-256 {}", attempt.sha256),
    ];
    lines.extend(attempt.sends.iter().map(|send| {
        let proven = if send.not_executed {
            ", proven not executed"
        } else {
            ""
        };
        format!("  sent {}{proven}", stamp(send.at))
    }));
    lines
}

fn observed(it: &crate::domain::refund::Observation) -> Vec<String> {
    let status = it
        .http_status
        .map_or(String::new(), |status| format!(" HTTP {status}"));
    let mut lines = vec![format!(
        "{} {} {}{status}: {}",
        stamp(it.at),
        it.source.name(),
        it.meaning,
        it.said
    )];
    lines.extend(it.raw.iter().map(|raw| format!("  {raw}")));
    lines
}

fn statement(line: &StatementLine) -> String {
    let amount = line
        .amount
        .map_or(String::new(), |amount| format!(" {amount}"));
    let file = line.file_sha256.as_ref();
    let file = file.map_or(String::new(), |file| format!(", file {file}"));
    let second = line.second.as_ref();
    let second = second.map_or(String::new(), |second| format!(" and {second}"));
    format!(
        "transfer {} {}{amount}: {} {}, dated {}{file}, known {} through {}{second}",
        line.transfer,
        line.said,
        line.kind,
        line.reference,
        line.dated.as_deref().unwrap_or("-"),
        stamp(line.at),
        line.by
    )
}

fn section(lines: &mut Vec<String>, title: &str, items: impl Iterator<Item = String>) {
    let before = lines.len();
    lines.extend(items.map(|item| format!("  {}", clean(&item))));
    if lines.len() > before {
        lines.insert(before, format!("\n{title}"));
    }
}

fn named(name: &str, value: &str) -> String {
    format!("{name:<17} {}", clean(value))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn head(head: Option<&Anchor>) -> String {
    head.map_or("none yet".to_owned(), ToString::to_string)
}

fn page_json(evidence: &Evidence, page: &EvidencePage, sampled: Sampled) -> Value {
    let entries: Vec<Value> = page.entries.iter().map(json::audit).collect();
    let rules: Vec<Value> = page.rules.iter().map(rule_json).collect();
    let lines: Vec<Value> = page.statement_lines.iter().map(line_json).collect();
    json!({
        "refund": json::refund_card(&page.card),
        "payment": {
            "id": page.payment.id,
            "account": page.payment.account,
            "provider_payment_id": page.payment.provider_payment_id,
            "reference": page.payment.reference,
            "payer": page.payment.payer,
            "last4": page.payment.last4,
            "amount": page.payment.figures().captured.decimal(),
            "currency": page.payment.currency,
            "source": {
                "file": page.payment.source.file,
                "sha256": page.payment.source.sha256,
                "line": page.payment.source.line,
                "importer": page.payment.source.importer,
            },
        },
        "rules": rules,
        "statement_lines": lines,
        "audit": entries,
        "came": page.came.iter().map(json::audit).collect::<Vec<_>>(),
        "collected_at": json::time(evidence.at),
        "head": head_json(evidence.head.as_ref()),
        "sample": sampled.map(|(size, seed, month)| json!({
            "size": size,
            "seed": seed,
            "month": month.format("%Y-%m").to_string(),
            "population": evidence.population,
        })),
    })
}

fn rule_json(rule: &RuleInForce) -> Value {
    json!({
        "subject": rule.subject,
        "version": rule.version,
        "says": rule.says,
        "by": rule.by,
        "since": json::time(rule.since),
    })
}

fn line_json(line: &StatementLine) -> Value {
    json!({
        "transfer": line.transfer,
        "said": line.said,
        "kind": line.kind,
        "reference": line.reference,
        "amount": line.amount.map(|amount| amount.decimal()),
        "currency": line.amount.map(|amount| amount.currency),
        "dated": line.dated,
        "file_sha256": line.file_sha256,
        "by": line.by,
        "second": line.second,
        "at": json::time(line.at),
    })
}

fn head_json(head: Option<&Anchor>) -> Value {
    json!(head.map(|head| json!({ "seq": head.seq, "hash": head.hash })))
}

/// Prints who could do what at the end of a business day, and who had acted by then.
pub(super) async fn access_review(
    session: &Session,
    output: &Output,
    date: NaiveDate,
) -> Result<Exit, Failure> {
    let request = Request::AccessReview { date };
    let Reply::AccessReview(review) = session.ask(request).await? else {
        return Err(misanswered());
    };
    match output.json {
        true => output.object(&review_json(&review))?,
        false => output.text(&review_text(&review).join("\n"))?,
    }
    Ok(Exit::Done)
}

fn review_text(review: &AccessReview) -> Vec<String> {
    let mut lines = vec![
        named(
            "access on",
            &format!("{} ({}), at its end", review.date, review.zone),
        ),
        named("asked", &stamp(review.at)),
        named("audit head", &head(review.head.as_ref())),
    ];
    section(&mut lines, "in force", review.rules.iter().map(rule));
    let people = review.people.iter().flat_map(|person| {
        let did: Vec<String> = person
            .did
            .iter()
            .map(|(what, often)| format!("{what} {often}x"))
            .collect();
        [
            format!(
                "{}: first seen {}, last seen {}",
                person.name,
                stamp(person.first),
                stamp(person.last)
            ),
            format!("  {}", did.join(", ")),
        ]
    });
    section(&mut lines, "who had acted by then", people);
    lines
}

fn review_json(review: &AccessReview) -> Value {
    let rules: Vec<Value> = review.rules.iter().map(rule_json).collect();
    let people: Vec<Value> = review.people.iter().map(person_json).collect();
    json!({
        "date": review.date,
        "time_zone": review.zone,
        "asked_at": json::time(review.at),
        "rules": rules,
        "people": people,
        "head": head_json(review.head.as_ref()),
    })
}

fn person_json(person: &PersonSeen) -> Value {
    let did: serde_json::Map<String, Value> = person
        .did
        .iter()
        .map(|(what, often)| (what.clone(), json!(often)))
        .collect();
    json!({
        "name": person.name,
        "first_seen": json::time(person.first),
        "last_seen": json::time(person.last),
        "did": did,
    })
}
