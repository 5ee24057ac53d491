use std::collections::BTreeMap;
use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};

use super::super::tests::{adyen, braintree, paypal, settings, stripe};
use super::*;
use crate::config::Environ;
use crate::config::prism::{Checkout, Other};
use crate::config::secret::SecretSource;

const SECRET: &str = "canary \"key\" \u{e9}\u{1f600}";

fn credentials(connector: &Connector) -> Credentials {
    let environ = Environ::new([("KEY".into(), SECRET.into())]);
    let secrets = Secrets {
        account: "prism-us",
        folder: Path::new("/"),
        environ: &environ,
    };
    Credentials::read(connector, &secrets).unwrap()
}

fn metadata(connector: Connector) -> BTreeMap<String, String> {
    let credentials = credentials(&connector);
    let settings = settings("https://prism.example", connector);
    let mut metadata = MetadataMap::new();
    let identity = Identity::new(&settings, &credentials).unwrap();
    identity.add_to(&mut metadata, "req-1", Some("rfd-1"));
    let headers = metadata.into_headers();
    let texts = headers.iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8(value.as_bytes().to_vec()).unwrap(),
        )
    });
    texts.collect()
}

fn key() -> SecretSource {
    SecretSource::Env("KEY".to_owned())
}

fn checkout(legacy_headers: bool) -> Connector {
    Connector::Checkout(Checkout {
        api_key: key(),
        api_secret: key(),
        processing_channel_id: "pc_1".to_owned(),
        legacy_headers,
    })
}

fn other() -> Connector {
    Connector::Other(Other {
        key: "PinelabsOnline".to_owned(),
        members: BTreeMap::from([("client_id".to_owned(), Plain::Text("c".to_owned()))]),
        secrets: BTreeMap::from([("client_secret".to_owned(), key())]),
    })
}

#[rstest]
#[case(stripe(), "stripe", json!({"Stripe": {"api_key": SECRET}}))]
#[case(
    adyen(),
    "adyen",
    json!({"Adyen": {"api_key": SECRET, "merchant_account": "ShopCOM", "endpoint_prefix": "abc"}})
)]
#[case(paypal(), "paypal", json!({"Paypal": {"client_id": "client", "client_secret": SECRET}}))]
#[case(
    checkout(false),
    "checkout",
    json!({"Checkout": {"api_key": SECRET, "api_secret": SECRET, "processing_channel_id": "pc_1"}})
)]
#[case(
    braintree(),
    "braintree",
    json!({"Braintree": {
        "public_key": SECRET, "private_key": SECRET, "merchant_account_id": "shop-eur",
        "apple_pay_supported_networks": [], "apple_pay_merchant_capabilities": [],
        "gpay_allowed_auth_methods": [], "gpay_allowed_card_networks": []
    }})
)]
#[case(
    other(),
    "pinelabs_online",
    json!({"PinelabsOnline": {"client_id": "c", "client_secret": SECRET}})
)]
fn the_config_header_is_the_documented_json(
    #[case] connector: Connector,
    #[case] name: &str,
    #[case] inner: Value,
) {
    let headers = metadata(connector);
    let config = &headers["x-connector-config"];
    assert!(config.is_ascii(), "{config}");
    let config: Value = serde_json::from_str(config).unwrap();
    assert_eq!(config, json!({ "config": inner }));
    assert_eq!(headers["x-connector"], name);
    assert_eq!(headers["x-merchant-id"], "shop");
    assert_eq!(headers["x-request-id"], "req-1");
    assert_eq!(headers["x-reference-id"], "rfd-1");
    let mut names: Vec<&str> = headers.keys().map(String::as_str).collect();
    names.retain(|name| name.starts_with("x-"));
    assert_eq!(names.len(), 5, "nothing else goes along: {names:?}");
}

#[test]
fn the_older_headers_are_the_second_table() {
    let environ = Environ::new([("KEY".into(), "k".into())]);
    let secrets = Secrets {
        account: "a",
        folder: Path::new("/"),
        environ: &environ,
    };
    let legacy = |connector: Connector| {
        let headers = Credentials::read(&connector, &secrets)
            .unwrap()
            .legacy(&connector);
        let texts = headers
            .into_iter()
            .map(|(name, text)| format!("{name}={text}"));
        texts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(legacy(stripe()), "x-auth=header-key x-api-key=k");
    assert_eq!(
        legacy(adyen()),
        "x-auth=body-key x-api-key=k x-key1=ShopCOM"
    );
    assert_eq!(
        legacy(paypal()),
        "x-auth=body-key x-api-key=k x-key1=client"
    );
    assert_eq!(
        legacy(checkout(true)),
        "x-auth=signature-key x-api-key=k x-key1=pc_1 x-api-secret=k"
    );
    assert_eq!(
        legacy(braintree()),
        "x-auth=signature-key x-api-key=k x-key1=shop-eur x-api-secret=k"
    );
}

#[test]
fn the_older_headers_take_the_place_of_the_json() {
    let settings = settings("https://prism.example", checkout(true));
    let environ = Environ::new([("KEY".into(), "k".into())]);
    let secrets = Secrets {
        account: "a",
        folder: Path::new("/"),
        environ: &environ,
    };
    let credentials = Credentials::read(&settings.connector, &secrets).unwrap();
    let mut metadata = MetadataMap::new();
    let identity = Identity::new(&settings, &credentials).unwrap();
    identity.add_to(&mut metadata, "r", None);
    assert!(metadata.get("x-connector-config").is_none());
    assert_eq!(metadata.get("x-auth").unwrap(), "signature-key");
}

/// R11: no header shows what it holds.
#[test]
fn secrets_are_not_shown() {
    let connector = stripe();
    let credentials = credentials(&connector);
    let settings = settings("https://prism.example", connector);
    let mut metadata = MetadataMap::new();
    let identity = Identity::new(&settings, &credentials).unwrap();
    identity.add_to(&mut metadata, "r", None);
    assert!(!format!("{metadata:?} {settings:?}").contains("canary"));
}

#[test]
fn a_secret_that_is_missing_is_named() {
    let connector = stripe();
    let environ = Environ::new([]);
    let secrets = Secrets {
        account: "prism-us",
        folder: Path::new("/"),
        environ: &environ,
    };
    let said = Credentials::read(&connector, &secrets)
        .err()
        .unwrap()
        .to_string();
    assert!(
        said.contains("accounts.prism-us.api_key (env:KEY)"),
        "{said}"
    );
}
