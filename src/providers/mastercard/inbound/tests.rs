mod damage;

use chrono::{DateTime, Utc};
use rstest::rstest;

use super::*;
use crate::domain::bank::BankAccount;
use crate::domain::money::{Currency, Money};
use crate::providers::mastercard::keys;
use crate::providers::mastercard::tests::creditor as settings;
use crate::providers::network::{Message, RefundRequested};

const KEY: &str = include_str!("../samples/signing.key.pem");
const CERTIFICATE: &str = include_str!("../samples/signing.cert.pem");
const ADVICE: &str = include_str!("../samples/advice.req.json");
const REQUESTED: &str = include_str!("../samples/requested.req.json");
const CONFIRMATION: &str = include_str!("../samples/confirmation.req.json");
const MTF: &str = "https://mtf.services.mastercard.com/zapp/pbarfp/csp";
const PAYMENT: &str = "128361739311340082";
const REFUND: &str = "245566173931134008";
const IDEMPOTENCY: &str = "3a1d8c08-4ef3-8dab-8d5a-e9964840ed8f";
const ADVICES: &str = "/payment-requests/128361739311340082/refunds/245566173931134008/advices";
const REFUNDS: &str = "/payment-requests/128361739311340082/refunds";
const CONFIRMATIONS: &str =
    "/payment-requests/128361739311340082/refunds/245566173931134008/payment-confirmations";
const STATUS: &str = "/payment-requests/128361739311340082/status-retrievals";
const REFUND_STATUS: &str =
    "/payment-requests/128361739311340082/refunds/245566173931134008/status-retrievals";

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn signer() -> Signer {
    Signer::new(keys::private_key("signing_key", KEY).unwrap(), "net-1").unwrap()
}

fn inbound_with(side: Side, change: impl FnOnce(&mut Link)) -> Inbound {
    let mut certificates = Certificates::default();
    certificates.add("net-1", CERTIFICATE).unwrap();
    let mut link = settings(MTF).link();
    change(&mut link);
    let code = Some("RFND-0001".to_owned());
    Inbound::new(
        side,
        &link,
        code,
        &certificates,
        signer(),
        Clock::manual(now()),
    )
}

fn inbound(side: Side) -> Inbound {
    inbound_with(side, |_| {})
}

