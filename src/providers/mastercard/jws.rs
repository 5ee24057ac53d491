//! Detached signatures, `X-JWS-Signature` (fact sheet 2.2): `header..signature`, over the header and
//! the exact bytes of a message.

use std::collections::HashMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Longest value of the header (fact sheet 3).
pub const MAX_CHARS: usize = 512;
/// The verifier wants a moment in the past, so a little is taken off (fact sheet 2.2).
const SIGNED_BEFORE: TimeDelta = TimeDelta::seconds(5);
/// The one extension that is understood, and must be there.
const IAT: &str = "iat";

/// Why a signature is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("X-JWS-Signature is missing")]
    Missing,
    /// It is not 1 to 512 characters.
    #[error("X-JWS-Signature is not 1 to 512 characters")]
    Length,
    /// Not two parts with nothing between them.
    #[error("X-JWS-Signature is not a detached signature")]
    NotDetached,
    /// A part is not base64url without padding.
    #[error("X-JWS-Signature is not base64url without padding")]
    Encoding,
    /// Its header is not one.
    #[error("the JOSE header is not the JSON object it should be")]
    Header,
    /// Another algorithm.
    #[error("the algorithm is not one that is accepted")]
    Algorithm,
    /// It does not tell when it was made.
    #[error("iat is missing or is not whole seconds")]
    NoTime,
    /// It was made later than now.
    #[error("iat lies in the future")]
    Future,
    /// `iat` is not what must be understood, or something else is.
    #[error("crit does not name iat and nothing else")]
    Critical,
    /// No certificate of that name.
    #[error("kid names no certificate that is known here")]
    Key,
    /// Somebody else signed it, or it was changed.
    #[error("the signature is not of this message")]
    Signature,
}

impl Refused {
    /// The message's form is wrong, so that who sent it is not even asked (fact sheet 2.4).
    pub const fn is_of_form(self) -> bool {
        matches!(
            self,
            Self::Missing | Self::Length | Self::NotDetached | Self::Encoding | Self::Header
        )
    }
}

/// Signs what one participant sends.
pub struct Signer {
    key: KeyPair,
    kid: String,
    random: SystemRandom,
}

/// A signature could not be made: the key is too long for the header, or the machine failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no signature of at most 512 characters can be made with this key and kid")]
pub struct Unsigned;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    iat: String,
    crit: [&'a str; 1],
}

impl Signer {
    /// Signs with this key, which the network knows as `kid`.
    ///
    /// # Errors
    /// [`Unsigned`]: signatures would not fit into their header.
    pub fn new(key: KeyPair, kid: &str) -> Result<Self, Unsigned> {
        let signer = Self {
            key,
            kid: kid.to_owned(),
            random: SystemRandom::new(),
        };
        // Any time of these centuries has as many digits.
        let then = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        signer.sign(b"", then).map(|_| signer)
    }

    /// The header's value for a message sent at `now`.
    ///
    /// # Errors
    /// [`Unsigned`].
    pub fn sign(&self, payload: &[u8], now: DateTime<Utc>) -> Result<String, Unsigned> {
        let header = Header {
            alg: "PS256",
            kid: &self.kid,
            iat: (now - SIGNED_BEFORE).timestamp().to_string(),
            crit: [IAT],
        };
        let header = serde_json::to_vec(&header).map_err(|_| Unsigned)?;
        let header = BASE64.encode(header);
        let mut signature = vec![0; self.key.public_modulus_len()];
        let input = signing_input(&header, payload);
        self.key
            .sign(&RSA_PSS_SHA256, &self.random, &input, &mut signature)
            .map_err(|_| Unsigned)?;
        let value = format!("{header}..{}", BASE64.encode(signature));
        match value.len() <= MAX_CHARS {
            true => Ok(value),
            false => Err(Unsigned),
        }
    }
}

/// A public key, ready for each algorithm.
pub struct PublicKey {
    ps256: ParsedPublicKey,
    rs256: ParsedPublicKey,
}

impl PublicKey {
    /// The key of a certificate's `SubjectPublicKeyInfo`; none when it is not RSA.
    pub fn new(spki: &[u8]) -> Option<Self> {
        Some(Self {
            ps256: ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, spki).ok()?,
            rs256: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).ok()?,
        })
    }
}

