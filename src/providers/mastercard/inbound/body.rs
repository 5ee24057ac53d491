//! A body of the network's, read leniently: unknown members are ignored, unknown codes stand as they
//! came.

use chrono::DateTime;
use serde_json::Value;

use super::account::Accounts;
use super::route::Route;
use crate::domain::money::{Currency, Money};
use crate::domain::text::clean;
use crate::providers::fields::{Fields, Named};
use crate::providers::network::{Message, RefundRequested};

/// Longest id (fact sheet 4).
const ID_MAX_CHARS: usize = 35;
/// More of a word of the network's is not kept.
const WORD_MAX_CHARS: usize = 140;
/// `businessType` (fact sheet 4).
const BUSINESS_TYPES: std::ops::RangeInclusive<u64> = 1..=999;
/// What says no (fact sheet 9).
const REJECTED: &str = "RJCT";
const PAYMENT_ID: &str = "paymentRequestLifecycleId";
const REFUND_ID: &str = "refundRequestLifecycleId";

/// A body, and what of it is looked at more than once.
pub struct Body {
    top: Fields,
    refund: Option<Fields>,
    status: Option<Fields>,
    message_id: Option<String>,
    initiating_party: Option<String>,
    payments: Vec<String>,
    refunds: Vec<String>,
    accounts: Accounts,
}

