//! `accounts import`, `inbox` and `answer`, as far as they go without a network.

use super::shop::Shop;
use super::stock;

const NUMBER: &str = "GB29NWBK60161331926819";
const OTHER: &str = "DE89370400440532013000";

fn import(shop: &Shop, name: &str, content: &str) -> [u64; 4] {
    let path = shop.write(name, content);
    let path = path.to_str().unwrap();
    let ran = shop.desk.json(["accounts", "import", path]).exits(0);
    assert!(!ran.stdout.contains(NUMBER) && !ran.stdout.contains(OTHER));
    let report = ran.object();
    ["read", "new", "unchanged", "rejected"].map(|name| report[name].as_u64().unwrap())
}

#[test]
fn accounts_are_taken_in_once_and_never_changed_by_a_file() {
    let shop = Shop::bare(&stock::sample());
    let head = "account,payment_id,account_number,holder\n";
    let first = format!("{head}hub-us,x-1,{NUMBER},Jane Doe\nhub-us,x-2,60-16-13 31926819,\n");
    assert_eq!(import(&shop, "a.csv", &first), [2, 2, 0, 0]);
    assert_eq!(import(&shop, "a.csv", &first), [2, 0, 2, 0]);
    // The same in JSON Lines; another number stays out, and is in no file of ours.
    let second = format!(
        "{{\"account\":\"hub-us\",\"payment_id\":\"x-1\",\"account_number\":\"{OTHER}\"}}\n\
         {{\"account\":\"hub-us\",\"payment_id\":\"x-2\",\"account_number\":60161331926819}}\n\
         {{\"account\":\"hub-us\",\"payment_id\":\"x-3\",\"account_number\":\"{OTHER}\"}}\n"
    );
    assert_eq!(import(&shop, "b.jsonl", &second), [3, 1, 0, 2]);
    let report = shop
        .desk
        .json([
            "accounts",
            "import",
            "--dry-run",
            shop.write("c.jsonl", &second).to_str().unwrap(),
        ])
        .exits(0)
        .object();
    assert_eq!(
        (report["dry_run"].as_bool(), report["unchanged"].as_u64()),
        (Some(true), Some(1))
    );
    let told = shop.desk.json(["audit", "show"]).exits(0).stdout;
    assert!(told.contains("accounts.imported") && !told.contains(NUMBER) && !told.contains(OTHER));
}

#[test]
fn a_file_that_makes_no_sense_is_refused_whole() {
    let shop = Shop::bare(&stock::sample());
    for (content, what) in [
        ("", "the file is empty"),
        ("account,payment_id\nhub-us,x\n", "account_number"),
        ("account,payment_id,account_number,iban\n", "unknown column"),
    ] {
        let path = shop.write("odd.csv", content);
        let ran = shop
            .desk
            .json(["accounts", "import", path.to_str().unwrap()]);
        assert!(ran.exits(1).stderr.contains(what), "{what}");
    }
}

#[test]
fn nothing_waits_and_nothing_can_be_answered() {
    let shop = Shop::bare(&stock::sample());
    let path = shop.write("sample.csv", stock::sample());
    shop.desk.json(["import", path.to_str().unwrap()]).exits(0);
    assert_eq!(shop.desk.json(["inbox", "--all"]).exits(0).stdout, "");
    assert!(
        shop.desk
            .run(["inbox"])
            .exits(0)
            .stdout
            .contains("UNTIL UTC")
    );
    for arguments in [
        &["answer", "7", "--account", "f1"][..],
        &["answer", "7", "--refuse", "ACCL-0001", "--note", "closed"],
        &["inbox", "ask", "7"],
    ] {
        let refused = shop.desk.json(arguments).exits(3);
        assert!(refused.stderr.contains("not_found"), "{}", refused.stderr);
    }
    for arguments in [
        &["answer", "7"][..],
        &["answer", "7", "--account", "f1", "--refuse", "X"],
    ] {
        shop.desk.json(arguments).exits(2);
    }
    let odd = shop
        .desk
        .json(["answer", "7", "--account", "GB00"])
        .exits(2);
    assert!(!odd.stderr.contains("GB00"), "{}", odd.stderr);
}
