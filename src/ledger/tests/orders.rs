//! Every order of the list of payments, against the domain's own figures, days and words.

use std::cmp::{Ordering, Reverse};

use chrono::NaiveDate;

use super::*;
use crate::domain::dispute::Stage;
use crate::domain::listing::{Direction, From, PaymentQuery, PaymentSort, Place};
use crate::domain::payment::{Payment, Standing};
use crate::ledger::pages;

/// Accounts whose windows differ, and one without: months and days close in another order than
/// that of capture.
fn windows() -> [(&'static str, Option<Window>); 3] {
    [
        ("hub-us", Some(Window::Months(1))),
        ("hub-eu", Some(Window::Days(20))),
        ("prism-us", None),
    ]
}

fn judgement() -> Judgement {
    let accounts = windows().map(|(name, window)| {
        let terms = Terms {
            window,
            ..super::terms()
        };
        (name.to_owned(), terms)
    });
    Judgement {
        accounts: accounts.into(),
        now: now(),
    }
}

/// Around the ends of months, several on a day, of every account; named or not, refunded in part, whole
/// and more than whole.
fn rows() -> Vec<ImportRow> {
    let mut rows = Vec::new();
    for number in 0..90_i64 {
        let mut one = row(&format!("p{number:02}"), 1_000 + number * 7 % 50);
        one.captured_at = now() - TimeDelta::hours(number * 17);
        one.settled_at = match number % 5 {
            0 => None,
            1 => Some(now() + TimeDelta::days(1)),
            _ => Some(one.captured_at + TimeDelta::hours(number * 11 % 70)),
        };
        one.refunded = match number % 9 {
            2 => Some(one.amount),
            4 => Some(usd(250)),
            6 if number > 45 => Some(usd(9_000)),
            _ => None,
        };
        one.account = windows()[number as usize % 3].0.into();
        one.payer = (number % 4 > 0).then(|| format!("Payer {}", number % 7));
        one.order = (number % 6 > 1).then(|| format!("O-{}", number * 31 % 40));
        one.reference = (number % 8 > 0).then(|| format!("r{}", number * 37 % 90));
        if number % 10 == 3 {
            one.capture_id = Some("first".into());
            let mut second = one.clone();
            second.capture_id = Some("second".into());
            second.captured_at = one.captured_at + TimeDelta::days(40);
            rows.push(second);
        }
        rows.push(one);
    }
    rows
}

async fn filled() -> (TempDir, Ledger) {
    let (folder, ledger) = open();
    let counts = import(&ledger, rows()).await;
    assert_eq!(counts.rejected, vec![]);
    for payment in ["p12", "p27", "p48"] {
        reserve(&ledger, payment, 200).await;
    }
    for payment in ["p09", "p15", "p66"] {
        let dispute = DisputeNews {
            payment: payment_id(payment),
            provider_dispute_id: payment.into(),
            ..elsewhere::news("", usd(100), Stage::Open)
        };
        ledger.record_dispute(dispute).await.unwrap();
    }
    let by_hand = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let blocked = "INSERT INTO discrepancies (payment_id, kind, detail, opened_at)
         SELECT id, 'late_payout', 'x', 0 FROM payments WHERE provider_payment_id IN ('p07', 'p09', 'p12')";
    assert_eq!(by_hand.execute(blocked, []).unwrap(), 3);
    (folder, ledger)
}

fn query(sort: PaymentSort, direction: Direction, from: From, limit: u32) -> PaymentQuery {
    PaymentQuery {
        sort,
        direction,
        from,
        limit,
        ..PaymentQuery::default()
    }
}

async fn list(ledger: &Ledger, query: PaymentQuery) -> Vec<PlacedPayment> {
    ledger.payments(query, judgement()).await.unwrap()
}

/// By settlement; what has no date counts as newest.
fn newest(payment: &Payment) -> impl Ord + use<> {
    let settled = payment.settled_at();
    let captured = settled.is_none().then(|| payment.captured_at());
    Reverse((captured, settled, payment.id.as_i64()))
}

/// What stands first in an order, by the domain's own figures and names.
fn order(sort: PaymentSort, direction: Direction, a: &Payment, b: &Payment) -> Ordering {
    let turned = |ordering: Ordering| match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    };
    let name = |payment: &Payment| match sort {
        PaymentSort::Reference => payment.reference.clone(),
        PaymentSort::Order => payment.order.clone(),
        _ => payment.payer.clone(),
    };
    let figure = |payment: &Payment| match sort {
        PaymentSort::Amount => payment.figures().captured.minor,
        PaymentSort::Refunded => payment.figures().executed.minor,
        PaymentSort::Held => payment.figures().held.minor,
        _ => payment.figures().available().minor,
    };
    let id = |payment: &Payment| payment.id.as_i64();
    match sort {
        PaymentSort::Settled => turned(newest(b).cmp(&newest(a))),
        PaymentSort::Account => turned((&a.account, newest(b)).cmp(&(&b.account, newest(a)))),
        PaymentSort::Currency => {
            let key = |it: &Payment| it.currency.code().to_owned();
            turned((key(a), newest(b)).cmp(&(key(b), newest(a))))
        }
        PaymentSort::Reference | PaymentSort::Order | PaymentSort::Payer => {
            match (name(a), name(b)) {
                (Some(one), Some(other)) => {
                    let key = |name: &str, it: &Payment| (name.to_ascii_lowercase(), id(it));
                    turned(key(&one, a).cmp(&key(&other, b)))
                }
                (None, None) => newest(a).cmp(&newest(b)),
                (one, other) => one.is_none().cmp(&other.is_none()),
            }
        }
        PaymentSort::Refunded | PaymentSort::Held if figure(a) == 0 && figure(b) == 0 => {
            newest(a).cmp(&newest(b))
        }
        PaymentSort::Until => match (until(a), until(b)) {
            (Some(one), Some(other)) => {
                let key = |day, it: &Payment| (day, it.captured_at(), id(it));
                turned(key(one, a).cmp(&key(other, b)))
            }
            (None, None) => newest(a).cmp(&newest(b)),
            (one, other) => one.is_none().cmp(&other.is_none()),
        },
        PaymentSort::Status => turned((standing(a), newest(b)).cmp(&(standing(b), newest(a)))),
        _ => turned((figure(a), id(a)).cmp(&(figure(b), id(b)))),
    }
}

