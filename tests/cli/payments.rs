//! `payments` and `payment`: order, filters, handles, the JSON contract.

use chrono::{DateTime, Days, NaiveDate};
use rstest::rstest;
use serde_json::{Value, json};

use super::shop::Shop;
use super::stock;

fn list(shop: &Shop, more: &[&str]) -> Vec<Value> {
    shop.desk
        .json(["payments"].iter().chain(more))
        .exits(0)
        .objects()
}

fn references(shop: &Shop, more: &[&str]) -> Vec<String> {
    let rows = list(shop, more);
    rows.iter().map(|it| text(it, "reference")).collect()
}

fn text(payment: &Value, field: &str) -> String {
    payment[field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn newest_first_and_what_has_not_settled_before_all() {
    let sample = stock::sample();
    let shop = Shop::with(&sample);
    let rows = list(&shop, &[]);
    let settled: Vec<&str> = rows
        .iter()
        .map(|it| it["settled_at"].as_str().unwrap())
        .collect();
    assert!(settled.is_sorted_by(|a, b| a >= b), "{settled:?}");
    let paid = stock::rows(&sample).filter(|row| row[3] != "0.00").count();
    assert_eq!(rows.len(), paid);
    assert_eq!(list(&shop, &["--limit", "7"]), rows[..7]);
    assert!(list(&shop, &["--limit", "0"]).is_empty());
    let few = Shop::open();
    assert_eq!(
        references(&few, &["--limit", "3"]),
        ["NEW-1", "SOON-1", "BIG-1"]
    );
}

#[test]
fn every_field_of_the_contract_has_its_type() {
    let shop = Shop::open();
    for payment in list(&shop, &[]) {
        for field in [
            "id",
            "account",
            "provider_payment_id",
            "reference",
            "currency",
        ] {
            assert!(payment[field].is_string(), "{field}: {payment:#}");
        }
        for field in ["amount", "refunded", "held", "available", "can_refund"] {
            super::book::minor(&payment[field]);
        }
        for field in ["captured_at", "settled_at"] {
            if let Some(time) = payment[field].as_str() {
                DateTime::parse_from_rfc3339(time).unwrap();
                assert!(time.ends_with('Z'), "{time}");
            }
        }
        let refundable = payment["refundable"].as_bool().unwrap();
        assert_eq!(refundable, payment["why_not"].is_null(), "{payment:#}");
        if let Some(until) = payment["refundable_until"].as_str() {
            until.parse::<NaiveDate>().unwrap();
        }
    }
}

#[rstest]
#[case("A-1", "200.00", None)]
#[case("OLD-1", "0.00", Some("too_old"))]
#[case("NEW-1", "0.00", Some("unsettled"))]
#[case("SOON-1", "0.00", Some("unsettled"))]
#[case("PI-1", "60.00", None)]
fn the_reason_stands_where_nothing_can_be_refunded(
    #[case] reference: &str,
    #[case] can_refund: &str,
    #[case] why_not: Option<&str>,
) {
    let payment = Shop::open().desk.payment(reference);
    assert_eq!(payment["can_refund"], can_refund);
    assert_eq!(payment["why_not"], json!(why_not));
    assert_eq!(payment["available"], payment["amount"]);
}

#[test]
fn filters_narrow_the_list() {
    let shop = Shop::open();
    assert_eq!(references(&shop, &["--account", "prism-us"]), ["PI-1"]);
    assert_eq!(references(&shop, &["--query", "A-1"]), ["A-1"]);
    assert_eq!(
        references(&shop, &["--query", "ann"]),
        ["A-1"],
        "payer, any case"
    );
    assert_eq!(
        references(&shop, &["--query", "3333"]),
        ["BIG-1"],
        "last four"
    );
    assert_eq!(references(&shop, &["--query", "O-2"]), ["B-1"], "order");
    assert_eq!(
        references(&shop, &["--query", "pay-old"]),
        ["OLD-1"],
        "the provider's id"
    );
    assert_eq!(references(&shop, &["--query", "TWIN"]).len(), 2);
    for nothing in ["%", "_", "'", "nobody"] {
        assert!(
            references(&shop, &["--query", nothing]).is_empty(),
            "{nothing}"
        );
    }
    let refundable = references(&shop, &["--refundable"]);
    assert_eq!(refundable.len(), 16);
    for not in ["OLD-1", "NEW-1", "SOON-1"] {
        assert!(!refundable.contains(&not.to_owned()), "{not}");
    }
    let both = ["--refundable", "--query", "Z-", "--limit", "2"];
    assert_eq!(references(&shop, &both), ["Z-0", "Z-1"]);
}

#[test]
fn a_query_says_what_a_caller_knows() {
    let shop = Shop::open();
    let query = |typed: &str| references(&shop, &["--query", typed]);
    assert_eq!(query("1111 200"), ["A-1"], "last four and amount");
    assert_eq!(query("amount:>150 can:>0"), ["BIG-1", "A-1"]);
    assert_eq!(query("ash ann"), ["A-1"], "every word, in any order");
    assert_eq!(query("eigh"), ["Z-8"], "in the middle of a name");
    assert!(query("state:open").is_empty());

    let wrong = shop.desk.json(["payments", "--query", "ann amount:1,50"]);
    let told = wrong.exits(2).error();
    assert_eq!(told["code"], "query");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("at character 12: \"1,50\""), "{message}");

    let nothing = shop.desk.run(["payments", "--query", "nobody"]).exits(0);
    let said = nothing.stdout;
    assert!(said.contains("ask for the last four digits"), "{said}");
    assert!(said.contains("hub-us: up to date at"), "{said}");
    assert!(said.contains("nuapay-uk: never imported"), "{said}");
}

#[test]
fn dates_of_settlement_are_inclusive() {
    let shop = Shop::open();
    let day = |ago: u64| {
        let day = stock::today().checked_sub_days(Days::new(ago)).unwrap();
        day.to_string()
    };
    let range = |from: u64, to: u64| references(&shop, &["--from", &day(from), "--to", &day(to)]);
    assert_eq!(range(20, 10), ["A-1", "PI-1", "B-1"]);
    assert_eq!(range(10, 10), ["A-1"]);
    assert!(range(13, 11).is_empty());
    assert!(range(10, 20).is_empty());
    assert_eq!(references(&shop, &["--to", &day(400)]), ["OLD-1"]);
}

#[test]
fn a_payment_is_found_by_id_by_its_account_and_by_reference() {
    let shop = Shop::open();
    let payment = shop.desk.payment("A-1");
    for handle in [payment["id"].as_str().unwrap(), "hub-us/pay-ann", "a-1"] {
        assert_eq!(shop.desk.payment(handle)["id"], payment["id"], "{handle}");
    }
    let twins = shop.desk.json(["payment", "TWIN"]).exits(3);
    assert_eq!(twins.error()["code"], "ambiguous");
    for handle in ["A-", "pay-ann", "prism-us/pay-ann", "%", ""] {
        let missing = shop.desk.json(["payment", handle]).exits(3);
        assert_eq!(missing.error()["code"], "not_found", "{handle}");
    }
}

#[test]
fn a_payment_explains_its_balance() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    shop.refund("A-1", "20.00", &[]).exits(0);
    let payment = shop.desk.payment("A-1");
    assert_eq!(payment["refunds"].as_array().unwrap().len(), 2);
    let lines = payment["balance"].as_array().unwrap();
    let sums: Vec<&Value> = lines.iter().filter(|it| it["sum"] == true).collect();
    assert!(!sums.is_empty(), "{payment:#}");
    let added: i64 = lines
        .iter()
        .filter(|it| it["sum"] == false)
        .map(|it| super::book::minor(&it["amount"]))
        .sum();
    assert_eq!(added, 16_766, "{payment:#}");
    assert_eq!(payment["available"], "167.66");
}

