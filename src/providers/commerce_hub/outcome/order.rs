//! Which refunds an order has, whoever made them: what a balance is rebuilt from (fact sheet 6.3).

use chrono::{DateTime, Utc};

use super::{Envelope, ID_MAX_CHARS, Subject, Verdict, http_words, judge, named_amount};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::{Currency, Money};
use crate::domain::text::clean;
use crate::providers::http::Response;
use crate::providers::{Finding, ListedRefund};

/// The order of the transaction that was asked for by its id.
///
/// # Errors
/// What was said instead.
pub fn order_of(response: &Response, transaction_id: &str) -> Result<String, Box<Finding>> {
    let records = records(response)?;
    let ours = records
        .iter()
        .find(|record| record.transaction_id() == Some(transaction_id));
    let order = ours.and_then(Envelope::order_id);
    order
        .filter(|id| id.chars().count() <= ID_MAX_CHARS && clean(id) == **id)
        .map(str::to_owned)
        .ok_or_else(|| unclear(response, "the provider names no order of this payment"))
}

/// Every refund of the order. One that may have been made counts, whatever its state.
///
/// # Errors
/// What makes the list unfit to rebuild a balance from: an answer that cannot be read, another
/// payment in the order (a refund does not name its own), an amount that is not named.
pub fn refunds_of_order(
    response: &Response,
    ours: &[&str],
    currency: Currency,
) -> Result<Vec<ListedRefund>, Box<Finding>> {
    let records = records(response)?;
    let foreign = |record: &&Envelope| {
        let id = record.transaction_id();
        record.is_charge() && !id.is_some_and(|id| ours.contains(&id))
    };
    if records.iter().any(|record| foreign(&record)) {
        let why = "the order has several payments, and the provider does not say which of them a refund is of";
        return Err(unclear(response, why));
    }
    let mut listed = Vec::new();
    for record in records.iter().filter(|record| record.is_refund()) {
        listed.extend(refund(response, record, currency)?);
    }
    Ok(listed)
}

/// One refund; none where it was refused without naming an amount: then nothing was paid.
fn refund(
    response: &Response,
    record: &Envelope,
    currency: Currency,
) -> Result<Option<ListedRefund>, Box<Finding>> {
    let asked = Money::zero(currency);
    let status = match judge(Subject::Refund, record, asked) {
        Verdict::Paid => Some(Reported::Succeeded),
        Verdict::Underway | Verdict::Authorised => Some(Reported::Pending),
        Verdict::NotPaid { .. } => Some(Reported::Failed),
        Verdict::Undone => Some(Reported::Reversed),
        Verdict::Open(_) => None,
    };
    let (Some(id), amount) = (record.transaction_id(), named_amount(record, asked)) else {
        return Err(unclear(response, "a refund of the order has no id"));
    };
    match amount {
        Some(amount) => Ok(Some(ListedRefund {
            provider_refund_id: id.to_owned(),
            correlation: record.merchant_transaction_id().map(str::to_owned),
            amount,
            compensation: None,
            status,
            created_at: made_at(record),
        })),
        None if status == Some(Reported::Failed) => Ok(None),
        None => Err(unclear(response, "a refund of the order names no amount")),
    }
}

/// When it was made; a time that cannot be read is long past.
fn made_at(record: &Envelope) -> DateTime<Utc> {
    record
        .timestamp()
        .and_then(|time| DateTime::parse_from_rfc3339(time).ok())
        .map_or(DateTime::<Utc>::MIN_UTC, |time| time.to_utc())
}

fn records(response: &Response) -> Result<Vec<Envelope>, Box<Finding>> {
    let read = (200..=299)
        .contains(&response.status)
        .then(|| Envelope::read_list(&response.body));
    read.flatten()
        .ok_or_else(|| unclear(response, "the answer cannot be read"))
}

fn unclear(response: &Response, why: &str) -> Box<Finding> {
    let said = match response.status {
        200..=299 => why.to_owned(),
        status => http_words(status),
    };
    Box::new(Finding {
        http_status: Some(response.status),
        provider_time: response.provider_time,
        ..Finding::new(Evidence::Doubt, said)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{FOUND, REFUND_ID, response, usd};
    use super::*;

    const CHARGE: &str = "9f1c2d3e4b5a69788796a5b4c3d2e1f0";

    fn listed(body: &str) -> Result<Vec<ListedRefund>, Box<Finding>> {
        refunds_of_order(&response(201, body), &[CHARGE], usd(0).currency)
    }

    /// The vendor's own answer to an inquiry by order.
    #[test]
    fn the_documented_answer_is_one_refund_of_our_charge() {
        let order = order_of(&response(200, FOUND), CHARGE).unwrap();
        assert_eq!(order, "CHGdemo0000000000000000000000000001");
        let listed = listed(FOUND).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].provider_refund_id, REFUND_ID);
        assert_eq!(listed[0].amount, usd(1250));
        assert_eq!(listed[0].status, Some(Reported::Succeeded));
    }

    #[rstest]
    #[case(("\"VOIDED\"", "\"CAPTURED\", \"x\": 1"), "")]
    #[case(("9f1c2d3e4b5a69788796a5b4c3d2e1f0\"}}", "another-charge\"}}"), "several payments")]
    #[case(("{\"total\": 12.5, \"currency\": \"USD\"}", "null"), "names no amount")]
    #[case(("[{", "{"), "cannot be read")]
    fn what_cannot_be_told_apart_is_no_list(#[case] change: (&str, &str), #[case] why: &str) {
        let body = FOUND.replace(change.0, change.1);
        match listed(&body) {
            Ok(listed) => assert!(why.is_empty() && listed.len() == 1),
            Err(finding) => assert!(finding.said.contains(why), "{}", finding.said),
        }
    }

    #[test]
    fn a_state_that_is_not_known_counts() {
        let body = FOUND.replacen("CAPTURED", "ODD", 2);
        assert_eq!(listed(&body).unwrap()[0].status, None);
    }
}
