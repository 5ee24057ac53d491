//! `sync`, and balances compared with the provider before money goes out.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::desk::Desk;
use super::gate::message;
use super::shop::{Shop, assert_balance};
use super::stock;

const STOCK: &str = "account,payment_id,reference,amount,currency,captured_at,settled_at,payer
nuapay-uk,Upay1,U-1,90.00,GBP,@-3,@-2,Payer One
nuapay-uk,Upay2,U-2,80.00,GBP,@-200,@-199,Payer Two
nuapay-uk,Upaynew,U-NEW,70.00,GBP,@-1,,Payer New
nuapay-uk,Upayold,U-OLD,60.00,GBP,@-545,@-544,Payer Old
nuapay-eu,Epay1,E-1,90.00,EUR,@-40,@-39,Payer Three
hub-us,pay-ann,A-1,200.00,USD,@-12,@-10,Ann Ash
";

fn shop() -> Shop {
    Shop::bare(&stock::dated(STOCK))
}

fn stocked() -> Shop {
    Shop::with(&stock::dated(STOCK))
}

/// What became of each account.
fn sync(desk: &Desk) -> BTreeMap<String, Value> {
    let reports = desk.json(["sync"]).exits(0).objects();
    let named = |it: Value| (it["account"].as_str().unwrap().to_owned(), it);
    reports.into_iter().map(named).collect()
}

/// A refund that the merchant makes in the provider's own console.
fn made_elsewhere(shop: &Shop, account: &str, payment: &str, amount: &str) {
    let key = shop
        .sandbox
        .config()
        .with_file_name(format!("{account}.key"));
    let key = fs::read_to_string(key).unwrap();
    let login = BASE64_STANDARD.encode(format!("{}:", key.trim()));
    let currency = if account == "nuapay-uk" { "GBP" } else { "EUR" };
    let mut body = json!({
        "refundAmount": 0,
        "currency": currency,
        "remittanceInformation": { "reference": "CONSOLE" },
        "endToEndIdentification": "CONSOLE1",
    });
    if currency == "EUR" {
        body["remittanceInformation"] = json!({ "unstructured": "CONSOLE" });
    }
    // `5.00+1.50`: with compensation on top.
    let numbers = match amount.split_once('+') {
        Some((amount, on_top)) => format!("{amount},\"compensationAmount\":{on_top}"),
        None => amount.to_owned(),
    };
    let body = body
        .to_string()
        .replace("\"refundAmount\":0", &format!("\"refundAmount\":{numbers}"));
    let address = shop.sandbox.address();
    let mut stream = TcpStream::connect(&address).unwrap();
    let request = format!(
        "POST /nuapay/tpp/payments/{payment}/refunds HTTP/1.1\r\nhost: {address}\r\n\
         authorization: Basic {login}\r\ncontent-type: application/json\r\n\
         idempotency-key: console-{payment}-{amount}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 201"), "{reply}");
}

#[test]
fn an_empty_cache_is_filled_with_just_what_can_be_refunded() {
    let shop = shop();
    let reports = sync(&shop.desk);
    assert_eq!(reports["hub-us"]["skipped"], true);
    assert_eq!(reports["prism-us"]["skipped"], true);
    let new = |account: &str| reports[account]["new"].as_u64();
    assert_eq!((new("nuapay-uk"), new("nuapay-eu")), (Some(2), Some(1)));
    let payments = shop.desk.json(["payments"]).exits(0).objects();
    let known: Vec<&str> = payments
        .iter()
        .map(|it| it["reference"].as_str().unwrap())
        .collect();
    assert_eq!(known, ["U-1", "E-1", "U-2"]);
    for payment in &payments {
        assert_eq!(
            (&payment["verified"], &payment["refundable"]),
            (&true.into(), &true.into())
        );
        assert!(payment["payer"].as_str().unwrap().starts_with("Payer"));
    }
    let card = shop.desk.payment("U-1");
    assert_eq!(card["source"]["file"], "sync");
    let day = card["settled_at"].as_str().unwrap()[..10].to_owned();
    assert_eq!(
        day,
        (stock::today() - chrono::TimeDelta::days(2)).to_string()
    );
    let again = sync(&shop.desk);
    assert_eq!(
        again["nuapay-uk"]["unchanged"], 1,
        "the last 14 days: {again:#?}"
    );
    assert_eq!(again["nuapay-uk"]["new"], 0);
    let told = shop.desk.json(["audit", "show"]).exits(0).stdout;
    assert_eq!(told.matches("account.synced").count(), 4, "{told}");
}

