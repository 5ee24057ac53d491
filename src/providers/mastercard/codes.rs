//! The codes of refusals (fact sheet 8); the table is data in `assets`.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::wire::Complaint;
use crate::domain::cause::{Cause, Unpaid};

const CODES: &str = include_str!("../../../assets/mastercard_codes.tsv");
/// Words by which the request may have been carried out: the code of a duplicate is not published.
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

/// Why nothing was done: by the first of these codes that is known.
pub fn unpaid<'c>(mut codes: impl Iterator<Item = &'c str>) -> Option<Unpaid> {
    codes.find_map(|code| {
        let cause = match table().get(code)?.class {
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
    let said: Vec<String> = said.flatten().map(|it| it.to_ascii_lowercase()).collect();
    let may_exist = said
        .iter()
        .any(|said| OF_DUPLICATES.iter().any(|it| said.contains(it)));
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
        let rows = CODES.lines().filter(|row| !row.starts_with('#')).count() - 1;
        assert_eq!(table().len(), rows);
        let classes = ["SETUP", "UNKNOWN_ID", "REQUEST"];
        assert!(table().values().all(|it| classes.contains(&it.class)));
        for code in table().keys() {
            assert!(unpaid([*code].into_iter()).is_some(), "{code}");
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
