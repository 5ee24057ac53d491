//! Tests of the config file.

use std::path::Path;

use rstest::rstest;

use super::*;
use crate::domain::money::{Currency, Money};

fn read(text: &str) -> Result<Settings, ConfigError> {
    parse(Path::new("config.toml"), text)
}

#[test]
fn the_example_reads_and_says_the_defaults() {
    let settings = read(EXAMPLE).unwrap();
    let bare = read("environment = \"test\"").unwrap();
    assert_eq!(settings.send_delay, bare.send_delay);
    assert_eq!(settings.policy, bare.policy);
    assert_eq!(settings.expires_after, bare.expires_after);
    assert_eq!(settings.deadline, bare.deadline);
    assert_eq!(settings.accounts.len(), 1);
}

/// What the example shows as a comment reads as well: every table of a Prism account.
#[test]
fn the_examples_comments_are_settings() {
    let (_, prism) = EXAMPLE.split_once("# [accounts.prism-us]\n").unwrap();
    let (account, connectors) = prism.split_once("#\n# The connector behind it").unwrap();
    let uncommented = |text: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
        let settings = lines.filter(|line| line.contains(" = ") || line.starts_with('['));
        settings.collect::<Vec<_>>().join("\n")
    };
    let account = uncommented(account);
    let tables: Vec<&str> = connectors.split("# [accounts.prism-us.").skip(1).collect();
    assert_eq!(tables.len(), 6);
    for table in tables {
        let (head, rest) = table.split_once('\n').unwrap();
        let text = format!(
            "environment = \"test\"\n[accounts.prism-us]\n{account}\n[accounts.prism-us.{head}\n{}\n",
            uncommented(rest)
        );
        let read = read(&text).unwrap();
        assert_eq!(read.accounts.len(), 1, "{text}");
    }
}

/// The same for roles, and for the cap of an account.
#[test]
fn the_examples_comments_of_roles_are_settings() {
    let (_, roles) = EXAMPLE.split_once("# [roles.maker]\n").unwrap();
    let roles = roles.lines().take_while(|line| line.starts_with('#'));
    let lines = roles.filter_map(|line| line.strip_prefix("# "));
    let settings = lines.filter(|line| line.contains(" = ") || line.starts_with('['));
    let settings: Vec<&str> = settings.collect();
    let cap = EXAMPLE
        .lines()
        .find_map(|line| line.strip_prefix("# cap_per_day"));
    let text = EXAMPLE.replace(
        "polls_per_minute = 60\n# The most",
        &format!(
            "polls_per_minute = 60\ncap_per_day{}\n# The most",
            cap.unwrap()
        ),
    );
    let text = format!("{text}\n[roles.maker]\n{}\n", settings.join("\n"));
    let read = read(&text).unwrap();
    assert!(read.accounts[0].cap_per_day.is_some());
    let given: std::collections::BTreeSet<_> =
        read.roles.0.iter().flat_map(|it| &it.gives).collect();
    assert_eq!(given.len(), 5, "every role is shown: {text}");
    let ann = read.roles.standing("ann", &[]).makes;
    let figures = ann[0].band.figures(Currency::from_code("USD").unwrap());
    assert_eq!(
        (figures.free_refund, figures.hard_day),
        (Some(20_000), Some(2_000_000))
    );
}

/// The same for both sides of Mastercard's network.
#[test]
fn the_examples_comments_of_a_network_are_settings() {
    for name in ["a2a-uk", "a2a-bank"] {
        let head = format!("# [accounts.{name}]\n");
        let (_, account) = EXAMPLE.split_once(&head).unwrap();
        let account = account.lines().take_while(|line| line.starts_with('#'));
        let lines = account.filter_map(|line| line.strip_prefix("# "));
        let keys: Vec<&str> = lines.filter(|line| line.contains(" = ")).collect();
        let text = format!(
            "environment = \"test\"\n[accounts.{name}]\n{}\n",
            keys.join("\n")
        );
        let read = read(&text);
        assert_eq!(read.unwrap().accounts.len(), 1, "{text}");
    }
}

