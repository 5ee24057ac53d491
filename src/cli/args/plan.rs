//! `plan` and `apply`: refunds in bulk; `drafts`.

use std::path::PathBuf;

use clap::Args;

/// `plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// CSV with the columns payment,amount,reason and where wanted note,case,compensation
    #[arg(value_name = "BATCH.csv")]
    pub batch: PathBuf,
    /// Write the plan to this file, which is not there yet
    #[arg(long, value_name = "PLAN")]
    pub to: PathBuf,
    /// Likely duplicates are meant
    #[arg(long)]
    pub again: bool,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// A file that plan wrote
    pub plan: PathBuf,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// `drafts`
#[derive(Debug, Args)]
pub struct Drafts {
    /// Forget the draft of this payment
    #[arg(long, value_name = "PAYMENT")]
    pub drop: Option<String>,
}
