use std::path::Path;

use rstest::rstest;

use super::*;
use crate::config::{Provider, parse};

const HEAD: &str =
    "environment = \"test\"\n[accounts.p]\nprovider = \"prism\"\ncurrencies = [\"USD\"]\n";
const BASE: &str = "base_url = \"https://prism.example\"\n";
const STRIPE: &str = "[accounts.p.connector.stripe]\napi_key = \"env:KEY\"\n";

fn read(rest: &str) -> Result<Prism, String> {
    let settings = parse(Path::new("config.toml"), &format!("{HEAD}{rest}"));
    let settings = settings.map_err(|error| error.to_string())?;
    match &settings.accounts[0].provider {
        Provider::Prism(prism) => Ok((**prism).clone()),
        _ => panic!("not Prism"),
    }
}

#[test]
fn what_is_not_said_has_its_default() {
    let prism = read(&format!("{BASE}{STRIPE}")).unwrap();
    assert_eq!((prism.deadline_seconds, prism.polls_per_minute), (60, 60));
    assert_eq!((prism.refund_days, prism.check_payment), (0, false));
    assert_eq!(prism.test_mode, None);
    assert_eq!(prism.connector.key(), "Stripe");
    assert_eq!(prism.connector.name(), "stripe");
}

#[rstest]
#[case("https://prism.example:8443", None)]
#[case("http://127.0.0.1:8000", None)]
#[case("http://[::1]:8000", None)]
#[case("http://localhost:8000/", None)]
#[case("http://prism.internal:8000", Some("use https"))]
#[case("http://localhost.example.com:8000", Some("use https"))]
#[case("http://10.0.0.1:8000", Some("use https"))]
#[case("https://prism.example/grpc", Some("host and port only"))]
#[case("https://user:pass@prism.example", Some("host and port only"))]
#[case("grpc://127.0.0.1:8000", Some("must be https"))]
fn plaintext_is_for_this_machine(#[case] url: &str, #[case] refused: Option<&str>) {
    let read = read(&format!("base_url = \"{url}\"\n{STRIPE}"));
    match refused {
        None => assert!(read.is_ok(), "{read:?}"),
        Some(why) => {
            let said = read.unwrap_err();
            assert!(said.contains("line 5: accounts.p.base_url"), "{said}");
            assert!(said.contains(why), "{said}");
        }
    }
}

#[rstest]
#[case("adyen", "api_key = \"env:K\"\nmerchant_account = \"M\"\n", &["api_key", "merchant_account"])]
#[case("paypal", "client_id = \"C\"\nclient_secret = \"env:S\"\n", &["client_id", "client_secret"])]
#[case(
    "checkout",
    "api_key = \"env:K\"\napi_secret = \"env:S\"\nprocessing_channel_id = \"pc_1\"\n",
    &["api_key", "api_secret", "processing_channel_id"]
)]
#[case(
    "braintree",
    "public_key = \"env:K\"\nprivate_key = \"env:S\"\nmerchant_config_currency = \"USD\"\n",
    &[
        "public_key",
        "private_key",
        "merchant_config_currency",
        "apple_pay_supported_networks",
        "apple_pay_merchant_capabilities",
        "gpay_allowed_auth_methods",
        "gpay_allowed_card_networks"
    ]
)]
#[case(
    "other",
    "key = \"Worldpay\"\nmembers = { username = \"u\", entity_id = \"e\" }\nsecrets = { password = \"env:P\" }\n",
    &["entity_id", "username", "password"]
)]
#[case("other", "key = \"Tomorrow\"\nsecrets = { any = \"env:P\" }\n", &["any"])]
fn each_connector_has_its_members(
    #[case] which: &str,
    #[case] table: &str,
    #[case] members: &[&str],
) {
    let prism = read(&format!("{BASE}[accounts.p.connector.{which}]\n{table}")).unwrap();
    let names: Vec<&str> = prism.connector.members().iter().map(|it| it.0).collect();
    assert_eq!(names, members);
    let kind = prism.connector.kind();
    assert!(kind.is_none_or(|kind| names.iter().all(|name| kind.has(name))));
}

#[rstest]
#[case("connector.stripe]\napi_key = \"sk_live\"", "never the secret itself")]
#[case("connector.stripe]\napi_kee = \"env:K\"", "did you mean `api_key`?")]
#[case("connector.stripe]\n", "api_key")]
#[case("connector.strip]\napi_key = \"env:K\"", "stripe")]
#[case("connector.other]\nkey = \"mollie\"", "\"Mollie\"")]
#[case("connector.other]\nkey = \"Molie\"", "did you mean \"Mollie\"")]
#[case("connector.other]\nkey = \"Mollie\"", "Mollie needs api_key")]
#[case("connector.other]\nkey = \"Phonepe\"", "cannot refund")]
#[case(
    "connector.other]\nkey = \"Mollie\"\nsecrets = { api_key = \"env:K\" }\nmembers = { profil = \"x\" }",
    "has no profil; it has api_key, profile_token"
)]
#[case(
    "connector.other]\nkey = \"Mollie\"\nsecrets = { api_key = \"env:K\" }\nmembers = { base_url = \"x\" }",
    "not for refunds"
)]
#[case(
    "connector.other]\nkey = \"Mollie\"\nsecrets = { api_key = \"env:K\" }\nmembers = { api_key = \"x\" }",
    "among members and secrets"
)]
#[case(
    "connector.other]\nkey = \"Mollie\"\nmembers = { api_key = 5 }",
    "a text"
)]
fn a_slip_in_a_connector_is_said(#[case] table: &str, #[case] why: &str) {
    let said = read(&format!("{BASE}[accounts.p.{table}\n")).unwrap_err();
    assert!(said.contains(why), "{said}");
    assert!(!said.contains("sk_live"), "{said}");
}

#[test]
fn decimals_are_given_by_currency() {
    let prism = read(&format!(
        "{BASE}exponents = {{ KWD = 3, ISK = 2 }}\n{STRIPE}"
    ))
    .unwrap();
    let isk = Currency::from_code("ISK").unwrap();
    assert_eq!(prism.exponents.get(&isk), Some(&2));
    let said = read(&format!("{BASE}exponents = {{ KWD = 5 }}\n{STRIPE}")).unwrap_err();
    assert!(said.contains("0 to 4"), "{said}");
}
