//! The settings of a Hyperswitch Prism account (`providers/prism.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::bounds::within;
use crate::domain::money::Currency;

mod connector;
mod kinds;

pub use connector::{Adyen, Braintree, Checkout, Connector, Member, Other, Paypal, Plain, Stripe};
pub use kinds::Kind;

/// `[accounts.NAME]` with `provider = "prism"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prism {
    /// Where the gRPC service listens: scheme, host and port. Plain `http` only on this machine.
    #[serde(deserialize_with = "address")]
    pub base_url: Url,
    /// The currencies of the account.
    pub currencies: Vec<Currency>,
    /// Decimals of a currency on the wire, where they are not ISO 4217's or the desk must be told
    /// (fact sheet 3).
    #[serde(default, deserialize_with = "decimals")]
    pub exponents: BTreeMap<Currency, u32>,
    /// Who really refunds, and how it knows us.
    pub connector: Connector,
    /// `x-merchant-id`; the server does not check it.
    pub merchant_id: Option<String>,
    /// `x-tenant-id`.
    pub tenant_id: Option<String>,
    /// Sent as it is; a server that is not told takes Adyen's test system.
    pub test_mode: Option<bool>,
    /// Before each refund the connector is asked whether the payment was captured.
    #[serde(default)]
    pub check_payment: bool,
    /// How many days after capture a refund is possible; 0: the connector decides.
    #[serde(default, deserialize_with = "within::<0, 3_650, _>")]
    pub refund_days: u32,
    /// How long a refund may take; Prism itself waits for its connector without a limit (fact
    /// sheet 6).
    #[serde(default = "a_minute", deserialize_with = "within::<1, 60, _>")]
    pub deadline_seconds: u32,
    /// Polls and inquiries per minute.
    #[serde(default = "sixty", deserialize_with = "within::<1, 60_000, _>")]
    pub polls_per_minute: u32,
}

fn a_minute() -> u32 {
    60
}

fn sixty() -> u32 {
    60
}

/// The server speaks no TLS itself; in front of it there must be some, unless it is on this
/// machine: the connector's keys travel in every call.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let url = Url::deserialize(deserializer)?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let refused = match (url.scheme(), loopback) {
        ("https", _) | ("http", true) if bare && anonymous => return Ok(url),
        ("https", _) | ("http", true) => "it is scheme, host and port only",
        ("http", false) => "plain http is for a service on this machine only; use https",
        _ => "it must be https, or http on this machine",
    };
    Err(serde::de::Error::custom(refused))
}

fn decimals<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Currency, u32>, D::Error> {
    let given = BTreeMap::<Currency, u32>::deserialize(deserializer)?;
    match given.iter().find(|(_, decimals)| **decimals > 4) {
        Some((currency, decimals)) => Err(serde::de::Error::custom(format!(
            "{decimals} decimals for {currency} are not allowed; 0 to 4 are"
        ))),
        None => Ok(given),
    }
}

#[cfg(test)]
mod tests;
