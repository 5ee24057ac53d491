//! `serve`: the service. It sends and polls, and answers those who call.

use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use serde_json::json;
use tokio::task::{JoinError, JoinHandle};

use super::args::Global;
use super::open::{Session, misanswered, named_socket, socket_of};
use super::print::Output;
use super::signal::{ServiceSignals, Told};
use super::{Exit, Failure, track};
use crate::config::{self, Environ, Environment, Paths, Settings};
use crate::desk::face::{Class, Refusal};
use crate::desk::local::Local;
use crate::desk::reload::Current;
use crate::domain::text::clean;
use crate::serve::socket::{self, Socket, SocketError};
use crate::serve::{self, Means, ServeError, Serving};

/// Runs the service until it is told to stop. Says that it is ready once both addresses are bound.
pub(super) async fn run(
    global: &Global,
    environ: &Environ,
    output: &Output,
) -> Result<Exit, Failure> {
    let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
    let settings = config::load(&paths.config)?;
    let session = Session::open_as(global, environ, &paths, settings.clone(), true)?;
    let Some(own) = &session.own else {
        return Err(misanswered());
    };
    let mut signals = ServiceSignals::listen()?;
    let desk = Arc::new(Current::new(Arc::clone(own)));
    let doors = doors_of(&session, &desk, environ, &settings)?;
    let path = named_socket(global, environ).unwrap_or_else(|| socket_of(&paths, &settings));
    let socket = operators(&desk, &session, path, &settings)?;
    let mut working = tokio::spawn(keep_working(Arc::clone(&desk)));
    tell_ready(doors.as_ref(), &socket, output);
    loop {
        tokio::select! {
            told = signals.next() => match told {
                Told::Stop => break,
                Told::Reload => reload(&desk, &paths, &session).await,
            },
            // It works until it is told to stop: this was a mistake in the program.
            ended = &mut working => return Err(broken(ended)),
        }
    }
    tracing::info!("told to stop");
    let mut ending = pin!(end(own, doors, socket, working));
    loop {
        tokio::select! {
            ended = &mut ending => break ended?,
            // Asked twice: what is with a provider or a caller is found again at the next start.
            told = signals.next() => if matches!(told, Told::Stop) {
                return Ok(Exit::Unknown);
            },
        }
    }
    own.finish_backup().await;
    desk.desk().tell_last_head().await;
    Ok(Exit::Done)
}

/// Works under whatever configuration is in force, until the desk is told to stop.
async fn keep_working(desk: Arc<Current>) {
    while !desk.desk().is_stopped() {
        desk.desk().keep_working().await;
    }
}

/// Reads the configuration again. A bad one is told, and changes nothing.
async fn reload(desk: &Current, paths: &Paths, session: &Session) {
    let reloaded = match config::load(&paths.config) {
        Ok(settings) => desk.reload(settings, session.actor.name.clone()).await,
        Err(error) => Err(Failure::from(error).told()),
    };
    match reloaded {
        Ok(waits) => {
            let waits = waits.join("; ");
            tracing::info!(takes_a_new_start = waits, "configuration read again");
            say(&match waits.as_str() {
                "" => "reloaded".to_owned(),
                waits => format!("reloaded; this takes a new start: {waits}"),
            });
        }
        Err(refusal) => {
            tracing::error!(code = refusal.code, "{}", refusal.message);
            say(&format!("not reloaded: {}", clean(&refusal.message)));
        }
    }
}

/// On standard error, which the service manager keeps.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "refund-desk: {line}");
}

/// Opens the doors that the configuration names.
pub(super) fn doors(
    session: &Session,
    environ: &Environ,
    settings: &Settings,
) -> Result<Option<Serving>, Failure> {
    let Some(own) = &session.own else {
        return Ok(None);
    };
    let desk = Arc::new(Current::new(Arc::clone(own)));
    doors_of(session, &desk, environ, settings)
}

fn doors_of(
    session: &Session,
    desk: &Arc<Current>,
    environ: &Environ,
    settings: &Settings,
) -> Result<Option<Serving>, Failure> {
    let Some(listener) = &settings.listener else {
        return Ok(None);
    };
    let means = Means {
        settings,
        environ,
        clock: &session.clock,
        answers: Arc::clone(desk) as _,
        desk: Arc::clone(desk) as _,
        actor: session.actor.clone(),
    };
    let opened = serve::start(means, listener);
    Ok(Some(opened.map_err(|error| not_listening(&error))?))
}

