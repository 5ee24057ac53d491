//! The bank leg in the ledger: its way through, and what SQL typed by hand cannot do to it.

use super::*;
use crate::domain::bank::{BankAccount, OwnBank, PainVersion};
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::refund::LaterStep;
use crate::domain::transfer::{
    Confirmation, FileState, PaymentFile, ProofKind, Said, Transfer, TransferState,
};
use crate::ledger::StepEnd;

mod attacks;
mod files;

const TO: &str = "60-16-13 31926819";

fn own() -> OwnBank {
    OwnBank {
        account: BankAccount::new("20000055779911"),
        bic: None,
        version: PainVersion::V09,
        service_level: None,
    }
}

/// A refund of 100 of payment `name`, accepted by the network as `r-NAME`.
async fn accepted(ledger: &Ledger, name: &str) -> RefundId {
    import(ledger, vec![row(name, 1_000)]).await;
    let id = reserve(ledger, name, 100).await;
    claim_and_begin(ledger, id, attempt(id, 1)).await.unwrap();
    let pending = Record {
        provider_refund_id: Some(format!("r-{name}")),
        fence: Some(1),
        ..record(id, report(Reported::Pending, None))
    };
    ledger.record(pending).await.unwrap();
    id
}

async fn advise(ledger: &Ledger, id: RefundId, to: &str) -> Advised {
    let advice = record(id, report(Reported::ActionRequired, None));
    let advising = Advising::Account(BankAccount::new(to));
    ledger.advise(advice, advising).await.unwrap().0
}

/// One whose transfer is due.
async fn due(ledger: &Ledger, name: &str) -> RefundId {
    let id = accepted(ledger, name).await;
    assert_eq!(advise(ledger, id, TO).await, Advised::Taken);
    id
}

async fn transfer(ledger: &Ledger, id: RefundId) -> Transfer {
    let filter = TransferFilter {
        refund: Some(id),
        ..TransferFilter::default()
    };
    ledger.transfers(filter).await.unwrap().pop().unwrap()
}

async fn propose(ledger: &Ledger, by: &str) -> Result<PaymentFile, LedgerError> {
    let usd = usd(0).currency;
    let lines = ledger.to_be_paid("hub-us".into(), usd).await.unwrap();
    let sum = super::usd(lines.iter().map(|it| it.amount.minor).sum());
    let new = NewFile {
        message_id: format!("RDF{}", RefundId::new(now())).replace('-', "")[..35].to_owned(),
        account: "hub-us".into(),
        own: own(),
        requested_on: now().date_naive(),
        lines,
        sum,
        sha256: "a".repeat(64),
        by: by.into(),
        now: now(),
    };
    ledger.propose_file(new).await
}

/// All that is due, in a file that was written.
async fn written(ledger: &Ledger) -> PaymentFile {
    let file = propose(ledger, "mia").await.unwrap();
    ledger
        .approve_file(file.id, file.sha256, "ben".into(), now())
        .await
        .unwrap();
    ledger
        .begin_file(file.id, "ben".into(), now())
        .await
        .unwrap()
        .file
}

fn word(transfer: &Transfer, said: Said, entry: &str) -> BankWord {
    BankWord {
        entry: format!("{entry:0>64}"),
        file_sha256: "f".repeat(64),
        kind: match said {
            Said::Rejected => ProofKind::Report,
            _ => ProofKind::Statement,
        },
        said,
        end_to_end: Some(transfer.end_to_end.clone()),
        amount: Some(transfer.amount),
        reference: format!("B{entry}"),
        booked_on: None,
        place: "a line".into(),
    }
}

async fn hear(ledger: &Ledger, word: BankWord) -> Fate {
    let blank = Record {
        observation: None,
        ..record(RefundId::new(now()), Event::Evidence(Evidence::Doubt))
    };
    ledger.hear_bank(word, blank).await.unwrap().fate
}

fn confirm_attempt(id: RefundId, number: u32) -> Attempt {
    let mut confirm = Attempt {
        step: "confirm".into(),
        idempotency_key: id.idempotency_key("confirm", number),
        correlation: id.correlation("confirm", number),
        url: "http://127.0.0.1/confirmations".into(),
        ..attempt(id, number)
    };
    confirm.sha256 = confirm.fingerprint();
    confirm
}

async fn begin_confirm(
    ledger: &Ledger,
    id: RefundId,
    confirm: Attempt,
) -> Result<i64, LedgerError> {
    let claim = ledger.claim_step(id, holder(), now()).await?;
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: confirm,
        guard: SendGuard::HOLDS,
        now: now(),
    };
    let begun = ledger.begin_step(new, LaterStep::Confirm, "desk".into());
    if let Err(error) = begun.await {
        ledger.let_go(id, claim.fence).await?;
        return Err(error);
    }
    Ok(claim.fence)
}

