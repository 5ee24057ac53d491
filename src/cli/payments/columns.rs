//! The columns of the list of payments, as the desk has them or as a view says.

use chrono::{DateTime, Utc};

use crate::cli::print::{self, Align};
use crate::desk::face::PaymentRow;
use crate::domain::view::Column;

/// A column of the printed list: our id always stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Our id.
    Id,
    /// One that can be chosen.
    Of(Column),
}

/// Which columns are printed.
pub(super) fn shown(chosen: &[Column]) -> Vec<Shown> {
    const USUAL: [Column; 7] = [
        Column::Settled,
        Column::Reference,
        Column::Payer,
        Column::Paid,
        Column::Currency,
        Column::CanRefund,
        Column::Account,
    ];
    let chosen = match chosen.is_empty() {
        true => USUAL.iter(),
        false => chosen.iter(),
    };
    let chosen = chosen.map(|column| Shown::Of(*column));
    std::iter::once(Shown::Id).chain(chosen).collect()
}

/// Their heads.
pub(super) fn heads(shown: &[Shown]) -> Vec<print::Column> {
    shown.iter().map(|column| head(*column)).collect()
}

const fn head(shown: Shown) -> print::Column {
    match shown {
        Shown::Id => ("ID", 13, Align::Left),
        Shown::Of(Column::Settled) => ("SETTLED UTC", 11, Align::Left),
        Shown::Of(Column::Reference) => ("REFERENCE", 14, Align::Left),
        Shown::Of(Column::Payer) => ("PAYER", 20, Align::Left),
        Shown::Of(Column::Account) => ("ACCOUNT", 10, Align::Left),
        Shown::Of(Column::Order) => ("ORDER", 14, Align::Left),
        Shown::Of(Column::Currency) => ("", 3, Align::Left),
        Shown::Of(Column::Paid) => ("PAID", 11, Align::Right),
        Shown::Of(Column::Refunded) => ("REFUNDED", 11, Align::Right),
        Shown::Of(Column::Held) => ("HELD", 11, Align::Right),
        Shown::Of(Column::CanRefund) => ("CAN REFUND", 12, Align::Right),
        Shown::Of(Column::Until) => ("UNTIL", 10, Align::Left),
        Shown::Of(Column::Status) => ("STATUS", 12, Align::Left),
    }
}

/// What a payment has in a column.
pub(super) fn cell(row: &PaymentRow, shown: Shown, now: DateTime<Utc>) -> String {
    let payment = &row.payment;
    let figures = payment.figures();
    let none = || "-".to_owned();
    let column = match shown {
        Shown::Id => return payment.id.to_string(),
        Shown::Of(column) => column,
    };
    match column {
        Column::Settled => payment
            .settled_at()
            .map_or_else(none, |at| at.format("%Y-%m-%d").to_string()),
        Column::Reference => payment.reference.clone().unwrap_or_else(none),
        Column::Payer => super::payer(payment.payer.as_deref(), payment.last4.as_deref()),
        Column::Account => payment.account.clone(),
        Column::Order => payment.order.clone().unwrap_or_else(none),
        Column::Currency => payment.currency.to_string(),
        Column::Paid => figures.captured.decimal(),
        Column::Refunded => figures.executed.decimal(),
        Column::Held => figures.held.decimal(),
        Column::CanRefund => can_refund(row),
        Column::Until => {
            let until = row.eligibility.refundable_until;
            until.map_or_else(none, |day| day.to_string())
        }
        Column::Status => payment.standing(now).word().to_owned(),
    }
}

fn can_refund(row: &PaymentRow) -> String {
    match row.eligibility.why_not {
        Some(why) => why.short().to_owned(),
        None if row.eligibility.unverified => format!("~{}", row.eligibility.can_refund.decimal()),
        None => row.eligibility.can_refund.decimal(),
    }
}
