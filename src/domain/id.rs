//! Names that last: payments, refunds, and the references derived from them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::digest::Canonical;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PAYMENT_BITS: u32 = 60;
/// 36²⁵ is more than 2¹²⁸.
const UUID_DIGITS: usize = 25;
/// 46,655 attempts.
const NUMBER_DIGITS: usize = 3;

/// Our id of a payment: `p` and twelve letters, the same on every host and after every restore,
/// because it is derived from the account and the provider's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentId(i64);

impl PaymentId {
    /// The id of the payment that `account` knows as `provider_payment_id`.
    pub fn derive(account: &str, provider_payment_id: &str) -> Self {
        let digest = Canonical::new("payment")
            .text(account)
            .text(provider_payment_id)
            .sha256();
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        Self((u64::from_be_bytes(head) >> (64 - PAYMENT_BITS)).cast_signed())
    }

    /// The id as the ledger stores it.
    pub fn as_i64(self) -> i64 {
        self.0
    }

    /// The id the ledger stored; only 60 bits are ever set.
    pub fn from_i64(stored: i64) -> Self {
        Self(stored & ((1 << PAYMENT_BITS) - 1))
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::from("p");
        for shift in (0..PAYMENT_BITS).step_by(5).rev() {
            let index = usize::try_from((self.0 >> shift) & 31).unwrap_or_default();
            out.push(char::from(ALPHABET[index]));
        }
        f.pad(&out)
    }
}

impl fmt::Debug for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id of this desk")]
pub struct NotAnId(pub String);

impl FromStr for PaymentId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let not_an_id = || NotAnId(text.to_owned());
        let letters = text.strip_prefix('p').ok_or_else(not_an_id)?;
        if letters.len() != 12 {
            return Err(not_an_id());
        }
        letters
            .bytes()
            .try_fold(0_i64, |id, letter| {
                let value = ALPHABET.iter().position(|known| *known == letter)?;
                Some(id << 5 | i64::try_from(value).ok()?)
            })
            .map(Self)
            .ok_or_else(not_an_id)
    }
}

/// The id of a refund, for life. Ordered by time of creation (UUID version 7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefundId(Uuid);

impl RefundId {
    /// A new id, made at `now`.
    pub fn new(now: chrono::DateTime<chrono::Utc>) -> Self {
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let time =
            uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos());
        Self(Uuid::new_v7(time))
    }

    /// A new id, made at `now`, that differs from others of the same millisecond by `chance`.
    pub fn drawn(now: chrono::DateTime<chrono::Utc>, chance: u64) -> Self {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let mut bits = [0; 10];
        bits[2..].copy_from_slice(&chance.to_be_bytes());
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
    }

    /// The end of the id, enough to tell refunds apart on a narrow screen.
    pub fn short(self) -> String {
        let text = self.0.simple().to_string();
        text[text.len() - 8..].to_owned()
    }

    /// The reference we send to a provider for attempt `number` of `step`, derived so that a
    /// restored copy of the desk asks by the reference the original used.
    pub fn correlation(self, step: &str, number: u32) -> String {
        format!("rfd-{}-{step}-{number}", self.0.simple())
    }

    /// The correlation in the form that bank rails carry: 31 of `A`–`Z` and `0`–`9` (domain.md,
    /// "Unknown outcomes"). It spells out refund, step and number, so that no two attempts share
    /// one: `RD`, the id in base 36, the first letter of the step, the number in base 36.
    pub fn end_to_end(self, step: &str, number: u32) -> String {
        let letter = step.chars().next().filter(char::is_ascii_alphabetic);
        format!(
            "RD{}{}{}",
            base_36(self.0.as_u128(), UUID_DIGITS),
            letter.unwrap_or('X').to_ascii_uppercase(),
            base_36(u128::from(number), NUMBER_DIGITS),
        )
    }

    /// The idempotency key of attempt `number` of `step`: a UUID, derived like the correlation.
    pub fn idempotency_key(self, step: &str, number: u32) -> String {
        let digest = Canonical::new("idempotency-key")
            .text(&self.0.simple().to_string())
            .text(step)
            .integer(i64::from(number))
            .sha256();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes)
            .into_uuid()
            .to_string()
    }
}

