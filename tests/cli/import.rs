//! `import`: counts, rejects, re-import, expectations, and what a file may change.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::shop::{Shop, assert_balance};
use super::stock;

fn import(shop: &Shop, name: &str, content: &str, more: &[&str]) -> super::desk::Ran {
    let path = shop.write(name, content);
    let path = path.to_str().unwrap();
    shop.desk.json(["import", path].iter().chain(more))
}

fn counts(report: &Value) -> [u64; 5] {
    ["read", "new", "updated", "unchanged", "rejected"].map(|name| report[name].as_u64().unwrap())
}

#[test]
fn the_sample_is_read_once_and_its_zero_rows_are_kept_with_line_and_reason() {
    let sample = stock::sample();
    let read = stock::rows(&sample).count() as u64;
    let shop = Shop::bare(&sample);
    let report = import(&shop, "sample.csv", &sample, &[]).exits(0).object();
    assert_eq!(counts(&report), [read, read - 80, 0, 0, 80]);
    assert_eq!(report["dry_run"], false);
    assert_rejects_are_the_zero_rows(&report, &sample);

    let listed = shop.desk.json(["payments"]).exits(0).objects();
    assert_eq!(listed.len() as u64, read - 80);
    let before = shop.desk.json(["payments"]).stdout;
    let again = import(&shop, "sample.csv", &sample, &[]).exits(0).object();
    assert_eq!(counts(&again), [read, 0, 0, read - 80, 80]);
    assert_eq!(again["rejects_file"], report["rejects_file"]);
    assert_eq!(shop.desk.json(["payments"]).stdout, before);
}

fn assert_rejects_are_the_zero_rows(report: &Value, sample: &str) {
    let path = report["rejects_file"].as_str().unwrap();
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let mut rejects = csv::Reader::from_path(path).unwrap();
    let lines: Vec<&str> = sample.lines().collect();
    let mut rejected = 0;
    for record in rejects.records() {
        let record = record.unwrap();
        let line: usize = record[1].parse().unwrap();
        assert_eq!(&record[0], "sample.csv");
        assert!(record[2].contains("zero"), "{record:?}");
        assert_eq!(&record[3], lines[line - 1]);
        assert!(record[3].contains(",0.00,USD,"), "{record:?}");
        rejected += 1;
    }
    assert_eq!(rejected, 80);
}

#[test]
fn the_words_say_the_same_counts() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    let path = shop.stock();
    let ran = shop.desk.run(["import", path.to_str().unwrap()]).exits(0);
    assert!(
        ran.stdout
            .starts_with("read 19, new 19, updated 0, unchanged 0, rejected 0"),
        "{ran:?}"
    );
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let sample = stock::sample();
    let shop = Shop::bare(&sample);
    let report = import(&shop, "sample.csv", &sample, &["--dry-run"])
        .exits(0)
        .object();
    let read = stock::rows(&sample).count() as u64;
    assert_eq!(counts(&report), [read, read - 80, 0, 0, 80]);
    assert_eq!(report["dry_run"], true);
    assert_eq!(report["rejects_file"], Value::Null);
    assert_eq!(shop.desk.everything(), "");
    assert!(!shop.desk.data.join("rejects").exists());
}

#[test]
fn what_was_expected_must_be_there_or_nothing_is_written() {
    let stock = stock::dated(stock::STOCK);
    let shop = Shop::bare(&stock);
    for wrong in [
        ["--expect-rows", "18"],
        ["--expect-sum", "USD=2460.01"],
        ["--expect-sum", "EUR=1.00"],
    ] {
        let ran = import(&shop, "stock.csv", &stock, &wrong).exits(3);
        assert_eq!(ran.stdout, "");
        ran.error();
        assert_eq!(shop.desk.everything(), "", "{wrong:?}");
    }
    let right = ["--expect-rows", "19", "--expect-sum", "USD=2460.00"];
    import(&shop, "stock.csv", &stock, &right).exits(0);
}

#[test]
fn several_files_make_one_report_and_a_bad_one_stops_all() {
    let stock = stock::dated(stock::STOCK);
    let shop = Shop::bare(&stock);
    let captures = shop.write(
        "captures.csv",
        stock::dated(include_str!("../data/captures.csv")),
    );
    let (captures, first) = (captures.to_str().unwrap(), shop.stock());
    let first = first.to_str().unwrap();
    let bad = shop.write("bad.csv", "account,nonsense\n");
    let ran = shop.desk.json(["import", first, bad.to_str().unwrap()]);
    assert!(
        ran.exits(1).error()["message"]
            .as_str()
            .unwrap()
            .contains("bad.csv")
    );
    assert_eq!(shop.desk.everything(), "");
    let report = shop
        .desk
        .json(["import", first, captures])
        .exits(0)
        .object();
    assert_eq!(counts(&report), [21, 21, 0, 0, 0]);
    let split = shop.desk.payment("SPLIT-1");
    assert_eq!(split["captures"].as_array().unwrap().len(), 2);
    assert_eq!(split["amount"], "80.00");
}

