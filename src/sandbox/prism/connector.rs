//! How the server finds out who calls which connector: its metadata, checked as the real one does.

use axum::http::HeaderMap;
use serde_json::Value;
use tonic::Status;

/// The key in the call's metadata, if everything around it is as it must be. Only Stripe is behind
/// this server.
pub(super) fn key_of(headers: &HeaderMap) -> Result<String, Status> {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    match text("x-connector-config") {
        Some(config) => of_config(config),
        None => of_older_headers(text("x-connector"), text("x-auth"), text("x-api-key")),
    }
}

fn of_config(config: &str) -> Result<String, Status> {
    let not_valid = || Status::invalid_argument("Invalid data format: X-Connector-Config");
    let config: Value = serde_json::from_str(config).map_err(|_| not_valid())?;
    let inner = config.get("config").filter(|inner| !inner.is_null());
    let inner = inner.ok_or_else(|| {
        Status::invalid_argument("Missing required field: X-Connector-Config.config")
    })?;
    let stripe = inner
        .get("Stripe")
        .and_then(Value::as_object)
        .ok_or_else(not_valid)?;
    match stripe.get("api_key") {
        None => Err(Status::failed_precondition(
            "Invalid connector configuration: X-Connector-Config",
        )),
        Some(Value::String(key)) => Ok(key.clone()),
        Some(_) => Err(not_valid()),
    }
}

fn of_older_headers(
    connector: Option<&str>,
    kind: Option<&str>,
    key: Option<&str>,
) -> Result<String, Status> {
    let missing = |name: &str| Status::invalid_argument(format!("Missing required field: {name}"));
    match connector.ok_or_else(|| missing("x-connector"))? {
        "stripe" => {}
        _ => return Err(Status::invalid_argument("Invalid data format: x-connector")),
    }
    match kind.ok_or_else(|| missing("x-auth"))? {
        "header-key" => {}
        _ => {
            return Err(Status::failed_precondition(
                "Invalid connector configuration: x-auth",
            ));
        }
    }
    key.map(str::to_owned).ok_or_else(|| missing("x-api-key"))
}
