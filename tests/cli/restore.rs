//! Backups, restores and the send journal (R15): what was sent since a backup is never sent again,
//! and nothing is sent before its provider was asked.

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rstest::rstest;
use serde_json::Value;

use super::book;
use super::desk::{Desk, Ran};
use super::gate::{Gate, Lets};
use super::shop::{Shop, assert_balance};

fn journal(shop: &Shop) -> PathBuf {
    shop.desk.data.join("journal/sends.jsonl")
}

fn back_up(shop: &Shop, name: &str) -> Value {
    let file = shop.file(name);
    let typed = ["backup".as_ref(), file.as_os_str()];
    shop.desk.json(typed).exits(0).object()
}

fn restore(shop: &Shop, name: &str) -> Ran {
    let file = shop.file(name);
    shop.desk.json(["restore".as_ref(), file.as_os_str()])
}

fn id(ran: &Ran) -> String {
    ran.object()["id"].as_str().unwrap().to_owned()
}

fn state(shop: &Shop, id: &str) -> String {
    let refund = shop.desk.status(id);
    refund["state"].as_str().unwrap().to_owned()
}

/// What another process does cannot be awaited, only looked for.
#[track_caller]
fn wait_until(mut seen: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if seen() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not come about");
}

/// Puts an old copy in the place of the database, as a person might.
fn copy_back(shop: &Shop, name: &str) {
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(shop.desk.data.join(format!("desk.db{end}")));
    }
    fs::copy(shop.file(name), shop.desk.data.join("desk.db")).unwrap();
}

#[test]
fn an_old_backup_never_pays_twice() {
    let shop = Shop::open();
    // Decided before the backup, not sent.
    let waits = shop.refund("Z-0", "33.30", &["--offline"]).exits(6);
    let waits = id(&waits);
    shop.desk
        .json(["release", &waits, "--offline"])
        .exits(3)
        .error();
    let taken = back_up(&shop, "old.db");
    assert_eq!(
        (&taken["payments"], &taken["refunds"]),
        (&19.into(), &1.into())
    );
    assert_eq!(taken["environment"], "sandbox");

    let paid = id(&shop.refund("A-1", "12.34", &["--wait"]).exits(0));
    let lost = id(&shop.refund("B-1", "10.03", &[]));
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    assert_eq!(shop.payouts("pay-bob"), [""; 0]);

    let restored = restore(&shop, "old.db").exits(0).object();
    assert_eq!(restored["from_journal"], 2, "{restored:#}");
    assert_eq!(restored["waiting"], 1);
    assert_eq!(restored["journal_complete"], true);
    let kept = restored["kept"].as_str().unwrap();
    assert!(fs::metadata(kept).unwrap().len() > 0);

    for refund in [&paid, &lost] {
        assert_eq!(state(&shop, refund), "unknown");
    }
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    let refused = shop.refund("A-1", "5.00", &[]).exits(3);
    assert_eq!(refused.error()["code"], "sending_closed");
    let book = book::read(&shop.sandbox.book());
    assert_eq!(book.len(), 1);

    // Offline nothing can be asked, so nothing opens.
    shop.desk.run(["track", "--once", "--offline"]).exits(0);
    shop.refund("A-1", "5.00", &[]).exits(3);

    shop.track("3s");
    assert_eq!(state(&shop, &paid), "succeeded");
    assert_balance(&shop.desk.payment("A-1"), "12.34", "0.00", "187.66");
    assert_ne!(state(&shop, &lost), "failed");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    assert!(shop.payouts("pay-bob").len() <= 1);
    // What was decided before the backup waits for a person.
    assert_eq!(shop.desk.status(&waits)["needs_release"], true);
    assert_eq!(shop.payouts("pay-00"), [""; 0]);

    shop.refund("A-1", "5.00", &["--wait"]).exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["12.34", "5.00"]);
    let told = shop.desk.json(["audit", "show", "--limit", "1000"]);
    let actions: Vec<String> = told
        .exits(0)
        .objects()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect();
    for action in [
        "database.restored",
        "account.closed_for_sending",
        "account.opened_for_sending",
    ] {
        assert!(
            actions.iter().any(|it| it == action),
            "{action}: {actions:?}"
        );
    }
}

