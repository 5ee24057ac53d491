//! `payments` and `payment`.

use chrono::{DateTime, Utc};

use super::args;
use super::open::{Session, misanswered};
use super::print::{Output, header, line};
use super::{Exit, Failure, discrepancies, json, shift};
use crate::desk::face::{Class, PaymentCard, PaymentRow, Refusal, Reply, Request};
use crate::domain::dispute::Dispute;
use crate::domain::listing::{From, PaymentFilter, PaymentQuery, PaymentSort, Totals};
use crate::domain::query::{self, FilterError};
use crate::domain::text::clean;
use crate::domain::view::View;

mod columns;

use columns::{Shown, cell, heads, shown};

/// Rows asked for at a time.
const PAGE: u32 = 1_000;

/// Lists payments, newest first, page by page.
pub(super) async fn list(
    session: &Session,
    output: &Output,
    arguments: &args::Payments,
) -> Result<Exit, Failure> {
    if let Some(account) = &arguments.account {
        check_account(&known_accounts(session).await?, account)?;
    }
    let view = match &arguments.view {
        Some(name) => shift::named(session, name).await?,
        None => View::default(),
    };
    let filter = filter(session, arguments, &view).await?;
    if arguments.totals {
        return totals(session, output, filter).await;
    }
    let order = |sort: PaymentSort| (sort, sort.usual());
    let (sort, direction) = arguments.sort.map_or((view.sort, view.direction), order);
    let mut query = PaymentQuery {
        filter,
        sort,
        direction: arguments.direction().unwrap_or(direction),
        ..PaymentQuery::default()
    };
    let shown = shown(&view.columns);
    let mut left = arguments.limit.unwrap_or(u32::MAX);
    if !output.json {
        output.text(&header(&heads(&shown)))?;
    }
    let mut found = false;
    while left > 0 {
        query.limit = left.min(PAGE);
        let Reply::Payments(rows) = session.ask(Request::Payments(query.clone())).await? else {
            return Err(misanswered());
        };
        let Some(last) = rows.last() else { break };
        query.from = From::After(last.place);
        left -= u32::try_from(rows.len()).unwrap_or(left).min(left);
        found = true;
        print_rows(output, &rows, &shown, session.clock.now())?;
    }
    if !found && left > 0 && !output.json {
        say_nothing_found(session, output, &query.filter).await?;
    }
    Ok(Exit::Done)
}

/// What the options and the query say together. An option that says something wins over the query.
async fn filter(
    session: &Session,
    arguments: &args::Payments,
    view: &View,
) -> Result<PaymentFilter, Failure> {
    let typed = arguments.query.as_deref().unwrap_or(&view.filter);
    let today = session.clock.now().date_naive();
    let asked = query::parse(typed, today).map_err(|error| misread(typed, &error))?;
    if asked.account.is_some() {
        let known = known_accounts(session).await?;
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        query::check_accounts(typed, &known).map_err(|error| misread(typed, &error))?;
    }
    Ok(PaymentFilter {
        account: arguments.account.clone().or(asked.account),
        from: arguments.from.or(asked.from),
        to: arguments.to.or(asked.to),
        refundable: arguments.refundable || asked.refundable,
        ..asked
    })
}

fn misread(typed: &str, error: &FilterError) -> Refusal {
    Refusal {
        class: Class::Usage,
        code: "query".to_owned(),
        message: format!(
            "--query {typed:?}, at character {}: {:?} {}",
            error.at + 1,
            error.wrong,
            error.what
        ),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: format!("Write {}", error.expected),
    }
}

/// What to ask the caller next, and how far the accounts' data goes: what is not there may only not
/// have been imported.
async fn say_nothing_found(
    session: &Session,
    output: &Output,
    filter: &PaymentFilter,
) -> Result<(), Failure> {
    let Reply::Overview(overview) = session.ask(Request::Overview).await? else {
        return Err(misanswered());
    };
    let mut said = match filter.is_empty() {
        true => "no payments yet; refund-desk import FILE reads a settlement file".to_owned(),
        false => format!("no payment matches; {}", query::ask_next(filter)),
    };
    for account in &overview.accounts {
        let freshness = &account.freshness;
        let at = freshness.at().map_or_else(
            || "never imported or synced".to_owned(),
            |at| at.format("up to date at %Y-%m-%d %H:%M UTC").to_string(),
        );
        said.push_str(&format!("\n{}: {at}", freshness.account));
    }
    output.text(&said)
}

/// Every account there is, and those that left the configuration: they are still known by their
/// payments.
async fn known_accounts(session: &Session) -> Result<Vec<String>, Failure> {
    let Reply::Overview(overview) = session.ask(Request::Overview).await? else {
        return Err(misanswered());
    };
    let configured = overview.accounts.into_iter();
    let configured = configured.map(|known| known.freshness.account);
    Ok(configured.chain(overview.former).collect())
}

/// An account that nobody knows must not look like one without payments.
fn check_account(known: &[String], account: &str) -> Result<(), Refusal> {
    if known.iter().any(|name| name == account) {
        return Ok(());
    }
    Err(Refusal {
        class: Class::Usage,
        code: "unknown_account".to_owned(),
        message: format!("there is no account {account:?}"),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: format!("Name one of: {}", known.join(", ")),
    })
}

/// Count and sums of the filter, a line for each currency.
async fn totals(
    session: &Session,
    output: &Output,
    filter: PaymentFilter,
) -> Result<Exit, Failure> {
    let Reply::Totals(totals) = session.ask(Request::Totals(filter)).await? else {
        return Err(misanswered());
    };
    if output.json {
        for sums in &totals.sums {
            output.object(&json::sums(sums))?;
        }
    } else {
        output.text(&text_totals(&totals))?;
    }
    Ok(Exit::Done)
}

