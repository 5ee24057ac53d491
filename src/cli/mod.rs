//! The command line: one file per command or group. Parse, ask the desk, print.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::config::{ConfigError, Environ};
use crate::desk::face::RetryOrder;
use crate::desk::face::{Class, Refusal};
use crate::failpoint;

mod args;
mod audit;
mod awaited;
mod backup;
mod config;
mod decide;
mod demo;
mod discrepancies;
mod disputes;
mod doctor;
mod drafts;
mod evidence;
mod import;
mod inbox;
mod json;
mod log;
mod manual;
mod open;
mod payments;
mod personal;
mod phone;
mod plan;
mod preferences;
mod print;
mod radar;
mod refund;
mod refunds;
mod retry;
mod roster;
mod sandbox;
mod sending;
mod serve;
mod shift;
mod signal;
mod sync;
mod track;
mod transfers;

use args::{Cli, Command};
use open::Session;
use preferences::Preferences;
use print::Output;

/// How a command ends: the exit codes of `design/product.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Refused = 3,
    Unknown = 4,
    Waits = 5,
    Unavailable = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The desk refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The output cannot be written.
    #[error("cannot print the result: {0}")]
    Unprinted(std::io::Error),
    /// Something nobody planned for.
    #[error("{0:#}")]
    Unplanned(color_eyre::Report),
}

