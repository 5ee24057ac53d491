//! `demo`, and the desk itself.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use tokio::task::JoinHandle;

use super::args::{self, Global};
use super::open::{Session, misanswered};
use super::preferences::Preferences;
use super::refunds::waits_for_release;
use super::signal::Stops;
use super::{Exit, Failure, sandbox, serve, track};
use crate::config::{self, Environ, Paths, Provider};
use crate::desk::face::{Class, Import, ImportFile, Refusal, Reply, Request};
use crate::desk::local::Local;
use crate::domain::listing::RefundFilter;
use crate::domain::state::State;
use crate::sandbox::{Options, Running};
use crate::serve::Serving;
use crate::tui::caps::{Caps, Depth};
use crate::tui::{self, Front, TuiError};

/// Marks a folder that the demo made and may remove.
const STAMP: &str = "sandbox.stamp";
/// Held while a demo is open.
const LOCK: &str = "demo.lock";

/// Opens the desk on what is configured.
pub(super) async fn desk(global: &Global, environ: Environ) -> Result<Exit, Failure> {
    check_terminal(global, &environ)?;
    // A key list that cannot be is told before anything is opened.
    let preferences = Preferences::find(global, &environ)?;
    let mut front = raise(global, &environ, preferences, false)?;
    let Some(opened) = front.until(Session::open(global, &environ)).await else {
        return Ok(Exit::Done);
    };
    show(front, opened?, None).await
}

/// Starts the simulators in this process, fills a cache and opens the desk on it.
pub(super) async fn run(
    global: &Global,
    environ: &Environ,
    arguments: &args::Demo,
) -> Result<Exit, Failure> {
    check_terminal(global, environ)?;
    let preferences = Preferences::find(global, environ)?;
    let folder = match &global.data_dir {
        Some(folder) => folder.clone(),
        None => Paths::find(environ, None, None).data.join("demo"),
    };
    check_stamp(&folder)?;
    sandbox::create(&folder)?;
    let _lock = lock(&folder)?;
    if arguments.fresh {
        empty(&folder)?;
    }
    fs::write(
        folder.join(STAMP),
        "This folder was made by refund-desk demo; --fresh empties it.\n",
    )?;
    let mut front = raise(global, environ, preferences, true)?;
    let Some(opened) = front.until(open(global, environ, &folder)).await else {
        return Ok(Exit::Done);
    };
    let (providers, session, doors) = opened?;
    let exit = show(front, session, doors).await;
    providers.stop();
    exit
}

