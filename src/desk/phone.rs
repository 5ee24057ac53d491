//! What is said to a payer, and what may be given to them: the card of a call, the trace note.

use chrono::{DateTime, NaiveDate, Utc};

use super::face::{Refusal, Reply};
use super::kinds;
use super::local::Local;
use super::personal::masked;
use crate::domain::id::PaymentId;
use crate::domain::personal::mask_name;
use crate::domain::phone::{self, Call, Entry, What};
use crate::domain::refund::Kind;
use crate::domain::trace::{self, Paid};
use crate::domain::transfer::TransferState;
use crate::ledger::{Relative, Sent};
use crate::providers::Deed;

impl Local {
    /// Everything of the payer or order of a payment, or of a refund's payment.
    pub(super) async fn call(&self, handle: &str) -> Result<Reply, Refusal> {
        let payment = self.spoken_of(handle).await?;
        let (relatives, more) = self.ledger.relatives(payment).await?;
        let asked = relatives.iter().find(|it| it.payment.id == payment);
        let asked = asked.map(|it| &it.payment);
        let payer = asked.and_then(|it| it.payer.as_deref()).map(mask_name);
        let mut call = Call {
            payment,
            payer,
            last4: asked.and_then(|it| it.last4.clone()),
            order: asked.and_then(|it| it.order.clone()),
            zone: self.settings.zone.name().to_owned(),
            entries: Vec::new(),
            more,
        };
        let today = self.business_day(self.clock.now());
        for relative in relatives {
            call.entries.extend(self.told(relative, today));
        }
        call.entries
            .sort_by_key(|entry| std::cmp::Reverse(entry.at));
        Ok(Reply::Call(Box::new(call)))
    }

    async fn spoken_of(&self, handle: &str) -> Result<PaymentId, Refusal> {
        if let Some(payment) = self.payment_meant(handle).await? {
            return Ok(payment.id);
        }
        match self.refund_meant(handle).await? {
            Some(found) => Ok(found.refund.content.payment),
            None => Err(Refusal {
                message: format!("there is no payment or refund {handle:?}"),
                ..Refusal::not_found("payment", handle)
            }),
        }
    }

    /// What is told of one payment, in no order.
    fn told(&self, relative: Relative, today: NaiveDate) -> Vec<Entry> {
        let eligibility = self.judge(&relative.payment, self.clock.now());
        let kin = relative.kin;
        let payment = masked(relative.payment);
        let entry = |at: DateTime<Utc>, what| Entry {
            at,
            account: payment.account.clone(),
            payment: payment.id,
            reference: payment.reference.clone(),
            kin,
            what,
        };
        let paid = What::Payment {
            paid: payment.figures().captured,
            can_refund: eligibility.can_refund,
            why_not: eligibility.why_not,
        };
        let mut entries = vec![entry(payment.captured_at(), paid)];
        for sent in relative.refunds {
            let way = self.way_of(&sent);
            let said = phone::sentence(&sent.refund, &way, today);
            let at = sent.refund.created_at;
            let refund = Box::new(sent.refund);
            entries.push(entry(at, What::Refund { refund, said }));
        }
        // One that is linked is ours, and stands there already.
        let external = relative.external.into_iter();
        let others = external.filter(|it| it.linked.is_none());
        entries.extend(others.map(|it| entry(it.first_seen, What::Elsewhere(it))));
        let disputes = relative.disputes.into_iter();
        entries.extend(disputes.map(|it| entry(it.opened_at, What::Dispute(it))));
        entries
    }

    /// The way of a refund: the rail's first mark is what is normal.
    fn way_of(&self, sent: &Sent) -> phone::Way {
        let account = self.account(&sent.refund.account);
        let marks = account.map(|it| it.profile.marks);
        let references = references_of(sent);
        // What is confirmed after our own transfer is due from the start, even before there is one.
        let newest = sent.transfers.last().map(|it| it.state);
        let ours = sent.refund.content.kind == Kind::Refund && kinds::can(account, Deed::Confirm);
        let due = ours.then_some(TransferState::Due);
        let transfer = newest.or(due);
        trace::way(
            &sent.refund,
            sent.sent,
            transfer,
            &references,
            |at| self.business_day(at),
            |day| marks.map(|marks| marks.normal_by(day)),
        )
    }

    /// What may be given to a customer or a bank about a refund.
    pub(super) async fn trace(&self, handle: &str) -> Result<Reply, Refusal> {
        let id = self.refund_named(handle).await?.refund.id;
        let sent = self.ledger.sent(id).await?;
        let payment = self.payment_of(sent.refund.content.payment).await?;
        let paid = Paid {
            on: self.business_day(payment.captured_at()),
            reference: payment.reference,
            order: payment.order,
            last4: payment.last4,
        };
        let today = self.business_day(self.clock.now());
        let way = self.way_of(&sent);
        let references = references_of(&sent);
        let note = trace::note(&sent.refund, paid, &way, references, today);
        Ok(Reply::Trace(Box::new(note)))
    }
}

fn references_of(sent: &Sent) -> Vec<(String, String)> {
    trace::references(&sent.refund, sent.correlation.as_deref(), &sent.transfers)
}
