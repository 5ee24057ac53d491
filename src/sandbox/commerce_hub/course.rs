//! What becomes of a refund, chosen by the last two digits of the amount asked.

/// The course a refund takes at this simulator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Course {
    /// Accepted, then paid at its second look.
    Ordinary,
    /// Accepted, then declined at its second look; nothing is paid.
    Declined,
    /// Paid, but the connection is cut before the reply.
    ReplyLost,
    /// The connection is cut before anything is accepted.
    RequestLost,
    /// Accepted and never heard of again.
    StaysPending,
    /// Captured at once, voided at the second look.
    Voided,
    /// Paid with another amount than asked.
    OtherAmount,
    /// Told to come back later.
    Throttled,
    /// The gateway is not ready.
    Unavailable,
    /// Paid, but the reply is no JSON.
    Garbage,
}

impl Course {
    pub(super) fn of(minor: i64) -> Self {
        match minor % 100 {
            1 => Self::Declined,
            2 => Self::ReplyLost,
            3 => Self::RequestLost,
            4 => Self::StaysPending,
            5 => Self::Voided,
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

    /// The `transactionState` of a cancel: it takes effect at once, and looks like an authorization
    /// or like a void (fact sheet 5).
    pub(super) fn cancel_state(self) -> &'static str {
        match self {
            Self::StaysPending => "PENDING",
            Self::Voided => "VOIDED",
            _ => "AUTHORIZED",
        }
    }

    /// Why a refund is declined: most often the account is closed; where the main unit ends in 3
    /// (13.01), the merchant's account lacks the money. As response code and message, then the
    /// host's.
    pub(super) fn decline(minor: i64) -> [&'static str; 4] {
        match minor / 100 % 10 {
            3 => ["008", "Declined: Insufficient Funds", "51", "INSUFF FUNDS"],
            _ => ["030", "Closed Account", "14", "Inv Acct Num"],
        }
    }

    /// The `transactionState` of a refund that waits for its capture: only a decline ends that.
    pub(super) fn authorised_state(self, looks: u8) -> &'static str {
        match self {
            Self::Declined => self.state(looks),
            _ => "AUTHORIZED",
        }
    }

    /// The `transactionState` of a captured refund, after so many inquiries have shown it since.
    pub(super) fn captured_state(self, looks: u8) -> &'static str {
        match (self, looks) {
            (Self::StaysPending, _) => "PENDING",
            (Self::Voided, 2..) => "VOIDED",
            _ => "CAPTURED",
        }
    }

    /// Whether acceptance pays money out.
    pub(super) fn pays(self) -> bool {
        self != Self::Declined
    }

    /// The `transactionState` after so many inquiries have shown the refund.
    pub(super) fn state(self, looks: u8) -> &'static str {
        match (self, looks) {
            (Self::StaysPending, _) => "AUTHORIZED",
            (Self::Voided, 0 | 1) => "CAPTURED",
            (Self::Voided, _) => "VOIDED",
            (_, 0 | 1) => "AUTHORIZED",
            (Self::Declined, _) => "DECLINED",
            _ => "CAPTURED",
        }
    }
}
