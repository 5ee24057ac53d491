//! Text from outside wants the terminal, on every screen that has a picture: an emulator is sent what
//! the desk writes, and shows what was drawn and nothing else.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::io::{self, Write};
use std::num::NonZeroU16;
use std::rc::Rc;

use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;

use super::*;
use crate::domain::parked::{Parked, Typed};
use crate::domain::view::View;
use crate::tui::action::Context;
use crate::tui::backend::TtyBackend;
use crate::tui::caps::Multiplexer;
use crate::tui::fixture::hostile::{self, Hostile};
use crate::tui::plain::Speaker;
use crate::tui::run::Rim;
use crate::tui::update::Msg;
use crate::tui::view;
use crate::tui::widget::text::cells;

/// What was written, to be looked at while the terminal is still held.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What no text may have the emulator do.
#[derive(Default)]
struct Done(Vec<&'static str>);

impl vt100::Callbacks for Done {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell");
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("visual bell");
    }
    fn resize(&mut self, _: &mut vt100::Screen, _: (u16, u16)) {
        self.0.push("resize");
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("icon");
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("title");
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], _: &[u8]) {
        self.0.push("copy");
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("paste");
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, _: char) {
        self.0.push("character");
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, _: u8) {
        self.0.push("control");
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, _: u8) {
        self.0.push("escape");
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, _: &[&[u8]]) {
        self.0.push("osc");
    }
}

/// A terminal as the desk finds it once it has taken it, and what is written to it.
struct Stand {
    terminal: Terminal<TtyBackend<Written>>,
    written: Written,
    emulator: vt100::Parser<Done>,
    modes: String,
}

impl Stand {
    fn new((columns, rows): (u16, u16)) -> Self {
        let written = Written::default();
        let size: fn() -> io::Result<(u16, u16)> = match columns {
            80 => || Ok(SIZES[0]),
            _ => || Ok(SIZES[1]),
        };
        let backend = TtyBackend::new(written.clone(), size, Multiplexer::None);
        let count = |cells| NonZeroU16::new(cells).unwrap();
        let mut emulator =
            vt100::Parser::new_with_callbacks(count(rows), count(columns), 0, Done::default());
        emulator.process(b"\x1b[?1049h\x1b[?2004h\x1b[?25l");
        let modes = modes(emulator.screen());
        Self {
            terminal: Terminal::new(backend).unwrap(),
            written,
            emulator,
            modes,
        }
    }

    /// Draws, and looks at what came of it.
    fn look(&mut self, session: &Session, at: &str) {
        let mut drawn = Buffer::default();
        let draw = |frame: &mut ratatui::Frame<'_>| {
            let area = frame.area();
            if let Some(cursor) = view::draw(&session.app, area, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
            drawn = frame.buffer_mut().clone();
        };
        self.terminal.draw(draw).unwrap();
        let bytes = self.written.take();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert_eq!(others(text), "", "{at}");
        // This emulator draws nothing where it is told of bytes that were no text.
        self.emulator.process(stood_in(text).as_bytes());
        assert!(
            self.emulator.callbacks().0.is_empty(),
            "{at}: {:?}",
            self.emulator.callbacks().0
        );
        let screen = self.emulator.screen();
        assert_eq!(modes(screen), self.modes, "{at}");
        for y in 0..drawn.area.height {
            let (shown, drawn) = (shown(screen, y, &drawn), row(y, &drawn));
            assert!(
                shown == drawn,
                "{at}, line {y}:\n{}\n{}",
                shown.concat(),
                drawn.concat()
            );
        }
    }
}

/// The modes a text could have changed; where the cursor is shown is the desk's own.
fn modes(screen: &vt100::Screen) -> String {
    format!(
        "{} {} {} {} {:?} {:?}",
        screen.alternate_screen(),
        screen.bracketed_paste(),
        screen.application_cursor(),
        screen.application_keypad(),
        screen.mouse_protocol_mode(),
        screen.mouse_protocol_encoding(),
    )
}

