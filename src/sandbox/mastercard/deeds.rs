//! What the calls do: refunds taken in and confirmed, questions passed on.

use std::io;
use std::sync::Arc;

use serde_json::json;

use super::asked::{self, Confirmed, RefundAsked};
use super::calls::Call;
use super::records::{Confirmation, Refund};
use super::reply::{Refused, Reply};
use super::written;
use super::{Answered, BANK, CREDITOR, Kept, Network};
use crate::sandbox::course::Course;

impl Network {
    pub(super) fn decide(self: &Arc<Self>, call: &Call<'_>) -> Result<Reply, Refused> {
        let parts: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
        match (call.account, &parts[..]) {
            (CREDITOR, ["payment-requests", payment, "refunds"]) => self.refund(call, payment),
            (
                CREDITOR,
                [
                    "payment-requests",
                    payment,
                    "refunds",
                    id,
                    "payment-confirmations",
                ],
            ) => self.confirm(call, payment, id),
            (CREDITOR, ["payment-requests", payment, "status-retrievals"]) => {
                self.payment_status(call, payment)
            }
            (
                BANK,
                [
                    "payment-requests",
                    payment,
                    "refunds",
                    id,
                    "status-retrievals",
                ],
            ) => self.refund_status(call, payment, id),
            (BANK, ["payment-requests", payment, "payment-confirmation-advices"]) => {
                self.payment_advised(call, payment)
            }
            _ => Ok(Reply::Bare(404)),
        }
    }

    /// The answer to a call of this key that the journal knows.
    pub(super) fn journalled(&self, kept: &Kept, call: &Call<'_>) -> Option<Answered> {
        if call.account != CREDITOR {
            return None;
        }
        let records = &kept.records;
        if let Some(refund) = records.refund_with_key(call.key) {
            return Some(Answered {
                path: format!("/payment-requests/{}/refunds", refund.payment_id),
                request: refund.body.clone().into_bytes(),
                body: written::taken_in(refund),
                signed: true,
            });
        }
        let confirmation = records.confirmation_with_key(call.key)?;
        let refund = records.refunds.with_id(&confirmation.refund_id)?;
        Some(Answered {
            path: format!(
                "/payment-requests/{}/refunds/{}/payment-confirmations",
                refund.payment_id, refund.id
            ),
            request: confirmation.body.clone().into_bytes(),
            body: written::answer(&confirmation.message_id, confirmation.at, json!({})),
            signed: true,
        })
    }

    fn refund(self: &Arc<Self>, call: &Call<'_>, payment: &str) -> Result<Reply, Refused> {
        let asked = asked::refund(call.body, payment)?;
        let mut kept = self.kept();
        check(&kept, payment, &asked)?;
        let number = kept.records.refunds.all().len() + 1;
        let refund = Refund {
            id: format!("2{number:017}"),
            payment_id: payment.to_owned(),
            reference: asked.reference,
            reason: asked.reason,
            method: asked.method,
            case: asked.case,
            amount: asked.amount,
            message_id: call.message_id.clone(),
            key: call.key.to_owned(),
            body: String::from_utf8_lossy(call.body).into_owned(),
            accepted_at: call.at,
            confirmed: None,
            deliveries: 0,
        };
        let course = refund.course();
        let refunds = &mut kept.records.refunds;
        let strikes = matches!(course, Course::RequestLost | Course::Unavailable);
        if strikes && refunds.strikes(refund.fault_name()).map_err(broken)? {
            return Ok(match course {
                Course::Unavailable => Reply::Bare(503),
                _ => Reply::Cut,
            });
        }
        refunds.accept(refund.clone()).map_err(broken)?;
        drop(kept);
        let body = written::taken_in(&refund);
        self.advise(refund);
        Ok(match course {
            Course::ReplyLost => Reply::Cut,
            Course::Garbage => Reply::Garbage,
            _ => Reply::Done { body, signed: true },
        })
    }

