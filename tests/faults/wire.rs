//! The network between desk and provider, with the eight faults of R1.
//!
//! Which fault strikes which request depends on the seed, the amount and how often that amount was
//! sent, never on which of two requests came first, so a seed gives the same faults again.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::seeds::Draw;

/// What befalls a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It arrives, and so does its answer.
    None,
    /// It never arrives.
    DropBefore,
    /// It is accepted, its answer is lost.
    DropAfter,
    /// It arrives twice.
    Duplicate,
    /// The desk hears nothing, and it arrives much later.
    Delay,
    /// The desk hears nothing, and it arrives after the next one.
    Reorder,
    /// It is accepted, and answered with a server's error.
    ServerError,
    /// It is accepted, and answered with what no one can read.
    Garbage,
    /// It is accepted, and answered with another amount.
    OtherAmount,
}

const OF_REFUNDS: [Fault; 10] = [
    Fault::None,
    Fault::None,
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::Duplicate,
    Fault::Delay,
    Fault::Reorder,
    Fault::ServerError,
    Fault::Garbage,
    Fault::OtherAmount,
];

pub const OF_INQUIRIES: [Fault; 8] = [
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::DropBefore,
    Fault::ServerError,
    Fault::Garbage,
];

/// Between desk and provider.
pub trait Network {
    /// Where the desk finds it: `127.0.0.1:PORT`.
    fn address(&self) -> &str;

    /// What was delayed or overtaken arrives now, the last first.
    fn deliver(&self);

    /// What struck so far.
    fn struck(&self) -> Vec<Fault>;
}

/// The fault that the seed has for what comes for this time with this amount.
pub fn drawn(seed: u64, times: u64, amount: &str, faults: &[Fault]) -> Fault {
    let mut draw = Draw::new(seed ^ (times << 40));
    for byte in amount.bytes() {
        draw = Draw::new(draw.next() ^ u64::from(byte));
    }
    draw.one_of(faults)
}

/// What stands before an amount, by provider.
const AMOUNTS: [&str; 2] = ["\"total\":", "\"refundAmount\":"];

/// What the desk's side of the network shares.
struct Line {
    seed: u64,
    provider: String,
    /// How often each kind of request came, by what is asked.
    counted: HashMap<String, u64>,
    late: Vec<Vec<u8>>,
    next: Vec<Vec<u8>>,
    struck: Vec<Fault>,
}

/// Listens for as long as the test runs.
pub struct Wire {
    address: String,
    line: Arc<Mutex<Line>>,
}

impl Wire {
    /// A network before the provider at this address.
    pub fn open(seed: u64, provider: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let line = Arc::new(Mutex::new(Line {
            seed,
            provider: provider.to_owned(),
            counted: HashMap::new(),
            late: Vec::new(),
            next: Vec::new(),
            struck: Vec::new(),
        }));
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            // Ends when the wire is dropped: nobody but this loop then knows the line.
            for desk in listener.incoming() {
                if Arc::strong_count(&shared) == 1 {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || pass(desk.unwrap(), &shared));
            }
        });
        Self { address, line }
    }
}

impl Network for Wire {
    fn address(&self) -> &str {
        &self.address
    }

    fn deliver(&self) {
        let mut line = self.line.lock().unwrap();
        while let Some(request) = line.late.pop().or_else(|| line.next.pop()) {
            line.forward(&request);
        }
    }

