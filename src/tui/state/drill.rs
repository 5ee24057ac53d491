//! The drill of the demo: two minutes in which an operator meets a lost reply and a second person.
//!
//! It only watches: every step is taken at the desk itself, by the keys of every day.

use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::state::State;

use super::App;

/// Lines it takes at the bottom of the screen.
pub const ROWS: u16 = 4;
/// On fewer lines than this there is no room for it beside the desk.
const FROM_HEIGHT: u16 = 18;
/// Cents by which the simulated providers pay and then lose their reply.
const REPLY_LOST: i64 = 2;
/// Main units above which the demo's policy wants a second person.
pub const LARGE: i64 = 250;

/// Where in the drill one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// A payment is to be found.
    #[default]
    Find,
    /// A refund is to be composed whose reply will be lost.
    Lose,
    /// It waits, and goes out.
    Sent,
    /// Nobody knows whether it was paid.
    Unknown,
    /// One is to be composed that is too large for one person.
    Large,
    /// It waits for a second person.
    Approve,
    /// All is done.
    Done,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 7] = [
        Self::Find,
        Self::Lose,
        Self::Sent,
        Self::Unknown,
        Self::Large,
        Self::Approve,
        Self::Done,
    ];
}

/// The drill under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// Where in it one is.
    pub step: Step,
    /// Who began it.
    pub maker: String,
    /// The other person of the drill.
    pub checker: String,
    /// The refund whose reply is lost.
    lost: Option<RefundId>,
    /// What became of it is known.
    pub found_out: bool,
    /// The refund that waits for a second person.
    large: Option<RefundId>,
}

impl Drill {
    /// One that this person begins.
    pub fn new(maker: &str) -> Self {
        let checker = if maker == "ben" { "ada" } else { "ben" };
        Self {
            step: Step::Find,
            maker: maker.to_owned(),
            checker: checker.to_owned(),
            lost: None,
            found_out: false,
            large: None,
        }
    }

    /// A list was filtered.
    pub fn found(&mut self) {
        if self.step == Step::Find {
            self.step = Step::Lose;
        }
    }

    /// A refund is looked at.
    pub fn looked_at(&mut self, refund: RefundId) {
        if self.step == Step::Unknown && self.found_out && self.lost == Some(refund) {
            self.step = Step::Large;
        }
    }

    /// A refund was composed, or went on.
    pub fn saw(&mut self, refund: &Refund) {
        let amount = refund.content.amount;
        let is_lost = self.lost == Some(refund.id);
        let is_large = self.large == Some(refund.id);
        let ended = matches!(refund.state, State::Canceled | State::Expired);
        self.step = match self.step {
            Step::Find | Step::Lose
                if amount.minor % 100 == REPLY_LOST && refund.state.is_open() =>
            {
                self.lost = Some(refund.id);
                Step::Sent
            }
            Step::Sent if is_lost && ended => Step::Lose,
            Step::Sent if is_lost && refund.state == State::Unknown => Step::Unknown,
            // Found so soon that nobody saw it unknown: it is told all the same.
            Step::Sent | Step::Unknown if is_lost && refund.state == State::Succeeded => {
                self.found_out = true;
                Step::Unknown
            }
            Step::Large if refund.state == State::AwaitingApproval => {
                self.large = Some(refund.id);
                Step::Approve
            }
            Step::Approve if is_large && ended => Step::Large,
            Step::Approve if is_large && refund.state != State::AwaitingApproval => Step::Done,
            other => other,
        };
    }
}

impl App {
    /// The terminal's size changed, or what the drill takes of it: the desk has the rest.
    pub fn fit(&mut self, terminal: (u16, u16)) {
        self.terminal = terminal;
        let taken = if self.shows_drill() { ROWS } else { 0 };
        self.size = (terminal.0, terminal.1 - taken);
    }

    /// There is a drill, and room for it.
    pub fn shows_drill(&self) -> bool {
        self.drill.is_some() && self.terminal.1 >= FROM_HEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::{Currency, Money};
    use crate::domain::todo::tests::refund;
    use State::{Approved, AwaitingApproval, Canceled, Pending, Submitting, Succeeded, Unknown};

    fn of(minor: i64, state: State, id: u128) -> Refund {
        let mut refund = refund(state);
        refund.id = RefundId::drawn(refund.created_at, u64::try_from(id).unwrap());
        refund.content.amount = Money::new(minor, Currency::from_code("USD").unwrap());
        refund
    }

    fn through(seen: &[(i64, State, u128)]) -> Step {
        let mut drill = Drill::new("ada");
        drill.found();
        for (minor, state, id) in seen {
            let refund = of(*minor, *state, *id);
            drill.saw(&refund);
            // Before it is known what became of it there is nothing to see.
            if *state == Succeeded || *state == Unknown {
                drill.looked_at(refund.id);
            }
        }
        drill.step
    }

    #[test]
    fn what_became_of_a_lost_reply_is_looked_at_before_it_goes_on() {
        let mut drill = Drill::new("ada");
        drill.found();
        for state in [Approved, Submitting, Succeeded] {
            drill.saw(&of(1002, state, 1));
        }
        assert_eq!((drill.step, drill.found_out), (Step::Unknown, true));
        drill.looked_at(of(1002, Succeeded, 2).id);
        assert_eq!(drill.step, Step::Unknown, "another refund");
        drill.looked_at(of(1002, Succeeded, 1).id);
        assert_eq!(drill.step, Step::Large);
    }

    #[test]
    fn it_follows_what_the_operator_does() {
        let lost = |state| (1002, state, 1);
        let large = |state| (30_000, state, 2);
        let known = [
            lost(Approved),
            lost(Submitting),
            lost(Unknown),
            lost(Succeeded),
        ];
        let to = |end: &[(i64, State, u128)]| through(&[&known, end].concat());
        assert_eq!(through(&[]), Step::Lose);
        assert_eq!(
            through(&[(1000, Approved, 3)]),
            Step::Lose,
            "its reply is not lost"
        );
        assert_eq!(through(&known[..2]), Step::Sent);
        assert_eq!(through(&known[..3]), Step::Unknown);
        assert_eq!(through(&known), Step::Large);
        assert_eq!(through(&[lost(Approved), lost(Canceled)]), Step::Lose);
        assert_eq!(through(&[lost(Approved), lost(Succeeded)]), Step::Large);
        assert_eq!(
            to(&[(1500, Pending, 3)]),
            Step::Large,
            "one person is enough"
        );
        assert_eq!(to(&[large(AwaitingApproval)]), Step::Approve);
        assert_eq!(
            to(&[large(AwaitingApproval), lost(Succeeded)]),
            Step::Approve
        );
        assert_eq!(to(&[large(AwaitingApproval), large(Canceled)]), Step::Large);
        assert_eq!(to(&[large(AwaitingApproval), large(Approved)]), Step::Done);
    }

    #[test]
    fn the_other_person_is_another() {
        for maker in ["ada", "ben", "zoe"] {
            assert_ne!(Drill::new(maker).checker, maker);
        }
    }
}
