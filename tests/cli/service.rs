//! Desks and commands beside a service: they find it, and it alone works on the database.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use refund_desk::desk::Desk as _;
use refund_desk::desk::face::{Actor, Draft, Reply, Request};
use refund_desk::desk::remote::{Reach, Remote};

use super::desk::Desk;
use super::serve::Service;
use super::shop::Shop;
use super::stock;

#[test]
fn commands_find_the_service_and_nobody_works_beside_it() {
    let shop = Shop::open();
    let service = Service::start(&shop.desk);
    let socket = service.ready["socket"].as_str().unwrap();
    assert_eq!(PathBuf::from(socket), shop.desk.data.join("desk.sock"));
    let made = shop.refund("A-1", "12.34", &["--as", "ann"]).exits(0);
    let id = made.object()["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.desk.status(&id)["maker"], "ann");
    shop.track("30s").exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    // The database is the service's alone; looking is not.
    let offline = shop.refund("B-1", "1.00", &["--offline"]).exits(3).error();
    assert_eq!(offline["code"], "service_runs");
    let second = shop.desk.json(["serve"]).exits(3).error();
    assert_eq!(second["code"], "service_runs");
    shop.desk.json(["refunds", "--read-only"]).exits(0);
    // Files go where whoever asks may write, or into the service's own folder.
    let elsewhere = shop.file("copy.db");
    let elsewhere = elsewhere.to_str().unwrap();
    let refused = shop.desk.json(["backup", elsewhere]).exits(3).error();
    assert_eq!(refused["code"], "not_the_services");
    let backup = shop.desk.json(["backup", "monday.db"]).exits(0).object();
    let kept = shop.desk.data.join("backups/monday.db");
    assert_eq!(backup["file"], kept.to_str().unwrap());
    assert!(kept.exists());
    let nowhere = shop.desk.json(["refunds", "--socket", "/nowhere.sock"]);
    assert_eq!(nowhere.exits(6).error()["code"], "no_service");
    assert_eq!(service.end("TERM"), Some(0));
    // Without it the desk is its user's own again.
    shop.desk.json(["refunds"]).exits(0);
}

#[test]
fn a_desk_at_work_keeps_a_service_out() {
    let shop = Shop::open();
    let mut tracking = shop.desk.start(["track", "--timeout", "60s"]);
    // It is at work once it has sent what was queued for it.
    let queued = shop.refund("A-1", "3.00", &["--offline"]).exits(6).object();
    let id = queued["id"].as_str().unwrap();
    shop.desk.json(["release", id]).exits(0);
    while shop.payouts("pay-ann").is_empty() {
        thread::yield_now();
    }
    let refused = shop.desk.json(["serve"]).exits(3).error();
    assert_eq!(refused["code"], "database_in_use");
    tracking.kill();
    let service = Service::start(&shop.desk);
    assert_eq!(service.end("INT"), Some(0));
}

#[test]
fn without_a_service_nobody_agrees_to_a_refund_that_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk {
        config: folder.path().join("config.toml"),
        data: folder.path().join("data"),
    };
    let config = "environment = \"test\"\n[policy]\napproval_above = 10\n[accounts.hub-us]\nprovider = \"commerce-hub\"\nbase_url = \"http://127.0.0.1:9/ch\"\ncurrencies = [\"USD\"]\nmerchant_id = \"m\"\nterminal_id = \"t\"\napi_key = \"env:K\"\napi_secret = \"env:S\"\n";
    fs::write(&desk.config, config).unwrap();
    let stock = folder.path().join("stock.csv");
    fs::write(&stock, stock::dated(stock::STOCK)).unwrap();
    desk.json(["import".as_ref(), stock.as_os_str()]).exits(0);
    let asked = [
        "refund",
        "A-1",
        "--amount",
        "50",
        "--reason",
        "customer_request",
    ];
    let made = desk.json(asked).exits(5).object();
    let id = made["id"].as_str().unwrap();
    let hash = desk.status(id)["hash"].as_str().unwrap().to_owned();
    let refused = desk.json(["approve", id, "--expect", &hash]).exits(3);
    assert_eq!(refused.error()["code"], "single_user");
    assert_eq!(desk.status(id)["state"], "awaiting_approval");
}

const CLIENTS: usize = 4;
/// Refunds of each, each on a payment of its own.
const EACH: usize = 12;
const KILLS: usize = 3;

#[test]
fn a_service_killed_in_the_middle_loses_and_doubles_nothing() {
    let shop = Shop::with(&payments(CLIENTS * EACH));
    let socket = shop.desk.data.join("desk.sock");
    let mut service = Service::start(&shop.desk);
    let (told, done) = mpsc::channel();
    let composing = thread::spawn(move || composed(&socket, &told));
    let between = CLIENTS * EACH / (KILLS + 1);
    let mut finished = 0;
    for kill in 1..=KILLS {
        while finished < kill * between {
            done.recv().unwrap();
            finished += 1;
        }
        service.kill();
        service = Service::start(&shop.desk);
    }
    let composed = composing.join().unwrap();
    assert_eq!(composed.len(), CLIENTS * EACH);
    shop.track("60s").exits(0);
    let refunds = shop.desk.refunds();
    assert_eq!(refunds.len(), CLIENTS * EACH, "none lost, none doubled");
    for (number, id) in &composed {
        let status = shop.desk.status(id);
        assert_eq!(status["state"], "succeeded", "{status:#}");
        assert_eq!(shop.payouts(&format!("pay-{number}")), ["12.34"]);
    }
    assert_eq!(service.end("TERM"), Some(0));
}

fn payments(count: usize) -> String {
    let header = "account,payment_id,reference,amount,currency,captured_at,settled_at\n";
    let rows = (0..count).map(|it| format!("hub-us,pay-{it},P-{it},90.00,USD,@-12,@-10\n"));
    stock::dated(&(header.to_owned() + &rows.collect::<String>()))
}

/// Several desks that compose at the same time; the refund of each payment's number.
fn composed(socket: &std::path::Path, told: &mpsc::Sender<()>) -> BTreeMap<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let clients = (0..CLIENTS).map(|client| {
            let (socket, told) = (socket.to_owned(), told.clone());
            tokio::spawn(async move {
                let mut made = BTreeMap::new();
                let desk = reached(socket, client).await;
                for number in client * EACH..(client + 1) * EACH {
                    made.insert(number, one(&desk, number).await);
                    told.send(()).unwrap();
                }
                made
            })
        });
        let mut all = BTreeMap::new();
        for client in clients.collect::<Vec<_>>() {
            all.extend(client.await.unwrap());
        }
        all
    })
}

async fn reached(socket: PathBuf, client: usize) -> Arc<Remote> {
    let reach = Reach {
        socket,
        acts: Some(Actor::named(format!("mia{client}"))),
        origin: None,
        read_only: false,
        patience: Duration::from_secs(60),
    };
    Remote::connect(reach).await.unwrap()
}

async fn one(desk: &Remote, number: usize) -> String {
    let draft = Draft {
        payment: format!("P-{number}"),
        amount: "12.34".to_owned(),
        reason: "customer_request".to_owned(),
        ..Draft::default()
    };
    let actor = Actor::named("mia");
    let reply = desk.ask(&actor, Request::Compose(draft)).await;
    match reply {
        Ok(Reply::Composed(composed)) => {
            assert!(!composed.existing);
            composed.refund.refund.id.to_string()
        }
        other => panic!("{other:?}"),
    }
}
