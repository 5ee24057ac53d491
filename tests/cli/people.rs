//! What takes a second person: approving, declining, stating an outcome.

use rstest::rstest;
use serde_json::Value;

use super::desk::Ran;
use super::shop::{Shop, assert_balance};
use crate::terminal::screen::{Size, Terminal};

/// A refund of 300.00, made by mia, that waits for a checker.
fn waiting(shop: &Shop) -> Value {
    let refund = shop.refund("BIG-1", "300.00", &["--as", "mia"]).exits(5);
    refund.object()
}

fn id(refund: &Value) -> &str {
    refund["id"].as_str().unwrap()
}

fn hash(refund: &Value) -> &str {
    refund["hash"].as_str().unwrap()
}

fn approve(shop: &Shop, refund: &Value, by: &str, more: &[&str]) -> Ran {
    let fixed = ["approve", id(refund), "--expect", hash(refund), "--as", by];
    shop.desk.json(fixed.iter().chain(more))
}

/// `resolve` as product.md writes it: `--as` twice.
fn resolve(shop: &Shop, refund: &Value, outcome: &str, by: &str, more: &[&str]) -> Ran {
    let fixed = [
        "resolve",
        id(refund),
        "--as",
        outcome,
        "--evidence",
        "ticket 7",
        "--as",
        by,
    ];
    shop.desk.json(fixed.iter().chain(more))
}

fn actions(shop: &Shop, refund: &Value) -> Vec<String> {
    let entries = shop.desk.json(["audit", "show", id(refund)]).exits(0);
    let entries = entries.objects();
    entries
        .iter()
        .map(|it| {
            format!(
                "{} {}",
                it["actor"].as_str().unwrap(),
                it["action"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn another_person_approves_what_was_shown_and_it_is_sent() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    assert_eq!(refund["state"], "awaiting_approval");
    assert_eq!(refund["next_step"]["tab"], "mine", "{refund:#}");
    let as_ben = shop.desk.json(["status", id(&refund), "--as", "ben"]);
    assert_eq!(as_ben.exits(0).object()["next_step"]["tab"], "approvals");
    let listed = &shop.desk.refunds()[0];
    assert_eq!(listed["hash"], refund["hash"]);
    assert_ne!(refund["hash"], refund["content_hash"]);
    assert!(shop.payouts("pay-big").is_empty());

    let approved = approve(&shop, &refund, "ben", &["--wait"])
        .exits(0)
        .object();
    assert_eq!(approved["state"], "succeeded");
    assert_eq!(approved["checker"], "ben");
    assert_eq!(approved["approvals"][0]["hash"], refund["hash"]);
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
    let actions = actions(&shop, &refund);
    assert!(
        actions.contains(&"mia refund.reserved".to_owned()),
        "{actions:?}"
    );
    assert!(
        actions.contains(&"ben refund.approved".to_owned()),
        "{actions:?}"
    );
    let again = approve(&shop, &refund, "ann", &[]).exits(3);
    assert_eq!(again.error()["code"], "not_waiting");
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
}

#[test]
fn nobody_approves_their_own_refund_not_even_by_hand() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    let before = shop.desk.everything();
    let refused = approve(&shop, &refund, "mia", &[]).exits(3).error();
    assert_eq!(refused["code"], "own_refund");
    let declined = ["decline", id(&refund), "--note", "no", "--as", "mia"];
    assert_eq!(
        shop.desk.json(declined).exits(3).error()["code"],
        "own_refund"
    );
    assert_eq!(shop.desk.everything(), before);

    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let hash = "a".repeat(64);
    for statement in [
        format!(
            "INSERT INTO approvals (refund_id, checker, hash, at) SELECT id, maker, '{hash}', 1 FROM refunds"
        ),
        "UPDATE refunds SET state = 'approved'".to_owned(),
        "UPDATE refunds SET maker = 'eve'".to_owned(),
    ] {
        assert!(database.execute(&statement, []).is_err(), "{statement}");
    }
    assert_eq!(shop.desk.everything(), before);
    assert!(shop.payouts("pay-big").is_empty());
}

#[test]
fn without_a_terminal_the_hash_that_was_seen_is_needed() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    let ran = shop.desk.json(["approve", id(&refund), "--as", "ben"]);
    assert_eq!(ran.exits(2).error()["code"], "expect");
    let content = refund["content_hash"].as_str().unwrap();
    for (seen, told) in [(content, "the field hash"), ("0", "shown any more")] {
        let typed = ["approve", id(&refund), "--expect", seen, "--as", "ben"];
        let error = shop.desk.json(typed).exits(3).error();
        assert_eq!(error["code"], "changed");
        assert!(error.to_string().contains(told), "{error}");
    }
    assert_eq!(shop.desk.status(id(&refund))["state"], "awaiting_approval");
}

/// On a terminal the card is shown, and what was shown is what is approved.
#[test]
fn on_a_terminal_the_card_is_shown_and_asked_about() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    let ask = |answer: &str| {
        let (config, data) = (shop.desk.config.display(), shop.desk.data.display());
        let typed = format!(
            "approve {} --as ben --config {config} --data-dir {data}",
            id(&refund)
        );
        let typed: Vec<&str> = typed.split(' ').collect();
        let size = Size {
            rows: 40,
            columns: 120,
        };
        let mut terminal = Terminal::start(size, &typed);
        terminal.wait_for("Approve? Type yes:");
        terminal.wait_for("300.00 USD is above 250.00 USD");
        terminal.wait_for("900.00 USD, afterwards 600.00 USD");
        terminal.wait_for(&hash(&refund)[..12]);
        terminal.keys(answer);
        terminal.ends()
    };
    assert_eq!(ask("no\r"), 3);
    assert_eq!(shop.desk.status(id(&refund))["state"], "awaiting_approval");
    assert_eq!(ask("yes\r"), 0);
    assert_ne!(shop.desk.status(id(&refund))["state"], "awaiting_approval");
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
}

#[test]
fn a_balance_that_changed_since_is_told_and_not_approved() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    shop.refund("BIG-1", "10.00", &["--again", "--offline", "--as", "ann"]);
    let error = approve(&shop, &refund, "ben", &[]).exits(3).error();
    let said = error["message"].as_str().unwrap();
    assert!(
        said.contains("900.00 USD was available") && said.contains("890.00 USD"),
        "{said}"
    );
    let seen_anew = shop.desk.status(id(&refund));
    assert_ne!(seen_anew["hash"], refund["hash"]);
    approve(&shop, &seen_anew, "ben", &["--wait"]).exits(0);
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
}

