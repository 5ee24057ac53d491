//! Mastercard A2A as a desk lives it: the real service with its listener, mutual TLS and signatures,
//! against the simulated network, in both roles; the bank leg by payment file and statement.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::book;
use super::serve::Service;
use super::shop::{Shop, assert_balance};
use super::stock;

/// The last of these is also a payment that the desk's own bank role knows.
pub const PAYMENTS: [&str; 3] = ["A2A-1", "A2A-2", "A2A-3"];
const OURS: &str = "128361739311340003";

/// A shop with three payments of 90.00, one of them made by a customer of `a2a-bank`.
pub fn shop() -> Shop {
    let mut text =
        "account,payment_id,reference,amount,currency,captured_at,settled_at,payer\n".to_owned();
    for (number, reference) in (1..).zip(PAYMENTS) {
        text.push_str(&format!(
            "a2a-uk,12836173931134000{number},{reference},90.00,GBP,@-9,@-8,Payer {number}\n"
        ));
    }
    text.push_str(&format!(
        "a2a-bank,{OURS},BANK-3,90.00,GBP,@-9,@-8,Payer 3\n"
    ));
    Shop::with(&stock::dated(&text))
}

/// What another process does cannot be awaited, only looked for.
#[track_caller]
pub fn wait_for<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = seen() {
            return found;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come about: {what}");
}

/// Waits until a refund is in a state.
#[track_caller]
pub fn wait_until(shop: &Shop, id: &str, state: &str) -> Value {
    wait_for(&format!("{id} {state}"), || {
        let refund = shop.desk.status(id);
        (refund["state"] == state).then_some(refund)
    })
}

pub fn compose(shop: &Shop, payment: &str, amount: &str) -> String {
    let typed = [
        "refund",
        payment,
        "--amount",
        amount,
        "--reason",
        "duplicate",
        "--as",
        "mia",
    ];
    let composed = shop.desk.json(typed);
    assert!(matches!(composed.code, Some(0 | 4 | 5)), "{composed:#?}");
    composed.object()["id"].as_str().unwrap().to_owned()
}

fn transfers(shop: &Shop) -> Value {
    shop.desk.json(["transfers", "--all"]).exits(0).object()
}

/// Two people have the payment file written; where it is, and its number.
fn payment_file(shop: &Shop, name: &str) -> PathBuf {
    let to = shop.file(name);
    let path = to.to_str().unwrap();
    let proposed = shop
        .desk
        .json(["transfers", "--to", path, "--as", "mia"])
        .exits(5)
        .object();
    assert!(!to.exists(), "one person does not have a file written");
    let (file, seen) = (
        proposed["file"].to_string(),
        proposed["sha256"].as_str().unwrap(),
    );
    let typed = [
        "transfers",
        "--to",
        path,
        "--file",
        &file,
        "--seen",
        seen,
        "--as",
    ];
    let same = shop.desk.json(typed.iter().chain(&["mia"]));
    assert!(
        matches!(same.code, Some(3 | 5)) && !to.exists(),
        "{same:#?}"
    );
    shop.desk.json(typed.iter().chain(&["ben"])).exits(0);
    to
}

/// The bank carries a file out and tells so; where its statement is.
fn statement(shop: &Shop, file: &PathBuf) -> PathBuf {
    let name = file.file_name().unwrap();
    fs::copy(file, shop.sandbox.kept("payment-files").join(name)).unwrap();
    let told = format!("statements/camt054-{}", name.to_str().unwrap());
    let told = shop.sandbox.kept(&told);
    wait_for("a statement", || told.exists().then_some(told.clone()))
}

fn reconcile(shop: &Shop, file: &Path) -> Value {
    let typed = ["reconcile".as_ref(), file.as_os_str()];
    shop.desk.json(typed).exits(0).objects().remove(0)
}

