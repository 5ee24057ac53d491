//! Backups, by hand and by the clock, and what else guards against the loss of the database.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::face::{Actor, Backup, Closed, Refusal, Safeguards};
use super::local::Local;
use super::refusal::{self, opens_again};
use crate::config::Backups;
use crate::failpoint;
use crate::ledger::{BackedUp, ClosedAccount, Ledger};

/// How backups by the clock are named, with the environment before and `.db` after.
const NAME: &str = "%Y%m%dT%H%M%SZ";
/// After a failure the next is tried not before this.
const TRY_AGAIN: TimeDelta = TimeDelta::minutes(5);

/// What this desk knows of its backups by the clock.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// Held while one is taken.
    going_on: Arc<tokio::sync::Mutex<()>>,
    state: Arc<Mutex<RoundState>>,
}

#[derive(Debug, Default)]
struct RoundState {
    next: Option<DateTime<Utc>>,
    failure: Option<String>,
}

impl Local {
    /// Takes a backup into a new file.
    pub(super) async fn backup(&self, actor: &Actor, file: PathBuf) -> Result<Backup, Refusal> {
        self.writable()?;
        let now = self.clock.now();
        let file = self.backup_file(file)?;
        let taken = self.ledger.backup(file, actor.name.clone(), now).await?;
        failpoint::reach("backup.committed");
        Ok(told(taken))
    }

    /// Where a backup goes: where its user says; beneath a service, whose folders others do not
    /// know, into its own.
    fn backup_file(&self, file: PathBuf) -> Result<PathBuf, Refusal> {
        if !self.mode.shared {
            return Ok(file);
        }
        let mut parts = file.components();
        let (Some(Component::Normal(name)), None) = (parts.next(), parts.next()) else {
            return Err(refusal::rule(
                "not_the_services",
                "the service writes backups into its own folder only",
                "Give a name without a folder: refund-desk backup monday.db",
            ));
        };
        let backups = self.settings.backups.as_ref();
        let folder = backups.map_or_else(|| self.data.join("backups"), |it| it.folder(&self.data));
        create(&folder).map_err(|error| {
            refusal::failed(
                "backup_file",
                format!("cannot use {}: {error}", folder.display()),
                "Whoever runs the service makes it writable for the service's user.",
            )
        })?;
        Ok(folder.join(name))
    }

    /// What guards the desk, for `doctor` and whoever waits for an account.
    pub(super) async fn safeguards(&self) -> Result<Safeguards, Refusal> {
        let backups = self.settings.backups.as_ref();
        let closed = self.ledger.closed_accounts().await?;
        Ok(Safeguards {
            last_backup_at: self.ledger.last_backup().await?,
            backup_every_seconds: backups.map(|it| it.every.as_secs()),
            backups_to: backups.map(|it| it.folder(&self.data)),
            backup_failure: self.backups.state().failure.clone(),
            closed: closed.into_iter().map(closed_account).collect(),
        })
    }

    /// Takes a backup beside the work when the last one is old enough.
    pub(super) fn back_up_when_due(&self) {
        let Some(backups) = &self.settings.backups else {
            return;
        };
        let now = self.clock.now();
        if self.backups.state().next.is_some_and(|next| now < next) {
            return;
        }
        let Ok(turn) = Arc::clone(&self.backups.going_on).try_lock_owned() else {
            return;
        };
        let round = Round {
            ledger: self.ledger.clone(),
            folder: backups.folder(&self.data),
            environment: self.settings.environment.name(),
            backups: backups.clone(),
            now,
        };
        let state = Arc::clone(&self.backups.state);
        tokio::spawn(async move {
            let done = round.run().await;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            match done {
                Ok(next) => (state.next, state.failure) = (Some(next), None),
                Err(why) => {
                    tracing::error!(why, "no backup was taken");
                    (state.next, state.failure) = (Some(now + TRY_AGAIN), Some(why));
                }
            }
            drop(turn);
        });
    }

    /// Waits for a backup that is being taken, so that a short-lived process finishes its own.
    pub async fn finish_backup(&self) {
        drop(self.backups.going_on.lock().await);
    }
}

