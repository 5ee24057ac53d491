//! The end of the audit, told outside: to the system's log and to a file that only grows, once a
//! business day and when the service stops. Whoever rewrites the database cannot rewrite those.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};

use super::local::Local;
use crate::config::{AuditOutside, Settings, Syslog};
use crate::domain::audit::{Anchor, AuditEntry, Head};
use crate::domain::zone::Zone;

/// After a failure the next is tried not before this.
const TRY_AGAIN: TimeDelta = TimeDelta::minutes(5);
/// Facility `authpriv`, severity `notice`: 10 × 8 + 5.
const PRIORITY: u8 = 85;
/// No line of ours is longer.
const LONGEST_LINE: u64 = 256;

/// What this desk told outside.
#[derive(Debug, Default)]
pub(super) struct Heads(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// On which business day last.
    day: Option<NaiveDate>,
    next_try: Option<DateTime<Utc>>,
    /// It failed, and that was said.
    failing: bool,
}

impl Heads {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Local {
    /// Tells the end of the audit outside, unless that was done on this business day. A failure is
    /// logged once and tried again: no refund waits for it.
    pub(super) async fn tell_head_when_due(&self) {
        let now = self.clock.now();
        let day = now.with_timezone(&self.settings.zone).date_naive();
        {
            let told = self.heads.told();
            if told.day == Some(day) || told.next_try.is_some_and(|next| now < next) {
                return;
            }
        }
        self.tell_head_outside(Some(day), now).await;
    }

    /// Tells the end of the audit outside, whatever was told before: the service stops.
    pub async fn tell_last_head(&self) {
        self.tell_head_outside(None, self.clock.now()).await;
    }

    async fn tell_head_outside(&self, day: Option<NaiveDate>, now: DateTime<Utc>) {
        let Some(outside) = self.settings.audit.clone() else {
            return;
        };
        let newest = self.ledger.audit(None, 1).await;
        let line = match newest.as_deref() {
            Ok([newest]) => Line::of(newest, &self.settings, now),
            Ok(_) => return,
            Err(error) => return self.not_told(now, &error.to_string()),
        };
        let place = Place {
            file: outside.head_file(&self.settings.file),
            data: self.data.clone(),
            syslog: outside,
            day: day.map(|day| (day, self.settings.zone.clone())),
        };
        let done = tokio::task::spawn_blocking(move || place.tell(&line)).await;
        match done {
            Ok(Ok(())) => {
                let mut told = self.heads.told();
                told.day = day.or(told.day);
                (told.next_try, told.failing) = (None, false);
            }
            Ok(Err(why)) => self.not_told(now, &why),
            Err(error) => self.not_told(now, &error.to_string()),
        }
    }

    fn not_told(&self, now: DateTime<Utc>, why: &str) {
        let mut told = self.heads.told();
        told.next_try = Some(now + TRY_AGAIN);
        if !std::mem::replace(&mut told.failing, true) {
            tracing::error!(why, "the end of the audit could not be told outside");
        }
    }
}

/// What is told.
struct Line {
    head: Head,
    environment: &'static str,
}

impl Line {
    fn of(newest: &AuditEntry, settings: &Settings, now: DateTime<Utc>) -> Self {
        Self {
            head: Head {
                at: now,
                anchor: Anchor {
                    seq: newest.seq,
                    hash: newest.hash.clone(),
                },
            },
            environment: settings.environment.name(),
        }
    }

    /// As the system's log takes it (RFC 3164, without a host: the socket is this machine's).
    fn datagram(&self) -> String {
        let Head { at, anchor } = &self.head;
        format!(
            "<{PRIORITY}>{} refund-desk[{}]: audit head environment={} at={} entries={} hash={}",
            at.format("%b %e %H:%M:%S"),
            std::process::id(),
            self.environment,
            at.to_rfc3339_opts(SecondsFormat::Secs, true),
            anchor.seq,
            anchor.hash
        )
    }
}

/// Where it is told.
struct Place {
    file: Option<PathBuf>,
    /// Nothing is told in here: who can change the database could change that too.
    data: PathBuf,
    syslog: AuditOutside,
    /// The day for which once is enough, and where it is that day.
    day: Option<(NaiveDate, Zone)>,
}

impl Place {
    /// Both are tried, whatever becomes of the first.
    fn tell(&self, line: &Line) -> Result<(), String> {
        let file = self.append(line);
        let already = matches!(file, Ok(Appended::Before));
        let log = match &self.syslog.syslog {
            Syslog::Socket(socket) if !already => log(socket, line),
            _ => Ok(()),
        };
        let file = file.map(|_| ());
        match (file, log) {
            (Err(file), Err(log)) => Err(format!("{file}; {log}")),
            (file, log) => file.and(log),
        }
    }

    fn append(&self, line: &Line) -> Result<Appended, String> {
        let Some(path) = &self.file else {
            return Ok(Appended::Now);
        };
        if is_inside(path, &self.data) {
            return Err(format!(
                "{} is in the data folder, where whoever changes the database could change it too",
                path.display()
            ));
        }
        write(path, line, self.day.as_ref()).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// What became of the file.
enum Appended {
    /// A line was written.
    Now,
    /// Another process wrote one on the same day.
    Before,
}

fn write(path: &Path, line: &Line, day: Option<&(NaiveDate, Zone)>) -> std::io::Result<Appended> {
    let mut file = OpenOptions::new()
        .append(true)
        .read(true)
        .create(true)
        .mode(0o640)
        .open(path)?;
    file.lock()?;
    let last = last_line(&mut file)?;
    let last_day = |zone: &Zone| {
        let head = last.as_deref()?.trim_end().parse::<Head>().ok()?;
        Some(head.at.with_timezone(zone).date_naive())
    };
    if day.is_some_and(|(day, zone)| last_day(zone) == Some(*day)) {
        return Ok(Appended::Before);
    }
    // A line that was cut by a crash is not gone on with.
    let cut = last.as_deref().is_some_and(|last| !last.ends_with('\n'));
    let text = format!("{}{}\n", if cut { "\n" } else { "" }, line.head);
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    Ok(Appended::Now)
}

/// The last line, with its end where it has one.
fn last_line(file: &mut File) -> std::io::Result<Option<String>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_LINE)))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.split_inclusive('\n').next_back().map(str::to_owned))
}

fn is_inside(path: &Path, folder: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    match (whole(parent.unwrap_or(Path::new("."))), whole(folder)) {
        (Some(parent), Some(folder)) => parent.starts_with(folder),
        _ => false,
    }
}

fn log(socket: &Path, line: &Line) -> Result<(), String> {
    let sent = UnixDatagram::unbound().and_then(|ours| {
        // A log that is stuck must not hold us up.
        ours.set_nonblocking(true)?;
        ours.send_to(line.datagram().as_bytes(), socket)
    });
    sent.map(|_| ())
        .map_err(|error| format!("the system's log at {}: {error}", socket.display()))
}
