//! What the explorer knows of the world: each refund as the desk's ledger has it, its sends on
//! their way, and what the provider has really done. Small, copyable, comparable.

use std::sync::LazyLock;

use refund_desk::domain::money::{Currency, Money};
use refund_desk::domain::state::{State, Weight};

/// Sends a refund may have in one exploration.
pub const SENDS: usize = 3;
/// Idempotency keys (attempts) a refund may have.
pub const KEYS: usize = 2;
/// What was captured.
pub const CAPTURED: i64 = 100;

pub fn usd(minor: i64) -> Money {
    static USD: LazyLock<Currency> = LazyLock::new(|| Currency::from_code("USD").unwrap());
    Money::new(minor, *USD)
}

/// What the provider and the network do, in ticks; and how far the exploration goes.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long the provider knows a key again.
    pub window: u8,
    /// How much earlier the desk stops resending.
    pub margin: u8,
    /// How long a request can be on its way.
    pub delivery: u8,
    /// The provider knows keys again at all.
    pub replays: bool,
    /// What an inquiry does not find, is not there.
    pub authoritative: bool,
    /// Attempts of a refund at most, up to [`KEYS`].
    pub keys: usize,
    /// Sends of a refund at most, up to [`SENDS`].
    pub sends: usize,
    /// The network may deliver a request twice.
    pub copies: bool,
    /// Inquiries take time: the world moves on between question and answer.
    pub slow_looks: bool,
    /// Two people may be wrong.
    pub people_err: bool,
    /// Against the assumptions: a sender may sleep through the delivery bound and send then.
    pub oversleeps: bool,
    /// Against the assumptions: one copy of a send may be turned away and another executed.
    pub copies_part: bool,
}

/// The world the desk's rules were made for.
pub const SOUND: Terms = Terms {
    window: 2,
    margin: 1,
    delivery: 1,
    replays: true,
    authoritative: true,
    keys: KEYS,
    sends: SENDS,
    copies: true,
    slow_looks: false,
    people_err: false,
    oversleeps: false,
    copies_part: false,
};

/// A process that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The attempt is on disk, no byte has left.
    Writing,
    /// The bytes are out.
    Waiting,
    /// Crashed, or done.
    Gone,
}

/// How the provider has a refund under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Booked {
    Nothing,
    Pending,
    Paid,
    Failed,
}

/// What the provider answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    TurnedAway,
    Refused,
    Booked(Booked),
}

/// One send: the desk's record of it, its process, its copies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Which key.
    pub key: usize,
    /// Ticks since it was written ahead, up to one more than the delivery bound.
    pub age: u8,
    pub sender: Sender,
    /// Requests on the wire.
    pub copies: u8,
    /// The network made a second copy.
    pub copied: bool,
    /// The provider took a copy in.
    pub accepted: bool,
    /// On its way back to the sender.
    pub answer: Option<Answer>,
    /// The ledger has it proven not executed.
    pub unexecuted: bool,
}

/// The provider's book under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub booked: Booked,
    /// How often money went out.
    pub paid: u8,
    /// Ticks since the key was taken in, up to one more than the window.
    pub age: u8,
}

/// An inquiry whose answer is not in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    pub said: Answer,
    /// It was asked later than the delivery bound after the last send.
    pub counts: bool,
    pub after_decision: bool,
    /// Sends made when it was asked.
    pub sends: usize,
}

/// One refund: the ledger's view, then the world's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    pub amount: i64,
    pub state: State,
    pub proven: Option<i64>,
    pub new_attempt: bool,
    pub sends: [Option<Sent>; SENDS],
    /// Ticks since the first send under the current key, up to the window.
    pub first_age: u8,
    /// Inquiries that found nothing and count.
    pub negatives: u8,
    pub decided: bool,
    pub last_after_decision: bool,
    /// Something was reported after the last look.
    pub newer: bool,
    /// Two people said *not paid*, and were wrong.
    pub mistaken: bool,
    pub looking: Option<Look>,
    pub book: [Entry; KEYS],
}

impl Life {
    pub fn draft(amount: i64) -> Self {
        let blank = Entry {
            booked: Booked::Nothing,
            paid: 0,
            age: 0,
        };
        Self {
            amount,
            state: State::Draft,
            proven: None,
            new_attempt: false,
            sends: [None; SENDS],
            first_age: 0,
            negatives: 0,
            decided: false,
            last_after_decision: false,
            newer: false,
            mistaken: false,
            looking: None,
            book: [blank; KEYS],
        }
    }