#[test]
fn a_policy_that_changed_since_is_told_and_stands_in_the_audit() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    let stricter = shop
        .reconfigured(|text| text.replace("approval_above = \"250\"", "approval_above = \"100\""));
    let typed = [
        "approve",
        id(&refund),
        "--expect",
        hash(&refund),
        "--as",
        "ben",
    ];
    let error = stricter.json(typed).exits(3).error();
    let said = error["message"].as_str().unwrap();
    assert!(
        said.contains("policy changed from version 1 to 2"),
        "{said}"
    );
    let entries = stricter.json(["audit", "show"]).exits(0).objects();
    let changes: Vec<&Value> = entries
        .iter()
        .filter(|it| it["action"] == "policy.changed")
        .collect();
    assert_eq!(changes.len(), 2, "the first policy and its change");
    assert_eq!(changes[1]["actor"], "ben");
    let detail = changes[1]["detail"].as_str().unwrap();
    assert!(
        detail.contains("version=2") && detail.contains("approval_above=100"),
        "{detail}"
    );
    let later = stricter.json(["audit", "show"]).exits(0).objects();
    assert_eq!(later.len(), entries.len(), "said once");
}

#[test]
fn a_config_file_that_changed_stands_in_the_audit_by_its_hash() {
    let shop = Shop::open();
    let changes = |desk: &super::desk::Desk| {
        let show = ["audit", "show", "--action", "config.changed", "--as", "ben"];
        desk.json(show).exits(0).objects()
    };
    assert_eq!(changes(&shop.desk).len(), 1, "the first, said once");
    let commented = shop.reconfigured(|text| format!("# ticket 77\n{text}"));
    let told = changes(&commented);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["actor"], "ben");
    let file = std::fs::read(&commented.config).unwrap();
    let sum = refund_desk::domain::digest::hex(&refund_desk::domain::digest::sha256(&file));
    let detail = told[1]["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("now=file_sha256={sum}")),
        "{detail}"
    );
    assert_eq!(changes(&commented).len(), 2, "said once");
}

#[test]
fn an_account_that_changed_stands_in_the_audit() {
    let shop = Shop::open();
    let moved = shop.reconfigured(|text| {
        text.replace("refund_months", "polls_per_minute")
            .replace("merchant_id = \"", "merchant_id = \"9")
    });
    let entries = moved
        .json(["audit", "show", "--as", "ben"])
        .exits(0)
        .objects();
    let mut changed = entries
        .iter()
        .filter(|it| it["action"] == "account.changed");
    let last = changed.next_back().unwrap();
    assert_eq!(
        [&last["actor"], &last["subject"]],
        ["ben", "account hub-us"]
    );
    assert!(
        last["detail"].as_str().unwrap().contains("merchant=9"),
        "{last}"
    );
    assert!(
        !last["detail"].as_str().unwrap().contains("secret"),
        "{last}"
    );
}

