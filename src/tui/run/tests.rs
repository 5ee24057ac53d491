use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::pending;

use crate::domain::state::State;
use crate::tui::caps::Caps;
use crate::tui::fixture::desk::FakeDesk;
use crate::tui::fixture::now;
use crate::tui::fixture::stage::Step::{Burst, Do, Miss, Press, See, Type};
use crate::tui::fixture::stage::{Step, stage};

use super::*;

/// Runs the loop of the product with a scripted operator until the script ends.
fn play(desk: &Arc<FakeDesk>, steps: Vec<Step>) -> App {
    let (backend, script) = stage((80, 24), steps);
    let mut app = App::new(now(), (0, 0), Caps::default(), "ann");
    let actor = Actor::named("ann");
    let streams = (script, pending());
    let desk: Arc<dyn Desk> = Arc::clone(desk) as Arc<dyn Desk>;
    let shown = Stage::new(&mut app, backend).unwrap();
    let desktop = Desktop::new(app, shown, streams, (desk, actor), Clock::manual(now()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(desktop.run()).unwrap()
}

#[test]
fn a_payment_is_found_refunded_and_followed_to_its_end() {
    let desk = FakeDesk::full(900);
    let (first, second) = (Arc::clone(&desk), Arc::clone(&desk));
    play(
        &desk,
        vec![
            See("1 of 900"),
            Press("/"),
            Type("CD-000040"),
            Press("enter"),
            See("482.57"),
            Press("r"),
            Type("12.34"),
            Press("tab"),
            Type("g"),
            See("482.57 → 470.23"),
            Press("ctrl-s"),
            See("Give back 12.34 USD?"),
            Press("y"),
            See("ready: goes out in 10 s"),
            Do(Box::new(move || first.change(State::Pending, None))),
            See("on its way"),
            Do(Box::new(move || second.change(State::Succeeded, None))),
            See("confirmed"),
            Press("1"),
            See("470.23"),
            Press("q"),
        ],
    );
    let drafts = desk.asked_to_compose();
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].amount, "12.34");
    assert_eq!(drafts[0].reason, "goods_returned");
    assert_eq!(drafts[0].expect_available.as_deref(), Some("482.57"));
    assert!(drafts[0].delay && !drafts[0].again);
}

#[test]
fn a_dialog_takes_no_key_typed_before_it_was_drawn() {
    let desk = FakeDesk::full(900);
    play(
        &desk,
        vec![
            Press("/"),
            Type("CD-000040"),
            Press("enter r"),
            Type("12.34"),
            Press("tab"),
            Type("g"),
            Burst("ctrl-s y y enter"),
            See("Give back 12.34 USD?"),
            Press("enter"),
            Miss("Give back"),
            See("Compose a refund"),
        ],
    );
    assert_eq!(desk.asked_to_compose(), []);
}

#[test]
fn a_held_key_asks_for_few_cards() {
    let desk = FakeDesk::full(900);
    play(
        &desk,
        vec![Burst("j j j j j j j j j j j j"), See("13 of 900")],
    );
}

#[test]
fn the_desk_ends_when_nobody_sits_there() {
    let app = play(&FakeDesk::full(50), Vec::new());
    assert!(app.quit);
}

/// A desk that never answers, and how many questions it still works on.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn works_on(&self) -> usize {
        self.0.load(Relaxed)
    }
}

struct Question(Arc<AtomicUsize>);

impl Drop for Question {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Desk for Busy {
    fn ask<'a>(&'a self, _: &'a Actor, _: Request) -> BoxFuture<'a, Result<Reply, Refusal>> {
        self.0.fetch_add(1, Relaxed);
        let question = Question(Arc::clone(&self.0));
        async move {
            let _question = question;
            std::future::pending().await
        }
        .boxed()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        broadcast::channel(1).1
    }
}

/// What would be added to the old list would keep the new one waiting.
#[test]
fn a_new_list_ends_whatever_is_read_of_the_old_one() {
    let desk = Arc::new(Busy(Arc::default()));
    let actor = Actor::named("ann");
    let mut asking = Asking::new(Arc::clone(&desk) as Arc<dyn Desk>, actor);
    let page = || Request::Payments(Default::default());
    let mut ask = |slot, seq| {
        asking.ask(slot, seq, page());
        // Each is begun, and what was ended is dropped.
        while asking.under_way.next().now_or_never().is_some() {}
        desk.works_on()
    };
    assert_eq!(ask(Slot::Page, 1), 1);
    assert_eq!(ask(Slot::PageAfter, 2), 2);
    assert_eq!(ask(Slot::PageBefore, 3), 3);
    assert_eq!(ask(Slot::Card, 4), 4);
    assert_eq!(ask(Slot::Page, 5), 2, "the new list and the card");
    assert_eq!(ask(Slot::PageAfter, 6), 3, "none waits for the ended one");
}
