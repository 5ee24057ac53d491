//! `doctor`: one line each, with the fix; the exit code says how bad it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::shop::Shop;

#[track_caller]
fn found<'a>(lines: &'a [Value], check: &str) -> &'a Value {
    let line = lines.iter().find(|line| line["check"] == check);
    line.unwrap_or_else(|| panic!("no {check} in {lines:#?}"))
}

#[test]
fn a_sound_desk_is_said_to_be() {
    let shop = Shop::open();
    let before = shop.desk.everything();
    let lines = shop.desk.json(["doctor"]).exits(0).objects();
    for check in [
        "config", "modes", "database", "sending", "secrets", "provider", "clock",
    ] {
        assert_eq!(found(&lines, check)["status"], "ok", "{check}: {lines:#?}");
    }
    assert_eq!(found(&lines, "terminal")["status"], "warning");
    assert_eq!(shop.desk.everything(), before);
}

#[test]
fn before_there_is_a_database_it_warns() {
    let shop = Shop::bare("account,payment_id,amount,currency,captured_at\n");
    let lines = shop.desk.json(["doctor"]).exits(0).objects();
    let database = found(&lines, "database");
    assert_eq!(database["status"], "warning");
    assert!(database["fix"].as_str().unwrap().contains("import"));
    assert_eq!(found(&lines, "provider")["status"], "ok");
}

#[test]
fn a_provider_that_is_gone_is_6_and_not_asked_offline() {
    let mut shop = Shop::open();
    shop.sandbox.kill();
    let lines = shop.desk.json(["doctor"]).exits(6).objects();
    assert_eq!(found(&lines, "provider")["status"], "unreachable");
    let lines = shop.desk.json(["doctor", "--offline"]).exits(0).objects();
    let said = found(&lines, "provider")["said"].as_str().unwrap();
    assert!(said.ends_with("not asked: offline"), "{said}");
}

#[test]
fn what_is_wrong_is_1_with_the_fix() {
    let shop = Shop::open();
    fs::set_permissions(&shop.desk.data, fs::Permissions::from_mode(0o755)).unwrap();
    let lines = shop.desk.json(["doctor"]).exits(1).objects();
    let modes = found(&lines, "modes");
    assert_eq!(modes["status"], "failure");
    assert!(modes["fix"].as_str().unwrap().starts_with("chmod 700 "));
    fs::set_permissions(&shop.desk.data, fs::Permissions::from_mode(0o700)).unwrap();
    let unreadable = shop.reconfigured(|text| text.replace("environment", "environmental"));
    let lines = unreadable.json(["doctor"]).exits(1).objects();
    assert_eq!(found(&lines, "config")["status"], "failure");
    shop.desk.json(["stop-sending"]).exits(0);
    let lines = shop.desk.json(["doctor"]).exits(0).objects();
    assert_eq!(found(&lines, "sending")["status"], "warning");
}
