//! Restoring a backup: the one thing that is done while no desk is open.

use std::path::PathBuf;
use std::time::Duration;

use super::face::{Actor, Refusal, Restoration};
use crate::clock::Clock;
use crate::config::Settings;
use crate::ledger::{self, Cadence, RestoreOptions};

/// What is restored, and where.
pub struct Restore {
    /// The backup, or the database itself.
    pub file: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// Nothing may be written.
    pub read_only: bool,
}

/// Puts a backup in the place of the database. What was sent since is taken over from the send
/// journal and held; every account is closed for sending until its provider was asked. Blocks.
///
/// # Errors
/// A desk is open; the file is no backup of this environment, newer, or damaged. Nothing was
/// changed then.
pub fn restore(
    settings: &Settings,
    clock: &Clock,
    actor: &Actor,
    restore: Restore,
) -> Result<Restoration, Refusal> {
    if restore.read_only {
        return Err(Refusal::read_only());
    }
    let done = ledger::restore(&RestoreOptions {
        file: restore.file.clone(),
        database: restore.database,
        environment: settings.environment.name().to_owned(),
        actor: actor.name.clone(),
        cadence: Cadence {
            pace: settings.pace,
            spread: 0,
            watch: Duration::ZERO,
            retry_after: None,
        },
        now: clock.now(),
    })?;
    let rewound = done.rewound;
    Ok(Restoration {
        file: restore.file,
        taken_at: done.taken_at,
        kept: done.kept,
        from_journal: rewound.from_journal,
        unknown: rewound.unknown,
        waiting: rewound.waiting,
        unplaced: rewound.unplaced,
        damaged_lines: rewound.damaged_lines,
        journal_complete: rewound.journal_complete,
        closed: rewound.closed,
    })
}