async fn end_confirm(ledger: &Ledger, id: RefundId, fence: i64, end: StepEnd) {
    let event = match end {
        StepEnd::Done => report(Reported::Succeeded, None),
        _ => Event::Evidence(Evidence::Doubt),
    };
    let told = Record {
        fence: Some(fence),
        ..record(id, event)
    };
    ledger.record_step(told, end, None).await.unwrap();
}

#[tokio::test]
async fn the_whole_way_from_advice_to_settled() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    let one = transfer(&ledger, id).await;
    assert_eq!(
        (one.state, one.number, one.last4.as_str()),
        (TransferState::Due, 1, "6819")
    );
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    let file = written(&ledger).await;
    assert_eq!(
        (file.state, file.count, file.sum),
        (FileState::Written, 1, usd(100))
    );
    assert_eq!(transfer(&ledger, id).await.state, TransferState::InFile);
    assert_eq!(available(&ledger, "a").await, 900);
    assert_eq!(
        hear(&ledger, word(&one, Said::Paid, "1")).await,
        Fate::Matched
    );
    let paid = transfer(&ledger, id).await;
    assert_eq!(paid.confirmation, Confirmation::Due(now()));
    assert_eq!(
        ledger
            .confirmations_due(now(), None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    let fence = begin_confirm(&ledger, id, confirm_attempt(id, 1))
        .await
        .unwrap();
    end_confirm(&ledger, id, fence, StepEnd::Done).await;
    assert_eq!(
        state(&ledger, id).await,
        State::Settled,
        "confirmed, and on a statement"
    );
    assert_eq!(ledger.confirmations_due(now(), None, 9).await.unwrap(), []);
    // The statement again, and another that shows the same movement.
    assert_eq!(
        hear(&ledger, word(&one, Said::Paid, "1")).await,
        Fate::ReadBefore
    );
    let notified = BankWord {
        entry: "2".repeat(64),
        ..word(&one, Said::Paid, "1")
    };
    assert_eq!(hear(&ledger, notified).await, Fate::Known);
    // And then it comes back.
    assert_eq!(
        hear(&ledger, word(&one, Said::Returned, "3")).await,
        Fate::Matched
    );
    assert_eq!(state(&ledger, id).await, State::Reversed);
    assert_eq!(available(&ledger, "a").await, 1_000);
    let kinds = open_kinds(&ledger).await;
    assert_eq!(kinds, [DiscrepancyKind::CameBack]);
    sound(&ledger).await;
}

async fn open_kinds(ledger: &Ledger) -> Vec<DiscrepancyKind> {
    let open = ledger
        .discrepancies(DiscrepancyFilter::default())
        .await
        .unwrap();
    open.into_iter().map(|it| it.kind).collect()
}

#[tokio::test]
async fn a_return_before_the_network_was_told_is_a_failure() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let one = transfer(&ledger, id).await;
    hear(&ledger, word(&one, Said::Paid, "1")).await;
    let less = BankWord {
        amount: Some(usd(95)),
        ..word(&one, Said::Returned, "2")
    };
    assert_eq!(hear(&ledger, less).await, Fate::Matched);
    assert_eq!(state(&ledger, id).await, State::Failed);
    assert_eq!(transfer(&ledger, id).await.state, TransferState::Returned);
    assert_eq!(ledger.confirmations_due(now(), None, 9).await.unwrap(), []);
    assert!(
        begin_confirm(&ledger, id, confirm_attempt(id, 1))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_same_advice_twice_is_one_and_another_account_replaces_nothing() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    assert_eq!(advise(&ledger, id, "601613 31926819").await, Advised::Known);
    assert_eq!(open_kinds(&ledger).await, []);
    assert_eq!(
        advise(&ledger, id, "60161300000001").await,
        Advised::Contradicts
    );
    assert_eq!(transfer(&ledger, id).await.last4, "6819");
    assert_eq!(open_kinds(&ledger).await, [DiscrepancyKind::BankLeg]);
    // Until somebody has found out, it goes into no file.
    let usd = usd(0).currency;
    assert_eq!(ledger.to_be_paid("hub-us".into(), usd).await.unwrap(), []);
    sound(&ledger).await;
}

/// The acknowledgement may be slower than the advice it makes way for.
#[tokio::test]
async fn a_late_acknowledgement_takes_nothing_back() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    let late = record(id, report(Reported::Pending, None));
    ledger.record(late).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    // Nobody's word but the bank's makes it unpaid while the bank may pay it.
    written(&ledger).await;
    let failed = record(id, report(Reported::Failed, None));
    ledger.record(failed).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    assert_eq!(open_kinds(&ledger).await, [DiscrepancyKind::Evidence]);
}

