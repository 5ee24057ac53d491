//! R9: every entry of a 1,000-entry log mutated six ways; each is told, and so is a shortened log
//! against any head that was told before.

use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::params;

use super::*;
use crate::domain::audit::{Anchor, AuditEntry, Walk};
use crate::ledger::head;
use crate::ledger::verify::walk_audit;

const ENTRIES: i64 = 1_000;

/// A log, and what was known at each of its entries: the walk up to it.
struct Log {
    connection: Connection,
    entries: Vec<AuditEntry>,
    walks: Vec<Walk>,
}

impl Log {
    /// As an attacker has it who owns the file: no trigger is in the way.
    fn written() -> Self {
        let connection = open::in_memory().unwrap();
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
            .unwrap();
        connection.execute_batch("BEGIN").unwrap();
        for number in 0..ENTRIES {
            let deed = audit::Deed {
                at: now() + TimeDelta::milliseconds(number * 7),
                actor: ["max", "mia", "desk"][usize::try_from(number % 3).unwrap()],
                action: "refund.pending",
                subject: &format!("refund-{}", number % 17),
                detail: &format!("rule=T10 number={number}"),
            };
            audit::append(&connection, &deed).unwrap();
        }
        let (mut entries, mut walks) = (Vec::new(), vec![Walk::default()]);
        let mut walk = Walk::default();
        audit::each_after(&connection, 0, |entry| {
            walk.step(&entry).unwrap();
            entries.push(entry);
            walks.push(walk.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
        Self {
            connection,
            entries,
            walks,
        }
    }

    fn entry(&self, seq: i64) -> &AuditEntry {
        &self.entries[usize::try_from(seq - 1).unwrap()]
    }

    fn anchor(&self, seq: i64) -> Anchor {
        Anchor {
            seq,
            hash: self.entry(seq).hash.clone(),
        }
    }

    /// Does `mutation`, says whether it is told, and takes it back. What was before the first
    /// entry it touches was walked once; the walk goes on from there to the first break.
    fn tells(&self, first: i64, mutation: impl FnOnce(&Connection)) -> Told {
        self.connection.execute_batch("SAVEPOINT attack").unwrap();
        mutation(&self.connection);
        let mut walk = self.walks[usize::try_from(first - 1).unwrap()].clone();
        let mut broken = false;
        audit::each_after(&self.connection, first - 1, |entry| {
            broken = walk.step(&entry).is_err();
            if broken {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        let head = self.anchor(ENTRIES).into();
        let lost = head::lost(Some(&head), &self.connection).unwrap().is_some();
        self.connection
            .execute_batch("ROLLBACK TO attack; RELEASE attack")
            .unwrap();
        Told { broken, lost }
    }
}

struct Told {
    /// The chain itself tells.
    broken: bool,
    /// The head that is known outside tells.
    lost: bool,
}

fn run(connection: &Connection, sql: &str, seq: i64) {
    connection.execute(sql, [seq]).unwrap();
}

#[test]
fn every_field_of_every_entry() {
    let log = Log::written();
    for seq in 1..=ENTRIES {
        for change in [
            "seq = seq + 5000",
            "at = at + 1",
            "actor = 'mallory'",
            "action = 'refund.failed'",
            "subject = subject || '0'",
            "detail = detail || ' '",
            "previous = replace(previous, substr(previous, 1, 1), 'g')",
            "hash = replace(hash, substr(hash, 64, 1), 'g')",
            // What runs from one field into the next is another entry all the same.
            "subject = subject || substr(detail, 1, 1), detail = substr(detail, 2)",
        ] {
            let sql = format!("UPDATE audit SET {change} WHERE seq = ?1");
            let told = log.tells(seq, |connection| run(connection, &sql, seq));
            assert!(told.broken, "{seq}: {change}");
        }
    }
}

#[test]
fn every_entry_deleted_or_duplicated() {
    let log = Log::written();
    for seq in 1..=ENTRIES {
        let told = log.tells(seq, |connection| {
            run(connection, "DELETE FROM audit WHERE seq = ?1", seq);
        });
        assert_eq!(told.broken, seq < ENTRIES, "{seq} deleted");
        assert!(told.broken || told.lost, "{seq} deleted");
        let copy =
            "INSERT INTO audit SELECT 1001, at, actor, action, subject, detail, previous, hash
                    FROM audit WHERE seq = ?1";
        let told = log.tells(ENTRIES, |connection| run(connection, copy, seq));
        assert!(told.broken, "{seq} told twice");
        // Closing the gap moves every entry after it: slow, so not for each.
        if seq % 20 == 0 {
            let told = log.tells(seq, |connection| take_out(connection, seq));
            assert!(told.lost && told.broken != (seq == ENTRIES), "{seq}");
        }
    }
}

fn take_out(connection: &Connection, seq: i64) {
    run(connection, "DELETE FROM audit WHERE seq = ?1", seq);
    run(
        connection,
        "UPDATE audit SET seq = -seq WHERE seq > ?1",
        seq,
    );
    run(
        connection,
        "UPDATE audit SET seq = -seq - 1 WHERE seq < ?1",
        0,
    );
}

#[test]
fn every_entry_swapped_with_its_neighbour() {
    let log = Log::written();
    for seq in 1..ENTRIES {
        let told = log.tells(seq, |connection| {
            for (from, to) in [(seq, -1), (seq + 1, seq), (-1, seq + 1)] {
                connection
                    .execute(
                        "UPDATE audit SET seq = ?2 WHERE seq = ?1",
                        params![from, to],
                    )
                    .unwrap();
            }
        });
        assert!(told.broken, "{seq}");
    }
}

/// Whoever changes an entry and computes its hash anew has to do so for all that follow; then the
/// head that is known outside is another.
#[test]
fn every_entry_hashed_anew() {
    let log = Log::written();
    for seq in 1..=ENTRIES {
        let told = log.tells(seq, |connection| {
            rewrite(connection, log.entry(seq));
        });
        assert!(told.broken != (seq == ENTRIES), "{seq}");
        assert!(told.broken || told.lost, "{seq}");
    }
    for seq in (1..=ENTRIES).step_by(97) {
        let told = log.tells(seq, |connection| {
            let mut previous = log.entry(seq).previous.clone();
            for entry in &log.entries[usize::try_from(seq - 1).unwrap()..] {
                let entry = AuditEntry {
                    previous,
                    ..entry.clone()
                };
                previous = rewrite(connection, &entry);
            }
        });
        assert!(!told.broken && told.lost, "{seq} and all after it");
    }
}

/// Another detail, and the hash that goes with it; returns that.
fn rewrite(connection: &Connection, entry: &AuditEntry) -> String {
    let mut entry = AuditEntry {
        detail: "rule=T10 nothing to see".into(),
        ..entry.clone()
    };
    entry.hash = entry.expected_hash();
    connection
        .execute(
            "UPDATE audit SET detail = ?2, previous = ?3, hash = ?4 WHERE seq = ?1",
            params![entry.seq, entry.detail, entry.previous, entry.hash],
        )
        .unwrap();
    entry.hash
}

#[test]
fn a_shortened_log_against_any_earlier_head() {
    let log = Log::written();
    for last in (0..ENTRIES).rev() {
        run(&log.connection, "DELETE FROM audit WHERE seq > ?1", last);
        for seq in [last + 1, ENTRIES]
            .into_iter()
            .chain((1..=ENTRIES).step_by(83))
        {
            let known = log.anchor(seq).into();
            let lost = head::lost(Some(&known), &log.connection).unwrap();
            assert_eq!(lost.is_some(), seq > last, "{seq} known, {last} left");
        }
    }
}

/// The whole walk over the whole log, as `audit verify` makes it.
#[test]
fn the_walk_tells_the_first_bad_entry_and_the_head() {
    let log = Log::written();
    let verdict = |earlier: Option<Anchor>| {
        walk_audit(&log.connection, None, Vec::from_iter(earlier)).unwrap()
    };
    let sound = verdict(Some(log.anchor(400)));
    assert_eq!((sound.entries, sound.findings.len()), (1_000, 0));
    assert_eq!(sound.head.unwrap().0, log.anchor(ENTRIES));
    run(&log.connection, "DELETE FROM audit WHERE seq = ?1", 700);
    run(
        &log.connection,
        "UPDATE audit SET actor = 'x' WHERE seq = ?1",
        300,
    );
    let broken = verdict(None);
    assert_eq!((broken.first_bad, broken.findings.len()), (Some(300), 2));
    assert!(
        broken.findings[1]
            .detail
            .contains("from record 699 to record 701")
    );
    run(&log.connection, "DELETE FROM audit WHERE seq > ?1", 299);
    assert_eq!(verdict(None).findings, []);
    let cut = verdict(Some(log.anchor(400)));
    assert!(cut.findings[0].detail.contains("record 400"), "{cut:?}");
    assert_eq!(cut.first_bad, None);
}
