//! A typed line where the desk is read line by line: an action by key or name, or what a field is
//! asked for.

use crate::tui::action::{ACTIONS, Action, Context};
use crate::tui::keymap::{Code, Key, Meaning};
use crate::tui::state::Screen;
use crate::tui::state::edit::Edit;
use crate::tui::state::palette::{Found, Palette};

use super::Turn;

impl Turn<'_> {
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim();
        self.app.todo.reviewing = None;
        if let Some(name) = line.strip_prefix(':') {
            return self.named(name.trim());
        }
        match self.app.context() {
            Context::Confirm => self.say_yes(line),
            context if context.is_typing() => self.fill_in(line),
            _ => self.command(line),
        }
    }

    /// Nothing typed is Cancel, as on the screen.
    fn say_yes(&mut self, line: &str) {
        if line.is_empty() {
            return self.act(Action::Back);
        }
        let keys = self.app.keymap.keys_of(Action::Confirm, Context::Confirm);
        if line == "yes" || keys.iter().any(|key| key == line) {
            return self.act(Action::Confirm);
        }
        self.edit(Edit::End);
        self.edit(Edit::ClearBefore);
        self.type_line(line);
    }

    /// What a field is asked for takes the place of what was in it, and the next is asked for; an
    /// empty line keeps it.
    fn fill_in(&mut self, line: &str) {
        if !line.is_empty() {
            if !self.is_on_choice() {
                self.edit(Edit::End);
                self.edit(Edit::ClearBefore);
            }
            self.type_line(line);
        }
        match self.app.context() {
            Context::Palette => self.act(Action::Run),
            _ => self.act(Action::Accept),
        }
    }

    fn type_line(&mut self, line: &str) {
        // A choice is made by its first letter.
        let most = if self.is_on_choice() { 1 } else { usize::MAX };
        for character in line.chars().take(most) {
            self.type_key(Key::plain(Code::Char(character)));
        }
    }

    fn command(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if let Some(filter) = line.strip_prefix('/') {
            self.act(Action::Filter);
            return self.fill_in(filter);
        }
        let keys: Option<Vec<Key>> = line.split_whitespace().map(Key::parse).collect();
        let meaning = keys.map(|keys| self.app.keymap.meaning(self.app.context(), &keys));
        match meaning {
            Some(Meaning::Action(action)) => self.act(action),
            _ => self.named(line),
        }
    }

    /// An action by its name, or by so much of its beginning as tells it apart; else a reference or id to go to.
    fn named(&mut self, name: &str) {
        let context = self.app.context();
        let here = || ACTIONS.iter().filter(|spec| spec.is_in(context));
        if let Some(spec) = here().find(|spec| spec.id == name || spec.short == name) {
            return self.act(spec.action);
        }
        let mut begun = here().filter(|spec| !name.is_empty() && spec.short.starts_with(name));
        if let (Some(only), None) = (begun.next(), begun.next())
            && !only.flags.dangerous
        {
            return self.act(only.action);
        }
        let mut palette = Palette::default();
        for character in name.chars() {
            palette.typed.apply(Edit::Insert(character));
        }
        let found = self.app.offered(&palette);
        if let Some(handle) = palette.handle(&found) {
            return self.jump(handle);
        }
        let meant = match found.first() {
            Some(Found::View(view)) if view.name.to_lowercase() == name.to_lowercase() => {
                let view = (*view).clone();
                self.show(Screen::Payments);
                return self.apply(view);
            }
            // What is only similar to what was typed is not what was meant.
            Some(Found::View(view)) => view.name.as_str(),
            Some(Found::Command(spec)) => spec.short,
            None => return,
        };
        let said = format!("did you mean {meant}? type it in full");
        self.say(crate::tui::state::toast::Level::Info, said);
    }
}
