//! How the merchant's side writes its requests (fact sheet 5.1 and 5.4): no secret, no network.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

use super::NAME;
use super::client::{METHOD, operation_url};
use super::parts::{self, Party};
use super::wire::{
    Amount, Confirmation, Creditor, PaidWith, RefundParts, RefundRequest, RefundState, RequestBlock,
};
use crate::config::mastercard::Creditor as Settings;
use crate::domain::bank::OwnBank;
use crate::domain::money::{Currency, Money};
use crate::providers::network::{About, Errand};
use crate::providers::{BuildError, Deed, PaidTransfer, RefundFormat, RefundOrder, WireRequest};

/// Ids and references in bodies and paths (fact sheet 4).
const ID_MAX_CHARS: usize = 35;
/// `refundpaymentReference` (fact sheet 5.4).
const TRANSFER_MAX_CHARS: usize = 42;
/// The reason that a case belongs to (fact sheet 5.1).
const DISPUTES: &str = "DISPUTES";
/// That it was paid (fact sheet 9).
const APPROVED: &str = "APPR";

/// Writes the requests of one creditor account.
pub struct Requests {
    base: Url,
    party: Party,
    creditor: Creditor,
    currencies: Vec<Currency>,
    reasons: BTreeMap<String, String>,
    method: String,
    clearing_system: String,
    own_bank: Option<OwnBank>,
}

impl Requests {
    /// The requests of the account of these settings.
    pub fn new(settings: &Settings) -> Self {
        let own = settings.debtor_account.as_ref();
        Self {
            base: settings.base_url.clone(),
            party: Party::of(&settings.link()),
            creditor: Creditor {
                creditor_id: settings.creditor_id.clone(),
                creditor_service_provider_id: settings.creditor_service_provider_id.clone(),
            },
            currencies: settings.currencies.clone(),
            reasons: settings.reasons.clone(),
            method: settings.refund_method.clone(),
            clearing_system: settings.clearing_system.clone(),
            own_bank: own.map(|own| own.bank(settings.pain_version)),
        }
    }

    fn reason(&self, order: &RefundOrder) -> Result<&str, BuildError> {
        let known = self.reasons.get(&order.reason).map(String::as_str);
        known.ok_or_else(|| {
            let why = format!(
                "{} has no word of the network's; name it in the account's reasons",
                order.reason
            );
            unfit("reason", why)
        })
    }

    fn wire<T: Serialize>(
        &self,
        path: &[&str],
        order: &RefundOrder,
        body: &T,
    ) -> Result<WireRequest, BuildError> {
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: operation_url(&self.base, path.iter().copied()),
            body: serde_json::to_vec(body).map_err(|error| unfit("request", error.to_string()))?,
            idempotency_key: parts::key(&order.idempotency_key),
            // What the network is given as our reference.
            correlation: order.end_to_end.clone(),
        })
    }

    /// The confirmation (5.4) of a refund as the network knows it.
    fn confirmation<'a>(
        &'a self,
        block: RequestBlock,
        (payment, refund): (&'a str, &'a str),
        amount: Money,
        transfer: &'a PaidTransfer,
    ) -> Result<Confirmation<'a>, BuildError> {
        check_money(amount, &self.currencies)?;
        check_id("payment id", payment)?;
        check_id("refund id", refund)?;
        let rail = transfer.clearing_system.as_deref();
        let rail = rail.unwrap_or(&self.clearing_system);
        check_transfer(transfer, rail)?;
        Ok(Confirmation {
            block,
            payment_request_lifecycle_id: payment,
            refund_request_lifecycle_id: refund,
            creditor: &self.creditor,
            status: RefundState {
                refund_status: APPROVED,
            },
            refund_payment_confirmation: PaidWith {
                reference: &transfer.reference,
                clearing_system: rail,
                amount: written(amount)?,
            },
            refund_request_status_retrieval_lifecycle_id: None,
        })
    }

    fn confirms(&self, refund_id: &str, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        let transfer = order.transfer.as_ref().ok_or_else(|| {
            let why = "no transfer is known that paid it".to_owned();
            unfit("bank transfer", why)
        })?;
        check_order(order, &self.currencies)?;
        let payment = order.provider_payment_id.as_str();
        let block = self.party.block(&order.correlation, order.at);
        let body = self.confirmation(block, (payment, refund_id), order.amount, transfer)?;
        self.wire(&confirmation_path(payment, refund_id), order, &body)
    }

    /// What the merchant's side tells because it was asked: a confirmation that names the question
    /// (5.4).
    ///
    /// # Errors
    /// [`BuildError`]: not this side's, or an id or amount that does not fit.
    pub fn errand(&self, errand: &Errand) -> Result<WireRequest, BuildError> {
        let About::RefundPaid {
            payment,
            refund,
            retrieval,
            amount,
            transfer,
        } = &errand.about
        else {
            return Err(BuildError::Cannot("what the debtor's side asks and tells"));
        };
        check_id("status retrieval", retrieval)?;
        let block = self.party.block(&errand.key, errand.at);
        let body = Confirmation {
            refund_request_status_retrieval_lifecycle_id: Some(retrieval),
            ..self.confirmation(block, (payment, refund), *amount, transfer)?
        };
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: operation_url(&self.base, confirmation_path(payment, refund)),
            body: serde_json::to_vec(&body).map_err(|error| unfit("request", error.to_string()))?,
            idempotency_key: parts::key(&errand.key),
            correlation: errand.key.clone(),
        })
    }
}

