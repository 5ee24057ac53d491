//! How a refund and a look are written for Prism (fact sheet 2): no secret, no network.
//!
//! The server checks neither sign nor size nor ids, so every check is made here.

use std::collections::HashMap;

use prost::Message;
use serde_json::json;
use serde_json::value::RawValue;
use url::Url;

use super::NAME;
use super::currencies::{Amounts, code_of};
use super::wire::{
    PaymentGetRequest, REFUND, RefundGetRequest, RefundRequest, Secret, TokenRequest,
};
use crate::config::prism::{Connector, Prism as Settings};
use crate::domain::money::Currency;
use crate::providers::{BuildError, Inquiry, RefundFormat, RefundOrder, WireRequest};

/// What stands where HTTP has its method.
pub const METHOD: &str = "gRPC";
/// What stands where something must not be shown.
const HIDDEN: &str = "[hidden]";
/// A refund no connector has.
const NOBODYS: &str = "refund-desk-doctor";
/// Longest id that is put in a connector's URL.
const ID_MAX_BYTES: usize = 128;

/// Writes the requests of one account.
pub struct Requests {
    base: Url,
    currencies: Vec<Currency>,
    amounts: Amounts,
    connector: Connector,
    test_mode: Option<bool>,
}

impl Requests {
    /// The requests of the account of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            base: settings.base_url.clone(),
            currencies: settings.currencies.clone(),
            amounts: Amounts::new(&settings.exponents),
            connector: settings.connector.clone(),
            test_mode: settings.test_mode,
        }
    }

    /// The account's amounts on the wire.
    pub fn amounts(&self) -> &Amounts {
        &self.amounts
    }

    fn message(&self, order: &RefundOrder) -> Result<RefundRequest, BuildError> {
        self.check_amounts(order)?;
        let payment = self.payment_id(&order.provider_payment_id)?;
        check_id("our reference", &order.correlation)?;
        let more = Supplied::of(order.detail("provider_data"));
        let amount = |money| {
            self.amounts
                .write(money)
                .map_err(|why| unfit("amount", why))
        };
        Ok(RefundRequest {
            merchant_refund_id: Some(order.correlation.clone()),
            connector_transaction_id: payment.to_owned(),
            payment_amount: amount(order.captured)?.minor_amount,
            refund_amount: Some(amount(order.amount)?),
            reason: Some(self.reason(&order.reason)).filter(|reason| !reason.is_empty()),
            merchant_account_id: self.merchant_account(&more),
            refund_metadata: more.json("refund_metadata")?.map(Secret::new),
            connector_feature_data: self.feature_data(&more, order.capture_id.as_deref())?,
            test_mode: self.test_mode,
            ..RefundRequest::default()
        })
    }

    fn check_amounts(&self, order: &RefundOrder) -> Result<(), BuildError> {
        let (amount, captured) = (order.amount, order.captured);
        let currency = amount.currency;
        let why = if !amount.is_positive() {
            format!("{amount} is not above zero")
        } else if !self.currencies.contains(&currency) {
            format!("the account is not set up for {currency}")
        } else if captured.currency != currency || captured.minor < amount.minor {
            format!("{amount} is not part of the {captured} that were captured")
        } else if order.compensation.is_positive() {
            "Prism knows no compensation".to_owned()
        } else {
            return Ok(());
        };
        Err(unfit("amount", why))
    }

    /// The id goes into the connector's URLs as it is (fact sheet 2), so it must be one.
    fn payment_id<'i>(&self, id: &'i str) -> Result<&'i str, BuildError> {
        check_id("the connector's payment id", id)?;
        if matches!(self.connector, Connector::Stripe(_)) && id.starts_with("ch_") {
            let why = "it is a charge; Stripe refunds by payment intent (pi_…) here".to_owned();
            return Err(unfit("the connector's payment id", why));
        }
        Ok(id)
    }

    /// Our reason in the words of Adyen, which has a list of its own; elsewhere in plain words.
    fn reason(&self, code: &str) -> String {
        match (&self.connector, code) {
            (_, "") => String::new(),
            (Connector::Adyen(_), "customer_request" | "canceled_order") => {
                "CUSTOMER REQUEST".into()
            }
            (Connector::Adyen(_), "goods_returned") => "RETURN".into(),
            (Connector::Adyen(_), "duplicate") => "DUPLICATE".into(),
            (Connector::Adyen(_), "fraud") => "FRAUD".into(),
            (Connector::Adyen(_), _) => "OTHER".into(),
            _ => code.replace('_', " "),
        }
    }

    fn merchant_account(&self, more: &Supplied<'_>) -> Option<String> {
        match &self.connector {
            Connector::Braintree(braintree) => more
                .text("merchant_account_id")
                .or_else(|| braintree.merchant_account_id.clone()),
            _ => None,
        }
    }

    /// What the connector kept from the payment: from the settlement file's `provider_data`; for
    /// PayPal made of the capture's id (fact sheet 8).
    fn feature_data(
        &self,
        more: &Supplied<'_>,
        capture_id: Option<&str>,
    ) -> Result<Option<Secret>, BuildError> {
        if let Some(given) = more.json("connector_feature_data")? {
            return Ok(Some(Secret::new(given)));
        }
        if !matches!(self.connector, Connector::Paypal(_)) {
            return Ok(None);
        }
        let capture = capture_id
            .map(str::to_owned)
            .or_else(|| more.text("capture_id"));
        let why = || "PayPal refunds a capture, and the payment names none".to_owned();
        let capture = capture.ok_or_else(|| unfit("the capture's id", why()))?;
        check_id("the capture's id", &capture)?;
        let data = format!(r#"{{"capture_id":"{capture}","psync_flow":"CAPTURE"}}"#);
        Ok(Some(Secret::new(data)))
    }

    /// A look at a refund; none: the connector never told its id, so there is nothing to ask by.
    pub fn look(&self, inquiry: &Inquiry) -> Option<RefundGetRequest> {
        let id = inquiry.provider_refund_id.as_deref()?;
        is_id(id).then_some(())?;
        is_id(&inquiry.provider_payment_id).then_some(())?;
        let detail = inquiry
            .details
            .iter()
            .find(|(name, _)| name == "provider_data");
        let more = Supplied::of(detail.map(|(_, text)| text.as_str()));
        Some(RefundGetRequest {
            merchant_refund_id: Some(inquiry.correlation.clone()),
            connector_transaction_id: inquiry.provider_payment_id.clone(),
            refund_id: id.to_owned(),
            refund_metadata: more.json("refund_metadata").ok()?.map(Secret::new),
            connector_feature_data: self.feature_data(&more, None).ok().flatten(),
            test_mode: self.test_mode,
            connector_refund_id: id.to_owned(),
            ..RefundGetRequest::default()
        })
    }

    /// A look at a refund no connector has: it moves nothing and shows whether our keys are taken.
    pub fn nobodys_look(&self) -> RefundGetRequest {
        RefundGetRequest {
            merchant_refund_id: Some(NOBODYS.to_owned()),
            connector_transaction_id: NOBODYS.to_owned(),
            refund_id: NOBODYS.to_owned(),
            test_mode: self.test_mode,
            connector_refund_id: NOBODYS.to_owned(),
            ..RefundGetRequest::default()
        }
    }

    /// A look at the payment that a refund gives back.
    pub fn payment_look(&self, refund: &RefundRequest) -> PaymentGetRequest {
        PaymentGetRequest {
            connector_transaction_id: refund.connector_transaction_id.clone(),
            amount: refund.refund_amount.map(|amount| super::wire::Amount {
                minor_amount: refund.payment_amount,
                ..amount
            }),
            connector_feature_data: refund.connector_feature_data.clone(),
            test_mode: self.test_mode,
            ..PaymentGetRequest::default()
        }
    }

    /// A request for an OAuth token; none: the connector wants none.
    pub fn token(&self) -> Option<TokenRequest> {
        let kind = self.connector.kind().filter(|kind| kind.needs_token)?;
        Some(TokenRequest {
            connector: kind.number?,
            test_mode: self.test_mode,
            ..TokenRequest::default()
        })
    }

    /// Whether the connector can be asked how a refund stands.
    pub fn can_poll(&self) -> bool {
        can_poll(&self.connector)
    }
}

