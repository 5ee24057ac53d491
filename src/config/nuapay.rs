//! The settings of a Nuapay account (`providers/nuapay.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::bounds::within;
use super::secret::SecretSource;
use crate::domain::limits::{Limit, Limits};
use crate::domain::money::{Currency, Money};

/// The currencies in which refunds can be made (fact sheet 6).
const REFUNDABLE: [&str; 2] = ["GBP", "EUR"];
/// The word for "there is no cap".
const UNLIMITED: &str = "unlimited";

/// `[accounts.NAME]` with `provider = "nuapay"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nuapay {
    /// Payments and refunds, `/tpp` included.
    pub base_url: Url,
    /// Where tokens are asked for; none: `base_url` without its `/tpp`.
    pub token_url: Option<Url>,
    /// The currencies of the account: GBP, EUR or both.
    #[serde(deserialize_with = "refundable")]
    pub currencies: Vec<Currency>,
    /// The API key.
    pub api_key: SecretSource,
    /// How calls are authenticated.
    #[serde(default)]
    pub auth: Auth,
    /// The merchant a partner acts for, by its encoded organisation id; only with tokens.
    pub organisation: Option<String>,
    /// How long a token is asked to live.
    #[serde(
        default = "half_an_hour_s",
        deserialize_with = "within::<60, 31_556_926, _>"
    )]
    pub token_seconds: u32,
    /// The key that webhooks are signed with; none: no webhook is believed.
    pub webhook_sign_key: Option<SecretSource>,
    /// The most that all refunds of one payment may come to (fact sheet 10).
    #[serde(default)]
    pub cap_per_payment: Cap,
    /// The most that a single refund may be, in percent of the payment.
    #[serde(default, deserialize_with = "within::<0, 1_000, _>")]
    pub max_percent: u32,
    /// The most days a payment may be old.
    #[serde(
        default = "eighteen_months",
        deserialize_with = "within::<0, 3_650, _>"
    )]
    pub period_days: u32,
    /// What a zero in the three limits means; the provider does not say.
    #[serde(default)]
    pub zero_means: ZeroMeans,
    /// How long after its first send a request of unknown outcome may be repeated; 0: never. The
    /// provider remembers a key for 24 hours (fact sheet 8), of which one is margin.
    #[serde(
        default = "twenty_three_hours",
        deserialize_with = "within::<0, 82_800, _>"
    )]
    pub replay_seconds: u32,
    /// How long after its last send it may be repeated.
    #[serde(default = "half_a_minute", deserialize_with = "within::<1, 82_800, _>")]
    pub replay_wait_seconds: u32,
    /// Refund lists without our reference prove that a refund never arrived.
    #[serde(default = "yes")]
    pub absence_is_proof: bool,
    /// From how long after the last send they count.
    #[serde(default = "half_an_hour", deserialize_with = "within::<30, 10_080, _>")]
    pub absence_after_minutes: u32,
    /// Entries asked for per page of a list; how many are allowed is not published.
    #[serde(default = "twenty", deserialize_with = "within::<1, 100, _>")]
    pub page_size: u32,
    /// Polls and inquiries per minute.
    #[serde(default = "sixty", deserialize_with = "within::<1, 60_000, _>")]
    pub polls_per_minute: u32,
}

/// How calls are authenticated (fact sheet 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// The API key with every call.
    #[default]
    ApiKey,
    /// The API key asks for a token, which goes with every call.
    Token,
}

impl Auth {
    /// The word in the config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api-key",
            Self::Token => "token",
        }
    }
}

/// What a zero in a limit means (domain.md, "Eligibility and limits").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZeroMeans {
    /// Nothing may be refunded.
    #[default]
    Blocked,
    /// Nobody knows; the provider decides.
    Unset,
}

impl ZeroMeans {
    /// The word in the config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Unset => "unset",
        }
    }
}

/// A cap in main units, as text so that no amount is ever a float, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cap {
    /// There is no cap.
    Unlimited,
    /// `500` or `500.00`: main units of each of the account's currencies.
    Main(String),
}

impl Default for Cap {
    fn default() -> Self {
        Self::Main("0".to_owned())
    }
}

