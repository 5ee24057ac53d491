//! Peers that mean harm, or do not know better.

use super::*;

/// splitmix64: the same damage each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

/// What a desk says, to be damaged.
fn said() -> Vec<Vec<u8>> {
    let draft = Draft {
        payment: "P0".to_owned(),
        amount: "1.00".to_owned(),
        reason: "customer_request".to_owned(),
        ..Draft::default()
    };
    let content = wire::pieces(9, &[b"account,payment_id\n".to_vec()])
        .map(Result::unwrap)
        .collect::<Vec<_>>();
    let asked = [
        Request::ToDo,
        Request::Compose(draft),
        Request::Approve {
            refund: "r".to_owned(),
            seen: "0".repeat(64),
        },
        Request::Payments(crate::domain::listing::PaymentQuery::default()),
    ];
    let asked = asked
        .iter()
        .zip(1..)
        .map(|(request, number)| wire::asked(number, request).unwrap());
    let mut frames: Vec<Vec<u8>> = asked.chain(content).collect();
    frames.push(hello("eve", PROTOCOL));
    frames
}

fn damaged(chance: &mut Chance, frame: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let at = chance.below(frame.len());
    match chance.below(6) {
        0 => frame[at] ^= 1 << chance.below(8),
        1 => frame.truncate(at),
        2 => frame.insert(at, chance.next().to_le_bytes()[0]),
        3 => {
            frame.remove(at);
        }
        // The head alone.
        4 => frame[chance.below(4)] = chance.next().to_le_bytes()[0],
        _ => {
            for _ in 0..chance.below(64) {
                let at = chance.below(frame.len());
                frame[at] = chance.next().to_le_bytes()[0];
            }
        }
    }
    frame
}

#[tokio::test]
async fn ten_thousand_damaged_frames_harm_nobody() {
    const FRAMES: usize = 10_000;
    let stage = Stage::open();
    let frames = said();
    let mut chance = Chance(20_261_121);
    let mut sent = 0;
    while sent < FRAMES {
        // Some before the greeting, most after it; several on one connection.
        let mut stream = match chance.below(10) {
            0 => stage.raw().await,
            _ => stage.greeted().await,
        };
        for _ in 0..=chance.below(8) {
            let which = chance.below(frames.len());
            let frame = damaged(&mut chance, &frames[which]);
            sent += 1;
            if stream.write_all(&frame).await.is_err() {
                break;
            }
        }
        stream.shutdown().await.ok();
        // Whatever it says, it says it whole, and then hangs up.
        while heard(&mut stream).await.is_some() {}
    }
    stage.is_well().await;
    stage.socket.stop().await;
}

#[tokio::test]
async fn what_is_no_greeting_or_no_request_is_refused_in_words() {
    let stage = Stage::open();
    let framed = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&length[..], text.as_bytes()].concat()
    };
    let todo = wire::asked(1, &Request::ToDo).unwrap();
    let long = [&(64 * 1024_u32).to_be_bytes()[..], b"x"].concat();
    for first in [todo.clone(), framed("GET / HTTP/1.1"), framed(""), long] {
        let mut stream = stage.raw().await;
        stream.write_all(&first).await.unwrap();
        assert_eq!(refused(&mut stream).await, "malformed");
    }
    let too_long = u32::try_from(ASK_MAX + 1).unwrap().to_be_bytes().to_vec();
    let deep = framed(&"[".repeat(5_000));
    for later in [
        hello("eve", PROTOCOL),
        framed("{\"ask\":7}"),
        deep,
        too_long,
    ] {
        let mut stream = stage.greeted().await;
        stream.write_all(&later).await.unwrap();
        assert_eq!(refused(&mut stream).await, "malformed");
    }
    // One request that is not understood ends nothing.
    let mut stream = stage.greeted().await;
    let request = serde_json::value::RawValue::from_string("{\"Fly\":1}".to_owned()).unwrap();
    let unknown = ToService::Ask(Ask { number: 5, request });
    let unknown = wire::framed(&unknown, ASK_MAX).unwrap();
    stream.write_all(&unknown).await.unwrap();
    let Some(ToDesk::Answer { number: 5, answer }) = heard(&mut stream).await else {
        panic!("no answer");
    };
    assert_eq!(code(answer), "not_understood");
    stream.write_all(&todo).await.unwrap();
    assert!(matches!(
        heard(&mut stream).await,
        Some(ToDesk::Answer { number: 1, .. })
    ));
}

#[tokio::test]
async fn who_begins_and_does_not_end_is_refused_in_time() {
    let stage = Stage::with(Duration::from_millis(200), true);
    let mut silent = stage.raw().await;
    assert_eq!(refused(&mut silent).await, "malformed");
    let mut half = stage.greeted().await;
    half.write_all(&[0, 0]).await.unwrap();
    assert_eq!(refused(&mut half).await, "malformed");
    let mut half = stage.greeted().await;
    half.write_all(&[0, 0, 1, 0, b'{']).await.unwrap();
    assert_eq!(refused(&mut half).await, "malformed");
    // One that is only quiet stays.
    let mut quiet = stage.greeted().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    quiet
        .write_all(&wire::asked(1, &Request::ToDo).unwrap())
        .await
        .unwrap();
    assert!(matches!(
        heard(&mut quiet).await,
        Some(ToDesk::Answer { .. })
    ));
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_holds_up_nobody() {
    let stage = Stage::with(Duration::from_millis(300), true);
    let deaf = stage.greeted().await;
    let told = || Notice::Syncing {
        account: "x".repeat(10_000),
        done: 0,
        total: 0,
    };
    let desk = stage.desk("ann").await;
    let ann = Actor::named("ann");
    // Until it has hung up: what is written to it goes nowhere.
    loop {
        for _ in 0..100 {
            stage.stub.notices.send(told()).unwrap();
        }
        desk.ask(&ann, Request::ToDo).await.unwrap();
        let ready = deaf.ready(tokio::io::Interest::WRITABLE).await.unwrap();
        if ready.is_write_closed() {
            break;
        }
        tokio::task::yield_now().await;
    }
    stage.is_well().await;
}

#[tokio::test]
async fn a_crowd_is_told_so_and_others_still_get_in_when_it_leaves() {
    let stage = Stage::open();
    let mut all = Vec::new();
    for _ in 0..OF_ONE {
        all.push(stage.greeted().await);
    }
    let mut more = stage.raw().await;
    let Some(ToDesk::Refused(refusal)) = heard(&mut more).await else {
        panic!("let in");
    };
    assert_eq!(
        (refusal.code.as_str(), refusal.class),
        ("crowded", Class::Unavailable)
    );
    let Err(NotConnected::Refused(refusal)) = Remote::connect(stage.reach("ann")).await else {
        panic!("let in");
    };
    assert_eq!(refusal.code, "crowded");
    drop(all);
    // The service notices that they have left.
    while Remote::connect(stage.reach("ann")).await.is_err() {
        tokio::task::yield_now().await;
    }
    stage.is_well().await;
}