#[tokio::test]
async fn an_advice_proves_that_an_unknown_request_was_accepted() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1_000)]).await;
    let id = reserve(&ledger, "a", 100).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    let meant = |refund: &str| ledger.meant("hub-us".into(), "a".into(), refund.into());
    assert_eq!(meant("r-9").await.unwrap(), Meant::Refund(id));
    assert_eq!(advise(&ledger, id, TO).await, Advised::Taken);
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    let nothing = ledger.meant("hub-us".into(), "zz".into(), "r-9".into());
    assert_eq!(nothing.await.unwrap(), Meant::Nothing);
}

#[tokio::test]
async fn a_rejected_transfer_is_due_again_under_the_next_number_only() {
    let (folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let first = transfer(&ledger, id).await;
    assert!(propose(&ledger, "mia").await.is_err(), "nothing is due");
    assert_eq!(
        hear(&ledger, word(&first, Said::Rejected, "1")).await,
        Fate::Matched
    );
    let second = transfer(&ledger, id).await;
    assert_eq!((second.state, second.number), (TransferState::Due, 2));
    assert_ne!(first.end_to_end, second.end_to_end);
    assert_eq!(second.account_sha256, first.account_sha256);
    written(&ledger).await;
    // The first was paid after all: loud, and nothing more goes out.
    assert_eq!(
        hear(&ledger, word(&first, Said::Paid, "2")).await,
        Fate::Contradicts
    );
    assert_eq!(open_kinds(&ledger).await, [DiscrepancyKind::BankLeg]);
    sound(&ledger).await;
    drop(ledger);
    // The journal knows both, the first as never executed.
    let ledger = Ledger::open(&options(&folder)).unwrap();
    assert_eq!(ledger.closed_accounts().await.unwrap(), []);
    sound(&ledger).await;
}

#[tokio::test]
async fn what_the_bank_says_otherwise_is_a_discrepancy_or_a_loose_end() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let one = transfer(&ledger, id).await;
    let other = BankWord {
        amount: Some(usd(99)),
        ..word(&one, Said::Paid, "1")
    };
    assert_eq!(hear(&ledger, other.clone()).await, Fate::Contradicts);
    assert_eq!(hear(&ledger, other).await, Fate::ReadBefore);
    let unknown = BankWord {
        end_to_end: Some("SALARY".into()),
        ..word(&one, Said::Paid, "2")
    };
    assert_eq!(hear(&ledger, unknown).await, Fate::Unmatched);
    let loose = ledger.loose_ends().await.unwrap();
    assert_eq!(loose.len(), 1);
    ledger
        .close_loose_end(loose[0].id, "ben".into(), "salaries".into(), now())
        .await
        .unwrap();
    assert_eq!(ledger.loose_ends().await.unwrap(), []);
    assert_eq!(
        hear(&ledger, word(&one, Said::Paid, "3")).await,
        Fate::Matched
    );
    // Twice on statements, under two references of the bank.
    assert_eq!(
        hear(&ledger, word(&one, Said::Paid, "4")).await,
        Fate::Contradicts
    );
    assert_eq!(open_kinds(&ledger).await.len(), 2);
}

#[tokio::test]
async fn people_say_it_twice_or_it_is_not_said() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    let new = NewStatement {
        said: Said::Paid,
        reference: "FPS1".into(),
        dated: None,
    };
    ledger
        .state_transfer(id, new, "mia".into(), now())
        .await
        .unwrap();
    let stated = transfer(&ledger, id).await.stated.unwrap();
    let agree = |name: &str, seen: &str| {
        let record = Record {
            actor: name.into(),
            observation: None,
            ..record(id, Event::Evidence(Evidence::Doubt))
        };
        ledger.agree_transfer(record, seen.to_owned())
    };
    assert!(matches!(
        agree("mia", &stated.hash).await,
        Err(LedgerError::SamePerson)
    ));
    assert!(agree("ben", "0").await.is_err());
    agree("ben", &stated.hash).await.unwrap();
    let paid = transfer(&ledger, id).await;
    assert_eq!(
        (paid.state, paid.reference.as_deref()),
        (TransferState::Paid, Some("FPS1"))
    );
    let fence = begin_confirm(&ledger, id, confirm_attempt(id, 1))
        .await
        .unwrap();
    end_confirm(&ledger, id, fence, StepEnd::Done).await;
    assert_eq!(state(&ledger, id).await, State::Succeeded);
    // The statement comes later (T19).
    assert_eq!(
        hear(&ledger, word(&paid, Said::Paid, "1")).await,
        Fate::Matched
    );
    assert_eq!(state(&ledger, id).await, State::Settled);
}

