//! The JSON of requests and responses (fact sheet 4, 6 and 7.1).
//!
//! Amounts pass as the text of their JSON number; no float is made of them.

mod reply;
mod request;

pub use reply::{Approved, Envelope, ErrorEntry};
pub use request::{
    Amount, CancelDetails, CancelRequest, CaptureDetails, CaptureRequest, Details,
    INVOICE_MAX_CHARS, InquiryRequest, Merchant, Reference, RefundRequest, captures_at_once,
};
