//! The codes of errors and rejections (fact sheet 11); the table is data in `assets`.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::domain::cause::{Cause, Unpaid};

const CODES: &str = include_str!("../../../assets/nuapay_codes.tsv");
/// The class of what leaves the outcome open.
const OPEN: &str = "OPEN";
/// Words of a description by which the refund may exist: the code of a duplicate is not published
/// (fact sheet 8).
const OF_DUPLICATES: [&str; 4] = ["duplicate", "already", "in progress", "idempoten"];

struct Entry {
    label: &'static str,
    class: &'static str,
}

fn table() -> &'static HashMap<&'static str, Entry> {
    static TABLE: OnceLock<HashMap<&'static str, Entry>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows = CODES.lines().filter(|line| !line.starts_with('#')).skip(1);
        rows.filter_map(|row| {
            let mut columns = row.split('\t');
            let code = columns.next()?;
            let (label, class) = (columns.next()?, columns.next()?);
            Some((code, Entry { label, class }))
        })
        .collect()
    })
}

/// Our words for a code.
pub fn label(code: &str) -> Option<&'static str> {
    table().get(code).map(|entry| entry.label)
}

/// Why nothing was paid: by the first of these codes whose class has a next step of its own.
pub fn unpaid<'c>(mut codes: impl Iterator<Item = &'c str>) -> Option<Unpaid> {
    codes.find_map(|code| {
        let cause = match table().get(code)?.class {
            "ACCOUNT_GONE" => Cause::AccountGone,
            "NO_FUNDS" => Cause::NoFunds,
            "SETUP" => Cause::Setup,
            _ => return None,
        };
        Some(Unpaid::of(cause))
    })
}

/// Whether an error with this code and description speaks of a refund that may exist.
pub fn leaves_outcome_open(code: Option<&str>, description: Option<&str>) -> bool {
    let open = code
        .and_then(|code| table().get(code))
        .is_some_and(|entry| entry.class == OPEN);
    let words = description.unwrap_or_default().to_ascii_lowercase();
    open || OF_DUPLICATES.iter().any(|it| words.contains(it))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = CODES.lines().filter(|row| !row.starts_with('#')).count() - 1;
        assert_eq!(table().len(), rows);
        let classes = ["REFUSED", "ACCOUNT_GONE", "NO_FUNDS", "SETUP", OPEN];
        assert!(table().values().all(|it| classes.contains(&it.class)));
    }

    #[rstest]
    #[case(&["AC04"], Some(Cause::AccountGone))]
    #[case(&["5008", "5016"], Some(Cause::NoFunds))]
    #[case(&["5017", "7112"], Some(Cause::Setup))]
    #[case(&["5008", "T9999"], None)]
    #[case(&[], None)]
    fn the_first_code_with_a_next_step_gives_it(
        #[case] codes: &[&str],
        #[case] cause: Option<Cause>,
    ) {
        let found = unpaid(codes.iter().copied());
        assert_eq!(found.map(|it| it.cause), cause);
    }

    #[rstest]
    #[case(Some("T0016"), Some("Amount must be greater than zero"), false)]
    #[case(Some("T9123"), None, false)]
    #[case(None, None, false)]
    #[case(Some("9999"), None, true)]
    #[case(Some("5014"), None, true)]
    #[case(Some("5016"), None, false)]
    #[case(Some("T0000"), Some("Duplicate Idempotency-Key"), true)]
    #[case(None, Some("refund ALREADY exists"), true)]
    fn what_may_exist_is_open(
        #[case] code: Option<&str>,
        #[case] description: Option<&str>,
        #[case] open: bool,
    ) {
        assert_eq!(leaves_outcome_open(code, description), open);
    }
}
