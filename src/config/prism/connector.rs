//! The connector behind a Prism account: five by their own settings, the rest in a free form.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::kinds::Kind;
use crate::config::secret::SecretSource;
use crate::domain::money::Currency;

/// `[accounts.NAME.connector.WHICH]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connector {
    /// Stripe.
    Stripe(Stripe),
    /// Adyen; says how a refund ended by webhook only.
    Adyen(Adyen),
    /// PayPal; with an OAuth token.
    Paypal(Paypal),
    /// Checkout.com.
    Checkout(Checkout),
    /// Braintree.
    Braintree(Braintree),
    /// Any other, by its members.
    Other(Other),
}

/// Stripe's members.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    /// The secret key.
    pub api_key: SecretSource,
    /// Sends the older headers instead of the JSON one (fact sheet 5).
    #[serde(default)]
    pub legacy_headers: bool,
}

/// Adyen's members.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adyen {
    /// The API key.
    pub api_key: SecretSource,
    /// The merchant account.
    pub merchant_account: String,
    /// The key for reviews.
    pub review_key: Option<SecretSource>,
    /// Needed where `test_mode` is false.
    pub endpoint_prefix: Option<String>,
    /// As for Stripe.
    #[serde(default)]
    pub legacy_headers: bool,
}

/// PayPal's members.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paypal {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretSource,
    /// The payer id of a partner.
    pub payer_id: Option<String>,
    /// As for Stripe.
    #[serde(default)]
    pub legacy_headers: bool,
}

/// Checkout.com's members. Servers before 0.3.0 take only the older headers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// The public key.
    pub api_key: SecretSource,
    /// The secret key.
    pub api_secret: SecretSource,
    /// The processing channel.
    pub processing_channel_id: String,
    /// As for Stripe.
    #[serde(default)]
    pub legacy_headers: bool,
}

/// Braintree's members.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Braintree {
    /// The public key.
    pub public_key: SecretSource,
    /// The private key.
    pub private_key: SecretSource,
    /// The merchant account; sent with each refund too.
    pub merchant_account_id: Option<String>,
    /// The currency of that merchant account.
    pub merchant_config_currency: Option<Currency>,
    /// As for Stripe.
    #[serde(default)]
    pub legacy_headers: bool,
}

/// A connector by its key in `x-connector-config` and its members there.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OtherFile")]
pub struct Other {
    /// UpperCamelCase, as `Mollie`.
    pub key: String,
    /// Members that are no secret.
    pub members: BTreeMap<String, Plain>,
    /// Members that are.
    pub secrets: BTreeMap<String, SecretSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherFile {
    key: String,
    #[serde(default)]
    members: BTreeMap<String, Plain>,
    #[serde(default)]
    secrets: BTreeMap<String, SecretSource>,
}

/// A member that is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a text, a list of texts, or true or false")]
pub enum Plain {
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Yes or no.
    Flag(bool),
}

/// A member of a connector's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    /// Where the secret comes from.
    Secret(&'a SecretSource),
    /// As it stands in the config.
    Plain(Plain),
}

impl Connector {
    /// Its key in `x-connector-config`.
    pub fn key(&self) -> &str {
        match self {
            Self::Stripe(_) => "Stripe",
            Self::Adyen(_) => "Adyen",
            Self::Paypal(_) => "Paypal",
            Self::Checkout(_) => "Checkout",
            Self::Braintree(_) => "Braintree",
            Self::Other(other) => &other.key,
        }
    }

    /// Its name in `x-connector`: lower snake case.
    pub fn name(&self) -> String {
        match self.kind() {
            Some(kind) => kind.name.to_owned(),
            None => snake_case(self.key()),
        }
    }

    /// What is known of it.
    pub fn kind(&self) -> Option<&'static Kind> {
        Kind::of(self.key())
    }

    /// Whether it is told of us by the older headers.
    pub fn by_legacy_headers(&self) -> bool {
        match self {
            Self::Stripe(it) => it.legacy_headers,
            Self::Adyen(it) => it.legacy_headers,
            Self::Paypal(it) => it.legacy_headers,
            Self::Checkout(it) => it.legacy_headers,
            Self::Braintree(it) => it.legacy_headers,
            Self::Other(_) => false,
        }
    }

    /// The members of its configuration, lists that must be there included.
    pub fn members(&self) -> Vec<(&str, Member<'_>)> {
        let mut members = self.given();
        for list in self.kind().map_or(&[][..], |kind| &kind.lists) {
            if !members.iter().any(|(name, _)| name == list) {
                members.push((list, Member::Plain(Plain::List(Vec::new()))));
            }
        }
        members
    }

