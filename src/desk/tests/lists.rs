//! A provider that lists payments and refunds: what a list tells of ours is heard before anything
//! goes out, and reading lists waits where it is asked to.

use chrono::{DateTime, Utc};
use rstest::rstest;

use super::*;
use crate::desk::face::{AccountSync, Resolve, Stated};
use crate::desk::listed::{Told, told};
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::external::ExternalState;
use crate::domain::id::PaymentId;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Payment;
use crate::domain::resolution::Proof;
use crate::providers::listing::{
    Listed, ListedPayment, ListedPayments, ListedRefund, Listing, Span, Turns, in_turn,
};

mod turns;

const BANK: &str = r#"environment = "sandbox"
[desk]
deadline_seconds = 5
[tracking]
pace = 10
[accounts.bank]
provider = "nuapay"
base_url = "http://127.0.0.1:9/tpp"
currencies = ["GBP"]
api_key = "env:KEY"
cap_per_payment = "unlimited"
max_percent = 100
polls_per_minute = 6000
"#;
const ASKED: i64 = 1_234;

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("GBP").unwrap())
}

/// A provider of what the test says; it counts, and keeps which lists were asked for.
struct Bank {
    answer: Mutex<Finding>,
    look: Mutex<Finding>,
    lines: Mutex<Vec<ListedRefund>>,
    payments: Mutex<ListedPayments>,
    /// What the next questions for a list are answered with instead.
    instead: Mutex<Vec<Finding>>,
    asked: Mutex<Vec<String>>,
    sends: AtomicUsize,
    /// Each list of refunds takes so many exchanges.
    pages: AtomicUsize,
    clock: Mutex<Option<Clock>>,
    asked_at: Mutex<Vec<Duration>>,
    /// The exchange that finds it busy, counted from one.
    busy_at: AtomicUsize,
}

impl Bank {
    fn new(answer: Finding, look: Finding) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(answer),
            look: Mutex::new(look),
            lines: Mutex::default(),
            payments: Mutex::default(),
            instead: Mutex::default(),
            asked: Mutex::default(),
            sends: AtomicUsize::new(0),
            pages: AtomicUsize::new(1),
            clock: Mutex::default(),
            asked_at: Mutex::default(),
            busy_at: AtomicUsize::new(0),
        })
    }

    fn sends(&self) -> usize {
        self.sends.load(Ordering::SeqCst)
    }

    fn list<T>(&self, what: &str, list: T) -> Result<T, Box<Finding>> {
        self.asked.lock().unwrap().push(what.to_owned());
        if let Some(clock) = &*self.clock.lock().unwrap() {
            self.asked_at.lock().unwrap().push(clock.elapsed());
        }
        if self.asked_at.lock().unwrap().len() == self.busy_at.load(Ordering::SeqCst) {
            return Err(Box::new(busy(503, Some(1))));
        }
        match self.instead.lock().unwrap().pop() {
            Some(finding) => Err(Box::new(finding)),
            None => Ok(list),
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Provider for Bank {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        self.sends.fetch_add(1, Ordering::SeqCst);
        std::future::ready(self.answer.lock().unwrap().clone()).boxed()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        std::future::ready(self.look.lock().unwrap().clone()).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        std::future::ready(self.look.lock().unwrap().clone()).boxed()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

impl Listing for Bank {
    fn payments<'a>(&'a self, _: Span, turns: &'a dyn Turns) -> Listed<'a, ListedPayments> {
        in_turn(turns, || {
            let payments = self.payments.lock().unwrap().clone();
            std::future::ready(self.list("payments", payments))
        })
        .boxed()
    }

    fn payment<'a>(
        &'a self,
        payment: &'a str,
        _: &'a dyn Turns,
    ) -> Listed<'a, Option<ListedPayment>> {
        let all = &self.payments.lock().unwrap().payments;
        let found = all.iter().find(|it| it.provider_payment_id == payment);
        std::future::ready(Ok(found.cloned())).boxed()
    }

    fn refunds<'a>(
        &'a self,
        payment: &'a str,
        _: Span,
        turns: &'a dyn Turns,
    ) -> Listed<'a, Vec<ListedRefund>> {
        async move {
            let mut lines = Vec::new();
            for _ in 0..self.pages.load(Ordering::SeqCst) {
                let page = || {
                    let lines = self.lines.lock().unwrap().clone();
                    std::future::ready(self.list(payment, lines))
                };
                lines = in_turn(turns, page).await?;
            }
            Ok(lines)
        }
        .boxed()
    }
}

fn doubt() -> Finding {
    Finding::new(Evidence::Doubt, "no answer")
}

fn nothing() -> Finding {
    Finding::new(Evidence::NotFound, "nothing")
}

