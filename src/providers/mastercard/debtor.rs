//! What the bank's side of those who paid asks and tells (fact sheet 6.3 and 6.4). It makes no refund.

use serde::Serialize;
use url::Url;

use super::NAME;
use super::client::{METHOD, operation_url};
use super::parts::{self, Party};
use super::wire::{Amount, Debtor, PaymentAdvice, PaymentState, RefundStatusRequest};
use crate::config::mastercard::Debtor as Settings;
use crate::domain::money::Money;
use crate::providers::network::{About, Errand};
use crate::providers::{BuildError, Deed, RefundFormat, RefundOrder, WireRequest};

/// Longest id (fact sheet 4).
const ID_MAX_CHARS: usize = 35;
/// Whether a payment was made (fact sheet 9).
const PAID: &str = "APPR";

/// Writes the calls of one debtor account.
pub struct Errands {
    base: Url,
    party: Party,
    debtor_id: Option<String>,
    debtor_service_provider_id: String,
}

impl Errands {
    /// The calls of the account of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            base: settings.base_url.clone(),
            party: Party::of(&settings.link()),
            debtor_id: settings.debtor_id.clone(),
            debtor_service_provider_id: settings.debtor_service_provider_id.clone(),
        }
    }

    /// The request of an errand.
    ///
    /// # Errors
    /// [`BuildError`]: not this side's, or an id that is missing or does not fit.
    pub fn build(&self, errand: &Errand) -> Result<WireRequest, BuildError> {
        match &errand.about {
            About::RefundStatus {
                payment,
                refund,
                debtor,
            } => {
                let body = RefundStatusRequest {
                    block: self.party.block(&errand.key, errand.at),
                    payment_request_lifecycle_id: fitting("payment id", payment)?,
                    refund_request_lifecycle_id: fitting("refund id", refund)?,
                    debtor: self.debtor(debtor.as_deref())?,
                };
                let path = [
                    "payment-requests",
                    payment,
                    "refunds",
                    refund,
                    "status-retrievals",
                ];
                self.wire(&path, errand, &body)
            }
            About::PaymentAdvice {
                payment,
                debtor,
                retrieval,
                paid,
            } => {
                // That we do not know it does not mean that it was rejected.
                let paid = paid.ok_or(BuildError::Cannot(
                    "an advice on a payment that is not known here",
                ))?;
                let body = PaymentAdvice {
                    block: self.party.block(&errand.key, errand.at),
                    payment_request_lifecycle_id: fitting("payment id", payment)?,
                    debtor: self.debtor(debtor.as_deref())?,
                    status: PaymentState {
                        transaction_status: PAID,
                    },
                    payment_amount: Some(amount(paid)?),
                    payment_request_status_retrieval_lifecycle_id: retrieval.as_deref(),
                };
                let path = ["payment-requests", payment, "payment-confirmation-advices"];
                self.wire(&path, errand, &body)
            }
            About::RefundPaid { .. } => Err(BuildError::Cannot("what the creditor's side tells")),
        }
    }

    fn debtor(&self, named: Option<&str>) -> Result<Debtor, BuildError> {
        let id = named.or(self.debtor_id.as_deref());
        let id = id.ok_or_else(|| {
            unfit(
                "debtor",
                "the network named none; name debtor_id in the account's settings".to_owned(),
            )
        })?;
        Ok(Debtor {
            debtor_id: fitting("debtor", id)?.to_owned(),
            debtor_service_provider_id: self.debtor_service_provider_id.clone(),
        })
    }

    fn wire<T: Serialize>(
        &self,
        path: &[&str],
        errand: &Errand,
        body: &T,
    ) -> Result<WireRequest, BuildError> {
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: operation_url(&self.base, path.iter().copied()),
            body: serde_json::to_vec(body).map_err(|error| unfit("request", error.to_string()))?,
            idempotency_key: parts::key(&errand.key),
            correlation: errand.key.clone(),
        })
    }
}

/// Nothing can be sent through a debtor account: refunds arrive here.
pub struct NoRefunds;

impl RefundFormat for NoRefunds {
    fn check(&self, _: &RefundOrder) -> Result<(), BuildError> {
        Err(BuildError::Cannot(Deed::Refund.words()))
    }

    fn build_refund(&self, _: &RefundOrder) -> Result<WireRequest, BuildError> {
        Err(BuildError::Cannot(Deed::Refund.words()))
    }

    fn can(&self, _: Deed) -> bool {
        false
    }
}

fn amount(money: Money) -> Result<Amount, BuildError> {
    Amount::of(money).map_err(|error| unfit("amount", error.to_string()))
}

fn fitting<'t>(field: &'static str, id: &'t str) -> Result<&'t str, BuildError> {
    match (1..=ID_MAX_CHARS).contains(&id.chars().count()) && parts::is_plain(id) {
        true => Ok(id),
        false => Err(unfit(
            field,
            format!("it is not a plain text of 1 to {ID_MAX_CHARS} characters"),
        )),
    }
}

fn unfit(field: &'static str, why: String) -> BuildError {
    BuildError::Unfit {
        provider: NAME,
        field,
        why,
    }
}
