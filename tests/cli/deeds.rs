//! What fails after something was done about money: the exit code follows the deed, and nothing
//! claims that it did not happen.

use std::fs::File;
use std::process::Stdio;

use rstest::rstest;
use rusqlite::Connection;

use super::desk::{Desk, Ran};
use super::gate::{Gate, Lets};
use super::process::Process;
use super::shop::{Shop, assert_balance};

/// Whom the program prints to.
#[derive(Clone, Copy, Debug)]
enum Reader {
    /// Nobody: the other end of the pipe is closed.
    Gone,
    /// A full disk.
    Full,
}

impl Reader {
    fn stdout(self) -> Stdio {
        match self {
            Self::Gone => std::io::pipe().unwrap().1.into(),
            Self::Full => File::create("/dev/full").unwrap().into(),
        }
    }
}

fn printing_to(reader: Reader, desk: &Desk, typed: &[&str]) -> Ran {
    let mut command = desk.command(typed);
    command.arg("--json").stdout(reader.stdout());
    Process::start(&mut command).finish().into()
}

#[rstest]
#[case::unknown("Z-2", "10.02", &[], 4)]
#[case::failed("Z-1", "10.01", &["--wait"], 1)]
#[case::succeeded("A-1", "10.00", &["--wait"], 0)]
#[case::queued("A-1", "10.00", &["--offline"], 6)]
#[case::to_approve("BIG-1", "300.00", &[], 5)]
#[case::refused_in_a_dry_run("A-1", "200.01", &["--dry-run"], 3)]
fn the_exit_code_follows_the_refund_and_not_the_pipe(
    #[values(Reader::Gone, Reader::Full)] reader: Reader,
    #[case] payment: &str,
    #[case] amount: &str,
    #[case] more: &[&str],
    #[case] code: i32,
) {
    let shop = Shop::open();
    let fixed = [
        "refund",
        payment,
        "--amount",
        amount,
        "--reason",
        "duplicate",
    ];
    let ran = printing_to(reader, &shop.desk, &[&fixed, more].concat()).exits(code);
    let full = matches!(reader, Reader::Full);
    assert_eq!(ran.stderr.contains("not_printed"), full, "{ran:#?}");
}

#[test]
fn a_decision_stands_whoever_reads_about_it() {
    let shop = Shop::open();
    for (reader, amount) in [(Reader::Gone, "1.00"), (Reader::Full, "2.00")] {
        let refund = shop.refund("A-1", amount, &["--offline"]).exits(6).object();
        let id = refund["id"].as_str().unwrap();
        printing_to(reader, &shop.desk, &["release", id]).exits(0);
        assert_eq!(shop.desk.status(id)["needs_release"], false);
        printing_to(reader, &shop.desk, &["cancel", id]).exits(0);
        assert_eq!(shop.desk.status(id)["state"], "canceled");
        let stock = shop.stock();
        printing_to(reader, &shop.desk, &["import", stock.to_str().unwrap()]).exits(0);
    }
}

#[test]
fn a_list_cut_short_is_no_error_and_one_that_cannot_be_written_is() {
    let shop = Shop::open();
    printing_to(Reader::Gone, &shop.desk, &["payments"]).exits(0);
    printing_to(Reader::Full, &shop.desk, &["payments"]).exits(1);
}

#[test]
fn a_decision_stands_even_if_its_evidence_cannot_be_read() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "1.00", &["--offline"]).exits(6).object();
    let id = refund["id"].as_str().unwrap();
    sabotage(&shop, "DROP TABLE observations");
    let canceled = shop.desk.json(["cancel", id]).exits(0).object();
    assert_eq!(canceled["state"], "canceled");
}

fn sabotage(shop: &Shop, statements: &str) {
    let database = Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let off = "PRAGMA foreign_keys = OFF;";
    database
        .execute_batch(&format!("{off}{statements}"))
        .unwrap();
}

#[test]
fn a_refund_lost_from_sight_is_named_and_may_have_been_sent() {
    let shop = Shop::open();
    let gate = Gate::open(Lets::BePaid, &shop.sandbox.address());
    let desk = shop.reconfigured(|text| text.replace(&shop.sandbox.address(), &gate.address));
    let typed = [
        "refund",
        "A-1",
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
    ];
    let mut command = desk.command(typed);
    command.arg("--json");
    let running = Process::start(&mut command);
    gate.wait();
    sabotage(&shop, "DROP TABLE observations");
    drop(gate);
    let ran: Ran = running.finish().into();
    let ran = ran.exits(4);
    let (printed, error) = (ran.object(), ran.error());
    let id = shop.desk.refunds()[0]["id"].clone();
    let id = id.as_str().unwrap();
    assert_eq!([&printed["id"], &printed["state"]], [id, "unknown"]);
    assert_eq!(
        error["money"],
        format!("Refund {id} is reserved and may have been sent.")
    );
    let next = error["next"].as_str().unwrap();
    assert!(
        next.ends_with(&format!("refund-desk status {id}")),
        "{next}"
    );
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

/// A commit that fails: a promise to the database that cannot be kept at its end.
const NO_COMMIT: &str = "
    CREATE TABLE nowhere (id INTEGER PRIMARY KEY);
    CREATE TABLE promise (id INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER break_promise AFTER INSERT ON audit BEGIN INSERT INTO promise VALUES (1); END;";
/// A write that fails before the commit.
const NO_WRITE: &str = "
    CREATE TRIGGER no_more AFTER INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no more'); END;";

#[test]
fn a_commit_that_fails_leaves_doubt_and_says_so() {
    let shop = Shop::open();
    let queued = shop.refund("A-1", "1.00", &["--offline"]).exits(6).object();
    let queued = queued["id"].as_str().unwrap();
    sabotage(&shop, NO_COMMIT);
    let doubtful = |ran: Ran| {
        let error = ran.exits(4).error();
        assert_eq!(error["code"], "in_doubt");
        assert!(
            !error["money"].as_str().unwrap().contains("Nothing"),
            "{error:#}"
        );
        error["next"].as_str().unwrap().to_owned()
    };
    let next = doubtful(shop.refund("A-1", "12.34", &[]));
    let (_, id) = next.rsplit_once("refund-desk status ").unwrap();
    assert_eq!(id.len(), 36, "{next}");
    shop.desk.json(["status", id]).exits(3);
    for command in ["release", "cancel"] {
        let next = doubtful(shop.desk.json([command, queued]));
        assert!(next.ends_with(queued), "{next}");
    }
    doubtful(
        shop.desk
            .json(["import".as_ref(), shop.stock().as_os_str()]),
    );
}

#[test]
fn a_write_that_fails_is_not_written_and_claims_no_more() {
    let shop = Shop::open();
    sabotage(&shop, NO_WRITE);
    let error = shop.refund("A-1", "12.34", &[]).exits(1).error();
    assert_eq!(error["code"], "database");
    let money = error["money"].as_str().unwrap();
    assert!(money.starts_with("What failed was not written"), "{money}");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "0.00", "200.00");
}