    pub fn sent(&self) -> usize {
        self.sends.iter().flatten().count()
    }

    pub fn last(&self) -> Option<&Sent> {
        self.sends.iter().flatten().next_back()
    }

    /// Sends that the ledger has not proven unexecuted.
    pub fn unresolved(&self) -> u32 {
        let open = self.sends.iter().flatten().filter(|sent| !sent.unexecuted);
        u32::try_from(open.count()).unwrap()
    }

    /// How often money went out for this refund.
    pub fn paid(&self) -> u8 {
        self.book.iter().map(|entry| entry.paid).sum()
    }

    pub fn knows(&self, key: usize, terms: &Terms) -> bool {
        let entry = self.book[key];
        terms.replays && entry.booked != Booked::Nothing && entry.age <= terms.window
    }

    /// Money went out, or still can without anyone sending again.
    pub fn payable(&self, terms: &Terms) -> bool {
        let booked = self.book.iter();
        let on_its_way = |sent: &&Sent| {
            let can_arrive = sent.copies > 0 || sent.sender == Sender::Writing;
            let replayed = self.knows(sent.key, terms);
            can_arrive && !(replayed && self.book[sent.key].booked == Booked::Failed)
        };
        self.paid() > 0
            || booked.clone().any(|entry| entry.booked == Booked::Pending)
            || self.sends.iter().flatten().any(|sent| on_its_way(&sent))
    }

    pub fn is_closed(&self) -> bool {
        self.state.weight() == Weight::None && self.state != State::Draft
    }

    /// Forgets what cannot matter any more, so that equal futures are one state.
    fn forget(&mut self, terms: &Terms) {
        let last = self.sent();
        for (at, sent) in self.sends.iter_mut().flatten().enumerate() {
            if sent.copies == 0 && sent.sender == Sender::Gone {
                (sent.accepted, sent.copied) = (false, false);
                if at + 1 < last {
                    sent.age = terms.delivery + 1;
                }
            }
        }
        if self.state != State::Unknown {
            (self.negatives, self.decided) = (0, false);
            (self.last_after_decision, self.newer) = (false, false);
        }
        if self.is_over() {
            self.looking = None;
            self.sends = [None; SENDS];
            self.first_age = 0;
            self.new_attempt = false;
            for entry in &mut self.book {
                entry.age = 0;
                if entry.booked == Booked::Failed {
                    entry.booked = Booked::Nothing;
                }
            }
        }
    }

    /// Nothing more can be paid, and no answer still to come says more than the state does:
    /// whatever meets it then changes nothing.
    fn is_over(&self) -> bool {
        let done = match self.state {
            State::Succeeded => self.paid() > 0,
            _ => self.is_closed() && self.paid() == 0,
        };
        let still = |sent: &Sent| sent.copies == 0 && sent.sender != Sender::Writing;
        let booked = self.book.iter();
        done && self.sends.iter().flatten().all(still)
            && !booked.clone().any(|entry| entry.booked == Booked::Pending)
    }

    fn tick(&mut self, terms: &Terms) {
        for sent in self.sends.iter_mut().flatten() {
            sent.age = (sent.age + 1).min(terms.delivery + 1);
            if sent.age > terms.delivery {
                sent.copies = 0;
                if sent.sender == Sender::Writing && !terms.oversleeps {
                    sent.sender = Sender::Gone;
                }
            }
        }
        if self.last().is_some() {
            self.first_age = (self.first_age + 1).min(terms.window);
        }
        for entry in &mut self.book {
            if entry.booked != Booked::Nothing {
                entry.age = (entry.age + 1).min(terms.window + 1);
            }
        }
    }
}

/// One payment and its refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World<const N: usize> {
    pub lives: [Life; N],
}

impl<const N: usize> World<N> {
    pub fn new(amounts: [i64; N]) -> Self {
        Self {
            lives: amounts.map(Life::draft),
        }
    }

    /// Time passes: what was on its way too long is lost, keys are forgotten.
    pub fn tick(mut self, terms: &Terms) -> Self {
        for life in &mut self.lives {
            life.tick(terms);
        }
        self
    }

    /// The same world with one refund changed.
    pub fn with(mut self, at: usize, life: Life) -> Self {
        self.lives[at] = life;
        self
    }

    pub fn forget(mut self, terms: &Terms) -> Self {
        for life in &mut self.lives {
            life.forget(terms);
        }
        self
    }

    /// Money that really went out.
    pub fn paid_out(&self) -> i64 {
        self.lives
            .iter()
            .map(|life| life.amount * i64::from(life.paid()))
            .sum()
    }
}
