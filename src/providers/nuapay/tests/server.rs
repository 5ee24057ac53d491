//! A server that answers what it is told to, in order, and keeps what it was asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::Clock;

/// A request as it came off the wire.
pub struct Received {
    /// `GET /x HTTP/1.1`.
    pub line: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// What the server does once it has read a request.
pub enum Then {
    /// Status, further headers, body.
    Answer(u16, &'static str, String),
    /// Hangs up.
    Drop,
    /// Says nothing until the client gives up.
    Wait,
    /// Time passes on this clock, then it answers 201 with this body.
    Late(Clock, Duration, String),
}

/// One answer per request; each connection is closed after its answer.
pub struct Server {
    /// `http://127.0.0.1:PORT/tpp`.
    pub base: String,
    listener: TcpListener,
    thread: JoinHandle<Vec<Received>>,
}

impl Server {
    pub fn start(script: Vec<Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/tpp", listener.local_addr().unwrap());
        let accepting = listener.try_clone().unwrap();
        let thread = thread::spawn(move || {
            let each = script.into_iter().map(|then| {
                let (mut stream, _) = accepting.accept().unwrap();
                let received = read(&mut stream);
                play(&mut stream, then);
                received
            });
            each.collect()
        });
        Self {
            base,
            listener,
            thread,
        }
    }

    /// All requests, and the proof that there were no more: no connection waits to be accepted.
    pub async fn requests(self) -> Vec<Received> {
        let join = tokio::task::spawn_blocking(move || self.thread.join().unwrap());
        let received = join.await.unwrap();
        self.listener.set_nonblocking(true).unwrap();
        assert!(self.listener.accept().is_err(), "one request too many");
        received
    }
}

fn play(stream: &mut TcpStream, then: Then) {
    match then {
        Then::Answer(status, headers, body) => {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} Words\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
        Then::Late(clock, by, body) => {
            clock.advance(by);
            play(stream, Then::Answer(201, "", body));
        }
        Then::Drop => {}
        Then::Wait => {
            let _ = stream.read(&mut [0]);
        }
    }
}

fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the client hung up early");
        bytes.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines().map(str::to_owned);
    let line = lines.next().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    let mut body = bytes.split_off(head_end + 4);
    let length = headers
        .get("content-length")
        .map_or(0, |it| it.parse().unwrap());
    while body.len() < length {
        let read = stream.read(&mut chunk).unwrap();
        body.extend_from_slice(&chunk[..read]);
    }
    Received {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
    }
}
