//! `refund` on a terminal: what is confirmed is what was shown.

use std::io::{Read, Write};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::desk::{Desk, PROGRAM};
use super::shop::Shop;
use super::stock;

/// A command on a pseudo-terminal.
struct Asked {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    screen: String,
}

impl Asked {
    fn start(desk: &Desk, typed: &[&str]) -> Self {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(typed);
        command.arg("--config");
        command.arg(&desk.config);
        command.arg("--data-dir");
        command.arg(&desk.data);
        command.env_clear();
        let child = pair.slave.spawn_command(command).unwrap();
        // Only the child holds the terminal now, so reading ends when the child does.
        drop(pair.slave);
        let mut asked = Self {
            child,
            master: pair.master,
            screen: String::new(),
        };
        asked.read_up_to("Type yes: ");
        asked
    }

    fn read_up_to(&mut self, end: &str) {
        let mut reader = self.master.try_clone_reader().unwrap();
        let mut byte = [0];
        while !self.screen.ends_with(end) {
            assert_eq!(reader.read(&mut byte).unwrap(), 1, "{}", self.screen);
            self.screen.push(char::from(byte[0]));
        }
    }

    /// Answers, and returns the exit code and what was said then.
    fn answer(mut self, answer: &str) -> (u32, String) {
        let mut writer = self.master.take_writer().unwrap();
        writer.write_all(answer.as_bytes()).unwrap();
        let mut reader = self.master.try_clone_reader().unwrap();
        let mut rest = Vec::new();
        // The end of a pseudo-terminal is an error on Linux.
        let _ = reader.read_to_end(&mut rest);
        let code = self.child.wait().unwrap().exit_code();
        (code, String::from_utf8_lossy(&rest).into_owned())
    }
}

const FULL: [&str; 5] = ["refund", "B-1", "--full", "--reason", "goods_returned"];

#[test]
fn yes_sends_what_was_shown() {
    let shop = Shop::open();
    let asked = Asked::start(&shop.desk, &[&FULL[..], &["--wait"]].concat());
    assert!(asked.screen.contains("100.00 USD"), "{}", asked.screen);
    let (code, said) = asked.answer("yes\n");
    assert_eq!(code, 0, "{said}");
    assert_eq!(shop.payouts("pay-bob"), ["100.00"]);
}

#[test]
fn anything_else_sends_nothing() {
    let shop = Shop::open();
    let before = shop.desk.everything();
    for answer in ["no\n", "\n", "\x04"] {
        let (code, said) = Asked::start(&shop.desk, &FULL).answer(answer);
        assert_eq!(code, 3, "{said}");
    }
    assert_eq!(shop.desk.everything(), before);
}

#[test]
fn a_balance_that_changed_since_is_refused_and_not_reckoned_with_anew() {
    let shop = Shop::open();
    for typed in [
        &FULL[..],
        &["refund", "A-1", "--amount", "50%", "--reason", "duplicate"],
    ] {
        let payment = typed[1];
        let asked = Asked::start(&shop.desk, typed);
        shop.refund(payment, "10.00", &["--wait"]).exits(0);
        let (code, said) = asked.answer("yes\n");
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("Look at the payment again"), "{said}");
    }
    assert_eq!(shop.payouts("pay-bob"), ["10.00"]);
    assert_eq!(shop.payouts("pay-ann"), ["10.00"]);
}

#[test]
fn a_key_said_again_finds_its_refund() {
    let shop = Shop::open();
    let keyed = [&FULL[..], &["--key", "f", "--wait"]].concat();
    shop.desk.run(&keyed).exits(0);
    let asked = Asked::start(&shop.desk, &keyed);
    assert!(
        asked.screen.contains("no other is made"),
        "{}",
        asked.screen
    );
    let (code, said) = asked.answer("yes\n");
    assert_eq!(code, 0, "{said}");
    assert_eq!(shop.payouts("pay-bob"), ["100.00"]);
}

/// A limit of the account allows less than is left: what was shown goes out all the same.
#[test]
fn yes_sends_what_a_limit_allows() {
    let rows = "account,payment_id,reference,amount,currency,captured_at,settled_at
nuapay-uk,pay-uk,U-1,50.00,GBP,@-9,@-8
";
    let shop = Shop::with(&stock::dated(rows));
    let half = |text: String| text.replace("max_percent = 100", "max_percent = 50");
    let desk = shop.reconfigured(half);
    let typed = [
        "refund",
        "U-1",
        "--amount",
        "10.10",
        "--reason",
        "duplicate",
        "--wait",
    ];
    let asked = Asked::start(&desk, &typed);
    assert!(asked.screen.contains("25.00 GBP"), "{}", asked.screen);
    let (code, said) = asked.answer("yes\n");
    assert_eq!(code, 0, "{said}");
    assert_eq!(shop.payouts("pay-uk"), ["10.10"]);
}
