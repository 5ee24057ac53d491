//! Refunds that are only authorised, and the later step that pays them: Commerce Hub end to end.

use serde_json::Value;

use super::desk::{Desk, Ran};
use super::shop::{Shop, assert_balance};

/// The same desk, whose refunds at Commerce Hub wait for their capture.
fn by_hand(shop: &Shop) -> Desk {
    shop.reconfigured(|text| {
        text.replace(
            "merchant_id =",
            "refund_capture = \"by-hand\"\nmerchant_id =",
        )
    })
}

fn refund(desk: &Desk, payment: &str, amount: &str) -> Ran {
    let fixed = ["refund", payment, "--amount", amount];
    let more = ["--reason", "customer_request", "--wait"];
    desk.json(fixed.iter().chain(&more))
}

/// A refund that waits for its capture; its id.
fn authorised(desk: &Desk, payment: &str, amount: &str) -> String {
    let refund = refund(desk, payment, amount).exits(5).object();
    assert_eq!(refund["state"], "action_required", "{refund:#}");
    assert_eq!(refund["waits_for_capture"], true, "{refund:#}");
    refund["id"].as_str().unwrap().to_owned()
}

fn body(status: &Value, step: &str) -> String {
    let log = status["attempt_log"].as_array().unwrap();
    let attempt = log.iter().rfind(|it| it["step"] == step).unwrap();
    attempt["body"].as_str().unwrap().to_owned()
}

/// What the list says of a payment: paid back, held, and what can still be refunded.
#[track_caller]
fn assert_listed(desk: &Desk, payment: &str, figures: [&str; 3]) {
    let listed = desk.json(["payments", "--query", payment]).exits(0);
    let row = listed.objects().remove(0);
    let told = ["refunded", "held", "can_refund"].map(|name| row[name].as_str().unwrap());
    assert_eq!(told, figures, "{row:#}");
}

#[test]
fn what_is_authorised_is_paid_once_when_it_is_captured() {
    let shop = Shop::open();
    let id = authorised(&by_hand(&shop), "Z-0", "10.00");
    let status = shop.desk.status(&id);
    assert!(body(&status, "refund").contains("\"captureFlag\":false"));
    assert_eq!(status["next_step"]["act"], "capture", "{status:#}");
    // What was sent counts, not what the setting says by now; and time pays nothing.
    shop.desk.json(["track", "--timeout", "1s"]);
    let status = shop.desk.status(&id);
    assert_eq!(status["state"], "action_required", "{status:#}");
    assert!(shop.payouts("pay-00").is_empty());
    assert_listed(&shop.desk, "Z-0", ["0.00", "10.00", "80.00"]);
    let paid = shop.desk.json(["capture", &id]).exits(0).object();
    assert_eq!(paid["state"], "succeeded", "{paid:#}");
    let reference = paid["provider_refund_id"].as_str().unwrap();
    let sent = body(&paid, "capture");
    for part in [
        &format!("\"referenceTransactionId\":\"{reference}\""),
        "\"amount\":{\"total\":10.00,\"currency\":\"USD\"}",
        "\"captureFlag\":true",
    ] {
        assert!(sent.contains(part), "{sent}");
    }
    assert_eq!(shop.payouts("pay-00"), ["10.00"]);
    assert_listed(&shop.desk, "Z-0", ["10.00", "0.00", "80.00"]);
    let again = shop.desk.json(["capture", &id]).exits(3);
    assert_eq!(again.error()["code"], "nothing_to_capture");
    shop.desk.json(["track", "--timeout", "1s"]);
    assert_eq!(shop.desk.status(&id)["state"], "succeeded");
    assert_eq!(shop.payouts("pay-00"), ["10.00"]);
    shop.desk.json(["audit", "verify"]).exits(0);
    let open = shop.desk.json(["discrepancies"]).exits(0);
    assert!(open.objects().is_empty(), "{open:?}");
}

/// The answer to the capture is lost: it was paid, and asking shows it.
#[test]
fn a_capture_of_unknown_outcome_is_asked_about_and_never_repeated() {
    let shop = Shop::open();
    let desk = by_hand(&shop);
    let id = authorised(&desk, "Z-2", "10.02");
    let asked = desk.json(["capture", &id]).exits(4).object();
    assert_eq!(asked["state"], "action_required", "{asked:#}");
    assert_eq!(asked["later_step"]["step"], "capture");
    assert_eq!(asked["later_step"]["unknown"], true);
    assert_eq!(shop.payouts("pay-02"), ["10.02"]);
    assert_listed(&desk, "Z-2", ["0.00", "10.02", "79.98"]);
    let again = desk.json(["capture", &id]).exits(3);
    assert_eq!(again.error()["code"], "step_under_way");
    desk.json(["track", "--timeout", "2s"]);
    let status = desk.status(&id);
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert!(status["later_step"].is_null());
    assert_eq!(shop.payouts("pay-02"), ["10.02"]);
    assert_listed(&desk, "Z-2", ["10.02", "0.00", "79.98"]);
}