/// Verifies what the network sends.
pub struct Verifier {
    /// By `kid`.
    pub keys: HashMap<String, PublicKey>,
    /// The older algorithm is believed too.
    pub accept_rs256: bool,
    /// How far the network's clock may be ahead of ours.
    pub tolerance: TimeDelta,
}

/// What is read of a header; other members say nothing here.
#[derive(Deserialize)]
struct Claimed {
    alg: Option<serde_json::Value>,
    kid: Option<serde_json::Value>,
    iat: Option<serde_json::Value>,
    crit: Option<serde_json::Value>,
}

impl Verifier {
    /// Whether `value` is the network's signature over these bytes, in the fact sheet's order: parts,
    /// header, algorithm, time, critical extensions, key, signature.
    ///
    /// # Errors
    /// [`Refused`] names the first rule that is broken.
    pub fn verify(&self, value: &str, payload: &[u8], now: DateTime<Utc>) -> Result<(), Refused> {
        if value.is_empty() || value.len() > MAX_CHARS {
            return Err(Refused::Length);
        }
        let (header, signature) = parts(value)?;
        let decoded = BASE64.decode(header).map_err(|_| Refused::Encoding)?;
        let signature = BASE64.decode(signature).map_err(|_| Refused::Encoding)?;
        let claimed: Claimed = serde_json::from_slice(&decoded).map_err(|_| Refused::Header)?;
        let is_older = self.algorithm(&claimed)?;
        self.check_time(claimed.iat.as_ref(), now)?;
        check_critical(claimed.crit.as_ref())?;
        let kid = claimed.kid.as_ref().and_then(|it| it.as_str());
        let key = kid.and_then(|kid| self.keys.get(kid)).ok_or(Refused::Key)?;
        let key = if is_older { &key.rs256 } else { &key.ps256 };
        key.verify_sig(&signing_input(header, payload), &signature)
            .map_err(|_| Refused::Signature)
    }

    /// Whether it is the older algorithm.
    fn algorithm(&self, claimed: &Claimed) -> Result<bool, Refused> {
        match claimed.alg.as_ref().and_then(|it| it.as_str()) {
            Some("PS256") => Ok(false),
            Some("RS256") if self.accept_rs256 => Ok(true),
            _ => Err(Refused::Algorithm),
        }
    }

    /// Seconds as the sample has them, in a string, or as a number (fact sheet 11, row 2).
    fn check_time(
        &self,
        iat: Option<&serde_json::Value>,
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        let seconds = iat.and_then(|iat| match iat.as_str() {
            Some(text) if text.bytes().all(|it| it.is_ascii_digit()) => text.parse().ok(),
            Some(_) => None,
            None => iat.as_i64(),
        });
        let made = seconds
            .and_then(|it| DateTime::from_timestamp(it, 0))
            .ok_or(Refused::NoTime)?;
        match made <= now + self.tolerance {
            true => Ok(()),
            false => Err(Refused::Future),
        }
    }
}

/// What is critical must be understood, and only `iat` is (RFC 7515, 4.1.11).
fn check_critical(crit: Option<&serde_json::Value>) -> Result<(), Refused> {
    let named = crit.and_then(|it| it.as_array()).ok_or(Refused::Critical)?;
    match named.as_slice() {
        [one] if one.as_str() == Some(IAT) => Ok(()),
        _ => Err(Refused::Critical),
    }
}

/// Header and signature; the payload between them must be left out.
fn parts(value: &str) -> Result<(&str, &str), Refused> {
    let (header, rest) = value.split_once('.').ok_or(Refused::NotDetached)?;
    let signature = rest.strip_prefix('.').ok_or(Refused::NotDetached)?;
    match header.is_empty() || signature.is_empty() || signature.contains('.') {
        true => Err(Refused::NotDetached),
        false => Ok((header, signature)),
    }
}

fn signing_input(header: &str, payload: &[u8]) -> Vec<u8> {
    let payload = BASE64.encode(payload);
    let mut input = Vec::with_capacity(header.len() + 1 + payload.len());
    input.extend_from_slice(header.as_bytes());
    input.push(b'.');
    input.extend_from_slice(payload.as_bytes());
    input
}

#[cfg(test)]
mod tests;
