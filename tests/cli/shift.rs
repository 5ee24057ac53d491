//! Notes, owners, what is snoozed, the handover, an order, saved views and what can still be stopped,
//! in the real program.

use super::shop::Shop;
use super::stock;

const ROWS: &str =
    "account,payment_id,reference,amount,currency,captured_at,settled_at,payer,order,last4
hub-us,pay-ann,A-1,200.00,USD,@-12,@-10,Ann Ash,ORD-1,4242
hub-us,pay-two,A-2,50.00,USD,@-12,@-10,Ann Ash,ORD-1,4242
nuapay-uk,pay-uk,A-3,70.00,GBP,@-9,@-8,Ann Ash,ORD-1,
hub-us,pay-bob,B-1,900.00,USD,@-22,@-20,Bob Birch,ORD-2,1111
";

fn shop() -> Shop {
    Shop::with(&stock::dated(ROWS))
}

#[test]
fn a_note_stands_with_who_and_when_until_the_payer_is_erased() {
    let shop = shop();
    let made = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let id = made["id"].as_str().unwrap();
    let text = "Ann paid with 4242 4242 4242 4242, call her";
    let note = shop.desk.json(["note", id, text, "--as", "ben"]);
    let note = note.exits(0).object();
    assert_eq!(
        (&note["author"], &note["refund_id"]),
        (&"ben".into(), &id.into())
    );
    assert!(!note["text"].as_str().unwrap().contains("4242 4242 4242"));
    shop.desk.json(["note", "A-1", "from Spain"]).exits(0);
    shop.desk.json(["note", "A-1", "  "]).exits(2);
    shop.desk.json(["note", "gone", "x"]).exits(3);
    shop.desk.json(["note", "A-1", "x", "--read-only"]).exits(3);

    let status = shop.desk.run(["status", id]).exits(0).stdout;
    assert!(status.contains("note by ben: Ann paid with"), "{status}");
    let card = shop.desk.run(["payment", "A-1"]).exits(0).stdout;
    assert!(card.contains("from Spain"), "{card}");
    let audit = shop.desk.run(["audit", "show"]).exits(0).stdout;
    assert!(
        !audit.contains("Spain") && audit.contains("note.written"),
        "{audit}"
    );

    for (who, code) in [("ann", 5), ("ben", 0)] {
        let erase = ["erase", "A-1", "--case", "T-1", "--as", who];
        shop.desk.json(erase).exits(code);
    }
    let card = shop.desk.json(["payment", "A-1"]).exits(0).object();
    assert!(card["notes"][0]["text"].is_null(), "{card:#}");
    assert!(card["notes"][1]["text"].is_null(), "{card:#}");
    shop.desk.json(["audit", "verify"]).exits(0);
}

