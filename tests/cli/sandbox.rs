//! The simulated providers, run by the program itself.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::desk::PROGRAM;
use super::process::{Process, signal};

/// A running sandbox; killed when dropped.
pub struct Sandbox {
    process: Process,
    folder: PathBuf,
    payments: PathBuf,
}

impl Sandbox {
    /// Starts it in a folder, knowing the payments of a file, and waits until it is ready.
    pub fn start(folder: &Path, payments: &Path) -> Self {
        Self {
            process: ready(folder, payments, 0),
            folder: folder.to_owned(),
            payments: payments.to_owned(),
        }
    }

    /// The configuration it wrote.
    pub fn config(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// A file among what the simulators keep.
    pub fn kept(&self, name: &str) -> PathBuf {
        self.folder.join("sandbox").join(name)
    }

    /// The book of payouts.
    pub fn book(&self) -> PathBuf {
        self.folder.join("book.jsonl")
    }

    /// Where the simulators listen: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        let config = fs::read_to_string(self.config()).unwrap();
        let (_, rest) = config.split_once("base_url = \"http://").unwrap();
        rest.split_once('/').unwrap().0.to_owned()
    }

    /// The providers are gone: connections are refused.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The providers are back at the same port, with what they knew.
    pub fn restart(&mut self) {
        let address = self.address();
        let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        self.kill();
        self.process = ready(&self.folder, &self.payments, port);
    }

    /// SIGTERM; returns the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        signal("TERM", self.process.child().id());
        self.process.child().wait().unwrap().code()
    }
}

fn ready(folder: &Path, payments: &Path, port: u16) -> Process {
    let mut command = Command::new(PROGRAM);
    command
        .args(["sandbox", "--port", &port.to_string(), "--payments"])
        .arg(payments)
        .arg("--config-to")
        .arg(folder.join("config.toml"))
        .arg("--book")
        .arg(folder.join("book.jsonl"))
        .arg("--data-dir")
        .arg(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut process = Process::start(&mut command);
    let mut stdout = BufReader::new(process.child().stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "the sandbox did not start");
    process
}
