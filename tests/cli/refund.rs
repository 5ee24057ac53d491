//! `refund`: one decision, one payout, and what is printed about it.

use serde_json::{Value, json};

use super::shop::{Shop, assert_balance};

#[test]
fn one_refund_is_one_payout_and_the_balance_falls_by_just_that() {
    let shop = Shop::open();
    let ran = shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    assert_eq!(ran.stderr, "");
    let refund = ran.object();
    assert_eq!(
        [&refund["state"], &refund["amount"], &refund["currency"]],
        ["succeeded", "12.34", "USD"]
    );
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    assert_balance(&shop.desk.payment("A-1"), "12.34", "0.00", "187.66");
    assert_eq!(shop.desk.refunds().len(), 1);
}

#[test]
fn without_waiting_it_is_on_its_way_and_held() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &[]).exits(0).object();
    assert_eq!(refund["state"], "pending");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    shop.track("90s").exits(0);
    assert_balance(&shop.desk.payment("A-1"), "12.34", "0.00", "187.66");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn waiting_ends_when_the_refund_does() {
    let shop = Shop::open();
    let started = std::time::Instant::now();
    shop.refund("A-1", "12.34", &["--wait=30s"]).exits(0);
    // Its two looks are due after 50 and 150 ms; the longest sleep between looks is 5 s.
    let waited = started.elapsed();
    assert!(
        waited.as_secs() < 4,
        "waited {waited:?} for a refund that ended at once"
    );
}

#[test]
fn a_refund_names_every_field_of_the_contract() {
    let shop = Shop::open();
    let more = [
        "--wait",
        "--note",
        "as agreed",
        "--key",
        "k-1",
        "--as",
        "mia",
    ];
    let printed = shop.refund("A-1", "12.34", &more).exits(0).object();
    let status = shop.desk.status(printed["id"].as_str().unwrap());
    assert_eq!(printed, status);
    for field in [
        "id",
        "payment_id",
        "account",
        "amount",
        "compensation",
        "currency",
        "reason",
        "state",
        "provider_refund_id",
        "maker",
        "hash",
    ] {
        assert!(status[field].is_string(), "{field}: {status:#}");
    }
    assert_eq!(
        [&status["maker"], &status["compensation"], &status["note"]],
        ["mia", "0.00", "as agreed"]
    );
    assert!(status["attempts"].is_u64());
    assert_evidence(&status);
    let listed = &shop.desk.refunds()[0];
    for field in ["id", "state", "amount", "hash", "attempts", "updated_at"] {
        assert_eq!(listed[field], status[field], "{field}");
    }
}

fn assert_evidence(status: &Value) {
    for field in ["created_at", "updated_at"] {
        let time = status[field].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(time).unwrap();
        assert!(time.ends_with('Z'), "{time}");
    }
    assert_eq!(status["attempt_log"].as_array().unwrap().len(), 1);
    let observations = status["observations"].as_array().unwrap();
    assert_eq!(observations.len(), 3, "a reply and two looks: {status:#}");
}

