use std::path::Path;

use rstest::rstest;

use super::*;
use crate::config::{self, Provider};

const SHARED: &str = "base_url = \"https://mtf.services.mastercard.com/zapp/pbarfp/csp\"\n\
    currencies = [\"GBP\"]\nparticipant_id = \"000645\"\nclient_certificate = \"file:c.pem\"\n\
    client_key = \"file:c.key\"\nserver_ca = \"file:ca.pem\"\nsigning_key = \"env:SIGNING\"\n\
    signing_kid = \"desk-1\"\n\
    network_certificates = [{ kid = \"net-1\", certificate = \"file:net.pem\" }]\n";
const CREDITOR: &str = "creditor_id = \"CAFE0001\"\ncreditor_service_provider_id = \"000645\"\n";
const DEBTOR: &str = "debtor_service_provider_id = \"000545\"\n";

fn provider(name: &str, keys: &str) -> Result<Provider, String> {
    let text = format!("environment = \"test\"\n[accounts.a2a]\nprovider = \"{name}\"\n{keys}");
    let settings = config::parse(Path::new("config.toml"), &text);
    let settings = settings.map_err(|error| error.to_string())?;
    Ok(settings.accounts.into_iter().next().unwrap().provider)
}

fn creditor(more: &str) -> Result<Creditor, String> {
    match provider("mastercard-creditor", &format!("{SHARED}{CREDITOR}{more}"))? {
        Provider::MastercardCreditor(creditor) => Ok(*creditor),
        other => panic!("{other:?}"),
    }
}

