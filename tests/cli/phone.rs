//! `phone`, `trace`, `radar` and the timeline of `status`, in the real program.

use super::shop::Shop;
use super::stock;

/// `#` stands for the `@` of an address: elsewhere that is a date.
const ROWS: &str =
    "account,payment_id,reference,amount,currency,captured_at,settled_at,payer,email,order,last4
hub-us,pay-ann,A-1,200.00,USD,@-12,@-10,Ann Ash,ann#ash.example,ORD-1,4242
nuapay-uk,pay-two,A-2,50.00,GBP,@-9,@-8,Ann Ash,ann#ash.example,,
hub-us,pay-bob,B-1,100.00,USD,@-22,@-20,Bob Birch,bob#birch.example,ORD-2,1111
";

fn shop() -> Shop {
    Shop::with(&stock::dated(ROWS).replace('#', "@"))
}

#[test]
fn a_payer_is_told_what_is_known_and_nothing_else() {
    let shop = shop();
    let made = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let id = made["id"].as_str().unwrap();
    let card = shop.desk.json(["phone", "A-1"]).exits(0).object();
    assert_eq!(card["payer"], "A… A…");
    let entries = card["entries"].as_array().unwrap();
    let kinds: Vec<(&str, &str)> = entries
        .iter()
        .map(|it| (it["kind"].as_str().unwrap(), it["kin"].as_str().unwrap()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("refund", "itself"),
            ("payment", "email"),
            ("payment", "itself")
        ]
    );
    assert_eq!(entries[1]["account"], "nuapay-uk");
    let said = entries[0]["say"].as_str().unwrap();
    assert!(said.starts_with("We sent 12.34 USD on "), "{said}");
    let text = shop.desk.run(["phone", id]).exits(0).stdout;
    assert!(text.contains(said), "{text}");
    for known in ["Ann", "Ash", "ash.example", "Birch"] {
        assert!(!text.contains(known), "{known}: {text}");
    }
    shop.desk.run(["phone", "gone"]).exits(3);

    let file = shop
        .write("blank", String::new())
        .with_file_name("note.txt");
    let path = file.to_str().unwrap();
    let note = shop.desk.run(["trace", id]).exits(0).stdout;
    shop.desk.run(["trace", id, "--to", path]).exits(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), note);
    assert!(note.contains("A-1") && note.contains("12.34 USD"), "{note}");
    for inner in ["hub-us", "Ann", "customer_request"] {
        assert!(!note.contains(inner), "{inner}: {note}");
    }
    // What is there is not written over, and a desk that writes nothing writes no note.
    let again = shop.desk.json(["trace", id, "--to", path]).exits(1);
    assert_eq!(again.error()["code"], "not_written");
    let other = format!("{path}.2");
    shop.desk
        .run(["trace", id, "--to", &other, "--read-only"])
        .exits(2);
    assert!(!std::path::Path::new(&other).exists());

    let status = shop.desk.json(["status", id]).exits(0).object();
    let told = status["timeline"].as_array().unwrap();
    let sorts: Vec<&str> = told.iter().map(|it| it["sort"].as_str().unwrap()).collect();
    assert_eq!(sorts[..3], ["decided", "sent", "learned"]);

    let radar = shop.desk.json(["radar"]).exits(0).object();
    assert_eq!(radar["days"].as_array().unwrap().len(), 14);
    assert_eq!(radar["days"][13]["succeeded"], 1);
    assert_eq!(radar["reasons"][0]["count"], 1);
    assert_eq!(radar["speeds"][0]["account"], "hub-us");
    let text = shop.desk.run(["radar"]).exits(0).stdout;
    assert!(text.contains("Faster Payments"), "{text}");
}