#[test]
fn a_dry_run_shows_the_request_and_writes_nothing() {
    let shop = Shop::open();
    let before = shop.desk.everything();
    let preview = shop
        .refund("A-1", "12.34", &["--dry-run"])
        .exits(0)
        .object();
    assert_eq!(
        [
            &preview["amount"],
            &preview["remaining"],
            &preview["can_refund"]
        ],
        ["12.34", "187.66", "200.00"]
    );
    assert_eq!(preview["problems"], json!([]));
    let body: Value = serde_json::from_str(preview["request"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["amount"]["currency"], "USD");
    let refused = shop.refund("A-1", "200.01", &["--dry-run"]).exits(3);
    assert_eq!(refused.error()["code"], "over_available");
    assert_eq!(shop.desk.everything(), before);
    assert!(shop.payouts("pay-ann").is_empty());
}

#[test]
fn a_key_names_one_decision() {
    let shop = Shop::open();
    let first = shop
        .refund("A-1", "10.00", &["--key", "k-1", "--wait"])
        .exits(0)
        .object();
    for amount in ["10.00", "10", "10 USD", "5%"] {
        let again = shop
            .refund("A-1", amount, &["--key", "k-1"])
            .exits(0)
            .object();
        assert_eq!(again["id"], first["id"], "{amount}");
    }
    let before = shop.desk.everything();
    let other = shop.refund("A-1", "11.00", &["--key", "k-1"]).exits(3);
    assert_eq!(other.error()["code"], "key_reused");
    let elsewhere = shop.refund("B-1", "10.00", &["--key", "k-1"]).exits(3);
    assert_eq!(elsewhere.error()["code"], "key_reused");
    assert_eq!(shop.desk.everything(), before);
    assert_eq!(shop.payouts("pay-ann"), ["10.00"]);
}

#[test]
fn a_full_refund_under_a_key_finds_itself_again() {
    let shop = Shop::open();
    let full = [
        "refund",
        "B-1",
        "--full",
        "--reason",
        "customer_request",
        "--key",
        "f",
        "--wait",
    ];
    let first = shop.desk.json(full).exits(0).object();
    let again = shop.desk.json(full).exits(0).object();
    assert_eq!(first["id"], again["id"]);
    assert_eq!(shop.payouts("pay-bob"), ["100.00"]);
}

#[test]
fn a_likely_duplicate_is_refused_unless_it_is_meant() {
    let shop = Shop::open();
    shop.refund("A-1", "10.00", &["--wait"]).exits(0);
    let before = shop.desk.everything();
    let refused = shop.refund("A-1", "10.00", &[]).exits(3);
    assert_eq!(refused.error()["code"], "duplicate");
    assert_eq!(shop.desk.everything(), before);
    shop.refund("A-1", "10.00", &["--again", "--wait"]).exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["10.00", "10.00"]);
}

#[test]
fn a_new_key_does_not_hide_a_likely_duplicate_from_the_list() {
    let shop = Shop::open();
    shop.refund("A-1", "10.00", &["--wait"]).exits(0);
    let tried = shop.refund("A-1", "10.00", &["--dry-run"]).exits(3);
    assert_eq!(tried.object()["duplicates"].as_array().unwrap().len(), 1);
    // The very words of the refund that is not tried.
    let refused = shop.refund("A-1", "10.00", &["--key", "new"]).exits(3);
    assert_eq!(refused.error()["code"], "duplicate");
    assert_eq!(tried.error(), refused.error());
    shop.refund("A-1", "10.00", &["--dry-run", "--again"])
        .exits(0);
}

#[test]
fn a_dry_run_under_a_key_says_what_the_key_names() {
    let shop = Shop::open();
    let keyed = ["--key", "k-1"];
    let refund = shop
        .refund("A-1", "rest", &["--key", "k-1", "--wait"])
        .exits(0)
        .object();
    let before = shop.desk.everything();
    let tried = shop.refund("A-1", "rest", &["--dry-run", "--key", "k-1"]);
    assert_eq!(tried.exits(0).object()["existing"], refund["id"]);
    let tried = shop.refund("A-1", "1.00", &["--dry-run", "--key", "k-1"]);
    assert_eq!(tried.exits(3).error()["code"], "key_reused");
    assert_eq!(shop.desk.everything(), before);
    let again = shop.refund("A-1", "rest", &keyed).exits(0).object();
    assert_eq!(again["id"], refund["id"]);
}

#[test]
fn what_was_expected_to_be_available_must_be() {
    let shop = Shop::open();
    let before = shop.desk.everything();
    let refused = shop
        .refund("A-1", "10.00", &["--expect-available", "199.99"])
        .exits(3);
    assert_eq!(refused.error()["code"], "balance_changed");
    assert_eq!(shop.desk.everything(), before);
    shop.refund("A-1", "10.00", &["--expect-available", "200.00", "--wait"])
        .exits(0);
    shop.refund("A-1", "20.00", &["--expect-available", "200.00"])
        .exits(3);
    assert_eq!(shop.payouts("pay-ann"), ["10.00"]);
}

