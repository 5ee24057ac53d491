//! Where a secret comes from. The secret itself is never written in a config.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// `env:NAME`, `file:PATH` (relative to the config) or `command:…`; a literal is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file that neither group nor world can read.
    File(PathBuf),
    /// The standard output of a command.
    Command(String),
}

impl TryFrom<String> for SecretSource {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("command", line)) if !line.is_empty() => Ok(Self::Command(line.to_owned())),
            _ => Err("a secret is env:NAME, file:PATH or command:LINE, never the secret itself"),
        }
    }
}

/// The secrets of one account, read.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The API key.
    pub api_key: SecretString,
    /// The API secret.
    pub api_secret: SecretString,
}
