//! Opening the desk for a command: the service's, where one is found, or one in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::args::Global;
use super::{Failure, log};
use crate::clock::Clock;
use crate::config::{self, Environ, Environment, Paths, Settings};
use crate::desk::Desk;
use crate::desk::face::{Actor, Class, Refusal, Reply, Request};
use crate::desk::local::{Local, Mode, Parts};
use crate::desk::remote::{NotConnected, Reach, Remote};
use crate::identity::Identity;

/// Where a service of the whole machine listens, for those who have no config of their own.
const OF_THE_MACHINE: &str = "/run/refund-desk/desk.sock";
/// How long a request waits for a service that is away.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often, and how long apart, a service that is just starting is looked for.
const STARTING: (u32, Duration) = (100, Duration::from_millis(50));

/// The desk, and who sits at it.
pub(super) struct Session {
    /// Wherever it runs.
    pub desk: Arc<dyn Desk>,
    /// The same, where it runs in this process.
    pub own: Option<Arc<Local>>,
    pub actor: Actor,
    pub clock: Clock,
    pub mode: Mode,
}

impl Session {
    /// Opens the desk that the flags and the environment name: a service's where one answers.
    pub(super) async fn open(global: &Global, environ: &Environ) -> Result<Self, Failure> {
        let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
        if let Some(socket) = named_socket(global, environ) {
            refuse_offline(global)?;
            return Self::at(global, environ, socket).await.map_err(told);
        }
        if !paths.config.exists() && Path::new(OF_THE_MACHINE).exists() {
            refuse_offline(global)?;
            let socket = OF_THE_MACHINE.into();
            return Self::at(global, environ, socket).await.map_err(told);
        }
        let settings = config::load(&paths.config)?;
        let is_named = settings.service.socket.is_some();
        let socket = socket_of(&paths, &settings);
        let looks_itself = global.read_only && paths.database().exists();
        for _ in 0..STARTING.0 {
            if !global.offline && !looks_itself && socket.exists() {
                match Self::at(global, environ, socket.clone()).await {
                    // Nobody there, or one that ends this moment: nothing was asked of it yet.
                    Err(NotConnected::Nobody(_) | NotConnected::Broken { .. }) => {}
                    answered => return answered.map_err(told),
                }
            }
            if is_named && !paths.database().exists() {
                return Err(told(NotConnected::Nobody(socket)));
            }
            match Self::open_with(global, environ, &paths, settings.clone()) {
                // It is just starting, or just ending.
                Err(Failure::Refused(refusal))
                    if refusal.code == "service_runs" && !global.offline =>
                {
                    tokio::time::sleep(STARTING.1).await;
                }
                opened => return opened,
            }
        }
        Self::open_with(global, environ, &paths, settings)
    }

    /// Connects to the service at this socket.
    async fn at(global: &Global, environ: &Environ, socket: PathBuf) -> Result<Self, NotConnected> {
        let reach = Reach {
            socket,
            acts: global
                .act_as
                .as_deref()
                .map(|name| Actor::named(name.trim())),
            origin: origin(environ),
            read_only: global.read_only,
            patience: PATIENCE,
        };
        let desk = Remote::connect(reach).await?;
        Ok(Self {
            actor: desk.actor().unwrap_or_else(own_actor),
            desk,
            own: None,
            clock: Clock::system(),
            mode: Mode {
                read_only: global.read_only,
                shared: true,
                ..Mode::default()
            },
        })
    }

    /// Opens the desk of these settings in this process.
    pub(super) fn open_with(
        global: &Global,
        environ: &Environ,
        paths: &Paths,
        settings: Settings,
    ) -> Result<Self, Failure> {
        Self::open_as(global, environ, paths, settings, false)
    }

    /// The same, as the service that alone works on the database where `shared`.
    pub(super) fn open_as(
        global: &Global,
        environ: &Environ,
        paths: &Paths,
        settings: Settings,
        shared: bool,
    ) -> Result<Self, Failure> {
        let mut actor = actor(global, settings.environment)?;
        actor.claimed_origin = origin(environ);
        let mode = Mode {
            offline: global.offline,
            read_only: global.read_only,
            shared,
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
            desk: Arc::clone(&desk) as _,
            own: Some(desk),
            actor,
            clock,
            mode,
        })
    }

    /// Asks the desk for one thing.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, Failure> {
        Ok(self.desk.ask(&self.actor, request).await?)
    }

    /// Waits for a backup that this process is taking.
    pub(super) async fn finish_backup(&self) {
        if let Some(own) = &self.own {
            own.finish_backup().await;
        }
    }
}

/// The socket that is named for this one command.
pub(super) fn named_socket(global: &Global, environ: &Environ) -> Option<PathBuf> {
    let from_environment = || environ.get("REFUND_DESK_SOCKET").map(PathBuf::from);
    global.socket.clone().or_else(from_environment)
}

/// The socket of these settings.
pub(super) fn socket_of(paths: &Paths, settings: &Settings) -> PathBuf {
    let named = settings.service.socket.clone();
    named.unwrap_or_else(|| paths.socket())
}

/// Whoever the kernel says; in a sandbox whoever `--as` says.
pub(super) fn actor(global: &Global, environment: Environment) -> Result<Actor, Failure> {
    match &global.act_as {
        None => Ok(own_actor()),
        Some(name) if environment == Environment::Sandbox && !name.trim().is_empty() => {
            Ok(Actor::named(name.trim()))
        }
        Some(_) => Err(refused(
            Class::Rule,
            "as_outside_sandbox",
            "--as works only in environment \"sandbox\"".to_owned(),
            "Log in as the person who acts.",
        )),
    }
}

/// Whoever runs this process.
fn own_actor() -> Actor {
    let Identity {
        name,
        groups,
        acts_as,
    } = Identity::own();
    Actor {
        name,
        groups,
        acts_as,
        claimed_origin: None,
    }
}

fn origin(environ: &Environ) -> Option<String> {
    environ.text("SSH_CONNECTION").map(str::to_owned)
}

/// The service sends; nobody who connects can keep it from that.
fn refuse_offline(global: &Global) -> Result<(), Failure> {
    if !global.offline {
        return Ok(());
    }
    Err(refused(
        Class::Usage,
        "offline_service",
        "--offline says nothing to a service: it sends what may be sent".to_owned(),
        "Leave --offline out; to keep it from sending: refund-desk stop-sending",
    ))
}

/// Why the service was not reached, and what to do.
fn told(why: NotConnected) -> Failure {
    let next = match &why {
        NotConnected::Refused(refusal) => return (**refusal).clone().into(),
        NotConnected::Nobody(_) => {
            "Have whoever runs the service start it: systemctl start refund-desk, or refund-desk serve."
        }
        NotConnected::Forbidden(_) => {
            "Ask whoever runs the service to put you into its group, then log in anew."
        }
        NotConnected::Broken { .. } => {
            "Look whether the socket is refund-desk's, and of the same version."
        }
    };
    refused(Class::Unavailable, "no_service", why.to_string(), next)
}

fn refused(class: Class, code: &str, message: String, next: &str) -> Failure {
    Refusal {
        class,
        code: code.to_owned(),
        message,
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: next.to_owned(),
    }
    .into()
}

/// The answer was of another kind than the question: a mistake in this program.
pub(super) fn misanswered() -> Failure {
    Failure::Unplanned(color_eyre::eyre::eyre!(
        "the desk gave another kind of answer than was asked for"
    ))
}
