//! The network of Mastercard Account to Account Commerce, between a merchant's side (CSP) and a
//! payer's bank (DSP). Both are accounts of the desk: it calls the network, and the network calls
//! its listener.
//!
//! A refund is taken in at once (`INPR`), then the payer's bank is asked for an account, which the
//! creditor's side is told. Money moves outside; the creditor's confirmation is what enters the book
//! and is passed on to the payer's bank.

mod asked;
mod bank;
mod calls;
mod courier;
mod deeds;
mod jws;
mod keys;
mod records;
mod reply;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;

use super::journal::Journal;
use super::settlement::Row;
use crate::clock::Clock;
use bank::Bank;
use courier::{Courier, Told};
use keys::{Folders, Keys};
use records::Records;

/// The merchant's side: it asks for refunds and pays them.
pub(super) const CREDITOR: &str = "a2a-uk";
/// The payer's bank: it is asked for accounts.
pub(super) const BANK: &str = "a2a-bank";
/// Their ids in the network: text, leading zeros kept.
pub(super) const CREDITOR_PARTICIPANT: &str = "000645";
pub(super) const BANK_PARTICIPANT: &str = "000545";
/// The merchant's own id.
pub(super) const CREDITOR_ID: &str = "CAFE0001";
/// The network as a participant.
const NETWORK_PARTICIPANT: &str = "ZAPP";
const PRODUCT: &str = "PBARFP";
const BUSINESS_TYPE: u16 = 3;

/// How often the bank looks for payment files.
const BANK_LOOKS: Duration = Duration::from_secs(1);

/// The simulator.
pub(super) struct Network {
    keys: Keys,
    clock: Clock,
    kept: Mutex<Kept>,
    courier: Courier,
}

/// What only one call at a time may touch.
struct Kept {
    records: Records,
    bank: Bank,
    /// Answers to calls that change nothing, by participant and key: what was called, and the answer.
    answered: HashMap<(String, String), Answered>,
    /// Refunds whose account is on its way, or was told.
    advised: HashSet<String>,
    told: Journal<Told>,
}

/// An answer that is given again.
#[derive(Clone)]
struct Answered {
    path: String,
    request: Vec<u8>,
    body: String,
    signed: bool,
}

/// Where the network keeps things, and where participants are called.
pub(super) struct Site<'a> {
    /// Beside the desk's configuration: what participants are given.
    pub given: &'a Path,
    /// The folder of what outlives a restart.
    pub state: &'a Path,
    pub book: &'a Path,
    /// The desk's listener.
    pub listener: SocketAddr,
}

impl Network {
    /// A network that knows the payments in `rows` and remembers what its journal says.
    pub(super) fn open(site: &Site<'_>, clock: &Clock, rows: &[Row]) -> io::Result<Self> {
        let keys = Keys::open(&Folders {
            given: site.given,
            kept: &site.state.join("mastercard"),
        })?;
        let journal = site.state.join("mastercard.jsonl");
        let (told, _) = Journal::open(&site.state.join("mastercard-told.jsonl"))?;
        let courier = Courier::new(&keys, site.listener)?;
        Ok(Self {
            kept: Mutex::new(Kept {
                records: Records::open(rows, &journal, site.book)?,
                bank: Bank::open(site.state)?,
                answered: HashMap::new(),
                advised: HashSet::new(),
                told,
            }),
            keys,
            clock: clock.clone(),
            courier,
        })
    }

    /// Its paths, below `/zapp/pbarfp`, what it does unasked, and what its callers must show.
    pub(super) fn serve(self) -> (Router, BoxFuture<'static, ()>, Arc<ServerConfig>) {
        let tls = Arc::clone(&self.keys.server);
        let network = Arc::new(self);
        let unasked = Arc::clone(&network).keep_going().boxed();
        (calls::router(network), unasked, tls)
    }

    /// What the desk's configuration says about the two accounts and the listener; `address` is the
    /// network's own.
    pub(super) fn config(&self, address: SocketAddr) -> String {
        let [creditor, bank] = &self.keys.participants;
        let listener = self.courier.listener;
        let account = |account: &str, role: &str, kid: &str| {
            let (path, participant) = match role {
                "creditor" => ("csp", CREDITOR_PARTICIPANT),
                _ => ("dsp", BANK_PARTICIPANT),
            };
            format!(
                r#"[accounts.{account}]
provider = "mastercard-{role}"
base_url = "https://{address}/zapp/pbarfp/{path}"
currencies = ["GBP"]
participant_id = "{participant}"
product_id = "{PRODUCT}"
client_certificate = "file:{account}.client.pem"
client_key = "file:{account}.client.key"
server_ca = "file:network.ca.pem"
signing_key = "file:{account}.signing.key"
signing_kid = "{kid}"
network_certificates = [{{ kid = "{network}", certificate = "file:network.signing.pem" }}]
"#,
                network = self.keys.network.kid,
            )
        };
        let (creditor, bank) = (
            account(CREDITOR, "creditor", &creditor.kid),
            account(BANK, "debtor", &bank.kid),
        );
        format!(
            r#"
{creditor}creditor_id = "{CREDITOR_ID}"
creditor_service_provider_id = "{CREDITOR_PARTICIPANT}"
reasons = {{ customer_request = "CUSTOMERREQUEST", goods_returned = "GOODSRETURNED", not_delivered = "NOTDELIVERED", wrong_amount = "WRONGAMOUNT", canceled_order = "CANCELEDORDER", fraud = "FRAUD", other = "OTHER" }}
debtor_account = {{ name = "Sandbox Shop Ltd", iban = "GB33BUKB20201555555555" }}

{bank}debtor_service_provider_id = "{BANK_PARTICIPANT}"

[listener]
address = "{listener}"
certificate = "file:listener.pem"
key = "file:listener.key"
client_ca = "file:network.ca.pem"
"#
        )
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers what a restart interrupted, and looks for payment files.
    async fn keep_going(self: Arc<Self>) {
        self.resume();
        loop {
            tokio::time::sleep(BANK_LOOKS).await;
            let now = self.clock.now();
            // Whoever reads the statements misses them; there is nobody else to tell.
            let _ = self.kept().bank.look(now);
        }
    }
}
