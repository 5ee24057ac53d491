//! What people at the desk say and keep beside the money, as `--help` tells it.

use std::path::PathBuf;

use clap::Subcommand;

use super::payments::sort;
use crate::domain::listing::PaymentSort;
use crate::domain::view::Column;

/// Commands of a shift.
#[derive(Debug, Subcommand)]
pub enum Shift {
    /// Write a note on a payment or refund; it stands with your name and the time
    ///
    /// Card numbers are masked. A note is never changed; erase takes what it says with what else is known
    /// of a payer.
    Note {
        /// A payment or a refund
        subject: String,
        /// What it says
        text: String,
    },
    /// Print the page for the next shift: what is open, UNKNOWN, snoozed and due, and what was said
    Handover {
        /// Write it to this file, which is not there yet
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Notes of so many hours
        #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=168))]
        hours: u32,
    },
    /// Show all payments and refunds of an order, on all accounts, with their sums
    Order {
        /// The order, or a payment or refund of it
        order: String,
    },
    /// List what waits for a person, with its owner, its deadline and the one safe next step
    Todo {
        /// What you have snoozed, too
        #[arg(long)]
        snoozed: bool,
    },
    /// Say who looks after something in To do; without a name: you
    Owner {
        /// A refund, discrepancy:NUMBER or request:NUMBER
        what: String,
        /// Who is to look after it
        name: Option<String>,
    },
    /// Put something aside in your own To do for a while; it comes back by time or when it changes
    ///
    /// Nobody else's list changes. What holds money comes back within a day, and everything before its
    /// own deadline.
    Snooze {
        /// A refund, discrepancy:NUMBER or request:NUMBER
        what: String,
        /// Until when: 2h, 17:00, tomorrow, 2026-11-25 14:00, in the business time zone
        #[arg(long, value_name = "TIME", required_unless_present = "back")]
        until: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT", required_unless_present = "back")]
        reason: Option<String>,
        /// Take it back into the list
        #[arg(long, conflicts_with_all = ["until", "reason"])]
        back: bool,
    },
    /// List your saved views of the payments, or save, rename or delete one
    Views {
        /// What to do with one
        #[command(subcommand)]
        deed: Option<ViewDeed>,
    },
}

/// What is done with a saved view.
#[derive(Debug, Subcommand)]
pub enum ViewDeed {
    /// Save a view, in the place of another of that name
    Save {
        /// Its name
        name: String,
        /// The filter, as for payments --query
        #[arg(long, value_name = "TEXT", default_value = "")]
        query: String,
        /// By what it is sorted
        #[arg(long, value_name = "COLUMN", default_value = "settled", value_parser = sort)]
        sort: PaymentSort,
        /// Oldest or smallest first
        #[arg(long)]
        ascending: bool,
        /// The columns, in their order; left out: as the desk has them
        #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = column)]
        columns: Vec<Column>,
    },
    /// Choose the columns that the desk's list of payments has, in their order
    Columns {
        /// Which; none: as the desk has them
        #[arg(value_name = "A,B", value_delimiter = ',', value_parser = column)]
        columns: Vec<Column>,
    },
    /// Call a view something else
    Rename {
        /// What it is called
        from: String,
        /// What it is to be called
        to: String,
    },
    /// Forget a view
    Delete {
        /// Which
        name: String,
    },
}

fn column(text: &str) -> Result<Column, String> {
    let names = || Column::ALL.map(Column::name).join(", ");
    Column::from_name(text).ok_or_else(|| format!("a column is one of {}", names()))
}
