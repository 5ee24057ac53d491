//! Refusals, in the three shapes in which the real gateway puts its error list.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::envelope;

/// A request turned away, or one the gateway failed at.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    pub status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    field: Option<&'static str>,
    message: &'static str,
}

impl Refusal {
    /// The API gateway in front says no; it gives no code.
    pub(super) const fn apim(status: u16, message: &'static str) -> Self {
        Self {
            status,
            kind: "APIM",
            code: None,
            field: None,
            message,
        }
    }

    /// The payment gateway says no: 400 with a code of its table.
    pub(super) const fn gateway(
        code: &'static str,
        field: &'static str,
        message: &'static str,
    ) -> Self {
        Self {
            status: 400,
            kind: "GATEWAY",
            code: Some(code),
            field: Some(field),
            message,
        }
    }

    /// The simulator could not keep its own records, so it accepted nothing.
    pub(super) const fn broken() -> Self {
        Self {
            status: 500,
            kind: "GATEWAY",
            code: None,
            field: None,
            message: "the simulator cannot write its records; look at its folder and disk",
        }
    }

    /// The reply's text. Server errors nest the list in `gatewayResponse`, reference and duplicate
    /// errors wrap everything in `errorResponse`, the others are flat: a client must read all.
    pub(super) fn body(&self, client_request_id: &str, now: DateTime<Utc>) -> String {
        let error = json!([self.error()]);
        let mut gateway = self.gateway_response(client_request_id, now);
        let body = match (self.status, self.code.unwrap_or_default()) {
            (500.., _) => {
                gateway["error"] = error;
                json!({ "gatewayResponse": gateway })
            }
            (_, "757" | "801" | "802" | "803" | "816") => {
                json!({ "errorResponse": { "gatewayResponse": gateway, "error": error } })
            }
            _ => json!({ "gatewayResponse": gateway, "error": error }),
        };
        body.to_string()
    }

    fn error(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if let Some(code) = self.code {
            error["code"] = code.into();
        }
        if let Some(field) = self.field {
            error["field"] = field.into();
        }
        error
    }

    fn gateway_response(&self, client_request_id: &str, now: DateTime<Utc>) -> Value {
        let trace = envelope::opaque_id(&["trace", client_request_id, &now.to_rfc3339()]);
        let mut gateway = json!({
            "transactionProcessingDetails": {
                "transactionTimestamp": envelope::timestamp(now),
                "apiTraceId": trace,
                "clientRequestId": client_request_id,
            }
        });
        if self.code.is_some() {
            gateway["transactionState"] = "DECLINED".into();
        }
        gateway
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(refusal: &Refusal) -> Value {
        let now = DateTime::from_timestamp(1_763_690_000, 0).unwrap();
        serde_json::from_str(&refusal.body("crid", now)).unwrap()
    }

    #[test]
    fn the_error_list_comes_in_three_shapes() {
        let flat = body(&Refusal::gateway(
            "809",
            "amount.total",
            "Amount No Longer Available",
        ));
        assert_eq!(flat["error"][0]["code"], "809");
        assert_eq!(flat["error"][0]["field"], "amount.total");
        let wrapped = body(&Refusal::gateway(
            "801",
            "x",
            "Invalid Transaction ID or Not Found",
        ));
        assert_eq!(wrapped["errorResponse"]["error"][0]["code"], "801");
        let details = &wrapped["errorResponse"]["gatewayResponse"]["transactionProcessingDetails"];
        assert_eq!(details["clientRequestId"], "crid");
        let nested = body(&Refusal::apim(503, "not ready"));
        assert_eq!(nested["gatewayResponse"]["error"][0]["type"], "APIM");
        assert!(nested["gatewayResponse"]["error"][0].get("code").is_none());
    }
}
