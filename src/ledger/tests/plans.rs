//! Statements that must not read whole tables, as SQLite plans them.

use super::*;
use crate::domain::listing::{Direction, From, PaymentFilter, PaymentQuery, PaymentSort, Place};

#[track_caller]
fn assert_searches(plan: &str, indexes: &[&str]) {
    for index in indexes {
        assert!(plan.contains(index), "{index} is not in\n{plan}");
    }
    assert!(
        !plan.contains("SCAN p") && !plan.contains("SCAN r"),
        "{plan}"
    );
    assert!(!plan.contains("SCAN audit"), "{plan}");
}

fn by_hand() -> (TempDir, Connection) {
    let (folder, ledger) = open();
    drop(ledger);
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    (folder, connection)
}

#[test]
fn due_work_is_found_by_its_time_or_by_its_id() {
    let (_folder, connection) = by_hand();
    for queue in [Queue::Sends, Queue::Closings, Queue::Looks] {
        let all = super::super::outbox::due_plan(&connection, queue, false);
        assert_searches(&all, &["refunds_by_due", "refunds_leased"]);
        let one = super::super::outbox::due_plan(&connection, queue, true);
        assert_searches(&one, &["(id=?)"]);
        assert!(!one.contains("refunds_by_due"), "{one}");
    }
}

#[test]
fn what_went_lately_is_found_by_payment_order_and_payer() {
    let (_folder, connection) = by_hand();
    let plan = super::super::refunds::recent_plan(&connection);
    let indexes = ["payments_by_order", "payers_by_name", "refunds_by_payment"];
    assert_searches(&plan, &indexes);
    assert_eq!(plan.matches("refunds_by_payment").count(), 3, "{plan}");
}

#[test]
fn a_payment_paid_twice_is_found_by_last_four_and_by_payer() {
    let (_folder, connection) = by_hand();
    let plan = super::super::twins::plan(&connection);
    let indexes = [
        "payments_by_last4 (last4=? AND captured_minor=?",
        "payers_by_name",
        "SEARCH t USING INTEGER PRIMARY KEY",
    ];
    assert_searches(&plan, &indexes);
}

#[test]
fn what_belongs_to_a_call_is_found_by_order_customer_and_payer() {
    let (_folder, connection) = by_hand();
    let plan = super::super::phone::kin_plan(&connection);
    let indexes = [
        "payments_by_order",
        "(kind=? AND name=?)",
        "payers_by_email",
        "payers_by_name",
    ];
    assert_searches(&plan, &indexes);
}

#[test]
fn the_audit_of_a_subject_is_found_by_it() {
    let (_folder, connection) = by_hand();
    let plan = super::super::audit::newest_plan(&connection);
    assert_searches(&plan, &["audit_by_subject"]);
}

#[test]
fn dates_are_found_by_settlement_and_never_sorted_for() {
    let (_folder, connection) = by_hand();
    let filter = PaymentFilter {
        from: Some("2026-11-01".parse().unwrap()),
        to: Some("2026-11-02".parse().unwrap()),
        ..PaymentFilter::default()
    };
    let sums = super::super::payments::sums_plan(&connection, &filter, &judgement());
    assert!(
        sums.contains("payments_by_settled (settled_key>? AND settled_key<?)"),
        "{sums}"
    );
    for (sort, index) in [
        (PaymentSort::Settled, "payments_by_settled (settled_key>"),
        (PaymentSort::Amount, "payments_by_amount"),
        (PaymentSort::Available, "payments_by_available"),
    ] {
        for from in [
            From::Start,
            From::After(Place {
                part: 1,
                key: 1,
                id: 1,
            }),
        ] {
            let query = PaymentQuery {
                filter: filter.clone(),
                sort,
                direction: Direction::Descending,
                from,
                limit: 200,
            };
            let plan = super::super::pages::plan(&connection, &query, &judgement());
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
