//! Who must agree to a refund.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

impl Policy {
    /// The amount above which a refund in `currency` needs a checker.
    pub fn approval_above(&self, currency: Currency) -> Money {
        let minor = self.approval_above.get(&currency).copied().unwrap_or(
            self.approval_above_main
                .saturating_mul(currency.minor_per_main()),
        );
        Money::new(minor, currency)
    }

    /// True when a refund needs a second person. `total` is the refund's amount plus what went
    /// to the same payment, order or payer over the last seven days, so that slicing a refund
    /// does not escape the limit. Compensation always needs one.
    pub fn needs_checker(&self, total: Money, compensation: Money) -> bool {
        compensation.is_positive() || total.minor > self.approval_above(total.currency).minor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(code: &str, minor: i64) -> Money {
        Money::new(minor, Currency::from_code(code).unwrap())
    }

    #[test]
    fn the_limit_is_in_main_units_and_inclusive() {
        let policy = Policy::default();
        let none = money("USD", 0);
        assert!(!policy.needs_checker(money("USD", 100_000), none));
        assert!(policy.needs_checker(money("USD", 100_001), none));
        assert!(!policy.needs_checker(money("JPY", 1000), money("JPY", 0)));
        assert!(policy.needs_checker(money("JPY", 1001), money("JPY", 0)));
        assert!(policy.needs_checker(money("USD", 1), money("USD", 1)));
    }
}