/// Every character in what was written that must not reach a terminal, without what the desk writes
/// itself: moves, colours, lines that scroll, wipes, the cursor, synchronized updates.
fn others(written: &str) -> String {
    let mut found = String::new();
    let mut rest = written;
    while let Some(character) = rest.chars().next() {
        let own = [
            "\x1b[?2026h",
            "\x1b[?2026l",
            "\x1b[?25h",
            "\x1b[?25l",
            "\x1bM",
            "\r\n",
            "\n",
        ];
        if let Some(left) = own.iter().find_map(|own| rest.strip_prefix(own)) {
            rest = left;
        } else if let Some(left) = rest.strip_prefix("\x1b[") {
            let end = left.trim_start_matches(|one: char| one.is_ascii_digit() || one == ';');
            if !end.starts_with(['H', 'C', 'K', 'J', 'm', 'r']) {
                found.push_str(&left[..left.len().min(8)]);
            }
            rest = end.get(1..).unwrap_or_default();
        } else {
            if is_unseen(character) {
                found.extend(character.escape_unicode());
            }
            rest = &rest[character.len_utf8()..];
        }
    }
    found
}

/// Controls, and what turns a line around or hides in it.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{ad}' | '\u{61c}' | '\u{e0000}'..='\u{e0fff}')
}

fn stood_in(text: &str) -> String {
    text.replace(char::REPLACEMENT_CHARACTER, "□")
}

/// A line of what was drawn, a unit for each cell it begins in.
fn row(y: u16, drawn: &Buffer) -> Vec<String> {
    let mut units = Vec::new();
    let mut x = 0;
    while x < drawn.area.width {
        let symbol = drawn[(x, y)].symbol();
        // More marks than an emulator keeps are as good as those it keeps.
        units.push(stood_in(symbol).chars().take(4).collect());
        x += u16::try_from(cells(symbol).max(1)).unwrap();
    }
    units
}

/// The same cells of the emulator.
fn shown(screen: &vt100::Screen, y: u16, drawn: &Buffer) -> Vec<String> {
    let mut units = Vec::new();
    let mut x = 0;
    while x < drawn.area.width {
        let next = x + u16::try_from(cells(drawn[(x, y)].symbol()).max(1)).unwrap();
        let of = |x| screen.cell(y, x).unwrap().contents();
        let unit: String = (x..next).map(of).collect();
        units.push(match unit.as_str() {
            "" => " ".to_owned(),
            unit => unit.chars().take(4).collect(),
        });
        x = next;
    }
    units
}

/// A situation with everything in it hostile: on the way there, there, with what is pasted, without
/// letters but ASCII, and line by line.
pub(super) fn holds(name: &str, desk: impl Fn() -> Arc<FakeDesk>, act: impl Fn(&mut Session)) {
    // The largest shows no more than the others, and takes the longest.
    let size = SIZES[name.len() % 2];
    let mut session = Session::hostile(desk(), size, name);
    let mut stand = Stand::new(size);
    stand.look(&session, name);
    act(&mut session);
    stand.look(&session, name);
    let pasted = hostile::string(u64::try_from(name.len()).unwrap() * 11 % hostile::COUNT);
    session.tell(Msg::Pasted(pasted));
    stand.look(&session, name);
    spoken(&mut session, name);
    session.app.caps.unicode = false;
    assert!(session.screen().is_ascii(), "{name}\n{}", session.screen());
}

/// Line by line nothing but lines is written, also where something is copied.
fn spoken(session: &mut Session, at: &str) {
    session.app.plain = true;
    let written = Written::default();
    let mut terminal = Terminal::new(Speaker::new(written.clone(), Rc::default())).unwrap();
    let size = terminal.backend().size().unwrap();
    session.tell(Msg::Resized(size.width, size.height));
    let draw = |frame: &mut ratatui::Frame<'_>| {
        let area = frame.area();
        view::draw(&session.app, area, frame.buffer_mut());
    };
    terminal.draw(draw).unwrap();
    terminal.backend_mut().copy(&hostile::string(3)).unwrap();
    terminal.backend_mut().idle();
    let said = String::from_utf8(written.take()).unwrap();
    assert!(said.lines().count() > 3, "{at}: {said}");
    let others = said.chars().filter(|it| *it != '\n' && is_unseen(*it));
    assert_eq!(others.collect::<String>(), "", "{at}: {said}");
}

/// How many strings are shown on each screen; the large run asks for more.
fn strings() -> u64 {
    std::env::var("REFUND_DESK_HOSTILE").map_or(hostile::COUNT, |text| text.parse().unwrap())
}

