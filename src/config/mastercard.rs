//! The settings of a participant in Mastercard Account to Account Commerce, in either role
//! (`providers/mastercard-a2a.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::bounds::within;
use super::secret::SecretSource;
use crate::domain::bank::PainVersion;
use crate::domain::money::Currency;
use crate::domain::reason;

mod own_account;

pub use own_account::{OwnAccount, OwnNumber};

/// Longest participant or product id (fact sheet 3).
const HEADER_ID_MAX: usize = 50;
/// Longest id in a body (fact sheet 4).
const BODY_ID_MAX: usize = 35;
/// Longest reason (fact sheet 5.1).
const REASON_MAX: usize = 25;
/// Longest refund method (fact sheet 5.1).
const METHOD_MAX: usize = 20;

/// One certificate by which the network's signatures are verified.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkCertificate {
    /// Its name in signatures.
    pub kid: String,
    /// Where it is, in PEM. Not a secret, so others may read the file.
    pub certificate: SecretSource,
}

/// What both roles are told: where the network is, who we are there, and with which keys.
#[derive(Clone, Debug)]
pub struct Link {
    /// The role's own base, such as `https://services.mastercard.com/zapp/pbarfp/csp`.
    pub base_url: Url,
    /// `X-Participant-ID`.
    pub participant_id: String,
    /// `X-Product-ID`.
    pub product_id: String,
    /// `initiatingPartyId`.
    pub initiating_party_id: String,
    /// `businessType`.
    pub business_type: u32,
    /// Our certificate for mutual TLS, in PEM, with what it is signed by.
    pub client_certificate: SecretSource,
    /// Its key, in PEM.
    pub client_key: SecretSource,
    /// What the network's server certificate must be signed by, in PEM.
    pub server_ca: SecretSource,
    /// The key we sign with, in PEM.
    pub signing_key: SecretSource,
    /// Its name in our signatures.
    pub signing_kid: String,
    /// What the network signs with: several while it changes its key.
    pub network_certificates: Vec<NetworkCertificate>,
    /// Signatures of the older algorithm are believed.
    pub accept_rs256: bool,
    /// How far the network's clock may be ahead of ours.
    pub clock_tolerance_seconds: u32,
    /// Who may call us, by `X-Participant-ID`; empty: whoever signs as the network.
    pub network_participant_ids: Vec<String>,
    /// A call's `initiatingPartyId` must be its `X-Participant-ID`.
    pub check_initiating_party: bool,
}

/// Both roles have these keys, and each refuses the other's.
macro_rules! participant {
    ($(#[$about:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The role's own base, such as `https://services.mastercard.com/zapp/pbarfp/csp`.
            pub base_url: Url,
            /// The currencies of the account.
            #[serde(deserialize_with = "some")]
            pub currencies: Vec<Currency>,
            /// Our id in the network, leading zeros kept.
            #[serde(deserialize_with = "id::<HEADER_ID_MAX, _>")]
            pub participant_id: String,
            /// The product, as Mastercard names it.
            #[serde(default = "pbarfp", deserialize_with = "id::<HEADER_ID_MAX, _>")]
            pub product_id: String,
            /// Who initiates our messages; none: the participant.
            pub initiating_party_id: Option<String>,
            /// The kind of business, a number of the network's.
            #[serde(default = "three", deserialize_with = "within::<1, 999, _>")]
            pub business_type: u32,
            /// Our certificate for mutual TLS, in PEM, with what it is signed by.
            pub client_certificate: SecretSource,
            /// Its key, in PEM.
            pub client_key: SecretSource,
            /// What the network's server certificate must be signed by, in PEM.
            pub server_ca: SecretSource,
            /// The key we sign with, in PEM: RSA of 2048 bits.
            pub signing_key: SecretSource,
            /// Its name in our signatures, as the network knows it.
            #[serde(deserialize_with = "id::<64, _>")]
            pub signing_kid: String,
            /// What the network signs with: several while it changes its key.
            #[serde(deserialize_with = "distinct")]
            pub network_certificates: Vec<NetworkCertificate>,
            /// Signatures of the older algorithm (RS256) are believed too (fact sheet 11, row 1).
            #[serde(default)]
            pub accept_rs256: bool,
            /// How far the network's clock may be ahead of ours.
            #[serde(default = "five", deserialize_with = "within::<0, 300, _>")]
            pub clock_tolerance_seconds: u32,
            /// Who may call us, by participant id; none named: whoever signs as the network.
            #[serde(default)]
            pub network_participant_ids: Vec<String>,
            /// The initiating party of a call must be the participant that its header names (fact
            /// sheet 8, AGRM-0003).
            #[serde(default = "yes")]
            pub check_initiating_party: bool,
            /// How long the network remembers a request (fact sheet 10 does not say): as long, less an
            /// hour of margin, one of unknown outcome is sent again.
            #[serde(default = "a_day", deserialize_with = "within::<1, 8_760, _>")]
            pub replay_hours: u32,
            /// The path of the base URL that was registered with Mastercard, below which it calls us.
            #[serde(default, deserialize_with = "path")]
            pub base_path: String,
            /// Looks and sends of unknown outcome per minute.
            #[serde(default = "sixty", deserialize_with = "within::<1, 60_000, _>")]
            pub polls_per_minute: u32,
            $($own)*
        }

        impl $name {
            /// What both roles are told.
            pub fn link(&self) -> Link {
                let party = self.initiating_party_id.as_ref();
                Link {
                    base_url: self.base_url.clone(),
                    participant_id: self.participant_id.clone(),
                    product_id: self.product_id.clone(),
                    initiating_party_id: party.unwrap_or(&self.participant_id).clone(),
                    business_type: self.business_type,
                    client_certificate: self.client_certificate.clone(),
                    client_key: self.client_key.clone(),
                    server_ca: self.server_ca.clone(),
                    signing_key: self.signing_key.clone(),
                    signing_kid: self.signing_kid.clone(),
                    network_certificates: self.network_certificates.clone(),
                    accept_rs256: self.accept_rs256,
                    clock_tolerance_seconds: self.clock_tolerance_seconds,
                    network_participant_ids: self.network_participant_ids.clone(),
                    check_initiating_party: self.check_initiating_party,
                }
            }
        }
    };
}

