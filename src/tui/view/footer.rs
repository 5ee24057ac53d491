//! The last two lines: what was said or how old the data is, and the keys of the moment.

use crate::tui::action::{ACTIONS, Action, Context, Spec, enabled, spec};
use crate::tui::keymap::written;
use crate::tui::state::App;
use crate::tui::state::toast::Level;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::{text, words};

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) {
    match app.toasts.last() {
        Some(toast) => {
            let (word, role) = match toast.level {
                Level::Good => ("", Role::Good),
                Level::Info => ("", Role::Warn),
                Level::Error => ("error: ", Role::Bad),
            };
            let more = match app.toasts.len() {
                1 => String::new(),
                count => format!(" (+{})", count - 1),
            };
            // How it goes away stands there however much is said.
            let end = dismiss(toast.level);
            let rest = text::width(end) + text::width(&more);
            let whole = format!("{word}{}", toast.text);
            let mut room = pen.width().saturating_sub(rest);
            let key = app.keymap.keys_of(Action::Messages, app.context());
            let in_full = match key.first() {
                Some(key) if text::width(&whole) > room => format!(" · {key} all of it"),
                _ => String::new(),
            };
            room = room.saturating_sub(text::width(&in_full));
            let said = format!("{}{in_full}{end}", text::truncate(&whole, room));
            let taken = pen.pieces(0, 0, &[(said, role), (more, Role::Dim)]);
            let work = work(app);
            if taken + text::width(&work) <= pen.width() {
                pen.put_right(0, &[(work, Role::Warn)]);
            }
        }
        None => ages(app, pen),
    }
    keys(app, &mut pen.rows(1, 1));
}

const fn dismiss(level: Level) -> &'static str {
    match level {
        Level::Error => " · esc",
        _ => "",
    }
}

/// What goes on behind the screens, apart from what stands before it.
fn work(app: &App) -> String {
    app.work()
        .map_or_else(String::new, |work| format!("  {work}"))
}

/// When each account was last imported or synced: the stalest first, and how many there is no room
/// for.
fn ages(app: &App, pen: &mut Pen<'_>) {
    let Some(overview) = &app.overview else {
        return;
    };
    let work = work(app);
    let room = pen.width().saturating_sub(text::width(&work));
    let mut accounts: Vec<_> = overview.accounts.iter().map(|it| &it.freshness).collect();
    accounts.sort_by_key(|freshness| freshness.at());
    let mut pieces: Vec<Piece> = vec![("data".to_owned(), Role::Dim)];
    let mut used = text::width("data");
    for (at, freshness) in accounts.iter().enumerate() {
        let name = format!("  {}", freshness.account);
        let age = match freshness.at() {
            Some(at) => format!(" {} ago", words::age(app.now, at)),
            None => " never".to_owned(),
        };
        let behind = match accounts.len() - at - 1 {
            0 => 0,
            count => text::width(&format!("  +{count}")),
        };
        let cells = text::width(&name) + text::width(&age);
        if used + cells + behind > room {
            pieces.push((format!("  +{}", accounts.len() - at), Role::Dim));
            break;
        }
        used += cells;
        pieces.extend([(name, Role::Text), (age, Role::Dim)]);
    }
    pen.pieces(0, 0, &pieces);
    pen.put_right(0, &[(work, Role::Warn)]);
}

fn keys(app: &App, pen: &mut Pen<'_>) {
    if !app.pressed.is_empty() {
        pen.put(0, 0, &format!("{} …", written(&app.pressed)), Role::Key);
        return;
    }
    let mut keys = offered(app);
    // What every screen needs stays in view when not all keys fit.
    let stays = |action| {
        matches!(
            action,
            Action::Open | Action::Help | Action::Back | Action::Quit
        )
    };
    let needed = |keys: &[Offer]| keys.iter().map(Offer::cells).sum::<usize>();
    while needed(&keys) > pen.width() + 2 {
        let Some(at) = keys.iter().rposition(|offer| !stays(offer.action)) else {
            break;
        };
        keys.remove(at);
    }
    let mut x = 0;
    for offer in keys {
        if x + offer.cells() > pen.width() + 2 {
            break;
        }
        let words = (format!(" {}", offer.short), offer.role);
        // Told without colour too: a key that does nothing now is not bold.
        let key = match offer.role {
            Role::Dim => Role::Dim,
            _ => Role::Key,
        };
        x = pen.pieces(x, 0, &[(offer.key, key), words]) + 2;
    }
}

/// A key and what it does.
struct Offer {
    action: Action,
    key: String,
    short: &'static str,
    role: Role,
}

impl Offer {
    /// The cells it takes, with the gap after it.
    fn cells(&self) -> usize {
        text::width(&self.key) + text::width(self.short) + 3
    }
}

fn offered(app: &App) -> Vec<Offer> {
    let context = app.context();
    let over = !matches!(
        context,
        Context::Payments | Context::Refunds | Context::ToDo
    );
    let shown = ACTIONS.iter().filter(|entry| {
        let leaves = over && entry.action == Action::Quit;
        // A dialog offers its key only once it listens: what is typed before is forgotten.
        let deaf = context == Context::Confirm && enabled(entry.action, app).is_err();
        let second = matches!(
            entry.action,
            Action::Again
                | Action::Approve
                | Action::Decline
                | Action::Resolve
                | Action::Withdraw
                | Action::Complete
        );
        let beside = matches!(context, Context::Sheet | Context::Decide);
        let second = second || (beside && entry.action == Action::Explain);
        let idle = second && enabled(entry.action, app).is_err();
        // Refunds have tabs, which are wanted more often than another order.
        let rare = context == Context::Refunds && entry.action == Action::Sort;
        entry.flags.footer && entry.is_in(context) && !leaves && !deaf && !idle && !rare
    });
    // What sends or goes on comes before what only looks.
    let looks = |entry: &&Spec| {
        let asked = matches!(
            context,
            Context::Compose | Context::Confirm | Context::Decide
        );
        asked && entry.action == Action::Explain
    };
    let (last, first): (Vec<&Spec>, Vec<&Spec>) = shown.partition(looks);
    let shown = first.into_iter().chain(last);
    let shown = shown.chain(over.then(|| spec(Action::Back)));
    let offer = |entry: &Spec| {
        let short = match (entry.action, context) {
            (Action::Back, Context::Confirm) => "cancel",
            (Action::Approve, _) if app.focus_request().is_some() => "answer",
            (Action::Decline, _) if app.focus_request().is_some() => "refuse",
            (Action::Resolve, _) if app.focus_request().is_some() => "other account",
            _ => entry.short,
        };
        let usable = enabled(entry.action, app).is_ok();
        Some(Offer {
            action: entry.action,
            key: app
                .keymap
                .keys_of(entry.action, context)
                .into_iter()
                .next()?,
            short,
            role: if usable { Role::Text } else { Role::Dim },
        })
    };
    shown.filter_map(offer).collect()
}
