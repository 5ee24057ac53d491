//! Keys and certificates, read from PEM.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::rsa::KeyPair;
use chrono::{DateTime, Utc};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};

use super::jws::PublicKey;

/// Why a key or certificate cannot be used. Says nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key in it.
    #[error("{0} is not a private key in PEM")]
    NoKey(&'static str),
    /// A key, but not the one kind that signs here.
    #[error("{0} is not an RSA key of at least 2048 bits (PKCS#8 or PKCS#1)")]
    WrongKey(&'static str),
    /// No certificate in it.
    #[error("{0} is not an X.509 certificate in PEM")]
    NoCertificate(String),
    /// A certificate of another kind of key.
    #[error("{0} is not the certificate of an RSA key of at least 2048 bits")]
    WrongCertificate(String),
}

/// A private RSA key, for signing.
///
/// # Errors
/// [`KeyError`]; `name` is what it is called there.
pub fn private_key(name: &'static str, pem: &str) -> Result<KeyPair, KeyError> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoKey(name))?;
    let pair = match &key {
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(KeyError::WrongKey(name)),
    };
    pair.map_err(|_| KeyError::WrongKey(name))
}

/// The certificates by which a network's signatures are verified.
#[derive(Default)]
pub struct Certificates(Vec<(String, CertificateDer<'static>)>);

impl Certificates {
    /// Adds the certificate that signatures call `kid`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn add(&mut self, kid: &str, pem: &str) -> Result<(), KeyError> {
        let name = || format!("the network certificate {kid}");
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| KeyError::NoCertificate(name()))?;
        public_key(&certificate).map_err(|known| match known {
            true => KeyError::WrongCertificate(name()),
            false => KeyError::NoCertificate(name()),
        })?;
        self.0.push((kid.to_owned(), certificate));
        Ok(())
    }

    /// Their public keys, by `kid`.
    pub fn keys(&self) -> HashMap<String, PublicKey> {
        let each = self.0.iter();
        each.filter_map(|(kid, certificate)| Some((kid.clone(), public_key(certificate).ok()?)))
            .collect()
    }

    /// Those that are past their end at `now`. They are still believed: only the network can say which
    /// key it signs with.
    pub fn expired(&self, now: DateTime<Utc>) -> Vec<String> {
        let ended = |der: &CertificateDer<'_>| is_expired(der, now);
        let each = self.0.iter().filter(|(_, der)| ended(der));
        each.map(|(kid, _)| kid.clone()).collect()
    }
}

/// Whether a certificate in PEM is past its end; false when it cannot be read.
pub fn is_expired_pem(pem: &str, now: DateTime<Utc>) -> bool {
    CertificateDer::from_pem_slice(pem.as_bytes()).is_ok_and(|der| is_expired(&der, now))
}

/// The error tells whether it is a certificate at all.
fn public_key(certificate: &CertificateDer<'_>) -> Result<PublicKey, bool> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(|_| false)?;
    PublicKey::new(&parsed.subject_public_key_info()).ok_or(true)
}

/// A verification that knows no authority: its dates are looked at before anything else.
fn is_expired(certificate: &CertificateDer<'_>, now: DateTime<Utc>) -> bool {
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else {
        return false;
    };
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let none = RootCertStore::empty();
    let verified = verify_server_cert_signed_by_trust_anchor(&parsed, &none, &[], now, &[]);
    matches!(
        verified,
        Err(rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. }
        ))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PKCS8: &str = include_str!("samples/signing.key.pem");
    const PKCS1: &str = include_str!("samples/signing.pkcs1.pem");
    const CERTIFICATE: &str = include_str!("samples/signing.cert.pem");

    #[test]
    fn both_forms_of_a_key_are_read() {
        for pem in [PKCS8, PKCS1] {
            let key = private_key("signing_key", pem).unwrap();
            assert_eq!(key.public_modulus_len(), 256);
        }
    }

    #[test]
    fn what_is_no_key_says_so_and_nothing_more() {
        let ec = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let broken = PKCS8.replace("MII", "MIJ");
        for pem in ["", "secret", CERTIFICATE, &ec, &broken] {
            let refused = private_key("signing_key", pem).err().unwrap();
            let said = refused.to_string();
            assert!(said.starts_with("signing_key is not"), "{said}");
        }
    }

    #[test]
    fn a_certificate_gives_its_key() {
        let mut certificates = Certificates::default();
        certificates.add("net-1", CERTIFICATE).unwrap();
        assert!(certificates.keys().contains_key("net-1"));
        for pem in ["", PKCS8, &CERTIFICATE.replace("MII", "MIJ")] {
            let refused = certificates.add("net-2", pem).unwrap_err();
            assert!(matches!(refused, KeyError::NoCertificate(_)), "{refused}");
        }
        let ec = rcgen::generate_simple_self_signed(["net".to_owned()]).unwrap();
        let refused = certificates.add("net-2", &ec.cert.pem()).unwrap_err();
        assert!(
            matches!(refused, KeyError::WrongCertificate(_)),
            "{refused}"
        );
    }

    #[test]
    fn the_end_of_a_certificate_is_told() {
        let mut certificates = Certificates::default();
        certificates.add("net-1", CERTIFICATE).unwrap();
        let now: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().unwrap();
        assert!(certificates.expired(now).is_empty());
        let later: DateTime<Utc> = "2190-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(certificates.expired(later), ["net-1"]);
        assert!(is_expired_pem(CERTIFICATE, later) && !is_expired_pem(CERTIFICATE, now));
        let early: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().unwrap();
        assert!(!is_expired_pem(CERTIFICATE, early));
    }
}