#[test]
fn an_old_copy_put_back_by_hand_is_noticed() {
    let shop = Shop::open();
    back_up(&shop, "old.db");
    let paid = id(&shop.refund("A-1", "12.34", &["--wait"]).exits(0));
    copy_back(&shop, "old.db");
    for _ in 0..2 {
        let refused = shop.refund("A-1", "12.34", &["--wait"]).exits(3).error();
        assert_eq!(refused["code"], "sending_closed");
        let next = refused["next"].as_str().unwrap();
        assert!(next.contains("refund-desk restore"), "{next}");
    }
    // It says so where it works too.
    let tracked = shop.desk.run(["track", "--once"]).exits(0);
    assert!(tracked.stderr.contains("closed for sending"), "{tracked:?}");

    let database = shop.desk.data.join("desk.db");
    let typed = ["restore".as_ref(), database.as_os_str()];
    let restored = shop.desk.json(typed).exits(0).object();
    assert_eq!(
        (&restored["from_journal"], &restored["kept"]),
        (&1.into(), &Value::Null)
    );
    shop.track("3s");
    assert_eq!(state(&shop, &paid), "succeeded");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    shop.refund("A-1", "5.00", &["--wait"]).exits(0);
}

/// A journal that was lost tells nothing: two people compare with the provider, and say so.
#[test]
fn without_the_journal_two_people_open_what_a_restore_closed() {
    let shop = Shop::open();
    back_up(&shop, "old.db");
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    fs::remove_file(journal(&shop)).unwrap();
    let restored = restore(&shop, "old.db").exits(5).object();
    assert_eq!(restored["journal_complete"], false, "{restored}");
    shop.track("3s");
    let refused = shop.refund("A-1", "5.00", &[]).exits(3).error();
    assert_eq!(refused["code"], "sending_closed");
    assert!(refused["next"].as_str().unwrap().contains("resume-sending"));
    let doctor = shop.desk.json(["doctor"]).exits(0).objects();
    let closed = |line: &Value| {
        line["said"]
            .as_str()
            .is_some_and(|said| said.starts_with("every account is closed for sending"))
    };
    assert!(doctor.iter().any(closed), "{doctor:?}");

    let resume = |by: &str, more: &[&str]| {
        let typed = [&["--as", by, "resume-sending"], more].concat();
        shop.desk.json(typed)
    };
    let list = ["--note", "the provider's list of today"];
    assert_eq!(resume("dana", &[]).exits(3).error()["code"], "evidence");
    resume("dana", &list).exits(5);
    assert_eq!(
        resume("dana", &list).exits(3).error()["code"],
        "same_person"
    );
    resume("max", &list).exits(0);
    shop.refund("A-1", "5.00", &["--wait"]).exits(0);
}

/// Killed after the attempt was committed and before its line was written: the journal is held by
/// the test, so the process stands just there.
#[test]
fn killed_before_its_line_nothing_went_out() {
    let shop = Shop::open();
    back_up(&shop, "old.db");
    let held = File::open(journal(&shop)).unwrap();
    held.lock().unwrap();
    let mut sending = shop.desk.start([
        "refund",
        "A-1",
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
    ]);
    wait_until(|| {
        let refunds = shop.desk.refunds();
        refunds.iter().any(|refund| refund["state"] == "submitting")
    });
    sending.kill();
    drop(held);

    assert_eq!(shop.payouts("pay-ann"), [""; 0]);
    let known = fs::read_to_string(journal(&shop)).unwrap();
    assert!(!known.contains("\"sent\""), "{known}");
    // This database knows the attempt and asks about it; the one restored need not.
    shop.track("2s");
    let refund = &shop.desk.refunds()[0];
    // On a busy machine it may still be on its way there, by the same key.
    let state = refund["state"].as_str().unwrap();
    assert!(
        ["unknown", "submitting", "pending", "succeeded"].contains(&state),
        "{refund}"
    );
    assert!(shop.payouts("pay-ann").len() <= 1);
}