impl Body {
    /// Reads a body. Where shape is no matter, one that is nothing is as good as an empty one.
    pub fn read(bytes: &[u8], lenient: bool) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let top = match (Fields::read(text), lenient) {
            (None, true) => Fields::read("{}"),
            (top, _) => top,
        };
        let top = top.ok_or("the body is not a JSON object")?;
        let refund = top.object("refund");
        let ids = |name: &str| {
            let inside = refund.as_ref().and_then(|it| it.text(name));
            [top.text(name), inside].into_iter().flatten().collect()
        };
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        Ok(Self {
            message_id: top.text("messageId").filter(|it| is_id(it)),
            initiating_party: top.text("initiatingPartyId").filter(|it| is_id(it)),
            payments: ids(PAYMENT_ID),
            refunds: ids(REFUND_ID),
            accounts: Accounts::of(&value),
            status: top.object("status"),
            refund,
            top,
        })
    }

    /// Its name.
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }

    /// Who sends it.
    pub fn initiating_party(&self) -> Option<&str> {
        self.initiating_party.as_deref()
    }

    /// The payments it names.
    pub fn payments(&self) -> Vec<&str> {
        self.payments.iter().map(String::as_str).collect()
    }

    /// The refunds it names.
    pub fn refunds(&self) -> Vec<&str> {
        self.refunds.iter().map(String::as_str).collect()
    }

    /// The texts of account numbers in it, which are kept nowhere else.
    pub fn account_texts(&self) -> Vec<String> {
        let mut texts = self.accounts.texts.clone();
        texts.extend(self.accounts.only().map(|it| it.number.clone()));
        texts.retain(|it| it.len() > 4);
        // The longest first: a part of another must not break it up.
        texts.sort_by_key(|it| std::cmp::Reverse(it.len()));
        texts
    }

    /// The request block, but for the type of business.
    pub fn check_block(&self) -> Result<(), &'static str> {
        if self.initiating_party.is_none() {
            return Err("initiatingPartyId is not 1 to 35 characters");
        }
        if self.message_id.is_none() {
            return Err("messageId is not 1 to 35 characters");
        }
        let time = self.top.text("creationDateTime");
        match time.is_some_and(|it| DateTime::parse_from_rfc3339(&it).is_ok()) {
            true => Ok(()),
            false => Err("creationDateTime is not a date with time and zone"),
        }
    }

    /// Whether it has a type of business.
    pub fn has_business_type(&self) -> bool {
        let number = self.top.count("businessType");
        number.is_some_and(|it| BUSINESS_TYPES.contains(&it))
    }

    /// What it says, as the operation of this path.
    pub fn message(&self, route: &Route) -> Result<Message, &'static str> {
        let payment = route.payment().to_owned();
        Ok(match route {
            Route::AccountAdvice { refund, .. } => Message::AccountAdvice {
                payment,
                refund: refund.clone(),
                account: self.accounts.only().cloned(),
                declined: self.declined(),
            },
            Route::RefundStatus { refund, .. } => Message::RefundStatusAsked {
                payment,
                refund: refund.clone(),
                retrieval: self.id("refundRequestStatusRetrievalLifecycleId"),
            },
            Route::PaymentStatus { .. } => Message::PaymentStatusAsked {
                payment,
                debtor: self.debtor(),
                retrieval: self.id("paymentRequestStatusRetrievalLifecycleId"),
            },
            Route::Refund { .. } => Message::RefundRequested(self.requested(payment)?),
            Route::Confirmation { refund, .. } => self.confirmed(payment, refund.clone())?,
        })
    }

    fn requested(&self, payment: String) -> Result<RefundRequested, &'static str> {
        let refund = self.refund.as_ref().ok_or("refund is missing")?;
        let amount = refund.object("refundAmount");
        let amount = amount.as_ref().and_then(money);
        let amount = amount.filter(|it| it.is_positive());
        let word = |name| refund.text(name).map(|it| word(&it));
        let creditor = self.top.object("creditor");
        Ok(RefundRequested {
            payment,
            refund: self.id(REFUND_ID),
            amount: amount.ok_or("refund.refundAmount is not an amount of money")?,
            reason: word("refundReason"),
            method: word("refundMethod"),
            reference: word("creditorRefundReference"),
            case: word("caseReferenceId"),
            creditor: creditor
                .and_then(|it| it.text("creditorId"))
                .filter(|it| is_id(it)),
            debtor: self.debtor(),
        })
    }

    fn confirmed(&self, payment: String, refund: String) -> Result<Message, &'static str> {
        let status = self.word_of("refundStatus");
        let paid = self.top.object("refundPaymentConfirmation");
        let reference = paid.as_ref().and_then(|paid| {
            let as_documented = paid.text("refundpaymentReference");
            as_documented
                .or_else(|| paid.text("refundPaymentReference"))
                .or_else(|| paid.text("paymentReference"))
        });
        let amount = match paid.as_ref().filter(|it| it.has("refundAmount")) {
            None => None,
            Some(paid) => {
                let amount = paid.object("refundAmount");
                let read = amount.as_ref().and_then(money);
                Some(
                    read.ok_or("refundPaymentConfirmation.refundAmount is not an amount of money")?,
                )
            }
        };
        Ok(Message::RefundConfirmed {
            payment,
            refund,
            status: status.ok_or("status.refundStatus is missing")?,
            reason: self.word_of("refundStatusReason"),
            reference: reference.map(|it| word(&it)),
            amount,
            retrieval: self.id("refundRequestStatusRetrievalLifecycleId"),
        })
    }

    /// The network's words where it says no; how it does is not public (fact sheet 7.1).
    fn declined(&self) -> Option<String> {
        let names = [
            "refundStatus",
            "refundRequestStatus",
            "transactionStatus",
            "status",
        ];
        let status = names.iter().find_map(|name| self.word_of(name));
        let reasons = ["refundStatusReason", "transactionStatusReason", "reason"];
        let reason = reasons.iter().find_map(|name| self.word_of(name));
        let is_no = status.as_deref() == Some(REJECTED);
        if !is_no && !self.top.has("Errors") {
            return None;
        }
        let words = [status, reason].into_iter().flatten();
        let words = words.collect::<Vec<_>>().join(" ");
        Some(if words.is_empty() {
            "declined".to_owned()
        } else {
            words
        })
    }

    /// A word at the top, in `status` or in `refund`.
    fn word_of(&self, name: &str) -> Option<String> {
        let places = [Some(&self.top), self.status.as_ref(), self.refund.as_ref()];
        let text = places.into_iter().flatten().find_map(|it| it.text(name))?;
        Some(word(&text))
    }

    /// An id at the top or in `refund`.
    fn id(&self, name: &str) -> Option<String> {
        let places = [Some(&self.top), self.refund.as_ref()];
        let text = places.into_iter().flatten().find_map(|it| it.text(name));
        text.filter(|it| is_id(it))
    }

    fn debtor(&self) -> Option<String> {
        let debtor = self.top.object("debtor");
        let id = debtor.and_then(|it| it.text("debtorId"));
        id.or_else(|| self.id("debtorId")).filter(|it| is_id(it))
    }
}

fn money(amount: &Fields) -> Option<Money> {
    let currency = Currency::from_code(&amount.text("currency")?).ok()?;
    match amount.amount("value", currency) {
        Named::Of(money) => Some(money),
        _ => None,
    }
}

fn is_id(text: &str) -> bool {
    (1..=ID_MAX_CHARS).contains(&text.chars().count()) && clean(text) == text
}

/// A code or text as it came, harmless and not long.
fn word(text: &str) -> String {
    clean(text).chars().take(WORD_MAX_CHARS).collect()
}
