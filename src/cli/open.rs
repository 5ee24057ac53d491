//! Opening the desk for a command.

use std::sync::Arc;

use super::args::Global;
use super::{Failure, identity, log};
use crate::clock::Clock;
use crate::config::{self, Environ, Environment, Paths, Settings};
use crate::desk::Desk;
use crate::desk::face::{Actor, Class, Refusal, Reply, Request};
use crate::desk::local::{Local, Mode, Parts};

/// The desk, and who sits at it.
pub(super) struct Session {
    pub desk: Arc<Local>,
    pub actor: Actor,
    pub clock: Clock,
    pub mode: Mode,
}

impl Session {
    /// Opens the desk that the flags and the environment name.
    pub(super) fn open(global: &Global, environ: &Environ) -> Result<Self, Failure> {
        let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
        let settings = config::load(&paths.config)?;
        Self::open_with(global, environ, &paths, settings)
    }

    /// Opens the desk of these settings.
    pub(super) fn open_with(
        global: &Global,
        environ: &Environ,
        paths: &Paths,
        settings: Settings,
    ) -> Result<Self, Failure> {
        let actor = actor(global, settings.environment)?;
        let mode = Mode {
            offline: global.offline,
            read_only: global.read_only,
        };
        let clock = Clock::system();
        let desk = Local::open(Parts {
            settings,
            environ: environ.clone(),
            database: paths.database(),
            rejects: paths.rejects(),
            mode,
            clock: clock.clone(),
            opened_by: actor.name.clone(),
        })?;
        if !mode.read_only {
            log::start(&paths.data, global.verbose, &clock);
        }
        Ok(Self {
            desk,
            actor,
            clock,
            mode,
        })
    }

    /// Asks the desk for one thing.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, Failure> {
        Ok(self.desk.ask(&self.actor, request).await?)
    }
}

/// Whoever the kernel says; in a sandbox whoever `--as` says.
pub(super) fn actor(global: &Global, environment: Environment) -> Result<Actor, Failure> {
    let name = match &global.act_as {
        None => identity::login_name(),
        Some(name) if environment == Environment::Sandbox && !name.trim().is_empty() => {
            name.trim().to_owned()
        }
        Some(_) => {
            return Err(Refusal {
                class: Class::Rule,
                code: "as_outside_sandbox".to_owned(),
                message: "--as works only in environment \"sandbox\"".to_owned(),
                money: "Nothing was written and nothing was sent.".to_owned(),
                next: "Log in as the person who acts.".to_owned(),
            }
            .into());
        }
    };
    Ok(Actor::named(name))
}

/// The answer was of another kind than the question: a mistake in this program.
pub(super) fn misanswered() -> Failure {
    Failure::Unplanned(color_eyre::eyre::eyre!(
        "the desk gave another kind of answer than was asked for"
    ))
}
