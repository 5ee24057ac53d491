//! Messages from a provider, without a socket: believed when signed, followed once, and only a
//! reason to look.

use aws_lc_rs::hmac;

use super::*;
use crate::desk::receive::Received;
use crate::domain::digest::hex;
use crate::domain::refund::ObservationSource;
use crate::ledger::NewLook;
use crate::sandbox::{self, Options, Running};

/// The end of the year 2999.
const LATER: &str = "UPDATE refunds SET due_at = 32503679999000";
const STOCK: &str = "account,payment_id,reference,amount,currency,captured_at,settled_at\n\
    nuapay-uk,pay-1,P1,90.00,GBP,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z\n\
    nuapay-uk,pay-2,P2,90.00,GBP,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z\n";

/// A desk with a sandbox behind it, in one folder. The sandbox ends with it.
async fn opened() -> (Stage, Running) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("stock.csv"), STOCK).unwrap();
    let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
    let options = Options {
        port: 0,
        payments: vec![at("stock.csv")],
        seeded_payments: 0,
        desk_is_apart: true,
        settlement_to: None,
        config_to: Some(at("config.toml")),
        book: at("book.jsonl"),
        state: at("state"),
    };
    let running = sandbox::start(&options, &clock).unwrap();
    let config = std::fs::read_to_string(at("config.toml")).unwrap();
    let signed = "api_key = \"file:nuapay-uk.key\"\nwebhook_sign_key = \"env:SECRET\"";
    let config = config.replace("api_key = \"file:nuapay-uk.key\"", signed);
    let stage = Stage::over(folder, &config, clock);
    let import = Import {
        files: vec![ImportFile {
            name: "stock.csv".to_owned(),
            bytes: STOCK.into(),
        }],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    };
    stage.ask(Request::Import(import)).await;
    (stage, running)
}

async fn sent(stage: &Stage, payment: &str, amount: &str) -> RefundId {
    let draft = Draft {
        payment: payment.to_owned(),
        amount: amount.to_owned(),
        reason: "customer_request".to_owned(),
        ..Draft::default()
    };
    let Reply::Composed(composed) = stage.ask(Request::Compose(draft)).await else {
        panic!("not composed");
    };
    stage.work().await;
    stage.sql(LATER);
    composed.refund.refund.id
}

/// The event of a refund, in the words of fact sheet 12.
fn event(payment: &str, refund: &str, kind: &str) -> String {
    format!(
        r#"{{"eventTimestamp":1795860000000,"eventType":"{kind}","resourceUri":"/payments/{payment}/refunds/{refund}","resourceId":"{refund}","resourceType":"refund","reasonCode":null,"resourceOwner":"mrch000001"}}"#
    )
}

async fn receive(stage: &Stage, id: &str, body: &str) -> Result<Received, String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s");
    let signature = hex(hmac::sign(&key, body.as_bytes()).as_ref());
    let headers = [
        ("X-Signature".to_owned(), signature),
        ("X-Request-Id".to_owned(), id.to_owned()),
    ];
    let received = stage.desk.receive("nuapay-uk", &headers, body.as_bytes());
    received.await.map_err(|refusal| refusal.code)
}

fn is_due(stage: &Stage) -> bool {
    let now = stage.clock.now().timestamp_millis();
    stage.due_times().iter().any(|at| *at <= now)
}

#[tokio::test]
async fn a_message_has_its_refund_looked_at_now_and_once() {
    let (stage, _running) = opened().await;
    let id = sent(&stage, "P1", "12.34").await;
    let refund = stage.refund(id).await;
    assert_eq!(refund.state, State::Pending);
    let at_provider = refund.provider_refund_id.unwrap();
    let complete = event("pay-1", &at_provider, "PaymentRefundComplete");
    assert_eq!(
        receive(&stage, "a", &complete).await,
        Ok(Received::Followed)
    );
    assert!(is_due(&stage));
    assert_eq!(stage.work().await.looked, 1);
    // It said complete; what counts is what the look found.
    assert_eq!(stage.refund(id).await.state, State::Pending);
    stage.sql(LATER);
    for (request, body) in [
        ("a", complete.clone()),
        ("b", complete),
        ("a", event("pay-1", &at_provider, "PaymentRefundRejected")),
    ] {
        assert_eq!(receive(&stage, request, &body).await, Ok(Received::Known));
        assert!(!is_due(&stage));
    }
    let rejected = event("pay-1", &at_provider, "PaymentReceived");
    assert_eq!(
        receive(&stage, "c", &rejected).await,
        Ok(Received::Followed)
    );
    assert!(is_due(&stage));
}

