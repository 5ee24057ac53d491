//! What stayed UNKNOWN is ended by two people (T14, T15), with what was really paid as evidence.
//!
//! Nothing is under way any more when they judge, and nothing arrives later than the delivery
//! bound: that is what they may rely on, and all they may.

use std::time::Duration;

use refund_desk::desk::face::{RefundRow, Reply, Request, Resolve, Stated};
use refund_desk::domain::resolution::Proof;
use refund_desk::domain::state::State;

use super::office::Office;

const ROUNDS: u32 = 10;
/// Longer than the delivery bound, so that what is found now counts.
const BETWEEN: Duration = Duration::from_secs(1_900);
const ONE: &str = "mia";
const OTHER: &str = "ben";

/// What two people did.
#[derive(Debug, Default)]
pub struct Settled {
    /// Proven absent, and sent anew.
    pub absent: usize,
    /// Stated as paid or not paid.
    pub stated: usize,
    /// Turned away: too early, or one person alone.
    pub refused: usize,
}

impl Office {
    /// Ends all that is UNKNOWN. What is sent anew meets the same network.
    pub async fn settle_by_people(&mut self) -> Settled {
        let mut settled = Settled::default();
        for round in 0..ROUNDS {
            // What the desk sent again by itself a moment ago has arrived by the time they judge.
            self.wire.deliver();
            self.pass(BETWEEN);
            let open = self.in_doubt().await;
            if open.is_empty() {
                break;
            }
            for row in &open {
                let by_proof = round < self.through.tries && self.chance();
                match by_proof && row.refund.state == State::Unknown {
                    true => self.prove_absent(row, &mut settled).await,
                    false => self.state_what_is(row, &mut settled).await,
                }
            }
            self.assert_right().await;
            self.work().await;
            // Within the delivery bound.
            self.wire.deliver();
            self.pass(BETWEEN);
            self.work().await;
            self.assert_right().await;
        }
        let open = self.in_doubt().await;
        assert!(open.is_empty(), "not ended by two people: {open:#?}");
        settled
    }

    async fn in_doubt(&self) -> Vec<RefundRow> {
        let mut rows = self.rows().await;
        rows.retain(|it| matches!(it.refund.state, State::Unknown | State::ActionRequired));
        rows
    }

    async fn prove_absent(&self, row: &RefundRow, settled: &mut Settled) {
        let paid = self.paid_of(row);
        let agreed = self.agree(row, Stated::Absent, None, settled).await;
        if agreed == Some(State::Approved) {
            assert!(paid.is_empty(), "proven absent and paid: {row:#?}");
            settled.absent += 1;
        }
    }

    async fn state_what_is(&self, row: &RefundRow, settled: &mut Settled) {
        let agreed = match self.paid_of(row).first() {
            Some(minor) => {
                let paid = format!("{}.{:02}", minor / 100, minor % 100);
                self.agree(row, Stated::Succeeded, Some(paid), settled)
                    .await
            }
            None => self.agree(row, Stated::Failed, None, settled).await,
        };
        settled.stated += usize::from(agreed.is_some());
    }

    /// The first states it, and cannot complete it alone; the second does, if it is so far. How it
    /// stands then.
    async fn agree(
        &self,
        row: &RefundRow,
        stated: Stated,
        paid: Option<String>,
        settled: &mut Settled,
    ) -> Option<State> {
        let refund = row.refund.id.to_string();
        let resolve = Request::Resolve(Resolve {
            refund: refund.clone(),
            stated,
            paid,
            proof: Proof {
                kind: "the provider's books".to_owned(),
                reference: "as of today".to_owned(),
                dated: None,
                file_sha256: None,
            },
        });
        let mut first = self.ask_as(ONE, resolve.clone()).await;
        if first.as_ref().is_err_and(|it| it.code == "contradicts") {
            let note = "we know more now".to_owned();
            let turned_down = Request::Decline { refund, note };
            self.ask_as(OTHER, turned_down).await.unwrap();
            first = self.ask_as(ONE, resolve.clone()).await;
        }
        if matches!(&first, Err(it) if it.code == "absence_proves_nothing") {
            assert_eq!(stated, Stated::Absent);
            settled.refused += 1;
            return None;
        }
        // What stood there already from an earlier round is enough.
        if let Err(refusal) = &first {
            assert_eq!(refusal.code, "same_person", "{refusal:?}");
            settled.refused += 1;
        }
        let alone = self.ask_as(ONE, resolve.clone()).await;
        assert!(alone.is_err_and(|it| it.code == "same_person"));
        match self.ask_as(OTHER, resolve).await {
            Ok(Reply::Refund(card)) => Some(card.row.refund.state),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => {
                let known = ["too_early", "not_asked"].contains(&refusal.code.as_str());
                assert!(known && stated == Stated::Absent, "{refusal:?}");
                settled.refused += 1;
                None
            }
        }
    }
}