fn headers(body: &[u8]) -> Vec<(String, String)> {
    [
        (
            "X-JWS-Signature",
            signer().sign(body, now()).unwrap().as_str(),
        ),
        ("X-Request-ID", "req-1"),
        ("X-Product-ID", "PBARFP"),
        ("X-Participant-ID", "ZAPP"),
        ("Idempotency-Key", IDEMPOTENCY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn read_with(
    inbound: &Inbound,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Received, Response> {
    inbound.read(&Call {
        method: "POST",
        target: path,
        path,
        headers,
        body,
    })
}

fn read(side: Side, path: &str, body: &str) -> Result<Received, Response> {
    let headers = headers(body.as_bytes());
    read_with(&inbound(side), path, &headers, body.as_bytes())
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

/// Status and code of a refusal.
fn refusal(read: Result<Received, Response>) -> (u16, String) {
    let response = read.unwrap_err();
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    let error = &body["Errors"]["Error"][0];
    assert_eq!(error["Recoverable"], false);
    assert!(!error["Description"].as_str().unwrap().is_empty());
    assert_eq!(error["Source"], "000645");
    let code = error["ReasonCode"].as_str().unwrap_or_default();
    (response.status, code.to_owned())
}

fn confirmation() -> String {
    CONFIRMATION.replace(
        "\"initiatingPartyId\":\"000645\"",
        "\"initiatingPartyId\":\"ZAPP\"",
    )
}

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("GBP").unwrap())
}

#[test]
fn an_advice_brings_the_account() {
    let received = read(Side::Creditor, ADVICES, ADVICE).unwrap();
    assert_eq!(received.idempotency_key.as_deref(), Some(IDEMPOTENCY));
    assert_eq!(received.request_id.as_deref(), Some("req-1"));
    assert_eq!(received.message_id, "d1b2c3d4e5f60718293a4b5c6d7e8f93");
    let expected = Message::AccountAdvice {
        payment: PAYMENT.to_owned(),
        refund: REFUND.to_owned(),
        account: Some(BankAccount {
            number: "60161331926819".to_owned(),
            clearing_system: Some("FPS".to_owned()),
            holder: Some("A Payer".to_owned()),
        }),
        declined: None,
    };
    assert_eq!(received.message, expected);
}

#[rstest]
#[case(ADVICE.to_owned())]
#[case(ADVICE.replace("debtorAccount", "somewhereElse"))]
#[case(ADVICE.replace("accountNumber", "iban"))]
#[case(ADVICE.replace("debtorAccount", "somewhereElse").replace("accountName", "name"))]
#[case(ADVICE.replace("\"A Payer\"", "\"60161331926819\""))]
#[case(ADVICE.replace("60161331926819", "60-16-13 31926819"))]
fn an_account_is_kept_nowhere_else(#[case] body: String) {
    let received = read(Side::Creditor, ADVICES, &body).unwrap();
    let shown = format!("{received:?} {}", received.raw);
    for private in ["60161331926819", "31926819", "A Payer"] {
        assert!(!shown.contains(private), "{shown}");
    }
    assert!(received.raw.contains(PAYMENT), "{}", received.raw);
}

/// Money waits for it and no second one comes: its shape is no reason to turn it away.
#[rstest]
#[case("{}")]
#[case("[]")]
#[case("not json")]
#[case("")]
#[case(r#"{"messageId":"","businessType":"three"}"#)]
fn a_signed_advice_is_taken_in_whatever_its_shape(#[case] body: &str) {
    let mut headers = headers(body.as_bytes());
    headers.retain(|(name, _)| name == "X-JWS-Signature");
    let received = read_with(&inbound(Side::Creditor), ADVICES, &headers, body.as_bytes());
    let received = received.unwrap();
    assert!((1..=35).contains(&received.message_id.len()));
    let Message::AccountAdvice {
        account, declined, ..
    } = &received.message
    else {
        panic!("{received:?}");
    };
    assert_eq!((account, declined), (&None, &None));
    let answer = inbound(Side::Creditor).answer(&received, &Answer::Acknowledged);
    assert!(text(&answer).contains(&received.message_id));
    // Who is asked for an account is another matter.
    assert_eq!(
        refusal(read(Side::Debtor, REFUNDS, body)),
        (400, STRUCTURE.to_owned())
    );
}

#[rstest]
#[case(
    r#""status":{"refundStatus":"RJCT","refundStatusReason":"FRDS"}"#,
    Some("RJCT FRDS")
)]
#[case(r#""refund":{"refundRequestStatus":"RJCT"}"#, Some("RJCT"))]
#[case(r#""Errors":{"Error":[{}]}"#, Some("declined"))]
#[case(r#""status":{"refundStatus":"WHAT"}"#, None)]
fn a_no_is_told_in_the_networks_words(#[case] members: &str, #[case] declined: Option<&str>) {
    let account = ADVICE.find("\"debtorAccount\"").unwrap();
    let body = format!("{}{members}}}", &ADVICE[..account]);
    let received = read(Side::Creditor, ADVICES, &body).unwrap();
    let Message::AccountAdvice {
        account,
        declined: told,
        ..
    } = received.message
    else {
        panic!("another message");
    };
    assert_eq!((account, told.as_deref()), (None, declined));
}

#[test]
fn a_refund_is_asked_for() {
    let received = read(Side::Debtor, REFUNDS, REQUESTED).unwrap();
    let expected = RefundRequested {
        payment: PAYMENT.to_owned(),
        refund: Some(REFUND.to_owned()),
        amount: gbp(1_250),
        reason: Some("DUPLICATEORDER".to_owned()),
        method: Some("FPS".to_owned()),
        reference: Some("RF-1001".to_owned()),
        case: None,
        creditor: Some("CAFE0001".to_owned()),
        debtor: Some("D-77".to_owned()),
    };
    assert_eq!(received.message, Message::RefundRequested(expected));
    let inside = REQUESTED
        .replace("\"refundRequestLifecycleId\":\"245566173931134008\",", "")
        .replace(
            "\"refund\":{",
            "\"refund\":{\"refundRequestLifecycleId\":\"R-7\",",
        );
    let received = read(Side::Debtor, REFUNDS, &inside).unwrap();
    let Message::RefundRequested(requested) = received.message else {
        panic!("another message");
    };
    assert_eq!(requested.refund.as_deref(), Some("R-7"));
    let unknown = REQUESTED.replace("DUPLICATEORDER", "SOMETHING\\u0007NEW");
    let Message::RefundRequested(requested) =
        read(Side::Debtor, REFUNDS, &unknown).unwrap().message
    else {
        panic!("another message");
    };
    assert_eq!(requested.reason.as_deref(), Some("SOMETHING\\u{7}NEW"));
}

#[test]
fn a_payment_is_confirmed() {
    let received = read(Side::Debtor, CONFIRMATIONS, &confirmation()).unwrap();
    let expected = Message::RefundConfirmed {
        payment: PAYMENT.to_owned(),
        refund: REFUND.to_owned(),
        status: "APPR".to_owned(),
        reason: None,
        reference: Some("FPS0000001".to_owned()),
        amount: Some(gbp(1_250)),
        retrieval: None,
    };
    assert_eq!(received.message, expected);
    let rejected = confirmation()
        .replace(
            "{\"refundStatus\":\"APPR\"}",
            "{\"refundStatus\":\"XXXX\",\"refundStatusReason\":\"SYSM\"}",
        )
        .replace("refundPaymentConfirmation", "nothing");
    let Message::RefundConfirmed {
        status,
        reason,
        reference,
        amount,
        ..
    } = read(Side::Debtor, CONFIRMATIONS, &rejected)
        .unwrap()
        .message
    else {
        panic!("another message");
    };
    assert_eq!((status.as_str(), reason.as_deref()), ("XXXX", Some("SYSM")));
    assert_eq!((reference, amount), (None, None));
}

fn question(members: &str) -> String {
    let block = ADVICE.find(",\"paymentRequestLifecycleId\"").unwrap();
    format!("{}{members}}}", &ADVICE[..block])
}

#[test]
fn questions_name_themselves() {
    let body = question(r#","refundRequestStatusRetrievalLifecycleId":"Q-1""#);
    let received = read(Side::Creditor, REFUND_STATUS, &body).unwrap();
    let expected = Message::RefundStatusAsked {
        payment: PAYMENT.to_owned(),
        refund: REFUND.to_owned(),
        retrieval: Some("Q-1".to_owned()),
    };
    assert_eq!(received.message, expected);
    let follow = Answer::WillFollow {
        retrieval: "OURS".to_owned(),
    };
    let answer = inbound(Side::Creditor).answer(&received, &follow);
    let said = text(&answer);
    assert!(
        said.contains(r#""refundRequestStatusRetrievalLifecycleId":"Q-1""#),
        "{said}"
    );
    assert!(
        said.contains(r#""retrievalRequestStatus":"WFPC""#),
        "{said}"
    );
    assert!(!signed(&answer), "not signed (fact sheet 2.3)");
    let body = question(r#","debtor":{"debtorId":"D-77"}"#);
    let received = read(Side::Debtor, STATUS, &body).unwrap();
    let expected = Message::PaymentStatusAsked {
        payment: PAYMENT.to_owned(),
        debtor: Some("D-77".to_owned()),
        retrieval: None,
    };
    assert_eq!(received.message, expected);
    let said = text(&inbound(Side::Debtor).answer(&received, &follow));
    assert!(
        said.contains(r#""paymentRequestStatusRetrievalLifecycleId":"OURS""#),
        "{said}"
    );
}

fn value<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    header(&response.headers, name)
}

fn signed(response: &Response) -> bool {
    value(response, "x-jws-signature").is_some_and(|it| {
        let verifier = inbound(Side::Creditor).verifier;
        verifier.verify(it, &response.body, now()).unwrap();
        true
    })
}

#[test]
fn an_account_is_given_in_a_signed_answer() {
    let received = read(Side::Debtor, REFUNDS, REQUESTED).unwrap();
    let mut account = BankAccount::new("GB29 NWBK 6016 1331 9268 19");
    account.holder = Some("A Payer".to_owned());
    let answer = Answer::Account {
        refund: Some(REFUND.to_owned()),
        account,
    };
    let desk = inbound(Side::Debtor);
    let response = desk.answer(&received, &answer);
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    let id = body["messageId"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(
        body,
        serde_json::json!({
            "initiatingPartyId": "000645",
            "messageId": id,
            "creationDateTime": "2026-11-21T10:00:00.000Z",
            "originalMessageId": "e1b2c3d4e5f60718293a4b5c6d7e8f94",
            "refundRequestLifecycleId": REFUND,
            "debtorAccount": {"accountNumber": "GB29NWBK60161331926819", "accountName": "A Payer"},
        })
    );
    assert_eq!(
        (response.status, value(&response, "x-request-id")),
        (200, Some("req-1"))
    );
    for (name, expected) in [
        ("content-type", "application/json"),
        ("x-participant-id", "000645"),
        ("x-product-id", "PBARFP"),
    ] {
        assert_eq!(value(&response, name), Some(expected));
    }
    assert!(signed(&response));
    assert!(!format!("{response:?}").contains("GB29"));
    // The same again: the same bytes, signed anew.
    let again = desk.again(&received, 200, &response.body);
    assert_eq!(again.body, response.body);
    assert!(signed(&again) && again.headers != response.headers);
    assert!(!signed(&desk.again(&received, 400, &response.body)));
}

#[test]
fn no_is_an_error_of_the_networks_form() {
    let received = read(Side::Debtor, REFUNDS, REQUESTED).unwrap();
    let refused = |code: Option<&str>, recoverable| Answer::Refused {
        code: code.map(str::to_owned),
        why: "the amount is more than was paid".to_owned(),
        recoverable,
    };
    let desk = inbound(Side::Debtor);
    let response = desk.answer(&received, &refused(Some("AGRM-0034"), false));
    assert_eq!(
        text(&response),
        r#"{"Errors":{"Error":[{"Source":"000645","ReasonCode":"AGRM-0034","Description":"the amount is more than was paid","Recoverable":false}]}}"#
    );
    assert_eq!(
        (response.status, value(&response, "x-request-id")),
        (400, Some("req-1"))
    );
    assert!(!signed(&response));
    let said = text(&desk.answer(&received, &refused(None, true)));
    assert!(
        said.contains("RFND-0001") && said.contains(r#""Recoverable":true"#),
        "{said}"
    );
    let response = desk.answer(&received, &Answer::Unavailable);
    assert_eq!(response.status, 500);
    assert!(
        text(&response).contains(r#""Recoverable":true"#)
            && !text(&response).contains("ReasonCode")
    );
}

type Named = Vec<(String, String)>;

#[test]
fn what_is_not_the_networks_is_turned_away() {
    let with = |change: &dyn Fn(&mut Named), body: &str| {
        let mut headers = headers(REQUESTED.as_bytes());
        change(&mut headers);
        refusal(read_with(
            &inbound(Side::Debtor),
            REFUNDS,
            &headers,
            body.as_bytes(),
        ))
    };
    let set = |name: &'static str, value: &str| {
        let value = value.to_owned();
        move |headers: &mut Vec<(String, String)>| {
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), value.clone()));
        }
    };
    let structure = (400, STRUCTURE.to_owned());
    let security = (401, SECURITY.to_owned());
    let older = include_str!("../samples/rs256.jws.txt");
    assert_eq!(with(&|it| drop(it.remove(0)), REQUESTED), structure);
    assert_eq!(
        with(&set("X-JWS-Signature", &"a".repeat(513)), REQUESTED),
        structure
    );
    assert_eq!(with(&set("X-JWS-Signature", "a.b.c"), REQUESTED), structure);
    assert_eq!(with(&set("X-JWS-Signature", older), REQUESTED), security);
    assert_eq!(
        with(&|_| {}, &REQUESTED.replace("12.50", "92.50")),
        security
    );
    // Twice is not once.
    assert_eq!(with(&|it| it.push(it[0].clone()), REQUESTED), structure);
    for name in ["X-Request-ID", "X-Product-ID", "X-Participant-ID"] {
        assert_eq!(with(&set(name, ""), REQUESTED), structure, "{name}");
        assert_eq!(
            with(&set(name, &"1".repeat(51)), REQUESTED),
            structure,
            "{name}"
        );
        assert_eq!(with(&set(name, "a\u{7}b"), REQUESTED), structure, "{name}");
    }
    for key in [
        "",
        "1",
        "3a1d8c084ef38dab8d5ae9964840ed8f",
        "{3a1d8c08-4ef3-8dab-8d5a-e9964840ed8f}",
    ] {
        assert_eq!(
            with(&set("Idempotency-Key", key), REQUESTED),
            structure,
            "{key}"
        );
    }
    let party = (400, OTHER_PARTY.to_owned());
    assert_eq!(with(&set("X-Participant-ID", "000645"), REQUESTED), party);
}

#[rstest]
#[case(
    "\"messageId\":\"e1b2c3d4e5f60718293a4b5c6d7e8f94\"",
    "\"x\":1",
    STRUCTURE
)]
#[case(
    "e1b2c3d4e5f60718293a4b5c6d7e8f94",
    "e1b2c3d4-e5f6-0718-293a-4b5c6d7e8f94",
    STRUCTURE
)]
#[case("\"initiatingPartyId\":\"ZAPP\",", "", STRUCTURE)]
#[case("2026-11-21T02:00:01.000Z", "yesterday", STRUCTURE)]
#[case("\"businessType\":3", "\"businessType\":1000", BUSINESS_TYPE)]
#[case("\"businessType\":3", "\"businessType\":0", BUSINESS_TYPE)]
#[case("\"businessType\":3,", "", BUSINESS_TYPE)]
#[case(
    "\"initiatingPartyId\":\"ZAPP\"",
    "\"initiatingPartyId\":\"YAPP\"",
    OTHER_PARTY
)]
#[case("128361739311340082", "128361739311340083", OTHER_ID)]
#[case("\"value\":12.50", "\"value\":12.505", STRUCTURE)]
#[case("\"value\":12.50", "\"value\":0", STRUCTURE)]
#[case("\"value\":12.50", "\"value\":-12.50", STRUCTURE)]
#[case("\"value\":12.50", "\"value\":1.25e1", STRUCTURE)]
#[case("\"GBP\"", "\"XXX\"", STRUCTURE)]
#[case("\"refund\":{", "\"refunds\":{", STRUCTURE)]
fn what_does_not_fit_is_named(#[case] from: &str, #[case] to: &str, #[case] code: &str) {
    let body = REQUESTED.replace(from, to);
    assert_ne!(body, REQUESTED);
    assert_eq!(
        refusal(read(Side::Debtor, REFUNDS, &body)),
        (400, code.to_owned())
    );
}

