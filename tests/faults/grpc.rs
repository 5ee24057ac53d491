//! The same network before a provider that is called by gRPC: a relay of whole calls. The faults are
//! the eight of R1 without *duplicate*: Prism has no memory of what it was asked, so that a call that
//! arrives twice is paid twice, whatever the desk does; and no layer beneath a call repeats one.

use std::collections::HashMap;
use std::mem::take;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::response::{IntoResponse, Response as HttpResponse};
use futures_util::future::BoxFuture;
use futures_util::stream;
use prost::Message;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::server::UnaryService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use super::wire::{Fault, Network, OF_INQUIRIES, drawn};
use bytes::Bytes;

mod bytes;

const REFUND: &str = "/types.PaymentService/Refund";

const OF_REFUNDS: [Fault; 9] = [
    Fault::None,
    Fault::None,
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::Delay,
    Fault::Reorder,
    Fault::ServerError,
    Fault::Garbage,
    Fault::OtherAmount,
];

/// What tells one call from another, by the numbers of the fact sheet: a refund's amount, and what a
/// look is about.
#[derive(Clone, PartialEq, Message)]
struct Asked {
    #[prost(string, tag = "2")]
    transaction: String,
    #[prost(message, optional, tag = "4")]
    amount: Option<Amount>,
    #[prost(string, tag = "14")]
    refund: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Amount {
    #[prost(int64, tag = "1")]
    minor: i64,
    #[prost(int32, tag = "2")]
    currency: i32,
}

/// What is added to an answer that is to name another amount.
#[derive(Clone, Copy, PartialEq, Message)]
struct Named {
    #[prost(message, optional, tag = "7")]
    amount: Option<Amount>,
}

/// A call on its way.
#[derive(Clone)]
struct Call {
    path: String,
    metadata: MetadataMap,
    message: Vec<u8>,
}

type Answer = Result<Response<Vec<u8>>, Status>;

struct Line {
    seed: u64,
    provider: Channel,
    /// How often each kind of call came, by what is asked.
    counted: HashMap<String, u64>,
    late: Vec<Call>,
    next: Vec<Call>,
    struck: Arc<Mutex<Vec<Fault>>>,
}

/// Listens for as long as the test runs.
pub struct Wire {
    address: String,
    line: Arc<AsyncMutex<Line>>,
    struck: Arc<Mutex<Vec<Fault>>>,
    runtime: tokio::runtime::Handle,
    _end: oneshot::Sender<()>,
}

impl Wire {
    /// A network before the provider at this address.
    pub fn open(seed: u64, provider: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        let provider = Endpoint::from_shared(format!("http://{provider}")).unwrap();
        let provider = {
            let _inside = handle.enter();
            provider.tcp_nodelay(true).connect_lazy()
        };
        let struck = Arc::<Mutex<_>>::default();
        let line = Arc::new(AsyncMutex::new(Line {
            seed,
            provider,
            counted: HashMap::new(),
            late: Vec::new(),
            next: Vec::new(),
            struck: Arc::clone(&struck),
        }));
        let router = Router::new().fallback(pass).with_state(Arc::clone(&line));
        let (end, ended) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                // Ends when the wire is dropped.
                tokio::select! {
                    _ = ended => {}
                    served = axum::serve(listener, router) => served.unwrap(),
                }
            });
        });
        Self {
            address,
            line,
            struck,
            runtime: handle,
            _end: end,
        }
    }
}

impl Network for Wire {
    fn address(&self) -> &str {
        &self.address
    }

    fn deliver(&self) {
        let line = Arc::clone(&self.line);
        let (done, delivered) = mpsc::channel();
        self.runtime.spawn(async move {
            let mut line = line.lock().await;
            while let Some(call) = line.late.pop().or_else(|| line.next.pop()) {
                let _ = line.forward(call).await;
            }
            done.send(()).unwrap();
        });
        delivered.recv().unwrap();
    }

    fn struck(&self) -> Vec<Fault> {
        self.struck.lock().unwrap().clone()
    }
}

