//! Which provider an account belongs to: the one place that tells them apart.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::commerce_hub::{self, CommerceHub};
use super::http::SetupError;
use super::mastercard::{self, Keys, MastercardCreditor, MastercardDebtor};
use super::nuapay::{self, Nuapay};
use super::prism::{self, Prism};
use super::{Profile, Provider, RefundFormat};
use crate::clock::Clock;
use crate::config::secret::{Credentials, SecretError, SecretSource};
use crate::config::{self, Environ};

/// Where an account's secrets are read from, and in whose name a failure is told.
pub struct Secrets<'a> {
    /// The account's name.
    pub account: &'a str,
    /// What relative paths are relative to.
    pub folder: &'a Path,
    /// The environment.
    pub environ: &'a Environ,
}

/// Why an account cannot be used. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A secret cannot be read.
    #[error("accounts.{account}.{key} ({origin}): {source}")]
    Secret {
        /// The account.
        account: String,
        /// The key in the config.
        key: String,
        /// Where it should come from.
        origin: String,
        /// What went wrong.
        source: SecretError,
    },
    /// Address or credentials cannot work.
    #[error("account {account} cannot be used: {source}")]
    Setup {
        /// The account.
        account: String,
        /// What went wrong.
        source: SetupError,
    },
}

impl Secrets<'_> {
    /// Reads one secret; blocks.
    ///
    /// # Errors
    /// [`ConnectError::Secret`] names the key and where it should have come from.
    pub fn read(&self, key: &str, source: &SecretSource) -> Result<SecretString, ConnectError> {
        let read = source.read(self.folder, self.environ);
        read.map_err(|error| self.unreadable(key, source, error))
    }

    /// Reads what is no secret, such as a certificate; blocks.
    ///
    /// # Errors
    /// As [`Secrets::read`].
    pub fn read_public(&self, key: &str, source: &SecretSource) -> Result<String, ConnectError> {
        let read = source.read_public(self.folder, self.environ);
        read.map_err(|error| self.unreadable(key, source, error))
    }

    fn unreadable(&self, key: &str, source: &SecretSource, error: SecretError) -> ConnectError {
        ConnectError::Secret {
            account: self.account.to_owned(),
            key: key.to_owned(),
            origin: source.to_string(),
            source: error,
        }
    }

    fn setup<T>(&self, made: Result<T, SetupError>) -> Result<T, ConnectError> {
        made.map_err(|source| ConnectError::Setup {
            account: self.account.to_owned(),
            source,
        })
    }
}

/// What the account promises; needs no secret.
pub fn profile(provider: &config::Provider) -> Profile {
    match provider {
        config::Provider::CommerceHub(settings) => commerce_hub::profile(settings),
        config::Provider::MastercardCreditor(settings) => mastercard::creditor_profile(settings),
        config::Provider::MastercardDebtor(settings) => mastercard::debtor_profile(settings),
        config::Provider::Nuapay(settings) => nuapay::profile(settings),
        config::Provider::Prism(settings) => prism::profile(settings),
    }
}

/// How the account's refunds are written.
pub fn format(provider: &config::Provider) -> Arc<dyn RefundFormat> {
    match provider {
        config::Provider::CommerceHub(settings) => Arc::new(commerce_hub::Requests::new(settings)),
        config::Provider::MastercardCreditor(settings) => {
            Arc::new(mastercard::Requests::new(settings))
        }
        config::Provider::MastercardDebtor(_) => Arc::new(mastercard::NoRefunds),
        config::Provider::Nuapay(settings) => Arc::new(nuapay::Requests::new(settings)),
        config::Provider::Prism(settings) => Arc::new(prism::Requests::new(settings)),
    }
}

/// The account, ready to be used; one call takes at most `deadline`. Blocks while secrets and the
/// system's certificates are read.
///
/// # Errors
/// [`ConnectError`] when a secret cannot be read, or address or credentials cannot work.
pub fn connect(
    provider: &config::Provider,
    secrets: &Secrets<'_>,
    clock: &Clock,
    deadline: Duration,
) -> Result<Arc<dyn Provider>, ConnectError> {
    match provider {
        config::Provider::CommerceHub(settings) => {
            let credentials = Credentials {
                api_key: secrets.read("api_key", &settings.api_key)?,
                api_secret: secrets.read("api_secret", &settings.api_secret)?,
            };
            let hub = CommerceHub::new(settings, credentials, clock.clone(), deadline);
            Ok(Arc::new(secrets.setup(hub)?))
        }
        config::Provider::MastercardCreditor(settings) => {
            let keys = Keys::read(&settings.link(), secrets)?;
            let creditor = MastercardCreditor::new(settings, &keys, clock.clone(), deadline);
            Ok(Arc::new(secrets.setup(creditor)?))
        }
        config::Provider::MastercardDebtor(settings) => {
            let keys = Keys::read(&settings.link(), secrets)?;
            let debtor = MastercardDebtor::new(settings, &keys, clock.clone(), deadline);
            Ok(Arc::new(secrets.setup(debtor)?))
        }
        config::Provider::Nuapay(settings) => {
            let sign_key = settings.webhook_sign_key.as_ref();
            let credentials = nuapay::Secrets {
                api_key: secrets.read("api_key", &settings.api_key)?,
                webhook_sign_key: sign_key
                    .map(|source| secrets.read("webhook_sign_key", source))
                    .transpose()?,
            };
            let nuapay = Nuapay::new(settings, &credentials, clock.clone(), deadline);
            Ok(Arc::new(secrets.setup(nuapay)?))
        }
        config::Provider::Prism(settings) => {
            let credentials = prism::Credentials::read(&settings.connector, secrets)?;
            let prism = Prism::new(settings, &credentials, clock.clone());
            Ok(Arc::new(secrets.setup(prism)?))
        }
    }
}
