//! The program as a person or a script runs it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::process::Process;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_refund-desk");

/// A desk: a configuration and a data folder.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The configuration.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
}

impl Desk {
    /// The command, with an empty environment and nothing to read.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(PROGRAM);
        self.dress(&mut command, arguments);
        command
    }

    /// Adds arguments, folders and streams to a command.
    pub fn dress<S: AsRef<OsStr>>(
        &self,
        command: &mut Command,
        arguments: impl IntoIterator<Item = S>,
    ) {
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .arg("--data-dir")
            .arg(&self.data)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Starts a command and leaves it running.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Process {
        Process::start(&mut self.command(arguments))
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        self.start(arguments).finish().into()
    }

    /// Runs a command with `--json` to its end.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        let mut command = self.command(arguments);
        command.arg("--json");
        Process::start(&mut command).finish().into()
    }

    /// One payment.
    pub fn payment(&self, handle: &str) -> Value {
        self.json(["payment", handle]).exits(0).object()
    }

    /// One refund, with its evidence.
    pub fn status(&self, refund: &str) -> Value {
        self.json(["status", refund]).exits(0).object()
    }

    /// Every refund, newest first.
    pub fn refunds(&self) -> Vec<Value> {
        self.json(["refunds"]).exits(0).objects()
    }

    /// Everything a refused command must leave as it was: payments, refunds, audit.
    pub fn everything(&self) -> String {
        [
            vec!["payments"],
            vec!["refunds"],
            vec!["audit", "show", "--limit", "100000"],
        ]
        .map(|command| self.json(command).exits(0).stdout)
        .concat()
    }
}

/// A command that ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn object(&self) -> Value {
        let objects = self.objects();
        assert_eq!(objects.len(), 1, "{self:#?}");
        objects.into_iter().next().unwrap()
    }

    /// The JSON Lines on stdout.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{self:#?}")))
            .collect()
    }

    /// The error object on stderr, checked to be complete.
    #[track_caller]
    pub fn error(&self) -> Value {
        let told: Value =
            serde_json::from_str(self.stderr.trim()).unwrap_or_else(|_| panic!("{self:#?}"));
        for field in ["code", "message", "money", "next"] {
            let text = told["error"][field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{field} is missing: {self:#?}");
        }
        told["error"].clone()
    }
}
