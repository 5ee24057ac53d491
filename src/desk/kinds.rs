//! What differs between the kinds of refund: which request a provider gets, what stands against one,
//! and what must be asked before one kind follows another on the same payment.

use super::accounts::Account;
use super::face::{Draft, Refusal};
use super::local::Local;
use super::refusal;
use super::send::asked;
use crate::domain::cause::Cause;
use crate::domain::eligibility::{Way, WhyNot};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::domain::refund::{Kind, ObservationSource, Refund};
use crate::domain::state::State;
use crate::ledger::RefundSummary;
use crate::providers::{Deed, Finding, RefundFormat, RefundOrder, WireRequest};

/// Stands where a URL would: nothing of this kind ever goes to a provider.
const OUTSIDE: &str = "outside";

/// What the first request of a refund asks of its provider; none: no provider is asked.
pub(super) const fn deed(kind: Kind) -> Option<Deed> {
    match kind {
        Kind::Refund => Some(Deed::Refund),
        Kind::Void => Some(Deed::Void),
        Kind::Outside => None,
    }
}

/// Whether the account's provider can be asked for it.
pub(super) fn can(account: Option<&Account>, deed: Deed) -> bool {
    account.is_some_and(|account| account.format.can(deed))
}

/// The first request of a refund.
pub(super) fn written(
    format: &dyn RefundFormat,
    kind: Kind,
    order: &RefundOrder,
) -> Result<WireRequest, Refusal> {
    Ok(match kind {
        Kind::Refund => format.build_refund(order)?,
        Kind::Void => format.build_void(order)?,
        Kind::Outside => outside(order),
    })
}

/// What is written ahead where no provider is asked: the record of what people are to pay.
fn outside(order: &RefundOrder) -> WireRequest {
    WireRequest {
        method: "NONE".to_owned(),
        url: OUTSIDE.to_owned(),
        body: format!("pay {} by other means", order.amount).into_bytes(),
        idempotency_key: order.idempotency_key.clone(),
        correlation: order.correlation.clone(),
    }
}

/// What follows once it is approved: people pay, and two of them state it with proof (T15).
pub(super) fn to_be_paid_outside() -> Finding {
    let status = Reported::ActionRequired;
    let evidence = Evidence::Report {
        status,
        amount: None,
    };
    Finding::new(
        evidence,
        "pay it by other means; then two people state it, with proof",
    )
}

/// In which way a draft would give money back. Where the provider refused the other kind because of
/// settlement, its word counts and not the file's (fact sheet of Commerce Hub, 3.2).
pub(super) fn way_of(draft: &Draft, replaced: Option<&Refund>) -> Way {
    let told = replaced.is_some_and(|old| {
        let cause = old.unpaid.as_ref().map(|unpaid| unpaid.cause);
        let closed = matches!(old.state, State::Rejected | State::Failed);
        let turned = match (old.content.kind, draft.kind) {
            (Kind::Void, Kind::Refund) => cause == Some(Cause::SettledMeanwhile),
            (Kind::Refund, Kind::Void) => cause == Some(Cause::NotSettledYet),
            _ => false,
        };
        closed && turned
    });
    Way {
        kind: draft.kind,
        settlement_told: told,
    }
}

/// What stands against a draft because of its kind.
pub(super) fn problem(
    draft: &Draft,
    account: Option<&Account>,
    amount: Option<Money>,
    can_give: Money,
) -> Option<Refusal> {
    match draft.kind {
        Kind::Void if !can(account, Deed::Void) => Some(WhyNot::NoVoid.into()),
        Kind::Void if amount.is_some_and(|amount| can_give.is_positive() && amount != can_give) => {
            Some(refusal::rule(
                "void_whole",
                "a void takes back the whole payment, never a part of it",
                format!("Void all of it ({can_give}), or wait for settlement and refund a part."),
            ))
        }
        Kind::Outside if draft.supersedes.is_none() => Some(refusal::rule(
            "outside_what",
            "only a refund that ended unpaid or came back is paid outside this desk",
            "Name it: --supersedes REFUND",
        )),
        _ => None,
    }
}

impl Local {
    /// A void after a refund, or a refund after a void, is only composed once the provider was asked
    /// about the first and has not carried it out: never both (fact sheet of Commerce Hub, 3.2).
    pub(super) async fn ask_before_the_other(&self, old: &RefundSummary) -> Result<(), Refusal> {
        if self.mode.offline {
            return Err(refusal::rule(
                "offline",
                "the provider must be asked first what became of the refund this one replaces",
                "Compose it online.",
            ));
        }
        let refund = &old.refund;
        let Some(deed) = deed(refund.content.kind) else {
            return Ok(());
        };
        let name = &refund.account;
        let account = self
            .account(name)
            .ok_or_else(|| refusal::not_configured(name))?;
        let provider = account.provider(&self.means()).await?;
        let Some((number, inquiry)) = self.inquiry(old).await? else {
            return Ok(());
        };
        let begun = self.clock.moment();
        let finding = provider
            .inquire_about(deed, &inquiry, asked(&refund.content))
            .await;
        account.learn(&provider, &finding, begun, &self.clock);
        let source = ObservationSource::Inquiry;
        let record = self.evidence_of(old, &finding, source, Some(number));
        let change = self.ledger.record(record).await?;
        self.changed(change.summary);
        judged(&finding, refund)
    }
}

fn judged(finding: &Finding, refund: &Refund) -> Result<(), Refusal> {
    match finding.evidence {
        Evidence::NotFound
        | Evidence::Refused
        | Evidence::Report {
            status: Reported::Failed | Reported::Reversed,
            ..
        } => Ok(()),
        Evidence::Report { .. } => Err(Refusal {
            money: "Money may have gone back already; nothing more was written.".to_owned(),
            ..refusal::unchanged(
                "may_be_paid",
                format!("the provider now says of {}: {}", refund.id, finding.said),
                format!("See how it stands: refund-desk status {}", refund.id),
            )
        }),
        Evidence::NotSent | Evidence::TurnedAway | Evidence::Doubt => Err(refusal::unavailable(
            "not_answered",
            format!(
                "the provider does not say what became of the {} it refused: {}",
                refund.content.kind.words(),
                finding.said
            ),
            "Ask again in a while: one is only made when the other is known not to be.",
        )),
    }
}
