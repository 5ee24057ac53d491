use base64::engine::general_purpose::URL_SAFE;
use rstest::rstest;

use super::*;
use crate::providers::mastercard::keys::{self, Certificates};

const KEY: &str = include_str!("../samples/signing.key.pem");
const CERTIFICATE: &str = include_str!("../samples/signing.cert.pem");
const BODY: &[u8] = include_bytes!("../samples/refund.req.json");
const PS256: &str = include_str!("../samples/ps256.jws.txt");
const RS256: &str = include_str!("../samples/rs256.jws.txt");
const GET: &str = include_str!("../samples/get.jws.txt");
const TARGET: &str = "/zapp/pbarfp/csp/debtor-service-providers?category_purpose=EP2M&feature=AOF";
/// The vectors' `iat`.
const MADE: i64 = 1_795_226_400;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn verifier() -> Verifier {
    let mut certificates = Certificates::default();
    certificates.add("net-1", CERTIFICATE).unwrap();
    certificates.add("net-2", CERTIFICATE).unwrap();
    Verifier {
        keys: certificates.keys(),
        accept_rs256: false,
        tolerance: TimeDelta::seconds(5),
    }
}

fn signer() -> Signer {
    Signer::new(keys::private_key("signing_key", KEY).unwrap(), "net-1").unwrap()
}

/// Any header, signed by the right key as PS256.
fn signed(header: &str) -> String {
    let header = BASE64.encode(header);
    let key = keys::private_key("signing_key", KEY).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let input = signing_input(&header, BODY);
    key.sign(
        &RSA_PSS_SHA256,
        &SystemRandom::new(),
        &input,
        &mut signature,
    )
    .unwrap();
    format!("{header}..{}", BASE64.encode(signature))
}

fn verify(value: &str) -> Result<(), Refused> {
    verifier().verify(value, BODY, at(MADE + 10))
}

#[test]
fn signatures_made_by_openssl_are_believed() {
    assert_eq!(verify(PS256), Ok(()));
    let get = verifier().verify(GET, TARGET.as_bytes(), at(MADE + 10));
    assert_eq!(get, Ok(()));
}

#[test]
fn the_older_algorithm_only_by_setting() {
    assert_eq!(verify(RS256), Err(Refused::Algorithm));
    let willing = Verifier {
        accept_rs256: true,
        ..verifier()
    };
    assert_eq!(willing.verify(RS256, BODY, at(MADE)), Ok(()));
    assert_eq!(willing.verify(PS256, BODY, at(MADE)), Ok(()));
    // Each algorithm's signature counts only as its own.
    let swapped = |from: &str, to: &str| {
        let header = BASE64.encode(format!(
            r#"{{"alg":"{to}","kid":"net-1","iat":"{MADE}","crit":["iat"]}}"#
        ));
        format!("{header}..{}", from.split_once("..").unwrap().1)
    };
    for value in [swapped(RS256, "PS256"), swapped(PS256, "RS256")] {
        let refused = willing.verify(&value, BODY, at(MADE));
        assert_eq!(refused, Err(Refused::Signature));
    }
}

#[test]
fn the_header_is_the_documented_one() {
    let value = signer().sign(BODY, at(MADE + 5)).unwrap();
    let (header, signature) = value.split_once("..").unwrap();
    let header = String::from_utf8(BASE64.decode(header).unwrap()).unwrap();
    let documented = r#"{"alg":"PS256","kid":"net-1","iat":"1795226400","crit":["iat"]}"#;
    assert_eq!(header, documented);
    assert_eq!(signature.len(), 342);
    assert!(value.len() <= MAX_CHARS);
    assert_eq!(verifier().verify(&value, BODY, at(MADE)), Ok(()));
    let again = signer().sign(BODY, at(MADE + 5)).unwrap();
    assert_ne!(value, again, "PSS is salted");
}

#[test]
fn what_does_not_fit_its_header_is_not_made() {
    let key = || keys::private_key("signing_key", KEY).unwrap();
    // 126 bytes of header are left beside a signature of 2048 bits (fact sheet 2.2).
    let room = 126 - r#"{"alg":"PS256","kid":"","iat":"1795226400","crit":["iat"]}"#.len();
    let signer = Signer::new(key(), &"k".repeat(room)).unwrap();
    assert_eq!(signer.sign(BODY, at(MADE)).unwrap().len(), MAX_CHARS);
    assert!(Signer::new(key(), &"k".repeat(room + 1)).is_err());
}

#[test]
fn every_changed_byte_is_noticed() {
    let verifier = verifier();
    for place in (0..BODY.len()).step_by(17) {
        let mut body = BODY.to_vec();
        body[place] ^= 1;
        let refused = verifier.verify(PS256, &body, at(MADE));
        assert_eq!(refused, Err(Refused::Signature), "{place}");
    }
    let longer = [BODY, b" "].concat();
    assert!(verifier.verify(PS256, &longer, at(MADE)).is_err());
    for place in 0..PS256.len() {
        let mut value = PS256.as_bytes().to_vec();
        value[place] = if value[place] == b'A' { b'B' } else { b'A' };
        let value = String::from_utf8(value).unwrap();
        assert!(verifier.verify(&value, BODY, at(MADE)).is_err(), "{place}");
    }
}

