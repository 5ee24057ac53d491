//! Printing: JSON or columns on stdout, errors on stderr.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::args::Global;
use super::{Exit, Failure};
use crate::config::{ConfigError, Environ};
use crate::desk::face::Class;
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
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{value}")?;
        stdout.flush()?;
        Ok(())
    }

    /// A text.
    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", text.trim_end())?;
        stdout.flush()?;
        Ok(())
    }

    /// Says why the command failed, and with what exit code.
    pub(super) fn failure(&self, failure: &Failure) -> Exit {
        let told = Told::of(failure);
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
        told.exit
    }
}

struct Told {
    exit: Exit,
    code: String,
    message: String,
    money: String,
    next: String,
}

impl Told {
    fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self {
                exit: match refusal.class {
                    Class::Usage => Exit::Usage,
                    Class::Rule => Exit::Refused,
                    Class::Failed => Exit::Failed,
                    Class::Unavailable => Exit::Unavailable,
                },
                code: refusal.code.clone(),
                message: refusal.message.clone(),
                money: refusal.money.clone(),
                next: refusal.next.clone(),
            },
            Failure::Config(error) => Self {
                exit: Exit::Usage,
                code: "config".to_owned(),
                message: error.to_string(),
                money: "Nothing was written and nothing was sent.".to_owned(),
                next: match error {
                    ConfigError::Missing(_) => {
                        "Write one with refund-desk init, name one with --config, or try refund-desk demo.".to_owned()
                    }
                    _ => "Mend the file; refund-desk config check says when it is right.".to_owned(),
                },
            },
            Failure::Unplanned(report) => Self {
                exit: Exit::Failed,
                code: "unplanned".to_owned(),
                message: format!("{report:#}"),
                money: "What was acknowledged is in the database; a refund that was being sent is UNKNOWN until its provider is asked.".to_owned(),
                next: "Look at the refunds: refund-desk refunds --open".to_owned(),
            },
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
