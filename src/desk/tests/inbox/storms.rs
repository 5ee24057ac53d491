//! Many requests at once: none is answered twice, no payment is given back twice over.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn however_many_ask_at_once_no_more_is_answered_than_was_paid() {
    let (stage, _) = opened(0).await;
    let calls = (0..60).map(|number| {
        let desk = Arc::clone(&stage.desk);
        async move {
            // Every request twice, at the same time.
            let number = number / 2;
            let (key, body) = (format!("k{number}"), format!("refund pay-0 r-{number} 1000"));
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
