//! The log: a file a day in the data folder. The screen is the desk's alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use chrono::NaiveDate;
use tracing::level_filters::LevelFilter;

use crate::clock::Clock;

/// Days of logs that are kept.
const KEPT: usize = 30;

/// Starts logging to `DATA/logs`. A folder that cannot be written means no log, and no error.
pub(super) fn start(data: &Path, verbose: u8, clock: &Clock) {
    let folder = data.join("logs");
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    if made.is_err() {
        return;
    }
    remove_old(&folder);
    let level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let log = DailyLog {
        folder,
        clock: clock.clone(),
        today: None,
    };
    // Only the first start of a process counts; that is enough.
    let _ = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(Mutex::new(log))
        .try_init();
}

/// The oldest files beyond [`KEPT`]; their names sort by day.
fn remove_old(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let old = files.len().saturating_sub(KEPT);
    for file in files.into_iter().take(old) {
        let _ = fs::remove_file(file);
    }
}

/// Writes to the file of the day, readable by its owner only.
struct DailyLog {
    folder: PathBuf,
    clock: Clock,
    today: Option<(NaiveDate, File)>,
}

impl DailyLog {
    fn file(&mut self) -> io::Result<&mut File> {
        let day = self.clock.now().date_naive();
        let open = match self.today.take() {
            Some((known, file)) if known == day => (known, file),
            _ => (day, self.open(day)?),
        };
        Ok(&mut self.today.insert(open).1)
    }

    fn open(&self, day: NaiveDate) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.folder.join(format!("refund-desk.{day}.log")))
    }
}

impl Write for DailyLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}
