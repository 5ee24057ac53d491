//! What a network tells the creditor's side: where the money of a refund is to go, and that it wants
//! to know how one stands.

use super::errands;
use super::face::Refusal;
use super::local::Local;
use crate::domain::bank::BankAccount;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::refund::ObservationSource;
use crate::domain::state::State;
use crate::domain::text;
use crate::failpoint;
use crate::ledger::{Advised, Advising, Called, ErrandAbout, Meant, NewErrand, Recorded};
use crate::providers::Finding;
use crate::providers::network::{Answer, Message, Received};

impl Local {
    /// The payer's bank names an account, or declines. What is validly signed is always taken in:
    /// what it does not fit is kept for a person.
    pub(super) async fn account_advised(
        &self,
        account: &str,
        received: &Received,
    ) -> Result<Answer, Refusal> {
        self.writable()?;
        let Message::AccountAdvice {
            payment,
            refund,
            account: to,
            declined,
        } = &received.message
        else {
            return Ok(not_for_us());
        };
        let meant = self
            .ledger
            .meant(account.to_owned(), payment.clone(), refund.clone());
        let of_payment = match meant.await? {
            Meant::Refund(id) => {
                let advising = advising(to.as_ref(), declined.as_deref());
                self.advised(id, refund, advising, received).await?;
                return Ok(Answer::Acknowledged);
            }
            // Its acknowledgement may not be written down yet: the network says it again.
            Meant::Payment(payment) if self.awaits_an_id(payment).await? => {
                return Ok(Answer::Unavailable);
            }
            Meant::Payment(payment) => Some(payment),
            Meant::Nothing => None,
        };
        let named = to.as_ref().map_or("no account".to_owned(), |to| {
            format!("account {}", to.masked())
        });
        let detail = format!(
            "the network names {named} for refund {} of payment {}, which is none of ours",
            text::clean(refund),
            text::clean(payment)
        );
        tracing::warn!(account, "{detail}");
        let now = self.clock.now();
        self.ledger
            .advised_nothing(account.to_owned(), of_payment, detail, now)
            .await?;
        Ok(Answer::Acknowledged)
    }

    /// Whether a refund of the payment was sent whose id at the network is not known.
    async fn awaits_an_id(&self, payment: PaymentId) -> Result<bool, Refusal> {
        let refunds = self.ledger.refunds_of(payment).await?;
        Ok(refunds.iter().any(|it| {
            let sent = matches!(it.state, State::Submitting | State::Unknown);
            sent && it.provider_refund_id.is_none()
        }))
    }

    async fn advised(
        &self,
        id: RefundId,
        network_id: &str,
        advising: Advising,
        received: &Received,
    ) -> Result<(), Refusal> {
        let summary = self.refund_of(id).await?;
        let finding = Finding {
            provider_refund_id: Some(network_id.to_owned()),
            raw: Some(received.raw.clone()),
            support_id: received.request_id.clone(),
            ..found(&advising)
        };
        let source = ObservationSource::Message;
        let number = Some(summary.refund.attempts).filter(|number| *number > 0);
        let mut record = self.evidence_of(&summary, &finding, source, number);
        // It was made by the network, in none of our exchanges.
        record.exchange = None;
        let (advised, summary) = self.ledger.advise(record, advising).await?;
        failpoint::reach("advice.committed");
        match advised {
            Advised::Taken | Advised::Known => tracing::info!(refund = %id, ?advised, "an advice"),
            Advised::Contradicts => tracing::warn!(refund = %id, "an advice that contradicts"),
        }
        self.changed(summary);
        Ok(())
    }

    /// The network wants to know how a refund stands: once it is confirmed, the network is told again,
    /// naming the question; until then its confirmation is the answer, and goes at once if it can.
    pub(super) async fn refund_status_asked(
        &self,
        called: &Called,
        received: &Received,
    ) -> Result<(Answer, Recorded), Refusal> {
        self.writable()?;
        let Message::RefundStatusAsked {
            payment,
            refund,
            retrieval,
        } = &received.message
        else {
            return Ok((not_for_us(), Recorded::Nothing));
        };
        let account = called.account.clone();
        let meant = self.ledger.meant(account, payment.clone(), refund.clone());
        let Meant::Refund(id) = meant.await? else {
            let unknown = Answer::Refused {
                code: None,
                why: "this refund is not known here".to_owned(),
                recoverable: false,
            };
            return Ok((unknown, Recorded::Nothing));
        };
        let retrieval = retrieval.as_ref().unwrap_or(&received.message_id).clone();
        let state = self.refund_of(id).await?.refund.state;
        let confirmed = matches!(state, State::Succeeded | State::Settled);
        let recorded = match (confirmed, self.transfer_that_paid(id).await?) {
            (true, Some(_)) => Recorded::Errand(paid(called, (payment, refund), &retrieval)),
            (false, Some(_)) => {
                let now = self.clock.now();
                self.ledger.plan_confirmation(id, now).await?;
                self.bell.notify_one();
                Recorded::Nothing
            }
            (_, None) => Recorded::Nothing,
        };
        Ok((Answer::WillFollow { retrieval }, recorded))
    }
}

fn paid(called: &Called, (payment, refund): (&str, &str), retrieval: &str) -> NewErrand {
    NewErrand {
        account: called.account.clone(),
        about: ErrandAbout::RefundPaid {
            payment: payment.to_owned(),
            refund: refund.to_owned(),
            retrieval: retrieval.to_owned(),
        },
        key: errands::key("refund_paid", &[&called.account, refund, &called.name]),
        by: "desk".to_owned(),
        at: called.at,
    }
}

fn advising(to: Option<&BankAccount>, declined: Option<&str>) -> Advising {
    match (to, declined) {
        (_, Some(words)) => Advising::Declined(text::clean(words)),
        (Some(to), None) if to.number.is_empty() => Advising::Unreadable,
        (Some(to), None) => Advising::Account(to.clone()),
        (None, None) => Advising::Unreadable,
    }
}

/// That it is advised proves that the request was accepted. Declined before any account was named,
/// nothing can have been paid: the money moves on our own rails alone.
fn found(advising: &Advising) -> Finding {
    let report = |status| Evidence::Report {
        status,
        amount: None,
    };
    match advising {
        Advising::Account(to) => Finding::new(
            report(Reported::ActionRequired),
            format!("to be paid to account {}", to.masked()),
        ),
        Advising::Unreadable => Finding::new(
            report(Reported::ActionRequired),
            "the network advises an account that cannot be read; ask the network for it",
        ),
        Advising::Declined(words) => Finding::new(
            report(Reported::Failed),
            format!("the payer's bank declines: {words}"),
        ),
    }
}

fn not_for_us() -> Answer {
    Answer::Refused {
        code: None,
        why: "this call is not for the creditor's side".to_owned(),
        recoverable: false,
    }
}
