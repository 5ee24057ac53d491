//! Every outcome that the cents of an amount choose.

use rstest::rstest;
use serde_json::json;

use super::*;

#[tokio::test]
async fn an_ordinary_refund_is_pending_and_ends_at_its_second_look() {
    let shop = Shop::open();
    let reply = shop.refund("rfd-1", "12.34").await.unwrap();
    assert_eq!((reply.status, state(&reply)), (201, "AUTHORIZED"));
    let id = &reply.body["gatewayResponse"]["transactionProcessingDetails"]["transactionId"];
    assert_eq!(
        shop.bench.book(),
        format!(
            "{{\"account\":\"hub-us\",\"payment_id\":\"charge-1\",\"amount\":\"12.34\",\
             \"currency\":\"USD\",\"correlation\":\"rfd-1\",\"provider_refund_id\":{id},\
             \"at\":\"2026-11-21T12:00:00.000Z\"}}\n"
        )
    );
    assert_eq!(
        shop.states("rfd-1", 3).await,
        ["AUTHORIZED", "CAPTURED", "CAPTURED"]
    );
    assert_eq!(shop.paid("rfd-1"), ["12.34"]);
}

#[tokio::test]
async fn cents_01_is_accepted_then_declined_and_pays_nothing() {
    let shop = Shop::open();
    let reply = shop.refund("rfd-1", "90.01").await.unwrap();
    assert_eq!(state(&reply), "AUTHORIZED");
    assert_eq!(shop.states("rfd-1", 2).await, ["AUTHORIZED", "DECLINED"]);
    assert_eq!(shop.bench.book(), "");
    let reply = shop
        .inquire(json!({ "referenceMerchantTransactionId": "rfd-1" }))
        .await;
    let receipt = &reply.body[0]["paymentReceipt"];
    assert_eq!(
        receipt["processorResponseDetails"]["approvalStatus"],
        "DECLINED"
    );
    assert!(receipt.get("approvedAmount").is_none());
    let again = shop.refund("rfd-2", "100.00").await.unwrap();
    assert_eq!(again.status, 201, "what was declined is left to refund");
}

#[tokio::test]
async fn cents_02_pays_and_ends_the_connection_without_a_reply() {
    let total = "12.02";
    let shop = Shop::open();
    assert_eq!(shop.refund("rfd-1", total).await, None);
    assert_eq!(shop.paid("rfd-1"), [total]);
    let again = shop.refund("rfd-1", total).await.unwrap();
    assert_eq!((again.status, state(&again)), (201, "AUTHORIZED"));
    assert_eq!(shop.states("rfd-1", 2).await, ["AUTHORIZED", "CAPTURED"]);
    assert_eq!(shop.paid("rfd-1"), [total], "a resend pays no second time");
}

#[rstest]
#[case::dropped("12.03", None)]
#[case::throttled("12.07", Some(429))]
#[case::unavailable("12.08", Some(503))]
#[tokio::test]
async fn a_fault_before_acceptance_strikes_once_and_leaves_no_trace(
    #[case] total: &str,
    #[case] status: Option<u16>,
) {
    let shop = Shop::open();
    let struck = shop.refund("rfd-1", total).await;
    assert_eq!(struck.map(|reply| reply.status), status);
    let found = shop
        .inquire(json!({ "referenceMerchantTransactionId": "rfd-1" }))
        .await;
    assert_eq!((found.status, found.body), (200, json!([])));
    assert_eq!(shop.bench.book(), "");
    let shop = shop.restarted();
    let reply = shop.refund("rfd-1", total).await.unwrap();
    assert_eq!((reply.status, state(&reply)), (201, "AUTHORIZED"));
    assert_eq!(shop.states("rfd-1", 2).await, ["AUTHORIZED", "CAPTURED"]);
    assert_eq!(shop.paid("rfd-1"), [total]);
}

#[tokio::test]
async fn throttling_and_unavailability_are_readable() {
    let shop = Shop::open();
    let throttled = shop.refund("rfd-1", "12.07").await.unwrap();
    assert_eq!(throttled.body["error"][0]["type"], "APIM");
    let unavailable = shop.refund("rfd-2", "12.08").await.unwrap();
    assert_eq!(
        unavailable.body["gatewayResponse"]["error"][0]["type"],
        "APIM"
    );
}

#[tokio::test]
async fn cents_04_stays_pending() {
    let shop = Shop::open();
    shop.refund("rfd-1", "12.04").await.unwrap();
    assert_eq!(shop.states("rfd-1", 5).await, ["AUTHORIZED"; 5]);
    assert_eq!(shop.paid("rfd-1"), ["12.04"]);
}

#[tokio::test]
async fn cents_05_is_captured_and_voided_later() {
    let shop = Shop::open();
    let reply = shop.refund("rfd-1", "90.05").await.unwrap();
    assert_eq!(state(&reply), "CAPTURED");
    assert_eq!(
        shop.states("rfd-1", 3).await,
        ["CAPTURED", "VOIDED", "VOIDED"]
    );
    assert_eq!(shop.paid("rfd-1"), ["90.05"]);
    let again = shop.refund("rfd-2", "100.00").await.unwrap();
    assert_eq!(again.status, 201, "what came back is left to refund");
}

#[tokio::test]
async fn cents_06_pays_another_amount_and_says_so() {
    let shop = Shop::open();
    let reply = shop.refund("rfd-1", "12.06").await.unwrap();
    assert_eq!(
        reply.body["paymentReceipt"]["approvedAmount"]["total"],
        "13.06"
    );
    let found = shop
        .inquire(json!({ "referenceMerchantTransactionId": "rfd-1" }))
        .await;
    assert_eq!(
        found.body[0]["paymentReceipt"]["approvedAmount"]["total"],
        "13.06"
    );
    let reply = shop.refund("rfd-2", "86.06").await.unwrap();
    let approved = reply.body["paymentReceipt"]["approvedAmount"]["total"].to_string();
    assert_eq!(approved, "86.05", "never more than the charge took");
    assert_eq!(shop.paid("rfd-1"), ["13.06"]);
    assert_eq!(shop.paid("rfd-2"), ["86.05"]);
}

#[tokio::test]
async fn cents_09_pays_and_answers_with_something_that_is_no_json() {
    let shop = Shop::open();
    let reply = shop.refund("rfd-1", "12.09").await.unwrap();
    assert_eq!((reply.status, reply.body), (200, Value::Null));
    assert_eq!(shop.states("rfd-1", 2).await, ["AUTHORIZED", "CAPTURED"]);
    assert_eq!(shop.paid("rfd-1"), ["12.09"]);
}
