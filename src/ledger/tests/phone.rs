//! What belongs to a call, and when its refunds went out.

use super::*;
use crate::domain::phone::Kin;

fn named(id: &str, payer: &str, order: &str, details: &[(&str, &str)], days: i64) -> ImportRow {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let details = details
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    ImportRow {
        payer: text(payer),
        order: text(order),
        details: details.collect(),
        captured_at: now() - TimeDelta::days(days),
        ..row(id, 1000)
    }
}

async fn kin(ledger: &Ledger, id: &str) -> Vec<(String, Kin)> {
    let (relatives, more) = ledger.relatives(payment_id(id)).await.unwrap();
    assert!(!more);
    relatives
        .into_iter()
        .map(|it| (it.payment.provider_payment_id, it.kin))
        .collect()
}

#[tokio::test]
async fn payments_of_one_payer_or_order_are_found_on_all_accounts() {
    let (_folder, ledger) = open();
    let jane = [("email", "jane@shop.example"), ("customer_id", "C-1")];
    let mut abroad = named("other-account", "", "", &[("customer_id", "c-1")], 5);
    abroad.account = "prism-us".into();
    let rows = vec![
        named("asked", "Jane Doe", "ORD-7", &jane, 10),
        named("same-order", "John Roe", "ord-7", &[], 9),
        abroad,
        named(
            "mail-old",
            "J. D.",
            "",
            &[("email", "JANE@shop.example")],
            90,
        ),
        named("mail-new", "", "", &[("email", "jane@shop.example")], 2),
        named("name", "JANE DOE", "", &[], 1),
        // Nearer than by name: by order.
        named("both", "Jane Doe", "ORD-7", &[], 3),
        named(
            "nobody",
            "Max Poe",
            "ORD-8",
            &[("email", "max@shop.example")],
            1,
        ),
        named("blank", "", "", &[], 1),
    ];
    import(&ledger, rows).await;
    let found = kin(&ledger, "asked").await;
    let found: Vec<(&str, Kin)> = found.iter().map(|(id, kin)| (id.as_str(), *kin)).collect();
    let expected = [
        ("asked", Kin::Itself),
        ("both", Kin::Order),
        ("same-order", Kin::Order),
        ("other-account", Kin::Customer),
        ("mail-new", Kin::Email),
        ("mail-old", Kin::Email),
        ("name", Kin::Name),
    ];
    assert_eq!(found, expected);
    // What has nothing in common with anything stands alone.
    assert_eq!(kin(&ledger, "blank").await, [("blank".into(), Kin::Itself)]);
    let nothing = ledger.relatives(payment_id("gone")).await;
    assert!(matches!(nothing, Err(LedgerError::NotFound("payment"))));
}

#[tokio::test]
async fn of_many_the_nearest_are_shown_and_it_is_said_that_there_are_more() {
    let (_folder, ledger) = open();
    let mut rows: Vec<ImportRow> = (0..45)
        .map(|number| named(&format!("n{number}"), "Jane Doe", "", &[], number + 3))
        .collect();
    rows.push(named("order", "", "ORD-1", &[], 300));
    rows[44].order = Some("ORD-1".into());
    import(&ledger, rows).await;
    let (relatives, more) = ledger.relatives(payment_id("n44")).await.unwrap();
    assert!(more);
    let ids: Vec<&str> = relatives
        .iter()
        .map(|it| it.payment.provider_payment_id.as_str())
        .collect();
    assert_eq!(ids.len(), 40);
    assert_eq!(ids[..4], ["n44", "order", "n0", "n1"]);
}

/// A date is only told of what went out and may have arrived.
#[tokio::test]
async fn a_refund_was_sent_when_its_first_send_that_counts_went_out() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    assert_eq!(ledger.sent(id).await.unwrap().sent, None);
    let fence = claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    let sent = ledger.sent(id).await.unwrap();
    assert_eq!(
        (sent.sent, sent.refund.state),
        (Some(now()), State::Submitting)
    );
    assert_eq!(sent.correlation, Some(id.correlation("refund", 1)));
    let turned_away = Record {
        fence: Some(fence),
        ..record(id, Event::Evidence(Evidence::TurnedAway))
    };
    ledger.record(turned_away).await.unwrap();
    let sent = ledger.sent(id).await.unwrap();
    assert_eq!((sent.sent, sent.refund.state), (None, State::Approved));
    let (relatives, _) = ledger.relatives(payment_id("a")).await.unwrap();
    assert_eq!(relatives[0].refunds, [sent]);
    sound(&ledger).await;
}
