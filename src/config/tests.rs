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
    "environment = \"test\"\n[accounts.a]\nprovider = \"prism\"\nbase_url = \"http://x\"\ncurrencies = [\"usd\"]\n",
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
