//! `demo`, and the desk itself.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::args::{self, Global};
use super::open::{Session, misanswered};
use super::{Exit, Failure, sandbox};
use crate::config::{self, Environ, Paths};
use crate::desk::face::{Class, Import, ImportFile, Refusal, Reply, Request};
use crate::sandbox::Options;
use crate::tui;
use crate::tui::caps::{Caps, Depth};

/// Marks a folder that the demo made and may remove.
const STAMP: &str = "sandbox.stamp";

/// Opens the desk on what is configured.
pub(super) async fn desk(global: &Global, environ: Environ) -> Result<Exit, Failure> {
    check_terminal(&environ)?;
    let session = Session::open(global, &environ)?;
    show(session, global, &environ).await
}

/// Starts the simulators in this process, fills a cache and opens the desk on it.
pub(super) async fn run(
    global: &Global,
    environ: &Environ,
    arguments: &args::Demo,
) -> Result<Exit, Failure> {
    check_terminal(environ)?;
    let folder = match &global.data_dir {
        Some(folder) => folder.clone(),
        None => Paths::find(environ, None, None).data.join("demo"),
    };
    if arguments.fresh {
        remove(&folder)?;
    }
    sandbox::create(&folder)?;
    stamp(&folder)?;
    let settlement = folder.join("settlement.csv");
    let paths = Paths {
        config: folder.join("config.toml"),
        data: folder.clone(),
    };
    let options = Options {
        port: 0,
        payments: Vec::new(),
        seeded_payments: sandbox::SEEDED,
        settlement_to: Some(settlement.clone()),
        config_to: Some(paths.config.clone()),
        book: folder.join("book.jsonl"),
        state: folder.join("providers"),
    };
    sandbox::create(&options.state)?;
    let providers = sandbox::start(&options)?;
    let settings = config::load(&paths.config)?;
    let session = Session::open_with(global, environ, &paths, settings)?;
    fill(&session, &settlement).await?;
    let exit = show(session, global, environ).await;
    providers.stop();
    exit
}

/// Imports the made-up payments, once.
async fn fill(session: &Session, settlement: &Path) -> Result<(), Failure> {
    let Reply::Overview(overview) = session.ask(Request::Overview).await? else {
        return Err(misanswered());
    };
    let known: u64 = overview
        .accounts
        .iter()
        .map(|account| account.freshness.payments)
        .sum();
    if known > 0 || session.mode.read_only {
        return Ok(());
    }
    let file = ImportFile {
        name: "settlement.csv".to_owned(),
        bytes: fs::read(settlement)?,
    };
    let import = Import {
        files: vec![file],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    };
    session.ask(Request::Import(import)).await?;
    Ok(())
}

async fn show(session: Session, global: &Global, environ: &Environ) -> Result<Exit, Failure> {
    let mut caps = Caps::from_env(|name| environ.text(name));
    if global.no_color {
        caps.depth = Depth::None;
    }
    let options = tui::Options {
        caps,
        plain: global.plain,
        ..tui::Options::default()
    };
    if !session.mode.read_only {
        tokio::spawn(std::sync::Arc::clone(&session.desk).keep_working());
    }
    tui::run(session.desk, session.actor, session.clock, options)
        .await
        .map_err(|error| Failure::Unplanned(error.into()))?;
    Ok(Exit::Done)
}

/// The desk needs a terminal that can move its cursor.
fn check_terminal(environ: &Environ) -> Result<(), Failure> {
    let usable = io::stdin().is_terminal() && io::stdout().is_terminal();
    if usable && environ.text("TERM") != Some("dumb") {
        return Ok(());
    }
    Err(Refusal {
        class: Class::Usage,
        code: "no_terminal".to_owned(),
        message: "the desk needs a terminal".to_owned(),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Use the commands instead: refund-desk --help".to_owned(),
    }
    .into())
}

fn stamp(folder: &Path) -> Result<(), Failure> {
    let stamp = folder.join(STAMP);
    if !stamp.exists() && !is_empty(folder)? {
        return Err(not_a_demo(folder));
    }
    fs::write(
        stamp,
        "This folder was made by refund-desk demo; --fresh removes it.\n",
    )?;
    Ok(())
}

fn is_empty(folder: &Path) -> Result<bool, Failure> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

/// Removes what an earlier demo left, and nothing else.
fn remove(folder: &PathBuf) -> Result<(), Failure> {
    if !folder.exists() {
        return Ok(());
    }
    if !folder.join(STAMP).exists() && !is_empty(folder)? {
        return Err(not_a_demo(folder));
    }
    fs::remove_dir_all(folder)?;
    Ok(())
}

fn not_a_demo(folder: &Path) -> Failure {
    Refusal {
        class: Class::Rule,
        code: "not_a_demo_folder".to_owned(),
        message: format!(
            "{} was not made by the demo and is left alone",
            folder.display()
        ),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Use an empty folder, or none: refund-desk demo".to_owned(),
    }
    .into()
}
