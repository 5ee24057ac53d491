//! The desk in the exploration. It tries every event on every refund at every moment, with the
//! facts as the ledger would state them; what follows is the real transition function's word.

use refund_desk::domain::balance::{Figures, RefundFigures, compute};
use refund_desk::domain::evidence::{Evidence, Reported};
use refund_desk::domain::state::{
    AbsenceGuard, ConfirmGuard, Event, Move, ResendGuard, ResolveGuard, Rule, SendGuard, Standing,
    State, Verdict, transition,
};

use super::rules::Rules;
use super::search::Cause;
use super::world::{
    Answer, Booked, CAPTURED, Entry, KEYS, Life, Look, Sender, Sent, Terms, World, usd,
};

/// The desk and the world it works in.
#[derive(Clone, Copy)]
pub struct Desk {
    pub rules: Rules,
    pub terms: Terms,
}

/// Takes what the desk may do next.
pub trait Offer: FnMut(Cause, Option<Rule>, Life) {}
impl<F: FnMut(Cause, Option<Rule>, Life)> Offer for F {}

/// The real balance of the payment; refunds for which `left_out` holds are not counted.
pub fn balance<const N: usize>(world: &World<N>, left_out: impl Fn(State) -> bool) -> Figures {
    let counted = world.lives.iter().filter(|life| !left_out(life.state));
    let figures = counted.map(|life| RefundFigures {
        state: life.state,
        requested: usd(life.amount),
        reported: None,
        proven: life.proven.map(usd),
    });
    compute(usd(CAPTURED), figures, usd(0), usd(0)).unwrap()
}

impl Desk {
    /// Everything the desk, its processes and its people may do about one refund.
    pub fn moves<const N: usize>(&self, world: &World<N>, at: usize, offer: &mut impl Offer) {
        let life = &world.lives[at];
        self.confirm(world, at, offer);
        self.give_up(life, offer);
        self.send(world, at, offer);
        self.resend(life, offer);
        self.answers(life, offer);
        self.look(life, offer);
        self.decide(life, offer);
        self.resolve(life, offer);
        self.told(life, offer);
    }

    fn ask(&self, life: &Life, event: &Event) -> Option<Move> {
        let facts = Standing::of(life.state, usd(life.amount), life.unresolved());
        transition(&self.rules.standing(facts, event), event).ok()
    }

    /// T1 and T2, one transaction.
    fn confirm<const N: usize>(&self, world: &World<N>, at: usize, offer: &mut impl Offer) {
        let mut life = world.lives[at];
        let seen = balance(world, |state| self.rules.leaves_out(state));
        let guard = ConfirmGuard {
            expected_available: true,
            eligible: life.amount <= seen.available().minor,
            reason_complete: true,
        };
        for event in [
            Event::Confirm(guard),
            Event::Route {
                needs_checker: false,
            },
        ] {
            let Some(step) = self.ask(&life, &event) else {
                return;
            };
            enter(&mut life, &step);
        }
        offer(Cause::Person, Some(Rule::T1), life);
    }

    fn give_up(&self, life: &Life, offer: &mut impl Offer) {
        for (cause, event) in [
            (Cause::Person, Event::Withdraw),
            (Cause::Time, Event::TimeLimit),
        ] {
            self.offer_event(life, cause, &event, offer);
        }
        let last = life.last();
        let void = last.is_some_and(|sent| sent.sender == Sender::Gone || sent.age > 0);
        if void {
            self.offer_event(life, Cause::Time, &Event::LeaseLost, offer);
        }
    }

    fn offer_event(&self, life: &Life, cause: Cause, event: &Event, offer: &mut impl Offer) {
        if let Some(step) = self.ask(life, event) {
            let mut life = *life;
            enter(&mut life, &step);
            offer(cause, Some(step.rule), life);
        }
    }

    fn in_window(&self, life: &Life) -> bool {
        life.first_age < self.terms.window - self.terms.margin
    }

    /// T7: the last attempt again inside its window, else a new one.
    fn send<const N: usize>(&self, world: &World<N>, at: usize, offer: &mut impl Offer) {
        let life = &world.lives[at];
        let key = match life.last() {
            None => 0,
            Some(last) if self.in_window(life) && !life.new_attempt => last.key,
            Some(last) => last.key + 1,
        };
        let overdrawn = balance(world, |_| false).available().minor < 0;
        let guard = SendGuard {
            eligible: !overdrawn || self.rules == Rules::NoHold,
            ..SendGuard::HOLDS
        };
        self.submit(life, key, &Event::Send(guard), offer);
    }