impl Failure {
    /// Whoever read our output went away.
    fn is_reader_gone(&self) -> bool {
        matches!(self, Self::Unprinted(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<color_eyre::Report> for Failure {
    fn from(report: color_eyre::Report) -> Self {
        Self::Unplanned(report)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Unplanned(error.into())
    }
}

/// Runs the program with its arguments and a snapshot of its environment.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let arguments = decide::outcome_of_as(arguments.into_iter().collect());
    let environ = Environ::new(variables);
    failpoint::arm(environ.text(failpoint::VARIABLE));
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if wants_json && error.use_stderr() => return misused(&error).into(),
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let output = Output::new(&cli.global, &environ);
    let result = install_reports(&output).and_then(|()| run(cli, environ, &output));
    match result {
        Ok(exit) => exit.into(),
        // Whoever read a list has seen enough: nothing is wrong.
        Err(failure) if failure.is_reader_gone() => Exit::Done.into(),
        Err(failure) => output.failure(&failure).into(),
    }
}

/// Wrong usage, told as JSON.
fn misused(error: &clap::Error) -> Exit {
    let text = error.to_string();
    let message = text.trim().trim_start_matches("error: ");
    let output = Output {
        json: true,
        color: false,
    };
    output.failure(&Failure::Refused(Refusal {
        class: Class::Usage,
        code: "usage".to_owned(),
        message: message.to_owned(),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "See refund-desk help.".to_owned(),
    }))
}

fn install_reports(output: &Output) -> Result<(), Failure> {
    let theme = if output.color {
        color_eyre::config::Theme::dark()
    } else {
        color_eyre::config::Theme::new()
    };
    color_eyre::config::HookBuilder::default()
        .theme(theme)
        .display_env_section(false)
        .panic_section(
            "The database keeps what was acknowledged. Open the desk again and look at Refunds.",
        )
        .install()?;
    Ok(())
}

fn run(cli: Cli, environ: Environ, output: &Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(dispatch(cli, environ, output));
    // A command that gives a secret may still run: whoever leaves does not wait for it.
    runtime.shutdown_background();
    exit
}

async fn dispatch(cli: Cli, environ: Environ, output: &Output) -> Result<Exit, Failure> {
    let global = &cli.global;
    let Some(command) = cli.command else {
        return demo::desk(global, environ).await;
    };
    if global.read_only && command.always_writes() {
        return Err(writes().into());
    }
    let session = || Session::open(global, &environ);
    match command {
        Command::Demo(demo) => demo::run(global, &environ, &demo).await,
        Command::Sandbox(sandbox) => sandbox::run(global, &environ, &sandbox).await,
        Command::Init => config::init(global, &environ, output),
        Command::Doctor => doctor::run(global, &environ, output).await,
        Command::Config(args::Config::Check) => config::check(global, &environ, output),
        Command::Import(import) => import::run(&session().await?, output, &import).await,
        Command::Sync { accounts } => sync::run(&session().await?, output, accounts).await,
        Command::Payments(payments) => payments::list(&session().await?, output, &payments).await,
        Command::Payment {
            payment,
            as_of,
            verify,
        } => payments::show(&session().await?, output, payment, as_of, verify).await,
        Command::Refund(refund) => refund::run(&session().await?, output, &refund).await,
        Command::Refunds(refunds) => refunds::list(&session().await?, output, &refunds).await,
        Command::Status { refund } => refunds::status(&session().await?, output, refund).await,
        Command::Approve(approve) => decide::approve(&session().await?, output, &approve).await,
        Command::Decline { refund, note } => {
            decide::decline(&session().await?, output, refund, note).await
        }
        Command::Resolve(resolve) => decide::resolve(&session().await?, output, &resolve).await,
        Command::Cancel { refund, note, stop } => {
            refunds::cancel(&session().await?, output, refund, note, stop).await
        }
        Command::Capture { refund, note } => {
            refunds::capture(&session().await?, output, refund, note).await
        }
        Command::Plan(arguments) => plan::plan(&session().await?, output, &arguments).await,
        Command::Apply(arguments) => plan::apply(&session().await?, output, &arguments).await,
        Command::Drafts(arguments) => drafts::run(&session().await?, output, arguments).await,
        Command::Release { refunds } => refunds::release(&session().await?, output, refunds).await,
        Command::Retry { account, dry_run } => {
            retry::run(&session().await?, output, RetryOrder { account, dry_run }).await
        }
        Command::Serve => serve::run(global, &environ, output).await,
        Command::Track(track) => track::run(&session().await?, output, &track).await,
        Command::StopSending(arguments) => {
            sending::stop(&session().await?, output, arguments).await
        }
        Command::ResumeSending(arguments) => {
            sending::resume(&session().await?, output, arguments).await
        }
        Command::Audit(args::Audit::Show(arguments)) => {
            audit::show(&session().await?, output, arguments).await
        }
        Command::Audit(args::Audit::Verify { head, against }) => {
            audit::verify(&session().await?, output, head, against.as_deref()).await
        }
        Command::Evidence(arguments) => evidence::run(&session().await?, output, arguments).await,
        Command::AccessReview { date } => {
            evidence::access_review(&session().await?, output, date).await
        }
        Command::Phone { subject } => phone::run(&session().await?, output, subject).await,
        Command::Trace(arguments) => phone::trace(&session().await?, output, arguments).await,
        Command::Radar => radar::run(&session().await?, output).await,
        Command::Reveal { subject } => personal::reveal(&session().await?, output, subject).await,
        Command::Erase(arguments) => personal::erase(&session().await?, output, arguments).await,
        Command::Backup { file } => backup::take(&session().await?, output, file).await,
        Command::Restore { file } => backup::restore(global, &environ, output, file),
        Command::Discrepancies(arguments) => {
            discrepancies::run(&session().await?, output, arguments).await
        }
        Command::Inbox(arguments) => inbox::run(&session().await?, output, arguments).await,
        Command::Answer(arguments) => inbox::answer(&session().await?, output, arguments).await,
        Command::Accounts(args::Accounts::Import { files, dry_run }) => {
            inbox::import(&session().await?, output, &files, dry_run).await
        }
        Command::Transfers(arguments) => transfers::run(&session().await?, output, arguments).await,
        Command::Returned(arguments) => {
            transfers::returned(&session().await?, output, arguments).await
        }
        Command::Reconcile { files } => {
            transfers::reconcile(&session().await?, output, &files).await
        }
        Command::External(deed) => discrepancies::external(&session().await?, output, deed).await,
        Command::Dispute(news) => disputes::run(&session().await?, output, news).await,
        Command::Delegate(arguments) => {
            roster::delegate(&session().await?, output, arguments).await
        }
        Command::Away(arguments) => roster::away(&session().await?, output, &arguments).await,
        Command::Shift(deed) => shift::run(&session().await?, output, deed).await,
        Command::Keys(list) => {
            manual::keys(&Preferences::find(global, &environ)?.keymap, output, &list)
        }
        Command::Completions(wanted) => manual::completions(wanted.shell, output),
        Command::Man(manual) => {
            let keymap = Preferences::find(global, &environ)?.keymap;
            manual::man(&keymap, output, manual.to.as_deref())
        }
    }
}

/// These commands write: there is nothing they can do without.
fn writes() -> Refusal {
    Refusal {
        class: Class::Usage,
        code: "read_only".to_owned(),
        message: "this command writes files, which --read-only forbids".to_owned(),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Leave --read-only out.".to_owned(),
    }
}
