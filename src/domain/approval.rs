//! What a checker approves, and why one is needed (T2–T4).

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;
use super::money::Money;

/// Everything besides the decision itself that a checker's word rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// What would be available if this refund did not exist.
    pub available: Money,
    /// What is in dispute on the payment.
    pub disputed: Money,
    /// The policy in force.
    pub policy_version: u32,
}

/// What a checker approves (T3): SHA-256, in hex, over the hash of the decision and its [`Basis`].
/// Whatever of it changes makes an approval of the old hash worthless.
pub fn hash(content_hash: &str, basis: &Basis) -> String {
    Canonical::new("approval")
        .text(content_hash)
        .integer(basis.available.minor)
        .integer(basis.disputed.minor)
        .text(basis.available.currency.code())
        .integer(i64::from(basis.policy_version))
        .hex()
}

/// What changed since a checker saw a refund, as far as the hash they saw tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// They named the hash of the decision alone.
    OnlyContent,
    /// The policy; they saw this version.
    Policy(u32),
    /// What is available; they saw this much.
    Available(Money),
    /// Something else, or it is the hash of another refund.
    Unknown,
}

/// Finds what changed by trying what `seen` would be the hash of: earlier policies, and the
/// balance before any of `moved`, the amounts other refunds of the payment took or gave back.
pub fn what_changed(seen: &str, content_hash: &str, now: &Basis, moved: &[Money]) -> Changed {
    if seen == content_hash {
        return Changed::OnlyContent;
    }
    let is = |basis: &Basis| hash(content_hash, basis) == seen;
    let earlier = (0..now.policy_version).rev().find(|version| {
        is(&Basis {
            policy_version: *version,
            ..*now
        })
    });
    if let Some(version) = earlier {
        return Changed::Policy(version);
    }
    let balances = moved.iter().flat_map(|moved| {
        [moved.minor, moved.minor.saturating_neg()]
            .map(|minor| Money::new(now.available.minor.saturating_add(minor), moved.currency))
    });
    let mut known = balances.filter(|available| {
        is(&Basis {
            available: *available,
            ..*now
        })
    });
    known.next().map_or(Changed::Unknown, Changed::Available)
}

/// Why a refund takes a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyChecker {
    /// It pays more than the payment was.
    Compensation,
    /// It follows a refund that came back.
    CameBack,
    /// It is paid by other means, where no provider checks anything.
    Outside,
    /// It answers a dispute, and may use the disputed amount.
    Dispute,
    /// It alone is above the limit.
    Above {
        /// The refund.
        amount: Money,
        /// The limit.
        limit: Money,
    },
    /// It is above what its maker may refund alone.
    AboveFree {
        /// The refund, compensation included.
        amount: Money,
        /// The maker's limit.
        limit: Money,
    },
    /// With what its maker made that business day it is above what they may refund alone.
    AboveFreeToday {
        /// All of it.
        total: Money,
        /// The maker's limit.
        limit: Money,
    },
    /// With what went to the same payment, order or payer it is above the limit.
    AboveTogether {
        /// All of it.
        total: Money,
        /// The limit.
        limit: Money,
    },
}

impl fmt::Display for WhyChecker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a checker must approve: ")?;
        match self {
            Self::Compensation => f.write_str("compensation always takes two people"),
            Self::Outside => f.write_str("what is paid outside this desk always takes two people"),
            Self::CameBack => {
                f.write_str("the refund it replaces came back, which always takes two people")
            }
            Self::Dispute => f.write_str("it answers a dispute"),
            Self::Above { amount, limit } => write!(f, "{amount} is above {limit}"),
            Self::AboveFree { amount, limit } => write!(
                f,
                "{amount} is above {limit}, which whoever made it may refund alone"
            ),
            Self::AboveFreeToday { total, limit } => write!(
                f,
                "{total} today is above {limit}, which whoever made it may refund alone in a day"
            ),
            Self::AboveTogether { total, limit } => write!(
                f,
                "{total} to this payment, order or payer within 7 days is above {limit}"
            ),
        }
    }
}

/// A checker's yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub checker: String,
    /// The [`hash`] they saw.
    pub hash: String,
    /// When.
    pub at: DateTime<Utc>,
    /// When and why it lost its force; none: in force.
    pub voided: Option<(DateTime<Utc>, String)>,
}

/// A checker's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// Who.
    pub checker: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn basis() -> Basis {
        Basis {
            available: usd(90_000),
            disputed: usd(0),
            policy_version: 3,
        }
    }

    #[test]
    fn each_part_of_the_basis_counts() {
        let content = "c".repeat(64);
        let seen = hash(&content, &basis());
        assert_eq!(seen.len(), 64);
        let others = [
            hash(&"d".repeat(64), &basis()),
            hash(
                &content,
                &Basis {
                    available: usd(90_001),
                    ..basis()
                },
            ),
            hash(
                &content,
                &Basis {
                    disputed: usd(1),
                    ..basis()
                },
            ),
            hash(
                &content,
                &Basis {
                    policy_version: 4,
                    ..basis()
                },
            ),
        ];
        for other in others {
            assert_ne!(other, seen);
        }
    }

    #[test]
    fn what_changed_is_found_where_it_can_be() {
        let content = "c".repeat(64);
        let told = |seen: &Basis| {
            what_changed(
                &hash(&content, seen),
                &content,
                &basis(),
                &[usd(100), usd(500)],
            )
        };
        let policy = Basis {
            policy_version: 1,
            ..basis()
        };
        assert_eq!(told(&policy), Changed::Policy(1));
        let more = Basis {
            available: usd(90_500),
            ..basis()
        };
        assert_eq!(told(&more), Changed::Available(usd(90_500)));
        let less = Basis {
            available: usd(89_900),
            ..basis()
        };
        assert_eq!(told(&less), Changed::Available(usd(89_900)));
        let else_ = Basis {
            disputed: usd(7),
            ..basis()
        };
        assert_eq!(told(&else_), Changed::Unknown);
        assert_eq!(
            what_changed(&content, &content, &basis(), &[]),
            Changed::OnlyContent
        );
    }
}