#[rstest]
#[case("environment = \"test\"\n[desk]\ntime_zon = \"UTC\"\n", 3, "time_zone")]
#[case("environment = \"moon\"\n", 1, "environment")]
#[case(
    "environment = \"test\"\n[accounts.a]\nprovider = \"stripe\"\n",
    3,
    "accounts.a.provider"
)]
#[case(
    "environment = \"test\"\n\n[accounts.a]\nbase_url = \"x\"\n",
    3,
    "provider"
)]
#[case(
    "environment = \"test\"\n[accounts.a]\nprovider = \"prism\"\nbase_url = \"https://x\"\ncurrencies = [\"usd\"]\n",
    5,
    "currencies[0]"
)]
#[case("environment = \"test\"\n[tracking]\npace = 100\n", 3, "tracking.pace")]
#[case("environment = \"test\"\n[desk\n", 2, "")]
#[case(
    "environment = \"test\"\n[policy]\napproval_above = 2.5\n",
    3,
    "policy.approval_above"
)]
fn a_mistake_has_file_line_and_key(#[case] text: &str, #[case] line: usize, #[case] key: &str) {
    let said = read(text).unwrap_err().to_string();
    assert!(
        said.starts_with(&format!("config.toml, line {line}: ")),
        "{said}"
    );
    assert!(said.contains(key), "{said}");
}

#[rstest]
#[case(
    "[desk]\ndeadline_seconds = 0\n",
    3,
    "desk.deadline_seconds: 0 is not allowed; 1 to 60 is"
)]
#[case("[desk]\ndeadline_seconds = 61\n", 3, "1 to 60")]
#[case(
    "[desk]\nsend_delay_seconds = 86401\n",
    3,
    "desk.send_delay_seconds: 86401 is not allowed; 0 to 86400 is"
)]
#[case("[desk]\nsend_delay_seconds = -1\n", 3, "0 to 86400")]
#[case(
    "[tracking]\npace = 0\n",
    3,
    "tracking.pace: 0 is not allowed; 1 to 1000 is"
)]
#[case("[tracking]\npace = 4294967296\n", 3, "tracking.pace")]
#[case(
    "[policy]\n\nexpires_after_days = 0\n",
    4,
    "policy.expires_after_days: 0 is not allowed; 1 to 365 is"
)]
#[case("[policy]\nexpires_after_days = 4000000000\n", 3, "1 to 365")]
fn a_figure_out_of_bounds_says_what_is_allowed(
    #[case] text: &str,
    #[case] line: usize,
    #[case] what: &str,
) {
    let said = read(&format!("environment = \"sandbox\"\n{text}")).unwrap_err();
    let said = said.to_string();
    assert!(
        said.starts_with(&format!("config.toml, line {line}: ")),
        "{said}"
    );
    assert!(said.contains(what), "{said}");
}

#[rstest]
#[case("refund_months = 12", "refund_months = 121", "1 to 120")]
#[case(
    "refund_months = 12",
    "refund_months = 0",
    "accounts.hub-us.refund_months"
)]
#[case(
    "polls_per_minute = 60",
    "polls_per_minute = 0",
    "accounts.hub-us.polls_per_minute: 0 is not allowed; 1 to 60000 is"
)]
fn a_figure_of_an_account_out_of_bounds_too(
    #[case] from: &str,
    #[case] to: &str,
    #[case] what: &str,
) {
    let said = read(&EXAMPLE.replace(from, to)).unwrap_err().to_string();
    let line = EXAMPLE.lines().position(|line| line == from).unwrap() + 1;
    assert!(
        said.starts_with(&format!("config.toml, line {line}: ")),
        "{said}"
    );
    assert!(said.contains(what), "{said}");
}

#[test]
fn a_literal_secret_is_refused() {
    let text = EXAMPLE.replace("env:HUB_US_API_SECRET", "s3cr3t");
    let said = read(&text).unwrap_err().to_string();
    assert!(said.contains("accounts.hub-us.api_secret"), "{said}");
    assert!(!said.contains("s3cr3t"), "{said}");
}

#[test]
fn limits_are_in_main_units_or_per_currency() {
    let usd = Currency::from_code("USD").unwrap();
    for text in ["250", "\"250\"", "{ USD = \"250.00\" }"] {
        let file = format!("environment = \"test\"\n[policy]\napproval_above = {text}\n");
        let policy = read(&file).unwrap().policy;
        assert_eq!(
            policy.approval_above(usd),
            Money::new(25_000, usd),
            "{text}"
        );
    }
}

#[test]
fn the_sandbox_is_quick() {
    let settings = read("environment = \"sandbox\"\n[tracking]\npace = 100\n").unwrap();
    assert_eq!(settings.send_delay, Duration::from_secs(2));
    assert_eq!(settings.pace.factor(), 100);
}

