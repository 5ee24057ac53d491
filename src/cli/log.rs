//! The log: a file a day in the data folder. The screen is the desk's alone.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// Starts logging to `DATA/logs`. A folder that cannot be written means no log, and no error: it
/// is opened to be looked at.
pub(super) fn start(data: &Path, verbose: u8) {
    let folder = data.join("logs");
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("refund-desk")
        .filename_suffix("log")
        .max_log_files(30)
        .build(&folder);
    let (Ok(()), Ok(appender)) = (made, appender) else {
        return;
    };
    let level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Only the first start of a process counts; that is enough.
    let _ = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(appender)
        .try_init();
}
