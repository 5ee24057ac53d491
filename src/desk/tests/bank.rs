//! The bank leg at the desk, on a clock of the test's: advice, payment file, the bank's word, and the
//! confirmation that the desk sends by itself.

use super::*;
use crate::desk::face::{
    BankAnswer, BankAsk, ImportFile, Reconciled, RefundCard, Refusal, ToDoItem, TransferWord,
    Transfers,
};
use crate::domain::bank::{BankAccount, OwnBank, PainVersion};
use crate::domain::digest::sha256;
use crate::domain::todo::{Act, Tab};
use crate::domain::transfer::{
    Confirmation, FileState, PaymentFile, Said, Transfer, TransferState,
};
use crate::ledger::{Called, Kept, NewAnswer};
use crate::providers::network::{
    About, Answer, Call, Errand, Message, Network, Received, Response,
};
use crate::providers::{BuildError, Deed, RefundFormat, RefundOrder};

mod stage;
use stage::*;

const NUMBER: &str = "60161331926819";

/// What a payer is told, and on which day a note says it was sent.
async fn told(stage: &Stage, id: RefundId) -> (String, bool) {
    match stage.ask(Request::Trace(id.to_string())).await {
        Reply::Trace(note) => (note.said, note.sent_on.is_some()),
        other => panic!("{other:?}"),
    }
}

/// What the network agreed to, and what lies in a file, is not money that left.
#[tokio::test]
async fn a_payer_is_told_of_money_only_once_the_bank_paid() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Pending);
    let arranged =
        "Your refund of 12.34 USD is being arranged with your bank; no money has been sent yet.";
    assert_eq!(told(&stage, id).await, (arranged.to_owned(), false));
    assert_eq!(stage.advised(NUMBER).await, Answer::Acknowledged);
    stage.written().await;
    let open = "Your refund of 12.34 USD is not finished: something on our side is still open, and I can promise no date yet.";
    assert_eq!(told(&stage, id).await, (open.to_owned(), false));
    let end_to_end = stage.transfer(id).await.end_to_end;
    stage.reconcile(&entry(&end_to_end, "12.34", "DBIT")).await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Settled);
    let (said, dated) = told(&stage, id).await;
    assert!(said.starts_with("We sent 12.34 USD on ") && dated, "{said}");
}

#[tokio::test]
async fn paid_by_file_and_statement_the_network_is_told_and_it_is_settled() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    let step = stage.todo("mia").await.remove(0).step;
    assert_eq!((step.act, step.tab), (Act::Pay, Tab::Mine), "{step:?}");
    assert!(
        step.what.contains("…6819") && !step.what.contains(NUMBER),
        "{step:?}"
    );
    let (file, bytes) = stage.written().await;
    assert_eq!((file.state, file.count), (FileState::Written, 1));
    let text = String::from_utf8(bytes.clone()).unwrap();
    let transfer = stage.transfer(id).await;
    assert!(
        text.contains(&transfer.end_to_end) && text.contains("<Id>31926819</Id>"),
        "{text}"
    );
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = stage
            .folder
            .path()
            .join("pay.xml")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // The same bytes each time, and never over another file.
    let to = stage.folder.path().join("again.xml");
    let write = |to: &std::path::Path| BankAsk::WriteFile {
        file: file.id,
        to: to.to_owned(),
    };
    stage.file("ben", write(&to)).await;
    assert_eq!(std::fs::read(&to).unwrap(), bytes);
    std::fs::write(&to, "mine").unwrap();
    assert_eq!(
        stage.bank_by("ben", write(&to)).await.unwrap_err().code,
        "exists"
    );
    stage.work().await;
    assert_eq!(network.told(), [], "nothing is told before it is paid");
    let statement = entry(&transfer.end_to_end, "12.34", "DBIT");
    let read = stage.reconcile(&statement).await;
    assert_eq!((read.paid, read.read), (1, 1), "{read:?}");
    let loud = stage.todo("ben").await.remove(0).step;
    assert!(loud.what.starts_with("PAID, NOT CONFIRMED"), "{loud:?}");
    assert_eq!(loud.tab, Tab::Problems);
    assert_eq!(stage.work().await.sent, 1);
    assert_eq!(stage.refund(id).await.state, State::Settled);
    assert!(
        network.told()[0]
            .1
            .starts_with(&format!("n-1 DBIT-{}", transfer.end_to_end))
    );
    // Read once more, nothing happens; and there is no work left.
    let again = stage.reconcile(&statement).await;
    assert_eq!((again.paid, again.known), (0, 1));
    assert_eq!(stage.work().await.sent, 0);
    let back = stage
        .reconcile(&entry(&transfer.end_to_end, "12.34", "CRDT"))
        .await;
    assert_eq!(back.returned, 1, "{back:?}");
    assert_eq!(stage.refund(id).await.state, State::Reversed);
}