/// Whether a connector can be asked how a refund stands; one that is not known might.
pub fn can_poll(connector: &Connector) -> bool {
    connector.kind().is_none_or(|kind| kind.can_poll)
}

impl RefundFormat for Requests {
    fn check(&self, order: &RefundOrder) -> Result<(), BuildError> {
        self.message(order).map(|_| ())
    }

    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        let message = self.message(order)?;
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: url_of(&self.base, REFUND),
            body: message.encode_to_vec(),
            idempotency_key: order.idempotency_key.clone(),
            correlation: order.correlation.clone(),
        })
    }

    fn readable(&self, wire: &WireRequest) -> String {
        let ours = wire.method == METHOD && wire.url.ends_with(REFUND) && !wire.body.is_empty();
        match RefundRequest::decode(wire.body.as_slice()) {
            Ok(message) if ours => message.readable(),
            _ if wire.method == METHOD => format!("a message of {} bytes", wire.body.len()),
            _ => String::from_utf8_lossy(&wire.body).into_owned(),
        }
    }
}

impl RefundRequest {
    /// In the words of the service's own schema. What is marked as not to be shown is not, and the
    /// currency is named.
    fn readable(&self) -> String {
        let hidden = |secret: &Option<Secret>| secret.as_ref().map(|_| HIDDEN);
        let amount = self
            .refund_amount
            .map(|it| json!({ "minor_amount": it.minor_amount, "currency": code_of(it.currency) }));
        let members = [
            ("merchant_refund_id", json!(self.merchant_refund_id)),
            (
                "connector_transaction_id",
                json!(self.connector_transaction_id),
            ),
            ("payment_amount", json!(self.payment_amount)),
            ("refund_amount", json!(amount)),
            ("reason", json!(self.reason)),
            ("merchant_account_id", json!(self.merchant_account_id)),
            ("refund_metadata", json!(hidden(&self.refund_metadata))),
            (
                "connector_feature_data",
                json!(hidden(&self.connector_feature_data)),
            ),
            ("test_mode", json!(self.test_mode)),
        ];
        let given = members.iter().filter(|(_, value)| !value.is_null());
        let lines: Vec<String> = given
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", lines.join(","))
    }
}

