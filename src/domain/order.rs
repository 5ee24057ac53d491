//! Everything of one order: its payments with what became of them, and the sums.

use std::fmt::Display;

use chrono::{DateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::dispute::Dispute;
use super::eligibility::Eligibility;
use super::external::ExternalRefund;
use super::listing::Sums;
use super::money::Money;
use super::payment::Payment;
use super::refund::Refund;
use super::sheet::Sheet;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// The IANA name of the business time zone.
    pub zone: String,
    /// What it is called; none: the payment names no order, and stands alone.
    pub name: Option<String>,
    /// Its payments on all accounts, oldest first.
    pub payments: Vec<Part>,
    /// There are more than are shown: the sums are not of all.
    pub more: bool,
}

/// One payment of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The payment.
    pub payment: Payment,
    /// What can be refunded of it now.
    pub eligibility: Eligibility,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Refunds of it that were made elsewhere, and are not one of ours.
    #[serde(default)]
    pub external: Vec<ExternalRefund>,
    /// Disputes about it.
    #[serde(default)]
    pub disputes: Vec<Dispute>,
}

impl Order {
    /// The sums, by currency: never across them.
    pub fn sums(&self) -> Vec<Sums> {
        let mut sums: Vec<Sums> = Vec::new();
        for part in &self.payments {
            let figures = part.payment.figures();
            let one = Sums {
                count: 1,
                paid: figures.captured,
                refunded: figures.executed,
                held: figures.held,
                can_refund: part.eligibility.can_refund,
            };
            match sums
                .iter_mut()
                .find(|it| it.paid.currency == one.paid.currency)
            {
                Some(sum) => add(sum, &one),
                None => sums.push(one),
            }
        }
        sums.sort_by_key(|it| it.paid.currency.code());
        sums
    }

    /// The page, times in a zone. `stops` says of a refund whether it can still be stopped.
    pub fn sheet<Z: TimeZone<Offset: Display>>(
        &self,
        zone: &Z,
        stops: impl Fn(&Refund) -> Option<String>,
    ) -> Sheet {
        let mut sheet = Sheet::default();
        let count = self.payments.len();
        let payments = if count == 1 { "payment" } else { "payments" };
        sheet.head(match &self.name {
            Some(name) => format!("Order {name}: {count} {payments}, all accounts"),
            None => "This payment names no order; it stands alone".to_owned(),
        });
        for sums in self.sums() {
            sheet.say(format!("{}: {}", sums.paid.currency, figures(&sums)));
        }
        if self.more {
            sheet.alarm("There are more payments: the sums are not of the whole order.");
        }
        sheet.head(format!("Payments ({})", self.zone));
        for part in &self.payments {
            part.told(&mut sheet, zone, &stops);
        }
        sheet
    }
}

impl Part {
    fn told<Z: TimeZone<Offset: Display>>(
        &self,
        sheet: &mut Sheet,
        zone: &Z,
        stops: &impl Fn(&Refund) -> Option<String>,
    ) {
        let day = |at: DateTime<Utc>| at.with_timezone(zone).format("%d %b %Y").to_string();
        let payment = &self.payment;
        let name = payment.reference.as_deref();
        let name = name.unwrap_or(&payment.provider_payment_id);
        let can = match self.eligibility.why_not {
            Some(why_not) => why_not.sentence().to_owned(),
            None => format!("can refund {}", self.eligibility.can_refund.grouped()),
        };
        let (figures, at) = (payment.figures(), day(payment.captured_at()));
        sheet.say(format!(
            "{name}, {}, {at}: {} paid, {} back, {} held; {can}",
            payment.account,
            figures.captured,
            figures.executed.grouped(),
            figures.held.grouped()
        ));
        for refund in &self.refunds {
            let content = &refund.content;
            sheet.add(format!(
                "refund {} of {}, {}, by {}: {}",
                refund.id.short(),
                content.amount,
                day(refund.created_at),
                content.maker,
                match refund.declined_by {
                    Some(_) => "declined",
                    None => refund.state.words(),
                }
            ));
            if let Some(said) = stops(refund) {
                sheet.add(said);
            }
        }
        for external in &self.external {
            sheet.add(format!(
                "refund made elsewhere of {}, seen {}: {}",
                external.amounts(),
                day(external.first_seen),
                external.state.name()
            ));
        }
        for dispute in &self.disputes {
            sheet.add(disputed(dispute, day));
        }
    }
}

/// What may be lost by a dispute, and what a refund before its deadline would avoid.
fn disputed(dispute: &Dispute, day: impl Fn(DateTime<Utc>) -> String) -> String {
    let mut said = format!(
        "dispute of {}, {}: {}",
        dispute.amount,
        day(dispute.opened_at),
        dispute.stage.name().replace('_', " ")
    );
    match (dispute.banner(), dispute.deadline) {
        (Some(banner), _) => said.extend(["; ", &banner]),
        (None, Some(at)) if dispute.stage.is_in_force() => {
            said.extend(["; answer by ", &day(at)]);
        }
        _ => {}
    }
    said
}

fn figures(sums: &Sums) -> String {
    format!(
        "{} paid, {} back, {} held, {} can be refunded",
        sums.paid.grouped(),
        sums.refunded.grouped(),
        sums.held.grouped(),
        sums.can_refund.grouped()
    )
}

/// A sum too large for its type is as good as wrong: it stands still at the largest.
fn add(sum: &mut Sums, one: &Sums) {
    let more = |sum: &mut Money, one: Money| sum.minor = sum.minor.saturating_add(one.minor);
    sum.count += one.count;
    more(&mut sum.paid, one.paid);
    more(&mut sum.refunded, one.refunded);
    more(&mut sum.held, one.held);
    more(&mut sum.can_refund, one.can_refund);
}
