//! The account's payments, and a payment's refunds, whoever made them (fact sheet 4, 5 and 7).

use chrono::{DateTime, Utc};
use url::Url;

use super::Nuapay;
use super::lists::List;
use super::outcome;
use super::wire::{Envelope, Fields, Named, Refund, time};
use crate::domain::evidence::Reported;
use crate::domain::money::{Currency, Money};
use crate::providers::Finding;
use crate::providers::listing::{
    Listed, ListedPayment, ListedPayments, ListedRefund, Listing, Span, Turns, in_turn,
};

/// The one status whose money is the merchant's to give back (fact sheet 9).
const RECEIVED: &str = "PAYMENT_RECEIVED";
/// The history of a payment is short.
const HISTORY_PAGE: &str = "100";

impl Listing for Nuapay {
    /// Only payments that were received: no other can be refunded. When the money came in is in a
    /// payment's own history only; until that is read, the day it was made stands for it.
    fn payments<'a>(&'a self, span: Span, turns: &'a dyn Turns) -> Listed<'a, ListedPayments> {
        Box::pin(async move {
            let list = List {
                url: self.client.url(["payments"]),
                bounds: ["fromdatetime", "todatetime"],
                only: &[("paymentstatus", RECEIVED)],
                page_size: self.page_size,
            };
            let walked = list.walk(&self.client, span, turns).await?;
            let payments: Vec<_> = walked.entries.iter().filter_map(payment).collect();
            let left_out = walked.entries.len() - payments.len();
            Ok(ListedPayments {
                payments,
                left_out: left_out as u64,
            })
        })
    }

    fn refunds<'a>(
        &'a self,
        provider_payment_id: &'a str,
        span: Span,
        turns: &'a dyn Turns,
    ) -> Listed<'a, Vec<ListedRefund>> {
        Box::pin(async move {
            let list = self.refunds_of(provider_payment_id);
            let walked = list.walk(&self.client, span, turns).await?;
            let last = walked.last;
            let refunds = walked
                .entries
                .into_iter()
                .map(|it| refund(&Refund::new(it)));
            let refunds: Option<Vec<ListedRefund>> = refunds.collect();
            refunds.ok_or_else(|| {
                let why = "a refund in the list cannot be read";
                let finding = last.map(|last| outcome::of_unusable(&last, why));
                Box::new(finding.unwrap_or_else(|| outcome::of_nothing(why))).into()
            })
        })
    }

    fn payment<'a>(
        &'a self,
        provider_payment_id: &'a str,
        turns: &'a dyn Turns,
    ) -> Listed<'a, Option<ListedPayment>> {
        Box::pin(async move {
            let url = self.client.url(["payments", provider_payment_id]);
            let answer = in_turn(turns, || self.read(&url)).await?;
            Ok(answer.data().as_ref().and_then(payment))
        })
    }

    /// The history is the only source of it (fact sheet 5).
    fn settled_at<'a>(
        &'a self,
        provider_payment_id: &'a str,
        turns: &'a dyn Turns,
    ) -> Listed<'a, Option<DateTime<Utc>>> {
        Box::pin(async move {
            let path = ["payments", provider_payment_id, "history"];
            let mut url = self.client.url(path);
            url.query_pairs_mut().append_pair("pagesize", HISTORY_PAGE);
            let history = in_turn(turns, || self.read(&url)).await?;
            let entries = history.entries().unwrap_or_default();
            let received = entries
                .iter()
                .filter(|it| it.text("status").as_deref() == Some(RECEIVED));
            Ok(received.filter_map(|it| time(it, "createDateTime")).min())
        })
    }
}

impl Nuapay {
    pub(super) fn refunds_of(&self, provider_payment_id: &str) -> List<'static> {
        List {
            url: self
                .client
                .url(["payments", provider_payment_id, "refunds"]),
            bounds: ["fromcreationdatetime", "tocreationdatetime"],
            only: &[],
            page_size: self.page_size,
        }
    }

    async fn read(&self, url: &Url) -> Result<Envelope, Box<Finding>> {
        let answered = self.client.get(url).await;
        let response = answered.map_err(|it| Box::new(outcome::of_failed_look(&it)))?;
        match response.status {
            200..=299 => Envelope::read(&response.body)
                .ok_or_else(|| Box::new(outcome::of_unusable(&response, "no answer to it"))),
            _ => Err(Box::new(outcome::of_probe(&response))),
        }
    }
}

/// Id, status, amount, currency and date are all that is required of a payment: the vendor's own
/// samples omit others that its schema requires. One without them is left out, and counted.
fn payment(fields: &Fields) -> Option<ListedPayment> {
    let currency = Currency::from_code(&fields.text("currency")?).ok()?;
    let Named::Of(amount) = fields.amount("amount", currency) else {
        return None;
    };
    let captured_at = time(fields, "creationDateTime")?;
    let refundable = fields.text("status")? == RECEIVED;
    let debtor = fields.object("debtorAccount");
    let remittance = fields.object("remittanceInformation");
    let remitted = |name| remittance.as_ref().and_then(|it| it.text(name));
    let end_to_end = fields.text("endToEndIdentification");
    let details = [
        ("end_to_end", end_to_end),
        ("scheme", fields.text("paymentScheme")),
    ];
    Some(ListedPayment {
        provider_payment_id: fields.text("id")?,
        amount,
        captured_at,
        settled_at: refundable.then_some(captured_at),
        refundable,
        reference: remitted("reference").or_else(|| remitted("unstructured")),
        payer: debtor.as_ref().and_then(|it| it.text("name")),
        method: Some("bank transfer".to_owned()),
        last4: debtor
            .and_then(|it| it.text("identification"))
            .and_then(|it| last_four(&it)),
        details: details
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
    })
}

/// Of an account number only its end is kept.
fn last_four(identification: &str) -> Option<String> {
    let plain: Vec<char> = identification
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    (plain.len() > 4).then(|| plain[plain.len() - 4..].iter().collect())
}

/// None when it cannot be read: a balance that leaves a refund out is too high.
fn refund(refund: &Refund) -> Option<ListedRefund> {
    let currency = Currency::from_code(&refund.currency()?).ok()?;
    let Named::Of(amount) = refund.amount(currency) else {
        return None;
    };
    let compensation: Option<Money> = match refund.compensation(currency) {
        Named::Of(compensation) => Some(compensation),
        Named::Nothing => None,
        Named::Unreadable => return None,
    };
    Some(ListedRefund {
        provider_refund_id: refund.id()?,
        correlation: refund.end_to_end(),
        amount,
        compensation,
        status: match refund.status().as_deref() {
            Some("REFUND_PENDING") => Some(Reported::Pending),
            Some("REFUND_COMPLETE") => Some(Reported::Succeeded),
            Some("REFUND_REJECTED" | "REFUND_REFJECTED") => Some(Reported::Failed),
            _ => None,
        },
        created_at: refund.created_at()?,
    })
}
