//! The provider's code tables, and which classes of codes prove that nothing was executed.
//!
//! The tables are data in `assets`; the lists here say what a class means for money.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::domain::cause::{Cause, Unpaid};

const ERROR_CODES: &str = include_str!("../../../assets/commerce_hub_error_codes.tsv");
const RESPONSE_CODES: &str = include_str!("../../../assets/commerce_hub_response_codes.tsv");
/// What each class means for people: the cause, and the next step where it has words of its own.
const CLASSES: &str = include_str!("../../../assets/commerce_hub_classes.tsv");

/// Error classes after which no refund was made (fact sheet 7.3). Duplicate, in-flight, transient
/// and unexplained classes are absent on purpose: the refund they speak of may exist.
const NOT_EXECUTED: [&str; 8] = [
    "USE_CANCEL_INSTEAD",
    "BAD_REQUEST",
    "AMOUNT",
    "NOT_REFUNDABLE",
    "NOT_FOUND",
    "SETUP",
    "SPLIT_SHIPMENT",
    "RISK_LIMIT",
];

/// Error classes after which no cancel was made: as for a refund, and where the payment has settled
/// or its window is over (828, 829). A cancel that is refused otherwise (827, 830 to 833) says
/// nothing of what happened to the transaction: fact sheet 7.3 has it inquired.
const CANCEL_TOO_LATE: &str = "USE_REFUND_INSTEAD";

/// Error classes that speak of a refund which may exist, whatever HTTP status carries them.
const OUTCOME_OPEN: [&str; 3] = ["DUPLICATE_CHECK", "IN_FLIGHT", "UNKNOWN_OUTCOME"];

/// A host's own code for a duplicate, behind response code 009 (fact sheet 7.3).
pub const HOST_DUPLICATE: &str = "94";

/// What a response code or an approval status says about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Agreed to.
    Approves,
    /// Agreed to in part: the amount must be named.
    ApprovesPart,
    /// Not decided.
    Waits,
    /// Declined by bank, issuer or gateway.
    Declines,
    /// Declined because an equal one exists.
    Duplicate,
    /// Went wrong, without a word on the money.
    Failed,
    /// Not in our tables.
    Unclear,
}

/// Response classes (fact sheet 7.4).
const RESPONSE_CLASSES: [(&str, Signal); 10] = [
    ("NO_FUNDS", Signal::Declines),
    ("HARD_DECLINE", Signal::Declines),
    ("APPROVED", Signal::Approves),
    ("PARTIAL", Signal::ApprovesPart),
    ("PENDING", Signal::Waits),
    ("DECLINED", Signal::Declines),
    ("ACCOUNT_GONE", Signal::Declines),
    ("REFERRAL", Signal::Declines),
    ("TRY_LATER", Signal::Declines),
    ("DUPLICATE_CHECK", Signal::Duplicate),
];

/// `approvalStatus` (fact sheet 6.2).
const APPROVAL_STATUSES: [(&str, Signal); 5] = [
    ("APPROVED", Signal::Approves),
    ("DECLINED", Signal::Declines),
    ("VALIDATION_FAILED", Signal::Declines),
    ("PROCESSING_FAILED", Signal::Failed),
    ("WAITING", Signal::Waits),
];

struct Entry {
    label: &'static str,
    class: &'static str,
}

type Table = HashMap<&'static str, Entry>;

fn read(text: &'static str) -> Table {
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|row| {
        let mut columns = row.split('\t');
        let code = columns.next()?;
        let (label, class) = (columns.next()?, columns.next()?);
        Some((code, Entry { label, class }))
    })
    .collect()
}

fn errors() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| read(ERROR_CODES))
}

fn responses() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| read(RESPONSE_CODES))
}

fn classes() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| read(CLASSES))
}

/// Our words for an error code.
pub fn error_label(code: &str) -> Option<&'static str> {
    errors().get(code).map(|entry| entry.label)
}

/// Our words for a response code.
pub fn response_label(code: &str) -> Option<&'static str> {
    let code = if is_zeros(code) { "000" } else { code };
    responses().get(code).map(|entry| entry.label)
}

