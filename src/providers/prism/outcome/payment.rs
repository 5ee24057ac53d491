//! Whether a payment can be given back at all, by the connector's word (fact sheet 4).

use prost::Message;

use super::{Answer, has_text, is_success};
use crate::domain::evidence::Evidence;
use crate::providers::Finding;
use crate::providers::http::line;
use crate::providers::prism::wire::{PaymentGetResponse, RefundRequest};

/// `PaymentStatus` of a captured payment: CHARGED, PARTIAL_CHARGED and
/// PARTIAL_CHARGED_AND_CHARGEABLE.
const REFUNDABLE: [i32; 3] = [8, 17, 18];

/// Every other status that is known, by its name.
const NOT_REFUNDABLE: [(i32, &str); 24] = [
    (1, "STARTED"),
    (2, "AUTHENTICATION_FAILED"),
    (3, "ROUTER_DECLINED"),
    (4, "AUTHENTICATION_PENDING"),
    (5, "AUTHENTICATION_SUCCESSFUL"),
    (6, "AUTHORIZED"),
    (7, "AUTHORIZATION_FAILED"),
    (9, "AUTHORIZING"),
    (10, "COD_INITIATED"),
    (11, "VOIDED"),
    (12, "VOID_INITIATED"),
    (13, "CAPTURE_INITIATED"),
    (14, "CAPTURE_FAILED"),
    (15, "VOID_FAILED"),
    (16, "AUTO_REFUNDED"),
    (20, "PENDING"),
    (21, "FAILURE"),
    (22, "PAYMENT_METHOD_AWAITED"),
    (23, "CONFIRMATION_AWAITED"),
    (24, "DEVICE_DATA_COLLECTION_PENDING"),
    (25, "PARTIALLY_AUTHORIZED"),
    (26, "EXPIRED"),
    (19, "UNRESOLVED"),
    (57, "VOIDED_POST_CAPTURE"),
];

/// Why the refund is not sent, if the connector says that it cannot be; a look that tells nothing
/// stops nothing, and beside an error the status need not be the payment's. There is no *already refunded* amount in the answer: that ledger is ours.
pub fn not_refundable(answer: &Answer, refund: &RefundRequest) -> Option<Finding> {
    let bytes = answer.said.as_ref().ok()?;
    let payment = PaymentGetResponse::decode(&bytes[..]).ok()?;
    if payment.error.as_ref().is_some_and(has_text) || !is_success(payment.status_code) {
        return None;
    }
    let known = NOT_REFUNDABLE
        .iter()
        .find(|(number, _)| *number == payment.status);
    let why = match known {
        Some((_, name)) => format!("the payment is {name}"),
        None => too_little(&payment, refund)?,
    };
    let said = line(&format!("nothing sent: {why}, says the connector"));
    Some(Finding {
        http_status: Some(200),
        support_id: answer.support_id.clone(),
        ..Finding::new(Evidence::Refused, said)
    })
}

fn too_little(payment: &PaymentGetResponse, refund: &RefundRequest) -> Option<String> {
    REFUNDABLE.contains(&payment.status).then_some(())?;
    let asked = refund.refund_amount?;
    if payment
        .amount
        .is_some_and(|amount| amount.currency != 0 && amount.currency != asked.currency)
    {
        return Some("the payment is in another currency".to_owned());
    }
    let captured = payment.captured_amount.filter(|captured| *captured > 0)?;
    (captured < asked.minor_amount).then(|| "less was captured than is to be refunded".to_owned())
}
