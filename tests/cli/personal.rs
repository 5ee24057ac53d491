//! Personal data: masked unless somebody asks for it by name, and gone when two people say so.

use serde_json::Value;

use super::shop::Shop;
use super::stock;

/// `#` stands for the `@` of an address: elsewhere that is a date.
const ROWS: &str = "account,payment_id,reference,amount,currency,captured_at,settled_at,payer,email
hub-us,pay-ann,A-1,200.00,USD,@-12,@-10,Ann Ash,ann.ash#shop.example
hub-us,pay-bob,B-1,100.00,USD,@-22,@-20,Bob Birch,bob#birch.example
hub-us,pay-old,OLD-1,80.00,USD,@-500,@-498,Old Oak,old#oak.example
";

fn shop() -> Shop {
    Shop::with(&stock::dated(ROWS).replace('#', "@"))
}

fn actions(shop: &Shop, action: &str) -> Vec<Value> {
    shop.desk
        .json(["audit", "show", "--action", action])
        .exits(0)
        .objects()
}

fn erase(shop: &Shop, payment: &str, case: &str, who: &str) -> super::desk::Ran {
    shop.desk
        .json(["erase", payment, "--case", case, "--as", who])
}

/// Nothing that a payer is known by stands in the text.
fn assert_masked(text: &str) {
    for value in ["Ann", "Ash", "ann.ash", "shop.example", "Birch"] {
        assert!(!text.contains(value), "{value} in {text}");
    }
}

#[test]
fn names_and_addresses_are_masked_until_somebody_asks() {
    let shop = shop();
    let refund = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let id = refund["id"].as_str().unwrap();
    let payment = shop.desk.payment("A-1");
    assert_eq!(payment["payer"], "A… A…");
    assert_eq!(payment["details"]["email"], "a…@….example");
    for command in [
        vec!["payments"],
        vec!["payment", "A-1"],
        vec!["payment", "A-1", "--as-of", "2999-01-01"],
        vec!["refunds"],
        vec!["status", id],
        vec!["evidence", id],
        vec!["audit", "show"],
        vec!["access-review", "--date", "2999-01-01"],
        vec!["discrepancies", "--all"],
    ] {
        assert_masked(&shop.desk.json(&command).exits(0).stdout);
        assert_masked(&shop.desk.run(&command).exits(0).stdout);
    }
    // They are still found by who paid.
    let found = ["payments", "--query", "ann a"];
    assert_eq!(shop.desk.json(found).exits(0).objects().len(), 1);

    let told = shop
        .desk
        .json(["reveal", "A-1", "--as", "mia"])
        .exits(0)
        .object();
    assert_eq!(told["payer"], "Ann Ash");
    assert_eq!(told["contacts"]["email"], "ann.ash@shop.example");
    shop.desk.json(["reveal", id, "--as", "ben"]).exits(0);
    let looks = actions(&shop, "personal.revealed");
    let who: Vec<&str> = looks
        .iter()
        .map(|it| it["actor"].as_str().unwrap())
        .collect();
    assert_eq!(who, ["mia", "ben"]);
    for look in &looks {
        assert_eq!(look["subject"], payment["id"]);
        assert!(
            look["detail"]
                .as_str()
                .unwrap()
                .contains("values=name,email")
        );
        assert_masked(&look.to_string());
    }
    assert!(looks[1]["detail"].as_str().unwrap().contains(id));
    // What cannot be written down is not shown.
    shop.desk.json(["reveal", "A-1", "--read-only"]).exits(3);
}

