//! Stands between desk and sandbox: what is asked arrives at once, what is answered is held back
//! until the test lets it go.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::gate::message;

/// Listens until the test ends.
pub struct Relay {
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    answered: Receiver<()>,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Relay {
    /// A relay before the sandbox at `sandbox`.
    pub fn open(sandbox: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (answer, answered) = mpsc::channel();
        let open = Arc::default();
        let (sandbox, gate) = (sandbox.to_owned(), Arc::clone(&open));
        thread::spawn(move || {
            for desk in listener.incoming() {
                let (sandbox, gate, answer) = (sandbox.clone(), Arc::clone(&gate), answer.clone());
                thread::spawn(move || pass(desk.unwrap(), &sandbox, &gate, &answer));
            }
        });
        Self {
            address,
            answered,
            open,
        }
    }

    /// Waits until the sandbox has answered something that the desk has not heard.
    pub fn wait(&self) {
        self.answered.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    /// Lets every answer through, now and later.
    pub fn release(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

fn pass(mut desk: TcpStream, sandbox: &str, open: &(Mutex<bool>, Condvar), answered: &Sender<()>) {
    let mut provider = TcpStream::connect(sandbox).unwrap();
    provider.write_all(&message(&mut desk)).unwrap();
    let reply = message(&mut provider);
    let _ = answered.send(());
    let gate = open.0.lock().unwrap();
    drop(open.1.wait_while(gate, |open| !*open).unwrap());
    // The desk may have left meanwhile.
    let _ = desk.write_all(&reply);
}
