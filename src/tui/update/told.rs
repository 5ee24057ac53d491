//! What the pages say that are made of a single answer.

use chrono::NaiveDate;

use crate::desk::face::{AuditVerified, PaymentCard};
use crate::domain::sheet::Sheet;
use crate::tui::state::App;
use crate::tui::widget::sheets::figure;
use crate::tui::widget::words;

/// Findings that are told one by one.
const SHOWN: usize = 20;

/// What a check of the records found.
pub(super) fn audit(app: &App, told: &AuditVerified) -> Sheet {
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
pub(super) fn back_then(card: &PaymentCard, day: NaiveDate) -> Sheet {
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
        sheet.say(figure(
            &format!("{id} by {maker}, {}", refund.state.words()),
            refund.content.amount,
        ));
    }
    sheet
}