fn text_totals(totals: &Totals) -> String {
    let mut lines = vec![format!("{} payments", totals.count)];
    for sums in &totals.sums {
        lines.push(format!(
            "{} {:>8} payments {:>14} paid {:>14} back {:>14} held {:>14} can refund",
            sums.paid.currency,
            sums.count,
            sums.paid.decimal(),
            sums.refunded.decimal(),
            sums.held.decimal(),
            sums.can_refund.decimal()
        ));
    }
    lines.join("\n")
}

fn print_rows(
    output: &Output,
    rows: &[PaymentRow],
    shown: &[Shown],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let lines: Vec<String> = rows
        .iter()
        .map(|row| match output.json {
            true => json::payment(row).to_string(),
            false => text_row(row, shown, now),
        })
        .collect();
    output.text(&lines.join("\n"))
}

fn text_row(row: &PaymentRow, shown: &[Shown], now: DateTime<Utc>) -> String {
    let cells: Vec<String> = shown.iter().map(|it| cell(row, *it, now)).collect();
    line(&heads(shown), &cells)
}

/// Who paid, and with what: `Jane Doe ·4242`.
pub(super) fn payer(payer: Option<&str>, last4: Option<&str>) -> String {
    match (payer, last4) {
        (Some(payer), Some(last4)) => format!("{payer} ·{last4}"),
        (Some(payer), None) => payer.to_owned(),
        (None, Some(last4)) => format!("·{last4}"),
        (None, None) => "-".to_owned(),
    }
}

/// Shows one payment with its balance explained, as it stands or as it stood.
pub(super) async fn show(
    session: &Session,
    output: &Output,
    payment: String,
    as_of: Option<DateTime<Utc>>,
    verify: bool,
) -> Result<Exit, Failure> {
    let request = match as_of {
        None if verify => Request::RebuildBalance(payment),
        None => Request::Payment(payment),
        Some(at) => Request::PaymentAsOf { payment, at },
    };
    let Reply::Payment(card) = session.ask(request).await? else {
        return Err(misanswered());
    };
    if output.json {
        output.object(&json::payment_card(&card, as_of))?;
    } else {
        if let Some(at) = as_of {
            output.text(&format!(
                "as of             {}\n",
                at.format("%Y-%m-%d %H:%M:%S UTC")
            ))?;
        }
        output.text(&text_card(&card))?;
    }
    Ok(Exit::Done)
}

fn text_card(card: &PaymentCard) -> String {
    let payment = &card.payment;
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    let mut fields = vec![
        ("payment", payment.id.to_string()),
        ("account", payment.account.clone()),
        ("provider id", payment.provider_payment_id.clone()),
        ("reference", text(&payment.reference)),
        ("order", text(&payment.order)),
        (
            "payer",
            payer(payment.payer.as_deref(), payment.last4.as_deref()),
        ),
        ("method", text(&payment.method)),
        ("description", text(&payment.description)),
        ("captured", time(payment.captured_at())),
        (
            "settled",
            payment
                .settled_at()
                .map_or_else(|| "not yet".to_owned(), time),
        ),
    ];
    if let Some(until) = card.eligibility.refundable_until {
        fields.push(("refundable until", format!("{until} UTC")));
    }
    if card.eligibility.unverified {
        let said = "not yet compared with the provider's refunds: the balance is as far as this desk knows";
        fields.push(("~", said.to_owned()));
    } else if let Some(until) = payment.verified_at {
        fields.push(("verified", time(until)));
    }
    if let Some(twin) = &card.twin {
        let at = time(twin.captured_at);
        let said = format!(
            "2x: {} on {}, {at}: the same amount; {} of it went back or is held",
            twin.reference, twin.account, twin.given_back
        );
        fields.push(("paid twice?", said));
    }
    let mut lines: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name:<17} {}", clean(value)))
        .collect();
    lines.push(String::new());
    lines.extend(balance(card));
    for refund in &card.refunds {
        lines.push(format!(
            "refund {} {} {} {}",
            refund.id,
            refund.content.amount,
            refund.state.name(),
            refund.content.reason
        ));
    }
    lines.extend(elsewhere(card));
    lines.extend(card.notes.iter().map(shift::note_line));
    lines.join("\n")
}

/// What happened outside this desk, and what must be cleared up.
fn elsewhere(card: &PaymentCard) -> Vec<String> {
    let elsewhere = &card.elsewhere;
    let external = elsewhere.external.iter().map(discrepancies::external_line);
    let disputes = elsewhere.disputes.iter().map(dispute_line);
    let open = elsewhere.discrepancies.iter().map(|it| {
        let said = discrepancies::described(it);
        format!("discrepancy {} {said}", it.id)
    });
    external.chain(disputes).chain(open).collect()
}

/// A dispute in a line.
pub(super) fn dispute_line(dispute: &Dispute) -> String {
    let until = dispute.deadline.map_or_else(String::new, |at| {
        format!(", answer by {}", at.format("%Y-%m-%d %H:%M UTC"))
    });
    let banner = dispute
        .banner()
        .map_or_else(String::new, |banner| format!("; {banner}"));
    clean(&format!(
        "dispute {} {} {}{until}{banner}",
        dispute.provider_dispute_id,
        dispute.amount,
        dispute.stage.name()
    ))
}

fn balance(card: &PaymentCard) -> Vec<String> {
    card.explained
        .iter()
        .map(|line| {
            let mark = if line.is_sum { "=" } else { " " };
            format!(
                "{mark} {:>14} {}  {}",
                line.amount.decimal(),
                line.amount.currency,
                line.label
            )
        })
        .collect()
}