/// Whether the error code proves that nothing was executed; an unknown code proves nothing.
pub fn proves_not_executed(error_code: &str) -> bool {
    errors()
        .get(error_code)
        .is_some_and(|entry| NOT_EXECUTED.contains(&entry.class))
}

/// Whether the error code proves that a cancel was not made; an unknown code proves nothing.
pub fn proves_not_canceled(error_code: &str) -> bool {
    let class = errors().get(error_code).map(|entry| entry.class);
    proves_not_executed(error_code) || class == Some(CANCEL_TOO_LATE)
}

/// Why nothing was paid, by an error code; none where the tables have no next step for it.
pub fn unpaid_by_error(code: &str) -> Option<Unpaid> {
    unpaid(errors().get(code)?.class)
}

/// Why nothing was paid, by a response code.
pub fn unpaid_by_response(code: &str) -> Option<Unpaid> {
    unpaid(responses().get(code)?.class)
}

fn unpaid(class: &str) -> Option<Unpaid> {
    let entry = classes().get(class)?;
    let cause = Cause::from_name(entry.label)?;
    Some(match entry.class {
        "" => Unpaid::of(cause),
        words => Unpaid {
            cause,
            advice: words.to_owned(),
        },
    })
}

/// Whether the error code speaks of a refund that may exist.
pub fn leaves_outcome_open(error_code: &str) -> bool {
    errors()
        .get(error_code)
        .is_some_and(|entry| OUTCOME_OPEN.contains(&entry.class))
}

/// What a normalised response code says. Approvals come as `000`, `00000` and `000000`.
pub fn of_response_code(code: &str) -> Signal {
    if is_zeros(code) {
        return Signal::Approves;
    }
    let class = responses().get(code).map_or("", |entry| entry.class);
    look_up(&RESPONSE_CLASSES, class)
}

/// What an approval status says.
pub fn of_approval_status(status: &str) -> Signal {
    look_up(&APPROVAL_STATUSES, &status.to_ascii_uppercase())
}

fn is_zeros(code: &str) -> bool {
    code.len() >= 3 && code.bytes().all(|byte| byte == b'0')
}

fn look_up(table: &[(&str, Signal)], name: &str) -> Signal {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(Signal::Unclear, |(_, signal)| *signal)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_row_of_the_tables_is_read() {
        let rows = |text: &str| text.lines().filter(|row| !row.starts_with('#')).count() - 1;
        assert_eq!(errors().len(), rows(ERROR_CODES));
        assert_eq!(responses().len(), rows(RESPONSE_CODES));
        assert!(errors().len() > 500);
        for (code, entry) in responses() {
            assert_ne!(of_response_code(code), Signal::Unclear, "{}", entry.class);
        }
    }

    #[rstest]
    #[case("809", true, false)]
    #[case("121", true, false)]
    #[case("201", true, false)]
    #[case("764", true, false)]
    #[case("815", true, false)]
    #[case("816", false, true)]
    #[case("613", false, true)]
    #[case("757", false, true)]
    #[case("136", false, true)]
    #[case("759", false, true)]
    #[case("847", false, true)]
    #[case("140", false, true)]
    #[case("999", false, true)]
    #[case("704", false, false)]
    #[case("827", false, false)]
    #[case("800", false, false)]
    #[case("0809", false, false)]
    #[case("", false, false)]
    fn only_listed_codes_prove_anything(
        #[case] code: &str,
        #[case] not_executed: bool,
        #[case] outcome_open: bool,
    ) {
        assert_eq!(proves_not_executed(code), not_executed);
        assert_eq!(leaves_outcome_open(code), outcome_open);
    }

    #[rstest]
    #[case("000", Signal::Approves)]
    #[case("000000", Signal::Approves)]
    #[case("0", Signal::Unclear)]
    #[case("001", Signal::ApprovesPart)]
    #[case("002", Signal::Waits)]
    #[case("009", Signal::Duplicate)]
    #[case("030", Signal::Declines)]
    #[case("039", Signal::Declines)]
    #[case("6", Signal::Unclear)]
    #[case("777", Signal::Unclear)]
    fn response_codes_are_text(#[case] code: &str, #[case] signal: Signal) {
        assert_eq!(of_response_code(code), signal);
    }
}
