//! What the gateway refuses, repeats, and finds again.

use rstest::rstest;
use serde_json::json;

use super::*;

#[rstest]
#[case::unknown_charge(refund_of("nowhere", "r", "1.00"), "801")]
#[case::another_accounts_payment(refund_of("pi_1", "r", "1.00"), "801")]
#[case::more_than_paid(refund_of("charge-1", "r", "100.10"), "810")]
#[case::too_old(refund_of("charge-old", "r", "1.00"), "814")]
#[case::zero(refund_of("charge-1", "r", "0.00"), "105")]
#[case::amount_as_text(refund_of("charge-1", "r", "\"1.00\""), "105")]
#[case::currency(refund_of("charge-1", "r", "1.00").replace("USD", "EUR"), "804")]
#[case::no_total(refund_of("charge-1", "r", "null"), "106")]
#[case::merchant(refund_of("charge-1", "r", "1.00").replace("100000000000001", "7"), "201")]
#[case::terminal(refund_of("charge-1", "r", "1.00").replace("10000001\"", "7\""), "202")]
#[case::no_reference(
    refund_of("charge-1", "r", "1.00").replace("referenceTransactionId", "other"),
    "803"
)]
#[case::unknown_merchant_reference(
    refund_of("nowhere", "r", "1.00")
        .replace("referenceTransactionId", "referenceMerchantTransactionId"),
    "802"
)]
#[tokio::test]
async fn a_refusal_has_its_code_and_pays_nothing(#[case] body: String, #[case] expected: &str) {
    let shop = Shop::open();
    let reply = shop.post(REFUNDS, "a", &body).await.unwrap();
    assert_eq!((reply.status, code(&reply)), (400, expected));
    assert_eq!(shop.bench.book(), "");
}

#[tokio::test]
async fn refunds_of_a_charge_add_up() {
    let shop = Shop::open();
    assert_eq!(shop.refund("rfd-1", "60.00").await.unwrap().status, 201);
    let more = shop.refund("rfd-2", "60.00").await.unwrap();
    assert_eq!((more.status, code(&more)), (400, "810"));
    assert_eq!(shop.refund("rfd-3", "40.00").await.unwrap().status, 201);
    let nothing_left = shop.refund("rfd-4", "1.00").await.unwrap();
    assert_eq!((nothing_left.status, code(&nothing_left)), (400, "809"));
}

#[tokio::test]
async fn an_unsettled_charge_is_refunded_whole_by_the_older_path_and_by_the_merchants_own_id() {
    let shop = Shop::open();
    let body = r#"{"transactionDetails":{"captureFlag":true,"merchantTransactionId":"rfd-1"},"merchantDetails":{"merchantId":"100000000000001","terminalId":"10000001"}}"#;
    let path = "/ch/payments/v1/charges/charge%2D2/refund";
    let reply = shop.post(path, "a", body).await.unwrap();
    assert_eq!(
        (reply.status, shop.paid("rfd-1")),
        (201, vec!["40.00".to_owned()])
    );
    let by_name = refund_of("INV-1", "rfd-2", "1.00")
        .replace("referenceTransactionId", "referenceMerchantTransactionId");
    assert_eq!(shop.post(REFUNDS, "b", &by_name).await.unwrap().status, 201);
}

#[tokio::test]
async fn the_same_request_within_five_minutes_gets_the_same_answer() {
    let shop = Shop::open();
    let first = shop.refund("rfd-1", "10.50").await.unwrap();
    shop.states("rfd-1", 2).await;
    shop.bench.clock.advance(Duration::from_secs(300));
    assert_eq!(shop.refund("rfd-1", "10.50").await.unwrap(), first);
    let shop = shop.restarted();
    assert_eq!(shop.refund("rfd-1", "10.50").await.unwrap(), first);
    shop.bench.clock.advance(Duration::from_secs(1));
    let late = shop.refund("rfd-1", "10.50").await.unwrap();
    assert_eq!((late.status, code(&late)), (400, "816"));
    assert_eq!(shop.paid("rfd-1"), ["10.50"]);
}

#[tokio::test]
async fn a_refund_under_a_known_name_is_a_duplicate() {
    let shop = Shop::open();
    shop.refund("rfd-1", "10.00").await.unwrap();
    for (total, expected) in [("10.00", "816"), ("11.00", "757")] {
        let body = refund_of("charge-1", "rfd-1", total);
        let reply = shop.post(REFUNDS, total, &body).await.unwrap();
        assert_eq!((reply.status, code(&reply)), (400, expected));
    }
    assert_eq!(shop.paid("rfd-1"), ["10.00"]);
}

#[tokio::test]
async fn an_inquiry_finds_a_refund_by_every_reference() {
    let shop = Shop::open();
    let reply = shop.refund("rfd-1", "10.04").await.unwrap();
    let details = &reply.body["gatewayResponse"]["transactionProcessingDetails"];
    for reference in [
        json!({ "referenceMerchantTransactionId": "rfd-1" }),
        json!({ "referenceTransactionId": details["transactionId"] }),
        json!({ "referenceClientRequestId": "request of rfd-1" }),
    ] {
        let found = shop.inquire(reference).await;
        assert_eq!(found.body, json!([reply.body]));
    }
    for (reference, charges) in [
        (json!({ "referenceOrderId": details["orderId"] }), 1),
        (json!({ "referenceMerchantOrderId": "SO-1" }), 2),
    ] {
        let found = shop.inquire(reference).await;
        let items = found.body.as_array().unwrap();
        assert_eq!(items.len(), charges + 1);
        assert_eq!(items[0]["gatewayResponse"]["transactionType"], "CHARGE");
        assert_eq!(items[charges], reply.body);
    }
    let charge = shop
        .inquire(json!({ "referenceTransactionId": "charge-1" }))
        .await;
    assert_eq!(
        charge.body[0]["paymentReceipt"]["approvedAmount"]["total"],
        100
    );
}

#[tokio::test]
async fn an_inquiry_takes_exactly_one_reference() {
    let shop = Shop::open();
    let none = shop.inquire(json!({})).await;
    assert_eq!((none.status, code(&none)), (400, "803"));
    let two = json!({ "referenceOrderId": "a", "referenceTransactionId": "b" });
    let two = shop.inquire(two).await;
    assert_eq!((two.status, code(&two)), (400, "100"));
}

#[tokio::test]
async fn a_restart_keeps_refunds_and_looks() {
    let shop = Shop::open();
    shop.refund("rfd-1", "90.00").await.unwrap();
    assert_eq!(shop.states("rfd-1", 1).await, ["AUTHORIZED"]);
    let shop = shop.restarted();
    assert_eq!(shop.states("rfd-1", 1).await, ["CAPTURED"]);
    let more = shop.refund("rfd-2", "60.00").await.unwrap();
    assert_eq!(code(&more), "810");
    assert_eq!(shop.bench.book().lines().count(), 1);
}
