//! Refunds that are only authorised, and their capture.

use super::*;

const CANCELS: &str = "/ch/payments/v1/cancels";

impl Bench {
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
    let bench = Bench::new();
    let id = bench.authorise("rfd-1", "12.00").await;
    assert_eq!(bench.states("rfd-1", 3).await, ["AUTHORIZED"; 3]);
    assert_eq!(bench.book(), "");
    for total in ["11.99", "12.01", "100.00"] {
        let other = bench.capture(&id, &format!("cap {total}"), total).await;
        assert_eq!((other.status, code(&other)), (400, "810"), "{total}");
    }
    let whole = refund_of(&id, "cap-0", "12.00");
    let unnamed = whole.replace(r#""amount":{"total":12.00,"currency":"USD"},"#, "");
    let unnamed = bench.post(REFUNDS, "cap-0", &unnamed).await.unwrap();
    assert_eq!(code(&unnamed), "810", "no amount is the whole charge");
    assert_eq!(bench.book(), "");
    let paid = bench.capture(&id, "cap-1", "12.00").await;
    assert_eq!((paid.status, state(&paid)), (201, "CAPTURED"));
    assert_eq!(bench.capture(&id, "cap-1", "12.00").await, paid);
    let again = bench.capture(&id, "cap-2", "12.00").await;
    assert_eq!((again.status, code(&again)), (400, "809"));
    assert_eq!(bench.paid("rfd-1"), ["12.00"]);
    let bench = bench.restarted();
    assert_eq!(bench.states("rfd-1", 2).await, ["CAPTURED"; 2]);
    assert_eq!(bench.states("cap-1", 1).await, ["CAPTURED"]);
    let again = bench.capture(&id, "cap-3", "12.00").await;
    assert_eq!(code(&again), "809");
    assert_eq!(bench.paid("rfd-1"), ["12.00"]);
}

#[tokio::test]
async fn what_was_stopped_before_its_capture_is_never_paid() {
    let bench = Bench::new();
    let id = bench.authorise("rfd-1", "60.00").await;
    let taken = bench.refund("rfd-2", "60.00").await.unwrap();
    assert_eq!(code(&taken), "810", "what is authorised is taken");
    let body = format!(
        r#"{{"referenceTransactionDetails":{{"referenceTransactionId":"{id}"}},"transactionDetails":{{"reversalReasonCode":"VOID","merchantTransactionId":"stop-1"}},"merchantDetails":{{"merchantId":"100000000000001","terminalId":"10000001"}}}}"#
    );
    let stopped = bench.post(CANCELS, "stop-1", &body).await.unwrap();
    assert_eq!(stopped.status, 201);
    assert_eq!(bench.states("rfd-1", 1).await, ["VOIDED"]);
    let late = bench.capture(&id, "cap-1", "60.00").await;
    assert_eq!(code(&late), "809");
    assert_eq!(bench.book(), "");
    let again = bench.refund("rfd-3", "60.00").await.unwrap();
    assert_eq!(again.status, 201, "it is free again");
}
