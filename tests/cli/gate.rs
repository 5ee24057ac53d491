//! A provider that takes a request and never answers, so that a kill lands in mid-send.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// How far the gate lets a request come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lets {
    /// The connection is made; nothing is read.
    Connect,
    /// The request is read whole and goes nowhere.
    Arrive,
    /// The request reaches the sandbox, which pays; its reply is kept back.
    BePaid,
}

/// Listens for one connection and holds it open until dropped.
pub struct Gate {
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    reached: Receiver<()>,
    _held: Sender<()>,
}

impl Gate {
    /// Opens a gate before the sandbox at `sandbox`.
    pub fn open(lets: Lets, sandbox: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (reach, reached) = mpsc::channel();
        let (held, released) = mpsc::channel::<()>();
        let sandbox = sandbox.to_owned();
        thread::spawn(move || {
            let (desk, _) = listener.accept().unwrap();
            let _kept_open = pass(lets, desk, &sandbox);
            let _ = reach.send(());
            // Ends when the gate is dropped.
            let _ = released.recv();
        });
        Self {
            address,
            reached,
            _held: held,
        }
    }

    /// Waits until a request has come as far as it may.
    pub fn wait(&self) {
        self.reached.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}

fn pass(lets: Lets, mut desk: TcpStream, sandbox: &str) -> TcpStream {
    if lets == Lets::Connect {
        return desk;
    }
    let request = message(&mut desk);
    if lets == Lets::BePaid {
        let mut provider = TcpStream::connect(sandbox).unwrap();
        provider.write_all(&request).unwrap();
        // The book is written before the reply.
        message(&mut provider);
    }
    desk
}

/// One HTTP message: head, and as much body as it says.
pub fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head)
        {
            return bytes;
        }
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the message ended early: {text}");
        bytes.extend_from_slice(&chunk[..read]);
    }
}

fn length(head: &str) -> usize {
    let mut lines = head.lines();
    let line = lines.find_map(|line| line.strip_prefix("content-length:"));
    line.map_or(0, |length| length.trim().parse().unwrap())
}
