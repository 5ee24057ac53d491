//! Every refusal: its exit code, the rule it names, and that nothing was written.

use rstest::rstest;

use super::desk::Desk;
use super::shop::Shop;
use super::stock;

/// A refused refund: what is typed after `refund`, the exit code, and words of the message.
#[rstest]
#[case::too_much(&["A-1", "--amount", "200.01"], 3, &["200.01 USD", "200.00"])]
#[case::far_too_much(&["A-1", "--amount", "99999999999999999999"], 3, &[])]
#[case::too_old(&["OLD-1", "--amount", "1.00"], 3, &["window"])]
#[case::unsettled(&["NEW-1", "--amount", "1.00"], 3, &["settled"])]
#[case::settles_later(&["SOON-1", "--amount", "1.00"], 3, &["settled"])]
#[case::zero(&["A-1", "--amount", "0"], 3, &[])]
#[case::zero_percent(&["A-1", "--amount", "0%"], 3, &[])]
#[case::negative(&["A-1", "--amount", "-5.00"], 2, &[])]
#[case::three_decimals(&["A-1", "--amount", "1.001"], 3, &["USD", "2"])]
#[case::wrong_currency(&["A-1", "--amount", "1.00 EUR"], 3, &["EUR", "USD"])]
#[case::unknown_payment(&["nobody", "--amount", "1.00"], 3, &["nobody"])]
#[case::two_payments(&["TWIN", "--amount", "1.00"], 3, &["TWIN", "hub-us/pay-twin-1", "hub-us/pay-twin-2"])]
#[case::comma(&["A-1", "--amount", "1,50"], 3, &["1.50", "150"])]
#[case::words(&["A-1", "--amount", "12.x"], 2, &[])]
#[case::empty_amount(&["A-1", "--amount", ""], 2, &[])]
fn a_refund_is_refused(#[case] typed: &[&str], #[case] code: i32, #[case] words: &[&str]) {
    let shop = Shop::open();
    let fixed = ["refund", "--reason", "customer_request"];
    refused(&shop, &[&fixed, typed].concat(), code, words);
}

#[rstest]
#[case::unknown_reason("whim", &[], 3, &["whim", "customer_request"])]
#[case::note_missing("other", &[], 3, &["note"])]
#[case::note_blank("fraud", &["--note", "  "], 3, &["note"])]
#[case::case_missing("dispute", &["--note", "x"], 3, &["case"])]
#[case::only_for_compensation("goodwill", &["--note", "x"], 3, &["compensation"])]
#[case::no_compensation("duplicate", &["--compensation", "1.00"], 3, &["compensation"])]
fn a_reason_is_refused(
    #[case] reason: &str,
    #[case] more: &[&str],
    #[case] code: i32,
    #[case] words: &[&str],
) {
    let shop = Shop::open();
    let fixed = ["refund", "A-1", "--amount", "1.00", "--reason", reason];
    refused(&shop, &[&fixed, more].concat(), code, words);
}

fn refused(shop: &Shop, typed: &[&str], code: i32, words: &[&str]) {
    let before = shop.desk.everything();
    let ran = shop.desk.json(typed).exits(code);
    let error = ran.error();
    let said = format!("{} {}", error["message"], error["next"]);
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    assert_eq!(ran.stdout, "");
    assert_eq!(shop.desk.everything(), before);
    assert!(super::book::read(&shop.sandbox.book()).is_empty());
}

#[rstest]
#[case::no_amount(&["refund", "A-1", "--reason", "duplicate"])]
#[case::amount_and_full(&["refund", "A-1", "--amount", "1", "--full", "--reason", "duplicate"])]
#[case::no_reason(&["refund", "A-1", "--full"])]
#[case::unknown_option(&["refund", "A-1", "--full", "--reason", "duplicate", "--fast"])]
#[case::unknown_command(&["reimburse", "A-1"])]
#[case::bad_duration(&["refund", "A-1", "--full", "--reason", "duplicate", "--wait=soon"])]
#[case::bad_state(&["refunds", "--state", "lost"])]
#[case::bad_date(&["payments", "--from", "yesterday"])]
fn wrong_usage_is_exit_2_and_writes_nothing(#[case] typed: &[&str]) {
    let shop = Shop::open();
    let before = shop.desk.everything();
    let ran = shop.desk.run(typed).exits(2);
    assert_eq!(ran.stdout, "");
    assert!(!ran.stderr.is_empty());
    assert_eq!(shop.desk.everything(), before);
}

