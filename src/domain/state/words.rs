//! How a refund stands, in an operator's words (domain.md, the last column of its states).

use super::State;

impl State {
    /// For messages and lines that name a refund beside others. A screen that has room says more.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reserved => "held: not sent",
            Self::AwaitingApproval => "to approve",
            Self::Approved => "ready to go out",
            Self::Submitting => "sending",
            Self::Pending => "on its way",
            Self::ActionRequired => "needs a person",
            Self::Unknown => "UNKNOWN: may have been paid, do not refund again",
            Self::Succeeded => "confirmed",
            Self::Settled => "on statement",
            Self::Failed | Self::Rejected => "not paid",
            Self::Reversed => "CAME BACK: the customer does not have it",
            Self::Canceled => "withdrawn",
            Self::Expired => "expired",
        }
    }
}
