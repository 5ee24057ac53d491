//! The column "Nuapay" of product.md, for both accounts: one calls with tokens, one with its key.

use serde_json::Value;

use super::shop::{Shop, assert_balance};
use super::{book, stock};

/// A payment of 90.00 for each pair of cents, at both accounts.
fn shop() -> Shop {
    let mut text =
        "account,payment_id,reference,amount,currency,captured_at,settled_at,payer\n".to_owned();
    for cents in 0..10 {
        for (account, letter, currency) in [("nuapay-uk", 'U', "GBP"), ("nuapay-eu", 'E', "EUR")] {
            text.push_str(&format!(
                "{account},{letter}pay0{cents},{letter}-{cents},90.00,{currency},@-3{cents},@-2{cents},Payer {letter}{cents}\n"
            ));
        }
    }
    text.push_str("nuapay-uk,Upaynew,U-NEW,90.00,GBP,@-1,,Payer New\n");
    text.push_str("nuapay-uk,Upayold,U-OLD,90.00,GBP,@-540,@-539,Payer Old\n");
    text.push_str("nuapay-eu,Epaylast,E-LAST,90.00,EUR,@-539,@-538,Payer Last\n");
    Shop::with(&stock::dated(&text))
}

/// Refunds 10.CC of the payment and waits.
fn refund(shop: &Shop, letter: char, cents: u8, wait: &str, code: i32) -> Value {
    let payment = format!("{letter}-{cents}");
    let amount = format!("10.0{cents}");
    shop.refund(&payment, &amount, &[wait]).exits(code).object()
}

fn seen(refund: &Value, meaning: &str) -> bool {
    let observations = refund["observations"].as_array().unwrap();
    observations
        .iter()
        .any(|it| it["meaning"].as_str().unwrap().contains(meaning))
}

fn sends(refund: &Value) -> usize {
    refund["attempt_log"][0]["sends"].as_array().unwrap().len()
}

fn paid(shop: &Shop, letter: char, cents: u8) -> Vec<String> {
    shop.payouts(&format!("{letter}pay0{cents}"))
}

fn balance(shop: &Shop, letter: char, cents: u8, figures: [&str; 3]) {
    let payment = shop.desk.payment(&format!("{letter}-{cents}"));
    assert_balance(&payment, figures[0], figures[1], figures[2]);
}

/// Once paid, found or answered, and nothing held any more.
fn assert_paid_once(shop: &Shop, letter: char, cents: u8, refund: &Value) {
    assert_eq!(refund["state"], "succeeded", "{refund:#}");
    let amount = format!("10.0{cents}");
    assert_eq!(paid(shop, letter, cents), [amount.as_str()]);
    let left = format!("79.{}", 100 - u32::from(cents));
    let left = if cents == 0 { "80.00" } else { &left };
    balance(shop, letter, cents, [&amount, "0.00", left]);
}

#[test]
fn else_and_05_are_pending_then_succeed() {
    let shop = shop();
    for (letter, cents) in [('U', 0), ('E', 0), ('U', 5)] {
        let refund = refund(&shop, letter, cents, "--wait", 0);
        assert!(seen(&refund, "pending 10.0"), "{refund:#}");
        assert_paid_once(&shop, letter, cents, &refund);
    }
    let line = &book::read(&shop.sandbox.book())[0];
    let reference = line["correlation"].as_str().unwrap();
    assert_eq!(
        (line["account"].as_str(), reference.len()),
        (Some("nuapay-uk"), 31)
    );
}

#[test]
fn cents_01_are_rejected_and_give_the_amount_free() {
    let shop = shop();
    let refund = refund(&shop, 'U', 1, "--wait", 1);
    assert_eq!(refund["state"], "failed");
    let said = refund["said"].as_str().unwrap_or_default();
    assert!(said.contains("5016 not enough money"), "{refund:#}");
    assert_eq!(refund["class"], "no_funds", "{refund:#}");
    assert!(paid(&shop, 'U', 1).is_empty());
    balance(&shop, 'U', 1, ["0.00", "0.00", "90.00"]);
}

#[test]
fn cents_02_and_09_are_unknown_then_found_by_our_reference() {
    let shop = shop();
    for (letter, cents) in [('U', 2), ('E', 9)] {
        let refund = refund(&shop, letter, cents, "--wait", 0);
        assert!(seen(&refund, "in doubt"), "{refund:#}");
        assert_eq!((&refund["attempts"], sends(&refund)), (&1.into(), 1));
        assert_paid_once(&shop, letter, cents, &refund);
    }
}

#[test]
fn cents_03_and_08_are_absent_and_sent_again_under_the_same_key() {
    let shop = shop();
    for (letter, cents) in [('E', 3), ('U', 8)] {
        let refund = refund(&shop, letter, cents, "--wait", 0);
        assert!(
            seen(&refund, "in doubt") && seen(&refund, "not found"),
            "{refund:#}"
        );
        assert_eq!((&refund["attempts"], sends(&refund)), (&1.into(), 2));
        assert_paid_once(&shop, letter, cents, &refund);
    }
}

#[test]
fn cents_04_stay_pending_and_held() {
    let shop = shop();
    let refund = refund(&shop, 'U', 4, "--wait=1s", 0);
    assert_eq!(refund["state"], "pending");
    shop.track("1s").exits(6);
    balance(&shop, 'U', 4, ["0.00", "10.04", "79.96"]);
}

