//! `doctor`: is everything as it must be? One line each, with the fix.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;

use super::args::Global;
use super::open::{Session, misanswered};
use super::preferences::Preferences;
use super::print::Output;
use super::{Exit, Failure};
use crate::clock::Clock;
use crate::config::{self, Environ, Paths, Settings};
use crate::desk::face::{Overview, Reply, Request, Safeguards};
use crate::desk::probe::{self, Outcome, Probed};
use crate::domain::text::clean;
use crate::identity;

/// A clock that is off by more is worth a word; providers refuse signatures that are minutes old.
const SKEW_WARN_MS: i64 = 30_000;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Good,
    Warning,
    Failure,
    Unreachable,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Unreachable => "unreachable",
        }
    }
}

/// One line.
struct Line {
    status: Status,
    check: &'static str,
    said: String,
    fix: Option<String>,
}

fn line(
    status: Status,
    check: &'static str,
    said: impl Into<String>,
    fix: impl Into<String>,
) -> Line {
    Line {
        status,
        check,
        said: said.into(),
        fix: Some(fix.into()).filter(|fix: &String| !fix.is_empty()),
    }
}

fn good(check: &'static str, said: impl Into<String>) -> Line {
    line(Status::Good, check, said, "")
}

/// Checks everything and says how to mend it. Writes nothing.
pub(super) async fn run(
    global: &Global,
    environ: &Environ,
    output: &Output,
) -> Result<Exit, Failure> {
    let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
    let mut lines = Vec::new();
    let keys = |settings: Settings| match Preferences::of(&settings) {
        Ok(_) => Ok(settings),
        Err(failure) => Err(failure.to_string()),
    };
    let loaded = config::load(&paths.config).map_err(|error| error.to_string());
    let settings = match loaded.and_then(keys) {
        Ok(settings) => Some(settings),
        Err(error) => {
            let fix = "Mend the file, or write a new one with refund-desk init.";
            lines.push(line(Status::Failure, "config", error, fix));
            None
        }
    };
    lines.extend(modes(&paths));
    if let Some(settings) = settings {
        let said = format!(
            "{}, environment {}",
            paths.config.display(),
            settings.environment.name()
        );
        lines.insert(0, good("config", said));
        lines.extend(database(global, environ, &paths, settings.clone()).await);
        lines.extend(providers(global, environ, &settings).await);
    }
    lines.extend(surroundings(environ));
    for line in &lines {
        print(output, line)?;
    }
    Ok(exit(&lines))
}

fn exit(lines: &[Line]) -> Exit {
    let any = |status| lines.iter().any(|line| line.status == status);
    match (any(Status::Failure), any(Status::Unreachable)) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Unavailable,
        (false, false) => Exit::Done,
    }
}

fn print(output: &Output, line: &Line) -> Result<(), Failure> {
    if output.json {
        return output.object(&json!({
            "check": line.check,
            "status": line.status.name(),
            "said": line.said,
            "fix": line.fix,
        }));
    }
    let fix = line
        .fix
        .as_ref()
        .map_or(String::new(), |fix| format!(" -> {fix}"));
    let said = clean(&format!("{}{fix}", line.said));
    output.text(&format!(
        "{:<11} {:<9} {said}",
        line.status.name(),
        line.check
    ))
}

/// Nobody else may look into the data folder or the configuration's secrets.
fn modes(paths: &Paths) -> Vec<Line> {
    let database = paths.database();
    let places = [(paths.data.as_path(), 0o700), (database.as_path(), 0o600)];
    let open: Vec<Line> = places
        .into_iter()
        .filter_map(|(path, mode)| too_open(path, mode))
        .collect();
    match open.is_empty() {
        true => vec![good(
            "modes",
            format!("only you can read {}", paths.data.display()),
        )],
        false => open,
    }
}

fn too_open(path: &Path, mode: u32) -> Option<Line> {
    let found = fs::metadata(path).ok()?.mode() & 0o777;
    (found & !mode != 0).then(|| {
        let path = path.display();
        line(
            Status::Failure,
            "modes",
            format!("{path} is open to others (mode {found:o})"),
            format!("chmod {mode:o} {path}"),
        )
    })
}

