//! The sandbox: stateful simulators of the providers on loopback, so that the whole desk can be
//! tried, taught and tested without an account anywhere.
//!
//! It shares no type with the provider clients, on purpose: a slip in the one must not be made
//! good by the same slip in the other. What really left goes into the *book*, one line a payout.

mod accepted;
mod answer;
#[cfg(test)]
mod bench;
mod book;
mod commerce_hub;
mod connection;
mod course;
mod desk_config;
mod journal;
mod mastercard;
mod nuapay;
mod ports;
mod prism;
mod private_file;
mod secret;
mod seeded;
mod server;
mod settlement;
mod tls;

use std::io;
use std::path::{Path, PathBuf};

use axum::{Router, middleware};

use crate::clock::Clock;
use crate::domain::money::{Currency, MoneyError};
use commerce_hub::{API_KEY_FILE, API_SECRET_FILE, Credentials, Hub};
use mastercard::Network;
use nuapay::{Callers, Merchant, Nuapay};
use prism::Prism;
pub use server::Running;
use server::Site;
use settlement::Row;

/// What a sandbox is to know and where it keeps things.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the HTTP simulators; 0 takes a free one.
    pub port: u16,
    /// Settlement files (CSV or JSON Lines) with the payments it knows; none: its own seeded ones.
    pub payments: Vec<PathBuf>,
    /// How many payments to seed when no file is given.
    pub seeded_payments: usize,
    /// Where to write the payments it knows as a settlement file.
    pub settlement_to: Option<PathBuf>,
    /// Where to write a configuration for the desk; the secrets go beside it.
    pub config_to: Option<PathBuf>,
    /// The book of payouts; lines are added at its end.
    pub book: PathBuf,
    /// The folder of what outlives a restart: the journal and the seeded payments.
    pub state: PathBuf,
    /// The desk is another process, which may be listening already.
    pub desk_is_apart: bool,
}