impl Cap {
    /// The text in the config.
    pub fn text(&self) -> &str {
        match self {
            Self::Unlimited => UNLIMITED,
            Self::Main(text) => text,
        }
    }

    /// In minor units of a currency. Both currencies of refunds have two decimals, with which the
    /// text was read.
    fn minor(text: &str, currency: Currency) -> i64 {
        Money::parse(text, currency).map_or(0, |cap| cap.minor)
    }
}

impl<'de> Deserialize<'de> for Cap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "\"unlimited\", a whole number of main units, or a text such as \"500.00\""
        )]
        enum Either {
            Main(i64),
            Text(String),
        }
        let text = match Either::deserialize(deserializer)? {
            Either::Text(text) if text == UNLIMITED => return Ok(Self::Unlimited),
            Either::Text(text) => text,
            Either::Main(main) => main.to_string(),
        };
        for code in REFUNDABLE {
            let read = Currency::from_code(code).and_then(|it| Money::parse(&text, it));
            read.map_err(de::Error::custom)?;
        }
        Ok(Self::Main(text))
    }
}

impl Nuapay {
    /// The account's three limits, zeros read as it says.
    pub fn limits(&self) -> Limits {
        let cap = match &self.cap_per_payment {
            Cap::Unlimited => Limit::Unlimited,
            Cap::Main(text) => {
                let caps = self.currencies.iter();
                let caps: BTreeMap<Currency, i64> =
                    caps.map(|it| (*it, Cap::minor(text, *it))).collect();
                let is_zero = caps.values().all(|cap| *cap == 0);
                self.read(caps, is_zero)
            }
        };
        Limits {
            cap_per_payment: cap,
            max_percent: self.read(self.max_percent, self.max_percent == 0),
            period_days: self.read(self.period_days, self.period_days == 0),
        }
    }

    fn read<T>(&self, figure: T, is_zero: bool) -> Limit<T> {
        match self.zero_means {
            ZeroMeans::Unset if is_zero => Limit::Unset,
            _ => Limit::Of(figure),
        }
    }

    /// Where tokens are asked for (fact sheet 1: the token base has no `/tpp`).
    pub fn token_base(&self) -> Url {
        self.token_url.clone().unwrap_or_else(|| {
            let mut root = self.base_url.clone();
            let tpp = root
                .path_segments()
                .and_then(|mut path| path.rfind(|it| !it.is_empty()))
                == Some("tpp");
            if let (true, Ok(mut path)) = (tpp, root.path_segments_mut()) {
                path.pop_if_empty().pop();
            }
            root
        })
    }
}

fn refundable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Currency>, D::Error> {
    let currencies = Vec::<Currency>::deserialize(deserializer)?;
    let others = currencies.iter().any(|it| !REFUNDABLE.contains(&it.code()));
    if currencies.is_empty() || others {
        let codes = REFUNDABLE.join(" and ");
        let what = format!("this provider refunds in {codes} only; name one or both");
        return Err(de::Error::custom(what));
    }
    Ok(currencies)
}

fn half_an_hour_s() -> u32 {
    1_800
}

fn eighteen_months() -> u32 {
    540
}

