//! Kinds of refund besides the plain one, and the later step *stop*: Commerce Hub end to end.

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use super::book;
use super::desk::{Desk, Ran};
use super::shop::{Shop, assert_balance};
use super::stock;

const HEADER: &str = "account,payment_id,reference,amount,currency,captured_at,settled_at\n";

fn hours_ago(hours: i64) -> String {
    let time = Utc::now() - TimeDelta::hours(hours);
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A payment of this amount that was captured two hours ago and has not settled.
fn unsettled(amount: &str) -> String {
    format!("{HEADER}hub-us,pay-u,U-1,{amount},USD,{},\n", hours_ago(2))
}

/// A desk that was told that what the provider has unsettled is settled.
fn told_settled(amount: &str) -> Shop {
    let shop = Shop::bare(&unsettled(amount));
    let text = format!(
        "{HEADER}hub-us,pay-u,U-1,{amount},USD,{},{}\n",
        hours_ago(2),
        hours_ago(1)
    );
    let file = shop.write("told.csv", text);
    shop.desk
        .run(["import".as_ref(), file.as_os_str()])
        .exits(0);
    shop
}

/// A desk that was told that what the provider has settled is not.
fn told_unsettled(amount: &str) -> Shop {
    let text = format!(
        "{HEADER}hub-us,pay-u,U-1,{amount},USD,{},{}\n",
        hours_ago(2),
        hours_ago(1)
    );
    let shop = Shop::bare(&text);
    let file = shop.write("told.csv", unsettled(amount));
    shop.desk
        .run(["import".as_ref(), file.as_os_str()])
        .exits(0);
    shop
}

fn void(shop: &Shop, more: &[&str]) -> Ran {
    let fixed = ["refund", "U-1", "--full", "--kind", "void"];
    let reason = ["--reason", "canceled_order"];
    shop.desk.json(fixed.iter().chain(&reason).chain(more))
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

fn meanings(refund: &Value) -> Vec<String> {
    let observations = refund["observations"].as_array().unwrap();
    observations
        .iter()
        .map(|it| text(it, "meaning").to_owned())
        .collect()
}

#[test]
fn an_unsettled_payment_is_voided_whole_and_pays_nothing_out() {
    let shop = Shop::with(&unsettled("40.00"));
    let payment = shop.desk.payment("U-1");
    assert_eq!(payment["why_not"], "unsettled");
    let refused = shop.refund("U-1", "40.00", &[]).exits(3).error();
    assert_eq!(refused["code"], "unsettled");
    assert!(text(&refused, "next").contains("void"), "{refused:#}");
    let part = ["refund", "U-1", "--amount", "10", "--kind", "void"];
    let part = shop
        .desk
        .json(part.iter().chain(&["--reason", "canceled_order"]));
    assert_eq!(part.exits(3).error()["code"], "void_whole");

    let voided = void(&shop, &["--wait"]).exits(0).object();
    assert_eq!(text(&voided, "kind"), "void");
    assert_eq!(text(&voided, "state"), "succeeded", "{voided:#}");
    let log = &voided["attempt_log"][0];
    assert!(text(log, "url").ends_with("/payments/v1/cancels"));
    assert!(text(log, "body").contains(r#""reversalReasonCode":"VOID""#));
    assert!(!text(log, "body").contains("amount"));
    assert_balance(&shop.desk.payment("U-1"), "40.00", "0.00", "0.00");
    assert!(book::read(&shop.sandbox.book()).is_empty());
    assert_eq!(void(&shop, &[]).exits(3).error()["code"], "all_back");
}

#[test]
fn what_settled_is_refunded_and_what_is_held_is_not_voided() {
    let shop = Shop::open();
    let settled = ["refund", "A-1", "--full", "--kind", "void"];
    let reason = ["--reason", "customer_request"];
    let settled = shop.desk.json(settled.iter().chain(&reason));
    assert_eq!(settled.exits(3).error()["code"], "settled");
    let elsewhere = ["refund", "A-1", "--full", "--kind", "outside"];
    let elsewhere = shop.desk.json(elsewhere.iter().chain(&reason));
    assert_eq!(elsewhere.exits(3).error()["code"], "outside_what");
}

/// The column "Commerce Hub" of product.md for a void: its answer is final, and takes effect at once.
#[test]
fn the_outcomes_of_a_void() {
    for (cents, code, state, meaning) in [
        ("01", 1, "rejected", "refused"),
        ("02", 0, "succeeded", "in doubt"),
        ("03", 0, "succeeded", "not found"),
        ("04", 0, "pending", "pending"),
        ("06", 5, "action_required", "succeeded 41.06 USD"),
        ("07", 0, "succeeded", "turned away"),
        ("08", 0, "succeeded", "not found"),
        ("09", 0, "succeeded", "in doubt"),
    ] {
        let shop = Shop::with(&unsettled(&format!("40.{cents}")));
        let wait = if cents == "04" { "--wait=1s" } else { "--wait" };
        let voided = void(&shop, &[wait]).exits(code).object();
        assert_eq!(text(&voided, "state"), state, "{cents}: {voided:#}");
        let meanings = meanings(&voided);
        assert!(
            meanings.iter().any(|it| it.contains(meaning)),
            "{cents}: {meanings:?}"
        );
        assert!(book::read(&shop.sandbox.book()).is_empty());
    }
}

/// 829: settled meanwhile. The void says so, and only a refund in its place may then go out.
#[test]
fn a_void_that_comes_too_late_becomes_a_refund() {
    let shop = told_unsettled("40.00");
    let ran = void(&shop, &["--wait"]).exits(1);
    let voided = ran.object();
    assert_eq!(text(&voided, "state"), "rejected");
    assert_eq!(text(&voided, "class"), "settled_meanwhile");
    assert!(text(&ran.error(), "next").contains("Refund it in place"));
    assert_balance(&shop.desk.payment("U-1"), "0.00", "0.00", "40.00");
    shop.refund("U-1", "40.00", &[]).exits(3);
    let more = ["--supersedes", text(&voided, "id"), "--wait"];
    let refund = shop.refund("U-1", "40.00", &more).exits(0).object();
    assert_eq!(text(&refund, "state"), "succeeded", "{refund:#}");
    assert_eq!(shop.payouts("pay-u"), ["40.00"]);
    // The provider was asked what became of the void before the refund was made.
    let asked = shop.desk.status(text(&voided, "id"));
    assert_eq!(meanings(&asked).last().unwrap(), "not found", "{asked:#}");
}

/// 837: not settled yet. The refund says so, and a void in its place takes the whole back.
#[test]
fn a_refund_that_comes_too_early_becomes_a_void() {
    let shop = told_settled("40.00");
    let ran = shop.refund("U-1", "40.00", &["--wait"]).exits(1);
    let refund = ran.object();
    assert_eq!(text(&refund, "class"), "not_settled_yet", "{refund:#}");
    assert!(text(&ran.error(), "next").contains("Void it in place"));
    assert_eq!(void(&shop, &[]).exits(3).error()["code"], "settled");
    let more = ["--supersedes", text(&refund, "id"), "--wait"];
    let voided = void(&shop, &more).exits(0).object();
    assert_eq!(text(&voided, "state"), "succeeded", "{voided:#}");
    assert!(book::read(&shop.sandbox.book()).is_empty());
    // Never both without the provider's word: offline there is none.
    let shop = told_settled("41.00");
    let refund = shop.refund("U-1", "41.00", &["--wait"]).exits(1).object();
    let more = ["--supersedes", text(&refund, "id"), "--offline"];
    assert_eq!(void(&shop, &more).exits(3).error()["code"], "offline");
}

#[test]
fn a_refund_on_its_way_is_stopped_and_its_amount_is_free_again() {
    let shop = Shop::open();
    let refund = shop.refund("Z-4", "10.04", &[]).exits(0).object();
    assert_eq!(text(&refund, "state"), "pending");
    let id = text(&refund, "id");
    // The stop of 10.04 stays pending itself: until it is proven, the refund stands as it stood.
    let asked = shop.desk.json(["cancel", id, "--stop"]).exits(4).object();
    assert_eq!(text(&asked, "state"), "pending", "{asked:#}");
    assert_eq!(asked["later_step"]["step"], "stop");
    assert_eq!(asked["later_step"]["unknown"], true);
    assert_eq!(asked["attempts"], 1);
    assert_eq!(asked["next_step"]["tab"], "problems");
    assert_balance(&shop.desk.payment("Z-4"), "0.00", "10.04", "79.96");
    let again = shop.desk.json(["cancel", id, "--stop"]).exits(3);
    assert_eq!(again.error()["code"], "step_under_way");
    // The refund itself is seen to be voided: that is the proof.
    shop.desk.json(["track", "--timeout", "2s"]);
    let stopped = shop.desk.status(id);
    assert_eq!(text(&stopped, "state"), "canceled", "{stopped:#}");
    assert!(stopped["later_step"].is_null());
    assert_balance(&shop.desk.payment("Z-4"), "0.00", "0.00", "90.00");
    shop.desk.json(["audit", "verify"]).exits(0);
}

#[test]
fn a_stop_that_is_agreed_to_ends_the_refund_at_once() {
    let shop = Shop::open();
    let refund = shop.refund("Z-0", "10.00", &[]).exits(0).object();
    let id = text(&refund, "id");
    let stopped = shop.desk.json(["cancel", id, "--stop"]).exits(0).object();
    assert_eq!(text(&stopped, "state"), "canceled", "{stopped:#}");
    let log = stopped["attempt_log"].as_array().unwrap();
    let stop = log.iter().find(|it| it["step"] == "stop").unwrap();
    assert!(text(stop, "url").ends_with("/payments/v1/cancels"));
    let reference = text(&refund, "provider_refund_id");
    assert!(text(stop, "body").contains(reference), "{stop:#}");
    assert_balance(&shop.desk.payment("Z-0"), "0.00", "0.00", "90.00");
    // What was stopped can be refunded again, and nothing was lost on the way.
    shop.refund("Z-0", "10.00", &["--again", "--wait"]).exits(0);
    shop.desk.json(["doctor"]).exits(0);
}

#[test]
fn a_success_is_stopped_before_its_batch_closes() {
    let shop = Shop::open();
    let refund = shop.refund("Z-0", "10.00", &["--wait"]).exits(0).object();
    assert_eq!(text(&refund, "state"), "succeeded");
    let id = text(&refund, "id");
    let stopped = shop.desk.json(["cancel", id, "--stop"]).exits(0).object();
    assert_eq!(text(&stopped, "state"), "canceled", "{stopped:#}");
    assert_balance(&shop.desk.payment("Z-0"), "0.00", "0.00", "90.00");
}

#[test]
fn a_stop_that_is_declined_leaves_the_refund_as_it_was() {
    let shop = Shop::open();
    let refund = shop.refund("Z-1", "10.01", &[]).exits(0).object();
    let id = text(&refund, "id");
    let ran = shop.desk.json(["cancel", id, "--stop"]).exits(1);
    assert_eq!(ran.error()["code"], "not_stopped");
    let status = shop.desk.status(id);
    assert_eq!(text(&status, "state"), "pending", "{status:#}");
    assert!(status["later_step"].is_null());
    assert_balance(&shop.desk.payment("Z-1"), "0.00", "10.01", "79.99");
    shop.track("90s").exits(0);
    assert_eq!(text(&shop.desk.status(id), "state"), "failed");
}

/// The reply is lost, or the request: the refund stands, and inquiries settle the step.
#[test]
fn a_stop_of_unknown_outcome_is_asked_about() {
    let shop = Shop::open();
    let lost = shop.refund("Z-2", "10.02", &["--wait"]).exits(0).object();
    let id = text(&lost, "id");
    let asked = shop.desk.json(["cancel", id, "--stop"]).exits(4).object();
    assert_eq!(text(&asked, "state"), "succeeded", "{asked:#}");
    assert_eq!(asked["later_step"]["unknown"], true);
    shop.desk.json(["track", "--timeout", "2s"]);
    let stopped = shop.desk.status(id);
    assert_eq!(text(&stopped, "state"), "canceled", "{stopped:#}");
    assert_balance(&shop.desk.payment("Z-2"), "0.00", "0.00", "90.00");
}

#[test]
fn what_failed_for_a_closed_account_is_paid_outside_by_two_people() {
    let shop = Shop::open();
    let failed = shop.refund("Z-1", "10.01", &["--as", "mia", "--wait"]);
    let failed = failed.exits(1).object();
    assert_eq!(text(&failed, "class"), "account_gone", "{failed:#}");
    assert!(text(&failed, "advice").contains("another way"));
    let id = text(&failed, "id");
    let fixed = ["refund", "Z-1", "--amount", "10.01", "--kind", "outside"];
    let more = ["--reason", "customer_request", "--supersedes", id];
    let outside = shop
        .desk
        .json(fixed.iter().chain(&more).chain(&["--as", "mia"]))
        .exits(5)
        .object();
    assert_eq!(text(&outside, "state"), "awaiting_approval");
    let (new, hash) = (text(&outside, "id"), text(&outside, "hash"));
    let approved = shop
        .desk
        .json(["approve", new, "--expect", hash, "--as", "ben"])
        .exits(5)
        .object();
    assert_eq!(text(&approved, "state"), "action_required", "{approved:#}");
    assert!(text(&approved["next_step"], "next").contains("other means"));
    assert_balance(&shop.desk.payment("Z-1"), "0.00", "10.01", "79.99");
    let state = |by: &str, code: i32| {
        let fixed = ["resolve", new, "--as", "succeeded"];
        let proof = ["--evidence", "transfer of today, slip 9", "--as", by];
        shop.desk.json(fixed.iter().chain(&proof)).exits(code)
    };
    state("mia", 5);
    let paid = state("ben", 0).object();
    assert_eq!(text(&paid, "state"), "succeeded");
    assert_eq!(text(&paid, "kind"), "outside");
    assert_balance(&shop.desk.payment("Z-1"), "10.01", "0.00", "79.99");
    assert!(shop.payouts("pay-01").is_empty(), "no provider was asked");
}

#[test]
fn an_account_signs_in_either_encoding() {
    let shop = Shop::open();
    let desk = shop.reconfigured(|text| {
        text.replace("merchant_id =", "hmac_encoding = \"hex\"\nmerchant_id =")
    });
    let fixed = ["refund", "A-1", "--amount", "5", "--reason"];
    desk.json(fixed.iter().chain(&["customer_request", "--wait"]))
        .exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["5.00"]);
}

/// T21: each again as a refund of its own, in place of the old one.
#[test]
fn what_failed_for_lack_of_funds_is_refunded_again_at_once() {
    let shop = Shop::with(&stock::dated(stock::STOCK));
    let none = shop.desk.json(["retry", "--dry-run"]).exits(0);
    assert!(none.objects().is_empty());
    let failed = shop.refund("Z-1", "13.01", &["--wait"]).exits(1).object();
    assert_eq!(text(&failed, "class"), "no_funds", "{failed:#}");
    let other = shop.refund("A-1", "10.01", &["--wait"]).exits(1).object();
    assert_eq!(text(&other, "class"), "account_gone");
    let planned = shop.desk.json(["retry", "--dry-run"]).exits(0).objects();
    assert_eq!(planned.len(), 1, "{planned:#?}");
    assert_eq!(planned[0]["supersedes"], failed["id"]);
    assert!(planned[0]["refund"].is_null());
    let made = shop.desk.json(["retry"]).exits(0).objects();
    let again = shop.desk.status(text(&made[0], "refund"));
    assert_eq!(again["supersedes"], failed["id"]);
    assert_eq!(text(&again, "amount"), "13.01");
    assert_eq!(text(&again, "state"), "pending", "{again:#}");
    // It is in hand: nothing else is to be refunded again.
    assert!(shop.desk.json(["retry"]).exits(0).objects().is_empty());
    assert_eq!(shop.desk.refunds().len(), 3);
}

/// A refund that another desk made is found by asking about the order, and counts once.
#[test]
fn a_balance_is_compared_with_the_providers_own_list() {
    let shop = Shop::open();
    let other = Desk {
        config: shop.desk.config.clone(),
        data: shop.file("other"),
    };
    other
        .run(["import".as_ref(), shop.stock().as_os_str()])
        .exits(0);
    shop.refund("A-1", "25.00", &["--wait"]).exits(0);
    assert_balance(&other.payment("A-1"), "0.00", "0.00", "200.00");
    for _ in 0..2 {
        let told = other.json(["payment", "A-1", "--verify"]).exits(0).object();
        assert_balance(&told, "25.00", "0.00", "175.00");
    }
    // What is ours is known already: the desk that made it learns nothing new.
    let ours = ["payment", "A-1", "--verify"];
    let told = shop.desk.json(ours).exits(0).object();
    assert_balance(&told, "25.00", "0.00", "175.00");
    let open = shop.desk.json(["discrepancies"]).exits(0);
    assert!(open.objects().is_empty(), "{open:?}");
    let offline = shop.desk.json(ours.iter().chain(&["--offline"]));
    assert_eq!(offline.exits(3).error()["code"], "offline");
}