async fn database(
    global: &Global,
    environ: &Environ,
    paths: &Paths,
    settings: Settings,
) -> Vec<Line> {
    if !paths.database().exists() {
        return vec![line(
            Status::Warning,
            "database",
            format!("there is none at {} yet", paths.database().display()),
            "Import a settlement file: refund-desk import FILE",
        )];
    }
    let global = Global {
        read_only: true,
        ..global.clone()
    };
    match check_database(&global, environ, paths, settings).await {
        Ok(lines) => lines,
        Err(failure) => {
            let told = failure.told();
            vec![line(Status::Failure, "database", told.message, told.next)]
        }
    }
}

async fn check_database(
    global: &Global,
    environ: &Environ,
    paths: &Paths,
    settings: Settings,
) -> Result<Vec<Line>, Failure> {
    let session = Session::open_with(global, environ, paths, settings)?;
    let Reply::Verified(verified) = session
        .ask(Request::Verify {
            unless_lately: false,
        })
        .await?
    else {
        return Err(misanswered());
    };
    let fix = "Tell whoever looks after this desk: compare with the provider's records, or restore the last backup.";
    let mut lines: Vec<Line> = verified
        .findings
        .iter()
        .map(|finding| line(Status::Failure, "database", finding.detail.clone(), fix))
        .collect();
    if lines.is_empty() {
        lines.push(good(
            "database",
            format!(
                "{} payments, {} refunds and {} audit entries add up",
                verified.payments, verified.refunds, verified.audit_entries
            ),
        ));
    }
    let Reply::Overview(overview) = session.ask(Request::Overview).await? else {
        return Err(misanswered());
    };
    lines.extend(stops(&overview).into_iter().chain([data(&overview)]));
    let Reply::Safeguards(safeguards) = session.ask(Request::Safeguards).await? else {
        return Err(misanswered());
    };
    lines.extend(guarded(&safeguards));
    lines.extend(alerts(&session).await?);
    Ok(lines)
}

/// Refunds that came back, until somebody has seen it.
async fn alerts(session: &Session) -> Result<Vec<Line>, Failure> {
    let Reply::Discrepancies(open) = session
        .ask(Request::Discrepancies { closed: false })
        .await?
    else {
        return Err(misanswered());
    };
    let told = open.iter().filter(|it| it.kind.is_alert()).map(|it| {
        let refund = it.refund.map_or_else(String::new, |id| id.short());
        line(
            Status::Warning,
            "refunds",
            format!("refund {refund} {}", it.said()),
            format!(
                "Find out why, then acknowledge it: refund-desk discrepancies resolve {}",
                it.id
            ),
        )
    });
    let told: Vec<Line> = told.collect();
    Ok(match told.is_empty() {
        true => vec![good("refunds", "none came back unseen")],
        false => told,
    })
}

/// When each account's payments were last brought up to date.
fn data(overview: &Overview) -> Line {
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or("never".to_owned(), |at| {
            at.format("%Y-%m-%d %H:%M UTC").to_string()
        })
    };
    let told = overview.accounts.iter().map(|account| {
        let fresh = &account.freshness;
        let imported = format!("{} imported {}", fresh.account, time(fresh.imported_at));
        match fresh.synced_at {
            Some(_) => format!("{imported}, synced {}", time(fresh.synced_at)),
            None => imported,
        }
    });
    good("data", told.collect::<Vec<_>>().join("; "))
}

fn stops(overview: &Overview) -> Vec<Line> {
    let told = overview.stops.iter().map(|stop| {
        line(
            Status::Warning,
            "sending",
            stop.sentence(),
            "Two people resume it: refund-desk resume-sending",
        )
    });
    let told: Vec<Line> = told.collect();
    match told.is_empty() {
        true => vec![good("sending", "not stopped")],
        false => told,
    }
}

/// Accounts that a restore closed, and the backups.
fn guarded(safeguards: &Safeguards) -> Vec<Line> {
    let closed = safeguards.closed.iter().map(|closed| {
        let place = match closed.account.as_str() {
            "*" => "every account",
            account => account,
        };
        let said = format!("{place} is closed for sending: {}", closed.said);
        line(Status::Warning, "sending", said, &closed.next)
    });
    closed.chain([backups(safeguards)]).collect()
}