/// The capture itself is lost: three inquiries that count find nothing, and it may be made again.
#[test]
fn a_capture_that_never_arrived_is_made_again() {
    let shop = Shop::open();
    let desk = by_hand(&shop);
    let id = authorised(&desk, "Z-3", "10.03");
    let asked = desk.json(["capture", &id]).exits(4).object();
    assert_eq!(asked["later_step"]["unknown"], true, "{asked:#}");
    let mut rounds = 0;
    while !desk.status(&id)["later_step"].is_null() {
        rounds += 1;
        assert!(rounds < 30, "{:#}", desk.status(&id));
        desk.json(["track", "--timeout", "2s"]);
    }
    let status = desk.status(&id);
    assert_eq!(status["waits_for_capture"], true, "{status:#}");
    assert!(shop.payouts("pay-03").is_empty());
    let empty = status["observations"].as_array().unwrap().iter();
    let empty = empty.filter(|it| it["meaning"] == "capture: not found");
    assert!(empty.count() >= 3, "{status:#}");
    let paid = desk.json(["capture", &id]).exits(0).object();
    assert_eq!(paid["state"], "succeeded", "{paid:#}");
    assert_eq!(shop.payouts("pay-03"), ["10.03"]);
}

#[test]
fn a_capture_that_is_declined_pays_nothing() {
    let shop = Shop::open();
    let desk = by_hand(&shop);
    let id = authorised(&desk, "Z-1", "10.01");
    let declined = desk.json(["capture", &id]).exits(1);
    assert_eq!(declined.error()["code"], "not_captured");
    assert!(desk.status(&id)["later_step"].is_null());
    desk.json(["track", "--timeout", "2s"]);
    let status = desk.status(&id);
    assert_eq!(status["state"], "failed", "{status:#}");
    assert_balance(&desk.payment("Z-1"), "0.00", "0.00", "90.00");
    assert!(shop.payouts("pay-01").is_empty());
}

#[test]
fn what_is_stopped_before_its_capture_is_not_paid() {
    let shop = Shop::open();
    let desk = by_hand(&shop);
    let id = authorised(&desk, "Z-0", "10.00");
    let stopped = desk.json(["cancel", &id, "--stop"]).exits(0).object();
    assert_eq!(stopped["state"], "canceled", "{stopped:#}");
    assert_balance(&desk.payment("Z-0"), "0.00", "0.00", "90.00");
    let late = desk.json(["capture", &id]).exits(3);
    assert_eq!(late.error()["code"], "nothing_to_capture");
    assert!(shop.payouts("pay-00").is_empty());
}

#[test]
fn nothing_is_captured_offline_or_while_sending_is_stopped() {
    let shop = Shop::open();
    let desk = by_hand(&shop);
    let id = authorised(&desk, "Z-0", "10.00");
    let offline = desk.json(["capture", &id, "--offline"]).exits(3);
    assert_eq!(offline.error()["code"], "offline");
    desk.json(["capture", &id, "--read-only"]).exits(3);
    desk.json(["stop-sending", "hub-us"]).exits(0);
    let stopped = desk.json(["capture", &id]);
    assert_ne!(stopped.code, Some(0), "{stopped:?}");
    let status = desk.status(&id);
    assert_eq!(status["waits_for_capture"], true, "{status:#}");
    assert!(status["later_step"].is_null());
    assert!(shop.payouts("pay-00").is_empty());
}

/// Another amount authorised than asked is for people to find out about.
#[test]
fn another_amount_is_not_captured() {
    let shop = Shop::open();
    let desk = by_hand(&shop);
    let refund = refund(&desk, "Z-6", "10.06").exits(5).object();
    assert_eq!(refund["waits_for_capture"], false, "{refund:#}");
    let id = refund["id"].as_str().unwrap();
    desk.json(["capture", id]).exits(3);
    assert!(shop.payouts("pay-06").is_empty());
}

/// What is asked of a provider changes no figure before it is proven.
#[test]
fn the_list_stands_while_a_stop_is_under_way() {
    let shop = Shop::open();
    let paid = refund(&shop.desk, "Z-2", "10.02").exits(0).object();
    let id = paid["id"].as_str().unwrap();
    assert_listed(&shop.desk, "Z-2", ["10.02", "0.00", "79.98"]);
    shop.desk.json(["cancel", id, "--stop"]).exits(4);
    assert_listed(&shop.desk, "Z-2", ["10.02", "0.00", "79.98"]);
    shop.desk.json(["track", "--timeout", "2s"]);
    assert_eq!(shop.desk.status(id)["state"], "canceled");
    assert_listed(&shop.desk, "Z-2", ["0.00", "0.00", "90.00"]);
}

#[test]
fn the_older_call_has_no_capture() {
    let shop = Shop::open();
    let desk = shop.reconfigured(|text| {
        let settings = "refund_call = \"charge-uri\"\nrefund_capture = \"by-hand\"\nmerchant_id =";
        text.replace("merchant_id =", settings)
    });
    let refused = desk.json(["config", "check"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("refund_capture"), "{refused:?}");
}
