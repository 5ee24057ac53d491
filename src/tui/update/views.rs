//! One's own columns and views of the list of payments.

use crate::desk::face::{Request, ViewsAsk};
use crate::domain::query;
use crate::domain::view::{self, View, Views};
use crate::tui::state::Layer;
use crate::tui::state::decide::{About, Form};
use crate::tui::state::edit::LineEdit;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::undo::Dropped;
use crate::tui::state::views::Columns;

use super::Turn;

impl Turn<'_> {
    fn ask_views(&mut self, ask: ViewsAsk) {
        self.ask(Slot::Views, Request::Views(ask));
    }

    /// How whoever sits here left their lists.
    pub(super) fn open_views(&mut self) {
        self.ask_views(ViewsAsk::Show);
    }

    pub(super) fn views_answered(&mut self, views: Views) {
        let named = self.app.decision().map(|form| form.about);
        if matches!(named, Some(About::SaveView | About::RenameView)) {
            self.close_decision();
        }
        // A view that is looked at has its own columns: they are kept once they are changed.
        if !self.app.views.is_known {
            self.app.payments.columns.clone_from(&views.columns);
        }
        self.app.views = views.into();
        let last = self.app.views.saved.len().saturating_sub(1);
        if let Some(Layer::Views { cursor }) = self.app.layers.last_mut() {
            *cursor = (*cursor).min(last);
        }
    }

    pub(super) fn choose_columns(&mut self) {
        let columns = Columns::of(&self.app.payments.columns);
        self.push(Layer::Columns(columns));
    }

    fn columns(&mut self) -> Option<&mut Columns> {
        match self.app.layers.last_mut() {
            Some(Layer::Columns(columns)) => Some(columns),
            _ => None,
        }
    }

    /// Shows or hides the column under the cursor.
    pub(super) fn turn_column(&mut self) {
        if self.columns().is_some_and(|columns| !columns.turn()) {
            return self.say(Level::Info, "one column stays");
        }
        self.keep_columns();
    }

    pub(super) fn carry_column(&mut self, by: isize) {
        if let Some(columns) = self.columns() {
            columns.carry(by);
        }
        self.keep_columns();
    }

    /// As the desk has them.
    pub(super) fn reset_columns(&mut self) {
        if let Some(columns) = self.columns() {
            *columns = Columns::of(&[]);
        }
        self.keep_columns();
    }

    /// The list follows at once, and it is kept.
    fn keep_columns(&mut self) {
        let Some(columns) = self.columns() else {
            return;
        };
        let chosen = view::chosen(&columns.choice);
        self.app.payments.columns.clone_from(&chosen);
        if !self.app.is_read_only() {
            self.ask_views(ViewsAsk::Columns(chosen));
        }
    }

    pub(super) fn show_views(&mut self) {
        self.push(Layer::Views { cursor: 0 });
    }

    /// The saved view under the cursor.
    fn chosen_view(&self) -> Option<&View> {
        let cursor = self.app.layers.iter().rev().find_map(|layer| match layer {
            Layer::Views { cursor } => Some(*cursor),
            _ => None,
        });
        self.app.views.saved.get(cursor?)
    }

    /// The list of payments becomes what the view says.
    pub(super) fn apply_view(&mut self) {
        if let Some(view) = self.chosen_view().cloned() {
            self.apply(view);
        }
    }

    pub(super) fn apply(&mut self, view: View) {
        let read = query::parse(&view.filter, self.app.now.date_naive());
        let Ok(filter) = read else {
            let said = "the filter of this view cannot be read any more";
            return self.say(Level::Error, said);
        };
        let chosen = |layer: &Layer| matches!(layer, Layer::Views { .. });
        self.app.layers.retain(|layer| !chosen(layer));
        let payments = &mut self.app.payments;
        payments.filter = filter;
        payments.typed = LineEdit::new(&view.filter);
        payments.error = None;
        (payments.sort, payments.direction) = (view.sort, view.direction);
        payments.columns = view.columns;
        self.open_payments();
        self.say(Level::Info, format!("view: {}", view.name));
    }

    pub(super) fn write_view(&mut self) {
        let filter = match self.app.payments.filter.is_empty() {
            true => "none".to_owned(),
            false => self.app.payments.typed.text().to_owned(),
        };
        let facts = vec![("filter".to_owned(), filter)];
        let form = Form::new(About::SaveView, "Save this view".to_owned(), facts);
        self.push(Layer::Decide(Box::new(form)));
    }

    pub(super) fn rename_view(&mut self) {
        let Some(name) = self.chosen_view().map(|view| view.name.clone()) else {
            return;
        };
        let facts = vec![("view".to_owned(), name.clone())];
        let mut form = Form::new(About::RenameView, "Rename this view".to_owned(), facts);
        form.name = LineEdit::new(&name);
        self.push(Layer::Decide(Box::new(form)));
    }

    pub(super) fn delete_view(&mut self) {
        if let Some(view) = self.chosen_view().cloned() {
            let name = view.name.clone();
            self.dropped(Dropped::View(view), &format!("view {name} is forgotten"));
            self.ask_views(ViewsAsk::Delete { name });
        }
    }

    /// The name of a view was written down; false: the form is about something else.
    pub(super) fn name_view(&mut self) -> bool {
        let form = self.app.decision();
        let Some((about, name)) = form.map(|it| (it.about, it.name.text().trim().to_owned()))
        else {
            return false;
        };
        let ask = match (about, self.chosen_view()) {
            (About::SaveView, _) => ViewsAsk::Save(self.view_as_it_is(name)),
            (About::RenameView, Some(view)) => ViewsAsk::Rename {
                from: view.name.clone(),
                to: name,
            },
            _ => return false,
        };
        self.ask_views(ask);
        true
    }

    fn view_as_it_is(&self, name: String) -> View {
        let payments = &self.app.payments;
        View {
            name,
            filter: match payments.filter.is_empty() {
                true => String::new(),
                false => payments.typed.text().to_owned(),
            },
            sort: payments.sort,
            direction: payments.direction,
            columns: payments.columns.clone(),
        }
    }
}
