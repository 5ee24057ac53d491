//! `delegate` and `away`, as `--help` tells them.

use chrono::NaiveDate;
use clap::Args;

/// `delegate`
#[derive(Debug, Args)]
pub struct Delegate {
    /// To whom, by their name on this machine; without it: list who stands in for whom
    #[arg(value_name = "TO", requires = "from", requires = "until")]
    pub to: Option<String>,
    /// The first business day
    #[arg(long, value_name = "DATE", requires = "to")]
    pub from: Option<NaiveDate>,
    /// The last business day, included
    #[arg(long, value_name = "DATE", requires = "to")]
    pub until: Option<NaiveDate>,
    /// Take back early what was handed on, by its number
    #[arg(long, value_name = "NUMBER", conflicts_with = "to")]
    pub end: Option<i64>,
}

/// `away`
#[derive(Debug, Args)]
pub struct Away {
    /// The first business day; without it: list who is away
    #[arg(long, value_name = "DATE", requires = "until")]
    pub from: Option<NaiveDate>,
    /// The last business day, included
    #[arg(long, value_name = "DATE", requires = "from")]
    pub until: Option<NaiveDate>,
    /// Say that you are back
    #[arg(long, conflicts_with = "from")]
    pub back: bool,
}
