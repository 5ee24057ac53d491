//! R2: the real program dies by a real `SIGKILL` at every labelled point of the source
//! (`src/failpoint.rs`), at work against the real sandbox. Then another process goes on, and what
//! the ledger says is compared with what the book says was paid.
//!
//! Two seeds on every commit, which choose what the provider does (by the cents of the amount): the
//! second goes through all of it from point to point. `REFUND_DESK_LARGE=1` runs 50, of which the
//! rest draw it, and the how-manieth passing is the last, too. That is over Commerce Hub. Sending and
//! looking are died at over Nuapay and Prism as well: the ledger's part is the same, only the
//! providers' differs. With these they are more than the 40 points by five seeds of `promises.md`;
//! five at each point took longer than it gives them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;

use rstest::rstest;
use serde_json::Value;

use super::book::minor;
use super::desk::Desk;
use super::process::Process;
use super::shop::Shop;
use super::stock;
use crate::seeds::{Draw, large};

mod copies;
mod decisions;
mod network;
mod points;

use points::{POINTS, Way};

/// The cents that choose what the provider does; the first is what the commit's seed takes.
const CENTS: [u64; 10] = [34, 2, 9, 3, 8, 7, 6, 5, 4, 1];
const CAPTURED: i64 = 9_000;
/// Seeds of every commit; each dies at the first passing of its point.
const SMALL: u64 = 2;
/// Scenes that are played at the same time.
const SCENES: usize = 3;

/// Whose account the refunds go through.
#[derive(Clone, Copy, Debug)]
struct Through {
    account: &'static str,
    currency: &'static str,
    /// What comes after the account's own settings in the sandbox's config.
    then: &'static str,
    cents: &'static [u64],
}

const COMMERCE_HUB: Through = Through {
    account: "hub-us",
    currency: "USD",
    then: "[accounts.prism-us]",
    cents: &CENTS,
};
/// Without 06: more is paid than asked, which counts only once the provider could be asked.
const ELSEWHERE: [u64; 9] = [34, 2, 9, 3, 8, 7, 5, 4, 1];
const NUAPAY: Through = Through {
    account: "nuapay-uk",
    currency: "GBP",
    then: "[accounts.nuapay-eu]",
    // Without 07, too: who asks to be left alone is not asked for its list, and nothing is sent meanwhile.
    cents: &[34, 2, 9, 3, 8, 5, 4, 1],
};
/// What was cut off here stays UNKNOWN and held: Prism finds no refund by our reference.
const PRISM: Through = Through {
    account: "prism-us",
    currency: "USD",
    then: "[accounts.prism-us.connector.stripe]",
    cents: &ELSEWHERE,
};

/// The shop of one way to die, with a payment for each point and seed.
struct Scene {
    shop: Shop,
    desk: Desk,
}

/// One death.
struct Case {
    label: &'static str,
    way: Way,
    /// Of its payment, and the caller's key of its refund.
    name: String,
    amount: String,
    passing: u64,
    must_die: bool,
}

#[rstest]
#[case(Way::Send)]
#[case(Way::Compose)]
#[case(Way::Look)]
#[case(Way::Close)]
#[case(Way::Release)]
#[case(Way::Cancel)]
#[case(Way::Approve)]
#[case(Way::Decline)]
#[case(Way::Propose)]
#[case(Way::Agree)]
#[case(Way::Stop)]
#[case(Way::Capture)]
fn killed_at_every_point_no_refund_is_lost_or_doubled(#[case] way: Way) {
    killed_at_every_point(way, COMMERCE_HUB);
}

#[rstest]
#[case(Way::Send, NUAPAY)]
#[case(Way::Look, NUAPAY)]
#[case(Way::Send, PRISM)]
#[case(Way::Look, PRISM)]
fn killed_at_every_point_over_other_providers_too(#[case] way: Way, #[case] through: Through) {
    killed_at_every_point(way, through);
}

fn killed_at_every_point(way: Way, through: Through) {
    let cases = cases(way, through);
    // Each dies alone in its scene; scenes are many, because processes mostly wait.
    let share = cases.len().div_ceil(SCENES);
    let died: usize = thread::scope(|scope| {
        let play = |it| scope.spawn(move || play(way, through, it));
        let scenes: Vec<_> = cases.chunks(share).map(play).collect();
        scenes.into_iter().map(|it| it.join().unwrap()).sum()
    });
    let account = through.account;
    println!("{way:?} {account}: {died} of {} killed", cases.len());
}

/// Dies once for each case; how often it really did.
fn play(way: Way, through: Through, cases: &[Case]) -> usize {
    let scene = Scene::open(way, through, cases);
    let died = cases.iter().filter(|it| scene.die_and_go_on(it)).count();
    for case in cases {
        scene.assert_agrees(case);
    }
    scene.assert_verifies();
    died
}

