//! A child process that never outlives its test.

use std::process::{Child, Command, ExitStatus, Output};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// No command of the tests takes longer; one that does is killed, and its test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A running child, killed when dropped.
pub struct Process(Option<Child>);

impl Process {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    /// The child, for its streams.
    pub fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// SIGKILL: nothing of it runs when this returns.
    pub fn kill(&mut self) -> ExitStatus {
        let child = self.child();
        let _ = child.kill();
        child.wait().unwrap()
    }

    /// Waits for its end, at most [`LIMIT`].
    pub fn finish(mut self) -> Output {
        let child = self.0.take().unwrap();
        let pid = child.id();
        let (done, waiting) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || {
            if waiting.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                signal("KILL", pid);
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(done);
        watchdog.join().unwrap();
        output
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a process of ours.
pub fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "kill -s {name} {pid}");
}
