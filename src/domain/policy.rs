//! Who must agree to a refund.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::approval::WhyChecker;
use super::money::{Currency, Money};

/// The policy in force, versioned: each refund keeps the version that routed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Raised with every change of meaning.
    pub version: u32,
    /// Above this amount a checker is needed, in minor units, for currencies named apart.
    pub approval_above: BTreeMap<Currency, i64>,
    /// The same for all other currencies, in main units.
    pub approval_above_main: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: 1,
            approval_above: BTreeMap::new(),
            approval_above_main: 1000,
        }
    }
}

/// A refund as the policy looks at it. One currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The principal.
    pub amount: Money,
    /// On top of it.
    pub compensation: Money,
    /// What went to the same payment, order or payer over the last seven days, so that slicing a
    /// refund does not escape the limit.
    pub recent: Money,
    /// It replaces a refund that came back.
    pub after_reversal: bool,
    /// It answers a dispute.
    pub answers_dispute: bool,
    /// It is paid outside the desk.
    pub outside: bool,
}

impl Policy {
    /// The amount above which a refund in `currency` needs a checker.
    pub fn approval_above(&self, currency: Currency) -> Money {
        let minor = self.approval_above.get(&currency).copied().unwrap_or(
            self.approval_above_main
                .saturating_mul(currency.minor_per_main()),
        );
        Money::new(minor, currency)
    }

    /// Why a refund takes a second person, when it does (T2, and what always takes two).
    pub fn why_checker(&self, asked: &Asked) -> Option<WhyChecker> {
        let Asked { amount, recent, .. } = *asked;
        let limit = self.approval_above(amount.currency);
        let total = Money::new(recent.minor.saturating_add(amount.minor), amount.currency);
        if asked.compensation.is_positive() {
            Some(WhyChecker::Compensation)
        } else if asked.outside {
            Some(WhyChecker::Outside)
        } else if asked.after_reversal {
            Some(WhyChecker::CameBack)
        } else if asked.answers_dispute {
            Some(WhyChecker::Dispute)
        } else if amount.minor > limit.minor {
            Some(WhyChecker::Above { amount, limit })
        } else if total.minor > limit.minor {
            Some(WhyChecker::AboveTogether { total, limit })
        } else {
            None
        }
    }

    /// The figures in one line, the same for the same meaning: what raises the version.
    pub fn figures(&self) -> String {
        let apart = self.approval_above.iter().map(|(currency, minor)| {
            format!(
                " approval_above.{currency}={}",
                Money::new(*minor, *currency).decimal()
            )
        });
        let rest = format!("approval_above={}", self.approval_above_main);
        std::iter::once(rest).chain(apart).collect()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn money(code: &str, minor: i64) -> Money {
        Money::new(minor, Currency::from_code(code).unwrap())
    }

    fn asked(code: &str, amount: i64) -> Asked {
        Asked {
            amount: money(code, amount),
            compensation: money(code, 0),
            recent: money(code, 0),
            after_reversal: false,
            answers_dispute: false,
            outside: false,
        }
    }

    #[rstest]
    #[case(asked("USD", 100_000), None)]
    #[case(asked("USD", 100_001), Some("1000.01 USD is above 1000.00 USD"))]
    #[case(asked("JPY", 1000), None)]
    #[case(asked("JPY", 1001), Some("1001 JPY is above 1000 JPY"))]
    #[case(Asked { recent: money("USD", 60_000), ..asked("USD", 40_000) }, None)]
    #[case(Asked { recent: money("USD", 60_000), ..asked("USD", 40_001) }, Some("1000.01 USD to this payment"))]
    #[case(Asked { compensation: money("USD", 1), ..asked("USD", 1) }, Some("compensation always"))]
    #[case(Asked { answers_dispute: true, ..asked("USD", 1) }, Some("a dispute"))]
    #[case(Asked { outside: true, ..asked("USD", 1) }, Some("outside this desk"))]
    #[case(Asked { after_reversal: true, ..asked("USD", 1) }, Some("came back"))]
    fn the_limit_is_in_main_units_and_inclusive(#[case] asked: Asked, #[case] why: Option<&str>) {
        let told = Policy::default()
            .why_checker(&asked)
            .map(|why| why.to_string());
        assert_eq!(told.is_some(), why.is_some(), "{told:?}");
        assert!(told.unwrap_or_default().contains(why.unwrap_or_default()));
    }

    #[test]
    fn figures_tell_one_meaning_from_another() {
        let mut policy = Policy::default();
        assert_eq!(policy.figures(), "approval_above=1000");
        policy.version = 7;
        assert_eq!(
            policy.figures(),
            "approval_above=1000",
            "the version is no figure"
        );
        policy
            .approval_above
            .insert(money("USD", 0).currency, 25_000);
        assert_eq!(
            policy.figures(),
            "approval_above=1000 approval_above.USD=250.00"
        );
    }
}