/// Why the sandbox did not start. Nothing was served.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file that it reads or writes is in the way.
    #[error(
        "cannot {doing} {path}: {source}; check that the file is whole and its folder writable"
    )]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The port is taken or may not be used.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for a free one"
    )]
    Port {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The server's thread could not be made.
    #[error("cannot start the simulators' thread: {0}; close other programs and try again")]
    Thread(#[source] io::Error),
    /// No random bytes for the simulators' secrets.
    #[error("cannot make the simulators' secrets: {0}; try again")]
    Secret(#[source] io::Error),
    /// The seeded payments' currency is not known to this build.
    #[error("cannot make payments: {0}")]
    Currency(#[from] MoneyError),
}

/// Starts the simulators on a thread of their own. When this returns, every file is complete and
/// the port accepts connections.
///
/// # Errors
/// A file that cannot be read or written, or a port that is taken; then nothing is left running.
pub fn start(options: &Options, clock: &Clock) -> Result<Running, SandboxError> {
    let rows = known_payments(options, clock)?;
    if let Some(path) = &options.settlement_to {
        settlement::write(path, &rows).map_err(failed("write", path))?;
    }
    let journal = options.state.join("commerce-hub.jsonl");
    let hub = Hub::open(credentials(options)?, clock, &rows, &journal, &options.book)
        .map_err(failed("open", &journal))?;
    let journal = options.state.join("nuapay.jsonl");
    let callers = nuapay_callers(options)?;
    let nuapay = Nuapay::open(callers, clock, &rows, &journal, &options.book)
        .map_err(failed("open", &journal))?;
    let journal = options.state.join("prism.jsonl");
    let api_key = secret_of(options, prism::API_KEY_FILE)?;
    let prism = Prism::open(api_key, clock, &rows, &journal, &options.book)
        .map_err(failed("open", &journal))?;
    let http = ports::listen(options.port)?;
    let grpc = ports::listen_as_before(&options.state.join("prism.port"))?;
    let (address, grpc_address) = (http.address, grpc.address);
    let mut sites = Vec::new();
    let mut unasked = Vec::new();
    let mut network_config = String::new();
    if let Some(network) = network(options, clock, &rows)? {
        let port = ports::listen_as_before(&options.state.join("mastercard.port"))?;
        network_config = network.config(port.address);
        let (router, deeds, tls) = network.serve();
        sites.push(Site::secured(router, port, tls));
        unasked.push(deeds);
    }
    if let Some(path) = &options.config_to {
        desk_config::write(path, address, grpc_address, &network_config)
            .map_err(failed("write", path))?;
    }
    let router = Router::new()
        .nest("/ch", hub.router())
        .nest("/nuapay", nuapay.router())
        .layer(middleware::from_fn(answer::cut_where_told));
    sites.extend([Site::new(router, http), Site::new(prism.router(), grpc)]);
    Running::start(sites, unasked, address)
}

/// The network, where a payment went through it: its keys take long to make.
fn network(
    options: &Options,
    clock: &Clock,
    rows: &[Row],
) -> Result<Option<Network>, SandboxError> {
    let ours = [mastercard::CREDITOR, mastercard::BANK];
    if !rows.iter().any(|row| ours.contains(&row.get("account"))) {
        return Ok(None);
    }
    let noted = options.state.join("listener.port");
    let given = options.config_to.as_deref().and_then(Path::parent);
    let site = mastercard::Site {
        given: given.unwrap_or(&options.state),
        state: &options.state,
        book: &options.book,
        listener: ports::set_aside(&noted, options.desk_is_apart)?,
    };
    let opened = Network::open(&site, clock, rows);
    opened.map(Some).map_err(failed("open", &options.state))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SandboxError {
    let path = path.to_owned();
    move |source| SandboxError::File {
        doing,
        path,
        source,
    }
}

/// The payments of the files given, else those seeded at the first start in this folder: their
/// dates must not move under a desk that has imported them.
fn known_payments(options: &Options, clock: &Clock) -> Result<Vec<Row>, SandboxError> {
    let read = |path: &PathBuf| settlement::read(path).map_err(failed("read", path));
    let seeded = options.state.join("settlement.csv");
    if !options.payments.is_empty() {
        let files: Vec<Vec<Row>> = options
            .payments
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?;
        return Ok(settlement::union(files));
    }
    if seeded.exists() {
        return read(&seeded);
    }
    let today = clock.now().date_naive();
    let rows = seeded::payments(options.seeded_payments, today, Currency::from_code("USD")?);
    settlement::write(&seeded, &rows).map_err(failed("write", &seeded))?;
    Ok(rows)
}

/// The keys the desk signs with.
fn credentials(options: &Options) -> Result<Credentials, SandboxError> {
    Ok(Credentials {
        api_key: secret_of(options, API_KEY_FILE)?,
        api_secret: secret_of(options, API_SECRET_FILE)?,
    })
}

fn nuapay_callers(options: &Options) -> Result<Callers, SandboxError> {
    let merchant = |(account, organisation, key_file)| {
        Ok(Merchant {
            account,
            organisation,
            api_key: secret_of(options, key_file)?,
        })
    };
    let merchants: Result<_, SandboxError> = nuapay::ACCOUNTS.into_iter().map(merchant).collect();
    Ok(Callers {
        merchants: merchants?,
        partner_key: secret_of(options, nuapay::PARTNER_KEY_FILE)?,
    })
}

/// A secret in a file beside the desk's configuration, or nowhere but in memory.
fn secret_of(options: &Options, name: &str) -> Result<String, SandboxError> {
    match &options.config_to {
        Some(config) => {
            let path = config.with_file_name(name);
            secret::kept_in(&path).map_err(failed("keep a secret in", &path))
        }
        None => secret::fresh().map_err(SandboxError::Secret),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    fn options(folder: &Path) -> Options {
        Options {
            port: 0,
            payments: Vec::new(),
            seeded_payments: 50,
            settlement_to: Some(folder.join("out/settlement.csv")),
            config_to: Some(folder.join("desk/config.toml")),
            book: folder.join("book.jsonl"),
            state: folder.join("state"),
            desk_is_apart: true,
        }
    }

    fn clock() -> Clock {
        Clock::manual("2026-11-21T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn every_file_is_complete_and_private_when_start_returns() {
        let folder = tempfile::tempdir().unwrap();
        let running = start(&options(folder.path()), &clock()).unwrap();
        let config = fs::read_to_string(folder.path().join("desk/config.toml")).unwrap();
        assert!(config.contains(&format!("http://{}/ch", running.address())));
        let rows = settlement::read(&folder.path().join("out/settlement.csv")).unwrap();
        assert_eq!(rows.len(), 50);
        assert!(running.address().ip().is_loopback());
        for name in [
            "desk/config.toml",
            "desk/hub-us.key",
            "desk/hub-us.secret",
            "desk/nuapay-uk.key",
            "desk/nuapay-eu.key",
            "desk/nuapay-partner.key",
            "desk/prism-us.key",
            "book.jsonl",
        ] {
            let mode = folder
                .path()
                .join(name)
                .metadata()
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_second_start_days_later_knows_the_same_payments_and_keys() {
        let folder = tempfile::tempdir().unwrap();
        let (options, clock) = (options(folder.path()), clock());
        let contents = || {
            [
                "out/settlement.csv",
                "desk/hub-us.key",
                "desk/hub-us.secret",
                "desk/prism-us.key",
            ]
            .map(|name| fs::read_to_string(folder.path().join(name)).unwrap())
        };
        start(&options, &clock).unwrap().stop();
        let first = contents();
        clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
        start(&options, &clock).unwrap().stop();
        assert_eq!(contents(), first);
    }

    #[test]
    fn given_files_are_written_out_together() {
        let folder = tempfile::tempdir().unwrap();
        let header = "account,payment_id,amount,currency,captured_at";
        let mut options = options(folder.path());
        for (name, account) in [
            ("a.csv", "hub-us"),
            ("b.csv", "prism-us"),
            ("a.csv", "hub-us"),
        ] {
            let text = format!("{header}\n{account},{name},1.00,USD,2026-01-02T03:04:05Z\n");
            fs::write(folder.path().join(name), text).unwrap();
            options.payments.push(folder.path().join(name));
        }
        start(&options, &clock()).unwrap().stop();
        let rows = settlement::read(&folder.path().join("out/settlement.csv")).unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row.get("payment_id")).collect();
        assert_eq!(ids, ["a.csv", "b.csv"]);
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let taken = start(&options(folder.path()), &clock()).unwrap();
        let mut second = options(folder.path());
        second.port = taken.address().port();
        assert!(matches!(
            start(&second, &clock()),
            Err(SandboxError::Port { .. })
        ));
        second.payments.push(folder.path().join("missing.csv"));
        let error = start(&second, &clock()).err().unwrap().to_string();
        assert!(
            error.starts_with("cannot read ") && error.contains("missing.csv"),
            "{error}"
        );
    }
}