/// The last day of the first capture.
fn until(payment: &Payment) -> Option<NaiveDate> {
    let (_, window) = windows().into_iter().find(|it| it.0 == payment.account)?;
    Some(window?.last_day(payment.captured_at().date_naive()))
}

/// What nothing was done to has one order, that of settlement.
fn standing(payment: &Payment) -> Standing {
    payment.standing(now()).min(Standing::Settled)
}

/// Whole, and page by page in either direction.
#[tokio::test]
async fn every_order_is_the_domains() {
    let (_folder, ledger) = filled().await;
    for sort in PaymentSort::ALL {
        for direction in [Direction::Descending, Direction::Ascending] {
            let listed = list(&ledger, query(sort, direction, From::Start, 1_000)).await;
            assert_eq!(listed.len(), 90);
            let mut sorted = listed.clone();
            sorted.sort_by(|a, b| order(sort, direction, &a.payment, &b.payment));
            let ids = |list: &[PlacedPayment]| -> Vec<String> {
                let ids = list.iter().map(|it| it.payment.provider_payment_id.clone());
                ids.collect()
            };
            assert_eq!(ids(&listed), ids(&sorted), "{sort:?} {direction:?}");
            paged(&ledger, sort, direction, &listed).await;
        }
    }
}

async fn paged(ledger: &Ledger, sort: PaymentSort, way: Direction, whole: &[PlacedPayment]) {
    let mut forward = list(ledger, query(sort, way, From::Start, 7)).await;
    while let Some(last) = forward.last() {
        let page = list(ledger, query(sort, way, From::After(last.place), 7)).await;
        if page.is_empty() {
            break;
        }
        forward.extend(page);
    }
    assert_eq!(forward, whole, "{sort:?} {way:?}");
    let mut backward = list(ledger, query(sort, way, From::End, 7)).await;
    while let Some(first) = backward.first() {
        let page = list(ledger, query(sort, way, From::Before(first.place), 7)).await;
        if page.is_empty() {
            break;
        }
        backward.splice(0..0, page);
    }
    assert_eq!(backward, whole, "{sort:?} {way:?}");
}

