//! The codes of refusals (fact sheet 8); the table is data in `assets`.

use std::sync::OnceLock;

use super::wire::Complaint;
use crate::domain::cause::{Cause, Unpaid};
use crate::providers::code_table::{CodeTable, speaks_of_a_duplicate};

const CODES: &str = include_str!("../../../assets/mastercard_codes.tsv");

fn table() -> &'static CodeTable {
    static TABLE: OnceLock<CodeTable> = OnceLock::new();
    TABLE.get_or_init(|| CodeTable::read(CODES))
}

/// Our words for a code.
pub fn label(code: &str) -> Option<&'static str> {
    table().label(code)
}

/// Why nothing was done: by the first of these codes that is known.
pub fn unpaid<'c>(mut codes: impl Iterator<Item = &'c str>) -> Option<Unpaid> {
    codes.find_map(|code| {
        let cause = match table().class(code)? {
            "SETUP" => Cause::Setup,
            "UNKNOWN_ID" => Cause::NotFound,
            "REQUEST" => Cause::BadRequest,
            _ => return None,
        };
        Some(Unpaid::of(cause))
    })
}

/// Whether an entry says that the request was refused for good: the network says so, or its code is
/// listed. That it may be sent again is no refusal, and what speaks of a duplicate may exist.
pub fn refuses(complaint: &Complaint) -> bool {
    let said = [&complaint.description, &complaint.details].into_iter();
    let may_exist = said.flatten().any(|it| speaks_of_a_duplicate(it));
    let listed = complaint.code.as_deref().and_then(label).is_some();
    match complaint.recoverable {
        _ if may_exist => false,
        Some(recoverable) => !recoverable,
        None => listed,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let codes = table().checked(CODES);
        let classes = ["SETUP", "UNKNOWN_ID", "REQUEST"];
        assert!(codes.iter().all(|(_, class)| classes.contains(class)));
        for (code, _) in codes {
            assert!(unpaid([code].into_iter()).is_some(), "{code}");
        }
    }

    #[rstest]
    #[case(Some("STVL-9999"), Some(false), "bad", true)]
    #[case(Some("STVL-9999"), None, "bad", true)]
    #[case(Some("STVL-9999"), Some(true), "bad", false)]
    #[case(Some("RFND-0001"), Some(false), "bad", true)]
    #[case(Some("RFND-0001"), None, "bad", false)]
    #[case(None, None, "bad", false)]
    #[case(None, Some(false), "bad", true)]
    #[case(Some("RFND-0001"), Some(false), "Duplicate message", false)]
    #[case(Some("RFND-0001"), Some(false), "refund ALREADY requested", false)]
    fn only_what_is_sure_is_a_refusal(
        #[case] code: Option<&str>,
        #[case] recoverable: Option<bool>,
        #[case] description: &str,
        #[case] refused: bool,
    ) {
        let complaint = Complaint {
            code: code.map(str::to_owned),
            description: Some(description.to_owned()),
            details: None,
            recoverable,
        };
        assert_eq!(refuses(&complaint), refused);
    }
}