#[test]
fn cents_06_need_a_person_and_hold_the_larger_amount() {
    let shop = shop();
    let refund = refund(&shop, 'E', 6, "--wait", 5);
    assert_eq!(
        (&refund["state"], &refund["reported"]),
        (&"action_required".into(), &"11.06".into())
    );
    assert_eq!(paid(&shop, 'E', 6), ["11.06"]);
    balance(&shop, 'E', 6, ["0.00", "11.06", "78.94"]);
}

#[test]
fn cents_07_are_turned_away_once_and_go_through() {
    let shop = shop();
    let refund = refund(&shop, 'U', 7, "--wait", 0);
    assert!(seen(&refund, "turned away"), "{refund:#}");
    assert_paid_once(&shop, 'U', 7, &refund);
}

/// Tokens end with the service's memory of nothing: they are signed, and a desk that was told
/// otherwise asks for another.
#[test]
fn a_restart_of_the_provider_in_between_changes_nothing() {
    let mut shop = shop();
    refund(&shop, 'U', 2, "--wait=0s", 4);
    shop.sandbox.restart();
    shop.track("90s").exits(0);
    let refund = shop
        .desk
        .status(shop.desk.refunds()[0]["id"].as_str().unwrap());
    assert_paid_once(&shop, 'U', 2, &refund);
}

/// The partner's own key refunds nothing (fact sheet 2).
#[test]
fn a_partner_refunds_with_a_token_of_the_merchant_it_acts_for() {
    let shop = shop();
    let partner = |organisation: &str| {
        let key = format!("api_key = \"file:nuapay-partner.key\"\n{organisation}");
        shop.reconfigured(|text| text.replacen("api_key = \"file:nuapay-uk.key\"", &key, 1))
    };
    let answers = |organisation: &str| {
        let lines = partner(organisation).json(["doctor"]).objects();
        let ours = |line: &&Value| {
            line["check"] == "provider" && line["said"].to_string().contains("nuapay-uk")
        };
        lines.iter().find(ours).unwrap()["status"] == "ok"
    };
    assert!(!answers(""));
    assert!(
        !answers("organisation = \"org0000009\""),
        "no such merchant"
    );
    let merchant = "organisation = \"org0000001\"";
    assert!(answers(merchant));
    let fixed = ["refund", "U-0", "--amount", "10.00", "--wait"];
    let why = ["--reason", "customer_request"];
    let refund = partner(merchant).json(fixed.iter().chain(&why));
    assert_paid_once(&shop, 'U', 0, &refund.exits(0).object());
}

#[test]
fn what_is_not_received_or_too_old_is_refused_and_the_last_day_warned_of() {
    let shop = shop();
    for (payment, code) in [("U-NEW", "unsettled"), ("U-OLD", "too_old")] {
        let ran = shop.refund(payment, "1.00", &[]).exits(3);
        assert_eq!(ran.error()["code"], code);
    }
    let preview = shop
        .refund("E-LAST", "1.00", &["--dry-run"])
        .exits(0)
        .object();
    let limits = preview["limits"].to_string();
    assert!(limits.contains("closes soon"), "{limits}");
    assert!(limits.contains("largest single refund"), "{limits}");
}

/// The three limits of the account: each refuses by its name, and unset ones only warn.
#[test]
fn the_accounts_limits_are_enforced_and_named() {
    let shop = shop();
    let refused = |from: &str, to: &str, amount: &str| {
        let desk = shop.reconfigured(|text| text.replacen(from, to, 1));
        let command = [
            "refund", "U-0", "--amount", amount, "--reason", "other", "--note", "n",
        ];
        desk.json(command).exits(3).error()
    };
    let cap = "cap_per_payment = \"unlimited\"";
    let error = refused(cap, "cap_per_payment = \"8.50\"", "9.00");
    assert_eq!(error["code"], "over_limit");
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("cap per payment: 8.50 GBP"), "{said}");
    assert_eq!(
        refused(cap, "cap_per_payment = 0", "1.00")["code"],
        "cap_zero"
    );
    let percent = "max_percent = 100";
    let said = refused(percent, "max_percent = 5", "4.51");
    let said = said["message"].as_str().unwrap();
    assert!(said.contains("4.50 GBP, 5% of 90.00 GBP"), "{said}");
    assert_eq!(refused(percent, "", "1.00")["code"], "percent_zero");
    let period = "period_days = 540";
    assert_eq!(
        refused(period, "period_days = 10", "1.00")["code"],
        "too_old"
    );
    assert_eq!(
        refused(period, "period_days = 0", "1.00")["code"],
        "period_zero"
    );
    let unset = "max_percent = 0\nzero_means = \"unset\"";
    let desk = shop.reconfigured(|text| text.replacen(percent, unset, 1));
    let command = [
        "refund",
        "U-0",
        "--amount",
        "5.00",
        "--reason",
        "customer_request",
        "--wait",
    ];
    assert_eq!(desk.json(command).exits(0).object()["state"], "succeeded");
}

#[test]
fn the_doctor_finds_both_accounts() {
    let shop = shop();
    let lines = shop.desk.json(["doctor"]).exits(0).objects();
    for account in ["nuapay-uk", "nuapay-eu"] {
        let ours = |line: &&Value| {
            line["check"] == "provider" && line["said"].to_string().contains(account)
        };
        let line = lines.iter().find(ours);
        assert_eq!(
            line.map(|line| &line["status"]),
            Some(&"ok".into()),
            "{lines:#?}"
        );
    }
}
