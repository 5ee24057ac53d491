//! What a maker decides.

use serde::{Deserialize, Serialize};

use crate::domain::plan::{self, Order, Plan, Verdict};
use crate::domain::refund::Kind;

/// What a maker decides, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub payment: String,
    /// An amount expression; `all` for a full refund.
    pub amount: String,
    /// On top of the principal.
    pub compensation: Option<String>,
    /// A code of the catalogue.
    pub reason: String,
    /// Free text.
    pub note: Option<String>,
    /// The case at the payer's bank or scheme.
    pub case_ref: Option<String>,
    /// The provider's id of the capture, where the payment has several.
    pub capture_id: Option<String>,
    /// Refuse unless this much can still be refunded (a decimal).
    pub expect_available: Option<String>,
    /// The caller's id of this decision: the same key and content is the same refund.
    pub key: Option<String>,
    /// A likely duplicate is meant.
    pub again: bool,
    /// The refund this one replaces.
    pub supersedes: Option<String>,
    /// In which way the money goes back.
    #[serde(default)]
    pub kind: Kind,
    /// Wait the configured time before sending, so that it can be withdrawn.
    pub delay: bool,
    /// It is a row of a plan, made under this.
    #[serde(default)]
    pub planned: Option<Planned>,
}

/// What a plan was judged on, beside its rows: where it no longer holds, a row is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Who made the plan, and so its refunds.
    pub maker: String,
    /// In which environment.
    pub environment: String,
    /// Under which policy.
    pub policy_version: u32,
    /// The row was to go without a checker.
    pub freely: bool,
}

impl Draft {
    /// A row of a plan by its place, as it is composed; none: it is not carried out. `hash` is the
    /// plan's: the key made of it has a second run find what the first one made.
    pub fn of_plan(plan: &Plan, hash: &str, at: usize, delay: bool) -> Option<Self> {
        let row = plan.rows.get(at)?;
        let order: &Order = row.carried_out()?;
        Some(Self {
            payment: format!("{}/{}", order.account, order.provider_payment_id),
            amount: order.amount.decimal(),
            compensation: order
                .compensation
                .is_positive()
                .then(|| order.compensation.decimal()),
            reason: order.reason.clone(),
            note: order.note.clone(),
            case_ref: order.case_ref.clone(),
            expect_available: Some(order.available.decimal()),
            key: Some(plan::key(hash, at)),
            again: plan.again,
            delay,
            planned: Some(Planned {
                maker: plan.maker.clone(),
                environment: plan.environment.clone(),
                policy_version: plan.policy_version,
                freely: row.verdict == Verdict::Goes,
            }),
            ..Self::default()
        })
    }
}
