//! The queue of what waits for a person: asked for anew whenever something changed.

use crate::desk::face::{Request, ToDoItem};
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::todo::Item;
use crate::tui::state::{Layer, Screen, layout};

use super::{Turn, convert};

impl Turn<'_> {
    pub(super) fn ask_todo(&mut self) {
        self.app.todo.asked_at = self.app.now;
        self.ask(Slot::ToDo, Request::ToDo);
    }

    pub(super) fn todo_answered(&mut self, items: Vec<ToDoItem>) {
        let height = layout::todo_items(self.app.size);
        let was_at = self.app.todo.cursor().unwrap_or(0);
        let viewer = &self.app.actor;
        let items = items.into_iter();
        let items: Vec<Item> = items.map(|it| convert::item(it, viewer)).collect();
        self.say_what_is_asked(&items);
        let todo = &mut self.app.todo;
        todo.items = items;
        todo.loaded = true;
        todo.failed = None;
        self.keep_tab();
        self.app.todo.settle(was_at, height);
    }

    /// A network waits for seconds: whoever looks elsewhere is told.
    fn say_what_is_asked(&mut self, items: &[Item]) {
        let todo = &self.app.todo;
        let known = |item: &Item| todo.items.iter().any(|it| it.subject() == item.subject());
        let mut new = items.iter().filter(|it| it.request.is_some() && !known(it));
        let (first, more) = (new.next().and_then(Item::amount), new.count());
        let Some(amount) = first.filter(|_| self.app.screen != Screen::ToDo) else {
            return;
        };
        let more = match more {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let said = format!("a network asks where to refund {amount}{more}: to do (3)");
        self.say(Level::Info, said);
    }

    /// Once it is looked at, a tab stays open, whatever comes on the others.
    pub(super) fn keep_tab(&mut self) {
        let todo = &mut self.app.todo;
        if self.app.screen == Screen::ToDo && todo.loaded {
            todo.tab = Some(todo.tab());
        }
    }

    /// A time has passed: the safe step may be another one now.
    pub(super) fn look_at_the_clock(&mut self) {
        if self.app.todo.is_old(self.app.now) {
            self.ask_todo();
        }
    }

    pub(super) fn open_item(&mut self) {
        let Some(item) = self.app.todo.item() else {
            return;
        };
        match item.refund.clone() {
            Some(row) => self.open_refund(row),
            None => {
                let id = item.payment;
                self.push(Layer::Payment { id, scroll: 0 });
            }
        }
    }

    /// What was decided on may not be what is.
    pub(super) fn look_again(&mut self) {
        self.ask_todo();
        let mut layers = self.app.layers.iter().rev();
        let shown = layers.find_map(|layer| match layer {
            Layer::Refund(page) => Some(page.row.refund.id),
            _ => None,
        });
        if let Some(id) = shown {
            self.ask_refund(id);
        }
    }
}
