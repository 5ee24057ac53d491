//! The systemd unit: it can be read, it keeps the service apart, and the README tells of it as it is.

use std::fs;

fn file(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap()
}

/// Section, key and value of every setting.
fn settings(unit: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (number, line) in unit.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .unwrap_or_else(|| panic!("line {}: {line}", number + 1));
        assert!(key.chars().all(|it| it.is_ascii_alphanumeric()), "{line}");
        found.push((section.clone(), key.to_owned(), value.to_owned()));
    }
    found
}

fn values(unit: &[(String, String, String)], section: &str, key: &str) -> Vec<String> {
    let wanted = |it: &&(String, String, String)| it.0 == section && it.1 == key;
    unit.iter().filter(wanted).map(|it| it.2.clone()).collect()
}

#[test]
fn the_unit_keeps_the_service_apart() {
    let unit = settings(&file("assets/refund-desk.service"));
    let service = |key: &str| values(&unit, "Service", key).join(" ");
    for (key, value) in [
        ("User", "refund-desk"),
        ("Group", "refund-operators"),
        ("UMask", "0077"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("StateDirectory", "refund-desk"),
        ("StateDirectoryMode", "0700"),
        ("RuntimeDirectory", "refund-desk"),
        ("RuntimeDirectoryMode", "0750"),
        ("LimitCORE", "0"),
        ("Restart", "on-failure"),
    ] {
        assert_eq!(values(&unit, "Service", key), [value], "{key}");
    }
    // A user made up at each start would lose its database.
    assert_eq!(
        values(&unit, "Service", "DynamicUser"),
        Vec::<String>::new()
    );
    // Who asks is known by user id and process.
    for key in ["PrivateUsers", "ProtectProc", "ProcSubset"] {
        assert_eq!(values(&unit, "Service", key), Vec::<String>::new(), "{key}");
    }
    assert!(service("SystemCallFilter").starts_with("@system-service"));
    let start = service("ExecStart");
    assert!(start.contains(" serve ") && start.contains("--data-dir /var/lib/refund-desk"));
    assert!(service("ExecReload").contains("-HUP $MAINPID"));
    assert_eq!(values(&unit, "Install", "WantedBy"), ["multi-user.target"]);
    for credential in values(&unit, "Service", "LoadCredential") {
        let (name, path) = credential.split_once(':').unwrap();
        assert_eq!(path, format!("/etc/refund-desk/secrets/{name}"));
    }
}

#[test]
fn the_readme_tells_of_the_unit_as_it_is() {
    let (readme, unit) = (
        file("README.md"),
        settings(&file("assets/refund-desk.service")),
    );
    let (_, section) = readme
        .split_once("## From nothing to twelve operators")
        .unwrap();
    let section = section.split("\n## ").next().unwrap();
    for key in ["User", "Group", "StateDirectory"] {
        for value in values(&unit, "Service", key) {
            assert!(section.contains(&value), "{key} {value}");
        }
    }
    for credential in values(&unit, "Service", "LoadCredential") {
        let (name, path) = credential.split_once(':').unwrap();
        assert!(section.contains(&format!("credential:{name}")), "{name}");
        assert!(section.contains(path), "{path}");
    }
    for part in [
        "assets/refund-desk.service",
        "assets/refund-desk.sysusers",
        "/etc/refund-desk/config.toml",
        "/usr/local/bin/refund-desk",
    ] {
        assert!(section.contains(part), "{part}");
    }
    let users = file("assets/refund-desk.sysusers");
    for line in ["u refund-desk ", "g refund-operators "] {
        assert!(users.lines().any(|it| it.starts_with(line)), "{line}");
    }
}

/// Where systemd is, it has the last word on its own file.
#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    // The program and the manual need not be installed for that.
    let unit = file("assets/refund-desk.service")
        .replace("/usr/local/bin/refund-desk", "/bin/true")
        .replace("Documentation=man:refund-desk(1)\n", "");
    let path = folder.path().join("refund-desk.service");
    fs::write(&path, unit).unwrap();
    let verified = std::process::Command::new("systemd-analyze")
        .arg("verify")
        .arg(&path)
        .output();
    let Ok(verified) = verified else {
        eprintln!("skipped: there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("refund-desk.service"))
        .collect();
    assert_eq!(ours, Vec::<&str>::new(), "{said}");
}