#[tokio::test]
async fn nobody_agrees_to_their_own_file_or_to_another_than_they_saw() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    stage.due().await;
    let propose = || BankAsk::ProposeFile {
        account: None,
        currency: None,
    };
    let file = stage.file("mia", propose()).await;
    let tab = async |name| stage.todo(name).await[0].step.tab;
    assert_eq!(
        (tab("mia").await, tab("ben").await),
        (Tab::Mine, Tab::Approvals)
    );
    let approve = |seen: &str| BankAsk::ApproveFile {
        file: file.id,
        seen: seen.to_owned(),
    };
    let own = stage
        .bank_by("mia", approve(&file.sha256))
        .await
        .unwrap_err();
    assert_eq!(own.code, "same_person");
    assert!(
        stage
            .bank_by("ben", approve(&"0".repeat(64)))
            .await
            .is_err()
    );
    let to = stage.folder.path().join("early.xml");
    let write = BankAsk::WriteFile {
        file: file.id,
        to: to.clone(),
    };
    assert!(stage.bank_by("ben", write).await.is_err());
    assert!(!to.exists());
    assert_eq!(
        stage.bank_by("ben", propose()).await.unwrap_err().code,
        "nothing_due"
    );
    let give_up = BankAsk::GiveUpFile {
        file: file.id,
        note: "wrong".into(),
    };
    assert_eq!(stage.file("ben", give_up).await.state, FileState::GivenUp);
    stage.file("ben", propose()).await;
}

#[tokio::test]
async fn the_same_advice_is_one_and_another_one_is_a_discrepancy() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    stage.advised(NUMBER).await;
    stage.advised("60161300000001").await;
    assert_eq!(stage.transfers().await.transfers.len(), 1);
    assert_eq!(stage.transfer(id).await.last4, "6819");
    let open = stage.todo("ben").await;
    assert!(open.iter().any(|it| it.discrepancy.is_some()), "{open:?}");
    let propose = BankAsk::ProposeFile {
        account: None,
        currency: None,
    };
    assert!(
        stage.bank_by("mia", propose).await.is_err(),
        "nothing goes out meanwhile"
    );
}

/// Unknown ids are taken in and kept; a decline before any account ends the refund unpaid.
#[tokio::test]
async fn declined_or_unknown_advices_are_acknowledged() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.compose("P0").await;
    stage.work().await;
    let advice = |payment: &str, refund: &str, declined: Option<&str>| {
        received(Message::AccountAdvice {
            payment: payment.into(),
            refund: refund.into(),
            account: None,
            declined: declined.map(str::to_owned),
        })
    };
    for (payment, refund) in [("pay-0", "n-9"), ("pay-77", "n-9")] {
        let unknown = advice(payment, refund, None);
        let answer = stage.desk.account_advised("hub", &unknown).await.unwrap();
        assert_eq!(answer, Answer::Acknowledged);
    }
    assert_eq!(stage.transfers().await.unexplained.len(), 1);
    let declined = advice("pay-0", "n-1", Some("account closed"));
    stage.desk.account_advised("hub", &declined).await.unwrap();
    let refund = stage.refund(id).await;
    assert_eq!(refund.state, State::Failed);
    assert!(refund.said.unwrap().contains("account closed"));
}

