//! Keys: to actions where the table gives them one, to text where text is typed.

use crate::tui::action::{Action, Context, spec};
use crate::tui::keymap::{Code, Key, Meaning};
use crate::tui::state::Layer;
use crate::tui::state::edit::Edit;

use super::Turn;

/// More than anybody types; what is longer was not meant.
const MOST_PASTED: usize = 1_000;

impl Turn<'_> {
    pub(super) fn key(&mut self, key: Key) {
        let context = self.app.context();
        // Whoever goes on meanwhile does not want a dialog under the next key.
        self.app.todo.reviewing = None;
        self.app.pressed.push(key);
        let pressed = std::mem::take(&mut self.app.pressed);
        match self.app.keymap.meaning(context, &pressed) {
            Meaning::Action(action) => self.act(action),
            Meaning::Prefix => self.app.pressed = pressed,
            // The sequence led nowhere: its last key may begin another.
            Meaning::Nothing if pressed.len() > 1 => self.key(key),
            Meaning::Nothing if context.is_typing() => self.type_key(key),
            Meaning::Nothing => {}
        }
    }

    /// Pasted text is text, never keys. Where nothing is typed, it is what somebody wants to go to.
    pub(super) fn paste(&mut self, text: &str) {
        let context = self.app.context();
        if !context.is_typing() && spec(Action::Palette).is_in(context) {
            self.act(Action::Palette);
        }
        let mut text = text.trim();
        if self.app.context() == Context::Palette {
            // One reference: the first cell of the first line.
            text = text.split(char::is_control).next().unwrap_or_default();
        }
        if self.app.context().is_typing() {
            for character in text.chars().take(MOST_PASTED) {
                let parts = character.is_control();
                self.edit(Edit::Insert(if parts { ' ' } else { character }));
            }
        }
        if let Some(Layer::Palette(palette)) = self.app.layers.last_mut() {
            palette.pasted = Some(palette.typed.text().trim().to_owned());
        }
    }

    pub(super) fn type_key(&mut self, key: Key) {
        if let (Some(letter), true) = (key.typed(), self.is_on_choice()) {
            self.choose_by_letter(letter);
        } else if let Some(edit) = edit_of(key) {
            self.edit(edit);
        }
    }

    /// Changes the line that is being typed.
    pub(super) fn edit(&mut self, edit: Edit) {
        match self.app.context() {
            Context::Filter if self.edit_activity(edit) || self.edit_narrow(edit) => {}
            Context::Filter if self.app.payments.typed.apply(edit) => self.filter_typed(),
            Context::Compose => self.edit_form(edit),
            Context::Bulk => self.edit_bulk(edit),
            Context::Decide => self.edit_decision(edit),
            Context::Confirm => self.edit_confirm(edit),
            Context::Palette => self.edit_palette(edit),
            _ => {}
        }
    }

    fn edit_palette(&mut self, edit: Edit) {
        if let Some(Layer::Palette(palette)) = self.app.layers.last_mut()
            && palette.typed.apply(edit)
        {
            palette.cursor = 0;
        }
    }
}

/// What a key changes in a line of text.
fn edit_of(key: Key) -> Option<Edit> {
    if let Some(character) = key.typed() {
        return Some(Edit::Insert(character));
    }
    Some(match (key.code, key.ctrl) {
        (Code::Backspace, _) => Edit::Backspace,
        (Code::Delete, _) => Edit::Delete,
        (Code::Left, _) => Edit::Left,
        (Code::Right, _) => Edit::Right,
        (Code::Home, _) | (Code::Char('a'), true) => Edit::Home,
        (Code::End, _) | (Code::Char('e'), true) => Edit::End,
        (Code::Char('u'), true) => Edit::ClearBefore,
        (Code::Char('w'), true) => Edit::Word,
        _ => return None,
    })
}
