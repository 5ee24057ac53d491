//! Webhooks (fact sheet 12): a hint to poll. They carry neither amount nor status.

use aws_lc_rs::{constant_time, hmac};
use secrecy::{ExposeSecret, SecretString};

use super::wire::Fields;
use crate::domain::digest::hex;
use crate::domain::text::clean;
use crate::providers::http::SetupError;
use crate::providers::inbound::{Headers, Hint, Inbound, Untrusted, header};

/// Longest id or word that is believed to be one.
const LONGEST: usize = 255;

/// Verifies the webhooks of one account.
pub struct Webhooks {
    key: hmac::Key,
}

impl Webhooks {
    /// Webhooks signed with this key, its text taken as bytes.
    ///
    /// # Errors
    /// [`SetupError::Credential`] for an empty key.
    pub fn new(sign_key: &SecretString) -> Result<Self, SetupError> {
        let key = sign_key.expose_secret().as_bytes();
        if key.is_empty() {
            return Err(SetupError::Credential("webhook sign key"));
        }
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        })
    }

    /// Lower-case hex of HMAC-SHA256 over the raw bytes, compared in constant time.
    fn is_signed(&self, signature: &str, body: &[u8]) -> bool {
        let expected = hex(hmac::sign(&self.key, body).as_ref());
        constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
    }
}

impl Inbound for Webhooks {
    fn read(&self, headers: Headers<'_>, body: &[u8]) -> Result<Hint, Untrusted> {
        let signature = header(headers, "x-signature").ok_or(Untrusted::Unsigned)?;
        if !self.is_signed(signature, body) {
            return Err(Untrusted::Forged);
        }
        let text = std::str::from_utf8(body).map_err(|_| Untrusted::Unreadable)?;
        let event = Fields::read(text).ok_or(Untrusted::Unreadable)?;
        let word = |name| event.text(name).filter(|it| is_plain(it));
        Ok(Hint {
            event_id: header(headers, "x-request-id")
                .filter(|it| is_plain(it))
                .map(str::to_owned),
            kind: word("eventType").ok_or(Untrusted::Unreadable)?,
            resource_id: word("resourceId").ok_or(Untrusted::Unreadable)?,
            provider_payment_id: word("resourceUri").and_then(|uri| payment_in(&uri)),
        })
    }
}

fn is_plain(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && clean(text) == text
}

/// `/payments/{id}/refunds/{id}`, with or without a base before it.
fn payment_in(uri: &str) -> Option<String> {
    let mut parts = uri.split('/');
    parts.find(|part| *part == "payments")?;
    let id = parts.next().filter(|id| !id.is_empty())?;
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const BODY: &str = include_str!("samples/webhook.json");
    /// The vector of fact sheet 12.
    const SIGNATURE: &str = "668bdb3ca8efe7cb5fd301f9a1589d8da22ff8ad0bed5c46c43395907af4a2bd";

    fn webhooks() -> Webhooks {
        Webhooks::new(&SecretString::from("desk-sign-key")).unwrap()
    }

    fn headers(signature: &str) -> Vec<(String, String)> {
        vec![
            ("X-Signature".to_owned(), signature.to_owned()),
            ("x-request-id".to_owned(), "8b0d".to_owned()),
        ]
    }

    fn signed(body: &str) -> Vec<(String, String)> {
        headers(&hex(hmac::sign(&webhooks().key, body.as_bytes()).as_ref()))
    }

    #[test]
    fn the_published_vector_is_believed() {
        assert_eq!(BODY.len(), 221);
        let hint = webhooks().read(&headers(SIGNATURE), BODY.as_bytes());
        let expected = Hint {
            event_id: Some("8b0d".to_owned()),
            kind: "PaymentRefundRejected".to_owned(),
            resource_id: "rfd0000002".to_owned(),
            provider_payment_id: Some("pay0000001".to_owned()),
        };
        assert_eq!(hint, Ok(expected));
    }

    #[rstest]
    #[case(&SIGNATURE.to_uppercase())]
    #[case(&SIGNATURE[..63])]
    #[case(&format!("sha256={SIGNATURE}"))]
    #[case("")]
    fn another_signature_is_not(#[case] signature: &str) {
        let read = webhooks().read(&headers(signature), BODY.as_bytes());
        assert_eq!(read, Err(Untrusted::Forged));
        let none = webhooks().read(&[], BODY.as_bytes());
        assert_eq!(none, Err(Untrusted::Unsigned));
    }

    #[test]
    fn two_signatures_are_none() {
        let twice = [headers(SIGNATURE), headers(SIGNATURE)].concat();
        let read = webhooks().read(&twice, BODY.as_bytes());
        assert_eq!(read, Err(Untrusted::Unsigned));
    }

    #[test]
    fn one_changed_byte_is_forged() {
        for at in 0..BODY.len() {
            let mut body = BODY.as_bytes().to_vec();
            body[at] ^= 1;
            let read = webhooks().read(&headers(SIGNATURE), &body);
            assert_eq!(read, Err(Untrusted::Forged), "{at}");
        }
    }

    #[rstest]
    #[case("")]
    #[case("[]")]
    #[case(r#"{"eventType":"PaymentRefundComplete"}"#)]
    #[case(r#"{"eventType":"PaymentRefundComplete","resourceId":null}"#)]
    #[case(r#"{"eventType":"PaymentRefundComplete","resourceId":"null"}"#)]
    #[case(r#"{"eventType":"Payment\u001bX","resourceId":"r"}"#)]
    fn what_names_nothing_is_unreadable(#[case] body: &str) {
        let read = webhooks().read(&signed(body), body.as_bytes());
        assert_eq!(read, Err(Untrusted::Unreadable));
    }

    #[test]
    fn odd_members_are_taken_as_absent() {
        let body = r#"{"eventType":"X","resourceId":7,"resourceUri":"null","more":[1]}"#;
        let hint = webhooks().read(&signed(body), body.as_bytes()).unwrap();
        assert_eq!(
            (hint.resource_id.as_str(), hint.provider_payment_id),
            ("7", None)
        );
    }

    proptest! {
        #[test]
        fn no_message_panics(body in prop::collection::vec(any::<u8>(), 0..300), signature in ".{0,70}") {
            let _ = webhooks().read(&headers(&signature), &body);
            let signature = hex(hmac::sign(&webhooks().key, &body).as_ref());
            let _ = webhooks().read(&headers(&signature), &body);
        }
    }
}
