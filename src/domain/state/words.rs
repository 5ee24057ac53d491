//! How a refund stands, in an operator's words (domain.md, the last column of its states).

use super::State;

impl State {
    /// For messages and lines that name a refund beside others. A screen that has room says more.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Draft | Self::Reserved => "being composed",
            Self::AwaitingApproval => "to approve",
            Self::Approved => "ready",
            Self::Submitting | Self::Pending => "on its way",
            Self::ActionRequired => "needs you",
            Self::Unknown => "UNKNOWN, may have been paid",
            Self::Succeeded => "confirmed",
            Self::Settled => "on statement",
            Self::Failed | Self::Rejected => "not paid",
            Self::Reversed => "came back",
            Self::Canceled => "withdrawn",
            Self::Expired => "expired",
        }
    }
}