#[test]
fn lists_of_refunds_are_filtered() {
    let shop = Shop::open();
    shop.refund("A-1", "10.00", &["--wait"]).exits(0);
    shop.refund("B-1", "20.00", &[]).exits(0);
    shop.refund("BIG-1", "300.00", &[]).exits(5);
    let amounts = |more: &[&str]| -> Vec<String> {
        let ran = shop.desk.json(["refunds"].iter().chain(more)).exits(0);
        ran.objects().iter().map(|it| text(it, "amount")).collect()
    };
    assert_eq!(amounts(&[]), ["300.00", "20.00", "10.00"]);
    assert_eq!(amounts(&["--open"]), ["300.00", "20.00"]);
    assert_eq!(amounts(&["--state", "pending"]), ["20.00"]);
    assert_eq!(amounts(&["--payment", "A-1"]), ["10.00"]);
    assert!(amounts(&["--state", "succeeded", "--open"]).is_empty());
}

/// Nothing a payer writes controls the terminal (R12).
#[test]
fn hostile_texts_are_shown_harmless() {
    let header = "account,payment_id,reference,amount,currency,captured_at,settled_at,payer";
    let hostile = [
        "\u{1b}[31mred\u{1b}]0;title\u{7}",
        "\u{202e}backwards",
        "zero\u{200b}width",
        "\u{9b}31m",
    ];
    let mut rows = String::new();
    for (number, payer) in hostile.iter().enumerate() {
        rows += &format!("hub-us,p{number},H-{number},10.00,USD,@-9,@-8,{payer}\n");
    }
    let shop = Shop::with(&stock::dated(&format!("{header}\n{rows}")));
    let refund = shop.refund("H-0", "1.00", &["--note", hostile[0]]);
    let refund = refund.exits(0).object();
    for command in [
        &["payments"][..],
        &["payment", "H-0"],
        &["payment", hostile[0]],
        &["refunds"],
        &["status", refund["id"].as_str().unwrap()],
        &["audit", "show"],
        &["reveal", "H-0"],
        &["evidence", refund["id"].as_str().unwrap()],
        &["access-review", "--date", "2999-01-01"],
    ] {
        let ran = shop.desk.run(command);
        for printed in [&ran.stdout, &ran.stderr] {
            let wild =
                |it: char| it != '\n' && (it.is_control() || "\u{202e}\u{200b}".contains(it));
            assert!(!printed.contains(wild), "{command:?}: {printed:?}");
        }
    }
}