#[test]
fn backups_by_the_clock_are_asked_for() {
    assert_eq!(read("environment = \"test\"").unwrap().backups, None);
    let example = read(EXAMPLE).unwrap().backups.unwrap();
    let short = read("environment = \"test\"\n[backup]\nevery = \"24h\"\n").unwrap();
    assert_eq!(Some(&example), short.backups.as_ref());
    let data = Path::new("/data");
    assert_eq!(example.folder(data), Path::new("/data/backups"));
    for (table, key) in [
        ("every = \"24h\"\nkep = 3", "keep"),
        ("every = \"1s\"", "366d"),
        ("every = \"400d\"", "366d"),
        ("every = \"-1h\"", "24h"),
        ("every = \"daily\"", "24h"),
        ("every = 24", "backup"),
        ("every = \"24h\"\nkeep = 0", "at least 1"),
        ("keep = 3", "every"),
    ] {
        let text = format!("environment = \"test\"\n[backup]\n{table}\n");
        let said = read(&text).unwrap_err().to_string();
        assert!(said.contains(key), "{table}: {said}");
    }
}

/// Everything that is written under `# [accounts.NAME]` in the example, as settings.
fn example_account(name: &str) -> String {
    let (_, account) = EXAMPLE.split_once(&format!("[accounts.{name}]\n")).unwrap();
    let lines = account
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .take_while(|line| !line.is_empty() && *line != "#");
    let keys: Vec<&str> = lines
        .filter(|line| line.contains(" = ") && !line.contains("such as"))
        .collect();
    format!("[accounts.{name}]\n{}\n", keys.join("\n"))
}

/// Unknown keys are refused in every table, with the key that was meant.
#[rstest]
#[case("", "enviroment = \"test\"", "environment")]
#[case("", "[acounts.hub-us]\n", "accounts")]
#[case("", "[lisener]\n", "listener")]
#[case("[desk]", "time_zon = \"UTC\"", "time_zone")]
#[case("[tracking]", "pase = 1", "pace")]
#[case("[policy]", "aproval_above = 1", "approval_above")]
#[case("[backup]\nevery = \"1d\"", "kep = 1", "keep")]
#[case("[retention]", "name_days = 100", "names_days")]
#[case("[audit]", "headfile = \"x\"", "head_file")]
#[case("[listener]", "max_body_kb = 1", "max_body_kib")]
fn an_unknown_key_is_refused_with_the_one_that_was_meant(
    #[case] table: &str,
    #[case] key: &str,
    #[case] meant: &str,
) {
    let text = format!("environment = \"test\"\n{table}\n{key}\n");
    let said = read(&text).unwrap_err().to_string();
    assert!(said.contains(&format!("did you mean `{meant}`?")), "{said}");
}

/// The same in the table of every provider, whatever else is in it.
#[rstest]
#[case("hub-us", "merchant_ids")]
#[case("nuapay-uk", "max_percents")]
#[case("a2a-uk", "participant_ids")]
#[case("a2a-bank", "participant_ids")]
#[case("prism-us", "merchant_ids")]
fn an_unknown_key_of_an_account_is_refused(#[case] name: &str, #[case] key: &str) {
    let account = example_account(name);
    let text = format!("environment = \"test\"\n{account}{key} = \"x\"\n");
    let said = read(&text).unwrap_err().to_string();
    let meant = key.strip_suffix('s').unwrap();
    assert!(said.contains(&format!("did you mean `{meant}`?")), "{said}");
}

#[test]
fn retention_has_defaults_and_bounds() {
    let settings = read("environment = \"test\"").unwrap();
    assert_eq!(settings.retention.accounts.num_days(), 30);
    assert_eq!(settings.retention.names.num_days(), 3650);
    // Duplicates are found by name over 30 days.
    let short = read("environment = \"test\"\n[retention]\nnames_days = 30\n").unwrap_err();
    assert!(short.to_string().contains("90 to 36500"), "{short}");
}

#[test]
fn where_the_end_of_the_audit_is_told() {
    let read = |table: &str| {
        let text = format!("environment = \"test\"\n[audit]\n{table}\n");
        parse(Path::new("/etc/refund-desk/config.toml"), &text).unwrap()
    };
    let settings = read("head_file = \"heads\"");
    let outside = settings.audit.as_ref().unwrap();
    assert_eq!(outside.syslog, Syslog::Socket("/dev/log".into()));
    let file = outside.head_file(&settings.file).unwrap();
    assert_eq!(file, Path::new("/etc/refund-desk/heads"));
    let off = read("syslog = \"off\"");
    let outside = off.audit.as_ref().unwrap();
    assert_eq!(outside.syslog, Syslog::Off);
    assert_eq!(outside.head_file(&off.file), None);
}
