//! `evidence` and `access-review`: what an auditor gets without asking an engineer.

use serde_json::Value;

use super::shop::Shop;
use super::stock;

#[test]
fn one_page_tells_everything_about_a_refund() {
    let shop = Shop::open();
    let made = shop
        .refund(
            "BIG-1",
            "300.00",
            &["--as", "mia", "--note", "\u{1b}[2J\u{202e}x"],
        )
        .exits(5)
        .object();
    let id = made["id"].as_str().unwrap();
    let hash = made["hash"].as_str().unwrap();
    let approve = ["approve", id, "--expect", hash, "--as", "cora", "--wait"];
    shop.desk.json(approve).exits(0);

    let page = shop.desk.json(["evidence", id]).exits(0).object();
    assert_eq!(page["refund"]["maker"], "mia");
    assert_eq!(page["refund"]["approvals"][0]["checker"], "cora");
    assert_eq!(page["refund"]["approvals"][0]["hash"], hash);
    assert_eq!(
        page["refund"]["attempt_log"][0]["sha256"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    assert!(
        !page["refund"]["observations"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let rules = page["rules"].as_array().unwrap();
    let policy = rules.iter().find(|it| it["subject"] == "policy").unwrap();
    assert_eq!(policy["version"], page["refund"]["policy_version"]);
    assert!(rules.iter().any(|it| it["subject"] == "account hub-us"));
    assert!(rules.iter().all(|it| it["subject"] != "account prism-us"));
    let entries = page["audit"].as_array().unwrap();
    assert_eq!(entries[0]["action"], "refund.reserved");
    let head = page["head"]["seq"].as_u64().unwrap();
    assert!(entries.iter().all(|it| it["seq"].as_u64().unwrap() <= head));
    assert_eq!(page["sample"], Value::Null);
    // Who paid is shown to whoever asks for it by name, and the audit says so.
    assert_eq!(page["payment"]["payer"], "G… G…");

    let text = shop.desk.run(["evidence", id]).exits(0).stdout;
    for part in [
        "page 1 of 1",
        "maker",
        "cora",
        hash,
        "in force when it was made",
        "sent",
        "observed",
        "refund.approved",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text:?}"
    );
    shop.desk.json(["evidence", "nothing"]).exits(3);
    shop.desk.json(["evidence"]).exits(2);
}

#[test]
fn a_sample_is_drawn_again_by_its_seed() {
    let shop = Shop::open();
    let mut made: Vec<String> = (0..6)
        .map(|number| {
            let amount = format!("{number}.10");
            let amount = amount.replace("0.10", "9.10");
            let refund = shop
                .refund("A-1", &amount, &["--offline"])
                .exits(6)
                .object();
            refund["id"].as_str().unwrap().to_owned()
        })
        .collect();
    made.sort_unstable();
    let month = stock::today().format("%Y-%m").to_string();
    let sample = |size: &str, seed: &str, month: &str| {
        let command = [
            "evidence", "--sample", size, "--seed", seed, "--month", month,
        ];
        let pages = shop.desk.json(command).exits(0).objects();
        let id = |page: &Value| page["refund"]["id"].as_str().unwrap().to_owned();
        let ids: Vec<String> = pages.iter().map(id).collect();
        (ids, pages)
    };
    let (three, pages) = sample("3", "7", &month);
    assert_eq!(three.len(), 3);
    assert!(three.is_sorted());
    assert_eq!(pages[0]["sample"]["population"], 6);
    assert_eq!(sample("3", "7", &month).0, three);
    assert_eq!(sample("25", "7", &month).0, made);
    assert_eq!(sample("3", "7", "2020-01").0, Vec::<String>::new());
    shop.desk
        .json(["evidence", "--sample", "3", "--month", &month])
        .exits(2);
    shop.desk
        .json([
            "evidence", "--sample", "3", "--seed", "1", "--month", "november",
        ])
        .exits(2);
    shop.desk
        .json([
            "evidence", "--sample", "0", "--seed", "1", "--month", &month,
        ])
        .exits(2);
}

#[test]
fn an_access_review_tells_the_rules_and_the_people_of_a_day() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait", "--as", "mia"])
        .exits(0);
    let review = |date: &str| {
        shop.desk
            .json(["access-review", "--date", date])
            .exits(0)
            .object()
    };
    let today = review(&stock::today().to_string());
    let rules = today["rules"].as_array().unwrap();
    assert!(rules.iter().any(|it| it["subject"] == "policy"));
    let people = today["people"].as_array().unwrap();
    let mia = people.iter().find(|it| it["name"] == "mia").unwrap();
    assert_eq!(mia["did"]["refund.reserved"], 1);
    assert!(people.iter().any(|it| it["name"] == "desk"));
    let before = review("2020-01-01");
    assert_eq!(before["rules"].as_array().unwrap().len(), 0);
    assert_eq!(before["people"].as_array().unwrap().len(), 0);
    assert_eq!(before["head"], Value::Null);
    // A policy that changed since is not the one that was in force.
    shop.reconfigured(|text| text.replace("[policy]", "[policy]\nexpires_after_days = 3\n"))
        .json(["refunds"])
        .exits(0);
    let text = shop
        .desk
        .run(["access-review", "--date", &stock::today().to_string()])
        .exits(0)
        .stdout;
    assert!(
        text.contains("who had acted by then") && text.contains("mia"),
        "{text}"
    );
}
