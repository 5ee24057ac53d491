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
    /// The most compensation on top of one refund, in minor units, for currencies named apart.
    pub compensation_cap: BTreeMap<Currency, i64>,
    /// The same for all other currencies, in main units. Zero: none is paid.
    pub compensation_cap_main: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: 1,
            approval_above: BTreeMap::new(),
            approval_above_main: 1000,
            compensation_cap: BTreeMap::new(),
            compensation_cap_main: 0,
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
        of_currency(&self.approval_above, self.approval_above_main, currency)
    }

    /// The most compensation on top of one refund in `currency`; zero: none is paid.
    pub fn compensation_cap(&self, currency: Currency) -> Money {
        of_currency(&self.compensation_cap, self.compensation_cap_main, currency)
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
        let above = figures("approval_above", &self.approval_above);
        let capped = figures("compensation_cap", &self.compensation_cap);
        let mut all = format!("approval_above={}{above}", self.approval_above_main);
        // Off says nothing, so that a policy from before there was a cap means the same.
        if self.compensation_cap_main != 0 {
            all.push_str(&format!(" compensation_cap={}", self.compensation_cap_main));
        }
        all + &capped
    }
}

fn of_currency(apart: &BTreeMap<Currency, i64>, main: i64, currency: Currency) -> Money {
    let rest = main.saturating_mul(currency.minor_per_main());
    Money::new(apart.get(&currency).copied().unwrap_or(rest), currency)
}

fn figures(name: &str, apart: &BTreeMap<Currency, i64>) -> String {
    let figure = |(currency, minor): (&Currency, &i64)| {
        format!(
            " {name}.{currency}={}",
            Money::new(*minor, *currency).decimal()
        )
    };
    apart.iter().map(figure).collect()
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
        policy.compensation_cap_main = 50;
        policy
            .compensation_cap
            .insert(money("USD", 0).currency, 1_250);
        assert_eq!(
            policy.figures(),
            "approval_above=1000 approval_above.USD=250.00 compensation_cap=50 compensation_cap.USD=12.50"
        );
        assert_eq!(
            policy.compensation_cap(money("USD", 0).currency),
            money("USD", 1_250)
        );
        assert_eq!(
            policy.compensation_cap(money("JPY", 0).currency),
            money("JPY", 50)
        );
    }
}