#[test]
fn full_after_a_part_sends_the_explicit_rest() {
    let shop = Shop::open();
    shop.refund("B-1", "33.30", &["--wait"]).exits(0);
    let full = [
        "refund",
        "B-1",
        "--full",
        "--reason",
        "goods_returned",
        "--wait",
    ];
    let refund = shop.desk.json(full).exits(0).object();
    assert_eq!(refund["amount"], "66.70");
    let body = refund["attempt_log"][0]["body"].as_str().unwrap();
    assert!(body.contains("66.70"), "{body}");
    assert_eq!(shop.payouts("pay-bob"), ["33.30", "66.70"]);
    let payment = shop.desk.payment("B-1");
    assert_balance(&payment, "100.00", "0.00", "0.00");
    assert_eq!(
        [&payment["refundable"], &payment["why_not"]],
        [&json!(false), &json!("all_back")]
    );
}

#[test]
fn percent_is_of_what_was_paid_and_sums_are_understood() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.5%", &["--wait"]).exits(0).object();
    assert_eq!(refund["amount"], "25.00");
    let refund = shop.refund("A-1", "10%", &["--wait"]).exits(0).object();
    assert_eq!(
        refund["amount"], "20.00",
        "of the amount paid, not of what is left"
    );
    let refund = shop.refund("B-1", "3x12.50", &["--wait"]).exits(0).object();
    assert_eq!(refund["amount"], "37.50");
    let refund = shop.refund("B-1", "rest", &["--wait"]).exits(0).object();
    assert_eq!(refund["amount"], "62.50");
}

#[test]
fn above_the_limit_a_person_is_needed_and_can_withdraw() {
    let shop = Shop::open();
    let ran = shop.refund("BIG-1", "250.50", &["--wait"]).exits(5);
    let refund = ran.object();
    assert_eq!(refund["state"], "awaiting_approval");
    assert_balance(&shop.desk.payment("BIG-1"), "0.00", "250.50", "649.50");
    shop.track("1s").exits(0);
    let id = refund["id"].as_str().unwrap();
    assert_eq!(shop.desk.status(id)["state"], "awaiting_approval");
    let canceled = shop
        .desk
        .json(["cancel", id, "--note", "not needed"])
        .exits(0)
        .object();
    assert_eq!(canceled["state"], "canceled");
    assert_balance(&shop.desk.payment("BIG-1"), "0.00", "0.00", "900.00");
    assert!(shop.payouts("pay-big").is_empty());
    shop.desk.json(["cancel", id]).exits(3).error();
}

#[test]
fn slicing_does_not_escape_the_limit() {
    let shop = Shop::open();
    shop.refund("BIG-1", "250.00", &["--wait"]).exits(0);
    let next = shop.refund("BIG-1", "0.50", &[]).exits(5).object();
    assert_eq!(next["state"], "awaiting_approval");
    assert_eq!(shop.payouts("pay-big"), ["250.00"]);
}

#[test]
fn what_was_sent_cannot_be_withdrawn() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &[]).exits(0).object();
    let refused = shop
        .desk
        .json(["cancel", refund["id"].as_str().unwrap()])
        .exits(3);
    let refused = refused.error();
    assert_eq!(refused["code"], "too_late");
    assert!(refused["next"].as_str().unwrap().contains("--stop"));
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
}

#[test]
fn a_refund_is_found_by_id_by_its_end_and_at_its_provider() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let id = refund["id"].as_str().unwrap();
    let theirs = format!("hub-us/{}", refund["provider_refund_id"].as_str().unwrap());
    for handle in [id, &id[28..], &theirs] {
        assert_eq!(shop.desk.status(handle)["id"], *id, "{handle}");
    }
    for handle in ["nothing", "%", "_", "hub-us/none", ""] {
        shop.desk.json(["status", handle]).exits(3).error();
    }
}

#[test]
fn the_only_refund_of_a_payment_is_found_by_its_reference() {
    let shop = Shop::open();
    shop.desk.json(["status", "A-1"]).exits(3).error();
    let first = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    for handle in ["A-1", "a-1"] {
        assert_eq!(shop.desk.status(handle)["id"], first["id"], "{handle}");
    }
    // The provider's id of a payment is not that of a refund.
    shop.desk.json(["status", "hub-us/pay-ann"]).exits(3);
    let second = shop.refund("A-1", "2.00", &["--wait"]).exits(0).object();
    let error = shop.desk.json(["status", "A-1"]).exits(3).error();
    assert_eq!(error["code"], "ambiguous");
    let said = error["message"].as_str().unwrap();
    for refund in [first, second] {
        assert!(said.contains(refund["id"].as_str().unwrap()), "{said}");
    }
}
