//! `[service]` of the config file: where desks and commands reach the service.

use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `[service]`: the operators' socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// The socket; none: `desk.sock` in the data folder.
    #[serde(deserialize_with = "whole_path")]
    pub socket: Option<PathBuf>,
    /// The system's group whose members may connect; none: only the service's own user.
    pub group: Option<String>,
}

/// Who reads the file may stand anywhere.
fn whole_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    match path.is_absolute() {
        true => Ok(Some(path)),
        false => Err(D::Error::custom("must be a whole path, from the root")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(table: &str) -> Result<Service, String> {
        let text = format!("environment = \"test\"\n[service]\n{table}\n");
        let settings = crate::config::parse(Path::new("/etc/desk/config.toml"), &text);
        settings
            .map(|it| it.service)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_socket_is_absolute_and_everything_has_a_default() {
        assert_eq!(read(""), Ok(Service::default()));
        let named = read("socket = \"/run/refund-desk/desk.sock\"\ngroup = \"desk\"").unwrap();
        assert_eq!(named.group.as_deref(), Some("desk"));
        let relative = read("socket = \"desk.sock\"").unwrap_err();
        assert!(relative.contains("whole path"), "{relative}");
        let unknown = read("sockets = \"/x\"").unwrap_err();
        assert!(unknown.contains("did you mean `socket`"), "{unknown}");
    }
}
