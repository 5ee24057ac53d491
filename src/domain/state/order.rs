//! T22: an older observation never overrides a newer one.

use super::{Move, Rule, State};
use crate::domain::evidence::{Evidence, Reported};

/// Where an exchange with a provider stands among those about the same refund, counted by when
/// they began: a clock that is set back does not make old news new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The exchange the evidence comes from.
    pub exchange: i64,
    /// The exchange of the newest report that was believed.
    pub last_report: i64,
    /// The exchange of the last send.
    pub last_send: i64,
}

/// What becomes of evidence that something newer overtook; `None`: nothing did, it counts.
///
/// It is kept and moves nothing. Where it says how the refund ended and that is not how it stands,
/// that is a discrepancy. Proof of payout of a refund closed as unpaid counts whatever its age (T23).
pub fn overtaken(state: State, evidence: Evidence, order: &Order) -> Option<Move> {
    let older = order.exchange < order.last_report || order.exchange < order.last_send;
    let closed_unpaid = matches!(
        state,
        State::Failed | State::Rejected | State::Canceled | State::Expired
    );
    let paid = matches!(
        evidence,
        Evidence::Report {
            status: Reported::Succeeded,
            ..
        }
    );
    if !older || closed_unpaid && paid {
        return None;
    }
    let same = Move::to(Rule::T22, state);
    Some(if contradicts(state, evidence) {
        same.with_discrepancy()
    } else {
        same
    })
}

fn contradicts(state: State, evidence: Evidence) -> bool {
    let Evidence::Report { status, .. } = evidence else {
        return false;
    };
    match status {
        Reported::Pending | Reported::ActionRequired | Reported::Authorised | Reported::Unclear => {
            false
        }
        Reported::Succeeded => !matches!(state, State::Succeeded | State::Settled),
        Reported::Failed => state != State::Failed,
        Reported::Reversed => state != State::Reversed,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn report(status: Reported) -> Evidence {
        Evidence::Report {
            status,
            amount: None,
        }
    }

    const fn order(exchange: i64, last_report: i64, last_send: i64) -> Order {
        Order {
            exchange,
            last_report,
            last_send,
        }
    }

    #[rstest]
    #[case::newest(State::Pending, report(Reported::Failed), order(3, 2, 1), None)]
    #[case::the_same(State::Pending, report(Reported::Failed), order(2, 2, 1), None)]
    #[case::old_news(
        State::Succeeded,
        report(Reported::Pending),
        order(2, 3, 1),
        Some(false)
    )]
    #[case::old_failure(State::Succeeded, report(Reported::Failed), order(2, 3, 1), Some(true))]
    #[case::old_payout(
        State::Pending,
        report(Reported::Succeeded),
        order(2, 3, 1),
        Some(true)
    )]
    #[case::before_a_resend(State::Submitting, Evidence::NotFound, order(2, 1, 3), Some(false))]
    #[case::late_payout(State::Failed, report(Reported::Succeeded), order(2, 3, 1), None)]
    #[case::overtaken_doubt(State::Pending, Evidence::NotFound, order(2, 3, 1), Some(false))]
    fn what_is_overtaken(
        #[case] state: State,
        #[case] evidence: Evidence,
        #[case] order: Order,
        #[case] discrepancy: Option<bool>,
    ) {
        let step = overtaken(state, evidence, &order);
        assert!(step.is_none_or(|step| step.to == Some(state) && step.rule == Rule::T22));
        assert_eq!(step.map(|step| step.discrepancy), discrepancy);
    }
}
