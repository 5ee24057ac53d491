//! Prism with a Stripe-like connector behind it, as a caller of its gRPC service sees it: no memory
//! of its own, hardly a check, and short fixed texts in place of the connector's reasons.

mod connector;
mod course;
mod messages;
mod records;
mod refunds;
mod rpc;
#[cfg(test)]
mod tests;
mod told;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::post;
use prost::Message;
use tonic::Status;

use super::connection::Connection;
use super::settlement::Row;
use crate::clock::Clock;
use crate::domain::money::{Currency, Money};
use messages::{Health, LookAsked, Minor, PaymentAsked, RefundAsked};
use records::Records;

/// The account whose payments this simulator knows.
pub(super) const ACCOUNT: &str = "prism-us";
/// The file with the connector's API key, beside the desk's configuration.
pub(super) const API_KEY_FILE: &str = "prism-us.key";

/// The server's own numbers of the currencies it is used with here.
const CURRENCIES: [(&str, i32); 5] = [
    ("EUR", 45),
    ("GBP", 48),
    ("JPY", 69),
    ("KWD", 76),
    ("USD", 146),
];
/// `SERVING`.
const SERVING: i32 = 1;

/// The simulator.
pub(super) struct Prism {
    api_key: String,
    clock: Clock,
    records: Mutex<Records>,
}

/// What goes back on the wire in place of a status.
enum Reply {
    Message(Vec<u8>),
    /// A success around something that is no message.
    Garbage,
    /// Nothing: the connection ends.
    Cut,
}

impl Prism {
    /// A server whose connector knows the payments in `rows` and remembers what its journal says.
    pub(super) fn open(
        api_key: String,
        clock: &Clock,
        rows: &[Row],
        journal: &Path,
        book: &Path,
    ) -> io::Result<Self> {
        Ok(Self {
            api_key,
            clock: clock.clone(),
            records: Mutex::new(Records::open(rows, journal, book)?),
        })
    }

    /// The service's calls.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/types.PaymentService/Refund", post(refund))
            .route("/types.RefundService/Get", post(look))
            .route("/types.PaymentService/Get", post(payment))
            .route(
                "/types.MerchantAuthenticationService/CreateServerAuthenticationToken",
                post(token),
            )
            .route("/grpc.health.v1.Health/Check", post(health))
            .fallback(unknown_call)
            .with_state(Arc::new(self))
    }

    /// Finds out who calls, has the connector check the key, and answers from its records.
    fn answer(
        &self,
        call: &rpc::Call,
        decide: impl FnOnce(&mut Records, &str) -> Result<Reply, Status>,
    ) -> Result<Reply, Status> {
        let key = connector::key_of(&call.headers)?;
        if key != self.api_key {
            return Err(refunds::connector_said(401));
        }
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        decide(&mut records, &key)
    }
}

fn read<M: Message + Default>(call: &rpc::Call) -> Result<M, Status> {
    M::decode(&call.message[..]).map_err(|error| Status::internal(error.to_string()))
}

/// Money of an amount on the wire.
fn money(amount: Minor) -> Option<Money> {
    let (code, _) = CURRENCIES
        .iter()
        .find(|(_, number)| *number == amount.currency)?;
    Some(Money::new(amount.amount, Currency::from_code(code).ok()?))
}

fn minor(money: Money) -> Minor {
    let number = CURRENCIES
        .iter()
        .find(|(code, _)| *code == money.currency.code());
    Minor {
        amount: money.minor,
        currency: number.map_or(0, |(_, number)| *number),
    }
}

async fn refund(
    State(prism): State<Arc<Prism>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    rpc::answer(request, &connection, |call| {
        let asked = read::<RefundAsked>(call)?;
        let at = prism.clock.now();
        prism.answer(call, |records, key| {
            refunds::refund(records, key, &asked, at)
        })
    })
    .await
}

async fn look(
    State(prism): State<Arc<Prism>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    rpc::answer(request, &connection, |call| {
        let asked = read::<LookAsked>(call)?;
        prism.answer(call, |records, key| show(records, key, &asked))
    })
    .await
}

/// Looking is what makes a pending refund end. An empty id asks the connector for its whole
/// collection, of which the server cannot read the answer.
fn show(records: &mut Records, key: &str, asked: &LookAsked) -> Result<Reply, Status> {
    refunds::json(asked.refund_metadata.as_ref(), "refund metadata")?;
    refunds::json(asked.feature_data.as_ref(), "connector metadata")?;
    let id = match asked.refund_id.as_str() {
        "" => &asked.older_refund_id,
        id => id,
    };
    if id.is_empty() {
        return Err(Status::internal("Failed to deserialize connector response"));
    }
    records.refunds.look(id).map_err(refunds::broken)?;
    let refund = records.refunds.with_id(id);
    let refund = refund.ok_or_else(|| refunds::connector_said(404))?;
    Ok(Reply::Message(told::refund(
        refund,
        refund.stand(),
        key,
        true,
    )))
}

async fn payment(
    State(prism): State<Arc<Prism>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    rpc::answer(request, &connection, |call| {
        let asked = read::<PaymentAsked>(call)?;
        prism.answer(call, |records, _| {
            asked.amount.ok_or_else(|| refunds::missing("amount"))?;
            let payment = records.payment(&asked.transaction);
            let payment = payment.ok_or_else(|| refunds::connector_said(404))?;
            let told = told::payment(&asked.transaction, minor(payment.amount));
            Ok(Reply::Message(told))
        })
    })
    .await
}

/// The connector behind this server has no OAuth tokens.
async fn token(
    State(prism): State<Arc<Prism>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    rpc::answer(request, &connection, |call| {
        prism.answer(call, |_, _| {
            Err(Status::internal("Failed to handle connector response"))
        })
    })
    .await
}

/// Needs no key.
async fn health(ConnectInfo(connection): ConnectInfo<Connection>, request: Request) -> Response {
    rpc::answer(request, &connection, |_| {
        let healthy = Health { status: SERVING };
        Ok(Reply::Message(healthy.encode_to_vec()))
    })
    .await
}

async fn unknown_call(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    rpc::answer(request, &connection, |_| Err(Status::unimplemented(""))).await
}
