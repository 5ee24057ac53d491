//! What the pages say that are made of the screens' own state.

use crate::domain::money::Money;
use crate::domain::sheet::Sheet;
use crate::tui::state::App;
use crate::tui::state::toast::Level;

use super::{text, words};

/// Cells of what a figure is, before the figure.
const NAME_CELLS: usize = 44;

/// What a figure is and the figure, figures under each other.
pub fn figure(what: &str, amount: Money) -> String {
    match text::width(what) <= NAME_CELLS {
        true => format!(
            "{} {} {}",
            text::left(what, NAME_CELLS),
            text::right(&amount.grouped(), 16),
            amount.currency
        ),
        false => format!("{what}: {}", super::words::money(amount)),
    }
}

/// Count and sums of the list of payments, a part for each currency.
pub fn sums(app: &App) -> Sheet {
    let mut sheet = Sheet::default();
    let payments = &app.payments;
    let which = match payments.filter.is_empty() {
        true => "all payments".to_owned(),
        false => format!("/ {}", payments.typed.text()),
    };
    let Some(totals) = &payments.totals else {
        sheet.head(which);
        sheet.none("counting …");
        return sheet;
    };
    sheet.head(format!(
        "{which}: {}, each currency by itself",
        totals.count
    ));
    for sums in &totals.sums {
        sheet.head(format!("{} · {} payments", sums.paid.currency, sums.count));
        sheet.say(figure("paid", sums.paid));
        sheet.say(figure("went back", sums.refunded));
        sheet.say(figure("held", sums.held));
        sheet.say(figure("can refund", sums.can_refund));
    }
    sheet
}

/// What was said in passing, newest first.
pub fn messages(app: &App) -> Sheet {
    let mut sheet = Sheet::default();
    for (at, level, text) in app.said.newest_first() {
        let at = at.with_timezone(&words::zone(app)).format("%H:%M:%S");
        match level {
            Level::Error => sheet.alarm(format!("{at}  error: {text}")),
            Level::Good | Level::Info => sheet.say(format!("{at}  {text}")),
        }
    }
    if sheet.0.is_empty() {
        sheet.none("nothing was said yet");
    }
    sheet
}