#[test]
fn a_refund_goes_its_three_legs_once() {
    let shop = shop();
    let service = Service::start(&shop.desk);
    let id = compose(&shop, "A2A-1", "12.34");
    let due = wait_until(&shop, &id, "action_required");
    assert!(due["provider_refund_id"].is_string(), "{due:#}");
    assert_balance(&shop.desk.payment("A2A-1"), "0.00", "12.34", "77.66");
    let file = payment_file(&shop, "pay.xml");
    let xml = fs::read_to_string(&file).unwrap();
    let known = transfers(&shop);
    let transfer = &known["transfers"][0];
    let end_to_end = transfer["end_to_end"].as_str().unwrap();
    assert!(xml.contains(end_to_end) && xml.contains(">12.34<"), "{xml}");
    // Nothing is due any more: it is in a live file.
    shop.desk
        .json([
            "transfers",
            "--to",
            shop.file("two.xml").to_str().unwrap(),
            "--as",
            "ben",
        ])
        .exits(3);
    let told = statement(&shop, &file);
    assert_eq!(reconcile(&shop, &told)["paid"], 1);
    let settled = wait_until(&shop, &id, "settled");
    assert_eq!(shop.payouts("128361739311340001"), ["12.34"]);
    assert_eq!(reconcile(&shop, &told)["known"], 1);
    assert_balance(&shop.desk.payment("A2A-1"), "12.34", "0.00", "77.66");
    let line = &book::read(&shop.sandbox.book())[0];
    assert_eq!(line["provider_refund_id"], settled["provider_refund_id"]);
    // The full account number is in the file for the bank alone.
    let number = xml
        .split("<IBAN>")
        .nth(2)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let said = format!("{settled} {known} {}", shop.desk.everything());
    assert!(
        !said.contains(number),
        "the account number is shown unasked"
    );
    // Asked for by name it is, and the audit says who saw it.
    let shown = shop.desk.json(["reveal", &id, "--as", "ben"]).exits(0);
    assert_eq!(shown.object()["account"]["number"], number);
    let told = shop.desk.json(["audit", "show", "--limit", "1000"]);
    let told = told.exits(0).objects();
    let seen: Vec<&Value> = told
        .iter()
        .filter(|it| it["action"] == "account.revealed")
        .collect();
    assert_eq!((seen.len(), &seen[0]["actor"]), (1, &"ben".into()));
    assert_eq!(service.end("TERM"), Some(0));
}