fn debtor(more: &str) -> Result<Debtor, String> {
    match provider("mastercard-debtor", &format!("{SHARED}{DEBTOR}{more}"))? {
        Provider::MastercardDebtor(debtor) => Ok(*debtor),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_said_is_the_documented_default() {
    let creditor = creditor("").unwrap();
    assert_eq!(creditor.product_id, "PBARFP");
    assert_eq!(creditor.link().initiating_party_id, "000645");
    assert_eq!((creditor.business_type, creditor.replay_hours), (3, 24));
    assert_eq!(
        (creditor.clock_tolerance_seconds, creditor.accept_rs256),
        (5, false)
    );
    assert_eq!(
        (
            creditor.refund_method.as_str(),
            creditor.clearing_system.as_str()
        ),
        ("FPS", "FPS")
    );
    assert_eq!(creditor.reasons["duplicate"], "DUPLICATEORDER");
    assert_eq!(creditor.pain_version, PainVersion::V09);
    assert_eq!(
        (creditor.base_path.as_str(), creditor.debtor_account),
        ("", None)
    );
    let debtor = debtor("").unwrap();
    assert_eq!((debtor.hold_seconds, debtor.automatic), (20, true));
    assert_eq!(debtor.debtor_id, None);
}

#[test]
fn each_setting_is_read() {
    let text = "product_id = \"X\"\ninitiating_party_id = \"P\"\nbusiness_type = 7\naccept_rs256 = true\n\
        clock_tolerance_seconds = 0\nreplay_hours = 48\nbase_path = \"/mc/in\"\nrefund_method = \"SEPA\"\n\
        clearing_system = \"SEPA\"\nreasons = { customer_request = \"CUSTREQ\" }\nrefund_days = 90\n\
        debtor_account = { name = \"Shop\", iban = \"GB29 NWBK 6016 1331 9268 19\", bic = \"NWBKGB2L\" }\n\
        pain_version = \"001.001.03\"\n";
    let creditor = creditor(text).unwrap();
    let account = creditor.debtor_account.clone().unwrap();
    assert_eq!(
        account.number,
        OwnNumber::Iban("GB29NWBK60161331926819".to_owned())
    );
    assert_eq!(format!("{account:?}"), "…6819");
    assert_eq!(
        (creditor.reasons.len(), creditor.pain_version),
        (3, PainVersion::V03)
    );
    assert_eq!(creditor.link().initiating_party_id, "P");
    let debtor =
        debtor("hold_seconds = 0\nautomatic = false\ndebtor_id = \"D\"\nrefusal_code = \"C\"\n");
    let debtor = debtor.unwrap();
    assert_eq!((debtor.hold_seconds, debtor.automatic), (0, false));
    let named = (debtor.debtor_id.as_deref(), debtor.refusal_code.as_deref());
    assert_eq!(named, (Some("D"), Some("C")));
}

#[test]
fn an_own_account_has_a_number_of_either_kind() {
    let text = "debtor_account = { name = \"Shop\", sort_code = \"60-16-13\", account_number = \"31926819\" }\n";
    let account = creditor(text).unwrap().debtor_account.unwrap();
    let number = OwnNumber::Domestic {
        sort_code: "601613".to_owned(),
        account_number: "31926819".to_owned(),
    };
    assert_eq!((account.number, account.bic), (number, None));
}

#[rstest]
#[case("debtor_account = { name = \"Shop\" }", "either an iban")]
#[case(
    "debtor_account = { name = \"Shop\", iban = \"GB29NWBK60161331926818\" }",
    "check digits"
)]
#[case(
    "debtor_account = { name = \"Shop\", iban = \"x\", sort_code = \"601613\" }",
    "either an iban"
)]
#[case(
    "debtor_account = { name = \"Shop\", sort_code = \"6016\", account_number = \"31926819\" }",
    "six digits"
)]
#[case(
    "debtor_account = { name = \"\", iban = \"GB29NWBK60161331926819\" }",
    "name"
)]
#[case(
    "debtor_account = { name = \"Shop\", iban = \"GB29NWBK60161331926819\", bic = \"X\" }",
    "bic"
)]
#[case("pain_version = \"001.001.08\"", "pain_version")]
#[case("reasons = { no_such_reason = \"X\" }", "not one of our reasons")]
#[case("reasons = { duplicate = \"\" }", "1 to 25")]
#[case(
    "reasons = { duplicate = \"TWENTYSIXCHARACTERSARETOOMANY\" }",
    "1 to 25"
)]
#[case("business_type = 1000", "1 to 999")]
#[case("clock_tolerance_seconds = 301", "0 to 300")]
#[case("replay_hours = 0", "1 to 8760")]
#[case("base_path = \"mc\"", "base_path")]
#[case("base_path = \"/mc/\"", "base_path")]
#[case("base_path = \"/../x\"", "base_path")]
#[case("hold_seconds = 5", "hold_seconds")]
#[case("refund_metod = \"X\"", "did you mean `refund_method`?")]
fn a_mistake_is_named(#[case] text: &str, #[case] what: &str) {
    let said = creditor(&format!("{text}\n")).unwrap_err();
    assert!(said.contains(what), "{said}");
    assert!(!said.contains("31926819"), "{said}");
}

#[rstest]
#[case("participant_id = \"000645\"", "participant_id = \"\"", "1 to 50")]
#[case("participant_id = \"000645\"", "participant_id = \"a b\"", "1 to 50")]
#[case("[\"GBP\"]", "[]", "at least one currency")]
#[case("\"env:SIGNING\"", "\"s3cr3t\"", "signing_key")]
#[case(
    "[{ kid = \"net-1\", certificate = \"file:net.pem\" }]",
    "[]",
    "no call of the network's"
)]
#[case(
    "[{ kid = \"net-1\", certificate = \"file:net.pem\" }]",
    "[{ kid = \"a\", certificate = \"file:a\" }, { kid = \"a\", certificate = \"file:b\" }]",
    "a kid of its own"
)]
fn a_mistake_in_what_both_sides_have_is_named(
    #[case] from: &str,
    #[case] to: &str,
    #[case] what: &str,
) {
    let shared = SHARED.replace(from, to);
    assert_ne!(shared, SHARED);
    for (name, own) in [
        ("mastercard-creditor", CREDITOR),
        ("mastercard-debtor", DEBTOR),
    ] {
        let said = provider(name, &format!("{shared}{own}")).unwrap_err();
        assert!(said.contains(what) && !said.contains("s3cr3t"), "{said}");
    }
}
