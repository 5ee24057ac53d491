//! R6 over random lives of a payment, imported facts included.

use proptest::prelude::*;

use super::*;

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
    ]
}

struct Life {
    ledger: Ledger,
    refunds: Vec<RefundId>,
    step: i64,
}

impl Life {
    fn refund(&self, at: usize) -> Option<RefundId> {
        self.refunds.get(at % self.refunds.len().max(1)).copied()
    }

    /// What the desk refuses is refused; what happened elsewhere is written down.
    async fn meets(&mut self, happening: Happening) {
        self.step += 1;
        let ledger = &self.ledger;
        match happening {
            Happening::Reserve(minor) => {
                let before = available(ledger, "a").await;
                let new = reservation("a", minor);
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
                    let sent = goes_out(ledger, id).await;
                    assert!(!sent || before >= 0, "sent while overdrawn");
                }
            }
            Happening::Event(at, event) => {
                if let Some(id) = self.refund(at) {
                    let told = record(id, event);
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
                    seen_at: now() + TimeDelta::seconds(self.step),
                    ..sighting(&format!("x{id}"), minor, ExternalState::ALL[state])
                };
                ledger.record_external(sighting).await.unwrap();
            }
            Happening::Link(at, refund) => {
                let found = ledger.externals_of(payment_id("a")).await.unwrap();
                if let Some(found) = found.get(at) {
                    let refund = refund.and_then(|at| self.refund(at));
                    let _ = ledger.link_external(linking(found.id, refund)).await;
                }
            }
            Happening::Dispute(id, minor, stage, foreign) => {
                let code = if foreign { "EUR" } else { "USD" };
                let id = format!("cb-{code}-{id}");
                let amount = Money::new(minor, Currency::from_code(code).unwrap());
                ledger
                    .record_dispute(news(&id, amount, Stage::ALL[stage]))
                    .await
                    .unwrap();
            }
            Happening::File(minor) => {
                let row = ImportRow {
                    refunded: Some(usd(minor)),
                    ..row("a", 1000)
                };
                import(ledger, vec![row]).await;
            }
        }
    }

    /// R6 and invariants 1 and 2.
    async fn holds(&self) {
        assert_recomputes(&self.ledger, "a").await;
        let payment = self.ledger.payment(payment_id("a")).await.unwrap().unwrap();
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
    /// computed one, no action of this desk overdraws it, and what overdrew it blocks.
    #[test]
    fn invariants_hold_after_every_step(happenings in prop::collection::vec(happening(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, ledger) = open();
            import(&ledger, vec![row("a", 1000)]).await;
            let mut life = Life { ledger, refunds: Vec::new(), step: 0 };
            for happening in happenings {
                life.meets(happening).await;
                life.holds().await;
            }
        });
    }
}