#[test]
fn what_waits_is_taken_snoozed_and_handed_over() {
    let shop = shop();
    let made = shop
        .refund("B-1", "600.00", &["--as", "ann"])
        .exits(5)
        .object();
    let id = made["id"].as_str().unwrap();
    shop.desk.json(["owner", id, "--as", "ben"]).exits(0);
    let todo = |who: &str, more: &[&str]| {
        let fixed = ["todo", "--as", who];
        shop.desk.json(fixed.iter().chain(more)).exits(0).objects()
    };
    assert_eq!(todo("ann", &[])[0]["owner"], "ben");
    let reason = ["--until", "2h", "--reason", "asked the shop", "--as", "ben"];
    let snooze = ["snooze", id].into_iter().chain(reason);
    shop.desk.json(snooze).exits(0);
    assert_eq!(todo("ben", &[]).len(), 0);
    assert_eq!(todo("ben", &["--snoozed"]).len(), 1);
    assert_eq!(todo("ann", &[]).len(), 1, "it is out of one list alone");
    let text = shop.desk.run(["todo", "--as", "ben"]).exits(0).stdout;
    assert!(text.contains("1 snoozed"), "{text}");
    for (until, code) in [("nonsense", 2), ("3d", 3)] {
        let snooze = [
            "snooze", id, "--until", until, "--reason", "x", "--as", "ben",
        ];
        shop.desk.json(snooze).exits(code);
    }

    shop.desk
        .json(["note", id, "call back at noon", "--as", "ben"])
        .exits(0);
    shop.desk
        .json(["stop-sending", "hub-us", "--note", "odd answers"])
        .exits(0);
    let file = shop.file("handover.txt");
    let path = file.to_str().unwrap();
    shop.desk
        .run(["handover", "--to", path, "--as", "ann"])
        .exits(0);
    let page = std::fs::read_to_string(&file).unwrap();
    for said in [
        "Open: 1",
        "1 to approve, holding 600.00 USD",
        "owner ben",
        "STOPPED on hub-us",
        "by ben until",
        "asked the shop",
        "call back at noon",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(!page.contains("Birch"), "{page}");
    let again = shop.desk.json(["handover", "--to", path]).exits(1);
    assert_eq!(again.error()["code"], "not_written");
    let other = format!("{path}.2");
    shop.desk
        .run(["handover", "--to", &other, "--read-only"])
        .exits(2);
    let told = shop.desk.json(["handover"]).exits(0).object();
    assert_eq!(told["open"][0]["kind"], "approval");
    assert_eq!(told["open"][0]["snoozed"][0]["who"], "ben");

    let back = ["snooze", id, "--back", "--as", "ben"];
    shop.desk.json(back).exits(0);
    shop.desk.json(back).exits(3);
    assert_eq!(todo("ben", &[]).len(), 1);
}

#[test]
fn an_order_has_its_sums_by_currency() {
    let shop = shop();
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    for handle in ["ORD-1", "A-2"] {
        let order = shop.desk.json(["order", handle]).exits(0).object();
        assert_eq!(order["payments"].as_array().unwrap().len(), 3);
        let sums = order["sums"].as_array().unwrap();
        let of =
            |at: usize| ["currency", "paid", "refunded"].map(|it| sums[at][it].as_str().unwrap());
        assert_eq!(of(0), ["GBP", "70.00", "0.00"]);
        assert_eq!(of(1), ["USD", "250.00", "12.34"]);
    }
    let text = shop.desk.run(["order", "ORD-1"]).exits(0).stdout;
    assert!(
        text.contains("Order ORD-1: 3 payments") && !text.contains("Ash"),
        "{text}"
    );
    shop.desk.json(["order", "ORD-9"]).exits(3);
}

#[test]
fn a_saved_view_is_a_filter_an_order_and_columns() {
    let shop = shop();
    let save = [
        "views",
        "save",
        "big",
        "--query",
        "amount:>60",
        "--sort",
        "amount",
        "--ascending",
        "--columns",
        "paid,order",
    ];
    shop.desk.json(save).exits(0);
    let rows = shop
        .desk
        .json(["payments", "--view", "BIG"])
        .exits(0)
        .objects();
    let names: Vec<&str> = rows
        .iter()
        .map(|it| it["reference"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["A-3", "A-1", "B-1"]);
    let text = shop.desk.run(["payments", "--view", "big"]).exits(0).stdout;
    let head = text.lines().next().unwrap();
    assert!(
        head.contains("PAID") && head.contains("ORDER") && !head.contains("PAYER"),
        "{head}"
    );
    shop.desk.json(["views", "rename", "big", "large"]).exits(0);
    let listed = shop.desk.json(["views"]).exits(0).objects();
    assert_eq!((listed.len(), &listed[0]["name"]), (1, &"large".into()));
    let unknown = shop.desk.json(["payments", "--view", "big"]).exits(2);
    assert!(unknown.error()["next"].as_str().unwrap().contains("large"));
    shop.desk.json(["views", "--as", "ben"]).exits(0);
    shop.desk.json(["views", "delete", "large"]).exits(0);
    assert_eq!(shop.desk.json(["views"]).exits(0).objects().len(), 0);
    shop.desk
        .json(["views", "save", "x", "--columns", "nonsense"])
        .exits(2);
    let chosen = shop.desk.json(["views", "columns", "paid,order"]).exits(0);
    assert_eq!(
        chosen.object()["columns"],
        serde_json::json!(["paid", "order"])
    );
    let as_at_first = shop.desk.run(["views", "columns"]).exits(0).stdout;
    assert!(
        as_at_first.contains("that the desk gives it"),
        "{as_at_first}"
    );
}

#[test]
fn status_says_until_when_it_can_be_stopped() {
    let shop = shop();
    // A provider that never says more than that it took it.
    let made = shop.refund("A-1", "12.04", &["--wait=1s"]);
    let id = made.object()["id"].as_str().unwrap().to_owned();
    let told = shop.desk.json(["status", &id]).exits(0).object();
    assert_eq!(told["stop"]["possible"], true);
    assert!(told["stop"]["until"].is_null(), "{told:#}");
    let closes = shop.reconfigured(|text| {
        let (before, after) = text.split_once("[accounts.hub-us]").unwrap();
        format!("{before}[accounts.hub-us]\nbatch_closes = \"21:00\"{after}")
    });
    let told = closes.json(["status", &id]).exits(0).object();
    assert!(told["stop"]["until"].is_string(), "{told:#}");
    let text = closes.run(["status", &id]).exits(0).stdout;
    assert!(
        text.contains("can still be stopped until") && text.contains("21:00"),
        "{text}"
    );
    // This provider only takes note that it is to be stopped: whether it was is not known.
    shop.desk.json(["cancel", &id, "--stop"]).exits(4);
    let told = closes.json(["status", &id]).exits(0).object();
    assert_eq!(told["stop"]["possible"], false);
    let said = told["stop"]["said"].as_str().unwrap();
    assert!(said.contains("asked to stop it already"), "{said}");
}
