//! What becomes of a refund, chosen by the last two digits of the amount asked. What each
//! simulator calls it stands in its own folder.

use crate::domain::money::Money;

/// The course a refund takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Course {
    /// Accepted, then paid at its second look.
    Ordinary,
    /// Accepted, then failed at its second look; nothing is paid.
    Failed,
    /// Paid, but the connection is cut before the reply.
    ReplyLost,
    /// The connection is cut before anything is accepted.
    RequestLost,
    /// Accepted and never heard of again.
    StaysPending,
    /// Done at once and undone at its second look, where the provider has such a thing.
    Undone,
    /// Paid with another amount than asked.
    OtherAmount,
    /// Told to come back later.
    Throttled,
    /// The provider is not ready.
    Unavailable,
    /// Paid, but the reply cannot be read.
    Garbage,
}

impl Course {
    pub(super) fn of(minor: i64) -> Self {
        match minor % 100 {
            1 => Self::Failed,
            2 => Self::ReplyLost,
            3 => Self::RequestLost,
            4 => Self::StaysPending,
            5 => Self::Undone,
            6 => Self::OtherAmount,
            7 => Self::Throttled,
            8 => Self::Unavailable,
            9 => Self::Garbage,
            _ => Self::Ordinary,
        }
    }

    /// Whether the fault comes before acceptance: it strikes a refund once, and the next send of
    /// that refund is ordinary.
    pub(super) fn strikes_before_acceptance(self) -> bool {
        matches!(
            self,
            Self::RequestLost | Self::Throttled | Self::Unavailable
        )
    }

    /// Whether acceptance pays money out.
    pub(super) fn pays(self) -> bool {
        self != Self::Failed
    }
}

/// The amount really paid where `left` minor units are left. The faulty one is a main unit too
/// much, or a minor unit too little where there is no more: a provider that pays wrongly still
/// never pays more than it took.
pub(super) fn paid(asked: Money, left: i64) -> Money {
    if Course::of(asked.minor) != Course::OtherAmount {
        return asked;
    }
    let more = asked.minor.saturating_add(asked.currency.minor_per_main());
    let minor = if more <= left { more } else { asked.minor - 1 };
    Money::new(minor, asked.currency)
}

/// A desk that tries a refund again under a new reference counts: `…-refund-1`, `…-refund-2`. That
/// is still one refund, whose fault strikes once.
pub(super) fn one_refund(reference: &str) -> &str {
    let counted = reference.rsplit_once("-refund-");
    counted.map_or(reference, |(refund, _)| refund)
}