impl Line {
    async fn forward(&self, call: Call) -> Answer {
        let mut grpc = Grpc::new(self.provider.clone());
        let mut request = Request::new(call.message);
        *request.metadata_mut() = call.metadata;
        grpc.ready().await.unwrap();
        let mut answer = grpc
            .unary(request, call.path.parse().unwrap(), Bytes)
            .await?;
        *answer.metadata_mut() = MetadataMap::new();
        Ok(answer)
    }

    fn fault(&mut self, call: &Call) -> Fault {
        let asked = Asked::decode(&call.message[..]).unwrap_or_default();
        let money = call.path == REFUND;
        let what = match asked.amount {
            Some(amount) if money => amount.minor.to_string(),
            _ => format!("{}{}{}", call.path, asked.transaction, asked.refund),
        };
        let times = self.counted.entry(what.clone()).or_default();
        *times += 1;
        let key = if money { what.as_str() } else { "" };
        match money {
            true => drawn(self.seed, *times, key, &OF_REFUNDS),
            false => drawn(self.seed, *times, key, &OF_INQUIRIES),
        }
    }

    /// What the desk gets; none: nothing.
    async fn relay(&mut self, call: Call) -> Option<Answer> {
        let fault = self.fault(&call);
        self.struck.lock().unwrap().push(fault);
        match fault {
            Fault::DropBefore => return None,
            Fault::Delay => {
                self.late.push(call);
                return None;
            }
            Fault::Reorder => {
                self.next.push(call);
                return None;
            }
            _ => {}
        }
        let asked = Asked::decode(&call.message[..]).unwrap_or_default();
        let answer = self.forward(call).await;
        for overtaken in take(&mut self.next) {
            let _ = self.forward(overtaken).await;
        }
        match fault {
            Fault::DropAfter => None,
            Fault::ServerError => Some(Err(Status::unavailable("no healthy upstream"))),
            Fault::Garbage => Some(Ok(Response::new(b"<html>bad gateway</html>".to_vec()))),
            Fault::OtherAmount => Some(answer.map(|answer| other_amount(answer, asked.amount))),
            _ => Some(answer),
        }
    }
}

/// As it was, and it names a main unit more than was asked.
fn other_amount(answer: Response<Vec<u8>>, asked: Option<Amount>) -> Response<Vec<u8>> {
    let amount = asked.map(|asked| Amount {
        minor: asked.minor + 100,
        ..asked
    });
    answer.map(|message| [message, Named { amount }.encode_to_vec()].concat())
}

async fn pass(State(line): State<Arc<AsyncMutex<Line>>>, request: HttpRequest) -> HttpResponse {
    let lost = Arc::new(AtomicBool::new(false));
    let service = Relay {
        line,
        path: request.uri().path().to_owned(),
        lost: Arc::clone(&lost),
    };
    let answer = tonic::server::Grpc::new(Bytes)
        .unary(service, request)
        .await;
    if !lost.load(Ordering::Relaxed) {
        return answer.into_response();
    }
    // The call breaks off where its answer should be.
    let broken = stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("lost"))]);
    let head = [("content-type", "application/grpc")];
    (head, Body::from_stream(broken)).into_response()
}

/// One call, passed on or not.
struct Relay {
    line: Arc<AsyncMutex<Line>>,
    path: String,
    lost: Arc<AtomicBool>,
}

impl UnaryService<Vec<u8>> for Relay {
    type Response = Vec<u8>;
    type Future = BoxFuture<'static, Answer>;

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        let (metadata, _, message) = request.into_parts();
        let path = self.path.clone();
        let call = Call {
            path,
            metadata,
            message,
        };
        let (line, lost) = (Arc::clone(&self.line), Arc::clone(&self.lost));
        Box::pin(async move {
            // One after the other, as the provider's own lock would have it.
            let answer = line.lock().await.relay(call).await;
            lost.store(answer.is_none(), Ordering::Relaxed);
            answer.unwrap_or_else(|| Ok(Response::new(Vec::new())))
        })
    }
}
