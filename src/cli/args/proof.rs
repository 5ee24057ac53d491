//! The arguments of what is shown to an auditor or given to a customer, and of personal data.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use crate::domain::audit::Anchor;

/// `evidence`
#[derive(Debug, Args)]
pub struct EvidenceOf {
    /// Our ids, their last letters, ACCOUNT/PROVIDER_ID, or references of payments with one refund
    #[arg(value_name = "REFUND", required_unless_present = "sample")]
    pub refunds: Vec<String>,
    /// Draw this many of the refunds made in --month
    #[arg(long, value_name = "N", requires_all = ["seed", "month"], conflicts_with = "refunds")]
    pub sample: Option<u32>,
    /// What draws them: the same seed and month is the same sample
    #[arg(long, value_name = "N", requires = "sample")]
    pub seed: Option<u64>,
    /// The month, in the business time zone
    #[arg(long, value_name = "YYYY-MM", requires = "sample", value_parser = month)]
    pub month: Option<NaiveDate>,
}

/// `trace`
#[derive(Debug, Args)]
pub struct Trace {
    /// Our id, its last letters, ACCOUNT/PROVIDER_ID, or the reference of a payment with one refund
    pub refund: String,
    /// Write the note to this new file instead
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// `erase`
#[derive(Debug, Args)]
pub struct Erase {
    /// Our id, ACCOUNT/PROVIDER_ID or a unique reference
    pub payment: String,
    /// The request that is answered: the number of a ticket
    #[arg(long, value_name = "TEXT")]
    pub case: String,
}

/// `2026-11`
fn month(text: &str) -> Result<NaiveDate, String> {
    format!("{text}-01")
        .parse()
        .map_err(|_| format!("{text:?} is not a month; write 2026-11"))
}

/// `audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show the newest entries, oldest of them first
    Show(AuditShow),
    /// Check that no entry was changed, removed, moved or added afterwards
    Verify {
        /// What an earlier check told: the log must still contain it
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<Anchor>,
        /// A file of heads ([audit] head_file): the log must still contain every line of it
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
}

/// `audit show`
#[derive(Debug, Args)]
pub struct AuditShow {
    /// Only about this refund, this payment and its refunds, or this imported file
    #[arg(value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Of this UTC date or later
    #[arg(long, value_name = "DATE")]
    pub since: Option<NaiveDate>,
    /// Done by this person; desk: done by the desk itself
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Whose action begins with this: refund., refund.approved, payments.
    #[arg(long, value_name = "PREFIX")]
    pub action: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
}
