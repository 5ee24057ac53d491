//! Killed while a backup is taken or restored: a file under its name is whole, and the database is
//! the one before or the one after.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::points::{POINTS, Way};
use super::{assert_verifies, kill_at, words};
use crate::cli::shop::Shop;

fn labels(way: Way) -> impl Iterator<Item = &'static str> {
    POINTS.iter().filter(move |it| it.1 == way).map(|it| it.0)
}

/// None: not a whole backup.
fn refunds_in(file: &Path) -> Option<i64> {
    let copy = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    let whole: String = copy
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .ok()?;
    assert_eq!(whole, "ok");
    copy.query_row("SELECT count(*) FROM refunds", [], |row| row.get(0))
        .ok()
}

#[test]
fn killed_while_backing_up_a_file_is_whole_or_refused() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    for label in labels(Way::Backup) {
        let file = shop.file(label);
        let backup = words(&["backup", file.to_str().unwrap()]);
        let (died, told) = kill_at(&shop.desk, label, 1, &backup);
        assert!(died, "{label} was not reached: {told}");
        let finished = !["backup.named", "backup.copied", "backup.checked"].contains(&label);
        assert_eq!(refunds_in(&file), finished.then_some(1), "{label}");
        if !finished {
            let before = shop.desk.everything();
            let restore = words(&["restore", file.to_str().unwrap()]);
            let refused = shop.desk.json(&restore).exits(1).error();
            assert_eq!(refused["code"], "bad_backup", "{label}");
            assert_eq!(shop.desk.everything(), before);
        }
        assert_verifies(&shop.desk);
        let next = shop.file(&format!("{label}.next"));
        shop.desk
            .json(["backup".as_ref(), next.as_os_str()])
            .exits(0);
        assert_eq!(refunds_in(&next), Some(1));
    }
}

#[test]
fn killed_while_restoring_the_database_is_the_old_or_the_new_one() {
    let shop = Shop::open();
    for (number, label) in labels(Way::Restore).enumerate() {
        let file = shop.file(label);
        let file = file.to_str().unwrap();
        shop.desk.json(["backup", file]).exits(0);
        // No cents that make the provider do otherwise than asked.
        let amount = format!("1.{}4", number + 1);
        let paid = shop.refund("A-1", &amount, &["--wait", "--again"]).exits(0);
        let paid = paid.object()["id"].as_str().unwrap().to_owned();

        let restore = words(&["restore", file]);
        let (died, told) = kill_at(&shop.desk, label, 1, &restore);
        assert!(died, "{label} was not reached: {told}");
        // Whoever opens it next finishes what was begun.
        let found = shop.desk.status(&paid)["state"].clone();
        let exchanged = ["noted", "beside_moved", "kept", "exchanged", "finished"];
        let exchanged = exchanged.iter().any(|it| label.ends_with(it));
        let expected = if exchanged { "unknown" } else { "succeeded" };
        assert_eq!(found, expected, "{label}");
        assert!(!fs::exists(shop.desk.data.join("desk.db.restore")).unwrap());
        assert_verifies(&shop.desk);

        shop.desk.json(&restore).exits(0);
        shop.track("5s");
        assert_eq!(shop.desk.status(&paid)["state"], "succeeded", "{label}");
        assert_eq!(shop.payouts("pay-ann").len(), number + 1, "{label}");
        assert_verifies(&shop.desk);
    }
}
