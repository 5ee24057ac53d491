//! The configuration: every mistake with file, line and key; secrets kept out of sight.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rstest::rstest;
use tempfile::TempDir;

use super::desk::{Desk, Ran};
use super::shop::{Shop, assert_balance};

const HUB: &str = r#"environment = "test"
[accounts.hub-us]
provider = "commerce-hub"
base_url = "http://127.0.0.1:9/ch"
currencies = ["USD"]
merchant_id = "m"
terminal_id = "t"
api_key = "env:A_KEY"
api_secret = "env:A_SECRET"
"#;

fn desk(config: &str) -> (TempDir, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk {
        config: folder.path().join("config.toml"),
        data: folder.path().join("data"),
    };
    fs::write(&desk.config, config).unwrap();
    (folder, desk)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn message(ran: &Ran) -> String {
    ran.error()["message"].as_str().unwrap().to_owned()
}

#[rstest]
#[case("polls_per_minuts = 60\n", 10, &["polls_per_minuts", "did you mean `polls_per_minute`"])]
#[case("refund_months = \"twelve\"\n", 10, &["accounts.hub-us.refund_months"])]
#[case("[desk]\ntimezone = \"UTC\"\n", 11, &["timezone", "did you mean `time_zone`"])]
#[case("[tracking]\npace = 100\n", 11, &["tracking.pace", "sandbox"])]
#[case("[desks]\n", 10, &["desks", "did you mean `desk`"])]
#[case("[accounts.x]\nprovider = \"paypal\"\n", 11, &["accounts.x.provider"])]
#[case("[desk]\ndeadline_seconds = 61\n", 11, &["desk.deadline_seconds", "1 to 60"])]
#[case("[desk]\nsend_delay_seconds = 86401\n", 11, &["desk.send_delay_seconds", "0 to 86400"])]
#[case("[policy]\nexpires_after_days = 100000000\n", 11, &["policy.expires_after_days", "1 to 365"])]
#[case("polls_per_minute = 0\n", 10, &["accounts.hub-us.polls_per_minute", "1 to 60000"])]
#[case("refund_months = 1000\n", 10, &["accounts.hub-us.refund_months", "1 to 120"])]
#[case("[screen]\ntheme = \"drak\"\n", 11, &["screen.theme", "did you mean `dark`"])]
#[case("[desk\n", 10, &[])]
fn a_mistake_has_file_line_and_key(
    #[case] more: &str,
    #[case] line: usize,
    #[case] words: &[&str],
) {
    let (_folder, desk) = desk(&format!("{HUB}{more}"));
    for command in [
        &["config", "check"][..],
        &["payments"],
        &["track", "--once"],
    ] {
        let ran = desk.json(command).exits(2);
        let said = message(&ran);
        let start = format!("{}, line {line}: ", desk.config.display());
        assert!(said.starts_with(&start), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in {said}");
        }
    }
    assert!(!desk.data.join("desk.db").exists());
}

/// Keys are the desk's own business: a service with a bad list of them still sends.
#[rstest]
#[case("\"copy\" = \"r\"", &["keys.copy", "`r` already means refund.compose on \"Payments\""])]
#[case("refund.compse = \"f\"", &["keys.refund.compse", "did you mean `refund.compose`"])]
fn keys_that_cannot_be_have_file_line_and_reason(#[case] line: &str, #[case] words: &[&str]) {
    let (_folder, desk) = desk(&format!("{HUB}[keys]\n{line}\n"));
    for command in [&["config", "check"][..], &["keys"], &["--plain"]] {
        let said = message(&desk.json(command).exits(2));
        let start = format!("{}, line 11: ", desk.config.display());
        assert!(said.starts_with(&start), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}

#[test]
fn keys_manual_and_completions_are_printed() {
    let (_folder, desk) = desk(&format!("{HUB}[keys]\n\"refund.compose\" = \"f5\"\n"));
    let printed = |command: &[&str]| {
        let ran = desk.command(command).output().unwrap();
        assert!(ran.status.success(), "{command:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    for command in [
        &["keys"][..],
        &["keys", "--markdown"],
        &["keys", "--json"],
        &["man"],
    ] {
        let said = printed(command);
        assert!(said.contains("f5") && said.contains("refund"), "{said}");
    }
    assert!(printed(&["completions", "bash"]).contains("stop-sending"));
    assert!(printed(&["man"]).starts_with(".ie"));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    printed(&["man", "--to", to]);
    for page in ["refund-desk.1", "refund-desk-import.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated() {
    let (_folder, desk) = desk(&HUB.replace("env:A_SECRET", "hunter2hunter2"));
    let ran = desk.json(["config", "check"]).exits(2);
    let said = message(&ran);
    assert!(
        said.contains("line 9: accounts.hub-us.api_secret"),
        "{said}"
    );
    assert!(!ran.stderr.contains("hunter2"), "{said}");
}

#[test]
fn a_missing_configuration_says_how_to_get_one() {
    let (folder, desk) = desk(HUB);
    fs::remove_file(&desk.config).unwrap();
    let ran = desk.json(["payments"]).exits(2);
    let error = ran.error();
    assert!(message(&ran).contains("config.toml"));
    assert!(error["next"].as_str().unwrap().contains("refund-desk init"));
    assert!(folder.path().exists());
}

#[test]
fn init_writes_private_files_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk {
        config: folder.path().join("conf/config.toml"),
        data: folder.path().join("var/data"),
    };
    desk.run(["init"]).exits(0);
    assert_eq!(mode(&desk.config), 0o600);
    for folder in [&desk.data, desk.config.parent().unwrap()] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    desk.run(["config", "check"]).exits(0);
    fs::write(&desk.config, "mine").unwrap();
    let again = desk.json(["init"]);
    assert_ne!(again.code, Some(0));
    assert!(message(&again).contains("config.toml"));
    assert_eq!(fs::read_to_string(&desk.config).unwrap(), "mine");
}

#[test]
fn check_shows_where_secrets_come_from_and_never_what_they_are() {
    let (_folder, desk) = desk(HUB);
    for json in [false, true] {
        let mut command = desk.command(["config", "check"]);
        command
            .env("A_KEY", "canary-key")
            .env("A_SECRET", "canary-secret");
        if json {
            command.arg("--json");
        }
        let ran: Ran = command.output().unwrap().into();
        let ran = ran.exits(0);
        assert!(ran.stdout.contains("env:A_SECRET (hidden)"), "{ran:?}");
        assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    }
}

#[test]
fn a_secret_that_others_can_read_is_not_used() {
    let shop = Shop::open();
    let secret = shop.desk.config.with_file_name("hub-us.secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = shop.refund("A-1", "12.34", &["--key", "k"]).exits(6);
    let said = message(&ran);
    assert!(
        said.contains("hub-us.secret") && said.contains("0600"),
        "{said}"
    );
    assert_eq!(ran.object()["state"], "approved");
    assert_eq!(ran.object()["attempts"], 0);
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    // Said again, it is tried at once and not when the next round would come.
    shop.refund("A-1", "12.34", &["--key", "k", "--wait=5s"])
        .exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn nobody_acts_as_another_outside_the_sandbox() {
    let (_folder, desk) = desk(HUB);
    let ran = desk.json(["payments", "--as", "mia"]).exits(3);
    assert_eq!(ran.error()["code"], "as_outside_sandbox");
}

#[test]
fn folders_come_from_the_environment_and_flags_win() {
    let (folder, desk) = desk(HUB);
    let home = folder.path().join("home");
    let run = |variables: &[(&str, &Path)]| -> String {
        let mut command = std::process::Command::new(super::desk::PROGRAM);
        command.args(["config", "check", "--json"]).env_clear();
        command.envs(variables.iter().copied());
        let ran: Ran = command.output().unwrap().into();
        ran.exits(0).object()["data_dir"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let config = ("REFUND_DESK_CONFIG", desk.config.as_path());
    let data = run(&[config, ("REFUND_DESK_DATA_DIR", &desk.data)]);
    assert_eq!(data, desk.data.display().to_string());
    let data = run(&[config, ("HOME", &home)]);
    assert_eq!(
        data,
        home.join(".local/share/refund-desk").display().to_string()
    );
    let flags = desk.json(["config", "check"]).exits(0).object();
    assert_eq!(flags["data_dir"], desk.data.display().to_string());
}

#[test]
fn check_makes_the_data_folder_unless_it_only_reads() {
    let (_folder, desk) = desk(HUB);
    desk.run(["config", "check", "--read-only"]).exits(0);
    assert!(!desk.data.exists());
    desk.run(["config", "check"]).exits(0);
    assert_eq!(mode(&desk.data), 0o700);
}