/// Killed with its line written and its bytes not sent, or sent and paid.
#[rstest]
#[case(Lets::Connect, "unknown", &[])]
#[case(Lets::BePaid, "succeeded", &["12.34"])]
fn killed_after_its_line_it_counts_as_sent(
    #[case] lets: Lets,
    #[case] ends: &str,
    #[case] paid: &[&str],
) {
    let shop = Shop::open();
    back_up(&shop, "old.db");
    let gate = Gate::open(lets, &shop.sandbox.address());
    let slow = shop.reconfigured(|text| text.replace(&shop.sandbox.address(), &gate.address));
    let mut sending = slow.start([
        "refund",
        "A-1",
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
    ]);
    gate.wait();
    sending.kill();

    let restored = restore(&shop, "old.db").exits(0).object();
    assert_eq!(restored["from_journal"], 1);
    let refund = id(&shop.desk.json(["refunds"]).exits(0));
    assert_eq!(state(&shop, &refund), "unknown");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    shop.track("2s");
    assert_eq!(state(&shop, &refund), ends);
    assert_eq!(shop.payouts("pay-ann"), paid);
}

#[test]
fn what_cannot_be_journalled_is_not_sent() {
    let shop = Shop::open();
    let journal = journal(&shop);
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    let ran = shop.refund("A-1", "12.34", &[]).exits(6);
    let error = ran.error();
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("send journal"), "{said}");
    assert_eq!(shop.payouts("pay-ann"), [""; 0]);
    assert_eq!(ran.object()["attempts"], 0);
    fs::remove_dir(&journal).unwrap();
    shop.track("90s").exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

/// Killed anywhere in a restore: the database before or the one after, never less.
#[test]
fn a_restore_killed_at_any_time_leaves_one_whole_database() {
    let shop = Shop::open();
    back_up(&shop, "old.db");
    let paid = id(&shop.refund("A-1", "12.34", &["--wait"]).exits(0));
    for delay in [0, 5, 10, 15, 20, 25, 30, 40, 60] {
        let file = shop.file("old.db");
        let mut running = shop.desk.start(["restore".as_ref(), file.as_os_str()]);
        thread::sleep(Duration::from_millis(delay));
        running.kill();
        let found = state(&shop, &paid);
        assert!(
            ["succeeded", "unknown"].contains(&found.as_str()),
            "{found}"
        );
        let names = fs::read_dir(&shop.desk.data).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name());
        assert!(names.all(|name| name != "desk.db.restore"));
    }
    restore(&shop, "old.db").exits(0);
    assert_eq!(state(&shop, &paid), "unknown");
    shop.track("3s");
    assert_eq!(state(&shop, &paid), "succeeded");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn nothing_is_restored_beside_an_open_desk() {
    let shop = Shop::open();
    back_up(&shop, "old.db");
    let mut open = shop.desk.start(["track"]);
    let files = format!("/proc/{}/fd", open.child().id());
    let has_it = |entry: std::io::Result<fs::DirEntry>| {
        let target = entry.and_then(|entry| fs::read_link(entry.path()));
        target.is_ok_and(|target| target.ends_with("desk.db"))
    };
    wait_until(|| fs::read_dir(&files).unwrap().any(has_it));
    let refused = restore(&shop, "old.db").exits(3);
    assert_eq!(refused.error()["code"], "database_in_use");
    open.kill();
    shop.desk
        .json(["restore", "x.db", "--read-only"])
        .exits(3)
        .error();
    shop.desk
        .json(["backup", "x.db", "--read-only"])
        .exits(3)
        .error();
    let missing = shop.desk.json(["restore", "/nowhere/x.db"]).exits(1);
    assert_eq!(missing.error()["code"], "bad_backup");
}

