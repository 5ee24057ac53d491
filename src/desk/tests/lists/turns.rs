//! What lists cost: every exchange is taken out of what the account may be asked, on virtual time.

use super::*;
use crate::ledger::Turn;

#[tokio::test]
async fn a_busy_provider_is_waited_for_and_asked_again() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    selling(&bank, 1, 0);
    *bank.instead.lock().unwrap() = vec![busy(503, Some(1)), busy(429, Some(1))];
    let report = stage.sync().await;
    assert_eq!((report.failed, report.verified), (None, 1));
    assert_eq!(bank.asked(), ["payments", "payments", "payments", "new-0"]);
}

#[tokio::test]
async fn a_provider_that_stays_busy_is_given_up_on() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    *bank.instead.lock().unwrap() = vec![busy(429, Some(1)); 100];
    let failed = stage.sync().await.failed.unwrap();
    assert_eq!(failed.code, "not_answered");
    assert_eq!(bank.asked().len(), 6);
    // Nor is it asked at all while it wants to be left alone for long.
    *bank.instead.lock().unwrap() = vec![busy(429, Some(3_600_000))];
    stage.sync().await;
    bank.asked();
    assert!(stage.sync().await.failed.is_some());
    assert!(bank.asked().is_empty());
}

#[tokio::test]
async fn a_desk_that_is_told_to_stop_does_not_wait_on() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank_by(BANK, &bank, Clock::system()).await;
    *bank.instead.lock().unwrap() = vec![busy(429, Some(250_000)); 2];
    let desk = Arc::clone(&stage.desk);
    let all = Request::Sync {
        accounts: Vec::new(),
    };
    let syncing = tokio::spawn(async move { desk.ask(&actor(), all).await });
    while bank.asked.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stage.desk.stop();
    let Reply::Synced(reports) = syncing.await.unwrap().unwrap() else {
        panic!("no report");
    };
    let failed = reports[0].failed.as_ref().unwrap();
    assert!(failed.message.contains("stop"), "{failed:?}");
}

/// Sixty a minute, at the provider's own pace.
fn sixty() -> String {
    BANK.replace("polls_per_minute = 6000", "polls_per_minute = 60")
        .replace("pace = 10", "pace = 1")
}

/// Every window and page of a long sync is taken out of what the account may be asked in a minute. It
/// waits, and leaves part of what is saved up to polls and sends.
#[tokio::test]
async fn a_sync_waits_for_its_turns() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(&sixty(), &bank).await;
    selling(&bank, 20, 0);
    bank.pages.store(9, Ordering::SeqCst);
    let report = stage.sync().await;
    assert_eq!((report.failed, report.verified), (None, 20));
    let asked_at = bank.asked_at.lock().unwrap().clone();
    assert_eq!(asked_at.len(), 1 + 20 * 9);
    for (nth, at) in asked_at.iter().enumerate() {
        let minute = asked_at[nth..]
            .iter()
            .take_while(|it| **it - *at < Duration::from_mins(1));
        assert!(minute.count() <= 60 + 5, "from {at:?}");
    }
    assert!(stage.clock.elapsed() < Duration::from_mins(4));
    // At its end a send still finds a turn.
    bank.pages.store(1, Ordering::SeqCst);
    *bank.answer.lock().unwrap() = told_of(Reported::Succeeded);
    let id = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Succeeded);
}

/// The check before a send is asked for in turn, too. Without one the send is put off, and goes by
/// itself; that is no failure.
#[tokio::test]
async fn a_send_whose_check_has_no_turn_is_put_off() {
    let bank = Bank::new(told_of(Reported::Succeeded), nothing());
    let stage = at_bank(&sixty(), &bank).await;
    let account = stage.desk.account("bank").unwrap();
    let (ledger, now) = (&stage.desk.ledger, stage.clock.now());
    let mut taken = 0;
    while ledger
        .take_turn("bank".to_owned(), account.budget, Turn::Due, now)
        .await
        .unwrap()
        .is_none()
    {
        taken += 1;
    }
    assert_eq!(taken, 10);
    let id = stage.compose("P0").await;
    let worked = stage.work().await;
    assert_eq!((worked.sent, bank.sends()), (0, 0));
    assert_eq!(bank.asked(), Vec::<String>::new());
    let refund = stage.refund(id).await;
    assert_eq!(refund.state, State::Approved);
    assert!(refund.said.unwrap().starts_with("not sent yet"));
    assert!(worked.next_at.unwrap() <= now + chrono::TimeDelta::seconds(5));
    stage.work_on(5).await;
    assert_eq!(stage.refund(id).await.state, State::Succeeded);
    assert_eq!((bank.sends(), bank.asked().len()), (1, 1));
}

