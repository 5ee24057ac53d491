//! A pseudo-terminal with an emulator behind it: keys in, the screen out.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The longest a screen may take; reached only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// The size of a terminal in cells.
#[derive(Clone, Copy)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}

/// What is on the screen.
#[derive(Clone)]
pub struct Screen(vt100::Screen);

impl Screen {
    /// All of it.
    pub fn text(&self) -> String {
        self.0.contents()
    }

    /// It is the desk's own, not the one the shell wrote on.
    pub fn is_desk(&self) -> bool {
        self.0.alternate_screen()
    }

    /// Every colour that letters or ground have somewhere, besides the terminal's own.
    pub fn colours(&self) -> Vec<vt100::Color> {
        let (rows, columns) = (self.0.size().0, self.0.size().1);
        let places =
            (0..u16::from(rows)).flat_map(|row| (0..u16::from(columns)).map(move |at| (row, at)));
        let cells = places.filter_map(|(row, at)| self.0.cell(row, at));
        let colours = cells.flat_map(|cell| [cell.fgcolor(), cell.bgcolor()]);
        colours.filter(|it| *it != vt100::Color::Default).collect()
    }

    /// It tells the program of the mouse.
    pub fn tells_mouse(&self) -> bool {
        self.0.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// The row with the selection's mark.
    pub fn selected(&self) -> Option<String> {
        let text = self.text();
        let row = text.lines().find(|line| line.starts_with('▸'))?;
        // A pane to the right of the list is not part of the row.
        Some(row.split('│').next().unwrap_or(row).to_owned())
    }
}

struct Shared {
    parser: Mutex<Emulator>,
    changed: Condvar,
}

struct Emulator {
    parser: vt100::Parser<Clipboard>,
    ended: bool,
}

/// What the program has put on the terminal's clipboard (OSC 52), as it was sent.
#[derive(Default)]
struct Clipboard(Vec<u8>);

impl vt100::Callbacks for Clipboard {
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0 = data.to_vec();
    }
}

/// The program in a pseudo-terminal. Killed when dropped.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    /// How lines are edited and keys meant, as the shell had it.
    modes: String,
}

impl Terminal {
    /// Starts the program.
    pub fn start(size: Size, arguments: &[&str]) -> Self {
        Self::start_in(size, arguments, &[])
    }

    /// Starts the program with more in its environment.
    pub fn start_in(size: Size, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let modes = modes(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_refund-desk"));
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", "/");
        for (name, value) in environment {
            command.env(name, value);
        }
        command.cwd("/");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shared = Arc::new(Shared {
            parser: Mutex::new(Emulator {
                parser: vt100::Parser::new_with_callbacks(
                    cells(size.rows),
                    cells(size.columns),
                    0,
                    Clipboard::default(),
                ),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let emulated = Arc::clone(&shared);
        std::thread::spawn(move || emulate(reader, &emulated));
        Self {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            shared,
            modes,
        }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Resizes the terminal.
    pub fn resize(&mut self, size: Size) {
        let mut emulator = self.shared.parser.lock().unwrap();
        emulator
            .parser
            .screen_mut()
            .set_size(cells(size.rows), cells(size.columns));
        drop(emulator);
        self.master.resize(pty_size(size)).unwrap();
    }

    /// Sends the program a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// What is shown now.
    pub fn screen(&self) -> Screen {
        Screen(self.shared.parser.lock().unwrap().parser.screen().clone())
    }

    /// What was last put on the clipboard.
    pub fn copied(&self) -> String {
        let emulator = self.shared.parser.lock().unwrap();
        let sent = &emulator.parser.callbacks().0;
        let text = base64::engine::general_purpose::STANDARD.decode(sent);
        String::from_utf8(text.unwrap()).unwrap()
    }

    /// Waits for a text to be shown.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.text().contains(text));
    }

    /// Waits for the screen to be as described, woken by what the program writes.
    pub fn wait_until(&self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut emulator = self.shared.parser.lock().unwrap();
        loop {
            let screen = Screen(emulator.parser.screen().clone());
            if holds(&screen) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !emulator.ended,
                "waited for {what}, saw:\n{}",
                screen.text()
            );
            emulator = self.shared.changed.wait_timeout(emulator, left).unwrap().0;
        }
    }

    /// Waits for the program to end; its exit code.
    pub fn ends(&mut self) -> u32 {
        let mut emulator = self.shared.parser.lock().unwrap();
        while !emulator.ended {
            let (guard, waited) = self
                .shared
                .changed
                .wait_timeout(emulator, PATIENCE)
                .unwrap();
            assert!(!waited.timed_out(), "it does not end");
            emulator = guard;
        }
        drop(emulator);
        self.child.wait().unwrap().exit_code()
    }

    /// Waits for the program to end and looks at the terminal it left.
    pub fn assert_left_clean(&mut self) {
        let code = self.ends();
        self.assert_whole();
        assert_eq!(code, 0);
    }

    /// Waits for a program that was stopped to have put everything back.
    pub fn wait_until_whole(&self) {
        self.wait_until("the cursor and the modes of the shell", |screen| {
            let screen = &screen.0;
            !screen.hide_cursor() && !screen.bracketed_paste()
        });
        // Raw mode ends last, and no byte tells of it: the process stops right after.
        self.wait_for_stop();
        self.assert_whole();
    }

    /// Waits for the process to be stopped, as the kernel tells it.
    fn wait_for_stop(&self) {
        let pid = self.child.process_id().unwrap();
        let deadline = Instant::now() + PATIENCE;
        let is_stopped = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let state = stat.rsplit(") ").next().unwrap_or_default();
            state.starts_with('T')
        };
        while !is_stopped() {
            assert!(Instant::now() < deadline, "it is not stopped");
            std::thread::yield_now();
        }
    }

    /// The terminal is as the shell had it.
    pub fn assert_whole(&self) {
        let emulator = self.shared.parser.lock().unwrap();
        let screen = emulator.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is on");
        let mouse = screen.mouse_protocol_mode();
        assert_eq!(mouse, vt100::MouseProtocolMode::None);
        assert_eq!(modes(&*self.master), self.modes, "raw mode is on");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `stty -a` would show.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn emulate(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut bytes = [0; 8192];
    loop {
        let read = reader.read(&mut bytes).unwrap_or(0);
        let mut emulator = shared.parser.lock().unwrap();
        emulator.parser.process(&bytes[..read]);
        emulator.ended = read == 0;
        shared.changed.notify_all();
        if read == 0 {
            return;
        }
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn pty_size(size: Size) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}