    fn given(&self) -> Vec<(&str, Member<'_>)> {
        let members = match self {
            Self::Stripe(it) => vec![("api_key", secret(&it.api_key))],
            Self::Adyen(it) => vec![
                ("api_key", secret(&it.api_key)),
                ("merchant_account", text(&it.merchant_account)),
                ("review_key", it.review_key.as_ref().map(Member::Secret)),
                ("endpoint_prefix", optional(&it.endpoint_prefix)),
            ],
            Self::Paypal(it) => vec![
                ("client_id", text(&it.client_id)),
                ("client_secret", secret(&it.client_secret)),
                ("payer_id", optional(&it.payer_id)),
            ],
            Self::Checkout(it) => vec![
                ("api_key", secret(&it.api_key)),
                ("api_secret", secret(&it.api_secret)),
                ("processing_channel_id", text(&it.processing_channel_id)),
            ],
            Self::Braintree(it) => vec![
                ("public_key", secret(&it.public_key)),
                ("private_key", secret(&it.private_key)),
                ("merchant_account_id", optional(&it.merchant_account_id)),
                (
                    "merchant_config_currency",
                    it.merchant_config_currency
                        .and_then(|currency| text(currency.code())),
                ),
            ],
            Self::Other(it) => return it.given(),
        };
        let there = members.into_iter();
        there
            .filter_map(|(name, member)| Some((name, member?)))
            .collect()
    }
}

impl Other {
    fn given(&self) -> Vec<(&str, Member<'_>)> {
        let plain = self.members.iter();
        let plain = plain.map(|(name, value)| (name.as_str(), Member::Plain(value.clone())));
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|(name, source)| (name.as_str(), Member::Secret(source)));
        plain.chain(secrets).collect()
    }
}

fn secret(source: &SecretSource) -> Option<Member<'_>> {
    Some(Member::Secret(source))
}

fn text(value: &str) -> Option<Member<'static>> {
    Some(Member::Plain(Plain::Text(value.to_owned())))
}

fn optional(value: &Option<String>) -> Option<Member<'static>> {
    text(value.as_ref()?)
}

fn snake_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 2);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The server takes an unknown member in silence (fact sheet 5.1), so a slip is found here or never.
impl TryFrom<OtherFile> for Other {
    type Error = String;

    fn try_from(file: OtherFile) -> Result<Self, String> {
        let camel = file
            .key
            .starts_with(|first: char| first.is_ascii_uppercase())
            && file.key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !camel {
            return Err(format!("{:?} is not a key such as \"Mollie\"", file.key));
        }
        let given: Vec<&str> = file
            .members
            .keys()
            .chain(file.secrets.keys())
            .map(String::as_str)
            .collect();
        if let Some(address) = given.iter().find(|name| name.contains("base_url")) {
            // Refunds would ignore it and payments would not: two systems (fact sheet 5.1).
            return Err(format!(
                "{address} is not for refunds; the server's own addresses count"
            ));
        }
        if let Some(twice) = file
            .members
            .keys()
            .find(|name| file.secrets.contains_key(*name))
        {
            return Err(format!("{twice} is among members and secrets"));
        }
        match (Kind::of(&file.key), Kind::nearest(&file.key)) {
            (Some(kind), _) => check(kind, &given)?,
            (None, Some(near)) => {
                return Err(format!(
                    "no connector {:?}; did you mean {near:?}?",
                    file.key
                ));
            }
            (None, None) => {}
        }
        let OtherFile {
            key,
            members,
            secrets,
        } = file;
        Ok(Self {
            key,
            members,
            secrets,
        })
    }
}

fn check(kind: &Kind, given: &[&str]) -> Result<(), String> {
    let key = kind.key;
    if !kind.can_refund {
        return Err(format!("Prism cannot refund through {key}"));
    }
    if let Some(missing) = kind.required.iter().find(|name| !given.contains(name)) {
        return Err(format!("{key} needs {missing}"));
    }
    match given.iter().find(|name| !kind.has(name)) {
        Some(unknown) => {
            let known: Vec<&str> = [&kind.required[..], &kind.optional, &kind.lists].concat();
            Err(format!(
                "{key} has no {unknown}; it has {}",
                known.join(", ")
            ))
        }
        None => Ok(()),
    }
}
