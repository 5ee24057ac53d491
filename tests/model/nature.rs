//! What happens without the desk: processes die, the network loses, copies and delays, the
//! provider takes in, refuses, pays. Every move that is possible is offered.

use super::search::Cause;
use super::world::{Answer, Booked, Life, Sender, Sent, Terms};

/// Everything that may happen to one refund next.
pub fn moves(life: &Life, terms: &Terms, offer: &mut impl FnMut(Cause, Life)) {
    for at in 0..life.sent() {
        process(life, at, terms, offer);
        network(life, at, terms, offer);
    }
    for key in 0..life.book.len() {
        if life.book[key].booked == Booked::Pending {
            offer(Cause::Pays, booked(life, key, Booked::Paid));
            offer(Cause::Fails, booked(life, key, Booked::Failed));
        }
    }
}

fn process(life: &Life, at: usize, terms: &Terms, offer: &mut impl FnMut(Cause, Life)) {
    let Some(sent) = life.sends[at] else { return };
    if sent.sender != Sender::Gone {
        let gone = |sent: &mut Sent| (sent.sender, sent.answer) = (Sender::Gone, None);
        offer(Cause::Crash, changed(life, at, gone));
    }
    if sent.sender == Sender::Writing && (sent.age <= terms.delivery || terms.oversleeps) {
        let out = |sent: &mut Sent| (sent.sender, sent.copies) = (Sender::Waiting, 1);
        offer(Cause::BytesOut, changed(life, at, out));
    }
}

fn network(life: &Life, at: usize, terms: &Terms, offer: &mut impl FnMut(Cause, Life)) {
    let Some(sent) = life.sends[at] else { return };
    if sent.copies == 0 {
        return;
    }
    offer(Cause::Lost, changed(life, at, |sent| sent.copies -= 1));
    if terms.copies && !sent.copied {
        let copy = |sent: &mut Sent| (sent.copies, sent.copied) = (sent.copies + 1, true);
        offer(Cause::Copied, changed(life, at, copy));
    }
    let late = sent.sender == Sender::Gone;
    let cause = if late {
        Cause::ArrivesLate
    } else {
        Cause::Arrives
    };
    arrives(life, at, sent, terms, &mut |life| offer(cause, life));
}

/// A copy reaches the provider. A key it knows is answered from its book, nothing is done again.
fn arrives(life: &Life, at: usize, sent: Sent, terms: &Terms, offer: &mut impl FnMut(Life)) {
    if !sent.accepted || terms.copies_part {
        // The door may refuse a request before its key is looked at. All copies of one send
        // share their fate, unless the exploration asks what happens when they do not.
        for answer in [Answer::TurnedAway, Answer::Refused] {
            offer(changed(life, at, |sent| {
                let left = if terms.copies_part {
                    sent.copies - 1
                } else {
                    0
                };
                sent.copies = left;
                reply(sent, answer);
            }));
        }
    }
    if life.knows(sent.key, terms) {
        let answer = Answer::Booked(life.book[sent.key].booked);
        offer(taken_in(life, at, answer));
        return;
    }
    for status in [Booked::Pending, Booked::Paid] {
        let mut life = taken_in(life, at, Answer::Booked(status));
        life.book[sent.key].age = 0;
        offer(booked(&life, sent.key, status));
    }
}

fn taken_in(life: &Life, at: usize, answer: Answer) -> Life {
    changed(life, at, |sent| {
        sent.copies -= 1;
        sent.accepted = true;
        reply(sent, answer);
    })
}

/// The first answer goes to the sender, if it still waits; it may be lost by a crash or time-out.
fn reply(sent: &mut Sent, answer: Answer) {
    if sent.sender == Sender::Waiting {
        sent.answer = sent.answer.or(Some(answer));
    }
}

fn booked(life: &Life, key: usize, status: Booked) -> Life {
    let mut life = *life;
    let entry = &mut life.book[key];
    entry.booked = status;
    entry.paid = (entry.paid + u8::from(status == Booked::Paid)).min(2);
    life
}

fn changed(life: &Life, at: usize, change: impl FnOnce(&mut Sent)) -> Life {
    let mut life = *life;
    if let Some(sent) = &mut life.sends[at] {
        change(sent);
    }
    life
}
