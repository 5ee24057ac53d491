//! A sandbox of a test's own, over real loopback connections.

use std::fs;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use super::{Options, Running, start};
use crate::clock::Clock;

/// A sandbox in a folder of its own. It is noon of 2026-11-21 there.
pub(super) struct Bench {
    pub clock: Clock,
    pub running: Running,
    pub http: Client,
    folder: TempDir,
}

/// What came back: the status, and the body where it is JSON.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Bench {
    /// A sandbox that knows the payments of this settlement file.
    pub(super) fn new(payments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("payments.csv"), payments).unwrap();
        Self::in_folder(
            folder,
            Clock::manual("2026-11-21T12:00:00Z".parse().unwrap()),
        )
    }

    fn in_folder(folder: TempDir, clock: Clock) -> Self {
        let at = |name: &str| folder.path().join(name);
        let options = Options {
            port: 0,
            payments: vec![at("payments.csv")],
            seeded_payments: 0,
            settlement_to: None,
            config_to: Some(at("config.toml")),
            book: at("book.jsonl"),
            state: at("state"),
            desk_is_apart: true,
        };
        Self {
            running: start(&options, &clock).unwrap(),
            http: Client::builder().no_proxy().build().unwrap(),
            folder,
            clock,
        }
    }

    pub(super) fn restarted(self) -> Self {
        self.running.stop();
        Self::in_folder(self.folder, self.clock)
    }

    /// A file the sandbox wrote.
    pub(super) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub(super) fn book(&self) -> String {
        self.file("book.jsonl")
    }

    /// The lines of the book.
    pub(super) fn payouts(&self) -> Vec<Value> {
        let book = self.book();
        book.lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect()
    }

    pub(super) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.running.address());
        let call = self.http.request(method, url);
        call.timeout(Duration::from_secs(10))
    }
}

/// `None` if the connection ended without a reply.
pub(super) async fn answer(call: RequestBuilder) -> Option<Reply> {
    let reply = call.send().await.ok()?;
    let status = reply.status().as_u16();
    let text = reply.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Some(Reply { status, body })
}
