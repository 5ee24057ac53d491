//! Files that cannot be read as settlement files: exit 1, the line, nothing written.

use rstest::rstest;

use super::shop::Shop;
use super::stock;

const HEADER: &str = "account,payment_id,amount,currency,captured_at";

#[rstest]
#[case::empty("", 1)]
#[case::blank("\n  \n", 1)]
#[case::wrong_header("date;amount;text\n", 1)]
#[case::missing_column("account,payment_id,amount,currency\nhub-us,p,1.00,USD\n", 1)]
#[case::unknown_column("account,payment_id,amount,currency,captured_at,colour\n", 1)]
#[case::column_twice("account,payment_id,amount,currency,captured_at,amount\n", 1)]
#[case::unclosed_quote(
    "account,payment_id,amount,currency,captured_at\nhub-us,p1,1.00,USD,@-9\nhub-us,\"p2,1.00,USD,@-9\nhub-us,p3,1.00,USD,@-9\n",
    3
)]
#[case::unclosed_quote_at_the_end(
    "account,payment_id,amount,currency,captured_at\nhub-us,p1,1.00,USD,@-9\nhub-us,p2,1.00,USD,\"@-9",
    3
)]
#[case::unknown_key(
    "{\"account\":\"hub-us\",\"payment_id\":\"p\",\"amount\":\"1.00\",\"currency\":\"USD\",\"captured_at\":\"@-9\",\"colour\":\"red\"}\n",
    1
)]
fn a_malformed_file_says_where_and_writes_nothing(#[case] text: &str, #[case] line: usize) {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    let file = shop.write("broken.csv", stock::dated(text));
    let ran = shop.desk.json(["import", file.to_str().unwrap()]).exits(1);
    let message = ran.error()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with(&format!("broken.csv, line {line}: ")),
        "{message}"
    );
    assert_eq!(ran.stdout, "");
    assert_eq!(shop.desk.everything(), "");
}

#[test]
fn another_encoding_is_said_and_loses_nothing() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    let wide: Vec<u8> = format!("\u{feff}{HEADER}\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let utf16 = shop.write("wide.csv", wide);
    shop.desk
        .json(["import", utf16.to_str().unwrap()])
        .exits(1)
        .error();
    assert_eq!(shop.desk.everything(), "");

    // One row of a readable file in Latin-1: that row is refused, with its line, the rest counts.
    let text = stock::dated(&format!("{HEADER},payer\nhub-us,p1,1.00,USD,@-9,J"));
    let mut bytes = text.into_bytes();
    bytes.push(0xf6);
    bytes.extend(stock::dated("rg\nhub-us,p2,1.00,USD,@-9,Ann\n").into_bytes());
    let latin = shop.write("latin.csv", bytes);
    let report = shop.desk.json(["import", latin.to_str().unwrap()]);
    let report = report.exits(0).object();
    assert_eq!([&report["new"], &report["rejected"]], [1, 1]);
    let rejects = std::fs::read(report["rejects_file"].as_str().unwrap()).unwrap();
    let rejects = String::from_utf8_lossy(&rejects);
    assert!(
        rejects.contains("latin.csv,2,payer is not UTF-8"),
        "{rejects}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    let ran = shop.desk.json(["import", "/nowhere/x.csv"]).exits(1);
    let message = ran.error()["message"].to_string();
    assert!(message.contains("/nowhere/x.csv"), "{message}");
    assert_eq!(shop.desk.everything(), "");
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_no_harm() {
    let shop = Shop::bare(&stock::dated(stock::STOCK));
    let text = format!("\u{feff}{HEADER}\r\nhub-us,p1,1.00,USD,@-9\r\n");
    let file = shop.write("windows.csv", stock::dated(&text));
    let report = shop.desk.json(["import", file.to_str().unwrap()]);
    assert_eq!(report.exits(0).object()["new"], 1);
    assert_eq!(shop.desk.payment("hub-us/p1")["amount"], "1.00");
}