#[tokio::test]
async fn a_refund_of_unknown_outcome_is_found_by_its_payment() {
    let (stage, _running) = opened().await;
    let id = sent(&stage, "P2", "12.02").await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    let of_another = event("pay-1", "rfd0000001", "PaymentRefundComplete");
    assert_eq!(
        receive(&stage, "a", &of_another).await,
        Ok(Received::Followed)
    );
    assert!(!is_due(&stage));
    let ours = event("pay-2", "rfd0000001", "PaymentRefundRejected");
    assert_eq!(receive(&stage, "b", &ours).await, Ok(Received::Followed));
    assert!(is_due(&stage));
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Pending);
}

/// Whoever looks at it sets the time of the next look; what was heard meanwhile is not lost in that.
#[tokio::test]
async fn a_message_that_comes_during_a_look_is_followed_after_it() {
    let (stage, _running) = opened().await;
    let id = sent(&stage, "P1", "12.34").await;
    stage.sql("UPDATE refunds SET due_at = 1");
    let account = stage.desk.account("nuapay-uk").unwrap();
    let look = NewLook {
        id,
        account: "nuapay-uk".to_owned(),
        holder: stage.desk.holder.clone(),
        budget: account.budget,
        is_probe: false,
        spread: 0,
        now: stage.clock.now(),
    };
    assert!(stage.desk.ledger.take_look(look).await.unwrap());
    let at_provider = stage.refund(id).await.provider_refund_id.unwrap();
    let complete = event("pay-1", &at_provider, "PaymentRefundComplete");
    assert_eq!(
        receive(&stage, "a", &complete).await,
        Ok(Received::Followed)
    );
    assert_eq!(stage.work().await.looked, 0, "it is being looked at");
    let looked = async || {
        let summary = stage.desk.ledger.refund(id).await.unwrap().unwrap();
        let finding = report(Reported::Pending);
        let source = ObservationSource::Poll;
        let record = stage.desk.evidence_of(&summary, &finding, source, Some(1));
        stage.desk.ledger.record(record).await.unwrap();
    };
    looked().await;
    assert!(is_due(&stage));
    // Once.
    looked().await;
    assert!(!is_due(&stage));
}

#[tokio::test]
async fn what_is_not_the_providers_changes_nothing() {
    let (stage, _running) = opened().await;
    let id = sent(&stage, "P1", "12.34").await;
    let at_provider = stage.refund(id).await.provider_refund_id.unwrap();
    let body = event("pay-1", &at_provider, "PaymentRefundComplete");
    let forged = [("x-signature".to_owned(), "0".repeat(64))];
    for headers in [&forged[..], &[]] {
        let received = stage.desk.receive("nuapay-uk", headers, body.as_bytes());
        assert_eq!(received.await.unwrap_err().code, "untrusted_message");
    }
    assert_eq!(
        receive(&stage, "a", "{}").await,
        Err("untrusted_message".into())
    );
    for (account, code) in [("nuapay-eu", "no_messages"), ("hub-us", "no_messages")] {
        let received = stage.desk.receive(account, &forged, body.as_bytes()).await;
        assert_eq!(received.unwrap_err().code, code);
    }
    assert!(stage.desk.receive("elsewhere", &forged, b"").await.is_err());
    assert!(!is_due(&stage));
    // And the true one is not mistaken for a known one afterwards.
    assert_eq!(receive(&stage, "a", &body).await, Ok(Received::Followed));
}