impl Rounds {
    fn state(&self) -> MutexGuard<'_, RoundState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look at the folder of backups.
struct Round {
    ledger: Ledger,
    folder: PathBuf,
    environment: &'static str,
    backups: Backups,
    now: DateTime<Utc>,
}

impl Round {
    /// Takes a backup if the newest is old enough, removes those beyond what is kept, and says
    /// when to look again.
    async fn run(self) -> Result<DateTime<Utc>, String> {
        let every = TimeDelta::from_std(self.backups.every).unwrap_or(TimeDelta::MAX);
        let folder = &self.folder;
        create(folder).map_err(|error| format!("cannot use {}: {error}", folder.display()))?;
        // One process at a time; the folder itself is the lock.
        let lock = File::open(folder).map_err(|error| error.to_string())?;
        if lock.try_lock().is_err() {
            return Ok(self.now + TRY_AGAIN);
        }
        self.sweep()?;
        let newest = self.known()?.into_iter().map(|(at, _)| at).max();
        if let Some(due) = newest.and_then(|at| at.checked_add_signed(every))
            && self.now < due
        {
            return Ok(due);
        }
        let name = format!(
            "refund-desk-{}-{}.db",
            self.environment,
            self.now.format(NAME)
        );
        self.ledger
            .backup(folder.join(name), "desk".to_owned(), self.now)
            .await
            .map_err(|error| error.to_string())?;
        self.prune()?;
        Ok(self
            .now
            .checked_add_signed(every)
            .unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// The backups we made by the clock, told by their name alone.
    fn known(&self) -> Result<Vec<(DateTime<Utc>, PathBuf)>, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.folder.display());
        let mut known = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if let Some(at) = taken_at(&path, self.environment)
                && path.is_file()
            {
                known.push((at, path));
            }
        }
        known.sort();
        Ok(known)
    }

    /// Removes what a backup by the clock left that was killed in the writing.
    fn sweep(&self) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.folder.display());
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let named = if path.extension().is_some_and(|end| end == "unfinished") {
                path.with_extension("")
            } else if fs::metadata(&path).is_ok_and(|file| file.len() == 0) {
                path.clone()
            } else {
                continue;
            };
            if taken_at(&named, self.environment).is_some() {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn prune(&self) -> Result<(), String> {
        let known = self.known()?;
        let keep = usize::try_from(self.backups.keep).unwrap_or(usize::MAX);
        for (_, path) in known.iter().take(known.len().saturating_sub(keep)) {
            fs::remove_file(path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}

fn taken_at(path: &Path, environment: &str) -> Option<DateTime<Utc>> {
    let name = path.file_name()?.to_str()?;
    let at = name
        .strip_prefix("refund-desk-")?
        .strip_prefix(environment)?
        .strip_prefix('-')?
        .strip_suffix(".db")?;
    let at = NaiveDateTime::parse_from_str(at, NAME).ok()?;
    // Only as we write it: a name that merely reads as a time is somebody else's.
    (format!("refund-desk-{environment}-{}.db", at.format(NAME)) == name).then(|| at.and_utc())
}

fn create(folder: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

fn told(taken: BackedUp) -> Backup {
    let (audit_seq, audit_hash) = taken
        .audit_head
        .map_or((0, None), |(seq, hash)| (seq, Some(hash)));
    Backup {
        file: taken.file,
        bytes: taken.bytes,
        environment: taken.environment,
        audit_seq,
        audit_hash,
        payments: taken.payments,
        refunds: taken.refunds,
        at: taken.at,
    }
}

/// A closed account, as people are told of it.
pub(super) fn closed_account(closed: ClosedAccount) -> Closed {
    Closed {
        account: closed.account,
        why: closed.why.map_or("other", |why| why.name()).to_owned(),
        said: closed
            .why
            .map_or("see the audit", |why| why.sentence())
            .to_owned(),
        next: opens_again(closed.why),
        since: closed.since,
        unread: closed.unread,
        unplaced: closed.unplaced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "x").unwrap();
            taken_at(&path, "test").map(|at| at.to_rfc3339())
        };
        let ours = at("refund-desk-test-20261121T101500Z.db");
        assert_eq!(ours.as_deref(), Some("2026-11-21T10:15:00+00:00"));
        for other in [
            "refund-desk-live-20261121T101500Z.db",
            "refund-desk-test-20261121T101500Z.db.unfinished",
            "refund-desk-test-before-the-upgrade.db",
            "refund-desk-test-2026112T101500Z.db",
            "20261121T101500Z.db",
        ] {
            assert_eq!(at(other), None, "{other}");
        }
    }
}
