//! What is read about the program.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `keys`
#[derive(Debug, Args)]
pub struct KeyList {
    /// In Markdown
    #[arg(long)]
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