/// However many windows it has: what was begun in its turn is read to its end, and whoever comes next
/// waits the longer.
#[tokio::test]
async fn a_long_check_is_read_to_its_end_and_paid_for_afterwards() {
    let bank = Bank::new(told_of(Reported::Succeeded), told_of(Reported::Succeeded));
    let stage = at_bank(&sixty(), &bank).await;
    bank.pages.store(20, Ordering::SeqCst);
    let first = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(first).await.state, State::Succeeded);
    let second = stage.compose("P1").await;
    stage.work_on(10).await;
    assert_eq!(stage.refund(second).await.state, State::Approved);
    let person = Request::RebuildBalance("P1".to_owned());
    let refused = stage.desk.ask(&actor(), person).await.unwrap_err();
    assert_eq!(refused.code, "asked_enough");
    assert_eq!(bank.asked().len(), 20);
    stage.work_on(10).await;
    assert_eq!(stage.refund(second).await.state, State::Succeeded);
}

/// What a busy provider did not answer is asked for again; what it answered is not.
#[tokio::test]
async fn a_list_goes_on_at_the_page_it_had_come_to() {
    let bank = Bank::new(doubt(), nothing());
    let stage = at_bank(BANK, &bank).await;
    selling(&bank, 1, 0);
    bank.pages.store(3, Ordering::SeqCst);
    bank.busy_at.store(3, Ordering::SeqCst);
    assert_eq!(stage.sync().await.failed, None);
    // The second of three pages was asked for twice, the first once.
    let asked = bank.asked();
    assert_eq!(asked, ["payments", "new-0", "new-0", "new-0", "new-0"]);
}

/// A second payout under our reference does not stand in for the first, which is gone from the list.
#[tokio::test]
async fn a_copy_does_not_hide_that_ours_is_missing() {
    let bank = Bank::new(told_of(Reported::Succeeded), told_of(Reported::Succeeded));
    let stage = at_bank(BANK, &bank).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    let copy = ListedRefund {
        provider_refund_id: "r2".to_owned(),
        ..line(&stage.correlation(id).await, Some(Reported::Succeeded))
    };
    *bank.lines.lock().unwrap() = vec![copy];
    stage.compare_all("P0").await;
    let open = stage.ask(Request::Discrepancies { closed: false }).await;
    let Reply::Discrepancies(open) = open else {
        panic!("{open:?}");
    };
    let kinds: Vec<_> = open.iter().map(|it| it.kind).collect();
    let expected = [DiscrepancyKind::PaidTwice, DiscrepancyKind::Evidence];
    assert_eq!(kinds.len(), 2);
    assert!(expected.iter().all(|it| kinds.contains(it)), "{kinds:?}");
    assert_eq!(stage.refund(id).await.state, State::Succeeded);
}

/// What a list tells of compensation paid elsewhere counts, and with the cap stops a send that no
/// longer fits.
#[tokio::test]
async fn compensation_paid_elsewhere_counts_before_a_send() {
    let bank = Bank::new(told_of(Reported::Succeeded), nothing());
    let config = BANK.replace("\"unlimited\"", "\"90\"");
    let stage = at_bank(&config, &bank).await;
    let elsewhere = |on_top: i64| ListedRefund {
        provider_refund_id: "c1".to_owned(),
        compensation: Some(gbp(on_top)),
        amount: gbp(9_000 - ASKED - 500),
        ..line("CONSOLE", Some(Reported::Succeeded))
    };
    let id = stage.compose("P0").await;
    *bank.lines.lock().unwrap() = vec![elsewhere(501)];
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::AwaitingApproval);
    assert_eq!(bank.sends(), 0);
    let payment = stage.paid("pay-0").await;
    assert_eq!(payment.figures().available(), gbp(500));
    assert_eq!(payment.on_top.executed, gbp(501));
    // Known, it is news no more.
    stage.compare_all("P0").await;
    let Reply::Discrepancies(open) = stage.ask(Request::Discrepancies { closed: false }).await
    else {
        panic!("no discrepancies");
    };
    assert!(open.is_empty(), "{open:?}");
    // With a little less it fits.
    let id = stage.compose("P1").await;
    let second = ListedRefund {
        provider_refund_id: "c2".to_owned(),
        ..elsewhere(500)
    };
    *bank.lines.lock().unwrap() = vec![second];
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Succeeded);
}
