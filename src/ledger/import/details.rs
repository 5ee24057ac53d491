//! Further details of a payment: names and texts, one of them a JSON object of the provider's.
//! Later files add to them and overwrite nothing.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::ledger::error::LedgerError;

/// The detail that is a JSON object of its own.
const PROVIDER_DATA: &str = "provider_data";

type Details = [(String, String)];

/// As stored; nothing for none.
pub(in crate::ledger) fn json(details: &Details) -> Option<String> {
    if details.is_empty() {
        return None;
    }
    serde_json::to_string(details).ok()
}

/// What was stored.
pub(in crate::ledger) fn read(stored: Option<&str>) -> Result<Vec<(String, String)>, LedgerError> {
    match stored {
        None => Ok(Vec::new()),
        Some(json) => {
            serde_json::from_str(json).map_err(|error| LedgerError::Damaged(error.to_string()))
        }
    }
}

/// What is known with what is new added to it; nothing when nothing is new.
pub(in crate::ledger) fn merged(known: &Details, new: &Details) -> Option<Vec<(String, String)>> {
    let mut merged = known.to_vec();
    let mut grew = false;
    for (name, text) in new {
        match merged.iter_mut().find(|(known, _)| known == name) {
            None => merged.push((name.clone(), text.clone())),
            Some((_, known)) if name == PROVIDER_DATA => match with_missing_keys(known, text) {
                Some(more) => *known = more,
                None => continue,
            },
            Some(_) => continue,
        }
        grew = true;
    }
    grew.then_some(merged)
}

/// The object `known` with the keys that only `new` has. Values stay the text they are.
fn with_missing_keys(known: &str, new: &str) -> Option<String> {
    let mut object: BTreeMap<String, &RawValue> = serde_json::from_str(known).ok()?;
    let new: BTreeMap<String, &RawValue> = serde_json::from_str(new).ok()?;
    let before = object.len();
    for (key, value) in new {
        object.entry(key).or_insert(value);
    }
    (object.len() > before)
        .then(|| serde_json::to_string(&object).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_later_file_adds_and_overwrites_nothing() {
        let known = details(&[
            ("email", "a@b.example"),
            ("provider_data", r#"{"b":1.10,"a":"x"}"#),
        ]);
        let new = details(&[
            ("email", "eve@b.example"),
            ("arn", "74"),
            ("provider_data", r#"{"a":"y","c":{"d":2}}"#),
        ]);
        let merged = merged(&known, &new).unwrap();
        let expected = details(&[
            ("email", "a@b.example"),
            ("provider_data", r#"{"a":"x","b":1.10,"c":{"d":2}}"#),
            ("arn", "74"),
        ]);
        assert_eq!(merged, expected);
        assert_eq!(super::merged(&merged, &new), None);
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        let known = details(&[("provider_data", "[cut")]);
        let new = details(&[("provider_data", r#"{"a":1}"#)]);
        assert_eq!(merged(&known, &new), None);
        assert_eq!(merged(&new, &known), None);
    }
}