#[test]
fn refunded_raises_what_went_back_elsewhere_and_never_lowers_it() {
    let shop = Shop::open();
    let file = |refunded: &str| {
        stock::dated(include_str!("../data/refunded.csv")).replace("50.00", refunded)
    };
    let steps = [
        ("50.00", [1, 0, 1, 0, 0], "50.00", "150.00"),
        ("50.00", [1, 0, 0, 1, 0], "50.00", "150.00"),
        ("20.00", [1, 0, 0, 1, 0], "50.00", "150.00"),
        ("80.00", [1, 0, 1, 0, 0], "80.00", "120.00"),
    ];
    for (refunded, expected, back, left) in steps {
        let report = import(&shop, "r.csv", &file(refunded), &[])
            .exits(0)
            .object();
        assert_eq!(counts(&report), expected, "{refunded}");
        assert_balance(&shop.desk.payment("A-1"), back, "0.00", left);
    }
}

#[test]
fn a_file_never_changes_amount_currency_or_payer() {
    let shop = Shop::open();
    let before = shop.desk.json(["payments"]).stdout;
    let header = "account,payment_id,amount,currency,captured_at,settled_at,payer\n";
    for row in [
        "hub-us,pay-ann,201.00,USD,@-12,@-10,Ann Ash",
        "hub-us,pay-ann,200.00,EUR,@-12,@-10,Ann Ash",
        "hub-us,pay-ann,200.00,USD,@-12,@-10,Somebody Else",
    ] {
        let file = stock::dated(&format!("{header}{row}\n"));
        let report = import(&shop, "changed.csv", &file, &[]).exits(0).object();
        assert_eq!(counts(&report), [1, 0, 0, 0, 1], "{row}");
        let rejects = fs::read_to_string(report["rejects_file"].as_str().unwrap()).unwrap();
        assert!(rejects.contains("pay-ann"), "{rejects}");
        assert_eq!(shop.desk.json(["payments"]).stdout, before, "{row}");
    }
}

#[test]
fn json_lines_keep_digits_and_provider_data() {
    let shop = Shop::open();
    let text = stock::dated(include_str!("../data/provider-data.jsonl"));
    let report = import(&shop, "more.jsonl", &text, &[]).exits(0).object();
    assert_eq!(counts(&report), [3, 2, 0, 0, 1]);
    let rejects = fs::read_to_string(report["rejects_file"].as_str().unwrap()).unwrap();
    assert!(rejects.contains("more.jsonl,4,"), "{rejects}");
    let payment = shop.desk.payment("J-1");
    let data: Value =
        serde_json::from_str(payment["details"]["provider_data"].as_str().unwrap()).unwrap();
    assert_eq!(data, json!({"transactionId": "t-1", "nested": {"n": 1.10}}));
    let number = shop.desk.payment("hub-us/pay-number");
    assert_eq!(
        [&number["amount"], &number["settled_at"]],
        [&json!("10.10"), &Value::Null]
    );
}

#[test]
fn rows_that_cannot_be_used_are_rejected_each_with_its_reason() {
    let shop = Shop::open();
    let header = "account,payment_id,amount,currency,captured_at\n";
    let rows = [
        ("nobody,p1,1.00,USD,@-9", "nobody"),
        ("hub-us,p2,1.001,USD,@-9", "decimals"),
        ("hub-us,p3,-1.00,USD,@-9", "-1.00"),
        ("hub-us,p4,1.00,XXY,@-9", "XXY"),
        ("hub-us,p5,1.00,USD,yesterday", "yesterday"),
        ("hub-us,,1.00,USD,@-9", "payment_id"),
        ("hub-us,p7,1.00,USD", "4 fields"),
        ("hub-us,p8,1,00,USD,@-9", "6 fields"),
    ];
    let body: String = rows.iter().map(|(row, _)| format!("{row}\n")).collect();
    let file = stock::dated(&format!("{header}{body}hub-us,good,1.00,USD,@-9\n"));
    let report = import(&shop, "odd.csv", &file, &[]).exits(0).object();
    assert_eq!(counts(&report), [9, 1, 0, 0, 8]);
    let path = report["rejects_file"].as_str().unwrap();
    let mut rejects = csv::Reader::from_path(path).unwrap();
    for (index, record) in rejects.records().enumerate() {
        let record = record.unwrap();
        assert_eq!(record[1], (index + 2).to_string());
        assert!(record[2].contains(rows[index].1), "{record:?}");
    }
}
