//! The messages of Prism's gRPC service, by hand (fact sheet 2 to 4): field numbers are the contract.
//!
//! `raw_connector_request` (with the live key of the connector in it), `raw_connector_response` and
//! `response_headers` are left out on purpose: what is not declared is never decoded, so that it
//! cannot be logged, stored or shown. Fields that later releases add are passed over the same way.

use std::fmt;

use prost::Message;

/// Create a refund (fact sheet 1).
pub const REFUND: &str = "/types.PaymentService/Refund";
/// Read how a refund stands.
pub const REFUND_GET: &str = "/types.RefundService/Get";
/// Read how a payment stands.
pub const PAYMENT_GET: &str = "/types.PaymentService/Get";
/// Get an OAuth token of the connector.
pub const CREATE_TOKEN: &str =
    "/types.MerchantAuthenticationService/CreateServerAuthenticationToken";
/// Ask whether the server is there; needs no key.
pub const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// A text that must not be shown: a message of its own on the wire.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct Secret {
    /// The text.
    #[prost(string, tag = "1")]
    pub value: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Secret {
    /// A text that must not be shown.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
        }
    }
}

/// An amount (fact sheet 2).
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Amount {
    /// Minor units, as Prism counts them.
    #[prost(int64, tag = "1")]
    pub minor_amount: i64,
    /// Prism's own number of the currency: USD is 146.
    #[prost(int32, tag = "2")]
    pub currency: i32,
}

/// An OAuth token of the connector.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AccessToken {
    /// The token.
    #[prost(message, optional, tag = "1")]
    pub token: Option<Secret>,
    /// Its whole life in seconds, although the service's own words speak of a point in time.
    #[prost(int64, optional, tag = "2")]
    pub expires_in_seconds: Option<i64>,
    /// `Bearer`.
    #[prost(string, optional, tag = "3")]
    pub token_type: Option<String>,
}

/// What the connector wants to be told in each call.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct State {
    /// The token of the OAuth connectors (fact sheet 8).
    #[prost(message, optional, tag = "1")]
    pub access_token: Option<AccessToken>,
    /// Of no use to refunds.
    #[prost(string, optional, tag = "2")]
    pub connector_customer_id: Option<String>,
}

/// `PaymentServiceRefundRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RefundRequest {
    /// Our reference. Optional to the server, which would pass an empty one on; never to us. Not
    /// echoed.
    #[prost(string, optional, tag = "1")]
    pub merchant_refund_id: Option<String>,
    /// The connector's id of the payment, pasted into its URLs unescaped. PayPal ignores it.
    #[prost(string, tag = "2")]
    pub connector_transaction_id: String,
    /// What was captured. Compared with nothing; only Placetopay reads it.
    #[prost(int64, tag = "3")]
    pub payment_amount: i64,
    /// What to give back. Neither its sign nor its size is checked by the server.
    #[prost(message, optional, tag = "4")]
    pub refund_amount: Option<Amount>,
    /// Passed on by some connectors; Stripe, PayPal, Checkout, Braintree and Cybersource drop it.
    #[prost(string, optional, tag = "5")]
    pub reason: Option<String>,
    /// Read for Fiuu and Iatapay only; never sent.
    #[prost(string, optional, tag = "6")]
    pub webhook_url: Option<String>,
    /// Read for Braintree only.
    #[prost(string, optional, tag = "7")]
    pub merchant_account_id: Option<String>,
    /// Read for Getnet only; never sent.
    #[prost(int32, optional, tag = "8")]
    pub capture_method: Option<i32>,
    /// Read by nothing on a refund's way; never sent.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Secret>,
    /// A JSON text, or the call is refused.
    #[prost(message, optional, tag = "10")]
    pub refund_metadata: Option<Secret>,
    /// A JSON text, or the call is refused: PayPal's capture id, among others.
    #[prost(message, optional, tag = "11")]
    pub connector_feature_data: Option<Secret>,
    /// The token; never on disk, see `client`.
    #[prost(message, optional, tag = "13")]
    pub state: Option<State>,
    /// Which of Adyen's systems; elsewhere server and key decide.
    #[prost(bool, optional, tag = "14")]
    pub test_mode: Option<bool>,
    /// An error when 0 or unknown, so never sent.
    #[prost(int32, optional, tag = "15")]
    pub payment_method_type: Option<i32>,
    /// Read for Worldpayvantiv only; never sent.
    #[prost(string, optional, tag = "16")]
    pub customer_id: Option<String>,
}

