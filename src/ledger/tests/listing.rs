//! Lists: keyset paging, filters, sums and search, against what the domain says row by row.

use rstest::rstest;

use super::*;
use crate::domain::eligibility;
use crate::domain::limits::{Limit, Limits};
use crate::domain::listing::{Direction, From, PaymentFilter, PaymentQuery, PaymentSort};

/// Payments of every kind: settled or not, old or not, refunded or not, another account, captures.
fn rows() -> Vec<ImportRow> {
    let mut rows = Vec::new();
    for number in 0..60_i64 {
        let mut one = row(&format!("pay{number:03}"), 1_000 + number * 7 % 50);
        one.captured_at = now() - TimeDelta::days(number * 8);
        one.settled_at = match number % 5 {
            0 => None,
            1 => Some(now() + TimeDelta::days(1)),
            _ => Some(one.captured_at + TimeDelta::days(1)),
        };
        one.refunded = (number % 7 == 0).then_some(one.amount);
        if number % 11 == 0 {
            one.account = "prism-us".into();
        }
        one.payer = Some(format!("Payer {}", number % 4));
        if number % 6 == 2 {
            let mut second = one.clone();
            one.capture_id = Some("first".into());
            second.capture_id = Some("second".into());
            second.captured_at = one.captured_at + TimeDelta::days(200);
            let mut third = second.clone();
            third.capture_id = Some("third".into());
            // Of some payments one capture is too old, unsettled, overdrawn or all back.
            match number / 6 % 5 {
                0 => third.captured_at = now() - TimeDelta::days(400),
                1 => third.settled_at = None,
                2 => third.refunded = Some(usd(third.amount.minor + 300)),
                3 => third.refunded = Some(third.amount),
                _ => {}
            }
            rows.extend([second, third]);
        }
        rows.push(one);
    }
    rows
}

async fn filled() -> (TempDir, Ledger) {
    let (folder, ledger) = open();
    let counts = import(&ledger, rows()).await;
    assert_eq!(counts.rejected, vec![]);
    (folder, ledger)
}

fn query(sort: PaymentSort, direction: Direction, from: From, limit: u32) -> PaymentQuery {
    PaymentQuery {
        filter: PaymentFilter::default(),
        sort,
        direction,
        from,
        limit,
    }
}

async fn ids(ledger: &Ledger, query: PaymentQuery) -> Vec<PlacedPayment> {
    ledger.payments(query, judgement()).await.unwrap()
}

#[tokio::test]
async fn what_has_no_settlement_date_is_newest() {
    let (_folder, ledger) = filled().await;
    let page = ids(
        &ledger,
        query(
            PaymentSort::Settled,
            Direction::Descending,
            From::Start,
            1000,
        ),
    )
    .await;
    let dates: Vec<_> = page.iter().map(|it| it.payment.settled_at()).collect();
    let first_dated = dates.iter().position(Option::is_some).unwrap();
    assert!(first_dated > 0);
    assert!(dates[first_dated..].iter().all(Option::is_some));
}

fn limits(cap: Option<i64>, percent: Option<u32>) -> Limits {
    let of = |cap| Limit::Of([(usd(0).currency, cap)].into());
    Limits {
        cap_per_payment: cap.map(of).unwrap_or_default(),
        max_percent: percent.map(Limit::Of).unwrap_or_default(),
        ..Limits::default()
    }
}