#[test]
fn a_signature_cut_anywhere_is_refused() {
    for end in 0..PS256.len() {
        assert!(verify(&PS256[..end]).is_err(), "{end}");
    }
}

#[rstest]
#[case(r#"{"alg":"PS256","kid":"net-1","iat":"1795226400","crit":["iat"]}"#, Ok(()))]
#[case(r#"{"alg":"PS256","kid":"net-2","iat":"1795226400","crit":["iat"]}"#, Ok(()))]
#[case(r#"{"alg":"PS256","kid":"net-1","iat":1795226400,"crit":["iat"]}"#, Ok(()))]
#[case(r#"{"alg":"PS256","kid":"net-1","iat":"1795226400","crit":["iat"],"typ":"JOSE"}"#, Ok(()))]
#[case(
    r#"{"alg":"RS256","kid":"net-1","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Algorithm)
)]
#[case(
    r#"{"alg":"none","kid":"net-1","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Algorithm)
)]
#[case(
    r#"{"alg":"ps256","kid":"net-1","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Algorithm)
)]
#[case(
    r#"{"kid":"net-1","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Algorithm)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","crit":["iat"]}"#,
    Err(Refused::NoTime)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"soon","crit":["iat"]}"#,
    Err(Refused::NoTime)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"+1795226400","crit":["iat"]}"#,
    Err(Refused::NoTime)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"","crit":["iat"]}"#,
    Err(Refused::NoTime)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":1795226400.5,"crit":["iat"]}"#,
    Err(Refused::NoTime)
)]
#[case(r#"{"alg":"PS256","kid":"net-1","iat":"1795226415","crit":["iat"]}"#, Ok(()))]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"1795226416","crit":["iat"]}"#,
    Err(Refused::Future)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":1795226416,"crit":["iat"]}"#,
    Err(Refused::Future)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"1795226400"}"#,
    Err(Refused::Critical)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"1795226400","crit":[]}"#,
    Err(Refused::Critical)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"1795226400","crit":"iat"}"#,
    Err(Refused::Critical)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-1","iat":"1795226400","crit":["iat","b64"]}"#,
    Err(Refused::Critical)
)]
#[case(
    r#"{"alg":"PS256","kid":"net-3","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Key)
)]
#[case(
    r#"{"alg":"PS256","kid":7,"iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Key)
)]
#[case(
    r#"{"alg":"PS256","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Key)
)]
#[case(
    r#"{"alg":"PS256","alg":"none","kid":"net-1","iat":"1795226400","crit":["iat"]}"#,
    Err(Refused::Header)
)]
#[case("[]", Err(Refused::Header))]
#[case("PS256", Err(Refused::Header))]
fn a_rightly_signed_header_is_still_judged(
    #[case] header: &str,
    #[case] judged: Result<(), Refused>,
) {
    assert_eq!(verify(&signed(header)), judged);
}

#[test]
fn the_form_is_judged_first() {
    let (header, signature) = PS256.split_once("..").unwrap();
    let full = format!("{header}.{}.{signature}", BASE64.encode(BODY));
    let padded = URL_SAFE.encode(BASE64.decode(signature).unwrap());
    assert!(padded.ends_with('='));
    let standard = signature.replace('-', "+").replace('_', "/");
    for (value, refused) in [
        ("", Refused::Length),
        (&"a".repeat(513), Refused::Length),
        (&full[..512], Refused::NotDetached),
        (&format!("{header}.x.{signature}"), Refused::NotDetached),
        (&format!("{header}.{signature}"), Refused::NotDetached),
        (
            &format!("{header}...{}", &signature[..99]),
            Refused::NotDetached,
        ),
        (&format!("..{signature}"), Refused::NotDetached),
        (&format!("{header}.."), Refused::NotDetached),
        (&format!("{header}..{padded}"), Refused::Encoding),
        (&format!("{header}..{standard}"), Refused::Encoding),
        (&format!("{header}=..{signature}"), Refused::Encoding),
        (&format!("{header} ..{signature}"), Refused::Encoding),
    ] {
        assert_eq!(verify(value), Err(refused), "{value}");
        assert!(refused.is_of_form());
    }
    for refused in [
        Refused::Algorithm,
        Refused::Key,
        Refused::Future,
        Refused::Signature,
    ] {
        assert!(!refused.is_of_form());
    }
}

#[test]
fn another_key_of_the_same_name_is_not_believed() {
    let mut certificates = Certificates::default();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let params = rcgen::CertificateParams::new(["net".to_owned()]).unwrap();
    let other = params.self_signed(&key).unwrap().pem();
    certificates.add("net-1", &other).unwrap();
    let verifier = Verifier {
        keys: certificates.keys(),
        ..verifier()
    };
    let refused = verifier.verify(PS256, BODY, at(MADE));
    assert_eq!(refused, Err(Refused::Signature));
}