/// `RefundServiceGetRequest`. All three ids go along: connectors differ in which they look up by.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RefundGetRequest {
    /// Our reference; Noon looks up by it.
    #[prost(string, optional, tag = "1")]
    pub merchant_refund_id: Option<String>,
    /// The connector's id of the payment; Checkout, Mollie and Cashfree need it.
    #[prost(string, tag = "2")]
    pub connector_transaction_id: String,
    /// The connector's id of the refund, for servers older than 2026-04-22 (fact sheet 12).
    #[prost(string, tag = "3")]
    pub refund_id: String,
    /// Why it was made; of no use.
    #[prost(string, optional, tag = "4")]
    pub refund_reason: Option<String>,
    /// As in the refund.
    #[prost(message, optional, tag = "6")]
    pub refund_metadata: Option<Secret>,
    /// The token.
    #[prost(message, optional, tag = "7")]
    pub state: Option<State>,
    /// As in the refund.
    #[prost(bool, optional, tag = "8")]
    pub test_mode: Option<bool>,
    /// As in the refund.
    #[prost(message, optional, tag = "10")]
    pub connector_feature_data: Option<Secret>,
    /// The connector's id of the refund.
    #[prost(string, tag = "14")]
    pub connector_refund_id: String,
}

/// `RefundResponse`, of a refund and of a look at one. Which of its fields are really filled is the
/// sheet's second table: few.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RefundResponse {
    /// Absent after a refund; the *connector's* id after a look.
    #[prost(string, optional, tag = "1")]
    pub merchant_refund_id: Option<String>,
    /// Set on success, empty on any failure.
    #[prost(string, tag = "2")]
    pub connector_refund_id: String,
    /// A `RefundStatus`, unless there is an error: then it may be of another list of words.
    #[prost(int32, tag = "3")]
    pub status: i32,
    /// Why it failed. Looked at before the status.
    #[prost(message, optional, tag = "4")]
    pub error: Option<ErrorInfo>,
    /// The connector's HTTP status.
    #[prost(uint32, tag = "5")]
    pub status_code: u32,
    /// Never set so far; believed if it ever is.
    #[prost(message, optional, tag = "7")]
    pub refund_amount: Option<Amount>,
    /// Never set.
    #[prost(int64, optional, tag = "8")]
    pub payment_amount: Option<i64>,
    /// Never set.
    #[prost(string, optional, tag = "9")]
    pub refund_reason: Option<String>,
    /// Never set.
    #[prost(int64, optional, tag = "10")]
    pub created_at: Option<i64>,
    /// Never set.
    #[prost(int64, optional, tag = "11")]
    pub updated_at: Option<i64>,
    /// Never set.
    #[prost(int64, optional, tag = "12")]
    pub processed_at: Option<i64>,
    /// Never set.
    #[prost(string, optional, tag = "15")]
    pub merchant_order_id: Option<String>,
    /// An echo of the request; after a failure it may be the connector's id of the refund.
    #[prost(string, optional, tag = "18")]
    pub connector_transaction_id: Option<String>,
    /// Never set so far; what a bank asks for when tracing.
    #[prost(message, optional, tag = "19")]
    pub acquirer_reference_number: Option<Secret>,
}

/// Why a connector said no.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ErrorInfo {
    /// Filled by later servers.
    #[prost(message, optional, tag = "1")]
    pub unified_details: Option<UnifiedDetails>,
    /// Not filled for refunds.
    #[prost(message, optional, tag = "2")]
    pub issuer_details: Option<IssuerDetails>,
    /// The only one that is filled; empty in a webhook of a success.
    #[prost(message, optional, tag = "3")]
    pub connector_details: Option<ConnectorDetails>,
}

