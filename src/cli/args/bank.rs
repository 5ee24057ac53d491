//! The arguments of the bank leg: transfers, payment files, what the bank says.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

/// `transfers`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Transfers {
    /// Of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// In this currency
    #[arg(long, value_name = "CODE", requires = "to")]
    pub currency: Option<String>,
    /// Those that have ended, too
    #[arg(long, conflicts_with = "to")]
    pub all: bool,
    /// Propose a payment file for what is due, or write one that two people agreed on
    #[arg(long, value_name = "FILE.xml")]
    pub to: Option<PathBuf>,
    /// Our number of the payment file
    #[arg(long, value_name = "NUMBER", requires = "to")]
    pub file: Option<i64>,
    /// As the second person: the SHA-256 of the payment file you looked at
    #[arg(long, value_name = "SHA256", requires = "to")]
    pub seen: Option<String>,
    /// What to do with one
    #[command(subcommand)]
    pub deed: Option<TransferDeed>,
}

/// `transfers …`
#[derive(Debug, Subcommand)]
pub enum TransferDeed {
    /// Say that a transfer was paid; takes two people
    Paid {
        /// Our id, its last letters, ACCOUNT/PROVIDER_ID, or the reference of a payment with one refund
        refund: String,
        /// The bank's reference
        #[arg(long, value_name = "TEXT")]
        reference: String,
        /// Of which day
        #[arg(long, value_name = "DATE")]
        date: Option<NaiveDate>,
    },
    /// Say that the bank will not pay a transfer; takes two people, then it is due again
    Rejected {
        /// As above
        refund: String,
        /// Where the bank says so
        #[arg(long, value_name = "TEXT")]
        evidence: String,
        /// Of which day
        #[arg(long, value_name = "DATE")]
        date: Option<NaiveDate>,
    },
    /// Turn down what another person said of a transfer
    TurnDown {
        /// As above
        refund: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Have a paid transfer confirmed again that the network refused to take note of
    Confirm {
        /// As above
        refund: String,
    },
    /// Show the account of a transfer in full; the audit tells who saw it
    Reveal {
        /// As above
        refund: String,
    },
    /// Give up a payment file that was never written; its transfers are due again
    GiveUp {
        /// Our number of it
        file: i64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Say what an entry was that nothing of ours explains
    Explain {
        /// Our number of it
        id: i64,
        /// What it was
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

/// `returned`
#[derive(Debug, Args)]
pub struct Returned {
    /// Our id, its last letters, ACCOUNT/PROVIDER_ID, or the reference of a payment with one refund
    pub refund: String,
    /// Where the bank says so
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
    /// Of which day
    #[arg(long, value_name = "DATE")]
    pub date: Option<NaiveDate>,
}
