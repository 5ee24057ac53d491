//! Discrepancies: where evidence contradicts what is known. Some hold back what is not sent yet.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::{PaymentId, RefundId};

/// What contradicts what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// A refund made elsewhere is said to be of another amount, or to stand otherwise, than known.
    External,
    /// A dispute was lost or accepted although a refund was made in answer to it.
    PaidTwice,
    /// A refund that had succeeded came back (T20): the alert, open until it is acknowledged.
    CameBack,
    /// The bank, or the network about the bank leg, says otherwise than is known of a transfer.
    BankLeg,
}

impl DiscrepancyKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::FileAmount,
        Self::FileCurrency,
        Self::FilePayer,
        Self::Evidence,
        Self::Overdrawn,
        Self::LatePayout,
        Self::External,
        Self::PaidTwice,
        Self::CameBack,
        Self::BankLeg,
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
            Self::External => "external",
            Self::PaidTwice => "paid_twice",
            Self::CameBack => "came_back",
            Self::BankLeg => "bank_leg",
        }
    }

    /// What it is, in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::FileAmount => "a file says another amount",
            Self::FileCurrency => "a file says another currency",
            Self::FilePayer => "a file names another payer",
            Self::Evidence => "the provider contradicts what is known",
            Self::Overdrawn => "more was paid back or is held than was captured",
            Self::LatePayout => "paid after it was closed as not paid",
            Self::External => "a refund made elsewhere changed",
            Self::PaidTwice => "the customer may have got it twice",
            Self::CameBack => "CAME BACK, the customer does not have it",
            Self::BankLeg => "the bank transfer is not as it is known",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True for an alert: nothing is in doubt, and somebody must see it. Whoever does closes it,
    /// with or without a word.
    pub const fn is_alert(self) -> bool {
        matches!(self, Self::CameBack)
    }

    /// True when nothing more is sent on the payment until it is closed: money may be gone that
    /// the desk did not count on (invariant 1, T23).
    pub const fn blocks(self) -> bool {
        matches!(
            self,
            Self::Overdrawn | Self::LatePayout | Self::PaidTwice | Self::BankLeg
        )
    }
}

/// A contradiction, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discrepancy {
    /// Our number of it.
    pub id: i64,
    /// The payment it is about.
    pub payment: PaymentId,
    /// The payment's reference.
    pub reference: Option<String>,
    /// The account of the payment.
    pub account: String,
    /// The refund it is about.
    pub refund: Option<RefundId>,
    /// What contradicts what.
    pub kind: DiscrepancyKind,
    /// The facts.
    pub detail: String,
    /// What a file would have it be; accepting it makes it so.
    pub proposed: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// When it was noticed.
    pub opened_at: DateTime<Utc>,
    /// How it was closed.
    pub resolution: Option<Resolution>,
}

impl Discrepancy {
    /// What contradicts what and the facts, in a line.
    pub fn said(&self) -> String {
        let what = self.kind.words();
        if self.detail == what {
            return self.detail.clone();
        }
        format!("{what}: {}", self.detail)
    }

    /// True while it keeps refunds of its payment from being reserved or sent.
    pub const fn blocks_now(&self) -> bool {
        self.kind.blocks() && self.resolution.is_none()
    }
}

/// How a discrepancy was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// By whom; `migration` is nobody.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What was found out.
    pub note: String,
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
            let money_gone = matches!(
                kind.name(),
                "overdrawn" | "late_payout" | "paid_twice" | "bank_leg"
            );
            assert_eq!(kind.blocks(), money_gone, "{kind:?}");
        }
    }
}
