//! The arguments of the debtor's side: what networks ask, and what they are answered.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `inbox`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Inbox {
    /// What was decided, too, newest first
    #[arg(long)]
    pub all: bool,
    /// What to do with one
    #[command(subcommand)]
    pub deed: Option<InboxDeed>,
}

/// `inbox …`
#[derive(Debug, Subcommand)]
pub enum InboxDeed {
    /// Ask the network whether the refund of a request was paid; its answer arrives later
    Ask {
        /// Its number
        request: i64,
    },
}

/// `answer`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("with").required(true).args(["account", "refuse"]))]
pub struct Answer {
    /// Its number, as refund-desk inbox shows it
    pub request: i64,
    /// The account on file as inbox shows it (f12), a number of another one, or - to type or pipe
    /// that number where no history keeps it
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// The rail that reaches an account that is typed, in the network's word
    #[arg(long, value_name = "NAME", requires = "account")]
    pub clearing_system: Option<String>,
    /// Whose it is, for an account that is typed
    #[arg(long, value_name = "NAME", requires = "account")]
    pub holder: Option<String>,
    /// Refuse it with the network's code
    #[arg(long, value_name = "CODE")]
    pub refuse: Option<String>,
    /// Why; the network is told
    #[arg(long, value_name = "TEXT", requires = "refuse")]
    pub note: Option<String>,
}

/// `accounts`
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Read files: account,payment_id,account_number and, where known, clearing_system and holder
    ///
    /// CSV or JSON Lines. Another number for a payment that has one is a discrepancy, and the old one
    /// stays.
    Import {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Say what would happen, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}
