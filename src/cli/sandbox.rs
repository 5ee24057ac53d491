//! `sandbox`: the simulated providers alone.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::args::{self, Global};
use super::{Exit, Failure, signal};
use crate::clock::Clock;
use crate::config::{Environ, Paths};
use crate::desk::face::{Class, Refusal};
use crate::sandbox::{self, Options, Running};

/// Payments the simulators know when no settlement file says otherwise.
pub(super) const SEEDED: usize = 2_000;

/// Runs the simulators until interrupted. Says `ready` once everything is written.
pub(super) async fn run(
    global: &Global,
    environ: &Environ,
    arguments: &args::Sandbox,
) -> Result<Exit, Failure> {
    let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
    let folder = paths.data.join("sandbox");
    create(&folder)?;
    let options = Options {
        port: arguments.port,
        payments: arguments.payments.clone(),
        seeded_payments: SEEDED,
        settlement_to: arguments.settlement_to.clone(),
        config_to: arguments.config_to.clone(),
        book: arguments
            .book
            .clone()
            .unwrap_or_else(|| folder.join("book.jsonl")),
        state: folder,
        desk_is_apart: true,
    };
    let running = start(&options)?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "ready").and_then(|()| stdout.flush())?;
    drop(stdout);
    signal::stop().await?;
    running.stop();
    Ok(Exit::Done)
}

pub(super) fn create(folder: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| {
            Refusal {
                class: Class::Failed,
                code: "data_folder".to_owned(),
                message: format!("cannot create {}: {error}", folder.display()),
                money: "Nothing was written and nothing was sent.".to_owned(),
                next: "Make the data folder writable for you, or use another --data-dir."
                    .to_owned(),
            }
            .into()
        })
}

/// Starts the simulators.
pub(super) fn start(options: &Options) -> Result<Running, Failure> {
    sandbox::start(options, &Clock::system()).map_err(|error| {
        Refusal {
            class: Class::Failed,
            code: "sandbox".to_owned(),
            message: format!("the sandbox cannot start: {error}"),
            money: "No real money is in reach of the sandbox.".to_owned(),
            next: "Mend what it says, or name other files.".to_owned(),
        }
        .into()
    })
}
