//! `audit show`: every step is there, linked to the one before, whoever wrote it.

use serde_json::Value;

use super::desk::Ran;
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

fn verify(shop: &Shop, more: &[&str]) -> Ran {
    let command = ["audit", "verify"];
    shop.desk.json(command.iter().chain(more))
}

/// Changes rows the way whoever owns the file can: past every trigger.
fn tamper(shop: &Shop, sql: &str) {
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    database
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
            false,
        )
        .unwrap();
    database.execute_batch(sql).unwrap();
}

#[test]
fn verify_tells_the_head_and_holds_the_log_against_an_earlier_one() {
    let shop = Shop::open();
    let first = verify(&shop, &[]).exits(0).object();
    let head = |told: &Value| {
        let (seq, hash) = (&told["head"]["seq"], &told["head"]["hash"]);
        format!("{seq}:{}", hash.as_str().unwrap())
    };
    let early = head(&first);
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    let sound = verify(&shop, &["--head", &early]).exits(0).object();
    assert_eq!(sound["ok"], true);
    assert_eq!(sound["entries"], sound["head"]["seq"]);
    assert_eq!(sound["findings"].as_array().unwrap().len(), 0);
    let late = head(&sound);
    let newest = entries(&shop, &[]).pop().unwrap();
    assert_eq!(newest["hash"], sound["head"]["hash"]);
    assert_eq!(newest["at"], sound["head"]["at"]);

    // The log is cut: the file beside it tells, then the send journal, and without both the head.
    let kept = &first["head"]["seq"];
    tamper(&shop, &format!("DELETE FROM audit WHERE seq > {kept}"));
    let cut = verify(&shop, &[]).exits(1);
    assert_eq!(cut.object()["head"], first["head"]);
    assert_eq!(cut.error()["code"], "audit_broken");
    std::fs::remove_file(shop.desk.data.join("desk.head")).unwrap();
    let journalled = verify(&shop, &[]).exits(1).error();
    let said = journalled["message"].as_str().unwrap();
    assert!(said.contains("send journal names record"), "{said}");
    std::fs::remove_file(shop.desk.data.join("journal/sends.jsonl")).unwrap();
    verify(&shop, &[]).exits(0);
    let cut = verify(&shop, &["--head", &late]).exits(1).object();
    assert_eq!(
        (&cut["ok"], &cut["first_bad"]),
        (&false.into(), &Value::Null)
    );
    verify(&shop, &["--head", &early]).exits(0);
    verify(&shop, &["--head", "12"]).exits(2);
}

#[test]
fn verify_tells_the_first_bad_entry() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    tamper(
        &shop,
        "UPDATE audit SET actor = 'nobody' WHERE seq IN (3, 5); DELETE FROM audit WHERE seq = 4",
    );
    let told = verify(&shop, &["--read-only"]).exits(1).object();
    assert_eq!(told["first_bad"], 3);
    let details: Vec<&str> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["detail"].as_str().unwrap())
        .collect();
    assert!(details[0].starts_with("record 3 "), "{details:?}");
    assert!(
        details[1].contains("from record 3 to record 5"),
        "{details:?}"
    );
}

#[test]
fn entries_are_found_by_who_what_and_when() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait", "--as", "mia"])
        .exits(0);
    let by_mia = entries(&shop, &["--actor", "mia"]);
    assert!(!by_mia.is_empty() && by_mia.iter().all(|it| it["actor"] == "mia"));
    let moves = entries(&shop, &["--action", "refund.s"]);
    assert_eq!(actions(&moves), ["refund.submitting", "refund.succeeded"]);
    let about = entries(&shop, &["A-1", "--action", "refund.", "--actor", "desk"]);
    assert!(about.len() >= 3 && about.iter().all(|it| it["actor"] == "desk"));
    let today = all_since(&shop, "2026-01-01");
    assert_eq!(today, entries(&shop, &[]));
    assert_eq!(all_since(&shop, "2999-01-01"), [] as [Value; 0]);
}

fn all_since(shop: &Shop, date: &str) -> Vec<Value> {
    entries(shop, &["--since", date])
}

#[test]
fn a_payment_as_it_stood() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let as_of = |at: &str| shop.desk.json(["payment", "A-1", "--as-of", at]);
    let now = shop.desk.payment("A-1");
    let mut told = as_of("2999-01-01").exits(0).object();
    assert!(
        told["as_of"]
            .as_str()
            .unwrap()
            .starts_with("2999-01-01T23:59:59")
    );
    for name in [
        "amount",
        "refunded",
        "held",
        "disputed",
        "available",
        "captures",
    ] {
        assert_eq!(told[name], now[name], "{name}");
    }
    // Same shape, whatever the time.
    told.as_object_mut().unwrap().remove("as_of");
    let names = |it: &Value| it.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&told), names(&now));

    for step in entries(&shop, &[refund["id"].as_str().unwrap()]) {
        let then = as_of(step["at"].as_str().unwrap()).exits(0).object();
        let state = then["refunds"][0]["state"].as_str().unwrap();
        let counted = if state == "succeeded" {
            "refunded"
        } else {
            "held"
        };
        assert_eq!(then[counted], "12.34", "{step} {then}");
    }
    let imported = entries(&shop, &["stock.csv"])[0]["at"].clone();
    let before = as_of(imported.as_str().unwrap()).exits(0).object();
    assert_eq!(before["refunds"].as_array().unwrap().len(), 0);
    assert_eq!(
        (&before["refunded"], &before["held"]),
        (&"0.00".into(), &"0.00".into())
    );
    assert_eq!(
        as_of("2020-01-01T10:00Z").exits(3).error()["code"],
        "not_known_then"
    );
    as_of("yesterday").exits(2);
}