/// A small desk with something to show everywhere.
fn everything() -> Arc<FakeDesk> {
    let desk = asked();
    let mut world = desk.world.lock().unwrap();
    let drafts = world.payments[12..22].iter().map(|payment| Parked {
        payment: payment.id,
        account: payment.account.clone(),
        reference: payment.reference.clone().unwrap(),
        currency: payment.currency.code().to_owned(),
        typed: Typed {
            amount: "1".into(),
            note: format!("about {}", payment.id),
            ..Typed::default()
        },
        at: now(),
    });
    let drafts: Vec<Parked> = drafts.collect();
    world.drafts = drafts;
    let views = (0..12).map(|number| View {
        name: format!("view {number}"),
        filter: format!("amount:>{number}"),
        ..View::default()
    });
    world.views.views = views.collect();
    drop(world);
    desk
}

/// The keys that lead to a screen of each kind.
const fn way(context: Context) -> &'static str {
    match context {
        Context::Payments => "j",
        Context::Refunds => "2 [",
        Context::ToDo => "3 [",
        Context::Payment => "j enter",
        Context::Refund => "2 [ j enter",
        Context::Explain => "j e",
        Context::Phone => "2 [ p",
        Context::Sheet => "H",
        Context::Radar => "4",
        Context::Activity => "5",
        Context::Providers => "6",
        Context::Compose => "j r",
        Context::Drafts => "D",
        Context::Bulk => "space j space r",
        Context::Verdicts => "* r tab g ctrl-s",
        Context::Decide => "3 d",
        Context::Confirm => "j r 1 tab g ctrl-s",
        Context::Filter => "/",
        Context::Columns => "C",
        Context::Views => "V",
        Context::Help => "?",
        Context::Palette => ":",
    }
}

/// Shows as many of the strings that are left as the screen has texts, until none is.
fn shows_every_string(context: Context) {
    let mut stand = Stand::new(SIZES[0]);
    let mut left: VecDeque<u64> = (0..strings()).collect();
    // Texts that are known to stand on this screen, and those of them that did the last time.
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut takers: HashSet<String> = HashSet::new();
    let mut in_vain = 0;
    while let Some(next) = left.front() {
        let at = format!("{} with string {next} and others", context.name());
        let hostile = Hostile::in_turn(left.clone(), takers);
        let mut session = Session::spoiled(everything(), SIZES[0], hostile);
        session.press(way(context));
        assert_eq!(session.app.context(), context, "{at}");
        if context.is_typing() {
            let typed = session.hostile.as_ref().unwrap().of("what is typed");
            // The desk would be asked at every letter.
            session.silent = true;
            session.tell(Msg::Pasted(typed));
            session.press("home");
        }
        // They would hide the names of the accounts.
        session.app.toasts.clear();
        stand.look(&session, &at);
        // What lies below is a screen of its own.
        session.app.plain = true;
        let screen = session.screen();
        let given = session.hostile.take().unwrap().given();
        let (shown, missed): (HashMap<String, u64>, HashMap<String, u64>) = given
            .into_iter()
            .partition(|(_, number)| screen.contains(&hostile::mark(*number)));
        let before = left.len();
        left.retain(|number| !shown.values().any(|it| it == number));
        in_vain = if left.len() < before { 0 } else { in_vain + 1 };
        assert!(in_vain < known.len() + 20, "{at}\n{screen}");
        known.extend(shown.into_keys());
        let stood = known.iter().filter(|text| !missed.contains_key(*text));
        takers = match in_vain {
            0 => stood.cloned().collect(),
            // What one text becomes may push others off the screen: one after the other is tried alone.
            tried => known
                .iter()
                .cycle()
                .nth(tried)
                .cloned()
                .into_iter()
                .collect(),
        };
    }
}

/// Each of the two halves takes about as long.
#[test]
fn every_screen_stands_every_hostile_string() {
    std::thread::scope(|scope| {
        for half in 0..2 {
            let contexts = Context::ALL.into_iter().skip(half).step_by(2);
            scope.spawn(move || contexts.for_each(shows_every_string));
        }
    });
}

#[test]
fn there_are_as_many_hostile_strings_as_are_promised() {
    let count = strings().max(hostile::COUNT);
    let all: HashSet<String> = (0..count).map(hostile::string).collect();
    assert_eq!(all.len(), usize::try_from(count).unwrap());
}