/// Opens the socket that desks and commands connect to.
fn operators(
    desk: &Arc<Current>,
    session: &Session,
    path: PathBuf,
    settings: &Settings,
) -> Result<Socket, Failure> {
    let means = socket::Means {
        desk: Arc::clone(desk) as _,
        clock: session.clock.clone(),
        path,
        group: settings.service.group.clone(),
        sandbox: settings.environment == Environment::Sandbox,
        patience: socket::PATIENCE,
    };
    socket::open(means).map_err(|error| no_socket(&error))
}

/// Takes up nothing more, and waits for what is under way: with providers, and with callers.
async fn end(
    desk: &Local,
    doors: Option<Serving>,
    socket: Socket,
    working: JoinHandle<()>,
) -> Result<(), Failure> {
    desk.stop();
    track::tell_under_way(desk.exchanges());
    let callers = async {
        if let Some(doors) = doors {
            doors.stop().await;
        }
    };
    tokio::join!(callers, socket.stop());
    working.await.map_err(|error| broken(Err(error)))
}

/// One line, for whoever waits for it.
fn tell_ready(doors: Option<&Serving>, socket: &Socket, output: &Output) {
    let desks = socket.path().display().to_string();
    let scheme = match doors.is_some_and(Serving::is_tls) {
        true => "https",
        false => "http",
    };
    let address = doors.and_then(Serving::address);
    let address = address.map(|it| format!("{scheme}://{it}"));
    let operations = doors.and_then(Serving::operations);
    let operations = operations.map(|it| format!("http://{it}"));
    tracing::info!(address, operations, desks, "ready");
    let line = match output.json {
        true => {
            json!({ "ready": true, "socket": desks, "listener": address, "operations": operations })
                .to_string()
        }
        false => {
            let calls = match &address {
                Some(address) if scheme == "https" => format!("calls at {address} (mutual TLS)"),
                Some(address) => format!("calls at {address} (plain, on loopback)"),
                None => "no calls ([listener] names no address)".to_owned(),
            };
            let operations = operations.map_or(String::new(), |it| format!(", operations at {it}"));
            format!("ready: desks at {desks}, {calls}{operations}")
        }
    };
    let mut stdout = io::stdout().lock();
    // A service works on when nobody reads what it prints.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn not_listening(error: &ServeError) -> Failure {
    let next = match error {
        ServeError::Address { .. } => {
            "End what uses the address, or name another in [listener] of the config."
        }
        ServeError::Unread { .. } | ServeError::Unfit { .. } => {
            "Mend what it says: [listener] of the config names the files."
        }
    };
    Refusal {
        class: Class::Failed,
        code: "listener".to_owned(),
        message: error.to_string(),
        money: "Nothing was sent; what is queued waits.".to_owned(),
        next: next.to_owned(),
    }
    .into()
}

fn no_socket(error: &SocketError) -> Failure {
    let next = match error {
        SocketError::Taken(_) => {
            "Stop the other service, or name another socket: [service] of the config, or --socket."
        }
        SocketError::InTheWay(_) => "Move it away, or name another socket in [service].",
        SocketError::OpenFolder(_) => {
            "chmod o-w the folder, or name a socket in a folder of its own."
        }
        SocketError::Group { .. } => "Create the group, or name another in [service].",
        SocketError::Failed { .. } => {
            "Name a socket in a folder that the service may write to, in no more than 100 letters."
        }
    };
    Refusal {
        class: Class::Failed,
        code: "socket".to_owned(),
        message: error.to_string(),
        money: "Nothing was sent; what is queued waits.".to_owned(),
        next: next.to_owned(),
    }
    .into()
}

fn broken(ended: Result<(), JoinError>) -> Failure {
    let why = ended.map_or_else(|error| error.to_string(), |()| "it ended".to_owned());
    Failure::Unplanned(color_eyre::eyre::eyre!(
        "the service's sender and poller broke off: {why}"
    ))
}
