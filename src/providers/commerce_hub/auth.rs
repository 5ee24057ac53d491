//! The signature of a request (fact sheet 2.2).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::config::commerce_hub::HmacEncoding;
use crate::config::secret::Credentials;
use crate::domain::digest::hex;
use crate::providers::http::SetupError;

/// Signs requests of one account.
pub struct Signer {
    api_key: SecretString,
    key: hmac::Key,
    encoding: HmacEncoding,
}

impl Signer {
    /// A signer with an account's credentials. The secret is used as text, not decoded.
    ///
    /// # Errors
    /// [`SetupError::Credential`] for a key that cannot be a header, or an empty secret.
    pub fn new(credentials: Credentials, encoding: HmacEncoding) -> Result<Self, SetupError> {
        let api_key = credentials.api_key;
        let secret = credentials.api_secret.expose_secret().as_bytes();
        let key_text = api_key.expose_secret();
        if key_text.is_empty() || !key_text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SetupError::Credential("API key"));
        }
        if secret.is_empty() {
            return Err(SetupError::Credential("API secret"));
        }
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            api_key,
            encoding,
        })
    }

    /// The API key, for its header.
    pub fn api_key(&self) -> &str {
        self.api_key.expose_secret()
    }

    /// The `Authorization` value for exactly these bytes of body.
    pub fn sign(&self, request_id: &str, timestamp_ms: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(self.api_key().as_bytes());
        context.update(request_id.as_bytes());
        context.update(timestamp_ms.to_string().as_bytes());
        context.update(body);
        let tag = context.sign();
        match self.encoding {
            HmacEncoding::Raw => STANDARD.encode(tag.as_ref()),
            HmacEncoding::Hex => STANDARD.encode(hex(tag.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const BODY: &[u8] = include_bytes!("samples/hmac_body.json");
    const REQUEST_ID: &str = "5c0f5b1e-6a3d-4d2e-9f51-0c8e7f1a2b3c";

    fn signer(encoding: HmacEncoding) -> Signer {
        let credentials = Credentials {
            api_key: SecretString::from("DemoApiKey0123456789abcdefABCDEF"),
            api_secret: SecretString::from("DemoSecret_not_a_real_one_42"),
        };
        Signer::new(credentials, encoding).unwrap()
    }

    fn one_byte_less() -> Vec<u8> {
        let body = String::from_utf8(BODY.to_vec()).unwrap();
        body.replace("12.50", "12.5").into_bytes()
    }

    /// The vectors of fact sheet 2.3.
    #[rstest]
    #[case(
        HmacEncoding::Raw,
        BODY,
        "Hwhpqrbc9vYLbYHBN5ruxyx3GjeMRmydCqgZDQ2a0+o="
    )]
    #[case(
        HmacEncoding::Hex,
        BODY,
        "MWYwODY5YWFiNmRjZjZmNjBiNmQ4MWMxMzc5YWVlYzcyYzc3MWEzNzhjNDY2YzlkMGFhODE5MGQwZDlhZDNlYQ=="
    )]
    #[case(HmacEncoding::Raw, b"", "gdy8cCN1etWfIiyCodpohzCBpIrucyHV6X8KnPxFqQ4=")]
    #[case(
        HmacEncoding::Raw,
        &one_byte_less(),
        "Cm+1blCzrxnitBh7OYB3dmpgRaUGpQwFcJx4DMhQO28="
    )]
    fn signs_as_documented(
        #[case] encoding: HmacEncoding,
        #[case] body: &[u8],
        #[case] signature: &str,
    ) {
        assert_eq!(
            signer(encoding).sign(REQUEST_ID, 1_763_690_000_000, body),
            signature
        );
    }

    #[rstest]
    #[case("", "secret")]
    #[case("key\n", "secret")]
    #[case("key", "")]
    fn refuses_credentials_that_cannot_work(#[case] key: &str, #[case] secret: &str) {
        let credentials = Credentials {
            api_key: SecretString::from(key),
            api_secret: SecretString::from(secret),
        };
        let refusal = Signer::new(credentials, HmacEncoding::Raw).err();
        let said = refusal.unwrap().to_string();
        assert!(
            secret.is_empty() || !said.contains(secret),
            "no secret in {said}"
        );
    }
}
