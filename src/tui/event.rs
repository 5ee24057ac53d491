//! The terminal's events to the desk's own.

use std::io;

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use futures_util::stream::{BoxStream, StreamExt};

use super::keymap::{Code, Key};
use super::terminal::tell_of_keys_again;

/// Something came from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// The mouse.
    Mouse(Mouse),
    /// A whole line, where the desk is read line by line.
    Line(String),
    /// Pasted text.
    Pasted(String),
    /// Another size.
    Resized(u16, u16),
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The wheel, one notch.
    Wheel {
        /// Towards the end of a list.
        down: bool,
    },
    /// The first button.
    Click {
        /// Counted from 0.
        column: u16,
        /// Counted from 0.
        row: u16,
    },
}

/// What comes from the terminal. An error, or the end, means that the terminal is gone.
pub fn inputs() -> BoxStream<'static, io::Result<Input>> {
    EventStream::new()
        .filter_map(|event| async move { event.map(translate).transpose() })
        .boxed()
}

fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => translate_key(&key).map(Input::Key),
        Event::Mouse(mouse) => translate_mouse(mouse).map(Input::Mouse),
        Event::Paste(text) => Some(Input::Pasted(text)),
        Event::Resize(width, height) => {
            // A key of the same moment was forgotten (crossterm 0.29).
            tell_of_keys_again();
            Some(Input::Resized(width, height))
        }
        _ => None,
    }
}

const fn translate_mouse(mouse: MouseEvent) -> Option<Mouse> {
    Some(match mouse.kind {
        MouseEventKind::ScrollDown => Mouse::Wheel { down: true },
        MouseEventKind::ScrollUp => Mouse::Wheel { down: false },
        MouseEventKind::Down(MouseButton::Left) => Mouse::Click {
            column: mouse.column,
            row: mouse.row,
        },
        _ => return None,
    })
}

fn translate_key(key: &KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let code = match key.code {
        KeyCode::Char(character) => Code::Char(character),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    Some(Key {
        code,
        ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
        alt: key.modifiers.contains(KeyModifiers::ALT),
    })
}
