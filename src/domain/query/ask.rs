//! What to ask a caller when nothing was found.

use crate::domain::listing::PaymentFilter;

/// The question that would find it, given what was looked for already.
pub fn ask_next(filter: &PaymentFilter) -> &'static str {
    let narrowed = filter.account.is_some()
        || filter.refundable
        || filter.can.is_some()
        || !filter.states.is_empty();
    if filter.paid_on.is_some() {
        "ask for the date on the statement, or give it more days: 14nov~7"
    } else if filter.last4.is_some() && filter.paid.is_some() {
        "ask whether another card was used, or for the order or e-mail"
    } else if filter.last4.is_some() {
        "ask for the amount and the date: 4242 59 14nov~3"
    } else if filter.email.is_some() || filter.words.iter().any(|word| word.contains('@')) {
        "ask for the order, or the last four digits and the amount"
    } else if !filter.words.is_empty() {
        "ask for the last four digits, the amount and the date: 4242 59 14nov~3"
    } else if filter.paid.is_some() {
        "ask for the last four digits and the date: 4242 59 14nov~3"
    } else if narrowed {
        "leave a term out: the payment may stand in another account or state"
    } else {
        "try more days: settled:2026-11"
    }
}