/// The URL of a call of the service at `base`.
pub fn url_of(base: &Url, path: &str) -> String {
    format!("{}{path}", base.as_str().trim_end_matches('/'))
}

/// Whether a text may stand in a connector's URL (fact sheet 2: `../payment_intents/x` really
/// changed one).
pub fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=ID_MAX_BYTES).contains(&text.len())
        && text.bytes().all(allowed)
        && text.bytes().any(|byte| byte != b'.')
}

fn check_id(field: &'static str, id: &str) -> Result<(), BuildError> {
    match is_id(id) {
        true => Ok(()),
        false => Err(unfit(
            field,
            "only 1 to 128 letters, digits and _ . : - can be sent".to_owned(),
        )),
    }
}

/// The settlement file's `provider_data`: a JSON object, or nothing of use.
struct Supplied<'t>(HashMap<&'t str, &'t RawValue>);

impl<'t> Supplied<'t> {
    fn of(text: Option<&'t str>) -> Self {
        let members = text.and_then(|text| serde_json::from_str(text).ok());
        Self(members.unwrap_or_default())
    }

    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    /// A member that must be a JSON text on the wire: given as an object, or as text that is one.
    fn json(&self, name: &'static str) -> Result<Option<String>, BuildError> {
        let Some(raw) = self.0.get(name).map(|raw| raw.get()) else {
            return Ok(None);
        };
        let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => Ok(Some(text)),
            Err(_) => Err(unfit(name, "it is not JSON".to_owned())),
        }
    }
}

fn unfit(field: &'static str, why: String) -> BuildError {
    BuildError::Unfit {
        provider: NAME,
        field,
        why,
    }
}
