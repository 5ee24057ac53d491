//! Compensation: paid on top of a full refund, by two people, through Nuapay alone.

use rstest::rstest;
use serde_json::Value;

use super::desk::Ran;
use super::shop::{Shop, assert_balance};
use super::{book, stock};

/// Two payments of 90.00 at each of two accounts, and one whose cents have another amount paid.
fn shop() -> Shop {
    let text = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,payer
nuapay-uk,Upay1,U-1,90.00,GBP,@-30,@-29,Payer U1
nuapay-uk,Upay2,U-2,80.00,GBP,@-30,@-29,Payer U2
hub-us,Hpay1,H-1,90.00,USD,@-30,@-29,Payer H1
";
    Shop::with(&stock::dated(text))
}

fn compose(shop: &Shop, payment: &str, how: &[&str], compensation: &str) -> Ran {
    let fixed = ["refund", payment, "--compensation", compensation];
    let why = ["--reason", "goodwill", "--note", "sorry", "--as", "mia"];
    shop.desk.json(fixed.iter().chain(how).chain(&why))
}

fn approve(shop: &Shop, refund: &Value, by: &str) -> Ran {
    let text = |name: &str| refund[name].as_str().unwrap();
    let command = ["approve", text("id"), "--expect", text("hash"), "--as", by];
    shop.desk.json(command)
}

fn on_top(payment: &Value) -> [&str; 2] {
    ["held", "executed"].map(|name| payment["compensation"][name].as_str().unwrap())
}

fn labels(payment: &Value) -> Vec<String> {
    let lines = payment["balance"].as_array().unwrap();
    let label = |line: &Value| line["label"].as_str().unwrap().to_owned();
    lines.iter().map(label).collect()
}

