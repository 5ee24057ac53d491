//! Many requests at once: none is answered twice, no payment is given back twice over.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use futures_util::future::join_all;

use super::*;
use crate::domain::digest::hex;

#[tokio::test]
async fn however_many_ask_at_once_no_more_is_answered_than_was_paid() {
    let (stage, _) = opened(0).await;
    let calls = (0..60).map(|number| {
        let desk = Arc::clone(&stage.desk);
        async move {
            // Every request twice, at the same time.
            let number = number / 2;
            let (key, body) = (
                format!("k{number}"),
                format!("refund pay-0 r-{number} 1000"),
            );
            (number, call(&desk, &key, &body).await)
        }
    });
    let mut answers = join_all(calls).await;
    answers.sort_by_key(|(number, _)| *number);
    for pair in answers.chunks(2) {
        assert_eq!(pair[0].1.body, pair[1].1.body, "told the same");
    }
    let given = answers.iter().filter(|(_, it)| it.status == 200).count();
    assert_eq!(given, 2 * 9);
    let found = inbox(&stage).await;
    let answered = found.iter().filter(|it| it.standing == Standing::Answered);
    let sum: i64 = answered.map(|it| it.amount.minor).sum();
    assert_eq!((found.len(), sum), (30, 9_000));
}

/// The network of [`Words`], every call verified and every answer signed with RSA, 2048 bits, PS256.
struct Signed {
    words: Arc<Words>,
    key: RsaKeyPair,
}

impl Signed {
    fn sign(&self, mut response: Response) -> Response {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PSS_SHA256, &random, &response.body, &mut signature)
            .unwrap();
        response
            .headers
            .push(("X-JWS-Signature".to_owned(), hex(&signature)));
        response
    }
}

impl Network for Signed {
    fn read(&self, call: &Call<'_>) -> Result<Received, Response> {
        let found = call.headers.iter().find(|(name, _)| name == "Signature");
        let signature: Vec<u8> = (0..found.unwrap().1.len() / 2)
            .map(|at| u8::from_str_radix(&found.unwrap().1[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let public = self.key.public_key().as_ref();
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)
            .verify(call.body, &signature)
            .unwrap();
        self.words.read(call)
    }

    fn answer(&self, received: &Received, answer: &Answer) -> Response {
        self.sign(self.words.answer(received, answer))
    }

    fn again(&self, received: &Received, status: u16, body: &[u8]) -> Response {
        self.sign(self.words.again(received, status, body))
    }

    fn run<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Finding> {
        self.words.run(errand)
    }
}

struct SignedDebtor(Signed);

impl Provider for SignedDebtor {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        std::future::ready(Finding::new(Evidence::NotSent, "never")).boxed()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        std::future::ready(Finding::new(Evidence::Doubt, "never")).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        std::future::ready(Finding::new(Evidence::Doubt, "never")).boxed()
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&self.0)
    }
}

/// 500 requests a second, whether or not earlier ones were answered. `MEASURED_SECONDS` says for how
/// long. Timings decide nothing here; they are printed.
#[tokio::test]
#[ignore = "a measurement: cargo test --release --lib storms::measured -- --ignored --nocapture"]
async fn measured() {
    const RATE: u32 = 500;
    let seconds = std::env::var("MEASURED_SECONDS").map_or(10, |text| text.parse().unwrap());
    let count = RATE * seconds;
    let stage = Stage::open_at(count as usize, Clock::system()).await;
    let rows = (0..count).map(|number| format!("hub,pay-{number},{NUMBER}\n"));
    let import = accounts(&rows.collect::<String>());
    stage.ask(Request::ImportAccounts(import)).await;
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let bodies: Vec<String> = (0..count)
        .map(|number| format!("refund pay-{number} r-{number} 1000"))
        .collect();
    let random = SystemRandom::new();
    let signatures: Vec<String> = bodies
        .iter()
        .map(|body| {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PSS_SHA256, &random, body.as_bytes(), &mut signature)
                .unwrap();
            hex(&signature)
        })
        .collect();
    let words = Words::new(Duration::ZERO);
    let provider: Arc<dyn Provider> = Arc::new(SignedDebtor(Signed { words, key }));
    stage.desk.account("hub").unwrap().connect_to(provider);
    let clock = Clock::system();
    let mut beat = tokio::time::interval(Duration::from_secs(1) / RATE);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut calls = Vec::new();
    for (number, (body, signature)) in bodies.into_iter().zip(signatures).enumerate() {
        let due = Duration::from_secs(1) / RATE * u32::try_from(number).unwrap();
        beat.tick().await;
        let (desk, clock) = (Arc::clone(&stage.desk), clock.clone());
        calls.push(tokio::spawn(async move {
            let headers = [
                ("Idempotency-Key".to_owned(), format!("k{number}")),
                ("Message-Id".to_owned(), format!("m{number}")),
                ("Signature".to_owned(), signature),
            ];
            let call = Call {
                method: "POST",
                target: "/refunds",
                path: "/refunds",
                headers: &headers,
                body: body.as_bytes(),
            };
            let status = desk.answer_call("hub", &call).await.status;
            // From when it was due: a late start counts against us.
            (status, clock.elapsed().saturating_sub(due))
        }));
    }
    let answers = join_all(calls).await;
    let mut took: Vec<Duration> = answers
        .into_iter()
        .map(|it| it.unwrap())
        .map(|(status, took)| {
            assert_eq!(status, 200);
            took
        })
        .collect();
    took.sort();
    let at = |permille: usize| took[took.len() * permille / 1_000];
    println!(
        "{count} requests in {:?}: p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        clock.elapsed(),
        at(500),
        at(990),
        at(999),
        took[took.len() - 1]
    );
}