/// Mastercard has no inquiry: the same bytes go again, with growing waits, within the window only.
#[tokio::test]
async fn an_unheard_confirmation_goes_again_with_the_same_bytes_until_the_window_ends() {
    let network = FakeNetwork::new(&[doubt()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    stage.written().await;
    let reference = stage.transfer(id).await.end_to_end;
    stage.reconcile(&entry(&reference, "12.34", "DBIT")).await;
    for _ in 0..40 {
        stage.work().await;
        stage.clock.advance(Duration::from_hours(1));
    }
    let told = network.told();
    assert!(told.len() >= 4, "{}", told.len());
    assert!(told.iter().all(|it| *it == told[0]), "one key, one body");
    let transfer = stage.transfer(id).await;
    assert!(
        matches!(transfer.confirmation, Confirmation::Stuck(_)),
        "{transfer:?}"
    );
    assert_eq!(stage.refund(id).await.state, State::ActionRequired);
    let step = stage.todo("ben").await.remove(0).step;
    assert!(step.what.starts_with("PAID, NOT CONFIRMED"), "{step:?}");
    assert_eq!(step.act, Act::Resolve);
    let before = told.len();
    stage.work().await;
    assert_eq!(network.told().len(), before, "and no more by itself");
}

#[tokio::test]
async fn a_refused_confirmation_waits_for_a_person_and_then_has_a_new_key() {
    let refused = Finding::new(Evidence::Refused, "400 STVL-9999");
    let network = FakeNetwork::new(&[refused, confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    stage.written().await;
    let reference = stage.transfer(id).await.end_to_end;
    stage.reconcile(&entry(&reference, "12.34", "DBIT")).await;
    stage.work().await;
    let step = stage.todo("ben").await.remove(0).step;
    assert!(step.what.contains("STVL-9999"), "{step:?}");
    stage.clock.advance(Duration::from_hours(1));
    stage.work().await;
    assert_eq!(network.told().len(), 1);
    let confirm = BankAsk::Confirm {
        refund: id.to_string(),
    };
    stage.bank_by("ben", confirm).await.unwrap();
    stage.work().await;
    let told = network.told();
    assert_eq!(told.len(), 2);
    assert_ne!(told[0].0, told[1].0, "a new message");
    assert_eq!(stage.refund(id).await.state, State::Settled);
}

#[tokio::test]
async fn a_question_about_a_confirmed_refund_is_answered_by_its_name() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    stage.written().await;
    // Not paid yet: there is nothing to tell.
    stage.asked("q-0").await;
    stage.work().await;
    assert!(network.told().is_empty() && network.ran().is_empty());
    let reference = stage.transfer(id).await.end_to_end;
    stage.reconcile(&entry(&reference, "12.34", "DBIT")).await;
    stage.work().await;
    assert_eq!(network.told().len(), 1);
    stage.asked("q-1").await;
    stage.work().await;
    stage.work().await;
    let ran = network.ran();
    let [errand] = &ran[..] else {
        panic!("{ran:?}");
    };
    let About::RefundPaid {
        payment,
        refund,
        retrieval,
        amount,
        transfer,
    } = &errand.about
    else {
        panic!("{errand:?}");
    };
    assert_eq!(
        (payment.as_str(), refund.as_str(), retrieval.as_str()),
        ("pay-0", "n-1", "q-1")
    );
    assert_eq!(amount.minor, 1_234);
    let told = network.told();
    assert!(told[0].1.contains(&transfer.reference), "{told:?}");
    assert_eq!(told.len(), 1, "the confirmation itself went once");
    assert_eq!(stage.refund(id).await.state, State::Settled);
}

fn said(id: RefundId, said: Said, reference: &str) -> BankAsk {
    BankAsk::State(TransferWord {
        refund: id.to_string(),
        said,
        reference: reference.to_owned(),
        dated: None,
    })
}

fn card(reply: Reply) -> RefundCard {
    match reply {
        Reply::Refund(card) => *card,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_people_say_what_became_of_a_transfer() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    let first = card(
        stage
            .bank_by("mia", said(id, Said::Paid, "FPS 4000056655665556"))
            .await
            .unwrap(),
    );
    assert_eq!(first.transfers[0].stated.as_ref().unwrap().by, "mia");
    // A reference is looked up by: it is kept as it is.
    assert_eq!(
        first.transfers[0].stated.as_ref().unwrap().reference,
        "FPS 4000056655665556"
    );
    assert_eq!(stage.todo("ben").await[0].step.tab, Tab::Approvals);
    let alone = stage
        .bank_by("mia", said(id, Said::Paid, "x"))
        .await
        .unwrap_err();
    assert_eq!(alone.code, "same_person");
    let other = stage
        .bank_by("ben", said(id, Said::Rejected, "x"))
        .await
        .unwrap_err();
    assert_eq!(other.code, "contradicts");
    let turn_down = BankAsk::TurnDown {
        refund: id.to_string(),
        note: "not found".into(),
    };
    stage.bank_by("ben", turn_down).await.unwrap();
    stage
        .bank_by("ben", said(id, Said::Paid, "FPS1"))
        .await
        .unwrap();
    stage
        .bank_by("mia", said(id, Said::Paid, "FPS1"))
        .await
        .unwrap();
    assert_eq!(stage.transfer(id).await.state, TransferState::Paid);
    stage.work().await;
    assert_eq!(
        stage.refund(id).await.state,
        State::Succeeded,
        "on no statement yet"
    );
    stage
        .bank_by("ben", said(id, Said::Returned, "line 9"))
        .await
        .unwrap();
    stage
        .bank_by("mia", said(id, Said::Returned, "line 9"))
        .await
        .unwrap();
    assert_eq!(stage.refund(id).await.state, State::Reversed);
}

#[tokio::test]
async fn a_report_that_rejects_the_file_makes_its_transfers_due_again() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    let (file, _) = stage.written().await;
    let report = format!(
        "<Document><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>{}</OrgnlMsgId><GrpSts>RJCT</GrpSts>
         <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>",
        file.message_id
    );
    assert_eq!(stage.reconcile(&report).await.rejected, 1);
    assert_eq!(stage.reconcile(&report).await.known, 1);
    let next = stage.transfer(id).await;
    assert_eq!((next.number, next.state), (2, TransferState::Due));
    assert!(stage.refund(id).await.said.unwrap().contains("AC04"));
}

/// A file that was uploaded twice: the bank rejects the copy and pays the first.
#[tokio::test]
async fn a_copy_that_the_bank_rejects_makes_nothing_due_again() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    let (file, _) = stage.written().await;
    let report = format!(
        "<Document><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>{}</OrgnlMsgId><GrpSts>RJCT</GrpSts>
         <StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>",
        file.message_id
    );
    let read = stage.reconcile(&report).await;
    assert_eq!((read.rejected, read.unexplained), (0, 1), "{read:?}");
    let still = stage.transfer(id).await;
    assert_eq!((still.number, still.state), (1, TransferState::InFile));
}

#[tokio::test]
async fn what_the_desk_cannot_explain_is_kept_and_explained_by_a_person() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let read = stage.reconcile(&entry("SALARIES", "900.00", "DBIT")).await;
    assert_eq!(read.unexplained, 1, "{read:?}");
    // Somebody's payment is none of the bank leg's business, nor is another account.
    assert_eq!(
        stage
            .reconcile(&entry("INV-7", "9.00", "CRDT"))
            .await
            .passed_over,
        1
    );
    let elsewhere = entry("RENT", "1.00", "DBIT").replace("55779911", "11111111");
    assert_eq!(stage.reconcile(&elsewhere).await.passed_over, 1);
    let open = stage.transfers().await.unexplained;
    assert!(open[0].detail.contains("SALARIES"), "{open:?}");
    let explain = BankAsk::Explain {
        id: open[0].id,
        note: "salaries of November".into(),
    };
    stage.answer("ben", explain).await;
    assert_eq!(stage.transfers().await.unexplained, []);
    let broken = BankAsk::Reconcile {
        files: vec![ImportFile {
            name: "half.xml".into(),
            bytes: b"<Document><BkToCstmrStmt>".to_vec(),
        }],
    };
    assert_eq!(
        stage.bank_by("mia", broken).await.unwrap_err().code,
        "unreadable"
    );
}

#[tokio::test]
async fn an_account_is_revealed_by_name_and_erased_in_time() {
    let network = FakeNetwork::new(&[confirmed()]);
    let stage = Stage::network(&network).await;
    let id = stage.due().await;
    let reveal = || BankAsk::Reveal {
        refund: id.to_string(),
    };
    let BankAnswer::Account(account) = stage.answer("ben", reveal()).await else {
        panic!("no account");
    };
    assert_eq!(account.number, NUMBER);
    assert!(!format!("{account:?}").contains("6819"));
    let told = stage.desk.ledger.audit(None, 1_000).await.unwrap();
    assert!(
        told.iter()
            .any(|it| it.action == "account.revealed" && it.actor == "ben")
    );
    assert!(
        told.iter().all(|it| !it.detail.contains("31926819")),
        "{told:?}"
    );
    stage.written().await;
    let reference = stage.transfer(id).await.end_to_end;
    stage.reconcile(&entry(&reference, "12.34", "DBIT")).await;
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Settled);
    stage.clock.advance(Duration::from_hours(31 * 24));
    stage.work().await;
    assert!(!stage.transfer(id).await.account_kept);
    assert!(stage.bank_by("ben", reveal()).await.is_err());
}