#[test]
fn a_decline_is_no_withdrawal() {
    let shop = Shop::open();
    let declined = waiting(&shop);
    let typed = [
        "decline",
        id(&declined),
        "--note",
        "wrong invoice",
        "--as",
        "ben",
    ];
    let declined = shop.desk.json(typed).exits(0).object();
    assert_eq!(declined["state"], "canceled");
    assert_eq!(declined["declined_by"], "ben");
    assert_eq!(declined["decline"]["note"], "wrong invoice");
    assert_eq!(
        actions(&shop, &declined)[2..],
        ["ben refund.declined", "ben refund.canceled"]
    );
    assert_balance(&shop.desk.payment("BIG-1"), "0.00", "0.00", "900.00");

    let withdrawn = waiting(&shop);
    let typed = ["cancel", id(&withdrawn), "--as", "mia"];
    let withdrawn = shop.desk.json(typed).exits(0).object();
    assert_eq!(withdrawn["state"], "canceled");
    assert_eq!(withdrawn["declined_by"], Value::Null);
    assert_eq!(
        actions(&shop, &withdrawn).last().unwrap(),
        "mia refund.canceled"
    );
    let late = approve(&shop, &withdrawn, "ben", &[]).exits(3);
    assert_eq!(late.error()["code"], "not_waiting");
}

/// T7a: what the checker saw is checked again just before sending.
#[test]
fn an_approval_is_void_when_the_balance_changes_before_it_is_sent() {
    let shop = Shop::open();
    let refund = waiting(&shop);
    let approved = approve(&shop, &refund, "ben", &["--offline"])
        .exits(6)
        .object();
    assert_eq!(approved["state"], "approved");
    let elsewhere = "account,payment_id,amount,currency,captured_at,settled_at,refunded\n";
    let payment = shop.desk.payment("BIG-1");
    let row = format!(
        "hub-us,pay-big,900.00,USD,{},{},50.00\n",
        payment["captured_at"].as_str().unwrap(),
        payment["settled_at"].as_str().unwrap()
    );
    let file = shop.write("elsewhere.csv", format!("{elsewhere}{row}"));
    shop.desk
        .json(["import".as_ref(), file.as_os_str()])
        .exits(0);
    shop.desk.json(["track", "--once"]).exits(0);
    let back = shop.desk.status(id(&refund));
    assert_eq!(back["state"], "awaiting_approval", "{back:#}");
    assert_eq!(back["checker"], Value::Null);
    let why = back["approvals"][0]["void_reason"].as_str().unwrap();
    assert!(
        why.contains("not what it was when it was approved"),
        "{why}"
    );
    assert!(shop.payouts("pay-big").is_empty());

    approve(&shop, &refund, "ben", &[]).exits(3);
    approve(&shop, &back, "ann", &["--wait"]).exits(0);
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
}

#[test]
fn what_replaces_a_refund_that_came_back_takes_two_people() {
    let shop = Shop::open();
    let back = shop.refund("Z-5", "10.05", &["--wait"]).exits(0).object();
    shop.desk.json(["track", "--timeout", "2s"]).exits(0);
    let back = shop.desk.status(id(&back));
    assert_eq!(back["state"], "reversed");
    assert_eq!(back["next_step"]["act"], "replace");
    let more = ["--supersedes", id(&back), "--again", "--as", "mia"];
    let again = shop.refund("Z-5", "10.00", &more).exits(5).object();
    assert!(
        again["said"].as_str().unwrap().contains("came back"),
        "{again:#}"
    );
    assert_eq!(shop.desk.status(id(&back))["next_step"], Value::Null);
    approve(&shop, &again, "ben", &["--wait"]).exits(0);
    assert_eq!(shop.payouts("pay-05"), ["10.05", "10.00"]);
}