#[test]
fn a_balance_is_marked_until_its_refunds_were_read() {
    let shop = stocked();
    assert_eq!(shop.desk.payment("U-1")["verified"], false);
    assert_eq!(shop.desk.payment("A-1")["verified"], Value::Null);
    let listed = shop.desk.run(["payments"]).exits(0).stdout;
    assert!(
        listed.contains("~90.00") && !listed.contains("~200.00"),
        "{listed}"
    );
    made_elsewhere(&shop, "nuapay-uk", "Upay2", "15.00");
    let reports = sync(&shop.desk);
    assert_eq!(reports["nuapay-uk"]["found"], 1, "{reports:#?}");
    assert_eq!(reports["nuapay-uk"]["new"], 0);
    let payment = shop.desk.payment("U-2");
    assert_eq!(payment["verified"], true);
    assert_eq!(
        payment["external_refunds"][0]["source"], "sync",
        "{payment:#}"
    );
    assert_eq!(payment["available"], "65.00", "{payment:#}");
    let listed = shop
        .desk
        .run(["payments", "--account", "nuapay-uk"])
        .exits(0)
        .stdout;
    assert!(!listed.contains("~90.00"), "{listed}");
    // Found once, whatever comes after.
    assert_eq!(sync(&shop.desk)["nuapay-uk"]["found"], 0);
    let verified = shop
        .desk
        .json(["payment", "U-2", "--verify"])
        .exits(0)
        .object();
    assert_eq!(verified["external_refunds"].as_array().unwrap().len(), 1);
    assert_eq!(verified["available"], "65.00");
}

#[test]
fn ours_are_counted_once() {
    let shop = stocked();
    shop.refund("U-1", "10.02", &["--wait"]).exits(0);
    shop.refund("E-1", "10.04", &["--wait=0s"]).exits(0);
    let reports = sync(&shop.desk);
    assert_eq!(
        (
            &reports["nuapay-uk"]["refunds"],
            &reports["nuapay-uk"]["found"]
        ),
        (&1.into(), &0.into())
    );
    assert_eq!(
        (
            &reports["nuapay-eu"]["refunds"],
            &reports["nuapay-eu"]["found"]
        ),
        (&1.into(), &0.into())
    );
    assert_balance(&shop.desk.payment("U-1"), "10.02", "0.00", "79.98");
    assert_eq!(shop.desk.payment("E-1")["available"], "79.96");
}

/// Verified or not: the list is read before the send, and what is gone is not promised again.
#[test]
fn what_was_given_back_elsewhere_stops_a_send_that_it_leaves_no_room_for() {
    let shop = stocked();
    sync(&shop.desk);
    for (account, payment, reference) in
        [("nuapay-uk", "Upay1", "U-1"), ("nuapay-eu", "Epay1", "E-1")]
    {
        made_elsewhere(&shop, account, payment, "50.00");
        let refund = shop
            .refund(reference, "60.00", &["--wait=0s"])
            .exits(5)
            .object();
        assert_eq!(refund["state"], "awaiting_approval", "{refund:#}");
        assert_eq!(refund["attempts"], 0);
        assert_eq!(shop.payouts(payment), ["50.00"]);
        assert_eq!(shop.desk.payment(reference)["available"], "-20.00");
    }
    // Where there is room, it goes.
    made_elsewhere(&shop, "nuapay-uk", "Upay2", "50.00");
    shop.refund("U-2", "30.00", &["--wait"]).exits(0);
    assert_balance(&shop.desk.payment("U-2"), "30.00", "50.00", "0.00");
}