#[test]
fn it_is_held_then_paid_on_top_and_takes_nothing_from_the_payment() {
    let shop = shop();
    let refund = compose(&shop, "U-1", &["--full"], "12.50").exits(5);
    let refund = refund.object();
    assert_eq!(refund["state"], "awaiting_approval");
    assert_eq!(
        [&refund["amount"], &refund["compensation"]],
        ["90.00", "12.50"]
    );
    let payment = shop.desk.payment("U-1");
    assert_balance(&payment, "0.00", "90.00", "0.00");
    assert_eq!(on_top(&payment), ["12.50", "0.00"]);
    assert!(labels(&payment).contains(&"compensation held, on top".to_owned()));

    approve(&shop, &refund, "mia").exits(3);
    approve(&shop, &refund, "max");
    shop.track("90s").exits(0);
    let refund = shop.desk.status(refund["id"].as_str().unwrap());
    assert_eq!(refund["state"], "succeeded", "{refund:#}");
    let body = refund["attempt_log"][0]["body"].as_str().unwrap();
    assert!(body.contains(r#""refundAmount":90.00"#), "{body}");
    assert!(body.contains(r#""compensationAmount":12.50"#), "{body}");
    let payment = shop.desk.payment("U-1");
    assert_balance(&payment, "90.00", "0.00", "0.00");
    assert_eq!(on_top(&payment), ["0.00", "12.50"]);
    assert!(labels(&payment).contains(&"compensation paid, on top".to_owned()));

    let paid = book::read(&shop.sandbox.book());
    assert_eq!(paid.len(), 1);
    assert_eq!(
        [&paid[0]["amount"], &paid[0]["compensation"]],
        ["90.00", "12.50"]
    );
}

/// The same decision again, whole: what is made anew after a lack of funds has its compensation, and
/// waits for its second person.
#[test]
fn what_is_refunded_again_keeps_its_compensation() {
    let text = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,payer
nuapay-uk,Upay3,U-3,70.01,GBP,@-30,@-29,Payer U3
";
    let shop = Shop::with(&stock::dated(text));
    let refund = compose(&shop, "U-3", &["--full"], "12.50")
        .exits(5)
        .object();
    approve(&shop, &refund, "max");
    shop.track("10s");
    let failed = shop.desk.status(refund["id"].as_str().unwrap());
    assert_eq!([&failed["state"], &failed["class"]], ["failed", "no_funds"]);
    let made = shop.desk.json(["retry"]).exits(0).objects();
    let again = shop.desk.status(made[0]["refund"].as_str().unwrap());
    assert_eq!(again["supersedes"], failed["id"]);
    assert_eq!(
        [&again["amount"], &again["compensation"], &again["state"]],
        ["70.01", "12.50", "awaiting_approval"]
    );
    assert!(book::read(&shop.sandbox.book()).is_empty());
}

/// What is declined gives both back.
#[test]
fn declined_it_holds_nothing() {
    let shop = shop();
    let refund = compose(&shop, "U-1", &["--full"], "12.50").exits(5);
    let refund = refund.object();
    let id = refund["id"].as_str().unwrap();
    let decline = ["decline", id, "--note", "no", "--as", "max"];
    shop.desk.json(decline);
    let payment = shop.desk.payment("U-1");
    assert_balance(&payment, "0.00", "0.00", "90.00");
    assert_eq!(on_top(&payment), ["0.00", "0.00"]);
}

#[rstest]
#[case::above_the_cap("U-1", &["--full"], "50.01", "compensation_cap of 50.00 GBP")]
#[case::a_part("U-1", &["--amount", "89.99"], "1.00", "only with a full refund")]
#[case::another_currency("U-1", &["--full"], "1.00 EUR", "in GBP, not in EUR")]
#[case::too_exact("U-1", &["--full"], "1.005", "compensation")]
#[case::not_there("H-1", &["--full"], "1.00", "pays no compensation")]
fn what_is_refused_holds_nothing(
    #[case] payment: &str,
    #[case] how: &[&str],
    #[case] compensation: &str,
    #[case] says: &str,
) {
    let shop = shop();
    let ran = compose(&shop, payment, how, compensation).exits(3);
    assert!(ran.stderr.contains(says), "{}", ran.stderr);
    assert!(shop.desk.refunds().is_empty());
}

#[test]
fn with_a_part_held_there_is_no_compensation() {
    let shop = shop();
    shop.refund("U-1", "10.00", &["--wait"]).exits(0);
    let ran = compose(&shop, "U-1", &["--full"], "1.00").exits(3);
    assert!(
        ran.stderr.contains("only with a full refund"),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_a_cap_in_the_policy_it_is_off_and_the_refusal_names_it() {
    let shop = shop();
    let desk = shop.reconfigured(|text| text.replace("compensation_cap = 50\n", ""));
    let command = [
        "refund",
        "U-1",
        "--full",
        "--compensation",
        "1.00",
        "--reason",
        "customer_request",
    ];
    let ran = desk.json(command).exits(3);
    assert!(
        ran.stderr.contains("compensation_cap is 0"),
        "{}",
        ran.stderr
    );
}

#[test]
fn it_counts_toward_the_accounts_cap() {
    let shop = shop();
    let capped = r#"cap_per_payment = "100.00""#;
    let desk =
        shop.reconfigured(|text| text.replacen(r#"cap_per_payment = "unlimited""#, capped, 1));
    let asked = |compensation: &str| {
        let fixed = ["refund", "U-1", "--full", "--reason", "customer_request"];
        let more = ["--compensation", compensation, "--dry-run"];
        desk.json(fixed.iter().chain(&more))
    };
    let ran = asked("10.01").exits(3);
    assert!(ran.stderr.contains("cap per payment"), "{}", ran.stderr);
    let preview = asked("10.00").exits(0).object();
    assert_eq!(preview["compensation"], "10.00");
    let body = preview["request"]["body"].as_str().unwrap();
    assert!(body.contains(r#""compensationAmount":10.00"#), "{body}");
}