fn told_of(status: Reported) -> Finding {
    Finding {
        provider_refund_id: Some("r1".to_owned()),
        ..report(status)
    }
}

fn busy(status: u16, wait_ms: Option<u64>) -> Finding {
    Finding {
        http_status: Some(status),
        retry_after: wait_ms.map(Duration::from_millis),
        ..Finding::new(Evidence::Doubt, "later")
    }
}

fn line(correlation: &str, status: Option<Reported>) -> ListedRefund {
    ListedRefund {
        provider_refund_id: "r1".to_owned(),
        correlation: Some(correlation.to_owned()),
        amount: gbp(ASKED),
        compensation: None,
        status,
        created_at: Clock::system().now(),
    }
}

/// A desk with payments P0 and P1 of 90.00 GBP, on a clock of the test's.
async fn at_bank(config: &str, bank: &Arc<Bank>) -> Stage {
    at_bank_by(config, bank, Clock::manual(Clock::system().now())).await
}

async fn at_bank_by(config: &str, bank: &Arc<Bank>, clock: Clock) -> Stage {
    *bank.clock.lock().unwrap() = Some(clock.clone());
    let stage = Stage::over(tempfile::tempdir().unwrap(), config, clock);
    let provider: Arc<dyn Provider> = Arc::<Bank>::clone(bank);
    stage.desk.account("bank").unwrap().connect_to(provider);
    let day = (stage.clock.now() - chrono::TimeDelta::days(9)).date_naive();
    let mut text =
        "account,payment_id,reference,amount,currency,captured_at,settled_at\n".to_owned();
    for number in 0..2 {
        text += &format!("bank,pay-{number},P{number},90.00,GBP,{day}T12:00:00Z,{day}T13:00:00Z\n");
    }
    let import = Import {
        files: vec![ImportFile {
            name: "stock.csv".to_owned(),
            bytes: text.into_bytes(),
        }],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    };
    stage.ask(Request::Import(import)).await;
    stage
}

impl Stage {
    /// Works every second for so long.
    async fn work_on(&self, seconds: u32) {
        for _ in 0..seconds {
            self.work().await;
            self.clock.advance(Duration::from_secs(1));
        }
    }

    async fn correlation(&self, id: RefundId) -> String {
        let evidence = self.desk.ledger.evidence(id).await.unwrap();
        evidence.attempts[0].correlation.clone()
    }

    async fn compare_all(&self, payment: &str) {
        self.ask(Request::RebuildBalance(payment.to_owned())).await;
    }

    async fn paid(&self, payment: &str) -> Payment {
        let id = PaymentId::derive("bank", payment);
        self.desk.ledger.payment(id).await.unwrap().unwrap()
    }

    async fn sync(&self) -> AccountSync {
        let all = Request::Sync {
            accounts: Vec::new(),
        };
        match self.ask(all).await {
            Reply::Synced(mut reports) => reports.remove(0),
            other => panic!("{other:?}"),
        }
    }
}

/// T14 gave it a new key; then the first request turns up after all.
#[rstest]
#[case(Some(Reported::Pending))]
#[case(None)]
#[tokio::test]
async fn what_turns_up_after_two_people_found_it_absent_is_not_sent_on_top(
    #[case] status: Option<Reported>,
) {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(&format!("{BANK}replay_seconds = 0\n"), &bank).await;
    let id = stage.compose("P0").await;
    stage.work_on(120).await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    for name in ["mia", "ben"] {
        let actor = Actor::named(name);
        let absent = Request::Resolve(Resolve {
            refund: id.to_string(),
            stated: Stated::Absent,
            paid: None,
            proof: Proof {
                kind: "support".to_owned(),
                reference: "ticket 7".to_owned(),
                dated: None,
                file_sha256: None,
            },
        });
        stage.desk.ask(&actor, absent).await.unwrap();
    }
    assert_eq!(stage.refund(id).await.state, State::Approved);
    *bank.lines.lock().unwrap() = vec![line(&stage.correlation(id).await, status)];
    stage.work().await;
    let refund = stage.refund(id).await;
    assert_eq!((refund.state, bank.sends()), (State::Unknown, 1));
    assert_eq!(refund.provider_refund_id.as_deref(), Some("r1"));
    let payment = stage.paid("pay-0").await;
    assert_eq!(payment.figures().held, gbp(ASKED));
    let open = stage.ask(Request::Discrepancies { closed: false }).await;
    assert!(
        matches!(&open, Reply::Discrepancies(open) if open.len() == 1),
        "{open:?}"
    );
}

