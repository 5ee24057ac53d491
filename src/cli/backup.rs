//! `backup` and `restore`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::Global;
use super::open::{self, Session, misanswered};
use super::print::Output;
use super::{Exit, Failure};
use crate::clock::Clock;
use crate::config::{self, Environ, Paths};
use crate::desk::face::{Backup, Reply, Request, Restoration};
use crate::desk::restore::{Restore, restore as restore_database};

/// Writes a checked copy of the database to a new file.
pub(super) async fn take(
    session: &Session,
    output: &Output,
    file: PathBuf,
) -> Result<Exit, Failure> {
    let Reply::BackedUp(backup) = session.ask(Request::Backup { file }).await? else {
        return Err(misanswered());
    };
    if output.json {
        output.object(&json!(backup))?;
    } else {
        output.text(&backup_text(&backup))?;
    }
    Ok(Exit::Done)
}

fn backup_text(backup: &Backup) -> String {
    let head = match &backup.audit_hash {
        Some(hash) => format!("{} {hash}", backup.audit_seq),
        None => "none".to_owned(),
    };
    format!(
        "backup       {}\nenvironment  {}\nsize         {} bytes, checked\naudit head   {head}\npayments     {}\nrefunds      {}",
        backup.file.display(),
        backup.environment,
        backup.bytes,
        backup.payments,
        backup.refunds,
    )
}

/// Puts a backup in the place of the database.
pub(super) fn restore(
    global: &Global,
    environ: &Environ,
    output: &Output,
    file: PathBuf,
) -> Result<Exit, Failure> {
    let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
    let settings = config::load(&paths.config)?;
    let actor = open::actor(global, settings.environment)?;
    let asked = Restore {
        file,
        database: paths.database(),
        read_only: global.read_only,
    };
    let done = restore_database(&settings, &Clock::system(), &actor, asked)?;
    if output.json {
        output.object(&json!(done))?;
    } else {
        output.text(&restore_text(&done))?;
    }
    Ok(if done.journal_complete && done.unplaced == 0 {
        Exit::Done
    } else {
        Exit::Waits
    })
}

fn restore_text(done: &Restoration) -> String {
    let path = |path: &Path| path.display().to_string();
    let taken = done.taken_at.map_or(String::new(), |at| {
        format!(", taken {}", at.format("%Y-%m-%d %H:%M:%S UTC"))
    });
    let mut lines = vec![format!("restored  {}{taken}", done.file.display())];
    if let Some(kept) = done.kept.as_deref().map(path) {
        lines.push(format!("kept      {kept}, the database before"));
    }
    lines.push(format!(
        "money     {} may have been paid and are held, {} of them sent since the backup; {} not sent wait for a person",
        refunds(done.unknown),
        done.from_journal,
        done.waiting,
    ));
    if done.unplaced > 0 {
        lines.push(format!(
            "missing   {} sent since the backup, on payments the database lacks: import them, the accounts stay closed until then",
            refunds(done.unplaced)
        ));
    }
    if !done.journal_complete {
        lines.push(format!(
            "journal   it does not tell everything sent since the backup{}: nothing is sent until two people have compared with the providers",
            match done.damaged_lines.as_slice() {
                [] => String::new(),
                damaged => format!(" (damaged lines: {damaged:?})"),
            }
        ));
    }
    let next = match done.journal_complete {
        true => "it asks the providers about what may have been paid, then opens each account",
        false => {
            "it asks the providers about what may have been paid; then two people, refund-desk resume-sending --note WHAT-YOU-COMPARED"
        }
    };
    lines.push(format!("next      run refund-desk track: {next}"));
    lines.join("\n")
}

fn refunds(count: u32) -> String {
    format!("{count} refund{}", if count == 1 { "" } else { "s" })
}
