//! The brake: anyone stops sending, two people let it go on.

use crate::desk::face::{Request, SendingOrder};
use crate::domain::sending::{Resumption, Stop};
use crate::tui::state::confirm::What;
use crate::tui::state::decide::{About, Form};
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::{App, Layer};

use super::Turn;
use super::decide::dialog;

impl Turn<'_> {
    /// Every account or one of them is chosen, and why; it counts at once.
    pub(super) fn stop_sending(&mut self) {
        let facts = vec![
            line("waits", "what is composed or queued"),
            line(
                "goes on",
                "what a provider has already; it is still asked about",
            ),
            line("to go on", "two people resume it"),
        ];
        self.push(Layer::Decide(Box::new(Form {
            places: sending(self.app),
            ..Form::new(About::StopSending, "Stop sending".to_owned(), facts)
        })));
    }

    /// One of the stops that stand is chosen.
    pub(super) fn resume_sending(&mut self) {
        let stops = &stopped(self.app);
        let facts = stops.iter().map(|stop| match &stop.proposed {
            Some(first) => line(
                "stopped",
                &format!("{}; {} proposed to go on", stop.sentence(), first.by),
            ),
            None => line("stopped", &stop.sentence()),
        });
        let facts = facts.collect();
        self.push(Layer::Decide(Box::new(Form {
            places: stops.iter().map(|stop| stop.account.clone()).collect(),
            ..Form::new(About::ResumeSending, "Resume sending".to_owned(), facts)
        })));
    }

    /// What goes out by it is said before it does.
    pub(super) fn confirm_resuming(&mut self) {
        let Some(form) = self.decision() else {
            return;
        };
        let (place, note) = (form.place(), form.note.text().trim().to_owned());
        let on = stopped(self.app)
            .into_iter()
            .find(|stop| stop.account == place);
        let then = match on.as_ref().and_then(|stop| stop.proposed.as_ref()) {
            Some(first) if first.by != self.app.actor => {
                format!("{} proposed it: what is queued goes out", first.by)
            }
            _ => "it stays stopped until another person says so, too".to_owned(),
        };
        let mut facts: Vec<_> = on
            .iter()
            .map(|stop| line("stopped", &stop.sentence()))
            .collect();
        facts.push(line("then", &then));
        if !note.is_empty() {
            facts.push(line("note", &note));
        }
        self.open_confirm(dialog(What::Resume, "Resume sending?".to_owned(), facts));
    }

    pub(super) fn sending_stopped(&mut self, stop: &Stop) {
        self.sending_changed();
        self.say(Level::Good, format!("STOPPED: {}", stop.sentence()));
    }

    pub(super) fn sending_resumed(&mut self, resumption: &Resumption) {
        self.sending_changed();
        let said = match resumption {
            Resumption::Proposed(_) => {
                "proposed to resume; still stopped until another person agrees"
            }
            Resumption::Resumed(_) => "resumed: what is queued goes out",
        };
        self.say(Level::Good, said);
    }

    fn sending_changed(&mut self) {
        self.close_confirm();
        self.close_decision();
        self.ask(Slot::Overview, Request::Overview);
        self.ask_todo();
        if self.app.providers.is_some() {
            self.ask(Slot::Providers, Request::Providers);
        }
    }
}

/// Every account, and each that can send.
fn sending(app: &App) -> Vec<Option<String>> {
    let accounts = app.overview.iter().flat_map(|it| &it.accounts);
    let names = accounts
        .filter(|it| it.can_send)
        .map(|it| Some(it.freshness.account.clone()));
    std::iter::once(None).chain(names).collect()
}

fn stopped(app: &App) -> Vec<Stop> {
    app.overview
        .iter()
        .flat_map(|it| it.stops.clone())
        .collect()
}

fn line(name: &str, what: &str) -> (String, String) {
    (name.to_owned(), what.to_owned())
}

/// The form as the desk reads it.
pub(super) fn order(form: &Form) -> SendingOrder {
    let note = form.note.text().trim();
    SendingOrder {
        account: form.place(),
        note: (!note.is_empty()).then(|| note.to_owned()),
    }
}
