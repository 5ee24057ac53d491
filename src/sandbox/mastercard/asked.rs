//! The bodies that participants send, and the checks that need no records.

use chrono::DateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::reply::Refused;
use super::{BUSINESS_TYPE, CREDITOR_ID};
use crate::domain::money::{Currency, Money};

type Text = Option<String>;

/// The members that every body begins with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    initiating_party_id: Text,
    message_id: Text,
    creation_date_time: Text,
    business_type: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Creditor {
    creditor_id: Text,
    creditor_service_provider_id: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Debtor {
    debtor_id: Text,
    debtor_service_provider_id: Text,
}

#[derive(Deserialize)]
struct Amount {
    currency: Text,
    value: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundMembers {
    payment_request_lifecycle_id: Text,
    refund_amount: Option<Amount>,
    refund_reason: Text,
    refund_method: Text,
    creditor_refund_reference: Text,
    case_reference_id: Text,
}

#[derive(Deserialize)]
struct RefundBody {
    creditor: Option<Creditor>,
    refund: Option<RefundMembers>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    refund_status: Text,
    refund_status_reason: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    // Lower-case p in "payment", as the specification has it.
    #[serde(rename = "refundpaymentReference")]
    refund_payment_reference: Text,
    clearing_system: Text,
    refund_amount: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmationBody {
    payment_request_lifecycle_id: Text,
    refund_request_lifecycle_id: Text,
    creditor: Option<Creditor>,
    status: Option<Status>,
    refund_payment_confirmation: Option<Paid>,
    refund_request_status_retrieval_lifecycle_id: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetrievalBody {
    payment_request_lifecycle_id: Text,
    refund_request_lifecycle_id: Text,
    creditor: Option<Creditor>,
    debtor: Option<Debtor>,
}

/// A refund as it was asked for.
pub(super) struct RefundAsked {
    pub amount: Money,
    pub reason: String,
    pub method: String,
    pub reference: Option<String>,
    pub case: Option<String>,
}

/// What the creditor's side says about its transfer.
pub(super) struct Confirmed {
    pub status: String,
    pub reason: Option<String>,
    pub reference: Option<String>,
    pub amount: Option<Money>,
    /// The question that it answers.
    pub retrieval: Option<String>,
}

/// Checks the block, and gives the id of the message.
pub(super) fn block(body: &[u8], participant_id: &str) -> Result<String, Refused> {
    let block: Block = parse(body)?;
    let initiating = text(&block.initiating_party_id, "initiatingPartyId", 35)?;
    if initiating != participant_id {
        return Err(Refused::rule(
            "AGRM-0003",
            "initiatingPartyId differs from X-Participant-ID",
        ));
    }
    let created = text(&block.creation_date_time, "creationDateTime", 35)?;
    if !created.ends_with('Z') || DateTime::parse_from_rfc3339(created).is_err() {
        return Err(Refused::structure("creationDateTime is not a UTC time"));
    }
    let business = block.business_type.as_deref().map(RawValue::get);
    match business.and_then(|it| it.parse::<u16>().ok()) {
        Some(BUSINESS_TYPE) => {}
        Some(1..=999) => return Err(Refused::rule("AGRM-0004", "businessType is not known")),
        _ => {
            return Err(Refused::structure(
                "businessType is not a number of 1 to 999",
            ));
        }
    }
    text(&block.message_id, "messageId", 35).map(str::to_owned)
}

/// Reads what is asked of a refund of this payment.
pub(super) fn refund(body: &[u8], payment: &str) -> Result<RefundAsked, Refused> {
    let body: RefundBody = parse(body)?;
    creditor(body.creditor.as_ref())?;
    let refund = body.refund.ok_or_else(|| missing("refund"))?;
    same(
        &refund.payment_request_lifecycle_id,
        "refund.paymentRequestLifecycleId",
        payment,
    )?;
    let asked = RefundAsked {
        amount: amount(refund.refund_amount.as_ref(), "refund.refundAmount")?,
        reason: text(&refund.refund_reason, "refund.refundReason", 25)?.to_owned(),
        method: text(&refund.refund_method, "refund.refundMethod", 20)?.to_owned(),
        reference: optional(
            &refund.creditor_refund_reference,
            "refund.creditorRefundReference",
            35,
        )?,
        case: optional(&refund.case_reference_id, "refund.caseReferenceId", 35)?,
    };
    if asked.case.is_some() && asked.reason != "DISPUTES" {
        return Err(Refused::structure(
            "refund.caseReferenceId belongs to the reason DISPUTES",
        ));
    }
    Ok(asked)
}

/// Reads what is confirmed of a refund.
pub(super) fn confirmation(body: &[u8], payment: &str, id: &str) -> Result<Confirmed, Refused> {
    let body: ConfirmationBody = parse(body)?;
    let named = &body.payment_request_lifecycle_id;
    same(named, "paymentRequestLifecycleId", payment)?;
    same(
        &body.refund_request_lifecycle_id,
        "refundRequestLifecycleId",
        id,
    )?;
    creditor(body.creditor.as_ref())?;
    let status = body.status.ok_or_else(|| missing("status"))?;
    let word = text(&status.refund_status, "status.refundStatus", 4)?;
    if !["APPR", "RJCT"].contains(&word) {
        return Err(Refused::structure("status.refundStatus is not known"));
    }
    let reason = optional(&status.refund_status_reason, "status.refundStatusReason", 4)?;
    if reason.as_ref().is_some_and(|it| it.len() != 4) {
        return Err(Refused::structure(
            "status.refundStatusReason has not four characters",
        ));
    }
    let paid = body.refund_payment_confirmation;
    if word == "APPR" && paid.is_none() {
        return Err(missing("refundPaymentConfirmation"));
    }
    let (mut reference, mut paid_amount) = (None, None);
    if let Some(paid) = paid {
        let name = "refundPaymentConfirmation.refundpaymentReference";
        reference = Some(text(&paid.refund_payment_reference, name, 42)?.to_owned());
        let name = "refundPaymentConfirmation.clearingSystem";
        text(&paid.clearing_system, name, 35)?;
        let name = "refundPaymentConfirmation.refundAmount";
        paid_amount = Some(amount(paid.refund_amount.as_ref(), name)?);
    }
    Ok(Confirmed {
        status: word.to_owned(),
        reason,
        reference,
        amount: paid_amount,
        retrieval: optional(
            &body.refund_request_status_retrieval_lifecycle_id,
            "refundRequestStatusRetrievalLifecycleId",
            35,
        )?,
    })
}

/// Checks a creditor's question about a payment.
pub(super) fn payment_status(body: &[u8], payment: &str) -> Result<(), Refused> {
    let body: RetrievalBody = parse(body)?;
    let named = &body.payment_request_lifecycle_id;
    same(named, "paymentRequestLifecycleId", payment)?;
    creditor(body.creditor.as_ref())
}

/// Checks a debtor's question about a refund.
pub(super) fn refund_status(body: &[u8], payment: &str, id: &str) -> Result<(), Refused> {
    let body: RetrievalBody = parse(body)?;
    let named = &body.payment_request_lifecycle_id;
    same(named, "paymentRequestLifecycleId", payment)?;
    same(
        &body.refund_request_lifecycle_id,
        "refundRequestLifecycleId",
        id,
    )?;
    let debtor = body.debtor.ok_or_else(|| missing("debtor"))?;
    text(&debtor.debtor_id, "debtor.debtorId", 35)?;
    let provider = &debtor.debtor_service_provider_id;
    text(provider, "debtor.debtorServiceProviderId", 35)?;
    Ok(())
}

/// Whatever a debtor's side tells about a payment must be an object.
pub(super) fn advice(body: &[u8]) -> Result<(), Refused> {
    parse::<serde_json::Map<String, serde_json::Value>>(body).map(|_| ())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::structure(error.to_string()))
}

fn creditor(creditor: Option<&Creditor>) -> Result<(), Refused> {
    let creditor = creditor.ok_or_else(|| missing("creditor"))?;
    let id = text(&creditor.creditor_id, "creditor.creditorId", 35)?;
    let provider = &creditor.creditor_service_provider_id;
    text(provider, "creditor.creditorServiceProviderId", 35)?;
    match id == CREDITOR_ID {
        true => Ok(()),
        false => Err(Refused::rule(
            "AGRM-0006",
            "the creditor is not this participant's",
        )),
    }
}

/// A member that repeats an id of the path.
fn same(member: &Text, name: &str, id: &str) -> Result<(), Refused> {
    match text(member, name, 35)? == id {
        true => Ok(()),
        false => Err(Refused::rule(
            "AGRM-0033",
            format!("{name} differs from the path"),
        )),
    }
}

fn text<'t>(member: &'t Text, name: &str, most: usize) -> Result<&'t str, Refused> {
    let text = member.as_deref().ok_or_else(|| missing(name))?;
    match (1..=most).contains(&text.chars().count()) {
        true => Ok(text),
        false => Err(Refused::structure(format!(
            "{name} has not 1 to {most} characters"
        ))),
    }
}

fn optional(member: &Text, name: &str, most: usize) -> Result<Option<String>, Refused> {
    match member {
        None => Ok(None),
        Some(_) => text(member, name, most).map(|it| Some(it.to_owned())),
    }
}

fn missing(name: &str) -> Refused {
    Refused::structure(format!("{name} is missing"))
}

/// A JSON number above zero, not a text, with no more decimals than its currency has.
fn amount(amount: Option<&Amount>, name: &str) -> Result<Money, Refused> {
    let amount = amount.ok_or_else(|| missing(name))?;
    let wrong = || Refused::structure(format!("{name} is not an amount"));
    let currency = text(&amount.currency, name, 3)?;
    let currency = Currency::from_code(currency).map_err(|_| wrong())?;
    let value = amount.value.as_deref().ok_or_else(wrong)?.get();
    let money = Money::parse(value, currency).map_err(|_| wrong())?;
    money.is_positive().then_some(money).ok_or_else(wrong)
}
