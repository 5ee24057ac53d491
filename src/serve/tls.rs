//! Mutual TLS: who we are, and whose certificates callers must show.

use std::path::Path;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, crypto, version};
use secrecy::ExposeSecret;

use super::ServeError;
use crate::config::secret::SecretSource;
use crate::config::{Environ, MutualTls};

/// TLS 1.2 and 1.3; a caller without a certificate of our roots does not get as far as HTTP.
/// Relative files are beside the config.
pub(super) fn config(
    tls: &MutualTls,
    config_file: &Path,
    environ: &Environ,
) -> Result<RustlsConfig, ServeError> {
    let folder = config_file.parent().unwrap_or(Path::new(""));
    let public = |key, source: &SecretSource| {
        let read = source.read_public(folder, environ);
        read.map_err(|why| ServeError::Unread { key, why })
    };
    let chain = certificates("certificate", &public("certificate", &tls.certificate)?)?;
    let roots = certificates("client_ca", &public("client_ca", &tls.client_ca)?)?;
    let secret = tls
        .key
        .read(folder, environ)
        .map_err(|why| ServeError::Unread { key: "key", why })?;
    let secret = PrivateKeyDer::from_pem_slice(secret.expose_secret().as_bytes())
        .map_err(|error| unfit("key", &error))?;
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let mut known = RootCertStore::empty();
    for root in roots {
        known
            .add(root)
            .map_err(|error| unfit("client_ca", &error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(known.into(), Arc::clone(&provider))
        .build()
        .map_err(|error| unfit("client_ca", &error))?;
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| unfit("certificate", &error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, secret)
        .map_err(|error| unfit("certificate", &error))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(server)))
}

fn certificates(key: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(unfit(key, &"there is no certificate in it")),
        Err(error) => Err(unfit(key, &error)),
    }
}

fn unfit(key: &'static str, why: &dyn std::fmt::Display) -> ServeError {
    let why = why.to_string();
    ServeError::Unfit { key, why }
}
