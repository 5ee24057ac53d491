//! How much whoever asks may refund, and the account, as it stands today.

use chrono::{DateTime, Utc};

use super::face::{Actor, Refusal};
use super::judged::Judged;
use super::local::Local;
use super::refusal;
use super::roles::Action;
use crate::domain::allowance::Terms;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::plan::Ahead;
use crate::domain::role::Role;

impl Local {
    /// Whether somebody makes refunds at all.
    pub(super) fn may_make(&self, actor: &Actor) -> Result<(), Refusal> {
        match self.standing(actor).roles.contains(&Role::Maker) {
            true => Ok(()),
            false => Err(self.no_role(actor, Action::Make)),
        }
    }

    /// Under what somebody makes a refund of this payment.
    pub(super) fn allowed(&self, actor: &Actor, payment: &Payment, now: DateTime<Utc>) -> Terms {
        let account = self.settings.account(&payment.account);
        let cap = account.and_then(|account| account.cap_per_day.as_ref());
        Terms {
            rights: self.standing(actor).makes,
            account_cap: cap.map(|cap| cap.of(payment.currency)),
            day: self.business_day(now),
        }
    }

    /// Adds what the limits of whoever asks, and of the account, say to a draft; the reservation asks
    /// again in its transaction.
    pub(super) async fn allow(
        &self,
        actor: &Actor,
        judged: &mut Judged,
        ahead: &Ahead,
        amount: Money,
        on_top: Money,
    ) -> Result<(), Refusal> {
        let terms = self.allowed(actor, &judged.payment, judged.now);
        if terms.rights.is_empty() && terms.account_cap.is_none() {
            return Ok(());
        }
        let minor = amount.minor.saturating_add(on_top.minor);
        let weight = Money::new(minor, amount.currency);
        let account = judged.payment.account.clone();
        let used = self
            .ledger
            .used(actor.name.clone(), account, amount.currency, terms.day)
            .await?;
        let used = ahead.used(used, &judged.payment);
        judged.allowances = terms.named(weight, &used);
        match terms.judge(weight, &used) {
            Ok(allowed) => {
                let why = allowed.why.map(|why| why.to_string());
                judged.approval = judged.approval.take().or(why);
            }
            Err(over) => judged.problems.push(refusal::over_allowance(&over)),
        }
        Ok(())
    }
}
