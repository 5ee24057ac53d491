//! `refund`: what is given back, in which way, and why.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;
use crate::domain::refund::Kind;

/// `refund`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("how_much").required(true).args(["amount", "full"]))]
pub struct Refund {
    /// Our id of the payment, ACCOUNT/PROVIDER_ID or a unique reference
    pub payment: String,
    /// 12.50, 50%, rest, 100-8.30, 3x12.50
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// All that can be refunded now
    #[arg(long)]
    pub full: bool,
    /// A code of the reason catalogue
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// Paid on top of a full refund
    #[arg(long, value_name = "AMT")]
    pub compensation: Option<String>,
    /// Free text; some reasons need it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The case at the payer's bank or scheme; reason dispute needs it
    #[arg(long, value_name = "REF")]
    pub case: Option<String>,
    /// The capture it is taken from, where the payment has several
    #[arg(long, value_name = "ID")]
    pub capture: Option<String>,
    /// Refuse unless this much is available
    #[arg(long, value_name = "AMT")]
    pub expect_available: Option<String>,
    /// Your id of this decision: the same key and content is the same refund
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
    /// A likely duplicate is meant
    #[arg(long)]
    pub again: bool,
    /// Give it back in another way: void an unsettled payment (with --full), or record what is paid
    /// outside this desk in place of a refund that ended unpaid (with --supersedes)
    #[arg(long, value_name = "KIND", default_value = "refund")]
    pub kind: RefundKind,
    /// The failed, rejected or reversed refund that this one replaces
    #[arg(long, value_name = "REFUND")]
    pub supersedes: Option<String>,
    /// Say what would happen, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Wait for its end; 60s unless said otherwise
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "60s", value_parser = duration)]
    pub wait: Option<Duration>,
}

/// The kinds of refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RefundKind {
    /// Money goes back after settlement
    Refund,
    /// A payment that has not settled is canceled, the whole of it
    Void,
    /// Paid by other means; two people agree, and two state that it was paid
    Outside,
}

impl From<RefundKind> for Kind {
    fn from(kind: RefundKind) -> Self {
        match kind {
            RefundKind::Refund => Self::Refund,
            RefundKind::Void => Self::Void,
            RefundKind::Outside => Self::Outside,
        }
    }
}
