//! Killed between the legs of a refund over a network, on both sides of it: no leg is gone twice, and
//! nothing is lost. The service and every command of the story are armed until one of them dies.

use std::fs;
use std::path::Path;
use std::thread;

use serde_json::Value;

use super::points::{POINTS, Way};
use super::{assert_verifies, kill_at, words};
use crate::cli::a2a::{self, wait_for};
use crate::cli::book;
use crate::cli::desk::Ran;
use crate::cli::serve::Service;
use crate::cli::shop::Shop;

/// Stories that are played at the same time: they mostly wait.
const STORIES: usize = 4;

/// What a command says whose service went away.
const LOST: [&str; 3] = ["in_doubt", "service_away", "no_service"];

/// One story, in which somebody dies.
struct Story {
    shop: Shop,
    label: &'static str,
    service: Option<Service>,
    died: bool,
}

#[test]
fn killed_between_the_legs_each_is_gone_once() {
    let labels: Vec<&'static str> = POINTS
        .iter()
        .filter(|it| [Way::Answer, Way::BankLeg].contains(&it.1))
        .map(|it| it.0)
        .collect();
    let share = labels.len().div_ceil(STORIES);
    thread::scope(|scope| {
        for some in labels.chunks(share) {
            scope.spawn(move || some.iter().for_each(|label| Story::play(label)));
        }
    });
}

impl Story {
    fn play(label: &'static str) {
        let shop = a2a::shop();
        let service = Service::armed(&shop.desk, Some(label));
        let mut story = Self {
            shop,
            label,
            service: Some(service),
            died: false,
        };
        match label.starts_with("transfer.stated") {
            true => story.by_word(),
            false => story.both_sides(),
        }
        assert!(story.died, "{label} was not reached");
        let book = book::read(&story.shop.sandbox.book());
        assert_eq!(book.len(), 1, "{label}: {book:#?}");
        drop(story.service.take());
        assert_verifies(&story.shop.desk);
    }

    /// A person of the payer's bank answers; the money goes by payment file and statement.
    fn both_sides(&mut self) {
        let id = self.compose("A2A-3", "20.00");
        let request = self.wait("a request", |desk| {
            let inbox = answered(desk.json(["inbox"]))?;
            inbox.objects().into_iter().next()
        });
        let number = request["id"].to_string();
        let account = "GB29NWBK60161331926819";
        self.run(&["answer", &number, "--account", account, "--as", "ben"]);
        self.until(&id, &["action_required"]);
        self.run(&["inbox", "ask", &number]);
        let file = self.shop.file("pay.xml");
        let to = file.to_str().unwrap().to_owned();
        self.run(&["transfers", "--to", &to, "--as", "mia"]);
        let known = self.transfers();
        let proposed = &known["files"][0];
        let (number, seen) = (
            proposed["file"].to_string(),
            proposed["sha256"].as_str().unwrap(),
        );
        let typed = ["--to", &to, "--file", &number, "--seen", seen];
        self.run(&[&["transfers", "--as", "ben"], &typed[..]].concat());
        assert!(file.exists(), "{}: no payment file", self.label);
        let statement = self.statement(&file);
        self.run(&["reconcile", statement.as_str()]);
        self.until(&id, &["settled"]);
    }

    /// Two people say that it was paid.
    fn by_word(&mut self) {
        let id = self.compose("A2A-1", "12.34");
        self.until(&id, &["action_required"]);
        for person in ["mia", "ben"] {
            let said = ["transfers", "paid", &id, "--reference", "FPS-7", "--as"];
            self.run(&[&said[..], &[person]].concat());
        }
        self.until(&id, &["succeeded", "settled"]);
    }

    fn compose(&mut self, payment: &str, amount: &str) -> String {
        let typed = ["refund", payment, "--amount", amount, "--key", payment];
        let more = ["--reason", "duplicate", "--as", "mia"];
        self.run(&[&typed[..], &more].concat());
        let payment = self.wait("the payment", |desk| {
            answered(desk.json(["payment", payment])).map(|it| it.object())
        });
        payment["refunds"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Runs a command that may die, and again if it did.
    fn run(&mut self, typed: &[&str]) {
        let typed = words(typed);
        if !self.died {
            let (died, told) = kill_at(&self.shop.desk, self.label, 1, &typed);
            // A command's deed is the service's: it may be the service that died, a moment after
            // it hung up.
            if LOST.iter().any(|code| told.contains(code)) {
                let service = &mut self.service;
                wait_for("the end of the service", || {
                    service.as_mut().is_some_and(Service::is_dead).then_some(())
                });
            }
            let service_died = self.service.as_mut().is_some_and(Service::is_dead);
            if service_died {
                self.service = Some(Service::start(&self.shop.desk));
            }
            self.died = died || service_died;
            if !self.died {
                assert!(!told.contains("\"code\":\"error\""), "{told}");
                return;
            }
        }
        // Said again: done now, or it was.
        let again = self.shop.desk.json(&typed);
        let as_it_goes = matches!(again.code, Some(0 | 3 | 4 | 5));
        assert!(as_it_goes, "{}: {again:#?}", self.label);
    }

    fn transfers(&mut self) -> Value {
        self.wait("the transfers", |desk| {
            answered(desk.json(["transfers", "--all"])).map(|it| it.object())
        })
    }

    fn statement(&mut self, file: &Path) -> String {
        fs::copy(file, self.shop.sandbox.kept("payment-files/pay.xml")).unwrap();
        let told = self.shop.sandbox.kept("statements/camt054-pay.xml");
        wait_for("a statement", || told.exists().then_some(()));
        told.to_str().unwrap().to_owned()
    }

    fn until(&mut self, id: &str, states: &[&str]) {
        let id = id.to_owned();
        self.wait(&format!("{id} {states:?}"), |desk| {
            let refund = answered(desk.json(["status", &id]))?.object();
            let state = refund["state"].as_str().unwrap();
            states.contains(&state).then_some(())
        });
    }

    /// Waits; a service that died meanwhile is started again.
    fn wait<T>(
        &mut self,
        what: &str,
        mut seen: impl FnMut(&crate::cli::desk::Desk) -> Option<T>,
    ) -> T {
        let what = format!("{}: {what}", self.label);
        wait_for(&what, || {
            if self.service.as_mut().is_some_and(Service::is_dead) {
                self.died = true;
                self.service = Some(Service::start(&self.shop.desk));
            }
            seen(&self.shop.desk)
        })
    }
}

/// What was answered; a service that dies just then answers nothing, and is asked again.
fn answered(ran: Ran) -> Option<Ran> {
    match ran.code {
        Some(6) => None,
        _ => Some(ran.exits(0)),
    }
}