/// The attempt that two people found absent shows up when the next one is paid: two payouts, the
/// second of which is no word about the first.
#[rstest]
#[case(Some(Reported::Succeeded), true)]
#[case(Some(Reported::Pending), true)]
#[case(None, true)]
#[case(Some(Reported::Failed), false)]
#[tokio::test]
async fn a_second_payout_under_our_reference_counts_and_stops_the_payment(
    #[case] status: Option<Reported>,
    #[case] counts: bool,
) {
    let bank = Bank::new(told_of(Reported::Succeeded), told_of(Reported::Succeeded));
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Succeeded);
    let reference = stage.correlation(id).await;
    let second = ListedRefund {
        provider_refund_id: "r2".to_owned(),
        ..line(&reference, status)
    };
    *bank.lines.lock().unwrap() = vec![line(&reference, Some(Reported::Succeeded)), second];
    for _ in 0..2 {
        stage.compare_all("P0").await;
        let payment = stage.paid("pay-0").await;
        let gone = 9_000 - payment.figures().available().minor;
        assert_eq!(gone, if counts { 2 * ASKED } else { ASKED });
        assert_eq!(payment.blocked, counts);
        assert_eq!(stage.refund(id).await.state, State::Succeeded);
    }
    let Reply::Discrepancies(open) = stage.ask(Request::Discrepancies { closed: false }).await
    else {
        panic!("no discrepancies");
    };
    let kinds: Vec<_> = open.iter().map(|it| it.kind).collect();
    let expected = [DiscrepancyKind::PaidTwice];
    assert_eq!(kinds, &expected[..usize::from(counts)]);
}

/// T13: what the list shows does not go again, whatever the inquiry found.
#[rstest]
#[case::not_there(None, State::Unknown, true)]
#[case::open(Some(None), State::Unknown, false)]
#[case::pending(Some(Some(Reported::Pending)), State::Pending, false)]
#[case::done(Some(Some(Reported::Succeeded)), State::Succeeded, false)]
#[tokio::test]
async fn an_unknown_outcome_that_is_in_the_list_does_not_go_again(
    #[case] listed: Option<Option<Reported>>,
    #[case] state: State,
    #[case] goes_again: bool,
) {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    if let Some(status) = listed {
        *bank.lines.lock().unwrap() = vec![line(&stage.correlation(id).await, status)];
    }
    stage.work_on(60).await;
    assert!(bank.asked().contains(&"pay-0".to_owned()));
    assert_eq!(stage.refund(id).await.state, state);
    assert_eq!(bank.sends() > 1, goes_again, "{}", bank.sends());
}

/// The refund's own look says the same of it.
#[rstest]
#[case(None, State::Pending)]
#[case(Some(499), State::Pending)]
#[case(Some(500), State::Succeeded)]
#[tokio::test]
async fn paid_without_its_compensation_is_not_done(
    #[case] compensation: Option<i64>,
    #[case] state: State,
) {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    let found = ListedRefund {
        compensation: compensation.map(gbp),
        ..line(&stage.correlation(id).await, Some(Reported::Succeeded))
    };
    let mut ours = stage.refund(id).await;
    ours.content.compensation = gbp(500);
    let pending = Evidence::Report {
        status: Reported::Pending,
        amount: Some(gbp(ASKED)),
    };
    let expected = match state {
        State::Pending => Told::OfOurs(&ours, pending),
        _ => Told::Seen(ExternalState::Done),
    };
    assert_eq!(told(&found, Some(&ours), 1, &[]), expected);
    // Once it counts as done, the list contradicts that; once closed as unpaid, money that left counts.
    for (before, expected) in [
        (State::Pending, Told::Nothing),
        (State::Succeeded, Told::Seen(ExternalState::Pending)),
        (State::Failed, Told::Seen(ExternalState::Done)),
    ] {
        let ours = Refund {
            state: before,
            provider_refund_id: Some("r1".to_owned()),
            ..ours.clone()
        };
        let expected = match (state, before) {
            (State::Succeeded, State::Pending) => Told::Seen(ExternalState::Done),
            (State::Succeeded, State::Succeeded) => Told::Nothing,
            _ => expected,
        };
        assert_eq!(told(&found, Some(&ours), 1, &[]), expected, "{before:?}");
    }
}

/// T12: two that may be paid are two payouts, which only the look through all of them counts; one that
/// failed says nothing beside one that may be paid.
#[rstest]
#[case(Reported::Succeeded, Some(Reported::Succeeded), State::Unknown)]
#[case(Reported::Failed, Some(Reported::Pending), State::Pending)]
#[case(Reported::Failed, None, State::Unknown)]
#[case(Reported::Failed, Some(Reported::Failed), State::Failed)]
#[tokio::test]
async fn copies_are_not_taken_one_by_one(
    #[case] one: Reported,
    #[case] other: Option<Reported>,
    #[case] state: State,
) {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    let correlation = stage.correlation(id).await;
    let other = ListedRefund {
        provider_refund_id: "r2".to_owned(),
        ..line(&correlation, other)
    };
    *bank.lines.lock().unwrap() = vec![line(&correlation, Some(one)), other];
    stage.compare_all("P0").await;
    assert_eq!(stage.refund(id).await.state, state);
}