/// The list has every way a payment may stand, and days that close in another order than captures.
#[tokio::test]
async fn the_orders_are_put_to_the_test() {
    let (_folder, ledger) = filled().await;
    let ways = list(
        &ledger,
        query(PaymentSort::Status, Direction::Ascending, From::Start, 90),
    );
    let mut ways: Vec<Standing> = ways
        .await
        .iter()
        .map(|it| it.payment.standing(now()))
        .collect();
    assert!(ways.is_sorted_by_key(|it| (*it).min(Standing::Settled)));
    ways.sort_unstable();
    ways.dedup();
    assert_eq!(ways.len(), 7, "{ways:?}");
    let days = list(
        &ledger,
        query(PaymentSort::Until, Direction::Ascending, From::Start, 90),
    );
    let days = days.await;
    let crossed = |pair: &[PlacedPayment]| {
        until(&pair[1].payment).is_some()
            && pair[0].payment.captured_at() > pair[1].payment.captured_at()
    };
    assert!(days.windows(2).filter(|pair| crossed(pair)).count() > 3);
}

/// Each part of the whole list is a search in an index from the cursor on; nothing is sorted for it.
#[tokio::test]
async fn no_order_is_sorted_for() {
    let (folder, _ledger) = filled().await;
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let place = Place {
        part: 1,
        key: 1,
        id: payment_id("p00").as_i64(),
    };
    for (sort, index) in [
        (PaymentSort::Settled, "payments_by_settled (settled_key<"),
        (PaymentSort::Amount, "payments_by_amount (captured_minor<"),
        (
            PaymentSort::Available,
            "payments_by_available (available_minor<",
        ),
        (
            PaymentSort::Refunded,
            "payments_by_refunded (executed_minor<",
        ),
        (PaymentSort::Held, "payments_by_held (held_minor<"),
        (
            PaymentSort::Reference,
            "payments_by_reference (reference>? AND reference<?)",
        ),
        (
            PaymentSort::Order,
            "payments_by_order (order_ref>? AND order_ref<?)",
        ),
        (PaymentSort::Payer, "payers_by_name (name>? AND name<?)"),
        (
            PaymentSort::Account,
            "payments_by_account ((account,settled_key)<(?,?))",
        ),
        (
            PaymentSort::Currency,
            "payments_by_currency ((currency,settled_key)<(?,?))",
        ),
        (
            PaymentSort::Until,
            "payments_by_capture (account=? AND captured_at<",
        ),
        (
            PaymentSort::Status,
            "payments_by_standing (standing=? AND settled_key<",
        ),
    ] {
        for from in [From::Start, From::After(place)] {
            let query = query(sort, Direction::Descending, from, 200);
            let plan = pages::plan(&connection, &query, &judgement());
            let expected = match from {
                From::Start => index.split(' ').next().unwrap(),
                _ => index,
            };
            assert!(plan.contains(expected), "{sort:?}\n{plan}");
            // Only what is blocked is: there is little of it, and no index knows of a discrepancy.
            let sorted = usize::from(sort == PaymentSort::Status);
            assert_eq!(
                plan.matches("TEMP B-TREE").count(),
                sorted,
                "{sort:?}\n{plan}"
            );
            assert!(
                !plan.contains("SCAN p USING") || from == From::Start,
                "{plan}"
            );
        }
    }
}
