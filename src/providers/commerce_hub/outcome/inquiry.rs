//! What the answer to an inquiry proves (fact sheet 6.3; domain.md T12).

use std::collections::BTreeMap;

use super::{
    Envelope, Response, Ruling, Subject, Verdict, describe, finding, http_words, judge,
    named_amount, unreadable,
};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::providers::{Finding, Inquiry};

/// A ruling and the record it rests on.
type Ruled<'r> = (Ruling, Option<&'r Envelope>);

/// What the answer to an inquiry proves.
pub fn of_inquiry(what: Subject, response: &Response, inquiry: &Inquiry, asked: Money) -> Finding {
    if !(200..=299).contains(&response.status) {
        return of_probe(response);
    }
    let Some(records) = Envelope::read_list(&response.body) else {
        return finding(response, unreadable(response), None);
    };
    let (ruling, source) = rule_on_records(what, &records, inquiry, asked);
    finding(response, ruling, source)
}

/// What an answer says of the provider itself, and nothing of any refund.
pub fn of_probe(response: &Response) -> Finding {
    let reply = Envelope::read(&response.body).unwrap_or_default();
    let ruling = Ruling::doubt(&http_words(response.status), &describe(&reply));
    finding(response, ruling, Some(&reply))
}

/// Whose record it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Foreign,
    /// It bears no reference of ours, or contradicting ones.
    Unnamed,
}

/// A record is told by our reference, its id, or the key of our request; never by its place in
/// the list (fact sheet 6.3). Request elements are not always echoed (6.1), so a record without
/// our reference is not proof that ours is absent.
fn owner(record: &Envelope, inquiry: &Inquiry) -> Owner {
    let known = inquiry.provider_refund_id.as_deref();
    let by_id = known.is_some() && record.transaction_id() == known;
    let by_key = record.client_request_id() == Some(&inquiry.idempotency_key);
    match record.merchant_transaction_id() {
        Some(reference) if reference == inquiry.correlation => Owner::Ours,
        Some(_) if by_id || by_key => Owner::Unnamed,
        Some(_) => Owner::Foreign,
        None if by_id || by_key => Owner::Ours,
        None => Owner::Unnamed,
    }
}

fn rule_on_records<'r>(
    what: Subject,
    records: &'r [Envelope],
    inquiry: &Inquiry,
    asked: Money,
) -> Ruled<'r> {
    let mut copies = Copies::default();
    for record in records {
        match owner(record, inquiry) {
            Owner::Ours => copies.add(record, judge(what, record, asked)),
            Owner::Unnamed => copies.add(record, Verdict::Open("it does not say whose it is")),
            Owner::Foreign => {}
        }
    }
    copies.rule(asked)
}

/// The records that are, or may be, copies of one refund.
#[derive(Default)]
struct Copies<'r> {
    paid: Vec<&'r Envelope>,
    underway: Vec<&'r Envelope>,
    authorised: Vec<&'r Envelope>,
    undone: Vec<&'r Envelope>,
    failed: Vec<&'r Envelope>,
    open: Option<(&'r Envelope, &'static str)>,
}

impl<'r> Copies<'r> {
    fn add(&mut self, record: &'r Envelope, verdict: Verdict) {
        match verdict {
            Verdict::Paid => self.paid.push(record),
            Verdict::Underway => self.underway.push(record),
            Verdict::Authorised => self.authorised.push(record),
            Verdict::Undone => self.undone.push(record),
            Verdict::NotPaid { .. } => self.failed.push(record),
            Verdict::Open(why) => self.open = Some((record, why)),
        }
    }

    /// A copy that was paid outweighs those that failed, and *failed* needs every copy to have
    /// failed.
    fn rule(self, asked: Money) -> Ruled<'r> {
        let none = self.paid.is_empty() && self.underway.is_empty();
        let alive = !(none && self.authorised.is_empty());
        if let (true, Some(voided)) = (alive, self.undone.last()) {
            return doubt_about(voided, "one copy was made, one was voided");
        }
        let reported = |(status, records): (Reported, &[&'r Envelope])| {
            let record = *records.last()?;
            let amount = match status {
                Reported::Failed => None,
                _ => total(records, asked),
            };
            let ruling = Ruling::report(status, amount, describe(record));
            Some((ruling, Some(record)))
        };
        let standing = [
            (Reported::Succeeded, &self.paid[..]),
            (Reported::Pending, &self.underway[..]),
            (Reported::Authorised, &self.authorised[..]),
        ];
        let ended = [
            (Reported::Reversed, &self.undone[..]),
            (Reported::Failed, &self.failed[..]),
        ];
        let open = self.open.map(|(record, why)| doubt_about(record, why));
        standing
            .into_iter()
            .find_map(reported)
            .or(open)
            .or_else(|| ended.into_iter().find_map(reported))
            .unwrap_or_else(not_found)
    }
}

fn doubt_about<'r>(record: &'r Envelope, why: &str) -> Ruled<'r> {
    (Ruling::doubt(why, &describe(record)), Some(record))
}

fn not_found<'r>() -> Ruled<'r> {
    let said = "the provider has nothing under our reference";
    (Ruling::new(Evidence::NotFound, said), None)
}

/// What the copies come to: two transactions under one reference are two payouts, and the sum
/// then differs from what was asked, which needs a person.
fn total(records: &[&Envelope], asked: Money) -> Option<Money> {
    let mut by_id: BTreeMap<Option<&str>, Option<Money>> = BTreeMap::new();
    for record in records {
        let known = by_id.entry(record.transaction_id()).or_default();
        let named = [*known, named_amount(record, asked)];
        *known = named.into_iter().flatten().max_by_key(|it| it.minor);
    }
    if by_id.len() < 2 {
        return by_id.into_values().next().flatten();
    }
    let amounts = by_id.into_values().map(|it| it.unwrap_or(asked).minor);
    let sum = amounts.fold(0, i64::saturating_add);
    Some(Money::new(sum, asked.currency))
}

#[cfg(test)]
mod tests;
