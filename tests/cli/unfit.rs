//! Refunds that the provider's format cannot carry are refused before anything is held for them;
//! neither that nor a preview takes a secret.

use rstest::rstest;

use super::desk::Desk;
use super::shop::{Shop, assert_balance};
use super::stock;

const LONG: &str = "x2345678901234567890123456789012345678901234567890";

/// A shop whose secrets leave a mark when they are read, with payments that cannot be refunded.
fn shop() -> (Shop, Desk) {
    let shop = Shop::open();
    let marker = shop.file("secret-was-read");
    let desk = shop.reconfigured(|text| {
        let key = format!("command:touch {}; echo k", marker.display());
        text.replace("file:hub-us.key", &key).replacen(
            r#"["USD"]"#,
            r#"["USD", "XAF", "KMF", "BIF", "GNF"]"#,
            1,
        )
    });
    let mut text =
        "account,payment_id,reference,amount,currency,captured_at,settled_at\n".to_owned();
    text += &format!("hub-us,{LONG},LONG,90.00,USD,@-9,@-8\n");
    for (code, amount) in [
        ("XAF", "9000"),
        ("KMF", "9000"),
        ("BIF", "9000"),
        ("GNF", "9000"),
    ] {
        text += &format!("hub-us,pay-{code},{code},{amount},{code},@-9,@-8\n");
    }
    let file = shop.write("odd.csv", stock::dated(&text));
    desk.run(["import".as_ref(), file.as_os_str()]).exits(0);
    (shop, desk)
}

fn refund<'a>(payment: &'a str, amount: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = [
        "refund",
        payment,
        "--amount",
        amount,
        "--reason",
        "customer_request",
    ];
    [&fixed[..], more].concat()
}

#[rstest]
#[case("LONG", "12.34", "50 characters; 1 to 40 can be sent")]
#[case("XAF", "1000", "XAF with other decimals than ISO 4217")]
#[case("KMF", "1000", "KMF")]
#[case("BIF", "1000", "BIF")]
#[case("GNF", "1000", "GNF")]
fn what_can_never_be_sent_is_refused_before_anything_is_held(
    #[case] payment: &str,
    #[case] amount: &str,
    #[case] why: &str,
) {
    let (shop, desk) = shop();
    for more in [&[][..], &["--offline"], &["--dry-run"]] {
        let error = desk.json(refund(payment, amount, more)).exits(3).error();
        assert_eq!(error["code"], "unfit");
        let said = error["message"].as_str().unwrap();
        assert!(
            said.contains(why) && said.contains("Commerce Hub"),
            "{said}"
        );
    }
    assert!(desk.refunds().is_empty());
    assert_eq!(
        desk.payment(payment)["held"]
            .as_str()
            .unwrap()
            .trim_matches(['0', '.']),
        ""
    );
    assert!(!shop.file("secret-was-read").exists());
}

#[test]
fn a_preview_reads_no_secret() {
    let (shop, desk) = shop();
    let preview = desk.json(refund("A-1", "12.34", &["--dry-run"])).exits(0);
    let body = preview.object()["request"]["body"].to_string();
    assert!(body.contains("12.34"), "{body}");
    desk.json(refund("A-1", "12.34", &["--offline"])).exits(6);
    assert!(!shop.file("secret-was-read").exists());
    assert_balance(&desk.payment("A-1"), "0.00", "12.34", "187.66");
}