#[test]
fn a_backup_never_overwrites() {
    let shop = Shop::open();
    let kept = shop.write("kept", "mine");
    let ran = shop.desk.json(["backup".as_ref(), kept.as_os_str()]);
    assert_eq!(ran.exits(3).error()["code"], "exists");
    assert_eq!(fs::read(kept).unwrap(), b"mine");
}

/// Several processes write while backups are taken; each backup is whole and can be restored.
#[test]
fn backups_taken_under_load_all_restore() {
    let shop = Shop::open();
    let writers: Vec<_> = ["A-1", "B-1", "Z-0", "Z-1"]
        .into_iter()
        .flat_map(|payment| ["1.10", "1.20", "1.30"].map(|amount| (payment, amount)))
        .map(|(payment, amount)| {
            shop.desk.start([
                "refund",
                payment,
                "--amount",
                amount,
                "--reason",
                "duplicate",
                "--again",
            ])
        })
        .collect();
    let names: Vec<String> = (0..6).map(|number| format!("load-{number}.db")).collect();
    let taken: Vec<Value> = names.iter().map(|name| back_up(&shop, name)).collect();
    for writer in writers {
        writer.finish();
    }
    for (name, taken) in names.iter().zip(&taken) {
        let copy = Desk {
            data: shop.file(&format!("{name}.folder")),
            ..shop.desk.clone()
        };
        let file = shop.file(name);
        // Elsewhere there is no journal: the copy is whole, and two people must open it.
        let restored = copy.json(["restore".as_ref(), file.as_os_str()]).exits(5);
        assert_eq!(restored.object()["journal_complete"], false);
        let refunds = copy.refunds();
        assert_eq!(taken["refunds"], refunds.len(), "{name}");
        let audit = copy.json(["audit", "show", "--limit", "100000"]).exits(0);
        let head = taken["audit_seq"].as_u64().unwrap();
        let entry = audit.objects().into_iter().find(|it| it["seq"] == head);
        assert_eq!(entry.unwrap()["hash"], taken["audit_hash"]);
    }
}

#[test]
fn backups_by_the_clock_are_taken_and_only_ours_are_removed() {
    let shop = Shop::open();
    let desk = shop.reconfigured(|text| {
        format!("{text}\n[backup]\nevery = \"1h\"\nkeep = 2\nto = \"copies\"\n")
    });
    let folder = desk.data.join("copies");
    fs::create_dir(&folder).unwrap();
    let old = [
        "refund-desk-sandbox-20240101T000000Z.db",
        "refund-desk-sandbox-20240102T000000Z.db",
        "refund-desk-live-20240101T000000Z.db",
        "before-the-upgrade.db",
    ];
    for name in old {
        fs::write(folder.join(name), "kept").unwrap();
    }
    // One killed in the writing.
    fs::write(folder.join("refund-desk-sandbox-20990101T000000Z.db"), "").unwrap();
    let names = || {
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    desk.run(["track", "--once"]).exits(0);
    let first = names();
    assert_eq!(first.len(), 4, "{first:?}");
    for kept in &old[1..] {
        assert!(first.iter().any(|name| name == kept), "{first:?}");
    }
    desk.run(["track", "--once"]).exits(0);
    assert_eq!(names(), first, "not due again");
    let newest = first
        .iter()
        .find(|name| name.starts_with("refund-desk-sandbox-20") && !name.contains("2024"));
    let file = folder.join(newest.unwrap());
    let restored = desk.json(["restore".as_ref(), file.as_os_str()]).exits(0);
    assert_eq!(restored.object()["journal_complete"], true);
}