const fn confirmation_path<'a>(payment: &'a str, refund: &'a str) -> [&'a str; 5] {
    [
        "payment-requests",
        payment,
        "refunds",
        refund,
        "payment-confirmations",
    ]
}

impl RefundFormat for Requests {
    fn check(&self, order: &RefundOrder) -> Result<(), BuildError> {
        check_order(order, &self.currencies)?;
        check_id("payment id", &order.provider_payment_id)?;
        check_id("our reference", &order.end_to_end)?;
        check_id("initiating party", self.party.id())?;
        // None is chosen yet while a refund is composed.
        match order.reason.is_empty() {
            true => Ok(()),
            false => self.reason(order).map(|_| ()),
        }
    }

    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        self.check(order)?;
        let reason = self.reason(order)?;
        let case = order.case_ref.as_deref().filter(|_| reason == DISPUTES);
        case.map_or(Ok(()), |case| check_id("case", case))?;
        let body = RefundRequest {
            block: self.party.block(&order.correlation, order.at),
            creditor: &self.creditor,
            refund: RefundParts {
                payment_request_lifecycle_id: &order.provider_payment_id,
                creditor_refund_reference: &order.end_to_end,
                refund_amount: written(order.amount)?,
                refund_reason: reason,
                refund_method: &self.method,
                case_reference_id: case,
            },
        };
        let path = ["payment-requests", &order.provider_payment_id, "refunds"];
        self.wire(&path, order, &body)
    }

    fn can(&self, deed: Deed) -> bool {
        matches!(deed, Deed::Refund | Deed::Confirm)
    }

    fn own_bank(&self) -> Option<&OwnBank> {
        self.own_bank.as_ref()
    }

    fn build_step(
        &self,
        deed: Deed,
        refund_id: &str,
        order: &RefundOrder,
    ) -> Result<WireRequest, BuildError> {
        match deed {
            Deed::Confirm => self.confirms(refund_id, order),
            _ => Err(BuildError::Cannot(deed.words())),
        }
    }
}

fn written(amount: Money) -> Result<Amount, BuildError> {
    Amount::of(amount).map_err(|error| unfit("amount", error.to_string()))
}

fn check_order(order: &RefundOrder, allowed: &[Currency]) -> Result<(), BuildError> {
    check_money(order.amount, allowed)?;
    refuse_unless(order.compensation.minor == 0, "compensation", || {
        "the network knows none".to_owned()
    })
}

fn check_money(amount: Money, allowed: &[Currency]) -> Result<(), BuildError> {
    let currency = amount.currency;
    refuse_unless(amount.is_positive(), "amount", || {
        format!("{amount} is not more than nothing")
    })?;
    refuse_unless(allowed.contains(&currency), "currency", || {
        let codes: Vec<&str> = allowed.iter().map(|it| it.code()).collect();
        let codes = codes.join(", ");
        format!("the account is not set up for {currency}, only for {codes}")
    })
}

fn check_id(field: &'static str, id: &str) -> Result<(), BuildError> {
    let fits = (1..=ID_MAX_CHARS).contains(&id.chars().count()) && parts::is_plain(id);
    refuse_unless(fits, field, || {
        format!("it is not a plain text of 1 to {ID_MAX_CHARS} characters")
    })
}

fn check_transfer(transfer: &PaidTransfer, rail: &str) -> Result<(), BuildError> {
    let reference = &transfer.reference;
    let fits =
        (1..=TRANSFER_MAX_CHARS).contains(&reference.chars().count()) && parts::is_plain(reference);
    refuse_unless(fits, "the bank's reference", || {
        format!("it is not a plain text of 1 to {TRANSFER_MAX_CHARS} characters")
    })?;
    check_id("rail", rail)
}

fn refuse_unless(
    holds: bool,
    field: &'static str,
    why: impl FnOnce() -> String,
) -> Result<(), BuildError> {
    match holds {
        true => Ok(()),
        false => Err(unfit(field, why())),
    }
}

fn unfit(field: &'static str, why: String) -> BuildError {
    BuildError::Unfit {
        provider: NAME,
        field,
        why,
    }
}