#[test]
fn the_column_of_the_network() {
    let shop = shop();
    let service = Service::start(&shop.desk);
    // 02: processed, reply lost; 03: cut before; 08: not ready; 09: garbage. The same bytes go again.
    for (payment, cents) in [
        ("A2A-1", "02"),
        ("A2A-1", "03"),
        ("A2A-2", "08"),
        ("A2A-2", "09"),
    ] {
        let id = compose(&shop, payment, &format!("10.{cents}"));
        let refund = wait_until(&shop, &id, "action_required");
        let attempts = refund["attempt_log"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{refund:#}");
        let sends = attempts[0]["sends"].as_array().unwrap().len();
        // Where it was taken in, the advice may be quicker than the repeat.
        let quicker = ["02", "09"].contains(&cents) && sends == 1;
        assert!(sends == 2 || quicker, "{refund:#}");
    }
    // 04: no advice ever comes.
    let silent = compose(&shop, "A2A-2", "10.04");
    let refund = wait_until(&shop, &silent, "pending");
    assert!(refund["next_look_at"].is_string() || refund["state"] == "pending");
    let due = transfers(&shop)["transfers"].as_array().unwrap().len();
    assert_eq!(due, 4, "each advised once");
    let told = statement(&shop, &payment_file(&shop, "all.xml"));
    assert_eq!(reconcile(&shop, &told)["paid"], 4);
    wait_for("all confirmed", || {
        let open = shop.desk.json(["refunds", "--open"]).exits(0).objects();
        (open.len() == 1).then_some(())
    });
    assert_eq!(book::read(&shop.sandbox.book()).len(), 4);
    assert_eq!(shop.desk.status(&silent)["state"], "pending");
    assert_eq!(service.end("TERM"), Some(0));
}

#[test]
fn what_the_bank_returns_came_back() {
    let shop = shop();
    let service = Service::start(&shop.desk);
    let id = compose(&shop, "A2A-1", "10.05");
    wait_until(&shop, &id, "action_required");
    let paid = statement(&shop, &payment_file(&shop, "pay.xml"));
    assert_eq!(reconcile(&shop, &paid)["paid"], 1);
    wait_for("confirmed", || {
        let state = shop.desk.status(&id)["state"].clone();
        matches!(state.as_str(), Some("succeeded" | "settled")).then_some(())
    });
    let folder = shop.sandbox.kept("statements");
    let told = wait_for("a return", || {
        let files = fs::read_dir(&folder).unwrap();
        files
            .map(|it| it.unwrap().path())
            .find(|it| it.to_str().is_some_and(|it| it.contains("return")))
    });
    let read = reconcile(&shop, &told);
    assert_eq!(
        read["returned"],
        1,
        "{read:#} {}",
        fs::read_to_string(&told).unwrap()
    );
    assert_eq!(shop.desk.status(&id)["state"], "reversed");
    assert_balance(&shop.desk.payment("A2A-1"), "0.00", "0.00", "90.00");
    assert_eq!(service.end("TERM"), Some(0));
}

/// A backup of before the bank was told: what was sent since is known from the journal, and nothing
/// of it goes again.
#[test]
fn an_old_backup_pays_no_transfer_twice() {
    let shop = shop();
    let service = Service::start(&shop.desk);
    let id = compose(&shop, "A2A-1", "12.34");
    wait_until(&shop, &id, "action_required");
    // While a service runs, a backup goes into its own folder.
    assert_eq!(service.end("TERM"), Some(0));
    let old = shop.file("old.db");
    let old = old.to_str().unwrap();
    shop.desk.json(["backup", old]).exits(0);
    let service = Service::start(&shop.desk);
    let told = statement(&shop, &payment_file(&shop, "pay.xml"));
    reconcile(&shop, &told);
    wait_until(&shop, &id, "settled");
    assert_eq!(service.end("TERM"), Some(0));
    shop.desk.json(["restore", old]).exits(0);
    let refund = shop.desk.status(&id);
    assert_eq!(refund["state"], "unknown", "{refund:#}");
    assert_balance(&shop.desk.payment("A2A-1"), "0.00", "12.34", "77.66");
    // Due by what the backup knows; by the journal it may have been paid.
    let again = shop.file("again.xml");
    let again = again.to_str().unwrap();
    shop.desk
        .json(["transfers", "--to", again, "--as", "ben"])
        .exits(3);
    let service = Service::start(&shop.desk);
    shop.desk.json(["track", "--once"]);
    assert_eq!(shop.desk.status(&id)["state"], "unknown");
    assert_eq!(shop.payouts("128361739311340001"), ["12.34"]);
    // The bank's statement still proves it.
    reconcile(&shop, &told);
    let refund = shop.desk.status(&id);
    assert_ne!(refund["state"], "failed", "{refund:#}");
    assert_balance(&shop.desk.payment("A2A-1"), "0.00", "12.34", "77.66");
    assert_eq!(shop.payouts("128361739311340001"), ["12.34"]);
    assert_eq!(service.end("TERM"), Some(0));
}

/// Without a statement two people say it, and one alone does not.
#[test]
fn what_two_people_saw_paid_is_confirmed() {
    let shop = shop();
    let service = Service::start(&shop.desk);
    let id = compose(&shop, "A2A-1", "12.34");
    wait_until(&shop, &id, "action_required");
    let paid = ["transfers", "paid", &id, "--reference", "FPS-77", "--as"];
    shop.desk.json(paid.iter().chain(&["mia"])).exits(5);
    let alone = shop.desk.json(paid.iter().chain(&["mia"]));
    assert!(matches!(alone.code, Some(3 | 5)), "{alone:#?}");
    assert_eq!(shop.desk.status(&id)["state"], "action_required");
    shop.desk.json(paid.iter().chain(&["ben"])).exits(0);
    wait_until(&shop, &id, "succeeded");
    assert_eq!(shop.payouts("128361739311340001"), ["12.34"]);
    assert_eq!(service.end("TERM"), Some(0));
}

#[test]
fn both_roles_play_against_each_other() {
    let shop = shop();
    let service = Service::start(&shop.desk);
    // Nobody has put an account on file: a person decides within the time there is.
    let first = compose(&shop, "A2A-3", "20.00");
    let request = wait_for("a request", || {
        let inbox = shop.desk.json(["inbox"]).exits(0).objects();
        inbox.into_iter().next()
    });
    let number = request["id"].to_string();
    shop.desk
        .json([
            "answer",
            &number,
            "--account",
            "GB29NWBK60161331926819",
            "--as",
            "ben",
        ])
        .exits(0);
    wait_until(&shop, &first, "action_required");
    let shown = &transfers(&shop)["transfers"][0];
    assert_eq!(shown["last4"], "6819", "{shown:#}");
    // With one on file the rule answers, as far as the payment goes.
    let file = shop.write(
        "accounts.csv",
        format!(
            "account,payment_id,account_number,holder\na2a-bank,{OURS},60-16-13 31926819,Payer 3\n"
        ),
    );
    let typed = ["accounts".as_ref(), "import".as_ref(), file.as_os_str()];
    shop.desk.json(typed).exits(0);
    let second = compose(&shop, "A2A-3", "30.00");
    wait_until(&shop, &second, "action_required");
    let inbox = shop.desk.json(["inbox", "--all"]).exits(0).objects();
    assert_eq!(inbox.len(), 2, "{inbox:#?}");
    let states: Vec<&str> = inbox
        .iter()
        .map(|it| it["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["answered", "answered"]);
    // Paid and confirmed, and asked about: it is told again, in answer to that question.
    let told = statement(&shop, &payment_file(&shop, "pay.xml"));
    assert_eq!(reconcile(&shop, &told)["paid"], 2);
    let confirmations = || {
        let inbox = shop.desk.json(["inbox", "--all"]).exits(0).objects();
        let asked = inbox.iter().find(|it| it["id"] == request["id"]).unwrap();
        asked["confirmations"].as_array().unwrap().len()
    };
    wait_for("the confirmation", || (confirmations() == 1).then_some(()));
    shop.desk.json(["inbox", "ask", &number]).exits(0);
    wait_for("the answer", || (confirmations() == 2).then_some(()));
    // Which of the two the bank's word reached first is no matter.
    let mut paid = shop.payouts("128361739311340003");
    paid.sort();
    assert_eq!(paid, ["20.00", "30.00"]);
    // The bank's role never touches a balance.
    let payment = shop.desk.payment("BANK-3");
    assert_balance(&payment, "0.00", "0.00", "90.00");
    assert_eq!(payment["refundable"], false, "{payment:#}");
    assert_eq!(service.end("TERM"), Some(0));
}
