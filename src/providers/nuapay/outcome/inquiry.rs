//! What a look proves: at one refund by its id, or at all refunds of its payment (fact sheet 7 and
//! 8; domain.md T12).

use std::collections::BTreeMap;

use super::{Ruling, Verdict, describe, finding, http_words, judge, of_probe, reference};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::domain::text::clean;
use crate::providers::http::redact::redact;
use crate::providers::http::{Response, line};
use crate::providers::nuapay::wire::{Envelope, Refund};
use crate::providers::{Asked, Finding, Inquiry};

/// What the refund of this id says of itself.
pub fn of_poll(response: &Response, inquiry: &Inquiry, asked: Asked) -> Finding {
    if !(200..=299).contains(&response.status) {
        return of_probe(response);
    }
    let reply = Envelope::read(&response.body).filter(|reply| !reply.complains());
    let Some(refund) = reply.and_then(|it| it.data()).map(Refund::new) else {
        let words = http_words(response.status);
        return finding(response, Ruling::doubt(&words, "it tells of no refund"));
    };
    let is_ours = refund.id() == inquiry.provider_refund_id
        && refund
            .end_to_end()
            .is_none_or(|echoed| echoed == inquiry.correlation);
    let ruling = match is_ours {
        true => Ruling::on(&refund, &judge(&refund, asked), asked),
        false => Ruling::doubt("the answer is about another refund", ""),
    };
    finding(response, ruling)
}

/// Whose refund it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Foreign,
    /// It bears no reference: it may be ours.
    Unnamed,
}

/// A refund is told by our reference, which the provider echoes; never by its place in the list or
/// its amount. One without a reference is not proof that ours is absent.
fn owner(refund: &Refund, correlation: &str) -> Owner {
    match refund.end_to_end() {
        Some(reference) if reference == correlation => Owner::Ours,
        Some(_) => Owner::Foreign,
        None => Owner::Unnamed,
    }
}

/// What all refunds of the payment, made since ours may have been, prove about ours. `last` is the
/// answer that completed the list.
pub fn of_list(refunds: &[Refund], last: &Response, inquiry: &Inquiry, asked: Asked) -> Finding {
    let mut copies = Copies::default();
    for refund in refunds {
        match owner(refund, &inquiry.correlation) {
            Owner::Ours => copies.add(refund, judge(refund, asked)),
            Owner::Unnamed => copies.unnamed = Some(refund),
            Owner::Foreign => {}
        }
    }
    let (ruling, source) = copies.rule(asked);
    let names_refund = matches!(ruling.evidence, Evidence::Report { .. });
    Finding {
        http_status: Some(last.status),
        provider_refund_id: reference(ruling.refund_id.filter(|_| names_refund)),
        unpaid: ruling.unpaid,
        raw: source.and_then(|refund| redact(refund.raw().as_bytes())),
        provider_time: last.provider_time,
        ..Finding::new(ruling.evidence, line(&clean(&ruling.said)))
    }
}

/// A ruling and the refund it rests on.
type Ruled<'r> = (Ruling, Option<&'r Refund>);

/// The refunds that are, or may be, copies of ours.
#[derive(Default)]
struct Copies<'r> {
    standing: Vec<(&'r Refund, Reported, Option<Money>)>,
    failed: Option<&'r Refund>,
    open: Vec<(&'r Refund, &'static str)>,
    unnamed: Option<&'r Refund>,
}

impl<'r> Copies<'r> {
    fn add(&mut self, refund: &'r Refund, verdict: Verdict) {
        match verdict {
            Verdict::Stands(Reported::Failed | Reported::Reversed, _) => self.failed = Some(refund),
            Verdict::Stands(status, amount) => self.standing.push((refund, status, amount)),
            Verdict::Open(why) => self.open.push((refund, why)),
        }
    }

    /// A copy that was made outweighs those that failed, and *failed* needs every copy to have
    /// failed. Of copies that were made the one that is done counts first.
    fn rule(self, asked: Asked) -> Ruled<'r> {
        let done = |it: &&(&Refund, Reported, Option<Money>)| it.1 == Reported::Succeeded;
        let first = self.standing.iter().find(done).or(self.standing.first());
        if let Some((refund, status, amount)) = first {
            let is_alone = self.standing.len() + self.open.len() == 1;
            let amount = match is_alone {
                true => *amount,
                false => Some(self.total(asked.amount)),
            };
            let ruling = Ruling::on(refund, &Verdict::Stands(*status, amount), asked);
            // The id of one would hide the others from the next look: it is to go by our reference.
            let refund_id = ruling.refund_id.filter(|_| is_alone);
            return (
                Ruling {
                    refund_id,
                    ..ruling
                },
                Some(refund),
            );
        }
        let unnamed = self.unnamed.map(|it| (it, "it does not say whose it is"));
        if let Some((refund, why)) = self.open.last().copied().or(unnamed) {
            let said = describe(refund, asked);
            return (Ruling::doubt(why, &said), Some(refund));
        }
        match self.failed {
            Some(refund) => {
                let verdict = Verdict::Stands(Reported::Failed, None);
                (Ruling::on(refund, &verdict, asked), Some(refund))
            }
            None => (not_found(), None),
        }
    }

    /// What the copies come to: two refunds under one reference are two payouts, and the sum then
    /// differs from what was asked, which needs a person. One that does not say how it stands may
    /// have been paid as asked.
    fn total(&self, asked: Money) -> Money {
        let standing = self.standing.iter().map(|it| (it.0, it.2));
        let open = self.open.iter().map(|it| (it.0, None));
        let mut by_id: BTreeMap<Option<String>, i64> = BTreeMap::new();
        for (refund, amount) in standing.chain(open) {
            let minor = amount.map_or(asked.minor, |it| it.minor);
            let known = by_id.entry(refund.id()).or_insert(minor);
            *known = minor.max(*known);
        }
        let sum = by_id.into_values().fold(0, i64::saturating_add);
        Money::new(sum, asked.currency)
    }
}

fn not_found() -> Ruling {
    let said = "the payment has no refund under our reference";
    Ruling::new(Evidence::NotFound, said)
}
