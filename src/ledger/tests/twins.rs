//! Payments that look like one paid twice, and what somebody was composing and left.

use super::*;
use crate::domain::parked::Typed;

fn paid(id: &str, minor: i64, hours: i64, last4: Option<&str>, payer: Option<&str>) -> ImportRow {
    ImportRow {
        captured_at: now() - TimeDelta::hours(hours),
        last4: last4.map(str::to_owned),
        payer: payer.map(str::to_owned),
        ..row(id, minor)
    }
}

async fn twin(ledger: &Ledger, of: &str) -> Option<String> {
    let found = ledger.twins(vec![payment_id(of)]).await.unwrap();
    found[0].clone().map(|twin| twin.reference)
}

#[tokio::test]
async fn the_same_payer_or_last_four_and_amount_within_a_day_is_a_twin() {
    let (_folder, ledger) = open();
    let rows = vec![
        paid("card", 900, 100, Some("1111"), Some("Ann")),
        paid("card-again", 900, 99, Some("1111"), Some("Ann Ash")),
        paid("a-day-later", 900, 76, Some("1111"), Some("Nan")),
        paid("too-late", 900, 51, Some("1111"), None),
        paid("other-amount", 901, 100, Some("1111"), Some("Ann")),
        paid("name", 500, 10, None, Some("Bob")),
        paid("name-again", 500, 12, Some("2222"), Some("bob")),
        paid("nobody", 500, 10, None, None),
    ];
    import(&ledger, rows).await;
    let twin_of = async |id: &str| twin(&ledger, id).await;
    assert_eq!(twin_of("card").await.as_deref(), Some("INV-card-again"));
    assert_eq!(twin_of("card-again").await.as_deref(), Some("INV-card"));
    // 24 hours and no more; of several the closest.
    assert_eq!(
        twin_of("a-day-later").await.as_deref(),
        Some("INV-card-again")
    );
    assert_eq!(twin_of("too-late").await, None);
    assert_eq!(twin_of("other-amount").await, None);
    assert_eq!(twin_of("name").await.as_deref(), Some("INV-name-again"));
    assert_eq!(twin_of("nobody").await, None);
    reserve(&ledger, "card", 900).await;
    let of = vec![payment_id("card-again")];
    let known = ledger.twins(of).await.unwrap()[0].clone().unwrap();
    assert_eq!((known.paid, known.given_back), (usd(900), usd(900)));
}

#[tokio::test]
async fn a_draft_is_ones_own_and_goes_with_its_refund() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000), row("b", 1000)]).await;
    let typed = |amount: &str| Typed {
        amount: amount.into(),
        ..Typed::default()
    };
    let park = |who: &str, id: &str, amount: &str| {
        ledger.park(who.into(), payment_id(id), typed(amount), now())
    };
    park("mia", "a", "1").await.unwrap();
    park("mia", "a", "2").await.unwrap();
    park("mia", "b", "3").await.unwrap();
    park("max", "a", "4").await.unwrap();
    let gone = park("mia", "gone", "5").await;
    assert!(matches!(gone, Err(LedgerError::NotFound(_))), "{gone:?}");
    let amounts = async |who: &str| -> Vec<String> {
        let drafts = ledger.drafts(who.into()).await.unwrap();
        let mut amounts: Vec<_> = drafts.into_iter().map(|it| it.typed.amount).collect();
        amounts.sort();
        amounts
    };
    assert_eq!(amounts("mia").await, ["2", "3"]);
    assert_eq!(amounts("max").await, ["4"]);
    let audit = ledger.audit(None, 100).await.unwrap().len();
    let mut made = reservation("a", 100);
    made.content.maker = "mia".into();
    ledger.reserve(made).await.unwrap();
    assert_eq!(amounts("mia").await, ["3"]);
    assert_eq!(amounts("max").await, ["4"], "another's stays");
    ledger
        .drop_draft("mia".into(), payment_id("b"))
        .await
        .unwrap();
    assert_eq!(amounts("mia").await, [""; 0]);
    let told = ledger.audit(None, 100).await.unwrap().len();
    assert_eq!(told, audit + 2, "only the refund is told");
    sound(&ledger).await;
}
