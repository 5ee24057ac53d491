//! `import` that fails on its way, and rows no desk can count: what is in stays and is said.

use std::fs;

use rusqlite::Connection;

use super::shop::Shop;
use super::stock;

const HEADER: &str = "account,payment_id,amount,currency,captured_at\n";

fn rows(count: usize) -> String {
    let mut text = HEADER.to_owned();
    for number in 0..count {
        text.push_str(&format!(
            "hub-us,p{number:06},12.00,USD,2026-11-01T10:00:00Z\n"
        ));
    }
    text
}

/// What the audit says about imports.
fn actions(shop: &Shop) -> Vec<String> {
    let show = ["audit", "show", "--limit", "1000"];
    let entries = shop.desk.json(show).exits(0).objects();
    entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .filter(|action| action.starts_with("payments."))
        .collect()
}

#[test]
fn what_earlier_batches_wrote_is_said_and_importing_again_finishes_it() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    shop.desk.run(["payments"]).exits(0);
    let database = Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let breaks =
        "CREATE TRIGGER breaks BEFORE INSERT ON payments WHEN NEW.provider_payment_id = 'p020003'
                  BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END";
    database.execute_batch(breaks).unwrap();
    let file = shop.write("large.csv", rows(20_005));
    let import = ["import", file.to_str().unwrap()];

    let error = shop.desk.json(import).exits(1).error();
    let money = error["money"].as_str().unwrap();
    assert!(
        money.starts_with("20000 of 20005 rows were imported"),
        "{money}"
    );
    assert!(
        error["next"].as_str().unwrap().contains("import again"),
        "{error:#}"
    );
    assert_eq!(actions(&shop), ["payments.import_started"]);

    database.execute_batch("DROP TRIGGER breaks").unwrap();
    let report = shop.desk.json(import).exits(0).object();
    assert_eq!(
        (&report["new"], &report["unchanged"]),
        (&5.into(), &20_000.into())
    );
    let told = [
        "payments.import_started",
        "payments.import_started",
        "payments.imported",
    ];
    assert_eq!(actions(&shop), told);
}

#[test]
fn rows_are_in_even_where_the_rejects_cannot_be_kept() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    shop.desk.run(["payments"]).exits(0);
    fs::write(shop.desk.data.join("rejects"), "no folder").unwrap();
    let file = shop.write(
        "some.csv",
        rows(3) + "hub-us,p9,0.00,USD,2026-11-01T10:00:00Z\n",
    );
    let import = ["import", file.to_str().unwrap()];
    let error = shop.desk.json(import).exits(1).error();
    assert_eq!(error["code"], "rejects_file");
    let money = error["money"].as_str().unwrap();
    assert!(money.starts_with("3 rows were imported"), "{money}");
    assert_eq!(shop.desk.json(["payments"]).exits(0).objects().len(), 3);
}

#[test]
fn an_absurd_amount_rejects_its_row_and_no_other() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    let absurd = "hub-us,x1,1000000000000.01,USD,2026-11-01T10:00:00Z
hub-us,x2,92233720368547758.07,USD,2026-11-01T10:00:00Z
hub-us,x3,99999999999999999999.00,USD,2026-11-01T10:00:00Z
hub-us,x4,1000000000000.00,USD,2026-11-01T10:00:00Z
";
    let file = shop.write("absurd.csv", rows(2) + absurd);
    let sum = ["--expect-sum", "USD=1000000000024.00"];
    let import = ["import", file.to_str().unwrap()];
    let report = shop.desk.json(import.iter().chain(&sum)).exits(0).object();
    assert_eq!(
        (&report["new"], &report["rejected"]),
        (&3.into(), &3.into())
    );
    let rejects = fs::read_to_string(report["rejects_file"].as_str().unwrap()).unwrap();
    assert_eq!(
        rejects.matches("the most the desk counts").count(),
        2,
        "{rejects}"
    );
}
