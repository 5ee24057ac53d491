//! The JSON of requests and responses (fact sheet 3 to 7 and 11).
//!
//! Amounts pass as the text of their JSON number; no float is made of them.

mod reply;
mod request;

pub use crate::providers::fields::Fields;
pub use reply::{Envelope, Named, Refund, time};
pub use request::{RefundRequest, Remittance, TokenRequest, number};
