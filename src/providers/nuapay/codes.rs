//! The codes of errors and rejections (fact sheet 11); the table is data in `assets`.

use std::sync::OnceLock;

use crate::domain::cause::{Cause, Unpaid};
use crate::providers::code_table::{CodeTable, speaks_of_a_duplicate};

const CODES: &str = include_str!("../../../assets/nuapay_codes.tsv");
/// The class of what leaves the outcome open.
const OPEN: &str = "OPEN";

fn table() -> &'static CodeTable {
    static TABLE: OnceLock<CodeTable> = OnceLock::new();
    TABLE.get_or_init(|| CodeTable::read(CODES))
}

/// Our words for a code.
pub fn label(code: &str) -> Option<&'static str> {
    table().label(code)
}

/// Why nothing was paid: by the first of these codes whose class has a next step of its own.
pub fn unpaid<'c>(mut codes: impl Iterator<Item = &'c str>) -> Option<Unpaid> {
    codes.find_map(|code| {
        let cause = match table().class(code)? {
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
    let class = code.and_then(|code| table().class(code));
    class == Some(OPEN) || description.is_some_and(speaks_of_a_duplicate)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let codes = table().checked(CODES);
        let classes = ["REFUSED", "ACCOUNT_GONE", "NO_FUNDS", "SETUP", OPEN];
        assert!(codes.iter().all(|(_, class)| classes.contains(class)));
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