/// Starts the simulators and opens the desk on what they know.
async fn open(
    global: &Global,
    environ: &Environ,
    folder: &Path,
) -> Result<(Running, Session, Option<Serving>), Failure> {
    let settlement = folder.join("settlement.csv");
    let paths = Paths {
        config: folder.join("config.toml"),
        data: folder.to_owned(),
    };
    let options = Options {
        // The same port as before: a refund that was not sent yet names it.
        port: port_before(&paths.config),
        payments: Vec::new(),
        seeded_payments: sandbox::SEEDED,
        settlement_to: Some(settlement.clone()),
        config_to: Some(paths.config.clone()),
        book: folder.join("book.jsonl"),
        state: folder.join("providers"),
        desk_is_apart: false,
    };
    sandbox::create(&options.state)?;
    let providers = sandbox::start(&options)?;
    let settings = config::load(&paths.config)?;
    let session = Session::open_with(global, environ, &paths, settings.clone())?;
    fill(&session, &settlement).await?;
    let doors = serve::doors(&session, environ, &settings)?;
    Ok((providers, session, doors))
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
    if known > 0 {
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

/// Has the desk on the terminal before anything is opened behind it.
fn raise(
    global: &Global,
    environ: &Environ,
    preferences: Preferences,
    is_demo: bool,
) -> Result<Front, Failure> {
    let mut caps = Caps::from_env(|name| environ.text(name));
    if global.no_color {
        caps.depth = Depth::None;
    }
    caps.unicode &= !preferences.screen.ascii;
    let options = tui::Options {
        caps,
        looks: preferences.screen.theme,
        keymap: preferences.keymap,
        mouse: preferences.screen.mouse,
        plain: global.plain,
        typed_total_from: preferences.screen.type_total_from.into(),
        drill: is_demo && !global.read_only,
    };
    Front::raise(options).map_err(unplanned)
}

fn unplanned(error: TuiError) -> Failure {
    Failure::Unplanned(error.into())
}

async fn show(front: Front, session: Session, doors: Option<Serving>) -> Result<Exit, Failure> {
    let own = session.own.as_ref().filter(|_| !session.mode.read_only);
    let working = own.map(|own| tokio::spawn(std::sync::Arc::clone(own).keep_working()));
    let (desk, actor, clock) = (
        session.desk.clone(),
        session.actor.clone(),
        session.clock.clone(),
    );
    let shown = front.run(desk, actor, clock).await;
    // The terminal is the shell's again: what is with a provider is finished in plain sight.
    if let (Some(own), Some(working)) = (&session.own, working) {
        finish(own, doors, working).await?;
    }
    shown.map_err(unplanned)?;
    // A service sends on, whoever leaves.
    if session.own.is_some() {
        tell_unsent(&session).await?;
    }
    session.finish_backup().await;
    Ok(Exit::Done)
}

/// Takes up no more work and waits for what is under way; a signal leaves at once.
async fn finish(
    desk: &Local,
    doors: Option<Serving>,
    working: JoinHandle<()>,
) -> Result<(), Failure> {
    let mut stops = Stops::listen()?;
    desk.stop();
    track::tell_under_way(desk.exchanges());
    let ended = async {
        if let Some(doors) = doors {
            doors.stop().await;
        }
        let _ = working.await;
    };
    tokio::select! {
        () = ended => {}
        () = stops.next() => {}
    }
    Ok(())
}

/// Leaving cancels nothing, and nothing is sent while no desk is open: that is said.
async fn tell_unsent(session: &Session) -> Result<(), Failure> {
    let filter = RefundFilter {
        states: vec![State::Approved],
        payment: None,
    };
    let Reply::Refunds(rows) = session.ask(Request::Refunds(filter)).await? else {
        return Err(misanswered());
    };
    let refunds = rows.iter().map(|row| &row.refund);
    let (waiting, queued): (Vec<_>, Vec<_>) = refunds.partition(|it| waits_for_release(it));
    let mut stdout = io::stdout().lock();
    // The terminal may be gone by now; the refunds are not.
    if !queued.is_empty() {
        let _ = writeln!(
            stdout,
            "{} not sent yet: held, and sent when a desk is open or refund-desk track runs",
            counted(queued.len())
        );
    }
    if !waiting.is_empty() {
        let _ = writeln!(
            stdout,
            "{} composed offline and not sent: held until refund-desk release",
            counted(waiting.len())
        );
    }
    Ok(())
}

fn counted(refunds: usize) -> String {
    match refunds {
        1 => "1 refund".to_owned(),
        more => format!("{more} refunds"),
    }
}

/// The desk needs a terminal that can move its cursor.
fn check_terminal(global: &Global, environ: &Environ) -> Result<(), Failure> {
    let usable = io::stdin().is_terminal() && io::stdout().is_terminal();
    // Lines can be read and written anywhere.
    if global.plain || usable && environ.text("TERM") != Some("dumb") {
        return Ok(());
    }
    Err(Refusal {
        class: Class::Usage,
        code: "no_terminal".to_owned(),
        message: "the desk needs a terminal".to_owned(),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Use --plain, or the commands: refund-desk --help".to_owned(),
    }
    .into())
}

/// The port of the last demo in this folder, if it is still free; 0 otherwise.
fn port_before(config: &Path) -> u16 {
    let settings = config::load(config).ok();
    let accounts = settings
        .map(|settings| settings.accounts)
        .unwrap_or_default();
    let port = accounts.iter().find_map(|account| match &account.provider {
        Provider::CommerceHub(hub) => hub.base_url.port(),
        Provider::Nuapay(nuapay) => nuapay.base_url.port(),
        Provider::MastercardCreditor(creditor) => creditor.base_url.port(),
        Provider::MastercardDebtor(debtor) => debtor.base_url.port(),
        Provider::Prism(_) => None,
    });
    port.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap_or(0)
}

/// Only a folder that the demo made, or an empty one, is used.
fn check_stamp(folder: &Path) -> Result<(), Failure> {
    let untouched = !folder.exists() || fs::read_dir(folder)?.next().is_none();
    if untouched || folder.join(STAMP).exists() {
        Ok(())
    } else {
        Err(not_a_demo(folder))
    }
}

/// One demo at a time: a second would take the database away from under the first.
fn lock(folder: &Path) -> Result<fs::File, Failure> {
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))?;
    file.try_lock().map_err(|_| Refusal {
        class: Class::Rule,
        code: "demo_open".to_owned(),
        message: format!("a demo is open in {}", folder.display()),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Leave it first, or use another folder: --data-dir DIR".to_owned(),
    })?;
    Ok(file)
}

/// Removes what an earlier demo left, and nothing else.
fn empty(folder: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
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
