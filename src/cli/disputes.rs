//! `dispute`: what a provider or a bank says of a dispute, as a person brings it in.

use super::args::DisputeNews;
use super::open::{Session, misanswered};
use super::payments::dispute_line;
use super::print::Output;
use super::{Exit, Failure, json};
use crate::desk::face::{Class, DisputeReport, PaymentCard, Refusal, Reply, Request};
use crate::domain::money::{Currency, Money};

/// Writes down a dispute, or how far a known one has come.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    news: DisputeNews,
) -> Result<Exit, Failure> {
    let Reply::Payment(card) = session.ask(Request::Payment(news.payment.clone())).await? else {
        return Err(misanswered());
    };
    let report = DisputeReport {
        amount: amount(&card, &news)?,
        payment: card.payment.id.to_string(),
        capture_id: news.capture,
        provider_dispute_id: news.case,
        stage: news.stage,
        deadline: news.deadline,
    };
    let Reply::Dispute(dispute) = session.ask(Request::RecordDispute(report)).await? else {
        return Err(misanswered());
    };
    let printed = match output.json {
        true => output.object(&json::dispute(&dispute)),
        false => output.text(&format!(
            "{}; holds {} {}",
            dispute_line(&dispute),
            dispute.holds.decimal(),
            dispute.holds.currency
        )),
    };
    output.after_deed(printed);
    Ok(Exit::Done)
}

/// As typed, or as the dispute is known: only its stage is news then.
fn amount(card: &PaymentCard, news: &DisputeNews) -> Result<Money, Refusal> {
    let Some(typed) = &news.amount else {
        let mut known = card.elsewhere.disputes.iter();
        return known
            .find(|dispute| dispute.provider_dispute_id == news.case.trim())
            .map(|dispute| dispute.amount)
            .ok_or_else(|| unusable(format!("dispute {:?} is not known yet", news.case)));
    };
    let (figure, code) = match typed.trim().split_once(' ') {
        Some((figure, code)) => (figure, Some(code.trim())),
        None => (typed.trim(), None),
    };
    let currency = match code {
        Some(code) => Currency::from_code(code).map_err(|error| unusable(error.to_string()))?,
        None => card.payment.currency,
    };
    Money::parse(figure, currency).map_err(|error| unusable(error.to_string()))
}

fn unusable(message: String) -> Refusal {
    Refusal {
        class: Class::Usage,
        code: "amount".to_owned(),
        message,
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Say with --amount how much is disputed: 12.50, or 12.50 EUR.".to_owned(),
    }
}