/// A list that was read before ours failed says that it is on its way: what is held for that line is
/// given free by the next one.
#[tokio::test]
async fn a_line_that_ours_outran_holds_only_until_the_next_list() {
    let bank = Bank::new(told_of(Reported::Pending), told_of(Reported::Failed));
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work_on(10).await;
    assert_eq!(stage.refund(id).await.state, State::Failed);
    let correlation = stage.correlation(id).await;
    *bank.lines.lock().unwrap() = vec![line(&correlation, Some(Reported::Pending))];
    stage.compare_all("P0").await;
    assert_eq!(stage.paid("pay-0").await.figures().held, gbp(ASKED));
    *bank.lines.lock().unwrap() = vec![line(&correlation, Some(Reported::Failed))];
    stage.compare_all("P0").await;
    let figures = stage.paid("pay-0").await.figures();
    assert_eq!((figures.held, figures.executed), (gbp(0), gbp(0)));
    assert_eq!(stage.refund(id).await.state, State::Failed);
}

fn sold(number: u32, at: DateTime<Utc>) -> ListedPayment {
    ListedPayment {
        provider_payment_id: format!("new-{number}"),
        amount: gbp(9_000),
        captured_at: at,
        settled_at: Some(at),
        refundable: true,
        reference: None,
        payer: None,
        method: None,
        last4: None,
        details: Vec::new(),
    }
}

/// What was paid as far as anybody knew, and stands in no list: contradicted, never guessed about.
#[tokio::test]
async fn what_the_list_does_not_have_is_told_and_nothing_is_released() {
    let bank = Bank::new(told_of(Reported::Succeeded), told_of(Reported::Succeeded));
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    for _ in 0..2 {
        stage.compare_all("P0").await;
        assert_eq!(stage.refund(id).await.state, State::Succeeded);
        assert_eq!(stage.paid("pay-0").await.figures().executed, gbp(ASKED));
    }
    let open = stage.ask(Request::Discrepancies { closed: false }).await;
    let Reply::Discrepancies(open) = open else {
        panic!("{open:?}");
    };
    let kinds: Vec<_> = open.iter().map(|it| (it.kind, it.refund)).collect();
    assert_eq!(kinds, [(DiscrepancyKind::Evidence, Some(id))]);
}

/// A person asks what the provider has of a payment: the payment itself is read, too.
#[rstest]
#[case(9_000, 0)]
#[case(8_000, 1)]
#[tokio::test]
async fn a_payment_that_is_verified_is_compared_with_its_own_record(
    #[case] minor: i64,
    #[case] contradicts: usize,
) {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    let before = stage.paid("pay-0").await;
    let record = ListedPayment {
        provider_payment_id: "pay-0".to_owned(),
        amount: gbp(minor),
        ..sold(0, before.captures[0].captured_at)
    };
    bank.payments.lock().unwrap().payments = vec![record];
    stage.compare_all("P0").await;
    assert_eq!(stage.paid("pay-0").await.figures(), before.figures());
    let open = stage.ask(Request::Discrepancies { closed: false }).await;
    let Reply::Discrepancies(open) = open else {
        panic!("{open:?}");
    };
    let kinds: Vec<_> = open.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, vec![DiscrepancyKind::FileAmount; contradicts]);
}

fn selling(bank: &Bank, payments: u32, left_out: u64) {
    let at = Clock::system().now() - chrono::TimeDelta::days(3);
    *bank.payments.lock().unwrap() = ListedPayments {
        payments: (0..payments).map(|number| sold(number, at)).collect(),
        left_out,
    };
}

#[tokio::test]
async fn a_sync_that_broke_off_goes_on_where_it_did() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    selling(&bank, 3, 0);
    assert_eq!(stage.sync().await.verified, 3);
    stage.sql(
        "UPDATE payments SET verified_at = CASE provider_payment_id
                   WHEN 'new-0' THEN 2000 WHEN 'new-1' THEN NULL ELSE 1000 END",
    );
    bank.asked();
    stage.clock.advance(Duration::from_secs(1));
    let report = stage.sync().await;
    assert_eq!(report.verified, 3);
    assert_eq!(bank.asked(), ["payments", "new-1", "new-2", "new-0"]);
}

#[tokio::test]
async fn payments_that_cannot_be_read_are_counted() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    selling(&bank, 2, 3);
    let payments = stage.sync().await.payments;
    assert_eq!((payments.read, payments.new, payments.rejected), (5, 2, 3));
}