fn twenty_three_hours() -> u32 {
    82_800
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

fn twenty() -> u32 {
    20
}

fn sixty() -> u32 {
    60
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;
    use crate::config::{self, Provider};

    const HEAD: &str = "environment = \"test\"\n[accounts.nuapay-uk]\nprovider = \"nuapay\"\n\
        base_url = \"https://sandbox.nuapay.com/tpp\"\ncurrencies = [\"GBP\"]\napi_key = \"env:KEY\"\n";

    fn read(more: &str) -> Result<Nuapay, String> {
        let settings = config::parse(Path::new("config.toml"), &format!("{HEAD}{more}"));
        let settings = settings.map_err(|error| error.to_string())?;
        match settings.accounts.into_iter().next().unwrap().provider {
            Provider::Nuapay(nuapay) => Ok(*nuapay),
            _ => panic!("another provider"),
        }
    }

    fn capped(minor: i64) -> Limit<BTreeMap<Currency, i64>> {
        Limit::Of([(Currency::from_code("GBP").unwrap(), minor)].into())
    }

    /// The documented defaults: 0, 0, 540 days, and 0 blocks.
    #[test]
    fn nothing_said_is_the_documented_default() {
        let limits = read("").unwrap().limits();
        assert_eq!(limits.cap_per_payment, capped(0));
        assert_eq!(limits.max_percent, Limit::Of(0));
        assert_eq!(limits.period_days, Limit::Of(540));
    }

    #[rstest]
    #[case("cap_per_payment = \"unlimited\"", Limit::Unlimited)]
    #[case("cap_per_payment = 500", capped(50_000))]
    #[case("cap_per_payment = \"500.5\"", capped(50_050))]
    #[case("cap_per_payment = 0", capped(0))]
    #[case("cap_per_payment = 0\nzero_means = \"unset\"", Limit::Unset)]
    #[case("cap_per_payment = 5\nzero_means = \"unset\"", capped(500))]
    fn a_cap_is_an_amount_or_unlimited(
        #[case] text: &str,
        #[case] cap: Limit<BTreeMap<Currency, i64>>,
    ) {
        assert_eq!(read(text).unwrap().limits().cap_per_payment, cap);
    }

    #[rstest]
    #[case("zero_means = \"unset\"", Limit::Unset, Limit::Of(540))]
    #[case("zero_means = \"unset\"\nperiod_days = 0", Limit::Unset, Limit::Unset)]
    #[case("max_percent = 100\nperiod_days = 30", Limit::Of(100), Limit::Of(30))]
    fn what_zero_means_is_a_setting(
        #[case] text: &str,
        #[case] percent: Limit<u32>,
        #[case] period: Limit<u32>,
    ) {
        let limits = read(text).unwrap().limits();
        assert_eq!((limits.max_percent, limits.period_days), (percent, period));
    }

    #[rstest]
    #[case("cap_per_payment = 500.5", "cap_per_payment")]
    #[case("cap_per_payment = \"much\"", "cap_per_payment")]
    #[case("cap_per_payment = \"1,5\"", "cap_per_payment")]
    #[case("cap_per_payment = -1", "cap_per_payment")]
    #[case("max_percent = 1001", "0 to 1000")]
    #[case("period_days = 3651", "0 to 3650")]
    #[case("replay_seconds = 82801", "0 to 82800")]
    #[case("zero_means = \"nothing\"", "zero_means")]
    #[case("auth = \"oauth\"", "auth")]
    #[case("max_precent = 5", "did you mean `max_percent`?")]
    #[case("webhook_sign_key = \"s3cr3t\"", "webhook_sign_key")]
    fn a_mistake_is_named(#[case] text: &str, #[case] what: &str) {
        let said = read(text).unwrap_err();
        assert!(said.contains(what) && !said.contains("s3cr3t"), "{said}");
    }

    #[rstest]
    #[case("[]")]
    #[case("[\"GBP\", \"PLN\"]")]
    fn only_currencies_that_can_be_refunded(#[case] currencies: &str) {
        let text = format!("{HEAD}x")
            .replace("[\"GBP\"]", currencies)
            .replace("\nx", "");
        let said = config::parse(Path::new("c"), &text)
            .unwrap_err()
            .to_string();
        assert!(said.contains("GBP and EUR"), "{said}");
    }

    #[rstest]
    #[case("https://api.nuapay.com/tpp", "https://api.nuapay.com/")]
    #[case("https://api.nuapay.com/tpp/", "https://api.nuapay.com/")]
    #[case("http://127.0.0.1:8/nuapay/tpp", "http://127.0.0.1:8/nuapay")]
    #[case("http://127.0.0.1:8/mock", "http://127.0.0.1:8/mock")]
    fn tokens_are_asked_for_beside_tpp(#[case] base: &str, #[case] root: &str) {
        let mut nuapay = read("").unwrap();
        nuapay.base_url = base.parse().unwrap();
        assert_eq!(nuapay.token_base().as_str(), root);
        nuapay.token_url = Some("https://elsewhere.example/".parse().unwrap());
        assert_eq!(nuapay.token_base().as_str(), "https://elsewhere.example/");
    }
}
