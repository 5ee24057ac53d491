//! The network's signatures: a detached JWS over the exact bytes (RFC 7515 appendix F), PS256, with a
//! time that must be understood.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, UnparsedPublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::keys::{Participant, Signer};

/// Verifiers want a time in the past, and no two clocks agree.
const BACKDATED: i64 = 2;
const LONGEST: usize = 512;

/// The value of `X-JWS-Signature` over these bytes.
pub(super) fn sign(signer: &Signer, payload: &[u8], now: DateTime<Utc>) -> Option<String> {
    let header = json!({
        "alg": "PS256",
        "kid": signer.kid,
        "iat": (now.timestamp() - BACKDATED).to_string(),
        "crit": ["iat"],
    });
    let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    let mut signature = vec![0; signer.key.public_modulus_len()];
    let input = input(&header, payload);
    signer
        .key
        .sign(
            &RSA_PSS_SHA256,
            &SystemRandom::new(),
            &input,
            &mut signature,
        )
        .ok()?;
    Some(format!(
        "{header}..{}",
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    ))
}

/// Whether the participant signed these bytes.
pub(super) fn verify(
    value: &str,
    payload: &[u8],
    participant: &Participant,
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    if value.len() > LONGEST {
        return Err("the signature is longer than 512 characters");
    }
    let parts: Vec<&str> = value.split('.').collect();
    let [header, "", signature] = parts[..] else {
        return Err("the signature is not detached");
    };
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(header);
    let decoded = decoded.map_err(|_| "the signature's header is not base64url")?;
    let fields: Map<String, Value> =
        serde_json::from_slice(&decoded).map_err(|_| "the signature's header is no object")?;
    check(&fields, participant, now)?;
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| "the signature is not base64url")?;
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &participant.public)
        .verify(&input(header, payload), &signature)
        .map_err(|_| "the signature is not right")
}

fn check(
    fields: &Map<String, Value>,
    participant: &Participant,
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    let field = |name: &str| fields.get(name).unwrap_or(&Value::Null);
    if field("alg") != "PS256" {
        return Err("alg is not PS256");
    }
    let seconds = match field("iat") {
        Value::String(text) => text.parse().ok(),
        number => number.as_i64(),
    };
    let seconds: i64 = seconds.ok_or("iat is missing")?;
    if seconds > now.timestamp() {
        return Err("iat is in the future");
    }
    match field("crit").as_array() {
        Some(names) if names == &[json!("iat")] => {}
        Some(names) if names.contains(&json!("iat")) => {
            return Err("crit names what is not understood");
        }
        _ => return Err("crit does not name iat"),
    }
    match field("kid") == participant.kid.as_str() {
        true => Ok(()),
        false => Err("kid is not known"),
    }
}

fn input(header: &str, payload: &[u8]) -> Vec<u8> {
    format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(payload)).into_bytes()
}