/// An error in Prism's own words.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct UnifiedDetails {
    /// Its code.
    #[prost(string, optional, tag = "1")]
    pub code: Option<String>,
    /// Its text.
    #[prost(string, optional, tag = "2")]
    pub message: Option<String>,
    /// More of it.
    #[prost(string, optional, tag = "3")]
    pub description: Option<String>,
}

/// An error in the issuer's words.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct IssuerDetails {
    /// Its code.
    #[prost(string, optional, tag = "1")]
    pub code: Option<String>,
    /// Its text.
    #[prost(string, optional, tag = "2")]
    pub message: Option<String>,
}

/// An error in the connector's words.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConnectorDetails {
    /// Its code; `No error code` where there was none.
    #[prost(string, optional, tag = "1")]
    pub code: Option<String>,
    /// Its text.
    #[prost(string, optional, tag = "2")]
    pub message: Option<String>,
    /// More of it.
    #[prost(string, optional, tag = "3")]
    pub reason: Option<String>,
}

/// `PaymentServiceGetRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PaymentGetRequest {
    /// The connector's id of the payment.
    #[prost(string, tag = "2")]
    pub connector_transaction_id: String,
    /// Optional on the wire, refused when left out.
    #[prost(message, optional, tag = "6")]
    pub amount: Option<Amount>,
    /// The token.
    #[prost(message, optional, tag = "8")]
    pub state: Option<State>,
    /// As in the refund.
    #[prost(message, optional, tag = "10")]
    pub connector_feature_data: Option<Secret>,
    /// As in the refund.
    #[prost(bool, optional, tag = "13")]
    pub test_mode: Option<bool>,
}

/// `PaymentServiceGetResponse`, as far as a refund is concerned. It never tells what was refunded.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PaymentGetResponse {
    /// The connector's id of the payment.
    #[prost(string, tag = "1")]
    pub connector_transaction_id: String,
    /// A `PaymentStatus`.
    #[prost(int32, tag = "2")]
    pub status: i32,
    /// Why it failed.
    #[prost(message, optional, tag = "3")]
    pub error: Option<ErrorInfo>,
    /// The connector's HTTP status.
    #[prost(uint32, tag = "4")]
    pub status_code: u32,
    /// What was asked of the payer.
    #[prost(message, optional, tag = "8")]
    pub amount: Option<Amount>,
    /// What was captured, in minor units.
    #[prost(int64, optional, tag = "9")]
    pub captured_amount: Option<i64>,
}

/// `MerchantAuthenticationServiceCreateServerAuthenticationTokenRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TokenRequest {
    /// A name for it; of no use.
    #[prost(string, optional, tag = "1")]
    pub merchant_access_token_id: Option<String>,
    /// The connector's number.
    #[prost(int32, tag = "2")]
    pub connector: i32,
    /// As in the refund.
    #[prost(bool, optional, tag = "5")]
    pub test_mode: Option<bool>,
}

/// `MerchantAuthenticationServiceCreateServerAuthenticationTokenResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TokenResponse {
    /// The token.
    #[prost(message, optional, tag = "1")]
    pub access_token: Option<Secret>,
    /// `Bearer`.
    #[prost(string, optional, tag = "2")]
    pub token_type: Option<String>,
    /// Its whole life in seconds.
    #[prost(int64, optional, tag = "3")]
    pub expires_in_seconds: Option<i64>,
    /// An `OperationStatus`: 1 is success.
    #[prost(int32, tag = "4")]
    pub status: i32,
    /// Why there is none.
    #[prost(message, optional, tag = "5")]
    pub error: Option<ErrorInfo>,
    /// The connector's HTTP status.
    #[prost(uint32, tag = "6")]
    pub status_code: u32,
}

/// Of the standard health service: 1 is serving. Its request is empty.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct HealthResponse {
    /// How it does.
    #[prost(int32, tag = "1")]
    pub status: i32,
}