#[test]
fn ids_of_path_and_body_are_the_same() {
    let other = (400, OTHER_ID.to_owned());
    for (id, changed) in [(PAYMENT, "1"), (REFUND, "2")] {
        let advice = ADVICE.replace(id, changed);
        assert_eq!(refusal(read(Side::Creditor, ADVICES, &advice)), other);
        let confirmation = confirmation().replace(id, changed);
        assert_eq!(
            refusal(read(Side::Debtor, CONFIRMATIONS, &confirmation)),
            other
        );
    }
}

#[test]
fn what_there_is_not_is_not_found() {
    for (side, path) in [
        (Side::Creditor, REFUNDS),
        (Side::Debtor, ADVICES),
        (Side::Debtor, "/payment-requests"),
        (Side::Debtor, "/"),
    ] {
        assert_eq!(refusal(read(side, path, REQUESTED)).0, 404, "{path}");
    }
}

#[test]
fn who_may_call_is_a_setting() {
    let headers = headers(REQUESTED.as_bytes());
    let with = |change: fn(&mut Link)| {
        let desk = inbound_with(Side::Debtor, change);
        read_with(&desk, REFUNDS, &headers, REQUESTED.as_bytes())
    };
    assert!(with(|it| it.network_participant_ids = vec!["ZAPP".to_owned()]).is_ok());
    let refused = refusal(with(|it| {
        it.network_participant_ids = vec!["YAPP".to_owned()]
    }));
    assert_eq!(refused, (400, NO_PARTICIPANT.to_owned()));
    let other = REQUESTED.replace("\"ZAPP\"", "\"YAPP\"");
    let lax = inbound_with(Side::Debtor, |it| it.check_initiating_party = false);
    let headers = self::headers(other.as_bytes());
    assert!(read_with(&lax, REFUNDS, &headers, other.as_bytes()).is_ok());
}

#[test]
fn a_question_without_a_body_is_signed_over_its_address() {
    let target = "/a2a-uk/payment-requests/1?x=1";
    let headers = headers(target.as_bytes());
    let read = |target: &str| {
        refusal(inbound(Side::Debtor).read(&Call {
            method: "GET",
            target,
            path: "/payment-requests/1?x=1",
            headers: &headers,
            body: b"",
        }))
    };
    assert_eq!(read(target).0, 404);
    assert_eq!(read("/a2a-uk/payment-requests/1?x=2").0, 401);
}
