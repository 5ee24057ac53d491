//! `serve` as a real process: it says that it is ready, sends, answers, and ends when it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::desk::Desk;
use super::process::{Process, signal};
use super::shop::Shop;

/// A service at work, and what it said when it was ready.
pub struct Service {
    process: Process,
    /// Its ready line.
    pub ready: Value,
}

impl Service {
    pub fn start(desk: &Desk) -> Self {
        Self::armed(desk, None)
    }

    /// Dies when it reaches a failpoint.
    pub fn armed(desk: &Desk, failpoint: Option<&str>) -> Self {
        let mut command = desk.command(["serve", "--json"]);
        if let Some(failpoint) = failpoint {
            command.env("REFUND_DESK_FAILPOINT", failpoint);
        }
        let mut process = Process::start(&mut command);
        let stdout = process.child().stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        Self { process, ready }
    }

    /// Status line and body of what is at a path of an address that the ready line named.
    fn call(&self, address: &str, method: &str, path: &str) -> (String, String) {
        let address = self.ready[address].as_str().unwrap();
        let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
        let call = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(call.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    /// Whether it has died by itself.
    pub fn is_dead(&mut self) -> bool {
        self.process.child().try_wait().unwrap().is_some()
    }

    /// SIGTERM or another; the exit code.
    pub fn end(mut self, name: &str) -> Option<i32> {
        signal(name, self.process.child().id());
        self.process.finish().status.code()
    }
}

fn listening(shop: &Shop) -> Desk {
    let table = "\n[listener]\naddress = \"127.0.0.1:0\"\noperations = \"127.0.0.1:0\"\n";
    shop.reconfigured(|text| text + table)
}

#[test]
fn it_is_well_tells_its_figures_and_ends_when_told() {
    let shop = Shop::open();
    let service = Service::start(&listening(&shop));
    assert_eq!(
        service.call("operations", "GET", "/health").0,
        "HTTP/1.1 200 OK"
    );
    let (status, text) = service.call("operations", "GET", "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for line in [
        "refund_desk_database_writable 1",
        "refund_desk_working 1",
        "refund_desk_refunds{state=\"unknown\"} 0",
        "refund_desk_provider_left_alone{account=\"hub-us\"} 0",
        "# HELP refund_desk_refunds Refunds by state.",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    for path in [
        "/health",
        "/metrics",
        "/hub-us/webhooks",
        "/a2a-uk/payment-requests/1/refunds",
    ] {
        let (status, body) = service.call("listener", "POST", path);
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("HTTP/1.1 404 Not Found", ""),
            "{path}"
        );
    }
    assert_eq!(service.end("TERM"), Some(0));
}

#[test]
fn it_sends_and_polls_with_no_listener_at_all() {
    let shop = Shop::open();
    let refund = shop
        .refund("A-1", "12.34", &["--offline"])
        .exits(6)
        .object();
    let id = refund["id"].as_str().unwrap();
    shop.desk.json(["release", id]).exits(0);
    let service = Service::start(&shop.desk);
    assert_eq!(service.ready["listener"], Value::Null);
    // Another command waits for what the service does.
    shop.track("90s").exits(0);
    assert_eq!(shop.desk.status(id)["state"], "succeeded");
    assert_eq!(service.end("INT"), Some(0));
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn what_is_in_the_way_is_told_before_anything_is_sent() {
    let shop = Shop::open();
    let running = Service::start(&listening(&shop));
    let taken = running.ready["listener"].as_str().unwrap();
    let taken = taken.strip_prefix("http://").unwrap().to_owned();
    let second = shop.reconfigured(|text| format!("{text}\n[listener]\naddress = \"{taken}\"\n"));
    let error = second.json(["serve"]).exits(1).error();
    assert_eq!(error["code"], "listener");
    let missing = shop.reconfigured(|text| {
        text + "\n[listener]\naddress = \"127.0.0.1:0\"\ncertificate = \"file:no.pem\"\nkey = \"file:no.key\"\nclient_ca = \"file:no.ca\"\n"
    });
    let error = missing.json(["serve"]).exits(1).error();
    assert!(
        error["message"].as_str().unwrap().contains("no.pem"),
        "{error}"
    );
    shop.desk.json(["serve", "--read-only"]).exits(2);
    assert_eq!(running.end("TERM"), Some(0));
}
