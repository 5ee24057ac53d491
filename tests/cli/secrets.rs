//! No secret leaves: not to the database, its log, our logs, stdout or stderr.

use std::fs;
use std::path::Path;

use super::desk::Ran;
use super::shop::Shop;

#[test]
fn the_sandbox_secrets_stay_in_their_files() {
    let shop = Shop::open();
    let secrets = ["hub-us.key", "hub-us.secret"]
        .map(|name| fs::read_to_string(shop.desk.config.with_file_name(name)).unwrap());
    let reader = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let mut said = String::new();
    for amount in ["10.00", "10.02", "10.03", "10.07", "10.09"] {
        said += &format!("{:?}", shop.refund("A-1", amount, &["--wait=1s", "-vv"]));
    }
    said += &format!("{:?}", shop.desk.json(["track", "--once", "-vv"]));
    said += &format!("{:?}", shop.desk.run(["config", "check"]));
    for secret in &secrets {
        assert!(secret.trim().len() > 20);
        assert_nowhere(secret.trim(), &said, &shop.desk.data);
    }
    drop(reader);
}

#[test]
fn a_secret_that_the_provider_turns_away_is_not_repeated() {
    let shop = Shop::open();
    let desk = shop.reconfigured(|text| {
        text.replace("file:hub-us.key", "env:CANARY_KEY")
            .replace("file:hub-us.secret", "command:echo canary-secret-5b21")
    });
    let typed = [
        "refund",
        "A-1",
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
        "-vv",
        "--json",
    ];
    let mut command = desk.command(typed);
    command.env("CANARY_KEY", "canary-key-77e0");
    let ran: Ran = command.output().unwrap().into();
    let ran = ran.exits(6);
    assert_eq!(ran.object()["state"], "approved");
    assert!(shop.payouts("pay-ann").is_empty());
    let status = shop
        .desk
        .run(["status", ran.object()["id"].as_str().unwrap()]);
    let said = format!("{ran:?}{status:?}").replace("command:echo canary-secret-5b21", "");
    assert_nowhere("canary-key-77e0", &said, &shop.desk.data);
    assert_nowhere("canary-secret-5b21", &said, &shop.desk.data);
}

fn assert_nowhere(secret: &str, said: &str, folder: &Path) {
    assert!(!said.contains(secret), "{secret} was printed: {said}");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(secret, "", &path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|it| it == secret.as_bytes());
        assert!(!found, "{secret} is in {}", path.display());
    }
}
