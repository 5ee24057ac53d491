//! What the pages say that are made of the screens' own state and of single answers.

use chrono::NaiveDate;

use crate::desk::face::{AuditVerified, PaymentCard};
use crate::domain::money::Money;
use crate::domain::sheet::Sheet;
use crate::tui::state::App;
use crate::tui::state::toast::Level;

use super::{text, words};

/// Findings that are told one by one.
const SHOWN: usize = 20;

/// Cells of what a figure is, before the figure.
const NAME_CELLS: usize = 44;

/// What a figure is and the figure, figures under each other.
fn figure(what: &str, amount: Money) -> String {
    match text::width(what) <= NAME_CELLS {
        true => format!(
            "{} {} {}",
            text::left(what, NAME_CELLS),
            text::right(&amount.grouped(), 16),
            amount.currency
        ),
        false => format!("{what}: {} {}", amount.grouped(), amount.currency),
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

/// What a check of the records found.
pub fn audit(app: &App, told: &AuditVerified) -> Sheet {
    let mut sheet = Sheet::default();
    match told.findings.len() {
        0 => sheet.head("sound: every entry is as it was written"),
        count => sheet.head(format!("NOT as written: {count} found")),
    }
    sheet.say(format!("{} entries were read", told.entries));
    if let Some((anchor, at)) = &told.head {
        let at = words::moment(app, *at);
        sheet.say(format!("the last is number {}, of {at}", anchor.seq));
    }
    for finding in told.findings.iter().take(SHOWN) {
        sheet.alarm(&finding.detail);
    }
    if told.findings.len() > SHOWN {
        sheet.alarm("and more");
    }
    if !told.findings.is_empty() {
        sheet.say(
            "do not rely on what these records say of refunds: the providers know what was paid",
        );
        sheet.say("stop using this desk, and tell whoever looks after it");
    }
    sheet
}

/// A payment as it was at the end of a day.
pub fn back_then(card: &PaymentCard, day: NaiveDate) -> Sheet {
    let mut sheet = Sheet::default();
    let payment = &card.payment;
    let reference = payment.reference.as_deref();
    let name = reference.unwrap_or(&payment.provider_payment_id);
    sheet.head(format!("{name} at the end of {day} (UTC)"));
    for line in &card.explained {
        sheet.say(figure(&line.label, line.amount));
    }
    sheet.head("refunds it had by then");
    if card.refunds.is_empty() {
        sheet.none("none");
    }
    for refund in &card.refunds {
        let (id, maker) = (refund.id.short(), &refund.content.maker);
        let state = refund.state.name().replace('_', " ");
        sheet.say(figure(
            &format!("{id} by {maker}, {state}"),
            refund.content.amount,
        ));
    }
    sheet
}
