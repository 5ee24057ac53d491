//! `demo`: every account and currency it shows can be refunded there.

use serde_json::Value;

use super::desk::Desk;
use crate::folder::in_memory;
use crate::terminal::screen::{Size, Terminal};

const SIZE: Size = Size {
    rows: 24,
    columns: 80,
};

#[test]
fn each_account_and_currency_of_the_demo_has_payments_and_refunds_them() {
    let folder = in_memory();
    let data = folder.path();
    let mut open = Terminal::start(SIZE, &["demo", "--data-dir", data.to_str().unwrap()]);
    open.wait_for("2 000");
    let desk = Desk {
        config: data.join("config.toml"),
        data: data.to_owned(),
    };
    let payments = desk.json(["payments", "--refundable"]).exits(0).objects();
    for (account, currency, amount) in [
        ("hub-us", "USD", "2.50"),
        ("nuapay-uk", "GBP", "2.50"),
        ("nuapay-eu", "EUR", "2.50"),
        ("prism-us", "USD", "2.50"),
        ("prism-us", "JPY", "250"),
        ("prism-us", "KWD", "2.500"),
    ] {
        let fits = |it: &&Value| it["account"] == account && it["currency"] == currency;
        let payment = payments.iter().find(fits);
        let payment = payment.unwrap_or_else(|| panic!("no {currency} at {account}"));
        let id = payment["id"].as_str().unwrap();
        let why = ["--reason", "customer_request", "--again", "--wait=30s"];
        let fixed = ["refund", id, "--amount", amount];
        let refund = desk.json(fixed.iter().chain(&why)).exits(0).object();
        assert_eq!(refund["state"], "succeeded", "{account}: {refund:#}");
    }
    open.keys("q");
}