#[test]
fn two_people_state_which_amount_was_paid() {
    let shop = Shop::open();
    let refund = shop
        .refund("Z-6", "10.06", &["--wait", "--as", "mia"])
        .exits(5)
        .object();
    assert_eq!(refund["state"], "action_required");
    let unsaid = resolve(&shop, &refund, "succeeded", "mia", &[]).exits(2);
    assert_eq!(unsaid.error()["code"], "paid");
    let paid = ["--paid", "11.06"];
    let stated = resolve(&shop, &refund, "succeeded", "mia", &paid)
        .exits(5)
        .object();
    assert_eq!(stated["state"], "action_required");
    assert_ne!(stated["hash"], refund["hash"], "the statement has its own");
    assert_eq!(stated["proposals"][0]["by"], "mia");

    let before = shop.desk.everything();
    let twice = resolve(&shop, &stated, "succeeded", "mia", &paid).exits(3);
    assert_eq!(twice.error()["code"], "same_person");
    let twice = approve(&shop, &stated, "mia", &[]).exits(3);
    assert_eq!(twice.error()["code"], "same_person");
    for other in [&["--paid", "10.06"][..], &["--paid", "11.07"]] {
        let other = resolve(&shop, &stated, "succeeded", "ben", other).exits(3);
        assert_eq!(other.error()["code"], "contradicts");
    }
    let other = resolve(&shop, &stated, "failed", "ben", &[]).exits(3);
    assert_eq!(other.error()["code"], "contradicts");
    approve(&shop, &refund, "ben", &[]).exits(3);
    assert_eq!(shop.desk.everything(), before);

    let done = approve(&shop, &stated, "ben", &[]).exits(0).object();
    assert_eq!([&done["state"], &done["paid"]], ["succeeded", "11.06"]);
    assert_eq!(done["proposals"][0]["ended_by"], "ben");
    assert_balance(&shop.desk.payment("Z-6"), "11.06", "0.00", "78.94");
    assert_eq!(shop.payouts("pay-06"), ["11.06"]);
}

#[test]
fn a_second_person_may_say_the_same_themselves() {
    let shop = Shop::open();
    let refund = shop.refund("Z-6", "10.06", &["--wait"]).exits(5).object();
    let paid = ["--paid", "11.06"];
    resolve(&shop, &refund, "succeeded", "mia", &paid).exits(5);
    let done = resolve(&shop, &refund, "succeeded", "ben", &paid)
        .exits(0)
        .object();
    assert_eq!(done["state"], "succeeded");
    let mut seen = done["observations"].as_array().unwrap().iter();
    let person = seen.find(|it| it["source"] == "person").unwrap();
    assert!(person["said"].as_str().unwrap().contains("mia and ben"));
}

#[test]
fn a_statement_can_be_turned_down_and_made_anew() {
    let shop = Shop::open();
    let refund = shop.refund("Z-6", "10.06", &["--wait"]).exits(5).object();
    resolve(&shop, &refund, "failed", "mia", &[]).exits(5);
    let typed = [
        "decline",
        id(&refund),
        "--note",
        "the statement shows it",
        "--as",
        "ben",
    ];
    let declined = shop.desk.json(typed).exits(0).object();
    assert_eq!(declined["state"], "action_required");
    assert_eq!(declined["proposals"][0]["ended_as"], "declined");
    resolve(&shop, &refund, "succeeded", "ben", &["--paid", "11.06"]).exits(5);
}

#[test]
fn what_can_still_be_asked_about_is_not_for_people_to_state() {
    let shop = Shop::open();
    let pending = shop
        .refund("Z-4", "10.04", &["--wait=1s"])
        .exits(0)
        .object();
    let refused = resolve(&shop, &pending, "failed", "mia", &[]).exits(3);
    assert_eq!(refused.error()["code"], "still_polled");
    // Without its account nobody can ask: then people may.
    let gone = shop.reconfigured(|text| {
        let (before, after) = text.split_once("[accounts.hub-us]").unwrap();
        let (_, after) = after.split_once("[accounts.prism-us]").unwrap();
        format!("{before}[accounts.prism-us]{after}")
    });
    let typed = [
        "resolve",
        id(&pending),
        "--as",
        "succeeded",
        "--evidence",
        "line 7",
        "--as",
    ];
    let by = |name| gone.json(typed.iter().chain(&[name]));
    by("mia").exits(5);
    let done = by("ben").exits(0).object();
    assert_eq!(done["state"], "succeeded");
    let done = shop.refund("A-1", "12.34", &["--wait"]).exits(0).object();
    let refused = resolve(&shop, &done, "failed", "mia", &[]).exits(3);
    assert_eq!(refused.error()["code"], "not_open");
}

#[rstest]
#[case::no_evidence(&["--as", "failed"])]
#[case::no_outcome(&["--evidence", "x"])]
#[case::paid_but_failed(&["--as", "failed", "--evidence", "x", "--paid", "1.00"])]
fn half_a_statement_is_wrong_usage(#[case] more: &[&str]) {
    let shop = Shop::open();
    let refund = shop.refund("Z-6", "10.06", &["--wait"]).exits(5).object();
    shop.desk
        .json(["resolve", id(&refund)].iter().chain(more))
        .exits(2);
}

