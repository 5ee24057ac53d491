//! R6 over random lives of a payment, imported facts included.

use proptest::prelude::*;

use super::*;
use crate::domain::balance::RefundFigures;
use crate::domain::compensation::Compensations;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

/// What may happen to a payment, by this desk or by others.
#[derive(Clone, Debug)]
enum Happening {
    Reserve(i64),
    Send(usize),
    Event(usize, Event),
    Elsewhere(u8, i64, usize),
    Link(usize, Option<usize>),
    Dispute(u8, i64, usize, bool),
    File(i64),
    Capture(u8, i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let reported = prop::sample::select(vec![
        Reported::Pending,
        Reported::Succeeded,
        Reported::Failed,
        Reported::Reversed,
    ]);
    let amount = prop_oneof![3 => Just(None), 1 => (1_i64..600).prop_map(|minor| Some(usd(minor)))];
    let event = prop_oneof![
        (reported, amount).prop_map(|(status, amount)| report(status, amount)),
        Just(Event::LeaseLost),
        Just(Event::Withdraw),
        Just(Event::Evidence(Evidence::Refused)),
        Just(Event::Evidence(Evidence::NotSent)),
    ];
    prop_oneof![
        3 => (1_i64..600).prop_map(Happening::Reserve),
        3 => (0_usize..6).prop_map(Happening::Send),
        4 => (0_usize..6, event).prop_map(|(at, event)| Happening::Event(at, event)),
        2 => (0_u8..3, 1_i64..500, 0_usize..4).prop_map(|(id, minor, state)| Happening::Elsewhere(id, minor, state)),
        2 => (0_usize..4, prop::option::of(0_usize..6)).prop_map(|(at, refund)| Happening::Link(at, refund)),
        2 => (0_u8..2, 1_i64..700, 0_usize..8, prop::bool::weighted(0.2))
            .prop_map(|(id, minor, stage, foreign)| Happening::Dispute(id, minor, stage, foreign)),
        1 => (1_i64..400).prop_map(Happening::File),
        1 => (0_u8..4, 1_i64..400).prop_map(|(id, minor)| Happening::Capture(id, minor)),
    ]
}

struct Life {
    ledger: Ledger,
    refunds: Vec<RefundId>,
    step: i64,
    /// The payment's captures have ids.
    captures: bool,
    /// How the payment stood after each step, as the ledger had it then.
    past: Vec<(DateTime<Utc>, Snapshot)>,
}

/// A payment as the stored rows have it.
#[derive(Clone, Debug, PartialEq)]
struct Snapshot {
    payment: Payment,
    refunds: Vec<(RefundId, RefundFigures, u32)>,
    external: Vec<(i64, Money, ExternalState, Option<RefundId>)>,
    disputes: Vec<Dispute>,
}

impl Snapshot {
    fn of(
        payment: Payment,
        refunds: &[Refund],
        external: &[ExternalRefund],
        disputes: Vec<Dispute>,
    ) -> Self {
        let refunds = refunds.iter();
        let external = external.iter();
        Self {
            payment,
            refunds: refunds
                .map(|it| (it.id, it.figures(), it.attempts))
                .collect(),
            external: external
                .map(|it| (it.id, it.amount, it.state, it.linked))
                .collect(),
            disputes,
        }
    }
}

impl Life {
    fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::seconds(self.step)
    }

    /// Writes down how the payment stands in the rows.
    async fn remember(&mut self) {
        let (ledger, id) = (&self.ledger, payment_id("a"));
        let snapshot = Snapshot::of(
            ledger.payment(id).await.unwrap().unwrap(),
            &ledger.refunds_of(id).await.unwrap(),
            &ledger.externals_of(id).await.unwrap(),
            ledger.disputes_of(id).await.unwrap(),
        );
        self.past.push((self.now(), snapshot));
    }

    /// As of each step the payment is what it was found to be then, all of it; before the first it
    /// was not known; and now it is what it is.
    async fn is_remembered(&self) {
        let id = payment_id("a");
        let as_of = async |at| self.ledger.payment_as_of(id, at).await.unwrap();
        assert_eq!(as_of(now() - TimeDelta::milliseconds(1)).await, None);
        let later = self
            .past
            .last()
            .map(|(_, last)| (self.now() + TimeDelta::days(9), last.clone()));
        for (at, snapshot) in self.past.iter().cloned().chain(later) {
            let then = as_of(at).await.unwrap();
            let told = Snapshot::of(then.payment, &then.refunds, &then.external, then.disputes);
            assert_eq!(told, snapshot, "as of {at}");
        }
    }

    fn refund(&self, at: usize) -> Option<RefundId> {
        self.refunds.get(at % self.refunds.len().max(1)).copied()
    }

