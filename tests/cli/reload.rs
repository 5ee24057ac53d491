//! SIGHUP: the service goes on under another configuration, or tells why not, and drops nothing.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::ChildStderr;

use super::desk::Desk;
use super::process::{Process, signal};
use super::shop::Shop;

struct Service {
    process: Process,
    said: Lines<BufReader<ChildStderr>>,
}

impl Service {
    fn start(desk: &Desk) -> Self {
        let mut process = desk.start(["serve"]);
        let stdout = process.child().stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready"), "{line:?}");
        let stderr = process.child().stderr.take().unwrap();
        let said = BufReader::new(stderr).lines();
        Self { process, said }
    }

    /// Has it read its configuration again; what it says of that.
    fn reload(&mut self) -> String {
        signal("HUP", self.process.child().id());
        self.said.next().unwrap().unwrap()
    }

    fn end(mut self) -> Option<i32> {
        signal("TERM", self.process.child().id());
        self.process.finish().status.code()
    }
}

#[test]
fn a_service_goes_on_under_another_configuration() {
    let shop = Shop::open();
    let good = fs::read_to_string(&shop.desk.config).unwrap();
    // Nobody answers there: what is queued is provably not sent and waits.
    let address = good
        .lines()
        .find_map(|line| {
            line.strip_prefix("base_url = \"http://")?
                .split_once("/ch\"")
        })
        .map(|(address, _)| address.to_owned())
        .unwrap();
    let desk = shop.reconfigured(|text| text.replace(&address, "127.0.0.1:9"));
    let bad = fs::read_to_string(&desk.config).unwrap();
    let refund = shop
        .refund("A-1", "12.34", &["--offline"])
        .exits(6)
        .object();
    let id = refund["id"].as_str().unwrap();
    shop.desk.json(["release", id]).exits(0);
    let mut service = Service::start(&desk);

    // What makes no sense, or is another's, changes nothing; the service says so and works on.
    for (text, why) in [
        ("enviroment = 1".to_owned(), "did you mean"),
        (
            bad.replace("\"sandbox\"", "\"test\"")
                .replace("pace = 100", "pace = 1"),
            "environment test",
        ),
        (bad.replace("file:", "file:missing-"), "cannot read"),
    ] {
        fs::write(&desk.config, text).unwrap();
        let said = service.reload();
        assert!(
            said.contains("not reloaded") && said.contains(why),
            "{said}"
        );
    }
    fs::write(
        &desk.config,
        format!("{good}\n[listener]\noperations = \"127.0.0.1:0\"\n"),
    )
    .unwrap();
    let said = service.reload();
    assert!(
        said.contains("reloaded; this takes a new start: [listener]"),
        "{said}"
    );
    fs::write(&desk.config, &good).unwrap();
    assert_eq!(service.reload(), "refund-desk: reloaded");
    // It is the service that sends now: this desk only looks.
    let sent = || shop.desk.status(id)["state"] == "succeeded";
    let looked = (0..600).any(|_| {
        let done = sent();
        if !done {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        done
    });
    assert!(looked, "{:#}", shop.desk.status(id));
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    let changes = ["audit", "show", "--action", "config.changed"];
    let changes = shop.desk.json(changes).exits(0).objects();
    assert!(changes.len() >= 3, "{changes:#?}");
    assert_eq!(service.end(), Some(0));
}