/// A shop whose desk never repeats a request by itself, and a refund of 10.03 whose request was
/// dropped.
fn lost() -> (Shop, super::desk::Desk, Value) {
    let shop = Shop::open();
    let desk =
        shop.reconfigured(|text| text.replace("terminal_id", "replay_seconds = 0\nterminal_id"));
    let typed = [
        "refund",
        "Z-3",
        "--amount",
        "10.03",
        "--reason",
        "duplicate",
        "--as",
        "mia",
    ];
    let refund = desk.json(typed).exits(4).object();
    (shop, desk, refund)
}

/// T14: two people, enough inquiries that found nothing, one of them after the second decision;
/// then it goes out under a new key, once.
#[test]
fn what_never_arrived_is_sent_anew_by_two_people() {
    let (shop, desk, refund) = lost();
    let typed = [
        "resolve",
        id(&refund),
        "--as",
        "absent",
        "--evidence",
        "support, ticket 7",
        "--as",
    ];
    let stated = desk.json(typed.iter().chain(&["mia"])).exits(5).object();
    let agree = ["approve", id(&refund), "--expect", hash(&stated), "--as"];
    let early = desk.json(agree.iter().chain(&["ben"])).exits(3).error();
    assert_eq!(early["code"], "too_early");
    assert!(
        early["message"].as_str().unwrap().contains("of 3 times"),
        "{early}"
    );
    assert_eq!(desk.status(id(&refund))["next_step"]["act"], "decide");

    let mut tries = 0;
    let sent = loop {
        desk.json(["track", "--timeout", "2s"]).exits(4);
        assert!(shop.payouts("pay-03").is_empty());
        desk.json(agree.iter().chain(&["mia"])).exits(3);
        let ran = desk.json(agree.iter().chain(&["ben", "--wait"]));
        if ran.code != Some(3) {
            break ran.exits(0).object();
        }
        assert_eq!(ran.error()["code"], "too_early");
        tries += 1;
        assert!(tries < 20, "it is never proven");
    };
    assert_eq!(sent["state"], "succeeded", "{sent:#}");
    assert_eq!(shop.payouts("pay-03"), ["10.03"]);
    let attempts = sent["attempt_log"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{sent:#}");
    assert_ne!(
        attempts[0]["idempotency_key"],
        attempts[1]["idempotency_key"]
    );
    assert_eq!(attempts[0]["sends"][0]["not_executed"], true);
    assert_balance(&desk.payment("Z-3"), "10.03", "0.00", "79.97");
}

/// What the provider does have after all is not sent anew, whatever people said.
#[test]
fn what_is_found_after_all_is_not_sent_anew() {
    let shop = Shop::open();
    let refund = shop
        .refund("Z-2", "10.02", &["--as", "mia"])
        .exits(4)
        .object();
    let stated = resolve(&shop, &refund, "absent", "mia", &[])
        .exits(5)
        .object();
    let found = approve(&shop, &stated, "ben", &["--wait"])
        .exits(0)
        .object();
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!(found["proposals"][0]["ended_as"], "overtaken");
    assert_eq!(found["attempts"], 1);
    assert_eq!(shop.payouts("pay-02"), ["10.02"]);
}

#[test]
fn absence_is_not_stated_where_silence_proves_nothing() {
    let (shop, _, refund) = lost();
    let mute = shop.reconfigured(|text| {
        text.replace(
            "terminal_id",
            "replay_seconds = 0\nabsence_is_proof = false\nterminal_id",
        )
    });
    let typed = ["resolve", id(&refund), "--as", "absent", "--evidence", "x"];
    let refused = mute.json(typed).exits(3).error();
    assert_eq!(refused["code"], "absence_proves_nothing");
    // That it failed, two people may say.
    let typed = [
        "resolve",
        id(&refund),
        "--as",
        "failed",
        "--evidence",
        "x",
        "--as",
    ];
    mute.json(typed.iter().chain(&["mia"])).exits(5);
    // … once nothing that was sent can arrive any more.
    let agree = || mute.json(typed.iter().chain(&["ben"]));
    assert_eq!(agree().exits(3).error()["code"], "too_early");
    assert_balance(&mute.payment("Z-3"), "0.00", "10.03", "79.97");
    let done = std::iter::repeat_with(agree).find(|ran| ran.code != Some(3));
    assert_eq!(done.unwrap().exits(1).object()["state"], "failed");
    assert_balance(&mute.payment("Z-3"), "0.00", "0.00", "90.00");
}
