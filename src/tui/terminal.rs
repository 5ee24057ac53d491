//! The terminal itself: entered step by step, always put back, told to copy.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::ThreadId;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, execute};
use futures_util::stream::{BoxStream, StreamExt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use super::caps::Multiplexer;
use super::run::Signal;

/// A step into the terminal, undone on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Raw,
    Screen,
    Paste,
    Mouse,
    Cursor,
}

const STEPS: [Step; 5] = [
    Step::Raw,
    Step::Screen,
    Step::Paste,
    Step::Mouse,
    Step::Cursor,
];

/// While it lives the terminal belongs to the desk; dropped, the terminal is as it was.
#[derive(Debug)]
pub struct Guard {
    taken: Vec<Step>,
    mouse: bool,
}

/// The thread that has the terminal: its panic has to put it back.
static TAKEN_BY: Mutex<Option<ThreadId>> = Mutex::new(None);
/// Panics of other threads, told when the screen is free again.
static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guard {
    /// Takes the terminal, with its mouse or without. When a step fails, those before it are undone.
    ///
    /// # Errors
    /// The terminal refused.
    pub fn take(mouse: bool) -> io::Result<Self> {
        restore_on_panic();
        let mut guard = Self {
            taken: Vec::new(),
            mouse,
        };
        guard.enter()?;
        Ok(guard)
    }

    /// Takes the terminal, also when it was taken before: after a stop the shell may have changed it.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        self.leave();
        *locked(&TAKEN_BY) = Some(std::thread::current().id());
        let mouse = self.mouse;
        for step in STEPS.into_iter().filter(|it| mouse || *it != Step::Mouse) {
            // Noted first: a step that fails half way is undone too.
            self.taken.push(step);
            step.enter()?;
        }
        Ok(())
    }

    /// Has the terminal tell of the mouse, or not, also after the next stop.
    pub(super) fn heed_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        self.taken.retain(|step| *step != Step::Mouse);
        if on {
            self.taken.push(Step::Mouse);
            return Step::Mouse.enter();
        }
        Step::Mouse.leave();
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        while let Some(step) = self.taken.pop() {
            step.leave();
        }
        *locked(&TAKEN_BY) = None;
        for report in locked(&REPORTS).drain(..) {
            let _ = writeln!(io::stderr(), "{report}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Step {
    fn enter(self) -> io::Result<()> {
        let mut out = io::stdout();
        match self {
            Self::Raw => enable_raw_mode(),
            Self::Screen => execute!(out, EnterAlternateScreen),
            Self::Paste => execute!(out, EnableBracketedPaste),
            Self::Mouse => told(MOUSE_ON),
            Self::Cursor => execute!(out, Hide),
        }
    }

    /// Nothing can be done about a terminal that is gone; the other steps are undone all the same.
    fn leave(self) {
        let mut out = io::stdout();
        let _ = match self {
            Self::Raw => disable_raw_mode(),
            Self::Screen => {
                // A frame may have been cut short inside a synchronized update.
                let _ = out.write_all(b"\x1b[?2026l\x1b[m");
                execute!(out, LeaveAlternateScreen)
            }
            Self::Paste => execute!(out, DisableBracketedPaste),
            Self::Mouse => told(MOUSE_OFF),
            Self::Cursor => execute!(out, Show),
        };
    }
}

/// Presses and the wheel, with their place in decimal; not every move, which would be a flood.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

fn told(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes)?;
    out.flush()
}

/// Puts the terminal back before a panic is reported, so that the report can be read.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let taken_by = *locked(&TAKEN_BY);
            match taken_by {
                Some(thread) if thread == std::thread::current().id() => {
                    *locked(&TAKEN_BY) = None;
                    STEPS.iter().rev().for_each(|step| step.leave());
                    previous(panic);
                }
                // The screen goes on; a report in the middle of it would only spoil it.
                Some(_) => locked(&REPORTS).push(panic.to_string()),
                None => previous(panic),
            }
        }));
    });
}

/// The bytes that hand a text to the terminal's clipboard, wrapped for what stands between.
pub(super) fn clipboard(text: &str, multiplexer: Multiplexer) -> Vec<u8> {
    let mut plain = String::new();
    // Writing to a String does not fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain);
    match multiplexer {
        Multiplexer::None => plain.into_bytes(),
        Multiplexer::Tmux => {
            let doubled = plain.replace('\x1b', "\x1b\x1b");
            format!("\x1bPtmux;{doubled}\x1b\\").into_bytes()
        }
        Multiplexer::Screen => format!("\x1bP{plain}\x1b\\").into_bytes(),
    }
}

/// Stops this process, as ctrl-z would, until it is told to go on. The shell asks the kernel for
/// us: doing it ourselves needs unsafe code.
pub(super) fn stop_this_process() {
    let _ = std::process::Command::new("sh")
        .args(["-c", "kill -STOP $PPID"])
        .status();
}

/// How large the terminal is, asked of the kernel.
///
/// # Errors
/// There is no terminal.
pub fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Has the kernel tell once more that keys wait to be read, as it does when a terminal's modes are
/// set: to what they are.
pub(super) fn tell_of_keys_again() {
    let terminal = io::stdin();
    if let Ok(modes) = tcgetattr(&terminal) {
        // Where it fails nothing is lost but this.
        let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
    }
}

/// The signals the desk heeds.
///
/// # Errors
/// A handler could not be set.
pub fn signals() -> io::Result<BoxStream<'static, Signal>> {
    let kinds = [
        (SignalKind::terminate(), Signal::Leave),
        (SignalKind::hangup(), Signal::Leave),
        (SignalKind::interrupt(), Signal::Leave),
        (SignalKind::from_raw(SIGTSTP), Signal::Suspend),
        (SignalKind::from_raw(SIGCONT), Signal::Resume),
        // crossterm 0.29 loses a size that comes in the same moment as a key, and a key likewise.
        (SignalKind::window_change(), Signal::Resized),
    ];
    let mut streams = Vec::new();
    for (kind, meaning) in kinds {
        let signal = signal(kind)?;
        let stream = futures_util::stream::unfold(signal, move |mut signal| async move {
            signal.recv().await.map(|()| (meaning, signal))
        });
        streams.push(stream.boxed());
    }
    Ok(futures_util::stream::select_all(streams).boxed())
}

#[cfg(target_os = "linux")]
const SIGTSTP: i32 = 20;
#[cfg(target_os = "linux")]
const SIGCONT: i32 = 18;
#[cfg(not(target_os = "linux"))]
const SIGTSTP: i32 = 18;
#[cfg(not(target_os = "linux"))]
const SIGCONT: i32 = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_wrapped_for_tmux() {
        assert_eq!(
            clipboard("CD-1", Multiplexer::None),
            b"\x1b]52;c;Q0QtMQ==\x1b\\"
        );
        assert_eq!(
            clipboard("CD-1", Multiplexer::Tmux),
            b"\x1bPtmux;\x1b\x1b]52;c;Q0QtMQ==\x1b\x1b\\\x1b\\"
        );
    }
}
