//! Databases that are not for this program, and folders it may not write.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use rstest::rstest;
use rusqlite::Connection;

use super::desk::{Desk, PROGRAM, Ran};
use super::shop::Shop;

/// What every command must refuse, with exit 1, and leave just as it is.
fn assert_left_alone(shop: &Shop, desk: &Desk, code: &str, words: &[&str]) {
    let database = desk.data.join("desk.db");
    settle(&database);
    let before = fs::read(&database).unwrap();
    let stock = shop.stock();
    for command in [
        &["payments"][..],
        &["payments", "--read-only"],
        &["import", stock.to_str().unwrap()],
        &["refund", "A-1", "--full", "--reason", "duplicate"],
        &["track", "--once"],
    ] {
        let ran = desk.json(command).exits(1);
        let error = ran.error();
        assert_eq!(error["code"], code, "{command:?}: {error:#}");
        let said = error["message"].as_str().unwrap();
        for word in words {
            assert!(said.contains(word), "{word:?} is not in {said}");
        }
        assert!(said.contains("desk.db"), "{said}");
        assert!(
            fs::read(&database).unwrap() == before,
            "{command:?} changed the file"
        );
    }
}

/// Moves what stands in the write-ahead log into the file.
fn settle(database: &Path) {
    if let Ok(connection) = Connection::open(database) {
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

#[test]
fn from_a_newer_version() {
    let shop = Shop::open();
    let database = Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let raised = database.execute(
        "UPDATE refinery_schema_history SET version = version + 900",
        [],
    );
    assert!(raised.unwrap() > 0);
    database.close().unwrap();
    assert_left_alone(
        &shop,
        &shop.desk,
        "database_too_new",
        &["newer refund-desk", "schema 9"],
    );
}

#[test]
fn of_another_program() {
    let shop = Shop::bare(&super::stock::dated(super::stock::STOCK));
    fs::create_dir(&shop.desk.data).unwrap();
    let database = Connection::open(shop.desk.data.join("desk.db")).unwrap();
    database
        .execute_batch("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')")
        .unwrap();
    database.close().unwrap();
    assert_left_alone(&shop, &shop.desk, "not_our_database", &[]);
}

#[rstest]
#[case::text("these are not the bytes you are looking for\n".repeat(50))]
#[case::short("x".to_owned())]
fn no_database_at_all(#[case] content: String) {
    let shop = Shop::bare(&super::stock::dated(super::stock::STOCK));
    fs::create_dir(&shop.desk.data).unwrap();
    fs::write(shop.desk.data.join("desk.db"), content).unwrap();
    assert_left_alone(&shop, &shop.desk, "not_our_database", &[]);
}

#[test]
fn of_another_environment() {
    let shop = Shop::open();
    let live = shop.reconfigured(|text| {
        text.replace("environment = \"sandbox\"", "environment = \"live\"")
            .replace("pace = 100", "")
    });
    assert_left_alone(&shop, &live, "other_environment", &["sandbox", "live"]);
}

/// A kill in the first moment of a database, before and after its tables were made.
#[rstest]
#[case::no_tables(false)]
#[case::not_stamped(true)]
fn half_made_is_finished_by_the_next(#[case] has_tables: bool) {
    let shop = Shop::bare(&super::stock::dated(super::stock::STOCK));
    let database = shop.desk.data.join("desk.db");
    if has_tables {
        shop.desk.run(["payments"]).exits(0);
        let connection = Connection::open(&database).unwrap();
        let undo = "PRAGMA application_id = 0; DELETE FROM desk WHERE name = 'environment'";
        connection.execute_batch(undo).unwrap();
    } else {
        fs::create_dir(&shop.desk.data).unwrap();
        let connection = Connection::open(&database).unwrap();
        let first = "CREATE TABLE refinery_schema_history (version INTEGER PRIMARY KEY, name TEXT, applied_on TEXT, checksum TEXT)";
        connection.execute_batch(first).unwrap();
    }
    let stock = shop.stock();
    let report = shop.desk.json(["import", stock.to_str().unwrap()]);
    assert_eq!(report.exits(0).object()["new"], 19);
}

#[test]
fn none_yet_and_only_to_be_read() {
    let shop = Shop::bare(&super::stock::dated(super::stock::STOCK));
    let ran = shop.desk.json(["payments", "--read-only"]).exits(1);
    assert_eq!(ran.error()["code"], "no_database");
    assert!(!shop.desk.data.exists());
}

#[test]
fn files_and_folders_are_private() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    assert_private(&shop.desk.data);
}

fn assert_private(path: &Path) {
    let metadata = fs::metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_dir() {
        assert_eq!(mode, 0o700, "{}", path.display());
        let entries = fs::read_dir(path).unwrap();
        entries.for_each(|entry| assert_private(&entry.unwrap().path()));
    } else {
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

/// The program as a user whom file modes bind: root is not, so root becomes nobody. It runs from
/// a copy, because nobody may not reach the place it was built in.
fn bound_by_modes(shop: &Shop, arguments: &[&str]) -> Ran {
    let program = shop.file("refund-desk");
    if !program.exists() {
        fs::copy(PROGRAM, &program).unwrap();
    }
    let is_root = fs::metadata(&program).unwrap().uid() == 0;
    let mut command = Command::new(if is_root {
        "setpriv".as_ref()
    } else {
        program.as_os_str()
    });
    if is_root {
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program);
    }
    shop.desk.dress(&mut command, arguments);
    command.arg("--json");
    command.output().unwrap().into()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_may_not_be_written_is_said_and_can_still_be_read() {
    let shop = Shop::open();
    let listed = shop.desk.json(["payments"]).stdout;
    set_mode(&shop.file(""), 0o755);
    set_mode(shop.desk.config.parent().unwrap(), 0o755);
    set_mode(&shop.desk.config, 0o644);
    set_mode(&shop.stock(), 0o644);
    for entry in fs::read_dir(&shop.desk.data).unwrap() {
        let path = entry.unwrap().path();
        set_mode(&path, if path.is_dir() { 0o555 } else { 0o444 });
    }
    set_mode(&shop.desk.data, 0o555);

    let stock = shop.stock();
    for command in [
        &["import", stock.to_str().unwrap()][..],
        &["refund", "A-1", "--full", "--reason", "duplicate"],
        &["payments"],
    ] {
        let ran = bound_by_modes(&shop, command).exits(1);
        let error = ran.error();
        assert_eq!(error["code"], "data_folder", "{command:?}: {error:#}");
        assert!(error["next"].as_str().unwrap().contains("--read-only"));
    }
    let read = bound_by_modes(&shop, &["payments", "--read-only"]).exits(0);
    assert_eq!(read.stdout, listed);
    bound_by_modes(&shop, &["payment", "A-1", "--read-only"]).exits(0);
    set_mode(&shop.desk.data, 0o755);
}

#[test]
fn a_data_folder_that_cannot_be_made_is_said() {
    let shop = Shop::bare(&super::stock::dated(super::stock::STOCK));
    let file = shop.write("in-the-way", "");
    let desk = Desk {
        data: file.join("data"),
        ..shop.desk.clone()
    };
    let ran = desk.json(["payments"]).exits(1);
    assert_eq!(ran.error()["code"], "data_folder");
}
