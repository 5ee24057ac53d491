//! The arguments of what happened outside this desk: discrepancies, refunds made elsewhere, disputes.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::instant;
use crate::domain::dispute::Stage;

/// `discrepancies`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Discrepancies {
    /// Those that were closed, too
    #[arg(long)]
    pub all: bool,
    /// What to do with one
    #[command(subcommand)]
    pub deed: Option<DiscrepancyDeed>,
}

/// `discrepancies …`
#[derive(Debug, Subcommand)]
pub enum DiscrepancyDeed {
    /// Close one; not whoever made the refund it is about
    ///
    /// That a refund came back is acknowledged so, by anyone, with or without a note.
    Resolve {
        /// Its number
        id: i64,
        /// What was found out
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Make what the file says so (who paid; never an amount)
        #[arg(long)]
        accept: bool,
    },
    /// Say who looks after one
    Assign {
        /// Its number
        id: i64,
        /// Who
        #[arg(long, value_name = "NAME")]
        owner: String,
    },
}

/// `external`
#[derive(Debug, Subcommand)]
pub enum External {
    /// It is this refund of ours: both count once; not by whoever made ours
    Link {
        /// Its number, as refund-desk payment shows it
        id: i64,
        /// Our id, its last letters, or ACCOUNT/PROVIDER_ID
        #[arg(long, value_name = "REFUND")]
        refund: String,
        /// How you know
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// It is not the refund of ours that it was linked to
    Unlink {
        /// Its number, as refund-desk payment shows it
        id: i64,
        /// How you know
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

/// `dispute`
#[derive(Debug, Args)]
pub struct DisputeNews {
    /// Our id of the payment, ACCOUNT/PROVIDER_ID or a unique reference
    pub payment: String,
    /// The provider's id of the dispute; the same id is the same dispute
    #[arg(long, value_name = "CASE")]
    pub case: String,
    /// alert, inquiry, open, under_review, won, withdrawn, lost or accepted
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    pub stage: Stage,
    /// How much is disputed: 12.50, or 12.50 EUR where it is not the payment's currency; as known
    /// unless given
    #[arg(long, value_name = "AMT")]
    pub amount: Option<String>,
    /// Until when it can be answered; a UTC date: until its end
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub deadline: Option<DateTime<Utc>>,
    /// The capture it is about, where the payment has several
    #[arg(long, value_name = "ID")]
    pub capture: Option<String>,
}

fn stage(text: &str) -> Result<Stage, String> {
    Stage::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Stage::ALL.iter().map(|stage| stage.name()).collect();
        format!("{text:?} is not a stage; use one of {}", names.join(", "))
    })
}
