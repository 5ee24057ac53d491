//! What goes over the wire, written down once more from the service's own definition.
//!
//! The simulator fills what the real server fills, the fields that a client must throw away included.

use std::collections::HashMap;

use prost::Message;

/// `SecretString`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Hidden {
    #[prost(string, tag = "1")]
    pub value: String,
}

/// `Money`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Minor {
    #[prost(int64, tag = "1")]
    pub amount: i64,
    #[prost(int32, tag = "2")]
    pub currency: i32,
}

/// `PaymentServiceRefundRequest`, as far as the server looks at it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RefundAsked {
    #[prost(string, tag = "1")]
    pub reference: String,
    #[prost(string, tag = "2")]
    pub transaction: String,
    #[prost(message, optional, tag = "4")]
    pub refund: Option<Minor>,
    #[prost(message, optional, tag = "10")]
    pub refund_metadata: Option<Hidden>,
    #[prost(message, optional, tag = "11")]
    pub feature_data: Option<Hidden>,
    #[prost(int32, optional, tag = "15")]
    pub method_type: Option<i32>,
}

/// `RefundServiceGetRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LookAsked {
    #[prost(string, tag = "2")]
    pub transaction: String,
    #[prost(string, tag = "3")]
    pub older_refund_id: String,
    #[prost(message, optional, tag = "6")]
    pub refund_metadata: Option<Hidden>,
    #[prost(message, optional, tag = "10")]
    pub feature_data: Option<Hidden>,
    #[prost(string, tag = "14")]
    pub refund_id: String,
}

/// `RefundResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RefundTold {
    #[prost(string, optional, tag = "1")]
    pub reference: Option<String>,
    #[prost(string, tag = "2")]
    pub refund_id: String,
    #[prost(int32, tag = "3")]
    pub status: i32,
    #[prost(message, optional, tag = "4")]
    pub error: Option<Trouble>,
    #[prost(uint32, tag = "5")]
    pub connector_http: u32,
    #[prost(map = "string, string", tag = "6")]
    pub headers: HashMap<String, String>,
    #[prost(string, optional, tag = "18")]
    pub transaction: Option<String>,
    #[prost(message, optional, tag = "21")]
    pub raw_response: Option<Hidden>,
    #[prost(message, optional, tag = "22")]
    pub raw_request: Option<Hidden>,
}

/// `ErrorInfo`, of which only the connector's part is ever filled.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Trouble {
    #[prost(message, optional, tag = "3")]
    pub connector: Option<ConnectorTrouble>,
}

/// `ConnectorErrorDetails`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ConnectorTrouble {
    #[prost(string, optional, tag = "1")]
    pub code: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub message: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub reason: Option<String>,
}

/// `PaymentServiceGetRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PaymentAsked {
    #[prost(string, tag = "2")]
    pub transaction: String,
    #[prost(message, optional, tag = "6")]
    pub amount: Option<Minor>,
}

/// `PaymentServiceGetResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PaymentTold {
    #[prost(string, tag = "1")]
    pub transaction: String,
    #[prost(int32, tag = "2")]
    pub status: i32,
    #[prost(uint32, tag = "4")]
    pub connector_http: u32,
    #[prost(message, optional, tag = "8")]
    pub amount: Option<Minor>,
    #[prost(int64, optional, tag = "9")]
    pub captured: Option<i64>,
    /// The connector's id once more.
    #[prost(string, optional, tag = "28")]
    pub merchant_transaction: Option<String>,
}

/// `HealthCheckResponse`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Health {
    #[prost(int32, tag = "1")]
    pub status: i32,
}
