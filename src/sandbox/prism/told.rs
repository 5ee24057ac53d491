//! What the server tells of refunds and payments: which fields it fills, and which it leaves.

use std::collections::HashMap;

use prost::Message;
use serde_json::json;

use super::course::Stand;
use super::messages::{ConnectorTrouble, Hidden, Minor, PaymentTold, RefundTold, Trouble};
use super::records::Refund;

/// `REFUND_PENDING`.
const PENDING: i32 = 3;
/// `REFUND_SUCCESS`.
const SUCCESS: i32 = 4;
/// Where there is an error the status is none.
const NONE: i32 = 0;
/// `CHARGED`.
const CHARGED: i32 = 8;

/// A refund in the answer to its own call, or to a look at it.
pub(super) fn refund(refund: &Refund, stand: Stand, key: &str, is_look: bool) -> Vec<u8> {
    let failed = stand == Stand::Failed;
    let id = refund.id.clone();
    let told = RefundTold {
        // A look gives the connector's id in its place; the merchant's own is never echoed.
        reference: (is_look && !failed).then(|| id.clone()),
        refund_id: if failed { String::new() } else { id.clone() },
        status: match stand {
            Stand::Pending => PENDING,
            Stand::Done => SUCCESS,
            Stand::Failed => NONE,
        },
        error: failed.then(trouble),
        connector_http: 200,
        headers: HashMap::from([
            ("content-type".to_owned(), "application/json".to_owned()),
            ("request-id".to_owned(), format!("req_{id}")),
        ]),
        transaction: Some(if failed {
            id
        } else {
            refund.transaction.clone()
        }),
        raw_response: Some(raw_response(refund, stand)),
        raw_request: Some(raw_request(refund, key)),
    };
    told.encode_to_vec()
}

fn trouble() -> Trouble {
    Trouble {
        connector: Some(ConnectorTrouble {
            code: Some("lost_or_stolen_card".to_owned()),
            message: Some("lost_or_stolen_card".to_owned()),
            reason: Some("lost_or_stolen_card".to_owned()),
        }),
    }
}

fn raw_response(refund: &Refund, stand: Stand) -> Hidden {
    let status = match stand {
        Stand::Pending => "pending",
        Stand::Done => "succeeded",
        Stand::Failed => "failed",
    };
    let body = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.paid.minor,
        "currency": refund.paid.currency.code().to_lowercase(),
        "payment_intent": refund.transaction,
        "status": status,
        "metadata": { "order_id": refund.reference, "is_refund_id_as_reference": "true" },
    });
    Hidden {
        value: body.to_string(),
    }
}

/// The live key is in it, as it is in the real server's.
fn raw_request(refund: &Refund, key: &str) -> Hidden {
    let request = json!({
        "url": "https://api.stripe.com/v1/refunds",
        "method": "POST",
        "headers": { "Authorization": format!("Bearer {key}") },
        "body": format!("payment_intent={}&amount={}", refund.transaction, refund.asked.minor),
    });
    Hidden {
        value: request.to_string(),
    }
}

/// A captured payment.
pub(super) fn payment(transaction: &str, amount: Minor) -> Vec<u8> {
    let told = PaymentTold {
        transaction: transaction.to_owned(),
        status: CHARGED,
        connector_http: 200,
        amount: Some(amount),
        captured: Some(amount.amount),
        merchant_transaction: Some(transaction.to_owned()),
    };
    told.encode_to_vec()
}