#[test]
fn an_account_nobody_knows_is_not_an_empty_one() {
    let shop = Shop::open();
    let error = shop
        .desk
        .json(["payments", "--account", "hub-eu"])
        .exits(2)
        .error();
    assert_eq!(error["code"], "unknown_account");
    let said = format!("{} {}", error["message"], error["next"]);
    for word in ["hub-eu", "hub-us", "prism-us"] {
        assert!(said.contains(word), "{said}");
    }
    // It left the configuration; its payments are still here.
    let without = shop.reconfigured(|text| text.replace("accounts.prism-us", "accounts.prism-eu"));
    for (account, count) in [("prism-us", 1), ("prism-eu", 0)] {
        let listed = without.json(["payments", "--account", account]).exits(0);
        assert_eq!(listed.objects().len(), count, "{account}");
        let query = format!("account:{account}");
        let listed = without.json(["payments", "--query", &query]).exits(0);
        assert_eq!(listed.objects().len(), count, "{account}");
    }
    let typed = ["payments", "--query", "ann account:prism-uk"];
    let error = without.json(typed).exits(2).error();
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("at character 13: \"prism-uk\" is no account here"),
        "{message}"
    );
    assert!(
        error["next"].as_str().unwrap().contains("account:prism-us"),
        "{error:#}"
    );
}

#[test]
fn a_list_is_sorted_by_any_column() {
    let shop = Shop::open();
    let figures = |more: &[&str]| -> Vec<i64> {
        let rows = list(&shop, more);
        rows.iter()
            .map(|it| super::book::minor(&it["amount"]))
            .collect()
    };
    let largest = figures(&["--sort", "paid"]);
    assert!(largest.is_sorted_by(|a, b| a >= b), "{largest:?}");
    let smallest = figures(&["--sort", "paid", "--ascending"]);
    assert!(smallest.is_sorted() && smallest != largest, "{smallest:?}");
    let currencies = |more: &[&str]| -> Vec<String> {
        let rows = list(&shop, more);
        rows.iter().map(|it| text(it, "currency")).collect()
    };
    let by_code = currencies(&["--sort", "currency"]);
    assert!(by_code.is_sorted(), "{by_code:?}");
    let back = currencies(&["--sort", "currency", "--descending"]);
    assert!(back.is_sorted_by(|a, b| a >= b), "{back:?}");
    let days: Vec<String> = list(&shop, &["--sort", "until"])
        .iter()
        .filter_map(|it| it["refundable_until"].as_str().map(str::to_owned))
        .collect();
    assert!(days.is_sorted() && days.first() != days.last(), "{days:?}");
    let by_status = ["payments", "--sort", "status", "--limit", "1"];
    let pressing = shop.desk.run(by_status).exits(0);
    let calm = [
        "payments",
        "--sort",
        "status",
        "--descending",
        "--limit",
        "1",
    ];
    assert_ne!(pressing.stdout, shop.desk.run(calm).exits(0).stdout);
    let refused = shop.desk.run(["payments", "--sort", "colour"]).exits(2);
    assert!(
        refused.stderr.contains("until, status"),
        "{}",
        refused.stderr
    );

    let totals = list(&shop, &["--totals"]);
    let payments: u64 = totals.iter().filter_map(|it| it["payments"].as_u64()).sum();
    assert_eq!(payments, by_code.len() as u64);
}
