//! What both roles write alike: the request block, ids and keys.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::wire::{RequestBlock, time};
use crate::config::mastercard::Link;
use crate::domain::digest::Canonical;

/// Digits of a UUID without dashes: with dashes it does not fit (fact sheet 4).
const MESSAGE_ID_DIGITS: usize = 32;

/// Who we are in bodies.
#[derive(Clone)]
pub struct Party {
    initiating_party_id: String,
    business_type: u32,
}

impl Party {
    /// The participant of these settings.
    pub fn of(link: &Link) -> Self {
        Self {
            initiating_party_id: link.initiating_party_id.clone(),
            business_type: link.business_type,
        }
    }

    /// Our `initiatingPartyId`.
    pub fn id(&self) -> &str {
        &self.initiating_party_id
    }

    /// The block of the request with this reference, written at `at`. The same give the same block.
    pub fn block(&self, reference: &str, at: DateTime<Utc>) -> RequestBlock {
        RequestBlock {
            initiating_party_id: self.initiating_party_id.clone(),
            message_id: derived_id("message-id", &[reference]),
            creation_date_time: time(at),
            business_type: self.business_type,
        }
    }
}

/// 32 hex digits that follow from these texts and from nothing else.
pub fn derived_id(kind: &str, of: &[&str]) -> String {
    let texts = of.iter();
    let mut id = texts
        .fold(Canonical::new(kind), |so_far, text| so_far.text(text))
        .hex();
    id.truncate(MESSAGE_ID_DIGITS);
    id
}

/// The idempotency key as the network wants it: a UUID. What is none becomes one that follows from it.
pub fn key(ours: &str) -> String {
    let uuid = Uuid::try_parse(ours).unwrap_or_else(|_| {
        let digest = Canonical::new("network-key").text(ours).sha256();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    });
    uuid.to_string()
}

/// Whether an id can stand in a path and in a message: a dot segment would change the path.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control) && !text.trim().is_empty() && !matches!(text, "." | "..")
}