fn cases(way: Way, through: Through) -> Vec<Case> {
    let seeds = if large() { 50 } else { SMALL };
    let mut cases = Vec::new();
    let points = POINTS.iter().enumerate().filter(|(_, it)| it.1 == way);
    for (number, (place, (label, _))) in points.enumerate() {
        for seed in 0..seeds {
            let mut draw = Draw::new(seed ^ (number as u64) << 32);
            let cents = match way {
                Way::Propose | Way::Agree => decisions::TO_STATE,
                _ if seed == 0 => through.cents[0],
                _ if seed == 1 => through.cents[1 + place % (through.cents.len() - 1)],
                _ => draw.one_of(through.cents),
            };
            cases.push(Case {
                label,
                way,
                name: format!("F-{number}-{seed}"),
                amount: format!("{}.{cents:02}", 10 + draw.below(70)),
                passing: if seed < SMALL { 1 } else { 1 + draw.below(3) },
                must_die: seed == 0,
            });
        }
    }
    cases
}

impl Scene {
    fn open(way: Way, through: Through, cases: &[Case]) -> Self {
        let Through {
            account,
            currency,
            then,
            ..
        } = through;
        let mut text =
            "account,payment_id,reference,amount,currency,captured_at,settled_at,payer\n"
                .to_owned();
        for Case { name, .. } in cases {
            writeln!(
                text,
                "{account},pay-{name},{name},90.00,{currency},@-9,@-8,payer {name}"
            )
            .unwrap();
        }
        let shop = Shop::with(&stock::dated(&text));
        // Polls are not what is tested, so they may be many.
        let desk = shop.reconfigured(|text| {
            let text = text.replace(then, &format!("polls_per_minute = 60000\n{then}"));
            match way {
                Way::Approve | Way::Decline => text.replace("\"250\"", "\"5\""),
                Way::Capture => text.replace(
                    "merchant_id =",
                    "refund_capture = \"by-hand\"\nmerchant_id =",
                ),
                _ => text,
            }
        });
        Self { shop, desk }
    }

    /// True when it died.
    fn die_and_go_on(&self, case: &Case) -> bool {
        let (died, told) = match case.way {
            Way::Compose | Way::Send => self.die(case, &self.refund(case, &[])),
            Way::Look => {
                self.desk.json(self.refund(case, &[])).code.unwrap();
                self.die(case, &words(&["track", "--until-final", "--timeout", "5s"]))
            }
            Way::Close => {
                let refund = self.refund(case, &[]);
                let (died, _) = kill_at(&self.desk, "send.after", 1, &refund);
                assert!(died || !case.must_die);
                self.die(case, &words(&["track", "--until-final", "--timeout", "5s"]))
            }
            Way::Release | Way::Cancel => {
                let waits = self.desk.json(self.refund(case, &["--offline"]));
                let id = waits.exits(6).object()["id"].as_str().unwrap().to_owned();
                let command = if case.way == Way::Release {
                    "release"
                } else {
                    "cancel"
                };
                self.die(case, &words(&[command, &id]))
            }
            Way::Stop | Way::Capture => {
                let refund = self.desk.json(self.refund(case, &[]));
                let refund = serde_json::from_str::<Value>(&refund.stdout).unwrap();
                let id = refund["id"].as_str().unwrap();
                let step = match case.way {
                    Way::Stop => ["cancel", id, "--stop"],
                    _ => ["capture", id, "--note=now"],
                };
                self.die(case, &words(&step))
            }
            Way::Approve | Way::Decline | Way::Propose | Way::Agree => {
                return self.die_deciding(case);
            }
            Way::Import | Way::Open | Way::Backup | Way::Restore | Way::Answer | Way::BankLeg => {
                unreachable!("these have tests of their own")
            }
        };
        self.go_on();
        self.assert_agrees(case);
        self.assert_acknowledged(case, &told);
        if matches!(case.way, Way::Compose | Way::Send) {
            // Said again under its key: the refund that is there, or made now.
            let again = self.desk.run(self.refund(case, &[]));
            // Reversed, unknown, waiting for a person, not sent yet: as the provider's course is.
            assert!(matches!(again.code, Some(0 | 1 | 4 | 5 | 6)), "{again:#?}");
            self.go_on();
            let payment = self.assert_agrees(case);
            assert_eq!(payment["refunds"].as_array().unwrap().len(), 1);
        }
        died
    }

    fn die(&self, case: &Case, arguments: &[String]) -> (bool, String) {
        let (died, told) = kill_at(&self.desk, case.label, case.passing, arguments);
        assert!(
            died || !case.must_die,
            "{} was not reached: {told}",
            case.label
        );
        (died, told)
    }

    fn refund(&self, case: &Case, more: &[&str]) -> Vec<String> {
        let fixed = [
            "refund",
            &case.name,
            "--amount",
            &case.amount,
            "--reason",
            "duplicate",
            "--key",
            &case.name,
        ];
        words(&[&fixed, more].concat())
    }