fn backups(safeguards: &Safeguards) -> Line {
    let last = safeguards.last_backup_at.map_or("never".to_owned(), |at| {
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    });
    let fix = "Take one now: refund-desk backup FILE";
    match (&safeguards.backup_failure, safeguards.backup_every_seconds) {
        (Some(failure), _) => line(Status::Warning, "backup", failure.clone(), fix),
        (None, _) if safeguards.last_backup_at.is_none() => line(
            Status::Warning,
            "backup",
            "none was taken yet",
            "Take one: refund-desk backup FILE, or let the open desk do it: [backup] in the config",
        ),
        (None, None) => good("backup", format!("last taken {last}; none by the clock")),
        (None, Some(every)) => {
            let minutes = every / 60;
            good(
                "backup",
                format!("last taken {last}; every {minutes} min while a desk is open"),
            )
        }
    }
}

async fn providers(global: &Global, environ: &Environ, settings: &Settings) -> Vec<Line> {
    let clock = Clock::system();
    let probed = probe::probe(settings, environ, &clock, global.offline).await;
    let skew = probed.iter().filter_map(|probed| match probed.outcome {
        Outcome::Answered { skew_ms, .. } | Outcome::TurnedAway { skew_ms, .. } => skew_ms,
        _ => None,
    });
    let skew = skew.max_by_key(|skew| skew.abs());
    let mut lines: Vec<Line> = probed.iter().flat_map(provider).collect();
    lines.extend(skew.map(told_skew));
    lines
}

fn provider(probed: &Probed) -> Vec<Line> {
    let Probed {
        account, provider, ..
    } = probed;
    let named = |said: &str| format!("{account} ({provider}): {said}");
    let secrets = || good("secrets", named("readable"));
    match &probed.outcome {
        Outcome::Unusable(refusal) => vec![line(
            Status::Failure,
            "secrets",
            refusal.message.clone(),
            refusal.next.clone(),
        )],
        Outcome::NotAsked => vec![secrets(), good("provider", named("not asked: offline"))],
        Outcome::Answered { latency_ms, .. } => vec![
            secrets(),
            good("provider", named(&format!("answers, in {latency_ms} ms"))),
        ],
        Outcome::TurnedAway { said, skew_ms } => {
            let off = skew_ms.is_some_and(|skew| skew.abs() > SKEW_WARN_MS);
            let fix = match off {
                true => {
                    "Set this machine's clock first: it is off, and that alone makes a good key look wrong."
                }
                false => "Compare api_key, api_secret and merchant_id with the provider's portal.",
            };
            let said = named(&format!("turns our key away: {said}"));
            vec![secrets(), line(Status::Failure, "provider", said, fix)]
        }
        Outcome::Failed(said) => vec![
            secrets(),
            line(
                Status::Unreachable,
                "provider",
                named(said),
                "Check the network and base_url; what is queued goes out once it answers.",
            ),
        ],
    }
}

fn told_skew(skew_ms: i64) -> Line {
    let seconds = skew_ms / 1_000;
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let said = format!("{} s {side} the provider's", seconds.abs());
    match skew_ms.abs() > SKEW_WARN_MS {
        true => line(
            Status::Warning,
            "clock",
            said,
            "Set the clock, or start time synchronisation: providers refuse signatures that are minutes off.",
        ),
        false => good("clock", said),
    }
}

fn surroundings(environ: &Environ) -> Vec<Line> {
    let mut lines = Vec::new();
    let term = environ.text("TERM").unwrap_or_default();
    if term.is_empty() || term == "dumb" {
        lines.push(line(
            Status::Warning,
            "terminal",
            "TERM says that this is no terminal for screens",
            "Set TERM, for instance to xterm-256color; commands work without.",
        ));
    }
    if identity::is_root() {
        lines.push(line(
            Status::Warning,
            "user",
            "you are root",
            "Work as a user of your own: files of root can be used by nobody else.",
        ));
    }
    lines
}
