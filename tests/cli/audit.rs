//! `audit show`: every step is there, linked to the one before, whoever wrote it.

use serde_json::Value;

use super::shop::Shop;

fn entries(shop: &Shop, more: &[&str]) -> Vec<Value> {
    let command = ["audit", "show", "--limit", "1000"];
    shop.desk
        .json(command.iter().chain(more))
        .exits(0)
        .objects()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect()
}

#[test]
fn every_step_is_an_entry_of_one_chain() {
    let shop = Shop::open();
    let sent = shop
        .refund("A-1", "12.34", &["--wait", "--as", "mia"])
        .exits(0)
        .object();
    let large = shop
        .refund("BIG-1", "300.00", &["--as", "mia"])
        .exits(5)
        .object();
    let cancel = [
        "cancel",
        large["id"].as_str().unwrap(),
        "--as",
        "ben",
        "--note",
        "no",
    ];
    shop.desk.json(cancel).exits(0);

    let all = entries(&shop, &[]);
    assert!(actions(&all)[0].contains("import"), "{all:#?}");
    for (before, after) in all.iter().zip(&all[1..]) {
        assert_eq!(after["previous"], before["hash"]);
        let seq = |entry: &Value| entry["seq"].as_u64().unwrap();
        assert_eq!(seq(after), seq(before) + 1);
    }
    for entry in &all {
        assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
    }
    let of = |refund: &Value| entries(&shop, &[refund["id"].as_str().unwrap()]);
    let steps = of(&sent);
    assert_eq!(steps[0]["actor"], "mia");
    for state in ["reserved", "approved", "submitting", "pending", "succeeded"] {
        assert!(
            actions(&steps).contains(&format!("refund.{state}").as_str()),
            "{state}: {:?}",
            actions(&steps)
        );
    }
    let steps = of(&large);
    assert_eq!(actions(&steps).last(), Some(&"refund.canceled"));
    assert_eq!(steps.last().unwrap()["actor"], "ben");
}

#[test]
fn a_limit_gives_the_newest_oldest_of_them_first() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    let all = entries(&shop, &[]);
    let two = shop
        .desk
        .json(["audit", "show", "--limit", "2"])
        .exits(0)
        .objects();
    assert_eq!(two, all[all.len() - 2..]);
}

#[test]
fn what_was_refused_leaves_no_entry_and_what_failed_does() {
    let shop = Shop::open();
    let before = entries(&shop, &[]).len();
    shop.refund("A-1", "999.00", &[]).exits(3);
    assert_eq!(entries(&shop, &[]).len(), before);
    let failed = shop.refund("Z-1", "10.01", &["--wait"]).exits(1).object();
    let steps = entries(&shop, &[failed["id"].as_str().unwrap()]);
    assert_eq!(actions(&steps).last(), Some(&"refund.failed"));
}

#[test]
fn entries_cannot_be_changed_by_hand() {
    let shop = Shop::open();
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    for statement in [
        "UPDATE audit SET detail = 'nothing to see'",
        "DELETE FROM audit",
    ] {
        assert!(database.execute(statement, []).is_err(), "{statement}");
    }
}

#[test]
fn a_payment_shows_what_was_done_to_its_refunds_too() {
    let shop = Shop::open();
    let first = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    shop.refund("B-1", "1.00", &["--wait"]).exits(0);
    let second = shop.refund("A-1", "2.00", &["--offline"]).exits(6).object();
    let (first, second) = (&first["id"], &second["id"]);
    for handle in [
        "A-1",
        "hub-us/pay-ann",
        shop.desk.payment("A-1")["id"].as_str().unwrap(),
    ] {
        let shown = entries(&shop, &[handle]);
        let about = |id: &Value| shown.iter().filter(|it| it["subject"] == *id).count();
        assert!(about(first) >= 5 && about(second) == 2, "{shown:#?}");
        assert_eq!(about(first) + about(second), shown.len(), "{shown:#?}");
        assert!(shown.is_sorted_by_key(|it| it["seq"].as_u64()));
    }
    let newest = shop.desk.json(["audit", "show", "A-1", "--limit", "2"]);
    assert!(
        newest
            .exits(0)
            .objects()
            .iter()
            .all(|it| it["subject"] == *second)
    );
    let id = first.as_str().unwrap();
    assert_eq!(entries(&shop, &[&id[28..]]), entries(&shop, &[id]));
    let of_file = entries(&shop, &["stock.csv"]);
    let told = ["payments.import_started", "payments.imported"];
    assert_eq!(actions(&of_file), told);
    let typed = ["audit", "show", "A-l"];
    let error = shop.desk.json(typed).exits(3).error();
    assert_eq!(error["code"], "not_found");
    let error = shop.desk.json(["audit", "show", "TWIN"]).exits(3).error();
    assert_eq!(error["code"], "ambiguous");
}
