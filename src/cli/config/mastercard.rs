//! What `config check` says of a Mastercard account. Of a key only where it comes from, of our own
//! bank account only its end.

use serde_json::{Value, json};

use crate::config::mastercard::{Creditor, Debtor, Link};

/// The merchant's side.
pub(super) fn creditor(creditor: &Creditor) -> Value {
    let mut said = linked("mastercard-creditor", &creditor.link());
    let own = json!({
        "currencies": creditor.currencies,
        "replay_hours": creditor.replay_hours,
        "base_path": creditor.base_path,
        "polls_per_minute": creditor.polls_per_minute,
        "creditor_id": creditor.creditor_id,
        "creditor_service_provider_id": creditor.creditor_service_provider_id,
        "refund_method": creditor.refund_method,
        "clearing_system": creditor.clearing_system,
        "reasons": creditor.reasons,
        "refund_days": creditor.refund_days,
        "debtor_account": creditor.debtor_account.as_ref().map(|account| json!({
            "name": account.name,
            "number": account.masked(),
            "bic": account.bic,
        })),
        "pain_version": creditor.pain_version.name(),
    });
    add(&mut said, own);
    said
}

/// The side of the bank of those who paid.
pub(super) fn debtor(debtor: &Debtor) -> Value {
    let mut said = linked("mastercard-debtor", &debtor.link());
    let own = json!({
        "currencies": debtor.currencies,
        "replay_hours": debtor.replay_hours,
        "base_path": debtor.base_path,
        "polls_per_minute": debtor.polls_per_minute,
        "debtor_service_provider_id": debtor.debtor_service_provider_id,
        "debtor_id": debtor.debtor_id,
        "refusal_code": debtor.refusal_code,
        "hold_seconds": debtor.hold_seconds,
        "automatic": debtor.automatic,
    });
    add(&mut said, own);
    said
}

fn linked(provider: &str, link: &Link) -> Value {
    let certificates = link.network_certificates.iter();
    let certificates: serde_json::Map<String, Value> = certificates
        .map(|it| (it.kid.clone(), it.certificate.to_string().into()))
        .collect();
    json!({
        "provider": provider,
        "base_url": link.base_url.as_str(),
        "participant_id": link.participant_id,
        "product_id": link.product_id,
        "initiating_party_id": link.initiating_party_id,
        "business_type": link.business_type,
        "client_certificate": link.client_certificate.to_string(),
        "client_key": format!("{} (hidden)", link.client_key),
        "server_ca": link.server_ca.to_string(),
        "signing_key": format!("{} (hidden)", link.signing_key),
        "signing_kid": link.signing_kid,
        "network_certificates": certificates,
        "accept_rs256": link.accept_rs256,
        "clock_tolerance_seconds": link.clock_tolerance_seconds,
        "network_participant_ids": link.network_participant_ids,
        "check_initiating_party": link.check_initiating_party,
    })
}

fn add(said: &mut Value, own: Value) {
    if let (Some(said), Value::Object(own)) = (said.as_object_mut(), own) {
        said.extend(own);
    }
}