participant! {
    /// `[accounts.NAME]` with `provider = "mastercard-creditor"`: the merchant's side.
    Creditor {
        /// The merchant, as the network knows it.
        #[serde(deserialize_with = "id::<BODY_ID_MAX, _>")]
        pub creditor_id: String,
        /// Who serves it in the network: us, as a rule.
        #[serde(deserialize_with = "id::<BODY_ID_MAX, _>")]
        pub creditor_service_provider_id: String,
        /// How refunds are paid, in the network's word.
        #[serde(default = "fps", deserialize_with = "id::<METHOD_MAX, _>")]
        pub refund_method: String,
        /// The rail that confirmations name.
        #[serde(default = "fps", deserialize_with = "id::<BODY_ID_MAX, _>")]
        pub clearing_system: String,
        /// The network's word for each of our reasons. A reason without one cannot be used.
        #[serde(default = "known_reasons", deserialize_with = "reasons")]
        pub reasons: BTreeMap<String, String>,
        /// How many days after the payment a refund is possible; 0: the network decides.
        #[serde(default, deserialize_with = "within::<0, 3_650, _>")]
        pub refund_days: u32,
        /// Our own account, from which payment files pay; none: no payment file can be written.
        pub debtor_account: Option<OwnAccount>,
        /// The version of payment files.
        #[serde(default)]
        pub pain_version: PainVersion,
    }
}

participant! {
    /// `[accounts.NAME]` with `provider = "mastercard-debtor"`: the bank of those who paid.
    Debtor {
        /// Who serves them in the network: us, as a rule.
        #[serde(deserialize_with = "id::<BODY_ID_MAX, _>")]
        pub debtor_service_provider_id: String,
        /// The debtor that our own calls name where the network named none; none: such a call is not
        /// made.
        pub debtor_id: Option<String>,
        /// The code of a refusal by a rule of ours; none: refusals have no code, only words (fact sheet
        /// 0: the list is not public).
        pub refusal_code: Option<String>,
        /// How long a request is held for a person to answer; 0: never.
        #[serde(default = "twenty", deserialize_with = "within::<0, 300, _>")]
        pub hold_seconds: u32,
        /// What a rule can answer is answered without a person.
        #[serde(default = "yes")]
        pub automatic: bool,
    }
}

fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Currency>, D::Error> {
    let currencies = Vec::<Currency>::deserialize(deserializer)?;
    match currencies.is_empty() {
        true => Err(de::Error::custom("name at least one currency")),
        false => Ok(currencies),
    }
}

fn id<'de, const MAX: usize, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = (1..=MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
    match fits {
        true => Ok(text),
        false => Err(de::Error::custom(format!(
            "it has 1 to {MAX} plain characters, without spaces"
        ))),
    }
}

fn distinct<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<NetworkCertificate>, D::Error> {
    let certificates = Vec::<NetworkCertificate>::deserialize(deserializer)?;
    let kids: BTreeSet<&str> = certificates.iter().map(|it| it.kid.as_str()).collect();
    if certificates.is_empty() {
        return Err(de::Error::custom(
            "name at least one: without it no call of the network's is believed",
        ));
    }
    match kids.len() == certificates.len() && !kids.contains("") {
        true => Ok(certificates),
        false => Err(de::Error::custom("each certificate has a kid of its own")),
    }
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"/-._~".contains(&it);
    let rooted = text.starts_with('/') && !text.ends_with('/') && !text.contains("//");
    match text.is_empty() || (rooted && text.bytes().all(plain) && !text.contains("..")) {
        true => Ok(text),
        false => Err(de::Error::custom(
            "it begins with / and does not end with one, such as \"/mastercard\"; \"\" for none",
        )),
    }
}

fn reasons<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let reasons = BTreeMap::<String, String>::deserialize(deserializer)?;
    let known = |code: &str| reason::catalogue().iter().any(|it| it.code == code);
    for (ours, theirs) in &reasons {
        if !known(ours) {
            return Err(de::Error::custom(format!(
                "{ours} is not one of our reasons"
            )));
        }
        if !(1..=REASON_MAX).contains(&theirs.len())
            || !theirs.bytes().all(|it| it.is_ascii_graphic())
        {
            return Err(de::Error::custom(format!(
                "{ours}: the network's word has 1 to {REASON_MAX} plain characters"
            )));
        }
    }
    // What is published stands, unless an account names another word.
    let mut all = known_reasons();
    all.extend(reasons);
    Ok(all)
}

/// The words that are published (fact sheet 9).
fn known_reasons() -> BTreeMap<String, String> {
    let published = [("duplicate", "DUPLICATEORDER"), ("dispute", "DISPUTES")];
    published
        .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
        .into()
}

fn pbarfp() -> String {
    "PBARFP".to_owned()
}

fn fps() -> String {
    "FPS".to_owned()
}

fn three() -> u32 {
    3
}

fn five() -> u32 {
    5
}

fn twenty() -> u32 {
    20
}

fn a_day() -> u32 {
    24
}

fn sixty() -> u32 {
    60
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests;