/// Nobody can be asked: the same bytes go again under the same number.
#[tokio::test]
async fn an_unheard_confirmation_goes_again_and_no_refusal_ends_the_doubt() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let one = transfer(&ledger, id).await;
    hear(&ledger, word(&one, Said::Paid, "1")).await;
    for end in [StepEnd::Unknown, StepEnd::Unsent, StepEnd::Unknown] {
        let claim = ledger.claim_step(id, holder(), now()).await.unwrap();
        ledger.let_go(id, claim.fence).await.unwrap();
        let known = claim
            .attempts
            .iter()
            .rfind(|it| it.step == "confirm")
            .cloned();
        let confirm = known.unwrap_or_else(|| confirm_attempt(id, 1));
        let fence = begin_confirm(&ledger, id, confirm).await.unwrap();
        end_confirm(&ledger, id, fence, end).await;
        assert!(matches!(
            transfer(&ledger, id).await.confirmation,
            Confirmation::Due(_)
        ));
    }
    let other = begin_confirm(&ledger, id, confirm_attempt(id, 2)).await;
    assert!(other.is_err(), "another key while the first is in doubt");
    let evidence = ledger.evidence(id).await.unwrap();
    let confirm = evidence
        .attempts
        .into_iter()
        .rfind(|it| it.step == "confirm")
        .unwrap();
    assert_eq!(confirm.sends.len(), 3);
    assert_eq!(confirm.sends.iter().filter(|it| it.not_executed).count(), 1);
    // Refused after one that may have been heard: it is still not known.
    let fence = begin_confirm(&ledger, id, confirm).await.unwrap();
    end_confirm(&ledger, id, fence, StepEnd::Refused).await;
    let doubted = transfer(&ledger, id).await.confirmation;
    assert!(matches!(doubted, Confirmation::Due(_)), "{doubted:?}");
}

#[tokio::test]
async fn a_refused_confirmation_waits_for_a_person() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let one = transfer(&ledger, id).await;
    hear(&ledger, word(&one, Said::Paid, "1")).await;
    let fence = begin_confirm(&ledger, id, confirm_attempt(id, 1))
        .await
        .unwrap();
    end_confirm(&ledger, id, fence, StepEnd::Refused).await;
    let stuck = transfer(&ledger, id).await;
    assert!(
        matches!(stuck.confirmation, Confirmation::Stuck(_)),
        "{stuck:?}"
    );
    assert_eq!(ledger.confirmations_due(now(), None, 9).await.unwrap(), []);
    ledger.confirm_anew(id, "ben".into(), now()).await.unwrap();
    let fence = begin_confirm(&ledger, id, confirm_attempt(id, 2))
        .await
        .unwrap();
    end_confirm(&ledger, id, fence, StepEnd::Done).await;
    assert_eq!(state(&ledger, id).await, State::Settled);
}

/// While the bank may pay it, T15 cannot call it unpaid.
#[tokio::test]
async fn people_cannot_call_unpaid_what_the_bank_may_pay() {
    use crate::domain::resolution::{Outcome, Proof};
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let new = NewProposal {
        id,
        outcome: Outcome::Failed,
        proof: Proof {
            kind: "portal".into(),
            reference: "x".into(),
            dated: None,
            file_sha256: None,
        },
        by: "mia".into(),
        right: None,
        now: now(),
    };
    let refused = ledger.propose(new).await;
    assert!(
        matches!(refused, Err(LedgerError::NotAllowed(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn accounts_are_erased_thirty_days_after_the_end_and_the_audit_has_none() {
    let (folder, ledger) = open();
    let id = due(&ledger, "a").await;
    written(&ledger).await;
    let one = transfer(&ledger, id).await;
    assert_eq!(
        ledger
            .reveal_account(id, "ben".into(), now())
            .await
            .unwrap()
            .number,
        "60161331926819"
    );
    hear(&ledger, word(&one, Said::Paid, "1")).await;
    hear(&ledger, word(&one, Said::Returned, "2")).await;
    let at = |days| now() + TimeDelta::days(days);
    assert_eq!(
        ledger
            .erase_accounts(TimeDelta::days(30), at(29))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        ledger
            .erase_accounts(TimeDelta::days(30), at(31))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        ledger
            .erase_accounts(TimeDelta::days(30), at(32))
            .await
            .unwrap(),
        0
    );
    assert!(!transfer(&ledger, id).await.account_kept);
    assert!(
        ledger
            .reveal_account(id, "ben".into(), at(33))
            .await
            .is_err()
    );
    // The same advice once more is still the same.
    assert_eq!(advise(&ledger, id, TO).await, Advised::Known);
    for entry in ledger.audit(None, 1_000).await.unwrap() {
        assert!(
            !entry.detail.contains("31926819") && !entry.detail.contains("55779911"),
            "{entry:?}"
        );
    }
    let journal = std::fs::read_dir(folder.path().join("journal")).unwrap();
    for file in journal {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("31926819"));
    }
    sound(&ledger).await;
}