#[test]
fn wrong_usage_is_told_as_json_too() {
    let shop = Shop::open();
    // product.md: all exit codes but 0, 4 and 5 print the error object on stderr with --json.
    let ran = shop.desk.json(["refund", "A-1", "--reason", "duplicate"]);
    assert!(ran.exits(2).error()["message"].is_string());
}

#[test]
fn the_words_on_a_terminal_are_the_same_three() {
    let shop = Shop::open();
    let typed = [
        "refund",
        "A-1",
        "--amount",
        "200.01",
        "--reason",
        "duplicate",
    ];
    let ran = shop.desk.run(typed).exits(3);
    for word in ["200.01 USD", "money: Nothing was written", "next:"] {
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
}

#[test]
fn the_last_day_of_the_window_counts_and_the_boundary_day_does_not() {
    let twelve = chrono::Months::new(12);
    let boundary = stock::today().checked_sub_months(twelve).unwrap();
    let last = boundary.succ_opt().unwrap();
    let header = "account,payment_id,reference,amount,currency,captured_at,settled_at";
    let row = |id: &str, day: chrono::NaiveDate| {
        format!("hub-us,{id},{id},10.00,USD,{day}T12:00:00Z,{day}T13:00:00Z\n")
    };
    let shop = Shop::with(&format!(
        "{header}\n{}{}",
        row("out", boundary),
        row("in", last)
    ));
    assert_eq!(
        shop.refund("out", "1.00", &[]).exits(3).error()["code"],
        "too_old"
    );
    let payment = shop.desk.payment("in");
    assert_eq!(payment["refundable_until"], stock::today().to_string());
    shop.refund("in", "1.00", &["--wait"]).exits(0);
}

#[test]
fn a_payment_of_several_captures_needs_one_named() {
    let shop = Shop::with(&stock::dated(include_str!("../data/captures.csv")));
    let refused = shop.refund("SPLIT-1", "10.00", &[]).exits(3);
    let said = refused.error().to_string();
    assert!(said.contains("cap-a") && said.contains("cap-b"), "{said}");
    shop.refund("SPLIT-1", "30.01", &["--capture", "cap-a"])
        .exits(3);
    shop.refund("SPLIT-1", "1.00", &["--capture", "cap-x"])
        .exits(3);
    let refund = shop.refund("SPLIT-1", "20.00", &["--capture", "cap-a", "--wait"]);
    let refund = refund.exits(0).object();
    assert_eq!(
        [&refund["capture_id"], &refund["state"]],
        ["cap-a", "succeeded"]
    );
    let captures = &shop.desk.payment("SPLIT-1")["captures"];
    let left: Vec<&str> = captures
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["available"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["10.00", "50.00"]);
}

#[rstest]
#[case::init(&["init"])]
#[case::demo(&["demo"])]
#[case::sandbox(&["sandbox", "--port", "0"])]
fn read_only_makes_no_files(#[case] typed: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk {
        config: folder.path().join("conf/config.toml"),
        data: folder.path().join("data"),
    };
    let ran = desk.json(typed.iter().chain(&["--read-only"])).exits(2);
    assert_eq!(ran.error()["code"], "read_only");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn read_only_writes_nothing() {
    let shop = Shop::open();
    let before = shop.desk.everything();
    for typed in [
        &["refund", "A-1", "--amount", "1.00", "--reason", "duplicate"][..],
        &["import", "/dev/null"],
        &["track", "--once"],
    ] {
        let ran = shop
            .desk
            .json(typed.iter().chain(&["--read-only"]))
            .exits(3);
        assert_eq!(ran.error()["code"], "read_only");
    }
    assert_eq!(shop.desk.everything(), before);
}
