//! What a second restore, a second send or a second journal must not make forgotten.

use super::*;

/// Send 1 was turned away and send 2 went out under the same key, both since the backup: the word
/// on the first says nothing of the second.
#[tokio::test]
async fn a_send_turned_away_does_not_hide_the_one_after_it() {
    let mut bench = Bench::new().await;
    let id = bench.send("a", 4_000).await;
    bench.back_up().await;
    bench.answer(id, Evidence::TurnedAway).await;
    bench.ledger().journal_disproved(now()).await;
    let later = now() + chrono::TimeDelta::minutes(2);
    let claim = bench.ledger().claim(id, holder(), later).await.unwrap();
    let again = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: claim.attempts[0].clone(),
        guard: SendGuard::HOLDS,
        now: later,
    };
    assert_eq!(
        bench.ledger().begin_send(again).await.unwrap(),
        Begun::Written
    );
    for _ in 0..2 {
        bench.restore("b.db").await.unwrap();
        assert_eq!(bench.state(id).await, State::Unknown);
        let attempts = bench.ledger().evidence(id).await.unwrap().attempts;
        let unexecuted: Vec<bool> = attempts[0].sends.iter().map(|it| it.not_executed).collect();
        assert_eq!(unexecuted, [true, false]);
        bench.ledger().journal_disproved(now()).await;
    }
    assert_eq!(available(bench.ledger(), "a").await, 6_000);
}

/// How far a restore took a journal over says nothing of the one that began in its place.
#[tokio::test]
async fn a_new_journal_is_read_from_its_beginning() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let known = bench.send("a", 4_000).await;
    bench.answer(known, SUCCEEDED).await;
    bench.restore("b.db").await.unwrap();
    bench.close().await;
    fs::remove_file(bench.path("journal/sends.jsonl")).unwrap();
    bench.ledger = Some(Ledger::open(&options(&bench.folder)).unwrap());
    bench
        .ledger()
        .record(looked(known, SUCCEEDED))
        .await
        .unwrap();
    let settled = bench.ledger().settle_restore(cadence(), now()).await;
    assert_eq!(settled.unwrap(), ["hub-us"]);

    fs::remove_file(bench.path("b.db")).unwrap();
    bench.back_up().await;
    let sent = bench.send("b", 3_000).await;
    let restored = bench.restore("b.db").await.unwrap();
    assert_eq!(restored.rewound.from_journal, 1);
    assert_eq!(bench.state(sent).await, State::Unknown);
}

/// What somebody proposed before the restore is no word on what was sent before it.
#[tokio::test]
async fn a_proposal_from_before_opens_nothing() {
    let mut bench = Bench::new().await;
    let word = |by: &str, at| SendingWord {
        account: None,
        by: by.into(),
        note: Some("the provider's list of today".into()),
        now: at,
    };
    let before = now() - chrono::TimeDelta::hours(1);
    bench
        .ledger()
        .stop_sending(word("ann", before))
        .await
        .unwrap();
    let proposed = bench.ledger().resume_sending(word("ann", before)).await;
    proposed.unwrap();
    bench.back_up().await;
    let resumed = bench.ledger().resume_sending(word("bob", now())).await;
    assert!(matches!(resumed, Ok(Resumption::Resumed(_))));
    bench.send("a", 100).await;
    fs::remove_file(bench.path("journal/sends.jsonl")).unwrap();
    assert!(
        !bench
            .restore("b.db")
            .await
            .unwrap()
            .rewound
            .journal_complete
    );
    for (by, opens) in [("max", false), ("ina", true)] {
        let said = bench.ledger().resume_sending(word(by, now())).await;
        let said = said.unwrap();
        assert_eq!(matches!(said, Resumption::Resumed(_)), opens, "{said:?}");
        let closed = bench.ledger().closed_accounts().await.unwrap();
        let all = closed.iter().any(|it| it.account == ALL_ACCOUNTS);
        assert_eq!(all, !opens, "{closed:?}");
    }
}
