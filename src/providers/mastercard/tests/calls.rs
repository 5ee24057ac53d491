//! What goes over the wire: one request per send, mutual TLS, headers, and a signature made for it.

use std::collections::HashMap;

use chrono::TimeDelta;

use super::server::{Certificates as Issued, Received, Server, Then};
use super::*;
use crate::domain::evidence::Reported;
use crate::providers::mastercard::jws::Verifier;
use crate::providers::mastercard::keys::Certificates;

const REPLY: &str = include_str!("../samples/refund.resp.json");
const CONFIRMED: &str = include_str!("../samples/confirmation.resp.json");
const ERROR: &str = include_str!("../samples/error.resp.json");
const KEY: &str = include_str!("../samples/signing.key.pem");
const CERTIFICATE: &str = include_str!("../samples/signing.cert.pem");
const PATIENT: Duration = Duration::from_secs(20);
/// Time enough for a handshake on a busy machine.
const IMPATIENT: Duration = Duration::from_secs(3);

fn clock() -> Clock {
    Clock::manual("2026-11-21T10:00:00Z".parse().unwrap())
}

fn keys(issued: &Issued) -> Keys {
    Keys {
        client_certificate: issued.client.0.clone(),
        client_key: issued.client.1.clone().into(),
        server_ca: issued.authority.clone(),
        signing_key: KEY.into(),
        network: vec![("net-1".to_owned(), CERTIFICATE.to_owned())],
    }
}

fn account(base: &str, issued: &Issued, deadline: Duration) -> MastercardCreditor {
    MastercardCreditor::new(&creditor(base), &keys(issued), clock(), deadline).unwrap()
}

fn wire_to(base: &str) -> WireRequest {
    Requests::new(&creditor(base))
        .build_refund(&order())
        .unwrap()
}

fn asked() -> Asked {
    Asked {
        amount: money(1_250, "GBP"),
        compensation: money(0, "GBP"),
    }
}

/// The sample's answer to our own message.
fn to(request: &WireRequest, sample: &str, theirs: &str) -> String {
    let ours = wire::message_id_of(&request.body).unwrap();
    sample.replace(theirs, &ours)
}

fn verified(received: &Received) -> bool {
    let mut certificates = Certificates::default();
    certificates.add("desk-1", CERTIFICATE).unwrap();
    let verifier = Verifier {
        keys: certificates.keys(),
        accept_rs256: false,
        tolerance: TimeDelta::zero(),
    };
    let signature = &received.headers["x-jws-signature"];
    let made = clock().now() - TimeDelta::seconds(5);
    verifier.verify(signature, &received.body, made).is_ok()
}

#[tokio::test]
async fn a_refund_goes_out_once_as_documented() {
    let issued = Issued::new();
    // The port is only known once it listens.
    let server = Server::start(&issued, vec![Then::Answer(200, answer_to_any())]);
    let request = wire_to(&server.base);
    let found = account(&server.base, &issued, PATIENT)
        .send(&request, asked())
        .await;
    let evidence = Evidence::Report {
        status: Reported::Pending,
        amount: None,
    };
    assert_eq!(found.evidence, evidence, "{}", found.said);
    assert_eq!(
        found.provider_refund_id.as_deref(),
        Some("245566173931134008")
    );
    let requests = server.requests().await;
    let [sent] = requests.as_slice() else {
        panic!("one request");
    };
    let path = "/zapp/pbarfp/csp/payment-requests/128361739311340082/refunds";
    assert_eq!(sent.line, format!("POST {path} HTTP/1.1"));
    assert_eq!(sent.body, request.body);
    let message_id = wire::message_id_of(&request.body).unwrap();
    for (name, value) in [
        ("content-type", "application/json"),
        ("idempotency-key", "3a1d8c08-4ef3-8dab-8d5a-e9964840ed8f"),
        ("x-participant-id", "000645"),
        ("x-product-id", "PBARFP"),
        ("x-request-id", &message_id),
    ] {
        assert_eq!(sent.headers[name], value, "{name}");
    }
    assert!(verified(sent) && !sent.headers.contains_key("authorization"));
}

/// The request is the same each time, and so is the `messageId` in it.
fn answer_to_any() -> String {
    to(&wire_to(MTF), REPLY, "0f7c1c5e9f2a4c0e8f6b2f1d9a7e3c11")
}

