//! Calls that the network refuses, each spoilt in one place.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PSS_SHA256;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rstest::rstest;
use serde_json::{Value, json};

use super::{CREDITOR, Called, KEY, PAYMENT, Stage};

/// What a test makes of a right call.
type Spoil = fn(&Stage, &mut Called);

fn resigned(stage: &Stage, called: &mut Called, header: Value) {
    let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    let payload = BASE64_URL_SAFE_NO_PAD.encode(&called.body);
    let signer = &stage.participants.signers[CREDITOR];
    let mut signature = vec![0; signer.key.public_modulus_len()];
    let input = format!("{header}.{payload}");
    let random = SystemRandom::new();
    let signed = signer
        .key
        .sign(&RSA_PSS_SHA256, &random, input.as_bytes(), &mut signature);
    signed.unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    called
        .headers
        .insert("X-JWS-Signature", format!("{header}..{signature}"));
}

fn jose(stage: &Stage) -> Value {
    let kid = &stage.participants.signers[CREDITOR].kid;
    json!({ "alg": "PS256", "kid": kid, "iat": "1795262000", "crit": ["iat"] })
}

fn changed(stage: &Stage, called: &mut Called, pointer: &str, value: Value) {
    let mut body: Value = serde_json::from_str(&called.body).unwrap();
    match value {
        Value::Null => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
        }
        value => *body.pointer_mut(pointer).unwrap() = value,
    }
    called.body = body.to_string();
    resigned(stage, called, jose(stage));
}

#[rstest]
#[case::right(|s: &Stage, c: &mut Called| resigned(s, c, jose(s)), 200, "")]
#[case::alg(|s: &Stage, c: &mut Called| { let mut j = jose(s); j["alg"] = json!("RS256"); resigned(s, c, j) }, 401, "alg")]
#[case::crit(|s: &Stage, c: &mut Called| { let mut j = jose(s); j["crit"] = json!([]); resigned(s, c, j) }, 401, "crit")]
#[case::kid(|s: &Stage, c: &mut Called| { let mut j = jose(s); j["kid"] = json!("x"); resigned(s, c, j) }, 401, "kid")]
#[case::future(|s: &Stage, c: &mut Called| { let mut j = jose(s); j["iat"] = json!("1795270000"); resigned(s, c, j) }, 401, "iat")]
#[case::byte(|_: &Stage, c: &mut Called| c.body = c.body.replace("10.5", "10.4"), 401, "not right")]
#[case::long(|_: &Stage, c: &mut Called| _ = c.headers.insert("X-JWS-Signature", "a".repeat(513)), 400, "X-JWS")]
#[case::unsigned(|_: &Stage, c: &mut Called| _ = c.headers.remove("X-JWS-Signature"), 400, "X-JWS")]
#[case::request_id(|_: &Stage, c: &mut Called| _ = c.headers.remove("X-Request-ID"), 400, "X-Request-ID")]
#[case::key(|_: &Stage, c: &mut Called| _ = c.headers.insert("Idempotency-Key", "no-uuid".into()), 400, "UUID")]
#[case::participant(|_: &Stage, c: &mut Called| _ = c.headers.insert("X-Participant-ID", "000545".into()), 400, "Participant")]
#[case::message_id(|s: &Stage, c: &mut Called| changed(s, c, "/messageId", json!("0f7c1c5e-9f2a-4c0e-8f6b-2f1d9a7e3c11")), 400, "messageId")]
#[case::time(|s: &Stage, c: &mut Called| changed(s, c, "/creationDateTime", json!("2026-11-21T12:00:00+01:00")), 400, "creationDateTime")]
#[case::business(|s: &Stage, c: &mut Called| changed(s, c, "/businessType", json!("3")), 400, "businessType")]
#[case::initiator(|s: &Stage, c: &mut Called| changed(s, c, "/initiatingPartyId", json!("1")), 400, "initiatingPartyId")]
#[case::path(|s: &Stage, c: &mut Called| changed(s, c, "/refund/paymentRequestLifecycleId", json!("1")), 400, "path")]
#[case::number(|s: &Stage, c: &mut Called| changed(s, c, "/refund/refundAmount/value", json!("10.50")), 400, "amount")]
#[case::decimals(|s: &Stage, c: &mut Called| changed(s, c, "/refund/refundAmount/value", json!(10.505)), 400, "amount")]
#[case::currency(|s: &Stage, c: &mut Called| changed(s, c, "/refund/refundAmount/currency", json!("EUR")), 400, "currency")]
#[case::too_much(|s: &Stage, c: &mut Called| changed(s, c, "/refund/refundAmount/value", json!(100.5)), 400, "left")]
#[case::method(|s: &Stage, c: &mut Called| changed(s, c, "/refund/refundMethod", Value::Null), 400, "refundMethod")]
#[case::creditor(|s: &Stage, c: &mut Called| changed(s, c, "/creditor/creditorId", json!("X")), 400, "creditor")]
#[tokio::test]
async fn what_breaks_a_rule_is_refused_in_the_networks_words(
    #[case] spoil: Spoil,
    #[case] status: u16,
    #[case] why: &str,
) {
    let stage = Stage::open().await;
    let mut call = stage.refund(PAYMENT, "10.5", KEY);
    spoil(&stage, &mut call);
    let reply = call.send().await.unwrap();
    assert_eq!(reply.status, status, "{reply:?}");
    let said = reply.body["Errors"]["Error"][0]["Description"].as_str();
    assert!(said.unwrap_or_default().contains(why), "{reply:?}");
    assert!(!reply.signed || status == 200);
}
