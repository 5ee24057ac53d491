//! What is read about the program.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use crate::tui::action::ACTIONS;

/// The names of all actions, as shells complete them.
fn actions() -> PossibleValuesParser {
    PossibleValuesParser::new(ACTIONS.iter().map(|spec| spec.id))
}

/// `keys`
#[derive(Debug, Args)]
pub struct KeyList {
    /// Only those of this action
    #[arg(value_name = "ACTION", value_parser = actions(), hide_possible_values = true)]
    pub action: Option<String>,
    /// In Markdown
    #[arg(long, conflicts_with = "action")]
    pub markdown: bool,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    pub shell: Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Manual {
    /// Write it and a page for each command into this folder instead
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}