    fn struck(&self) -> Vec<Fault> {
        self.line.lock().unwrap().struck.clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.line = Arc::new(Mutex::new(Line {
            seed: 0,
            provider: String::new(),
            counted: HashMap::new(),
            late: Vec::new(),
            next: Vec::new(),
            struck: Vec::new(),
        }));
        // The last call, which only wakes the loop.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Line {
    fn forward(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut provider = TcpStream::connect(&self.provider).unwrap();
        provider.write_all(request).unwrap();
        let reply = message(&mut provider);
        let _ = provider.shutdown(Shutdown::Both);
        reply
    }

    fn fault(&mut self, request: &str) -> Fault {
        let line = request.lines().next().unwrap_or_default();
        let money = line.starts_with("POST") && line.contains("/refunds ");
        let what = match money {
            true => AMOUNTS
                .iter()
                .map(|name| between(request, name, "}"))
                .find(|it| !it.is_empty())
                .unwrap_or_default(),
            // Told apart by what stands in the body, or in the path.
            false if line.contains("inquiry") => {
                between(request, "\"referenceMerchantTransactionId\":", "}")
            }
            false => line.split(['?', ',']).next().unwrap_or_default(),
        };
        let what = what.split(',').next().unwrap_or_default().to_owned();
        // References are new in every run: only amounts and counts are told apart.
        let key = if money { what.clone() } else { String::new() };
        let times = self.counted.entry(format!("{money}{what}")).or_default();
        *times += 1;
        match money {
            true => drawn(self.seed, *times, &key, &OF_REFUNDS),
            false => drawn(self.seed, *times, &key, &OF_INQUIRIES),
        }
    }
}

fn pass(mut desk: TcpStream, line: &Mutex<Line>) {
    let Some(request) = message(&mut desk) else {
        return;
    };
    // One after the other, as the provider's own lock would have it.
    let mut line = line.lock().unwrap();
    let fault = line.fault(&String::from_utf8_lossy(&request));
    line.struck.push(fault);
    let answer = match fault {
        Fault::DropBefore => None,
        Fault::Delay => {
            line.late.push(request);
            None
        }
        Fault::Reorder => {
            line.next.push(request);
            None
        }
        _ => {
            let first = line.forward(&request);
            if fault == Fault::Duplicate {
                line.forward(&request);
            }
            for overtaken in std::mem::take(&mut line.next) {
                line.forward(&overtaken);
            }
            first.and_then(|reply| spoiled(fault, reply))
        }
    };
    drop(line);
    if let Some(answer) = answer {
        let _ = desk.write_all(&answer);
    }
    let _ = desk.shutdown(Shutdown::Both);
}

/// The answer as the desk gets it.
fn spoiled(fault: Fault, reply: Vec<u8>) -> Option<Vec<u8>> {
    let own = |status: &str, body: &str| {
        let length = body.len();
        Some(
            format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    };
    match fault {
        Fault::DropAfter => None,
        Fault::ServerError => own("502 Bad Gateway", "bad gateway"),
        Fault::Garbage => own("200 OK", "{\"gatewayResponse\":{\"transactionState\":"),
        Fault::OtherAmount => Some(closing(&other_amount(&String::from_utf8_lossy(&reply)))),
        _ => Some(closing(&String::from_utf8_lossy(&reply))),
    }
}

/// Every amount begins with another digit, so that the length stays what the head says.
fn other_amount(reply: &str) -> String {
    AMOUNTS
        .iter()
        .fold(reply.to_owned(), |reply, name| other(&reply, name))
}

fn other(reply: &str, name: &str) -> String {
    let mut parts = reply.split(name);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(name);
        let quote = usize::from(part.starts_with('"'));
        match part.as_bytes().get(quote) {
            Some(digit @ b'1'..=b'9') => {
                out.push_str(&part[..quote]);
                out.push(char::from(b'1' + (digit - b'0') % 9));
                out.push_str(&part[quote + 1..]);
            }
            _ => out.push_str(part),
        }
    }
    out
}

/// Says that the connection ends, so that the desk does not try to use it again.
fn closing(reply: &str) -> Vec<u8> {
    reply
        .replacen("\r\n", "\r\nconnection: close\r\n", 1)
        .into_bytes()
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let rest = text.split_once(from).map_or("", |it| it.1);
    rest.split_once(to).map_or(rest, |it| it.0)
}

/// One HTTP message; none when the connection ends before one.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = between(head, "content-length:", "\r\n").trim();
            if body.len() >= length.parse().unwrap_or(0) {
                return Some(bytes);
            }
        }
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}
