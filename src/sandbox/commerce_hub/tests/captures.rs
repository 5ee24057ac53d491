//! Refunds that are only authorised, and their capture.

use super::*;

const CANCELS: &str = "/ch/payments/v1/cancels";

impl Shop {
    /// Has a refund authorised; the provider's id of it.
    async fn authorise(&self, name: &str, total: &str) -> String {
        let body = refund_of("charge-1", name, total);
        let body = body.replace("\"captureFlag\":true", "\"captureFlag\":false");
        let reply = self.post(REFUNDS, name, &body).await.unwrap();
        assert_eq!((reply.status, state(&reply)), (201, "AUTHORIZED"));
        assert_eq!(reply.body["transactionDetails"]["captureFlag"], false);
        let details = &reply.body["gatewayResponse"]["transactionProcessingDetails"];
        details["transactionId"].as_str().unwrap().to_owned()
    }

    async fn capture(&self, id: &str, name: &str, total: &str) -> Reply {
        let body = refund_of(id, name, total);
        self.post(REFUNDS, name, &body).await.unwrap()
    }
}

#[tokio::test]
async fn nothing_is_paid_before_the_capture_and_one_capture_pays_the_whole() {
    let shop = Shop::open();
    let id = shop.authorise("rfd-1", "12.00").await;
    assert_eq!(shop.states("rfd-1", 3).await, ["AUTHORIZED"; 3]);
    assert_eq!(shop.bench.book(), "");
    for total in ["11.99", "12.01", "100.00"] {
        let other = shop.capture(&id, &format!("cap {total}"), total).await;
        assert_eq!((other.status, code(&other)), (400, "810"), "{total}");
    }
    let whole = refund_of(&id, "cap-0", "12.00");
    let unnamed = whole.replace(r#""amount":{"total":12.00,"currency":"USD"},"#, "");
    let unnamed = shop.post(REFUNDS, "cap-0", &unnamed).await.unwrap();
    assert_eq!(code(&unnamed), "810", "no amount is the whole charge");
    assert_eq!(shop.bench.book(), "");
    let paid = shop.capture(&id, "cap-1", "12.00").await;
    assert_eq!((paid.status, state(&paid)), (201, "CAPTURED"));
    assert_eq!(shop.capture(&id, "cap-1", "12.00").await, paid);
    let again = shop.capture(&id, "cap-2", "12.00").await;
    assert_eq!((again.status, code(&again)), (400, "809"));
    assert_eq!(shop.paid("rfd-1"), ["12.00"]);
    let shop = shop.restarted();
    assert_eq!(shop.states("rfd-1", 2).await, ["CAPTURED"; 2]);
    assert_eq!(shop.states("cap-1", 1).await, ["CAPTURED"]);
    let again = shop.capture(&id, "cap-3", "12.00").await;
    assert_eq!(code(&again), "809");
    assert_eq!(shop.paid("rfd-1"), ["12.00"]);
}

#[tokio::test]
async fn what_was_stopped_before_its_capture_is_never_paid() {
    let shop = Shop::open();
    let id = shop.authorise("rfd-1", "60.00").await;
    let taken = shop.refund("rfd-2", "60.00").await.unwrap();
    assert_eq!(code(&taken), "810", "what is authorised is taken");
    let body = format!(
        r#"{{"referenceTransactionDetails":{{"referenceTransactionId":"{id}"}},"transactionDetails":{{"reversalReasonCode":"VOID","merchantTransactionId":"stop-1"}},"merchantDetails":{{"merchantId":"100000000000001","terminalId":"10000001"}}}}"#
    );
    let stopped = shop.post(CANCELS, "stop-1", &body).await.unwrap();
    assert_eq!(stopped.status, 201);
    assert_eq!(shop.states("rfd-1", 1).await, ["VOIDED"]);
    let late = shop.capture(&id, "cap-1", "60.00").await;
    assert_eq!(code(&late), "809");
    assert_eq!(shop.bench.book(), "");
    let again = shop.refund("rfd-3", "60.00").await.unwrap();
    assert_eq!(again.status, 201, "it is free again");
}
