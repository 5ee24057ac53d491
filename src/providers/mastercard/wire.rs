//! The JSON of both directions (fact sheet 4 to 6 and 8).
//!
//! Amounts pass as the text of their JSON number; no float is made of them.

mod reply;
mod request;

pub use reply::{Complaint, Reply};
pub use request::{
    Amount, Confirmation, Creditor, Debtor, PaidWith, PaymentAdvice, PaymentState, RefundParts,
    RefundRequest, RefundState, RefundStatusRequest, RequestBlock, time,
};

use super::super::fields::Fields;

/// The `messageId` of a request of our own, as it stands in its bytes.
pub fn message_id_of(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    Fields::read(text)?.text("messageId")
}
