//! Who we are to the connector, in each call's metadata (fact sheet 5).
//!
//! Never sent: `x-config-override`, which would change the whole server, `base_url` and
//! `x-environment`, by which a payment would be read at one system and refunded at another.

use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use crate::config::prism::{Connector, Member, Plain, Prism as Settings};
use crate::providers::account::{ConnectError, Secrets};
use crate::providers::http::SetupError;

/// The members of the connector's configuration, secrets read.
pub struct Credentials {
    members: Vec<(String, Value)>,
}

/// A member, its secret read.
enum Value {
    Secret(SecretString),
    Plain(Plain),
}

impl Credentials {
    /// Reads the connector's secrets; blocks.
    ///
    /// # Errors
    /// [`ConnectError::Secret`] names the one that cannot be read.
    pub fn read(connector: &Connector, secrets: &Secrets<'_>) -> Result<Self, ConnectError> {
        let members = connector.members().into_iter().map(|(name, member)| {
            let value = match member {
                Member::Secret(source) => Value::Secret(secrets.read(name, source)?),
                Member::Plain(plain) => Value::Plain(plain),
            };
            Ok((name.to_owned(), value))
        });
        Ok(Self {
            members: members.collect::<Result<_, ConnectError>>()?,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.members.iter().find(|(known, _)| known == name)?;
        match value {
            Value::Secret(secret) => Some(secret.expose_secret()),
            Value::Plain(Plain::Text(text)) => Some(text),
            Value::Plain(_) => None,
        }
    }

    /// The JSON of `x-connector-config`: ASCII, secrets as bare texts.
    fn config(&self, key: &str) -> String {
        let members = self.members.iter().map(|(name, value)| {
            let value = match value {
                Value::Secret(secret) => quoted(secret.expose_secret()),
                Value::Plain(Plain::Text(text)) => quoted(text),
                Value::Plain(Plain::Flag(flag)) => flag.to_string(),
                Value::Plain(Plain::List(list)) => {
                    let list: Vec<String> = list.iter().map(|text| quoted(text)).collect();
                    format!("[{}]", list.join(","))
                }
            };
            format!("{}:{value}", quoted(name))
        });
        let members: Vec<String> = members.collect();
        format!(
            r#"{{"config":{{{}:{{{}}}}}}}"#,
            quoted(key),
            members.join(",")
        )
    }

    /// The older headers: which kind, and where each member goes (fact sheet 5.1, second table).
    fn legacy(&self, connector: &Connector) -> Vec<(&'static str, String)> {
        let (api_key, key1, api_secret) = match connector {
            Connector::Stripe(_) | Connector::Other(_) => (self.text("api_key"), None, None),
            Connector::Adyen(_) => (
                self.text("api_key"),
                self.text("merchant_account"),
                self.text("review_key"),
            ),
            Connector::Paypal(_) => (
                self.text("client_secret"),
                self.text("client_id"),
                self.text("payer_id"),
            ),
            Connector::Checkout(_) => (
                self.text("api_key"),
                self.text("processing_channel_id"),
                self.text("api_secret"),
            ),
            Connector::Braintree(_) => (
                self.text("public_key"),
                // Not used by the server, but part of this kind.
                self.text("merchant_account_id").or(Some("unused")),
                self.text("private_key"),
            ),
        };
        let kind = match (key1, api_secret) {
            (_, Some(_)) => "signature-key",
            (Some(_), None) => "body-key",
            (None, None) => "header-key",
        };
        let keys = [
            ("x-api-key", api_key),
            ("x-key1", key1),
            ("x-api-secret", api_secret),
        ];
        let keys = keys
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?.to_owned())));
        std::iter::once(("x-auth", kind.to_owned()))
            .chain(keys)
            .collect()
    }
}

/// The metadata that is the same in every call of an account.
pub struct Identity {
    fixed: Vec<(&'static str, MetadataValue<Ascii>)>,
}

impl Identity {
    /// The account's metadata.
    ///
    /// # Errors
    /// [`SetupError::Credential`] when something does not fit in a header.
    pub fn new(settings: &Settings, credentials: &Credentials) -> Result<Self, SetupError> {
        let connector = &settings.connector;
        let mut texts = vec![("x-connector", connector.name())];
        match connector.by_legacy_headers() {
            true => texts.extend(credentials.legacy(connector)),
            false => texts.push(("x-connector-config", credentials.config(connector.key()))),
        }
        texts.extend(settings.merchant_id.clone().map(|id| ("x-merchant-id", id)));
        texts.extend(settings.tenant_id.clone().map(|id| ("x-tenant-id", id)));
        let fixed = texts.into_iter().map(|(name, text)| {
            let value = MetadataValue::try_from(text);
            let mut value = value.map_err(|_| SetupError::Credential(name))?;
            value.set_sensitive(true);
            Ok((name, value))
        });
        Ok(Self {
            fixed: fixed.collect::<Result<_, SetupError>>()?,
        })
    }

    /// Adds it to a call's, with an id of the call and what the call is about.
    pub fn add_to(&self, metadata: &mut MetadataMap, request_id: &str, reference: Option<&str>) {
        for (name, value) in &self.fixed {
            metadata.insert(*name, value.clone());
        }
        // Tracing ids only: the server repeats nothing and remembers nothing (fact sheet 7).
        let traced = [
            ("x-request-id", Some(request_id)),
            ("x-reference-id", reference),
        ];
        for (name, text) in traced {
            if let Some(value) = text.and_then(|text| MetadataValue::try_from(text).ok()) {
                metadata.insert(name, value);
            }
        }
    }
}

/// A JSON string in ASCII.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(quote @ (b'"' | b'\\')) => {
                out.push('\\');
                out.push(char::from(quote));
            }
            Ok(plain @ 0x20..0x7f) => out.push(char::from(plain)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
