//! Certificates and keys of the network and its two participants: made at the first start, and the
//! same again as long as their files are there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, crypto, version};

use super::{BANK, CREDITOR};
use crate::sandbox::private_file;

/// Where the files are.
pub(super) struct Folders<'a> {
    /// What participants are given: beside the desk's configuration.
    pub given: &'a Path,
    /// What is the network's own.
    pub kept: &'a Path,
}

/// Who signs, and under which name.
pub(super) struct Signer {
    pub kid: String,
    pub key: RsaKeyPair,
}

/// A participant as the network knows it.
pub(super) struct Participant {
    /// Its account at the desk.
    pub account: &'static str,
    /// What it signs with.
    pub kid: String,
    /// The key that proves it (PKCS#1).
    pub public: Vec<u8>,
    /// The certificate it shows, as DER.
    pub certificate: Vec<u8>,
}

/// Everything the network needs, read.
pub(super) struct Keys {
    pub network: Signer,
    pub participants: [Participant; 2],
    pub server: Arc<ServerConfig>,
    /// What the network shows when it calls: certificate and key.
    pub client: String,
    /// Whose servers the network believes.
    pub ca: String,
}

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Server,
    Client,
    Signing,
}

impl Keys {
    pub(super) fn open(folders: &Folders<'_>) -> io::Result<Self> {
        if !all(folders).iter().all(|path| path.exists()) {
            make(folders)?;
        }
        let given = |name: &str| fs::read_to_string(folders.given.join(name));
        let kept = |name: &str| fs::read_to_string(folders.kept.join(name));
        let ca = given("network.ca.pem")?;
        let server = server(
            &ca,
            &kept("network.server.pem")?,
            &kept("network.server.key")?,
        )?;
        let participant = |account| {
            let signer = signer(&given(&format!("{account}.signing.key"))?)?;
            let shown = given(&format!("{account}.client.pem"))?;
            Ok::<_, io::Error>(Participant {
                account,
                kid: signer.kid,
                public: signer.key.public_key().as_ref().to_vec(),
                certificate: certificate(&shown)?.to_vec(),
            })
        };
        Ok(Self {
            network: signer(&kept("network.signing.key")?)?,
            participants: [participant(CREDITOR)?, participant(BANK)?],
            server,
            client: kept("network.client.pem")? + &kept("network.client.key")?,
            ca,
        })
    }

    pub(super) fn participant(&self, account: &str) -> &Participant {
        let [creditor, bank] = &self.participants;
        match account {
            CREDITOR => creditor,
            _ => bank,
        }
    }
}

fn all(folders: &Folders<'_>) -> Vec<PathBuf> {
    let given = [CREDITOR, BANK].into_iter().flat_map(|account| {
        ["client.pem", "client.key", "signing.key"].map(|name| format!("{account}.{name}"))
    });
    let given = given.chain(
        [
            "network.ca.pem",
            "network.signing.pem",
            "listener.pem",
            "listener.key",
        ]
        .map(str::to_owned),
    );
    let kept = [
        "network.server.pem",
        "network.server.key",
        "network.client.pem",
        "network.client.key",
        "network.signing.key",
    ];
    given
        .map(|name| folders.given.join(name))
        .chain(kept.map(|name| folders.kept.join(name)))
        .collect()
}

/// Makes everything anew: one root for both directions, whose key nobody keeps.
fn make(folders: &Folders<'_>) -> io::Result<()> {
    let given =
        |name: String, text: &str| private_file::write(&folders.given.join(name), text.as_bytes());
    let kept =
        |name: &str, text: &str| private_file::write(&folders.kept.join(name), text.as_bytes());
    let mut root = params("refund-desk sandbox root", Use::Server);
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    root.extended_key_usages = Vec::new();
    let root =
        CertifiedIssuer::self_signed(root, KeyPair::generate().map_err(broken)?).map_err(broken)?;
    let issue = |name: &str, purpose: Use| -> io::Result<(String, String)> {
        let key = match purpose {
            Use::Signing => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            _ => KeyPair::generate(),
        };
        let key = key.map_err(broken)?;
        let certificate = params(name, purpose)
            .signed_by(&key, &root)
            .map_err(broken)?;
        Ok((certificate.pem(), key.serialize_pem()))
    };
    for account in [CREDITOR, BANK] {
        let (certificate, key) = issue(account, Use::Client)?;
        given(format!("{account}.client.pem"), &certificate)?;
        given(format!("{account}.client.key"), &key)?;
        let (_, key) = issue(account, Use::Signing)?;
        given(format!("{account}.signing.key"), &key)?;
    }
    for (name, purpose) in [("server", Use::Server), ("client", Use::Client)] {
        let (certificate, key) = issue("network", purpose)?;
        kept(&format!("network.{name}.pem"), &certificate)?;
        kept(&format!("network.{name}.key"), &key)?;
    }
    let (certificate, key) = issue("network", Use::Signing)?;
    kept("network.signing.key", &key)?;
    given("network.signing.pem".to_owned(), &certificate)?;
    let (certificate, key) = issue("listener", Use::Server)?;
    given("listener.pem".to_owned(), &certificate)?;
    given("listener.key".to_owned(), &key)?;
    given("network.ca.pem".to_owned(), &root.pem())
}

fn params(name: &str, purpose: Use) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    match purpose {
        Use::Server => {
            let here = ["127.0.0.1", "localhost"].map(str::to_owned);
            // Both are names as rcgen knows them.
            if let Ok(named) = CertificateParams::new(here) {
                params.subject_alt_names = named.subject_alt_names;
            }
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }
        Use::Client => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        Use::Signing => {}
    }
    params
}

/// The name of a key: the network's own way, as long as a SHA-1 thumbprint.
fn kid_of(public: &[u8]) -> String {
    BASE64_STANDARD.encode(&digest(&SHA256, public).as_ref()[..20])
}

pub(super) fn signer(pem: &str) -> io::Result<Signer> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(broken)?;
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(broken)?;
    let kid = kid_of(key.public_key().as_ref());
    Ok(Signer { kid, key })
}

fn certificate(pem: &str) -> io::Result<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(broken)
}

pub(super) fn server(ca: &str, chain: &str, key: &str) -> io::Result<Arc<ServerConfig>> {
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate(ca)?).map_err(broken)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .build()
        .map_err(broken)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(broken)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(broken)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate(chain)?], key)
        .map_err(broken)?;
    Ok(Arc::new(config))
}

pub(super) fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}