#[test]
fn two_people_erase_a_payer_and_the_audit_still_holds() {
    let shop = shop();
    let refund = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let before = shop.desk.json(["audit", "verify"]).exits(0).object();
    let waits = erase(&shop, "A-1", "T-1", "mia").exits(5).object();
    assert_eq!(
        (&waits["agreed_by"], &waits["values"]),
        (&Value::Null, &0.into())
    );
    assert_eq!(shop.desk.payment("A-1")["payer"], "A… A…");
    erase(&shop, "A-1", "T-1", "mia").exits(3);
    erase(&shop, "A-1", "T-2", "ben").exits(3);
    let gone = erase(&shop, "A-1", "T-1", "ben").exits(0).object();
    assert_eq!(
        (&gone["agreed_by"], &gone["values"]),
        (&"ben".into(), &2.into())
    );

    let payment = shop.desk.payment("A-1");
    assert_eq!(payment["payer"], Value::Null);
    assert_eq!(payment["details"]["email"], Value::Null);
    assert_eq!(payment["refunded"], "12.34");
    for words in ["ash", "Ann Ash", "email:ann.ash@shop.example"] {
        let found = ["payments", "--query", words];
        assert_eq!(shop.desk.json(found).exits(0).objects().len(), 0);
    }
    let told = shop.desk.json(["reveal", "A-1"]).exits(0).object();
    assert_eq!(
        (&told["payer"], &told["erased"]),
        (&Value::Null, &true.into())
    );
    let head = &before["head"];
    let earlier = format!("{}:{}", head["seq"], head["hash"].as_str().unwrap());
    let verify = ["audit", "verify", "--head", &earlier];
    assert_eq!(shop.desk.json(verify).exits(0).object()["ok"], true);
    shop.desk.json(["doctor"]).exits(0);
    let entry = actions(&shop, "personal.erased").pop().unwrap();
    let detail = entry["detail"].as_str().unwrap();
    assert!(
        detail.contains("name_sha256=") && detail.contains("proposed_by=mia"),
        "{detail}"
    );
    assert!(detail.ends_with("note=T-1"), "{detail}");

    // It stands nowhere in the database any more, and the next file does not bring it back.
    let stock = shop.stock();
    let import = ["import".as_ref(), stock.as_os_str()];
    shop.desk.run(import).exits(0);
    assert_eq!(shop.desk.payment("A-1")["payer"], Value::Null);
    assert_eq!(shop.desk.payment("A-1")["details"]["email"], Value::Null);
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let left: i64 = database
        .query_row(
            "SELECT (SELECT count(*) FROM payers WHERE name LIKE '%Ash%' OR email LIKE '%ann.ash%')
                  + (SELECT count(*) FROM payments WHERE details LIKE '%ann.ash%')
                  + (SELECT count(*) FROM payment_names WHERE name LIKE '%ash%')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
    // The evidence of the refund is whole.
    let page = shop.desk.json(["evidence", refund["id"].as_str().unwrap()]);
    assert_eq!(page.exits(0).object()["refund"]["state"], "succeeded");
}

#[test]
fn nothing_is_erased_while_money_is_on_its_way_or_disputed() {
    let shop = shop();
    erase(&shop, "A-1", "T-1", "mia").exits(5);
    let open = shop.refund("A-1", "2.00", &["--offline"]).exits(6).object();
    let refused = erase(&shop, "A-1", "T-1", "ben").exits(3).error();
    assert_eq!(refused["code"], "not_erased");
    assert!(
        refused["message"].as_str().unwrap().contains("a refund"),
        "{refused}"
    );
    shop.desk
        .json(["cancel", open["id"].as_str().unwrap()])
        .exits(0);
    erase(&shop, "A-1", "T-1", "ben").exits(0);
    let dispute = [
        "dispute", "B-1", "--case", "cb-1", "--stage", "open", "--amount", "5.00",
    ];
    shop.desk.json(dispute).exits(0);
    let refused = erase(&shop, "B-1", "T-2", "mia").exits(3).error();
    assert!(
        refused["message"].as_str().unwrap().contains("a dispute"),
        "{refused}"
    );
    // Nothing is known of this one any more.
    erase(&shop, "A-1", "T-3", "mia").exits(3);
}

#[test]
fn what_was_kept_long_enough_goes_by_itself() {
    let shop = shop();
    let desk =
        shop.reconfigured(|text| text + "\n[retention]\nnames_days = 400\ncontacts_days = 15\n");
    desk.json(["track", "--once"]).exits(0);
    let payer = |reference: &str| {
        let payment = desk.payment(reference);
        (
            payment["payer"].clone(),
            payment["details"]["email"].clone(),
        )
    };
    assert_eq!(payer("OLD-1"), (Value::Null, Value::Null));
    assert_eq!(payer("B-1"), ("B… B…".into(), Value::Null));
    assert_eq!(payer("A-1"), ("A… A…".into(), "a…@….example".into()));
    let swept = actions(&shop, "personal.swept");
    let told: Vec<(&str, &str)> = swept
        .iter()
        .map(|it| {
            (
                it["subject"].as_str().unwrap(),
                it["actor"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("names", "desk"), ("contacts", "desk")]);
    assert!(
        swept[1]["detail"]
            .as_str()
            .unwrap()
            .starts_with("payments=2 values=2 ")
    );
    desk.json(["audit", "verify"]).exits(0);
    // Once a day is enough: nothing more is told.
    desk.json(["track", "--once"]).exits(0);
    assert_eq!(actions(&shop, "personal.swept").len(), 2);
}
