//! An unknown outcome at a provider that cannot be asked (T13): the same request goes again, by itself,
//! ever more seldom, as long as the provider remembers it, and never under another key.

use rstest::rstest;

use super::*;

const CONFIG: &str = r#"environment = "sandbox"
[tracking]
pace = 1
[accounts.hub]
provider = "mastercard-creditor"
base_url = "http://127.0.0.1:9/csp"
currencies = ["USD"]
participant_id = "000645"
client_certificate = "file:c.pem"
client_key = "file:c.key"
server_ca = "file:ca.pem"
signing_key = "file:s.key"
signing_kid = "desk-1"
network_certificates = [{ kid = "net-1", certificate = "file:net.pem" }]
creditor_id = "CAFE0001"
creditor_service_provider_id = "000645"
reasons = { customer_request = "CUSTOMERREQUEST" }
replay_hours = 3
polls_per_minute = 6000
"#;

/// Answers in doubt so many times, then as told. Cannot be asked.
struct Mute {
    clock: Clock,
    status: Option<u16>,
    doubts: usize,
    then: Finding,
    sent: Mutex<Vec<(Duration, WireRequest)>>,
    asked: AtomicUsize,
}

impl Mute {
    fn new(clock: &Clock, status: Option<u16>, doubts: usize) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            status,
            doubts,
            then: report(Reported::Pending),
            sent: Mutex::default(),
            asked: AtomicUsize::new(0),
        })
    }

    fn sends(&self) -> Vec<(Duration, WireRequest)> {
        self.sent.lock().unwrap().clone()
    }
}

impl Provider for Mute {
    fn send<'a>(&'a self, request: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        let mut sent = self.sent.lock().unwrap();
        sent.push((self.clock.elapsed(), request.clone()));
        let finding = match sent.len() <= self.doubts {
            true => Finding {
                http_status: self.status,
                ..Finding::new(Evidence::Doubt, "outcome open")
            },
            false => self.then.clone(),
        };
        std::future::ready(finding).boxed()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Finding::new(Evidence::Doubt, "cannot be asked")).boxed()
    }

    fn can_ask(&self, _: &Inquiry) -> bool {
        false
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        std::future::ready(report(Reported::Pending)).boxed()
    }
}

async fn stage(config: &str, status: Option<u16>, doubts: usize) -> (Stage, Arc<Mute>) {
    let clock = Clock::seeded("2026-11-21T10:00:00Z".parse().unwrap(), 7);
    let stage = Stage::open_at(1, clock.clone())
        .await
        .reopened(config, clock);
    let mute = Mute::new(&stage.clock, status, doubts);
    let provider: Arc<dyn Provider> = Arc::<Mute>::clone(&mute);
    stage.desk.account("hub").unwrap().connect_to(provider);
    (stage, mute)
}

/// Works once a second for so long.
async fn work_for(stage: &Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.work().await;
        stage.clock.advance(Duration::from_secs(1));
    }
}

/// An answer that cannot be read, a server that fails, none at all.
#[rstest]
#[case(Some(200))]
#[case(Some(503))]
#[case(None)]
#[tokio::test]
async fn the_same_request_goes_again_until_it_is_answered(#[case] status: Option<u16>) {
    let (stage, mute) = stage(CONFIG, status, 2).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    work_for(&stage, 25).await;
    assert_eq!(mute.sends().len(), 1, "the first has its time");
    work_for(&stage, 300).await;
    assert_eq!(stage.refund(id).await.state, State::Pending);
    let sends = mute.sends();
    assert_eq!(sends.len(), 3);
    assert!(
        sends.iter().all(|(_, wire)| *wire == sends[0].1),
        "same key, same bytes"
    );
    work_for(&stage, 300).await;
    assert_eq!(mute.sends().len(), 3, "what is answered goes no more");
}

#[rstest]
#[case(Some(200))]
#[case(None)]
#[tokio::test]
async fn it_goes_ever_more_seldom_and_ends_with_the_window(#[case] status: Option<u16>) {
    let (stage, mute) = stage(CONFIG, status, usize::MAX).await;
    let id = stage.compose("P0").await;
    // Two hours are left of three; a step of the schedule is twelve hours at most.
    for _ in 0..2_000 {
        stage.work().await;
        stage.clock.advance(Duration::from_secs(10));
    }
    let sends = mute.sends();
    let times: Vec<Duration> = sends.iter().map(|(at, _)| *at - sends[0].0).collect();
    assert!(times.len() > 5, "{times:?}");
    for pair in times.windows(2) {
        let wait = pair[1] - pair[0];
        assert!(wait >= pair[0].max(Duration::from_secs(30)), "{times:?}");
    }
    let last = *times.last().unwrap();
    assert!(last < Duration::from_hours(2), "{times:?}");
    assert!(sends.iter().all(|(_, wire)| *wire == sends[0].1));
    // Nothing was proven: it stays held, and people must find out.
    let refund = stage.refund(id).await;
    assert_eq!(refund.state, State::Unknown);
    let Reply::ToDo(items) = stage.ask(Request::ToDo).await else {
        panic!("not a queue");
    };
    assert_eq!(items.len(), 1);
    assert!(
        items[0].step.next.contains("two people"),
        "{:?}",
        items[0].step
    );
}

#[tokio::test]
async fn stopped_sending_holds_it_back() {
    let (stage, mute) = stage(CONFIG, Some(200), 1).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    let order = crate::desk::face::SendingOrder {
        account: None,
        note: Some("look first".to_owned()),
    };
    stage.ask(Request::StopSending(order)).await;
    work_for(&stage, 300).await;
    assert_eq!(mute.sends().len(), 1);
    assert_eq!(stage.refund(id).await.state, State::Unknown);
}

/// Prism cannot be asked about some refunds either, and promises nothing about a repeat.
#[tokio::test]
async fn nobody_else_is_sent_to_blindly() {
    let (stage, mute) = stage(super::CONFIG, Some(200), 1).await;
    let id = stage.compose("P0").await;
    work_for(&stage, 400).await;
    assert_eq!(mute.sends().len(), 1);
    assert!(mute.asked.load(Ordering::SeqCst) > 0);
    assert_eq!(stage.refund(id).await.state, State::Unknown);
}
