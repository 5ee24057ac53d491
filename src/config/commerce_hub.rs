//! The settings of a Commerce Hub account (`providers/commerce-hub.md`).

use chrono::NaiveTime;
use serde::Deserialize;
use url::Url;

use super::bounds::within;
use super::secret::SecretSource;
use crate::domain::money::Currency;

/// `[accounts.NAME]` with `provider = "commerce-hub"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommerceHub {
    /// The whole base URL, `/ch` included.
    pub base_url: Url,
    /// The currencies the merchant is boarded for.
    pub currencies: Vec<Currency>,
    /// The merchant id assigned at boarding.
    pub merchant_id: String,
    /// The terminal id assigned at boarding.
    pub terminal_id: String,
    /// The API key.
    pub api_key: SecretSource,
    /// The API secret that signs each request.
    pub api_secret: SecretSource,
    /// How the signature is encoded.
    #[serde(default)]
    pub hmac_encoding: HmacEncoding,
    /// Which refund operation is called.
    #[serde(default)]
    pub refund_call: RefundCall,
    /// When a refund is captured, which is what pays it.
    #[serde(default)]
    pub refund_capture: RefundCapture,
    /// When the day's batch closes, in the business time zone: until then a refund of the day can be
    /// stopped. None: nobody here knows.
    #[serde(default)]
    pub batch_closes: Option<NaiveTime>,
    /// How many calendar months after capture a refund is possible.
    #[serde(default = "twelve", deserialize_with = "within::<1, 120, _>")]
    pub refund_months: u32,
    /// How long after its first send a request of unknown outcome may be repeated; 0: never. The
    /// provider remembers a request id for about five minutes (fact sheet 8.1), so four at most.
    #[serde(default = "four_minutes", deserialize_with = "within::<0, 240, _>")]
    pub replay_seconds: u32,
    /// How long after its last send it may be repeated.
    #[serde(default = "half_a_minute", deserialize_with = "within::<1, 240, _>")]
    pub replay_wait_seconds: u32,
    /// Inquiries that find nothing prove that a refund never arrived.
    #[serde(default = "yes")]
    pub absence_is_proof: bool,
    /// From how long after the last send they count.
    #[serde(default = "half_an_hour", deserialize_with = "within::<30, 10_080, _>")]
    pub absence_after_minutes: u32,
    /// Polls and inquiries per minute.
    #[serde(default = "sixty", deserialize_with = "within::<1, 60_000, _>")]
    pub polls_per_minute: u32,
}

/// How the HMAC becomes text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HmacEncoding {
    /// Base64 of the 32 bytes: current.
    #[default]
    Raw,
    /// Base64 of the hex digest: before November 2023.
    Hex,
}

/// Which refund operation is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundCall {
    /// `POST payments/v1/refunds`: current.
    #[default]
    Refunds,
    /// `POST payments/v1/charges/{transactionId}/refund`: the older form.
    ChargeUri,
}

/// When a refund is captured (fact sheet 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundCapture {
    /// With the refund itself.
    #[default]
    AtOnce,
    /// By a person, once the refund is authorised.
    ByHand,
}

impl CommerceHub {
    /// Why these settings cannot work together.
    pub fn contradiction(&self) -> Option<&'static str> {
        let older = self.refund_call == RefundCall::ChargeUri;
        (older && self.refund_capture == RefundCapture::ByHand).then_some(
            "refund_capture = \"by-hand\" needs refund_call = \"refunds\": the older call has no capture",
        )
    }
}

fn twelve() -> u32 {
    12
}

fn four_minutes() -> u32 {
    240
}

fn half_a_minute() -> u32 {
    30
}

fn yes() -> bool {
    true
}

fn half_an_hour() -> u32 {
    30
}

fn sixty() -> u32 {
    60
}
