//! What is typed and left: kept per person, without card numbers, and no refund.

use super::*;
use crate::desk::face::DraftAsk;
use crate::domain::parked::{Parked, Typed};

impl Stage {
    async fn parks(&self, name: &str, ask: DraftAsk) -> Result<Vec<Parked>, Refusal> {
        match self.person(name, Request::Drafts(ask)).await? {
            Reply::Drafts(drafts) => Ok(drafts),
            other => panic!("{other:?}"),
        }
    }

    async fn id_of(&self, payment: &str) -> crate::domain::id::PaymentId {
        match self.ask(Request::Payment(payment.to_owned())).await {
            Reply::Payment(card) => card.payment.id,
            other => panic!("{other:?}"),
        }
    }
}

fn typed(note: &str) -> Typed {
    Typed {
        amount: "50%".to_owned(),
        reason: Some("other".to_owned()),
        note: note.to_owned(),
        ..Typed::default()
    }
}

#[tokio::test]
async fn a_draft_is_kept_for_whoever_typed_it_and_holds_nothing() {
    let stage = Stage::with(2, ROLES, noon()).await;
    let payment = stage.id_of("P0").await;
    let park = DraftAsk::Park {
        payment,
        typed: typed("card 4111 1111 1111 1111"),
    };
    let kept = stage.parks("mia", park.clone()).await.unwrap();
    assert_eq!((kept.len(), kept[0].reference.as_str()), (1, "P0"));
    assert_eq!(kept[0].typed.amount, "50%");
    assert!(!kept[0].typed.note.contains("1111 1111"), "{kept:?}");
    assert_eq!(stage.parks("max", DraftAsk::List).await.unwrap(), []);
    assert_eq!(code(&stage.parks("vic", park).await), "role");
    let endless = DraftAsk::Park {
        payment,
        typed: typed(&"x".repeat(501)),
    };
    assert_eq!(code(&stage.parks("mia", endless).await), "text_too_long");
    let Reply::Payment(card) = stage.ask(Request::Payment("P0".to_owned())).await else {
        panic!("no card");
    };
    assert_eq!(card.payment.figures().held.minor, 0);
    // Another desk on the same data: what was typed is there.
    let stage = stage.reopened(&format!("{CONFIG}{ROLES}"), noon());
    assert_eq!(stage.parks("mia", DraftAsk::List).await.unwrap(), kept);
    stage.makes("max", "P0", "1").await.unwrap();
    assert_eq!(stage.parks("mia", DraftAsk::List).await.unwrap().len(), 1);
    stage.makes("mia", "P0", "2").await.unwrap();
    assert_eq!(stage.parks("mia", DraftAsk::List).await.unwrap(), []);
}

/// A duplicate goes back once: not where the other of the two did.
#[tokio::test]
async fn a_duplicate_whose_twin_went_back_is_refused_by_name() {
    let stage = Stage::with(0, ROLES, noon()).await;
    let day = (stage.clock.now() - chrono::TimeDelta::days(9)).date_naive();
    let mut text =
        "account,payment_id,reference,amount,currency,captured_at,settled_at,last4\n".to_owned();
    for (number, hour) in [(1, "08"), (2, "09")] {
        text += &format!(
            "hub,twin-{number},T{number},90.00,USD,{day}T{hour}:00:00Z,{day}T13:00:00Z,4242\n"
        );
    }
    let file = ImportFile {
        name: "twins.csv".to_owned(),
        bytes: text.into_bytes(),
    };
    let import = Import {
        files: vec![file],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    };
    stage.person("ina", Request::Import(import)).await.unwrap();
    let ids = vec![stage.id_of("T1").await, stage.id_of("T2").await];
    let Reply::Twins(twice) = stage.ask(Request::Twins(ids.clone())).await else {
        panic!("no twins");
    };
    assert_eq!((twice.len(), twice), (2, ids));
    let Reply::Payment(card) = stage.ask(Request::Payment("T2".to_owned())).await else {
        panic!("no card");
    };
    assert_eq!(card.twin.unwrap().reference, "T1");
    let twice = |reason: &str| Draft {
        reason: reason.to_owned(),
        ..draft("T2", "90")
    };
    stage.makes("mia", "T1", "90").await.unwrap();
    let refused = stage
        .person("mia", Request::Compose(twice("duplicate")))
        .await;
    assert_eq!(code(&refused), "twin_refunded");
    let meant = stage
        .person("mia", Request::Compose(twice("customer_request")))
        .await;
    assert_eq!(code(&meant), "-");
}
