//! The configuration with which a desk finds the sandbox.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::commerce_hub::{API_KEY_FILE, API_SECRET_FILE, MERCHANT_ID, TERMINAL_ID};
use super::prism::API_KEY_FILE as PRISM_KEY_FILE;
use super::private_file;

/// Writes the whole configuration; the secrets it names lie beside it. `network` is what the network
/// adds.
pub(super) fn write(
    path: &Path,
    http: SocketAddr,
    grpc: SocketAddr,
    network: &str,
) -> io::Result<()> {
    private_file::write(path, (text(http, grpc) + network).as_bytes())
}

fn text(address: SocketAddr, grpc: SocketAddr) -> String {
    format!(
        r#"# Written by the refund-desk sandbox when it started; its simulators move no real money.
environment = "sandbox"

[tracking]
pace = 100

[policy]
approval_above = "250"
compensation_cap = 50

[accounts.hub-us]
provider = "commerce-hub"
base_url = "http://{address}/ch"
currencies = ["USD"]
merchant_id = "{MERCHANT_ID}"
terminal_id = "{TERMINAL_ID}"
api_key = "file:{API_KEY_FILE}"
api_secret = "file:{API_SECRET_FILE}"

[accounts.prism-us]
provider = "prism"
base_url = "http://{grpc}"
currencies = ["USD", "JPY", "KWD"]
exponents = {{ KWD = 3 }}
check_payment = true

[accounts.prism-us.connector.stripe]
api_key = "file:{PRISM_KEY_FILE}"

[accounts.nuapay-uk]
provider = "nuapay"
base_url = "http://{address}/nuapay/tpp"
currencies = ["GBP"]
api_key = "file:nuapay-uk.key"
auth = "token"
cap_per_payment = "unlimited"
max_percent = 100
period_days = 540

[accounts.nuapay-eu]
provider = "nuapay"
base_url = "http://{address}/nuapay/tpp"
currencies = ["EUR"]
api_key = "file:nuapay-eu.key"
cap_per_payment = "unlimited"
max_percent = 100
period_days = 540
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_toml_and_names_the_port() {
        let config: toml::Table = toml::from_str(&text(
            ([127, 0, 0, 1], 4321).into(),
            ([127, 0, 0, 1], 8000).into(),
        ))
        .unwrap();
        let hub = &config["accounts"]["hub-us"];
        assert_eq!(hub["base_url"].as_str(), Some("http://127.0.0.1:4321/ch"));
        assert_eq!(hub["api_secret"].as_str(), Some("file:hub-us.secret"));
        let prism = &config["accounts"]["prism-us"];
        assert_eq!(prism["base_url"].as_str(), Some("http://127.0.0.1:8000"));
        assert_eq!(config["tracking"]["pace"].as_integer(), Some(100));
    }
}
