//! Compensation on top of a refund: what was typed, and what stands against it.

use super::face::{Draft, Refusal};
use super::local::Local;
use super::refusal;
use crate::domain::amount::{self, AmountError, Basis};
use crate::domain::compensation::CompensationError;
use crate::domain::money::{Currency, Money};

/// The amount on top, as typed; nothing typed and 0 are none. Percentages are of the amount paid.
pub(super) fn typed(draft: &Draft, paid: Money) -> Result<Money, Refusal> {
    let none = Money::zero(paid.currency);
    let text = draft.compensation.as_deref().map_or("", str::trim);
    if text.is_empty() || Money::parse(text, paid.currency) == Ok(none) {
        return Ok(none);
    }
    let basis = Basis {
        paid,
        // `rest` and `all` speak of the refund, not of what comes on top.
        can_refund: none,
    };
    amount::parse(text, &basis).map_err(|error| match error {
        AmountError::WrongCurrency { .. } => error.into(),
        other => Refusal {
            code: "compensation".to_owned(),
            message: format!("the compensation cannot be read: {other}"),
            ..other.into()
        },
    })
}

impl Local {
    /// Whether a payment of the account may be given back with compensation: its provider pays it,
    /// and the policy allows some.
    pub(super) fn compensates(&self, offered: bool, currencies: &[Currency]) -> bool {
        let policy = &self.settings.policy;
        let allowed = |currency: &Currency| policy.compensation_cap(*currency).is_positive();
        offered && currencies.iter().any(allowed)
    }
}

impl From<CompensationError> for Refusal {
    fn from(error: CompensationError) -> Self {
        let message = error.to_string();
        match error {
            CompensationError::NotHere => {
                refusal::rule("compensation", message, "Leave the compensation out.")
            }
            CompensationError::Off(_) => refusal::rule(
                "compensation",
                message,
                "Leave the compensation out, or have compensation_cap set in the config.",
            ),
            CompensationError::AboveCap { cap, .. } => refusal::rule(
                "compensation",
                message,
                format!("Ask for {cap} of compensation or less."),
            ),
            CompensationError::Again { .. } => refusal::rule(
                "compensation",
                message,
                "Ask for less, or leave the compensation out: look at what was paid on top already.",
            ),
            CompensationError::NotFull { .. } => refusal::rule(
                "compensation",
                message,
                "Refund all of it with --full, or leave the compensation out.",
            ),
            CompensationError::OverProviderCap { .. } => refusal::rule(
                "over_limit",
                message,
                "Ask for less, or have the provider raise the cap, and then the account's cap_per_payment.",
            ),
        }
    }
}
