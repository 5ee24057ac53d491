//! Printing: JSON or columns on stdout, errors on stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::args::Global;
use super::{Exit, Failure};
use crate::config::{ConfigError, Environ};
use crate::desk::face::{Class, Refusal};
use crate::domain::text::clean;

/// How this command prints.
pub(super) struct Output {
    /// JSON instead of text.
    pub json: bool,
    /// Colours may be used.
    pub color: bool,
}

impl Output {
    pub(super) fn new(global: &Global, environ: &Environ) -> Self {
        let color = !global.no_color && environ.get("NO_COLOR").is_none();
        Self {
            json: global.json,
            color: color && io::stderr().is_terminal(),
        }
    }

    /// One JSON object, on a line of its own.
    pub(super) fn object(&self, value: &Value) -> Result<(), Failure> {
        write_line(value)
    }

    /// A text.
    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        write_line(&text.trim_end())
    }

    /// After a deed, what became of printing it. The deed stands whether or not anyone could read
    /// about it, so this is said and decides nothing.
    pub(super) fn after_deed(&self, printed: Result<(), Failure>) {
        match printed {
            Err(failure) if !failure.is_reader_gone() => {
                self.failure(&failure);
            }
            _ => {}
        }
    }

    /// Says why the command failed, and with what exit code.
    pub(super) fn failure(&self, failure: &Failure) -> Exit {
        let told = failure.told();
        let mut stderr = io::stderr().lock();
        // Nothing can be done about a stderr that cannot be written.
        let _ = if self.json {
            let error = serde_json::json!({
                "error": {
                    "code": told.code,
                    "message": told.message,
                    "money": told.money,
                    "next": told.next,
                }
            });
            writeln!(stderr, "{error}")
        } else {
            writeln!(
                stderr,
                "refund-desk: {}\n  money: {}\n  next:  {}",
                clean(&told.message),
                clean(&told.money),
                clean(&told.next)
            )
        };
        told.class.into()
    }
}

fn write_line(line: &dyn Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(Failure::Unprinted)
}

impl From<Class> for Exit {
    fn from(class: Class) -> Self {
        match class {
            Class::Usage => Self::Usage,
            Class::Rule => Self::Refused,
            Class::Failed => Self::Failed,
            Class::Unavailable => Self::Unavailable,
            Class::Unknown => Self::Unknown,
        }
    }
}

impl Failure {
    /// What happened, what it means for the money, what to do.
    pub(super) fn told(&self) -> Refusal {
        let told = |class, code: &str, money: &str, next: &str| Refusal {
            class,
            code: code.to_owned(),
            message: self.to_string(),
            money: money.to_owned(),
            next: next.to_owned(),
        };
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Config(error) => told(
                Class::Usage,
                "config",
                "Nothing was written and nothing was sent.",
                match error {
                    ConfigError::Missing(_) => {
                        "Write one with refund-desk init, name one with --config, or try refund-desk demo."
                    }
                    _ => "Mend the file; refund-desk config check says when it is right.",
                },
            ),
            Self::Unprinted(_) => told(
                Class::Failed,
                "not_printed",
                "Printing moves no money: what was done before it is done.",
                "Mend where the output goes, and look: refund-desk refunds",
            ),
            Self::Unplanned(_) => told(
                Class::Failed,
                "unplanned",
                "What was acknowledged is in the database; a refund that was being sent is UNKNOWN until its provider is asked.",
                "Look at the refunds: refund-desk refunds --open",
            ),
        }
    }
}

/// How a column stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A column of a list: title, width in cells, alignment.
pub(super) type Column = (&'static str, usize, Align);

/// The header line of a list.
pub(super) fn header(columns: &[Column]) -> String {
    let titles: Vec<&str> = columns.iter().map(|(title, ..)| *title).collect();
    line(columns, &titles)
}

/// One line of a list. What does not fit is not cut: an amount or id is never shown in part.
pub(super) fn line<T: AsRef<str>>(columns: &[Column], cells: &[T]) -> String {
    let mut out = String::new();
    for ((_, width, align), cell) in columns.iter().zip(cells) {
        let cell = clean(cell.as_ref());
        let space =
            " ".repeat(width.saturating_sub(unicode_width::UnicodeWidthStr::width(cell.as_str())));
        match align {
            Align::Left => out.push_str(&format!("{cell}{space}  ")),
            Align::Right => out.push_str(&format!("{space}{cell}  ")),
        }
    }
    out.truncate(out.trim_end().len());
    out
}