    /// T13.
    fn resend(&self, life: &Life, offer: &mut impl Offer) {
        let Some(last) = life.last() else { return };
        let guard = self.rules.resend(ResendGuard {
            replay_safe: self.terms.replays,
            inside_window: self.in_window(life),
            send: SendGuard::HOLDS,
        });
        let new = usize::from(self.rules == Rules::NewKeyOnRetry);
        self.submit(life, last.key + new, &Event::Resend(guard), offer);
    }

    fn submit(&self, life: &Life, key: usize, event: &Event, offer: &mut impl Offer) {
        if key >= self.terms.keys.min(KEYS) || life.sent() >= self.terms.sends {
            return;
        }
        let Some(step) = self.ask(life, event) else {
            return;
        };
        let mut life = *life;
        if life.last().is_none_or(|last| last.key != key) {
            life.first_age = 0;
        }
        life.sends[life.sent()] = Some(Sent {
            key,
            age: 0,
            sender: Sender::Writing,
            copies: 0,
            copied: false,
            accepted: false,
            answer: None,
            unexecuted: false,
        });
        life.new_attempt = false;
        enter(&mut life, &step);
        offer(Cause::Sender, Some(step.rule), life);
    }

    /// What each sender learns: nothing left, an answer, or nothing in time.
    fn answers(&self, life: &Life, offer: &mut impl Offer) {
        for (at, sent) in life.sends.iter().flatten().enumerate() {
            let mut done = *life;
            done.sends[at] = Some(Sent {
                sender: Sender::Gone,
                answer: None,
                ..*sent
            });
            let own = at + 1 == life.sent();
            let hears = |evidence| match own {
                true => evidence,
                false => self.rules.beside(life.state, evidence),
            };
            let cause = if own { Cause::Answer } else { Cause::OldAnswer };
            match (sent.sender, sent.answer) {
                (Sender::Writing, _) => {
                    self.observe(done, cause, hears(Evidence::NotSent), offer);
                }
                (Sender::Waiting, Some(answer)) => {
                    self.observe(done, cause, hears(meaning(answer, life)), offer);
                }
                (Sender::Waiting, None) => {
                    self.observe(done, Cause::TimeOut, hears(self.rules.doubt()), offer);
                }
                (Sender::Gone, _) => {}
            }
        }
    }

    fn observe(&self, life: Life, cause: Cause, evidence: Evidence, offer: &mut impl Offer) {
        if let Some((rule, life)) = self.record(life, evidence) {
            offer(cause, Some(rule), life);
        }
    }

    /// As the ledger records evidence: what follows, and which send it proves unexecuted.
    fn record(&self, mut life: Life, evidence: Evidence) -> Option<(Rule, Life)> {
        let step = self.ask(&life, &Event::Evidence(evidence))?;
        let unexecuted = matches!(
            evidence,
            Evidence::NotSent | Evidence::TurnedAway | Evidence::Refused
        );
        let last = life.sends.iter_mut().flatten().next_back();
        if let (true, State::Submitting, Some(last)) = (unexecuted, life.state, last) {
            last.unexecuted = true;
        }
        if matches!(evidence, Evidence::Report { .. }) {
            life.newer = true;
        }
        enter(&mut life, &step);
        Some((step.rule, life))
    }

    /// Asks by the last attempt's reference, and hears at once or later.
    fn look(&self, life: &Life, offer: &mut impl Offer) {
        if let Some(look) = life.looking {
            let mut life = *life;
            life.looking = None;
            self.found(life, look, offer);
            return;
        }
        let asks = matches!(
            life.state,
            State::Unknown | State::Pending | State::ActionRequired | State::Succeeded
        );
        let Some(last) = life.last().filter(|_| asks) else {
            return;
        };
        let truth = Answer::Booked(life.book[last.key].booked);
        let mut answers = vec![truth];
        if !self.terms.authoritative {
            answers.push(Answer::Booked(Booked::Nothing));
        }
        if self.terms.slow_looks {
            answers.push(Answer::TurnedAway);
        }
        let counts = last.age > self.terms.delivery || self.rules == Rules::T14EarlyLooks;
        for said in answers {
            let look = Look {
                said,
                counts,
                after_decision: life.decided,
                sends: life.sent(),
            };
            if self.terms.slow_looks {
                let mut life = *life;
                life.looking = Some(look);
                offer(Cause::Look, None, life);
            } else {
                self.found(*life, look, offer);
            }
        }
    }

