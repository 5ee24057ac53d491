//! The configuration with which a desk finds the sandbox.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::commerce_hub::{API_KEY_FILE, API_SECRET_FILE, MERCHANT_ID, TERMINAL_ID};
use super::private_file;

/// Writes the whole configuration; the secrets it names lie beside it.
pub(super) fn write(path: &Path, address: SocketAddr) -> io::Result<()> {
    private_file::write(path, text(address).as_bytes())
}

fn text(address: SocketAddr) -> String {
    format!(
        r#"# Written by the refund-desk sandbox when it started; its simulators move no real money.
environment = "sandbox"

[tracking]
pace = 100

[policy]
approval_above = "250"

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
base_url = "http://{address}"
currencies = ["USD"]

[accounts.prism-us.connector.stripe]
api_key = "file:{API_KEY_FILE}"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_toml_and_names_the_port() {
        let config: toml::Table = toml::from_str(&text(([127, 0, 0, 1], 4321).into())).unwrap();
        let hub = &config["accounts"]["hub-us"];
        assert_eq!(hub["base_url"].as_str(), Some("http://127.0.0.1:4321/ch"));
        assert_eq!(hub["api_secret"].as_str(), Some("file:hub-us.secret"));
        assert_eq!(config["tracking"]["pace"].as_integer(), Some(100));
    }
}
