//! Breadth first through every state the desk and its world can reach: the first harm found has
//! the shortest way to it.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use refund_desk::domain::state::{Rule, State};

use super::desk::{Desk, balance};
use super::nature;
use super::world::{CAPTURED, World};

/// What made the next step happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A tick.
    Time,
    Person,
    /// A process takes a refund to send it.
    Sender,
    Crash,
    BytesOut,
    Lost,
    Copied,
    Arrives,
    /// A request reaches the provider after its sender gave up or died.
    ArrivesLate,
    Pays,
    Fails,
    Answer,
    /// The answer to a send that another has followed.
    OldAnswer,
    TimeOut,
    Look,
    Told,
}

impl Cause {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Time,
        Self::Person,
        Self::Sender,
        Self::Crash,
        Self::BytesOut,
        Self::Lost,
        Self::Copied,
        Self::Arrives,
        Self::ArrivesLate,
        Self::Pays,
        Self::Fails,
        Self::Answer,
        Self::OldAnswer,
        Self::TimeOut,
        Self::Look,
        Self::Told,
    ];
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Harm {
    /// One refund, two payouts.
    PaidTwice,
    /// More paid out than was captured.
    Overpaid,
    /// The ledger promised more than was captured.
    Overdrawn,
    /// Closed as unpaid, yet paid or still to be paid.
    ClosedButPayable,
}

impl Harm {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::PaidTwice,
        Self::Overpaid,
        Self::Overdrawn,
        Self::ClosedButPayable,
    ];
    /// Those where money is gone.
    pub const MONEY: &[Self] = &[Self::PaidTwice, Self::Overpaid];

    fn is_in<const N: usize>(self, world: &World<N>, desk: &Desk) -> bool {
        let mut lives = world.lives.iter();
        match self {
            Self::PaidTwice => lives.any(|life| life.paid() > 1),
            Self::Overpaid => world.paid_out() > CAPTURED,
            Self::Overdrawn => balance(world, |_| false).available().minor < 0,
            Self::ClosedButPayable => lives.any(|life| {
                let unpaid = matches!(
                    life.state,
                    State::Failed | State::Rejected | State::Canceled | State::Expired
                );
                unpaid && !life.mistaken && life.payable(&desk.terms)
            }),
        }
    }
}

/// One step of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// Which refund; none: the whole world.
    pub refund: Option<usize>,
    pub cause: Cause,
    /// The rule of the table, where the desk moved.
    pub rule: Option<Rule>,
}

/// How a harm came about.
#[derive(Debug)]
pub struct Way {
    pub harm: Harm,
    pub steps: Vec<Step>,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} after {} steps:", self.harm, self.steps.len())?;
        for step in &self.steps {
            write!(f, " {:?}", step.cause)?;
            if let Some(rule) = step.rule {
                write!(f, "/{rule:?}")?;
            }
            if let Some(refund) = step.refund {
                write!(f, "#{}", refund + 1)?;
            }
            f.write_str(",")?;
        }
        Ok(())
    }
}

/// What an exploration saw.
#[derive(Debug, Default)]
pub struct Explored {
    pub states: usize,
    pub moves: usize,
    pub rules: HashSet<Rule>,
    pub causes: HashSet<Cause>,
    /// The shortest way to harm, if there is one. The exploration ends there.
    pub way: Option<Way>,
}

/// The standard hasher takes most of the time in a debug build, and nobody attacks this one.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_usize(value.cast_unsigned());
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = self.0.rotate_left(5) ^ value;
        self.0 = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

struct Search<const N: usize> {
    seen: HashSet<World<N>, BuildHasherDefault<Quick>>,
    /// Every state, with the state before it and the step between, first come first.
    states: Vec<(World<N>, usize, Option<Step>)>,
}

impl<const N: usize> Search<N> {
    fn way(&self, mut at: usize, harm: Harm) -> Way {
        let mut steps = Vec::new();
        while let (_, before, Some(step)) = &self.states[at] {
            steps.push(*step);
            at = *before;
        }
        steps.reverse();
        Way { harm, steps }
    }
}

/// Explores everything that follows from refunds of these amounts on one payment, until one of
/// `harms` is found or nothing new is left.
pub fn explore<const N: usize>(desk: &Desk, amounts: [i64; N], harms: &[Harm]) -> Explored {
    let first = World::new(amounts);
    let mut search = Search {
        seen: HashSet::from_iter([first]),
        states: vec![(first, 0, None)],
    };
    let mut explored = Explored::default();
    let mut at = 0;
    while at < search.states.len() {
        let world = search.states[at].0;
        if let Some(harm) = harms.iter().find(|harm| harm.is_in(&world, desk)) {
            explored.way = Some(search.way(at, *harm));
            break;
        }
        follow(desk, &world, &mut |step, next| {
            explored.moves += 1;
            explored.causes.insert(step.cause);
            explored.rules.extend(step.rule);
            let next = next.forget(&desk.terms);
            if search.seen.insert(next) {
                search.states.push((next, at, Some(step)));
            }
        });
        at += 1;
    }
    explored.states = search.states.len();
    explored
}

fn follow<const N: usize>(desk: &Desk, world: &World<N>, take: &mut impl FnMut(Step, World<N>)) {
    let tick = Step {
        refund: None,
        cause: Cause::Time,
        rule: None,
    };
    take(tick, world.tick(&desk.terms));
    for at in 0..N {
        let refund = Some(at);
        let mut offer = |cause, rule, life| {
            let step = Step {
                refund,
                cause,
                rule,
            };
            take(step, world.with(at, life));
        };
        nature::moves(&world.lives[at], &desk.terms, &mut |cause, life| {
            offer(cause, None, life);
        });
        desk.moves(world, at, &mut offer);
    }
}