    fn found(&self, mut life: Life, look: Look, offer: &mut impl Offer) {
        let evidence = self.rules.beside(life.state, meaning(look.said, &life));
        let of_this_send = look.sends == life.sent();
        if evidence == Evidence::NotFound && life.state == State::Unknown && of_this_send {
            life.newer = false;
            if look.counts {
                life.negatives = (life.negatives + 1).min(3);
                life.last_after_decision = look.after_decision;
            }
        }
        self.observe(life, Cause::Look, evidence, offer);
    }

    /// T14: two people decide; the last look must come after them.
    fn decide(&self, life: &Life, offer: &mut impl Offer) {
        if life.state == State::Unknown && !life.decided {
            let mut life = *life;
            (life.decided, life.last_after_decision) = (true, false);
            offer(Cause::Person, None, life);
        }
        let guard = self.rules.absence(AbsenceGuard {
            authoritative: self.terms.authoritative,
            negative_inquiries: life.negatives.into(),
            last_after_decision: life.last_after_decision,
            nothing_newer: !life.newer,
            two_people: life.decided,
        });
        let Some(step) = self.ask(life, &Event::ProvenAbsent(guard)) else {
            return;
        };
        let mut life = *life;
        for sent in life.sends.iter_mut().flatten() {
            sent.unexecuted = true;
        }
        life.new_attempt = step.new_attempt;
        enter(&mut life, &step);
        offer(Cause::Person, Some(step.rule), life);
    }

    /// T15: people say what the provider's books say now; or, if they may err, *not paid* whatever
    /// these say.
    fn resolve(&self, life: &Life, offer: &mut impl Offer) {
        let pending = |entry: &Entry| entry.booked == Booked::Pending;
        let booked = life.paid() > 0 || life.book.iter().any(pending);
        let failed = !booked || self.terms.people_err;
        let paid = Verdict::Succeeded {
            paid: usd(life.amount),
        };
        for (verdict, may) in [(paid, life.paid() > 0), (Verdict::Failed, failed)] {
            let event = Event::Resolve(ResolveGuard {
                verdict,
                agreed: true,
                one_checker: true,
                one_not_maker: true,
                pending_is_stuck: true,
                nothing_in_flight: self.rules == Rules::T15AtOnce || self.nothing_in_flight(life),
            });
            if let Some(step) = self.ask(life, &event).filter(|_| may) {
                let mut life = *life;
                life.mistaken = verdict == Verdict::Failed && booked;
                enter(&mut life, &step);
                offer(Cause::Person, Some(step.rule), life);
            }
        }
    }

    fn nothing_in_flight(&self, life: &Life) -> bool {
        let facts = Standing::of(life.state, usd(life.amount), life.unresolved());
        let answered = life.state != State::Unknown && facts.other_sends_resolved;
        let mut open = life.sends.iter().flatten().filter(|sent| !sent.unexecuted);
        answered || open.all(|sent| sent.age > self.terms.delivery)
    }

    /// What the desk is told without asking: a payout, by file or message; or, with the weakened
    /// rule, by nothing but its own clock.
    fn told(&self, life: &Life, offer: &mut impl Offer) {
        if life.paid() > 0 && life.state != State::Succeeded {
            let report = report(Reported::Succeeded, life);
            self.observe(*life, Cause::Told, report, offer);
        }
        let aged = life.last().is_some_and(|sent| sent.age > 0);
        if self.rules == Rules::AgedIsFailed && life.state == State::Unknown && aged {
            let report = report(Reported::Failed, life);
            self.observe(*life, Cause::Time, report, offer);
        }
    }
}

/// Makes the move in the ledger.
fn enter(life: &mut Life, step: &Move) {
    life.state = step.to.unwrap();
    if let Some(proven) = step.proven {
        life.proven = Some(proven.minor);
    }
    if step.rule == Rule::T23 {
        assert!(step.discrepancy && step.alert, "a late payout is told");
    }
}

fn meaning(answer: Answer, life: &Life) -> Evidence {
    match answer {
        Answer::TurnedAway => Evidence::TurnedAway,
        Answer::Refused => Evidence::Refused,
        Answer::Booked(Booked::Nothing) => Evidence::NotFound,
        Answer::Booked(Booked::Pending) => report(Reported::Pending, life),
        Answer::Booked(Booked::Paid) => report(Reported::Succeeded, life),
        Answer::Booked(Booked::Failed) => report(Reported::Failed, life),
    }
}

fn report(status: Reported, life: &Life) -> Evidence {
    Evidence::Report {
        status,
        amount: Some(usd(life.amount)),
    }
}