    /// Another process does what is to be done.
    fn go_on(&self) {
        let track = ["track", "--until-final", "--timeout", "1s"];
        let ran = self.desk.run(track);
        assert!(matches!(ran.code, Some(0 | 1 | 4 | 5 | 6)), "{ran:#?}");
    }

    /// What a process said it did, before it died, is done.
    fn assert_acknowledged(&self, case: &Case, told: &str) {
        for line in told.lines() {
            let Ok(told) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            let Some(id) = told["id"].as_str() else {
                continue;
            };
            let found = self.desk.status(id);
            assert_eq!(found["id"], told["id"], "{}", case.label);
        }
    }

    /// Ledger and book say the same of a payment.
    fn assert_agrees(&self, case: &Case) -> Value {
        let payment = self.desk.payment(&case.name);
        let refunds = payment["refunds"].as_array().unwrap();
        let state = refunds
            .first()
            .map_or("none", |it| it["state"].as_str().unwrap());
        let paid = self.shop.payouts(&format!("pay-{}", case.name));
        let [back, held, left] =
            ["refunded", "held", "available"].map(|name| minor(&payment[name]));
        let told = format!("{}: {state}, paid {paid:?}: {payment:#}", case.label);
        assert!(refunds.len() <= 1 && paid.len() <= 1, "{told}");
        assert_eq!(CAPTURED, back + held + left, "{told}");
        let paid: i64 = paid.iter().map(|it| minor(&Value::from(it.as_str()))).sum();
        let asked = minor(&Value::from(case.amount.as_str()));
        match state {
            // Taken back before the desk had looked.
            "failed" if asked % 100 == 5 => assert_eq!((back, held), (0, 0), "{told}"),
            // Paid, and stopped before it reached anybody.
            "canceled" if case.way == Way::Stop => assert_eq!((back, held), (0, 0), "{told}"),
            "none" | "canceled" | "failed" | "rejected" => {
                assert_eq!((paid, back, held), (0, 0, 0), "{told}");
            }
            "approved" | "reserved" | "awaiting_approval" => {
                assert_eq!((paid, back, held), (0, 0, asked), "{told}")
            }
            "succeeded" => assert_eq!((back, held), (paid, 0), "{told}"),
            "reversed" => assert_eq!((back, held), (0, 0), "{told}"),
            // Nobody knows yet, and what may have gone is held.
            "unknown" | "pending" | "action_required" => {
                assert!(back == 0 && held >= asked.max(paid), "{told}");
            }
            _ => panic!("{told}"),
        }
        payment
    }

    /// The file, every balance, every refund and the audit are whole.
    fn assert_verifies(&self) {
        assert_verifies(&self.desk);
    }
}

fn assert_verifies(desk: &Desk) {
    let findings = crate::seeds::findings(&desk.config, &desk.data);
    assert_eq!(findings, [""; 0]);
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|it| (*it).to_owned()).collect()
}

/// Runs a command that is to die at a point; whether it did, and what it had said by then.
fn kill_at(desk: &Desk, label: &str, passing: u64, arguments: &[String]) -> (bool, String) {
    let mut command = desk.command(arguments.iter().chain([&"--json".to_owned()]));
    command.env("REFUND_DESK_FAILPOINT", format!("{label}:{passing}"));
    let output = Process::start(&mut command).finish();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let died = output.status.signal() == Some(9);
    assert_eq!(
        died,
        stderr.contains(&format!("failpoint {label}\n")),
        "{stderr}"
    );
    (died, String::from_utf8(output.stdout).unwrap() + &stderr)
}

#[test]
fn killed_while_importing_the_next_import_makes_it_good() {
    let file = stock::dated(stock::STOCK);
    for (label, _) in POINTS
        .iter()
        .filter(|it| [Way::Import, Way::Open].contains(&it.1))
    {
        let shop = Shop::bare(&file);
        let import = words(&["import", shop.stock().to_str().unwrap()]);
        let (died, _) = kill_at(&shop.desk, label, 1, &import);
        assert!(died, "{label} was not reached");
        shop.desk.run(&import).exits(0);
        let payments = shop.desk.json(["payments"]).exits(0).objects();
        assert_eq!(payments.len(), 19, "{label}");
        assert_verifies(&shop.desk);
    }
}

/// Every label that the source names.
fn labels(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(labels(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for call in text.split("failpoint::reach(").skip(1) {
                let arguments = call.split_once(';').unwrap().0;
                found.extend(arguments.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn every_labelled_point_is_died_at() {
    let source = labels(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let tried: BTreeSet<String> = POINTS.iter().map(|it| it.0.to_owned()).collect();
    assert_eq!(source, tried);
    assert!(source.len() >= 40, "{}", source.len());
}