    /// What the desk refuses is refused; what happened elsewhere is written down.
    async fn meets(&mut self, happening: Happening) {
        self.step += 1;
        let (ledger, now) = (&self.ledger, self.now());
        match happening {
            Happening::Reserve(minor) => {
                let before = available(ledger, "a").await;
                let mut new = Reservation {
                    now,
                    ..reservation("a", minor)
                };
                new.content.capture_id = self.captures.then(|| "c0".into());
                if minor % 3 == 0 && before > 0 {
                    new.content.amount = usd(before);
                    new.content.compensation = usd(minor % 100 + 1);
                    new.terms.compensation = true;
                    new.policy.compensation_cap_main = 1;
                }
                let minor = new.content.amount.minor;
                let id = new.id;
                if ledger.reserve(new).await.is_ok() {
                    assert!(minor <= before, "{minor} of {before}");
                    assert!(available(ledger, "a").await >= 0);
                    self.refunds.push(id);
                }
            }
            Happening::Send(at) => {
                if let Some(id) = self.refund(at) {
                    let before = available(ledger, "a").await;
                    let sent = goes_out_at(ledger, id, now).await;
                    assert!(!sent || before >= 0, "sent while overdrawn");
                }
            }
            Happening::Event(at, event) => {
                if let Some(id) = self.refund(at) {
                    let told = Record {
                        now,
                        ..record(id, event)
                    };
                    let by_its_sender = Record {
                        fence: Some(1),
                        ..told.clone()
                    };
                    if ledger.record(by_its_sender).await.is_err() {
                        let _ = ledger.record(told).await;
                    }
                }
            }
            Happening::Elsewhere(id, minor, state) => {
                let sighting = Sighting {
                    compensation: (minor % 4 > 0).then(|| usd(minor % 90)),
                    seen_at: now,
                    now,
                    ..sighting(&format!("x{id}"), minor, ExternalState::ALL[state])
                };
                ledger.record_external(sighting).await.unwrap();
            }
            Happening::Link(at, refund) => {
                let found = ledger.externals_of(payment_id("a")).await.unwrap();
                if let Some(found) = found.get(at) {
                    let refund = refund.and_then(|at| self.refund(at));
                    let linking = Linking {
                        now,
                        ..linking(found.id, refund)
                    };
                    let _ = ledger.link_external(linking).await;
                }
            }
            Happening::Dispute(id, minor, stage, foreign) => {
                let code = if foreign { "EUR" } else { "USD" };
                let id = format!("cb-{code}-{id}");
                let amount = Money::new(minor, Currency::from_code(code).unwrap());
                let news = DisputeNews {
                    now,
                    ..news(&id, amount, Stage::ALL[stage])
                };
                ledger.record_dispute(news).await.unwrap();
            }
            Happening::File(minor) => {
                let row = ImportRow {
                    refunded: Some(usd(minor)),
                    ..row("a", 1000)
                };
                import_at(ledger, vec![row], now).await;
            }
            Happening::Capture(id, minor) => {
                let row = ImportRow {
                    capture_id: Some(format!("c{id}")),
                    refunded: (id > 1).then(|| usd(minor / 2 + 1)),
                    ..row("a", minor)
                };
                import_at(ledger, vec![row], now).await;
            }
        }
    }

    /// R6 and invariants 1 and 2.
    async fn holds(&self) {
        assert_recomputes(&self.ledger, "a").await;
        let payment = self.ledger.payment(payment_id("a")).await.unwrap().unwrap();
        let ours = self.ledger.refunds_of(payment.id).await.unwrap();
        let theirs = self.ledger.externals_of(payment.id).await.unwrap();
        let on_top = Compensations::of(&ours, &theirs, payment.currency);
        assert_eq!(payment.on_top, on_top);
        let overdrawn = payment.figures().available().minor < 0;
        assert!(
            !overdrawn || payment.blocked,
            "overdrawn, and nothing says so"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// R6: whatever happens in whatever order, imported facts included, the stored balance is the
    /// computed one, no action of this desk overdraws it, and what overdrew it blocks. And as of each
    /// step the payment is told as it stood then.
    #[test]
    fn invariants_hold_after_every_step(
        captures in any::<bool>(),
        happenings in prop::collection::vec(happening(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, ledger) = open();
            let first = ImportRow {
                capture_id: captures.then(|| "c0".into()),
                refunded: captures.then(|| usd(30)),
                ..row("a", 1000)
            };
            import(&ledger, vec![first]).await;
            let mut life = Life { ledger, refunds: Vec::new(), step: 0, captures, past: Vec::new() };
            life.remember().await;
            for happening in happenings {
                life.meets(happening).await;
                life.holds().await;
                life.remember().await;
            }
            life.is_remembered().await;
        });
    }
}
