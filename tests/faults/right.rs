//! What must hold after each step, and at the end: the book is never contradicted.

use std::collections::BTreeMap;

use refund_desk::desk::face::{RefundRow, Reply, Request};
use refund_desk::domain::listing::PaymentQuery;
use refund_desk::domain::refund::Refund;
use refund_desk::domain::state::State;

use super::office::{Office, is_of};

impl Office {
    /// What left for one refund, in minor units.
    pub fn paid_of(&self, row: &RefundRow) -> Vec<i64> {
        paid_of(&row.refund, &self.payouts())
    }

    /// What must hold whatever happened; how many refunds are in which state.
    pub async fn assert_right(&mut self) -> BTreeMap<String, usize> {
        let payouts = self.payouts();
        let rows = self.rows().await;
        let mut states = BTreeMap::new();
        for row in &rows {
            assert_fits_the_book(
                row,
                &paid_of(&row.refund, &payouts),
                self.through.taken_back,
            );
            self.assert_left_unknown_by_evidence(row).await;
            *states
                .entry(row.refund.state.name().to_owned())
                .or_default() += 1;
        }
        for (_, correlation, _) in &payouts {
            assert!(
                rows.iter().any(|it| is_of(correlation, it.refund.id)),
                "nobody knows of {correlation}"
            );
        }
        self.assert_never_over(&rows, &payouts).await;
        states
    }

    /// As [`Office::assert_right`], with nothing in doubt: what is available is what was captured
    /// less what left and less what is still on its way, and every row is as it was written.
    pub async fn assert_ended(&mut self) -> BTreeMap<String, usize> {
        let states = self.assert_right().await;
        let Ok(Reply::Verified(verified)) = self
            .ask(Request::Verify {
                unless_lately: false,
            })
            .await
        else {
            panic!("not verified");
        };
        assert!(verified.findings.is_empty(), "{:#?}", verified.findings);
        for reference in ["A", "B"] {
            let Ok(Reply::Payment(card)) = self.ask(Request::Payment(reference.to_owned())).await
            else {
                panic!("no payment");
            };
            let figures = card.payment.figures();
            let payouts = self.payouts();
            let taken: i64 = card.refunds.iter().map(|it| taken_by(it, &payouts)).sum();
            assert_eq!(
                figures.available().minor,
                figures.captured.minor - taken,
                "{card:#?}"
            );
        }
        states
    }

    async fn assert_never_over(&self, rows: &[RefundRow], payouts: &[(String, String, i64)]) {
        let query = PaymentQuery {
            limit: 2,
            ..PaymentQuery::default()
        };
        let Ok(Reply::Payments(payments)) = self.ask(Request::Payments(query)).await else {
            panic!("no payments");
        };
        assert_eq!(payments.len(), 2);
        for payment in payments.into_iter().map(|it| it.payment) {
            let (payment_id, captured) = match payment.reference.as_deref() {
                Some("A") => ("pay-a", 10_000),
                _ => ("pay-b", 6_000),
            };
            let paid: i64 = payouts
                .iter()
                // What was taken back is there again.
                .filter(|it| it.0 == payment_id && Some(it.2 % 100) != self.through.taken_back)
                .map(|it| it.2)
                .sum();
            assert!(paid <= captured, "{paid} paid of {captured}");
            let told_otherwise = rows
                .iter()
                .any(|it| it.refund.content.payment == payment.id && it.refund.reported.is_some());
            let left = payment.figures().available().minor;
            // Only a provider that says it paid more than it was asked may take it below nothing.
            assert!(left >= 0 || told_otherwise, "{payment_id}: {left}");
        }
    }

    async fn assert_left_unknown_by_evidence(&mut self, row: &RefundRow) {
        let (id, state) = (row.refund.id.to_string(), row.refund.state);
        let before = self.in_doubt.remove(&id);
        if before.is_none() && state != State::Unknown {
            return;
        }
        let Ok(Reply::Refund(card)) = self.ask(Request::Refund(id.clone())).await else {
            panic!("no refund {id}");
        };
        if state == State::Unknown {
            self.in_doubt.insert(id, card.observations.len());
        } else if let Some(before) = before {
            let mut new = card.observations[before..].iter();
            assert!(
                new.any(|it| it.meaning != "in doubt"),
                "left UNKNOWN for {state:?} without evidence: {card:#?}"
            );
            self.left_unknown += 1;
        }
    }
}

fn paid_of(refund: &Refund, payouts: &[(String, String, i64)]) -> Vec<i64> {
    let its = payouts.iter().filter(|it| is_of(&it.1, refund.id));
    its.map(|it| it.2).collect()
}

/// What a refund takes from its payment's balance, by the book where it is said to be paid.
fn taken_by(refund: &Refund, payouts: &[(String, String, i64)]) -> i64 {
    let asked = refund.content.amount.minor;
    match refund.state {
        state if state.is_open() => refund.reported.map_or(asked, |it| it.minor.max(asked)),
        State::Succeeded | State::Settled => paid_of(refund, payouts).iter().sum(),
        _ => 0,
    }
}

/// At most one payout, and no state that the book contradicts.
fn assert_fits_the_book(row: &RefundRow, paid: &[i64], taken_back: Option<i64>) {
    let refund = &row.refund;
    let told = format!("{:?}, paid {paid:?}: {refund:#?}", refund.state);
    assert!(paid.len() <= 1, "{told}");
    match refund.state {
        State::Succeeded | State::Settled => {
            let proven = refund.proven.map(|it| it.minor);
            assert!(
                proven.is_some() && paid.first().copied() == proven,
                "{told}"
            );
        }
        // Taken back before the desk had looked: it was paid, and is not any more.
        State::Failed if Some(refund.content.amount.minor % 100) == taken_back => {}
        State::Reserved
        | State::AwaitingApproval
        | State::Approved
        | State::Failed
        | State::Rejected
        | State::Canceled
        | State::Expired => assert!(paid.is_empty(), "{told}"),
        _ => {}
    }
}
