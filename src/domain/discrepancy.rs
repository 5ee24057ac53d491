//! Discrepancies: where evidence contradicts what is known. Some hold back what is not sent yet.

/// What contradicts what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscrepancyKind {
    /// A file says another amount than is known of a payment.
    FileAmount,
    /// A file says another currency.
    FileCurrency,
    /// A file names another payer.
    FilePayer,
    /// A provider's word does not fit where the refund stands.
    Evidence,
    /// More was paid back or is held than was captured (invariant 1).
    Overdrawn,
    /// Proof of payout arrived after the refund was closed (T23).
    LatePayout,
}

impl DiscrepancyKind {
    const ALL: [Self; 6] = [
        Self::FileAmount,
        Self::FileCurrency,
        Self::FilePayer,
        Self::Evidence,
        Self::Overdrawn,
        Self::LatePayout,
    ];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FileAmount => "file_amount",
            Self::FileCurrency => "file_currency",
            Self::FilePayer => "file_payer",
            Self::Evidence => "evidence",
            Self::Overdrawn => "overdrawn",
            Self::LatePayout => "late_payout",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True when nothing more is sent on the payment until it is closed: money may be gone that
    /// the desk did not count on (invariant 1, T23).
    pub const fn blocks(self) -> bool {
        matches!(self, Self::Overdrawn | Self::LatePayout)
    }
}

/// Why nothing is sent on a payment now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// More is gone or held than was captured.
    Overdrawn,
    /// Enough is left, but the discrepancy about it is still open.
    Open,
}

impl Block {
    /// The rule in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Overdrawn => {
                "more was paid back or is held than was captured; find out which refund was not made by this desk"
            }
            Self::Open => {
                "money of this payment was paid back that the desk did not expect; that must be cleared up first"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unexpected_money_blocks() {
        for kind in DiscrepancyKind::ALL {
            assert_eq!(DiscrepancyKind::from_name(kind.name()), Some(kind));
            let money_gone = matches!(kind.name(), "overdrawn" | "late_payout");
            assert_eq!(kind.blocks(), money_gone, "{kind:?}");
        }
    }
}