/// A number in base 36, with zeros in front to the width; what does not fit loses its front.
fn base_36(mut number: u128, width: usize) -> String {
    let mut digits = vec!['0'; width];
    for digit in digits.iter_mut().rev() {
        let value = u32::try_from(number % 36).unwrap_or_default();
        *digit = char::from_digit(value, 36)
            .unwrap_or('0')
            .to_ascii_uppercase();
        number /= 36;
    }
    digits.into_iter().collect()
}

impl fmt::Display for RefundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.hyphenated().to_string())
    }
}

impl fmt::Debug for RefundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RefundId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| NotAnId(text.to_owned()))
    }
}

impl Serialize for PaymentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PaymentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn payment_ids_read_back(account in ".{0,12}", id in ".{0,40}") {
            let made = PaymentId::derive(&account, &id);
            prop_assert_eq!(made.to_string().parse(), Ok(made));
            prop_assert_eq!(PaymentId::from_i64(made.as_i64()), made);
        }
    }

    #[test]
    fn a_payment_id_never_changes() {
        let id = PaymentId::derive("hub-us", "ecf4e62f21d8fe19730efc5a8c12fd33");
        assert_eq!(id.to_string(), id.to_string().to_lowercase());
        assert_ne!(
            id,
            PaymentId::derive("hub-u", "secf4e62f21d8fe19730efc5a8c12fd33")
        );
    }

    /// A desk restored from a copy, or a later version, must find its own payments and ask by the
    /// references that the original used: these literals never change.
    #[test]
    fn what_is_derived_is_the_same_for_ever() {
        let payment = PaymentId::derive("hub-us", "ecf4e62f21d8fe19730efc5a8c12fd33");
        assert_eq!(payment.to_string(), "pv0jr5g5xfpad");
        let refund: RefundId = "0199f0a0-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            refund.idempotency_key("refund", 1),
            "3a1d8c08-4ef3-8dab-8d5a-e9964840ed8f"
        );
        assert_eq!(
            refund.idempotency_key("refund", 2),
            "930f1fc1-b7b5-8eca-9b03-671269dc6977"
        );
        // Commerce Hub's merchantTransactionId.
        assert_eq!(
            refund.correlation("refund", 1),
            "rfd-0199f0a0000070008000000000000001-refund-1"
        );
        // Nuapay's endToEndIdentification.
        assert_eq!(
            refund.end_to_end("refund", 1),
            "RD03EV3RV5TRK3JSF7I07JS13I9R001"
        );
    }

    proptest! {
        #[test]
        fn bank_rails_can_carry_every_reference_and_tell_them_apart(
            bits in any::<u128>(), other in any::<u128>(), number in 0_u32..46_656, next in 0_u32..46_656,
        ) {
            let (id, other) = (RefundId(Uuid::from_u128(bits)), RefundId(Uuid::from_u128(other)));
            let reference = id.end_to_end("refund", number);
            prop_assert_eq!(reference.len(), 31);
            prop_assert!(reference.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit()));
            let same = (id, number) == (other, next);
            prop_assert_eq!(reference == other.end_to_end("refund", next), same);
        }
    }

    #[test]
    fn a_drawn_id_is_of_its_time_and_of_its_chance() {
        let now = "2026-11-21T12:00:00.5Z".parse().unwrap();
        let id = RefundId::drawn(now, 7);
        assert_eq!(id, RefundId::drawn(now, 7));
        assert_ne!(id, RefundId::drawn(now, 8));
        assert_eq!(id.to_string()[..14], RefundId::new(now).to_string()[..14]);
        assert_eq!(id.0.get_version_num(), 7);
    }

    #[test]
    fn references_are_derived_and_differ_by_attempt() {
        let id: RefundId = "0199f0a0-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            id.idempotency_key("refund", 1),
            id.idempotency_key("refund", 1)
        );
        assert_ne!(
            id.idempotency_key("refund", 1),
            id.idempotency_key("refund", 2)
        );
        assert_eq!(
            id.correlation("refund", 1),
            "rfd-0199f0a0000070008000000000000001-refund-1"
        );
    }
}
