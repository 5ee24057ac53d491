//! What happened outside this desk: shown, linked, cleared up, and in the way until it is.

use serde_json::Value;

use super::desk::Ran;
use super::shop::{Shop, assert_balance};
use super::stock;

/// Imports one row about A-1 of the stock, with a payer, an amount and what was refunded.
fn news(shop: &Shop, payer: &str, amount: &str, refunded: &str) {
    let content = format!(
        "account,payment_id,amount,currency,captured_at,payer,refunded\n\
         hub-us,pay-ann,{amount},USD,@-12,{payer},{refunded}\n"
    );
    let path = shop.write("news.csv", stock::dated(&content));
    shop.desk
        .run(["import".as_ref(), path.as_os_str()])
        .exits(0);
}

fn resolve(shop: &Shop, id: &str, more: &[&str]) -> Ran {
    let fixed = ["discrepancies", "resolve", id, "--note", "looked into it"];
    shop.desk.json(fixed.iter().chain(more))
}

fn open(shop: &Shop) -> Vec<Value> {
    shop.desk.json(["discrepancies"]).exits(0).objects()
}

#[test]
fn a_refund_made_elsewhere_overdraws_blocks_and_turns_out_to_be_ours() {
    let shop = Shop::open();
    let refund = shop
        .refund("A-1", "100.00", &["--wait", "--as", "mia"])
        .exits(0)
        .object();
    let refund = refund["id"].as_str().unwrap();
    news(&shop, "Ann Ash", "200.00", "150.00");
    let payment = shop.desk.payment("A-1");
    assert_balance(&payment, "250.00", "0.00", "-50.00");
    assert_eq!(payment["why_not"], "blocked");
    assert_eq!(payment["can_refund"], "0.00");
    assert_eq!(payment["external_refunds"][0]["amount"], "150.00");
    assert_eq!(payment["discrepancies"][0]["kind"], "overdrawn");
    assert_adds_up(&payment);
    let refused = shop.refund("A-1", "1.00", &[]).exits(3);
    assert_eq!(refused.error()["code"], "blocked");
    let card = shop.desk.run(["payment", "A-1"]).exits(0).stdout;
    for words in ["-50.00", "elsewhere 1", "nothing is sent on this payment"] {
        assert!(card.contains(words), "{words:?} is not in {card}");
    }

    let link = |who: &str| {
        let typed = [
            "external",
            "link",
            "1",
            "--refund",
            refund,
            "--note",
            "same reference",
            "--as",
            who,
        ];
        shop.desk.json(typed)
    };
    assert_eq!(link("mia").exits(3).error()["code"], "not_allowed");
    assert_eq!(link("cora").exits(0).object()["linked_refund"], refund);
    let payment = shop.desk.payment("A-1");
    assert_balance(&payment, "150.00", "0.00", "50.00");
    assert_eq!(
        payment["why_not"], "blocked",
        "until somebody says it is clear"
    );
    assert_adds_up(&payment);
    let observed = shop.desk.status(refund)["observations"].clone();
    assert_eq!(
        observed.as_array().unwrap().last().unwrap()["source"],
        "import"
    );

    let id = open(&shop)[0]["id"].to_string();
    let closed = resolve(&shop, &id, &["--as", "cora"]).exits(0).object();
    assert_eq!(closed["resolved_by"], "cora");
    assert!(open(&shop).is_empty());
    let all = shop
        .desk
        .json(["discrepancies", "--all"])
        .exits(0)
        .objects();
    assert_eq!(all.len(), 1);
    assert_eq!(
        resolve(&shop, &id, &[]).exits(3).error()["code"],
        "not_allowed"
    );
    let payment = shop.desk.payment("A-1");
    assert_eq!(
        (&payment["why_not"], &payment["can_refund"]),
        (&Value::Null, &"50.00".into())
    );
    shop.refund("A-1", "50.00", &["--wait"]).exits(0);

    let unlink = [
        "external",
        "unlink",
        "1",
        "--note",
        "it was another one",
        "--as",
        "cora",
    ];
    shop.desk.json(unlink).exits(0);
    let payment = shop.desk.payment("A-1");
    assert_balance(&payment, "300.00", "0.00", "-100.00");
    assert_eq!(open(&shop)[0]["kind"], "overdrawn");
    assert_eq!(shop.payouts("pay-ann"), ["100.00", "50.00"]);
}

/// The lines of the balance add up to what is available.
#[track_caller]
fn assert_adds_up(payment: &Value) {
    let lines = payment["balance"].as_array().unwrap();
    let minor = |line: &Value| super::book::minor(&line["amount"]);
    let available = lines
        .iter()
        .position(|line| line["label"] == "available")
        .unwrap();
    let sum: i64 = lines[..available].iter().map(minor).sum();
    assert_eq!(sum, minor(&lines[available]), "{payment:#}");
    assert!(
        lines.iter().all(|line| line["label"] != "other"),
        "{payment:#}"
    );
}

#[test]
fn another_payer_waits_for_a_checker() {
    let shop = Shop::open();
    news(&shop, "Eve Else", "200.00", "30.00");
    let payment = shop.desk.payment("A-1");
    assert_eq!(payment["payer"], "A… A…");
    // What went back counts, whoever it is said to have gone to.
    assert_eq!(payment["refunded"], "30.00");
    let found = open(&shop);
    assert_eq!((found.len(), &found[0]["kind"]), (1, &"file_payer".into()));
    assert_eq!(found[0]["proposed"], "E… E…");
    let told = shop.desk.json(["reveal", "A-1"]).exits(0).object();
    assert_eq!(told["proposed_payers"][0], "Eve Else");
    assert_eq!(found[0]["blocks"], false);
    let id = found[0]["id"].to_string();
    let assign = ["discrepancies", "assign", &id, "--owner", "cora"];
    assert_eq!(shop.desk.json(assign).exits(0).object()["owner"], "cora");
    resolve(&shop, &id, &["--accept", "--as", "cora"]).exits(0);
    assert_eq!(shop.desk.payment("A-1")["payer"], "E… E…");
}

#[test]
fn another_amount_is_never_accepted() {
    let shop = Shop::open();
    news(&shop, "Ann Ash", "300.00", "");
    let id = open(&shop)[0]["id"].to_string();
    let error = resolve(&shop, &id, &["--accept"]).exits(3).error();
    assert!(
        error["message"].as_str().unwrap().contains("never changes"),
        "{error}"
    );
    assert_eq!(shop.desk.payment("A-1")["amount"], "200.00");
    resolve(&shop, &id, &[]).exits(0);
    assert_eq!(
        resolve(&shop, "99", &[]).exits(3).error()["code"],
        "not_found"
    );
}