/// The SQL of "refundable" and of the sums says just what the domain says payment by payment.
#[rstest]
#[case::no_limits(Limits::default())]
#[case::a_cap(limits(Some(1_040), None))]
#[case::a_share(limits(None, Some(37)))]
#[case::both(limits(Some(2_030), Some(33)))]
#[tokio::test]
async fn refundable_is_the_same_word_in_sql_and_in_the_domain(#[case] limits: Limits) {
    let (folder, ledger) = filled().await;
    let by_hand = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let blocked = by_hand.execute(
        "INSERT INTO discrepancies (payment_id, kind, detail, opened_at)
         SELECT id, 'late_payout', 'x', 0 FROM payments
         WHERE account = 'hub-us' AND available_minor > 0 ORDER BY id LIMIT 9",
        [],
    );
    assert_eq!(blocked.unwrap(), 9);
    let compensated = by_hand.execute(
        "INSERT INTO external_refunds (payment_id, account, amount_minor, compensation_minor, currency, state,
             source, origin, first_seen, last_seen)
         SELECT id, account, 7, 20 + id % 13, currency, CASE id % 3 WHEN 0 THEN 'pending' WHEN 1 THEN 'done' ELSE 'failed' END,
             'sync', '', 0, 0 FROM payments WHERE id % 2 = 0",
        [],
    );
    assert!(compensated.unwrap() > 0);
    let terms = || Terms {
        limits: limits.clone(),
        ..terms()
    };
    let mut judgement = judgement();
    for (_, of_account) in &mut judgement.accounts {
        of_account.limits = limits.clone();
    }
    let judgement = || judgement.clone();
    let list = async |query: PaymentQuery| ledger.payments(query, judgement()).await.unwrap();
    let whole = list(query(
        PaymentSort::Settled,
        Direction::Descending,
        From::Start,
        1000,
    ))
    .await;
    let no_client = Terms {
        can_send: false,
        ..terms()
    };
    let judged: Vec<_> = whole
        .iter()
        .map(|it| {
            let ours = it.payment.account == "hub-us";
            let terms = if ours { terms() } else { no_client.clone() };
            (it, eligibility::of_payment(&it.payment, &terms, now()))
        })
        .collect();
    let expected: Vec<_> = judged
        .iter()
        .filter(|(_, eligibility)| eligibility.can_refund.is_positive())
        .map(|(it, _)| it.payment.id)
        .collect();
    let mut filtered = query(
        PaymentSort::Settled,
        Direction::Descending,
        From::Start,
        1000,
    );
    filtered.filter.refundable = true;
    let found: Vec<_> = list(filtered.clone())
        .await
        .iter()
        .map(|it| it.payment.id)
        .collect();
    assert!(!expected.is_empty() && expected.len() < whole.len());
    assert_eq!(found, expected);

    let totals = ledger
        .totals(PaymentFilter::default(), judgement())
        .await
        .unwrap();
    let sum = |of: &dyn Fn(&PlacedPayment) -> i64| whole.iter().map(of).sum::<i64>();
    assert_eq!(totals.count, 60);
    assert_eq!(
        totals.sums[0].paid.minor,
        sum(&|it| it.payment.figures().captured.minor)
    );
    assert_eq!(
        totals.sums[0].refunded.minor,
        sum(&|it| it.payment.figures().executed.minor)
    );
    for (it, eligibility) in &judged {
        let filter = PaymentFilter::word(it.payment.id.to_string());
        let one = ledger.totals(filter, judgement()).await.unwrap();
        let said = one.sums[0].can_refund;
        assert_eq!(said, eligibility.can_refund, "{:#?}", it.payment.captures);
    }
    let can_refund: i64 = judged.iter().map(|(_, it)| it.can_refund.minor).sum();
    assert_eq!(totals.sums[0].can_refund.minor, can_refund);
}

#[tokio::test]
async fn search_finds_by_prefix_of_every_name() {
    let (_folder, ledger) = filled().await;
    let our_id = payment_id("pay001").to_string();
    for (text, count) in [
        ("inv-pay00", 10),
        ("pay01", 10),
        ("payer 3", 15),
        ("42", 60),
        (our_id.as_str(), 1),
        ("ay0", 60),
        ("y0", 0),
        ("%", 0),
        ("%ay", 0),
    ] {
        let mut query = query(
            PaymentSort::Settled,
            Direction::Descending,
            From::Start,
            1000,
        );
        query.filter = PaymentFilter::word(text);
        assert_eq!(ids(&ledger, query).await.len(), count, "{text}");
    }
}

#[tokio::test]
async fn dates_are_inclusive_days_of_settlement() {
    let (_folder, ledger) = filled().await;
    let day = (now() - TimeDelta::days(15)).date_naive();
    let mut query = query(
        PaymentSort::Settled,
        Direction::Descending,
        From::Start,
        1000,
    );
    query.filter.from = Some(day);
    query.filter.to = Some(day);
    let found = ids(&ledger, query).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].payment.provider_payment_id, "pay002");
}