#[tokio::test]
async fn a_resend_differs_in_its_signature_alone() {
    let issued = Issued::new();
    let server = Server::start(
        &issued,
        vec![Then::Drop, Then::Answer(200, answer_to_any())],
    );
    let request = wire_to(&server.base);
    let account = account(&server.base, &issued, PATIENT);
    let first = account.send(&request, asked()).await;
    assert_eq!(first.evidence, Evidence::Doubt);
    let second = account.send(&request, asked()).await;
    assert!(matches!(second.evidence, Evidence::Report { .. }));
    let mut requests = server.requests().await;
    assert!(requests.iter().all(verified));
    let signatures: Vec<_> = requests
        .iter_mut()
        .map(|it| it.headers.remove("x-jws-signature").unwrap())
        .collect();
    assert_ne!(signatures[0], signatures[1]);
    assert_eq!(requests[0].headers, requests[1].headers);
    assert_eq!(requests[0].body, requests[1].body);
}

#[rstest]
#[case(Then::Drop, Evidence::Doubt)]
#[case(Then::Wait, Evidence::Doubt)]
#[case(Then::Answer(500, ERROR.to_owned()), Evidence::Doubt)]
#[case(Then::Answer(400, ERROR.to_owned()), Evidence::Refused)]
#[case(Then::Answer(401, ERROR.to_owned()), Evidence::TurnedAway)]
#[case(Then::Answer(200, REPLY.to_owned()), Evidence::Doubt)]
#[case(Then::Answer(200, answer_to_any()[..40].to_owned()), Evidence::Doubt)]
#[tokio::test]
async fn nothing_is_sent_again_here(#[case] then: Then, #[case] evidence: Evidence) {
    let issued = Issued::new();
    let server = Server::start(&issued, vec![then]);
    let request = wire_to(&server.base);
    let account = account(&server.base, &issued, IMPATIENT);
    let found = account.send(&request, asked()).await;
    assert_eq!(found.evidence, evidence, "{}", found.said);
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn a_confirmation_and_one_that_was_asked_for_go_out_alike() {
    let issued = Issued::new();
    let message = wire::message_id_of(&confirm(&paid()).unwrap().body).unwrap();
    let theirs = "5c0f6f4a6a0d4c3b9d0c9b7a1e2f3a4b";
    let answer = parts::derived_id("message-id", &["errand-7"]);
    let server = Server::start(
        &issued,
        vec![
            Then::Answer(200, CONFIRMED.replace(theirs, &message)),
            Then::Answer(200, CONFIRMED.replace(theirs, &answer)),
        ],
    );
    let account = account(&server.base, &issued, PATIENT);
    let request = Requests::new(&creditor(&server.base))
        .build_step(Deed::Confirm, "245566173931134008", &paid())
        .unwrap();
    let found = account.carry_out(Deed::Confirm, &request, asked()).await;
    let succeeded = Evidence::Report {
        status: Reported::Succeeded,
        amount: None,
    };
    assert_eq!(found.evidence, succeeded, "{}", found.said);
    let network = account.network().unwrap();
    let found = network.run(&errand(refund_paid("Q-1"))).await;
    assert_eq!(
        (found.evidence, found.said.as_str()),
        (succeeded, "taken in")
    );
    let requests = server.requests().await;
    assert!(requests.iter().all(verified));
    assert_eq!(
        requests[1].headers["idempotency-key"],
        parts::key("errand-7")
    );
}

#[tokio::test]
async fn what_cannot_be_built_or_goes_elsewhere_is_not_sent() {
    let issued = Issued::new();
    let server = Server::start(&issued, Vec::new());
    let account = account(&server.base, &issued, PATIENT);
    let found = account.send(&wire_to(MTF), asked()).await;
    assert_eq!(found.evidence, Evidence::NotSent, "{}", found.said);
    let mut nameless = wire_to(&server.base);
    nameless.body = b"{}".to_vec();
    assert_eq!(
        account.send(&nameless, asked()).await.evidence,
        Evidence::NotSent
    );
    let run = account.network().unwrap();
    let found = run.run(&refund_status(Some("D"))).await;
    assert_eq!(found.evidence, Evidence::NotSent);
    let stop = account
        .carry_out(Deed::Stop, &wire_to(&server.base), asked())
        .await;
    assert_eq!(stop.evidence, Evidence::NotSent);
    assert!(server.requests().await.is_empty());
}

#[tokio::test]
async fn a_stranger_is_not_spoken_to() {
    let (issued, others) = (Issued::new(), Issued::new());
    let server = Server::start(&others, vec![Then::Drop]);
    let account = account(&server.base, &issued, PATIENT);
    let found = account.send(&wire_to(&server.base), asked()).await;
    assert_eq!(found.evidence, Evidence::NotSent, "{}", found.said);
    assert!(server.requests().await.is_empty());
}

#[tokio::test]
async fn nobody_is_asked_about_a_refund() {
    let issued = Issued::new();
    let server = Server::start(&issued, Vec::new());
    let account = account(&server.base, &issued, PATIENT);
    let inquiry = Inquiry {
        provider_payment_id: "128361739311340082".to_owned(),
        details: Vec::new(),
        body: Vec::new(),
        correlation: CORRELATION.to_owned(),
        idempotency_key: order().idempotency_key,
        provider_refund_id: None,
        first_sent_at: None,
    };
    assert!(!account.can_ask(&inquiry));
    for deed in [Deed::Refund, Deed::Confirm] {
        let found = account.inquire_about(deed, &inquiry, asked()).await;
        assert_eq!((found.evidence, found.http_status), (Evidence::Doubt, None));
    }
    assert!(server.requests().await.is_empty());
}

#[tokio::test]
async fn a_probe_proves_the_connection_and_asks_nothing() {
    let (issued, others) = (Issued::new(), Issued::new());
    let server = Server::start(&issued, vec![Then::Drop, Then::Drop]);
    let found = account(&server.base, &issued, PATIENT).probe().await;
    assert!(
        matches!(found.evidence, Evidence::Report { .. }),
        "{}",
        found.said
    );
    assert!(found.said.contains("nothing was asked"), "{}", found.said);
    // A certificate of another authority: the handshake ends, and then we are told.
    let stranger = Keys {
        client_certificate: others.client.0.clone(),
        client_key: others.client.1.clone().into(),
        ..keys(&issued)
    };
    let stranger = MastercardCreditor::new(&creditor(&server.base), &stranger, clock(), PATIENT);
    let found = stranger.unwrap().probe().await;
    assert_eq!(found.evidence, Evidence::Doubt, "{}", found.said);
    assert!(server.requests().await.is_empty());
}

#[tokio::test]
async fn a_probe_tells_of_certificates_that_ended() {
    let issued = Issued::new();
    let late = Clock::manual("2190-01-01T00:00:00Z".parse().unwrap());
    let account = MastercardCreditor::new(&creditor(MTF), &keys(&issued), late, PATIENT);
    let found = account.unwrap().probe().await;
    assert_eq!(found.evidence, Evidence::Doubt);
    assert!(
        found.said.contains("past their end: net-1"),
        "{}",
        found.said
    );
}

type Change = fn(&mut Keys);

#[test]
fn what_cannot_work_is_said_before_anything_is_sent() {
    let issued = Issued::new();
    let changes: [(&str, Change); 5] = [
        ("client_certificate", |it| {
            it.client_certificate = "no".to_owned()
        }),
        ("client_key", |it| it.client_key = "no".into()),
        ("server_ca", |it| it.server_ca = "no".to_owned()),
        ("signing_key", |it| it.signing_key = "no".into()),
        ("net-1", |it| it.network[0].1 = "no".to_owned()),
    ];
    for (what, change) in changes {
        let mut keys = keys(&issued);
        change(&mut keys);
        let refused = MastercardCreditor::new(&creditor(MTF), &keys, clock(), PATIENT);
        let said = refused.err().unwrap().to_string();
        assert!(said.contains(what), "{what}: {said}");
    }
    let mut settings = debtor(MTF);
    settings.signing_kid = "k".repeat(200);
    let refused = MastercardDebtor::new(&settings, &keys(&issued), clock(), PATIENT);
    assert!(refused.err().unwrap().to_string().contains("signing_kid"));
    settings.base_url = Url::parse("http://mtf.services.mastercard.com/x").unwrap();
    settings.signing_kid = "desk-1".to_owned();
    let refused = MastercardDebtor::new(&settings, &keys(&issued), clock(), PATIENT);
    assert!(refused.err().unwrap().to_string().contains("https"));
}

#[tokio::test]
async fn a_debtor_sends_no_refund_and_reads_calls() {
    let issued = Issued::new();
    let account = MastercardDebtor::new(&debtor(MTF), &keys(&issued), clock(), PATIENT).unwrap();
    let found = account.send(&wire_to(MTF), asked()).await;
    assert_eq!(found.evidence, Evidence::NotSent);
    assert!(account.network().is_some());
    let headers: HashMap<String, String> = HashMap::new();
    let call = Call {
        method: "POST",
        target: "/x",
        path: "/payment-requests/1/refunds",
        headers: &headers.into_iter().collect::<Vec<_>>(),
        body: b"{}",
    };
    assert_eq!(
        account.network().unwrap().read(&call).unwrap_err().status,
        400
    );
}
