//! The arguments of what is shown to an auditor or given to a customer, and of personal data.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

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
