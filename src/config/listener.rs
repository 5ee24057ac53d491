//! `[listener]` of the config file: where networks and providers reach the desk.

use std::net::SocketAddr;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::bounds::within;
use super::secret::SecretSource;

/// `[listener]`: where `serve` listens, and how long it has patience with a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where networks and providers call; none: nowhere.
    pub address: Option<SocketAddr>,
    /// Who may call, and who we are to them; none: plain HTTP, on loopback only.
    pub tls: Option<MutualTls>,
    /// Where `/health` and `/metrics` are answered, on loopback and plain; none: nowhere.
    pub operations: Option<SocketAddr>,
    /// The longest body that is read, in bytes.
    pub max_body: usize,
    /// How long a caller may take for the headers, and again for the body.
    pub read_timeout: Duration,
}

/// Mutual TLS, everything as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTls {
    /// Our certificate, followed by those that lead to its root.
    pub certificate: SecretSource,
    /// The key of our certificate.
    pub key: SecretSource,
    /// The roots of the certificates that callers must show.
    pub client_ca: SecretSource,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    address: Option<SocketAddr>,
    certificate: Option<SecretSource>,
    key: Option<SecretSource>,
    client_ca: Option<SecretSource>,
    operations: Option<SocketAddr>,
    #[serde(default = "sixty_four", deserialize_with = "within::<1, 1_024, _>")]
    max_body_kib: u32,
    #[serde(default = "ten", deserialize_with = "within::<1, 60, _>")]
    read_timeout_seconds: u32,
}

fn sixty_four() -> u32 {
    64
}

fn ten() -> u32 {
    10
}

impl<'de> Deserialize<'de> for Listener {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = Table::deserialize(deserializer)?;
        let tls = match (table.certificate, table.key, table.client_ca) {
            (Some(certificate), Some(key), Some(client_ca)) => Some(MutualTls {
                certificate,
                key,
                client_ca,
            }),
            (None, None, None) => None,
            _ => {
                return Err(D::Error::custom(
                    "certificate, key and client_ca belong together: name all three, or none for plain HTTP on loopback",
                ));
            }
        };
        if let (Some(address), None) = (table.address, &tls)
            && !address.ip().is_loopback()
        {
            return Err(D::Error::custom(format!(
                "{address} is not on loopback, and plain HTTP would let anybody on the way read account numbers and speak for the network: name certificate, key and client_ca, or listen on 127.0.0.1 behind a proxy that does mutual TLS"
            )));
        }
        if let Some(operations) = table.operations.filter(|it| !it.ip().is_loopback()) {
            return Err(D::Error::custom(format!(
                "operations {operations} is not on loopback: /health and /metrics are plain HTTP and know no callers, so only this machine may ask for them"
            )));
        }
        if table.operations == table.address
            && table.address.is_some_and(|address| address.port() != 0)
        {
            return Err(D::Error::custom(
                "operations and address must differ: whoever may call is not whoever may look",
            ));
        }
        Ok(Self {
            address: table.address,
            tls,
            operations: table.operations,
            max_body: 1_024 * table.max_body_kib as usize,
            read_timeout: Duration::from_secs(table.read_timeout_seconds.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;

    const TLS: &str = "certificate = \"file:a\"\nkey = \"file:b\"\nclient_ca = \"file:c\"\n";

    fn read(table: &str) -> Result<Listener, String> {
        let text = format!("environment = \"test\"\n[listener]\n{table}\n");
        let settings = crate::config::parse(Path::new("config.toml"), &text);
        let settings = settings.map_err(|error| error.to_string())?;
        Ok(settings.listener.unwrap())
    }

    #[test]
    fn the_defaults() {
        let listener = read("").unwrap();
        assert_eq!((listener.address, listener.operations), (None, None));
        assert_eq!(listener.max_body, 64 * 1024);
        assert_eq!(listener.read_timeout, Duration::from_secs(10));
        let bare = crate::config::parse(Path::new("config.toml"), "environment = \"test\"");
        assert_eq!(bare.unwrap().listener, None);
    }

    #[rstest]
    #[case("address = \"127.0.0.1:8443\"\n")]
    #[case("address = \"[::1]:8443\"\n")]
    #[case("operations = \"127.0.0.1:9090\"\n")]
    #[case(&format!("address = \"0.0.0.0:8443\"\n{TLS}"))]
    fn plain_on_loopback_and_mutual_tls_anywhere(#[case] table: &str) {
        assert!(read(table).is_ok(), "{table}");
    }

    #[rstest]
    #[case("address = \"0.0.0.0:8443\"", "not on loopback")]
    #[case("address = \"192.0.2.1:8443\"", "mutual TLS")]
    #[case("operations = \"0.0.0.0:9090\"", "only this machine")]
    #[case(
        "address = \"127.0.0.1:1\"\noperations = \"127.0.0.1:1\"",
        "must differ"
    )]
    #[case("certificate = \"file:a\"\nkey = \"file:b\"", "all three")]
    #[case("client_ca = \"file:a\"", "all three")]
    #[case("key = \"-----BEGIN\"", "never the secret itself")]
    #[case("max_body_kib = 0", "1 to 1024")]
    #[case("read_timeout_seconds = 61", "1 to 60")]
    #[case("adress = \"127.0.0.1:1\"", "did you mean `address`")]
    fn what_is_refused_is_told_with_its_reason(#[case] table: &str, #[case] why: &str) {
        let said = read(table).unwrap_err();
        assert!(said.contains(why), "{said}");
        assert!(said.contains("listener"), "{said}");
    }
}