    fn confirm(
        self: &Arc<Self>,
        call: &Call<'_>,
        payment: &str,
        id: &str,
    ) -> Result<Reply, Refused> {
        let confirmed = asked::confirmation(call.body, payment, id)?;
        let answer = written::answer(&call.message_id, call.at, json!({}));
        let mut kept = self.kept();
        let refund = known(&kept, payment, id)?;
        check_confirmation(&kept, &refund, &confirmed)?;
        let retrieval = confirmed.retrieval;
        let confirmation = Confirmation {
            refund_id: id.to_owned(),
            message_id: call.message_id.clone(),
            key: call.key.to_owned(),
            body: String::from_utf8_lossy(call.body).into_owned(),
            status: confirmed.status,
            reason: confirmed.reason,
            reference: confirmed.reference,
            amount: confirmed.amount,
            at: call.at,
        };
        let is_first = refund.confirmed.is_none() && kept.records.rejection(id).is_none();
        let refunds = &mut kept.records.refunds;
        match (is_first, confirmation.status.as_str()) {
            (false, _) => {}
            (true, "APPR") => refunds.capture(confirmation.clone()).map_err(broken)?,
            (true, _) => refunds.cancel(confirmation.clone()).map_err(broken)?,
        }
        let refund = refunds.with_id(id).cloned().unwrap_or(refund);
        if is_first && refund.is_returned() {
            kept.bank.send_back(&refund, call.at).map_err(broken)?;
        }
        let is_banked = kept.records.is_banked(payment);
        drop(kept);
        if is_banked {
            self.pass_on(refund, confirmation, retrieval);
        }
        Ok(match is_first {
            true => Reply::Done {
                body: answer,
                signed: true,
            },
            false => self.remember(call, answer, true),
        })
    }

    /// A question about a payment is taken in; its answer would come from the payer's bank.
    fn payment_status(&self, call: &Call<'_>, payment: &str) -> Result<Reply, Refused> {
        asked::payment_status(call.body, payment)?;
        self.payment_known(payment)?;
        let more = json!({
            "paymentRequestStatusRetrievalLifecycleId": retrieval_id(call.key),
            "retrievalRequestStatus": "WFPC",
        });
        let answer = written::answer(&call.message_id, call.at, more);
        Ok(self.remember(call, answer, false))
    }

    /// A question about a refund is taken in, and put to the creditor's side.
    fn refund_status(
        self: &Arc<Self>,
        call: &Call<'_>,
        payment: &str,
        id: &str,
    ) -> Result<Reply, Refused> {
        asked::refund_status(call.body, payment, id)?;
        known(&self.kept(), payment, id)?;
        let retrieval = retrieval_id(call.key);
        let more = json!({
            "refundRequestStatusRetrievalLifecycleId": retrieval,
            "retrievalRequestStatus": "WFPC",
        });
        let answer = written::answer(&call.message_id, call.at, more);
        let reply = self.remember(call, answer, false);
        self.ask_creditor(payment.to_owned(), id.to_owned(), retrieval);
        Ok(reply)
    }

    fn payment_advised(&self, call: &Call<'_>, payment: &str) -> Result<Reply, Refused> {
        asked::advice(call.body)?;
        self.payment_known(payment)?;
        let answer = written::answer(&call.message_id, call.at, json!({}));
        Ok(self.remember(call, answer, true))
    }

    fn payment_known(&self, payment: &str) -> Result<(), Refused> {
        match self.kept().records.is_known(payment) {
            true => Ok(()),
            false => Err(unknown_payment()),
        }
    }
}

fn check(kept: &Kept, payment: &str, asked: &RefundAsked) -> Result<(), Refused> {
    let records = &kept.records;
    let known = records.payment(payment).ok_or_else(unknown_payment)?;
    if asked.amount.currency != known.amount.currency {
        return Err(Refused::rule(
            "RFND-0001",
            "the payment is in another currency",
        ));
    }
    match asked.amount.minor <= records.left_of(payment) {
        true => Ok(()),
        false => Err(Refused::rule(
            "RFND-0002",
            "more than is left of the payment",
        )),
    }
}

fn check_confirmation(kept: &Kept, refund: &Refund, told: &Confirmed) -> Result<(), Refused> {
    let records = &kept.records;
    if told.amount.is_some_and(|amount| amount != refund.amount) {
        return Err(Refused::rule(
            "RFND-0003",
            "another amount than was asked for",
        ));
    }
    if told.status == "APPR" && !kept.advised.contains(&refund.id) {
        return Err(Refused::rule(
            "RFND-0004",
            "no account was told for this refund",
        ));
    }
    let before = refund.confirmed.as_ref().or(records.rejection(&refund.id));
    match before {
        Some(before) if before.status != told.status => Err(Refused::rule(
            "RFND-0005",
            "the opposite was confirmed before",
        )),
        Some(_) if told.retrieval.is_none() => Err(Refused::rule(
            "RFND-0006",
            "the refund is confirmed already",
        )),
        _ => Ok(()),
    }
}

fn known(kept: &Kept, payment: &str, id: &str) -> Result<Refund, Refused> {
    let refund = kept.records.refunds.with_id(id);
    let refund = refund.filter(|it| it.payment_id == payment);
    let unknown = || Refused::rule("AGRM-0034", "the refund is not known");
    refund.cloned().ok_or_else(unknown)
}

fn unknown_payment() -> Refused {
    Refused::rule("AGRM-0034", "the payment is not known")
}

fn retrieval_id(key: &str) -> String {
    written::message_id(key, "retrieval")
}

fn broken(error: io::Error) -> Refused {
    Refused::broken(&error)
}