/// What was paid on top in the provider's own console takes nothing from what is available, and counts
/// toward the cap: what was composed before is not sent beyond it, and no more is promised.
#[test]
fn compensation_paid_elsewhere_counts_toward_the_cap() {
    let shop = stocked();
    let capped = r#"cap_per_payment = "90.00""#;
    let desk =
        shop.reconfigured(|text| text.replacen(r#"cap_per_payment = "unlimited""#, capped, 1));
    sync(&desk);
    made_elsewhere(&shop, "nuapay-uk", "Upay1", "50.00+12.50");
    let refund = |amount: &str, more: &[&str]| {
        let fixed = ["refund", "U-1", "--amount", amount];
        let why = ["--reason", "customer_request"];
        desk.json(fixed.iter().chain(&why).chain(more))
    };
    let refund_of_40 = refund("40.00", &["--wait=0s"]).exits(5).object();
    assert_eq!(refund_of_40["state"], "awaiting_approval");
    assert_eq!(shop.payouts("Upay1"), ["50.00"]);
    let id = refund_of_40["id"].as_str().unwrap();
    desk.json(["cancel", id]).exits(0);

    let payment = desk.payment("U-1");
    assert_balance(&payment, "0.00", "50.00", "40.00");
    assert_eq!(payment["can_refund"], "27.50", "{payment:#}");
    assert_eq!(payment["compensation"]["held"], "12.50");
    assert_eq!(payment["external_refunds"][0]["compensation"], "12.50");
    let ran = refund("27.51", &["--dry-run"]).exits(3);
    assert!(
        ran.stderr
            .contains("cap per payment: 90.00 GBP, 27.50 GBP left"),
        "{}",
        ran.stderr
    );
    refund("27.50", &["--wait"]).exits(0);
    assert_eq!(shop.payouts("Upay1"), ["50.00", "27.50"]);
}

#[test]
fn a_list_that_cannot_be_read_sends_nothing() {
    let shop = stocked();
    let (address, asked) = unwilling();
    let sandbox = shop.sandbox.address();
    let desk = shop.reconfigured(|text| {
        text.replace(&format!("{sandbox}/nuapay"), &format!("{address}/nuapay"))
    });
    let command = [
        "refund",
        "E-1",
        "--amount",
        "20.00",
        "--reason",
        "customer_request",
        "--wait=0s",
    ];
    let ran = desk.json(command).exits(6);
    assert!(ran.error()["code"].is_string());
    let refund = &shop.desk.refunds()[0];
    assert_eq!(
        (&refund["state"], &refund["attempts"]),
        (&"approved".into(), &0.into())
    );
    assert!(
        refund["said"].as_str().unwrap().contains("list"),
        "{refund:#}"
    );
    let asked: Vec<String> = asked.try_iter().collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|it| it.starts_with("GET ")),
        "{asked:?}"
    );
    assert!(shop.payouts("Epay1").is_empty());
    // Later it goes, once.
    shop.track("90s").exits(0);
    assert_eq!(shop.payouts("Epay1"), ["20.00"]);
}

/// A provider that answers every question with 503, and tells what it was asked.
fn unwilling() -> (String, Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, asked) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = message(&mut stream);
            let _ = tell.send(String::from_utf8_lossy(&request).into_owned());
            let _ = stream.write_all(
                b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            );
        }
    });
    (address, asked)
}

#[test]
fn one_account_that_does_not_answer_leaves_the_others_their_work() {
    let shop = shop();
    let (address, _asked) = unwilling();
    let sandbox = shop.sandbox.address();
    let desk = shop.reconfigured(|text| {
        let (before, eu) = text.split_once("[accounts.nuapay-eu]").unwrap();
        let eu = eu.replacen(
            &format!("{sandbox}/nuapay"),
            &format!("{address}/nuapay"),
            1,
        );
        format!("{before}[accounts.nuapay-eu]{eu}")
    });
    let ran = desk.json(["sync"]).exits(6);
    let error = ran.error();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("nuapay-eu: "),
        "{error:#}"
    );
    assert_eq!(ran.objects().len(), 4);
    assert_eq!(shop.desk.json(["payments"]).exits(0).objects().len(), 2);
    // The next one starts where this one could not.
    assert_eq!(sync(&shop.desk)["nuapay-eu"]["new"], 1);
}

#[test]
fn a_sync_is_refused_where_nothing_may_be_asked_or_written() {
    let shop = shop();
    sync(&shop.desk);
    let before = shop.desk.everything();
    let refused = |arguments: &[&str], code: i32| {
        shop.desk.json(arguments).exits(code).error()["code"].clone()
    };
    assert_eq!(refused(&["sync", "--offline"], 3), "offline");
    assert_eq!(refused(&["sync", "--read-only"], 3), "read_only");
    assert_eq!(refused(&["sync", "nuapay-us"], 2), "unknown_account");
    assert_eq!(shop.desk.everything(), before);
    let only = shop.desk.json(["sync", "hub-us"]).exits(0).object();
    assert_eq!(only["skipped"], true);
}
