//! The catalogue of reasons, read from `assets/reasons.toml`.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A reason an operator can give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The code in the database, in JSON and on the command line.
    pub code: String,
    /// The words on screen.
    pub label: String,
    /// Fields that must be filled in.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Only for compensation, never for the principal.
    #[serde(default)]
    pub compensation_only: bool,
    /// No longer offered; old refunds still name it.
    #[serde(default)]
    pub retired: bool,
}

/// A field a reason requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A note.
    Note,
    /// A case reference.
    Case,
}

/// Why a reason cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// Not in the catalogue, or retired.
    #[error("{given:?} is not a reason; use one of: {}", known.join(", "))]
    Unknown {
        /// What was given.
        given: String,
        /// The codes on offer.
        known: Vec<String>,
    },
    /// Only for compensation.
    #[error("reason {0} is for compensation only, not for the amount itself")]
    CompensationOnly(String),
    /// A required field is missing.
    #[error("reason {0} needs a note: say why in your own words")]
    NoteMissing(String),
    /// A required field is missing.
    #[error("reason {0} needs the case reference of the dispute")]
    CaseMissing(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    reason: Vec<Reason>,
}

/// Every reason, in the order of the catalogue.
pub fn catalogue() -> &'static [Reason] {
    static CATALOGUE: OnceLock<Vec<Reason>> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        toml::from_str::<File>(include_str!("../../assets/reasons.toml"))
            .map(|file| file.reason)
            .unwrap_or_default()
    })
}

/// The reasons that can be given, with compensation on top or without.
pub fn offered(compensated: bool) -> impl Iterator<Item = &'static Reason> {
    catalogue()
        .iter()
        .filter(move |reason| !reason.retired && (compensated || !reason.compensation_only))
}

/// Checks a reason given for a refund, with compensation on top or without, and its required fields.
///
/// # Errors
/// [`ReasonError`] names the rule and what would be allowed.
pub fn check(
    code: &str,
    note: Option<&str>,
    case_ref: Option<&str>,
    compensated: bool,
) -> Result<&'static Reason, ReasonError> {
    let reason = catalogue()
        .iter()
        .find(|reason| reason.code == code && !reason.retired)
        .ok_or_else(|| ReasonError::Unknown {
            given: code.to_owned(),
            known: offered(compensated)
                .map(|reason| reason.code.clone())
                .collect(),
        })?;
    if reason.compensation_only && !compensated {
        return Err(ReasonError::CompensationOnly(code.to_owned()));
    }
    let filled = |field: Option<&str>| field.is_some_and(|text| !text.trim().is_empty());
    for need in &reason.needs {
        match need {
            Need::Note if !filled(note) => return Err(ReasonError::NoteMissing(code.to_owned())),
            Need::Case if !filled(case_ref) => {
                return Err(ReasonError::CaseMissing(code.to_owned()));
            }
            _ => {}
        }
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_catalogue_reads_and_codes_are_unique() {
        let mut codes: Vec<_> = catalogue().iter().map(|reason| &reason.code).collect();
        assert_eq!(codes.len(), 10);
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 10);
    }

    #[rstest]
    #[case("goods_returned", None, None, true)]
    #[case("fraud", None, None, false)]
    #[case("fraud", Some("  "), None, false)]
    #[case("fraud", Some("stolen card"), None, true)]
    #[case("dispute", Some("note"), None, false)]
    #[case("dispute", None, Some("CB-1"), true)]
    #[case("goodwill", Some("sorry"), None, false)]
    #[case("because", None, None, false)]
    fn required_fields(
        #[case] code: &str,
        #[case] note: Option<&str>,
        #[case] case_ref: Option<&str>,
        #[case] ok: bool,
    ) {
        assert_eq!(check(code, note, case_ref, false).is_ok(), ok);
    }

    #[test]
    fn goodwill_is_a_reason_for_compensation_alone() {
        assert!(check("goodwill", Some("sorry"), None, true).is_ok());
        assert!(check("goodwill", None, None, true).is_err());
        assert!(check("customer_request", None, None, true).is_ok());
        let codes = |compensated| offered(compensated).any(|it| it.code == "goodwill");
        assert_eq!((codes(true), codes(false)), (true, false));
    }
}
