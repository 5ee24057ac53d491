//! The end of the audit outside: in a file and in the system's log, daily and when the service stops.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use super::desk::{Desk, Ran};
use super::serve::Service;
use super::shop::Shop;

fn told_outside(shop: &Shop, file: &Path, syslog: &str) -> Desk {
    let table = format!("\n[audit]\nhead_file = {file:?}\nsyslog = {syslog:?}\n");
    shop.reconfigured(|text| text + &table)
}

fn against(desk: &Desk, file: &Path) -> Ran {
    desk.json([
        "audit".as_ref(),
        "verify".as_ref(),
        "--against".as_ref(),
        file.as_os_str(),
    ])
}

#[test]
fn the_service_tells_the_head_once_a_day_and_when_it_stops() {
    let shop = Shop::open();
    let (heads, socket) = (shop.file("heads.log"), shop.file("log.sock"));
    let log = UnixDatagram::bind(&socket).unwrap();
    log.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
    let desk = told_outside(&shop, &heads, socket.to_str().unwrap());
    let service = Service::start(&desk);
    let heard = || {
        let mut bytes = [0; 512];
        let length = log.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let first = heard();
    assert!(first.starts_with("<85>"), "{first}");
    assert!(first.contains("refund-desk["), "{first}");
    assert!(first.contains("audit head environment=sandbox"), "{first}");
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    assert_eq!(service.end("TERM"), Some(0));
    let last = heard();
    let told = fs::read_to_string(&heads).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    // Once for the day, whoever works meanwhile, and once at the end.
    assert_eq!(lines.len(), 2, "{told}");
    for (line, datagram) in lines.iter().zip([&first, &last]) {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words.len(), 3, "{line}");
        assert!(datagram.contains(&format!("entries={} hash={}", words[1], words[2])));
    }
    let sound = against(&desk, &heads).exits(0).object();
    assert_eq!(
        (&sound["ok"], &sound["compared"]),
        (&true.into(), &2.into())
    );

    // Whoever rewrites the database, and everything beside it, cannot rewrite what is outside.
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    database
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
            false,
        )
        .unwrap();
    database
        .execute("DELETE FROM audit WHERE seq > 3", [])
        .unwrap();
    drop(database);
    fs::remove_file(shop.desk.data.join("desk.head")).unwrap();
    fs::remove_file(shop.desk.data.join("journal/sends.jsonl")).unwrap();
    desk.json(["audit", "verify"]).exits(0);
    let cut = against(&desk, &heads).exits(1);
    assert_eq!(cut.error()["code"], "audit_broken");
}

#[test]
fn what_is_no_file_of_heads_proves_nothing() {
    let shop = Shop::open();
    for text in ["", "2026-11-21 5 abc\n", "hello\n"] {
        let file = shop.write("heads.log", text);
        let error = against(&shop.desk, &file).exits(1).error();
        assert_eq!(error["code"], "no_heads", "{text:?}");
    }
    let missing = shop.file("none.log");
    assert_eq!(
        against(&shop.desk, &missing).exits(1).error()["code"],
        "no_heads"
    );
}

#[test]
fn nothing_waits_for_a_log_that_is_not_there() {
    let shop = Shop::open();
    let inside = shop.desk.data.join("heads.log");
    let desk = told_outside(&shop, &inside, shop.file("no.sock").to_str().unwrap());
    let service = Service::start(&desk);
    shop.refund("A-1", "12.34", &["--wait"]).exits(0);
    assert_eq!(service.end("TERM"), Some(0));
    // In the data folder it would be no more than the database itself.
    assert!(!inside.exists());
}
