//! A bulk refund, planned: every row is judged before anything is sent, and what was judged is one
//! piece of data with one hash. Exactly that is carried out, once, or a row of it is refused.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;
use super::money::{Currency, Money};

mod ahead;

pub use ahead::{Ahead, Kin, Taken};

/// Most rows of one plan: what one person can look through before saying yes.
pub const MOST_ROWS: usize = 1_000;

/// A row as somebody asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Where it stands in what was handed in: the line of a file, or the place among marked rows.
    pub line: u64,
    /// Our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub payment: String,
    /// An amount expression.
    pub amount: String,
    /// On top of it, an amount.
    pub compensation: Option<String>,
    /// A code of the catalogue.
    pub reason: String,
    /// Free text.
    pub note: Option<String>,
    /// The case at the payer's bank or scheme.
    pub case_ref: Option<String>,
}

/// What a row comes to: just this is composed for it, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The account of the payment.
    pub account: String,
    /// The provider's id of the payment: unlike ours it is the same in every database.
    pub provider_payment_id: String,
    /// The principal.
    pub amount: Money,
    /// On top of it; same currency; zero: none.
    pub compensation: Money,
    /// A code of the catalogue.
    pub reason: String,
    /// Free text, as it will be kept.
    pub note: Option<String>,
    /// The case reference, as it will be kept.
    pub case_ref: Option<String>,
    /// What must be available when it is composed: the rows before it are counted.
    pub available: Money,
}

/// What would become of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is composed and goes out.
    Goes,
    /// It is composed and waits for a checker; why.
    Checker(String),
    /// It is likely to repeat another refund, which it says; not composed.
    Repeats(String),
    /// A rule says no; not composed.
    Refused {
        /// A code for programs.
        code: String,
        /// What happened.
        message: String,
        /// What to do.
        next: String,
    },
}

impl Verdict {
    /// True when the row is carried out.
    pub const fn goes(&self) -> bool {
        matches!(self, Self::Goes | Self::Checker(_))
    }

    /// Its name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Goes => "goes",
            Self::Checker(_) => "needs_checker",
            Self::Repeats(_) => "likely_duplicate",
            Self::Refused { .. } => "refused",
        }
    }

    /// Why it does not simply go; nothing where it does.
    pub fn why(&self) -> &str {
        match self {
            Self::Goes => "",
            Self::Checker(why) | Self::Repeats(why) => why,
            Self::Refused { message, .. } => message,
        }
    }
}

/// A row with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// As in [`Wanted::line`].
    pub line: u64,
    /// The payment as it was asked for.
    pub payment: String,
    /// How people know the payment, where it is known.
    pub reference: Option<String>,
    /// What it comes to; none where that cannot be said.
    pub order: Option<Order>,
    /// What would become of it.
    pub verdict: Verdict,
    /// Refunds it may repeat, where that was said to be meant.
    pub repeats: Vec<String>,
}

impl Row {
    /// What is carried out for it; none: nothing is.
    pub fn carried_out(&self) -> Option<&Order> {
        self.order.as_ref().filter(|_| self.verdict.goes())
    }
}

/// A bulk refund as it was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Who made it, and whose refunds it makes.
    pub maker: String,
    /// When. Made again later, it is another decision.
    pub made_at: DateTime<Utc>,
    /// `sandbox`, `test` or `live`: nowhere else is it carried out.
    pub environment: String,
    /// The policy it was judged under.
    pub policy_version: u32,
    /// Likely duplicates are meant.
    pub again: bool,
    /// The rows, in their order: each is judged as if those before it were made.
    pub rows: Vec<Row>,
}

/// What a plan comes to in one currency. Sums stop at the ends of `i64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The currency, and what leaves in it, compensation included.
    pub leaves: Money,
    /// How many rows that are.
    pub rows: usize,
    /// How many of them wait for a checker.
    pub for_checker: usize,
    /// What is available on their payments before.
    pub before: Money,
    /// And after.
    pub after: Money,
}

impl Plan {
    /// SHA-256 of all that was judged, in hex.
    pub fn hash(&self) -> String {
        let head = Canonical::new("plan")
            .text(&self.maker)
            .integer(self.made_at.timestamp_millis())
            .text(&self.environment)
            .integer(i64::from(self.policy_version))
            .integer(i64::from(self.again))
            .integer(i64::try_from(self.rows.len()).unwrap_or(i64::MAX));
        self.rows.iter().fold(head, hashed).hex()
    }

    /// How many rows are carried out.
    pub fn going(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict.goes()).count()
    }

    /// How many rows are not.
    pub fn refused(&self) -> usize {
        self.rows.len() - self.going()
    }

    /// What is carried out, per currency.
    pub fn totals(&self) -> Vec<Total> {
        let orders = || self.rows.iter().filter_map(Row::carried_out);
        let currencies: BTreeSet<Currency> = orders().map(|it| it.amount.currency).collect();
        currencies.into_iter().map(|it| self.total(it)).collect()
    }

    fn total(&self, currency: Currency) -> Total {
        let zero = Money::zero(currency);
        let mut total = Total {
            leaves: zero,
            rows: 0,
            for_checker: 0,
            before: zero,
            after: zero,
        };
        let mut payments = BTreeSet::new();
        let mut principal = 0_i64;
        for row in &self.rows {
            let Some(order) = row
                .carried_out()
                .filter(|order| order.amount.currency == currency)
            else {
                continue;
            };
            total.rows += 1;
            total.for_checker += usize::from(matches!(row.verdict, Verdict::Checker(_)));
            total.leaves.minor = total.leaves.minor.saturating_add(weight(order));
            principal = principal.saturating_add(order.amount.minor);
            // Of several rows of a payment the first saw what there was.
            if payments.insert((&order.account, &order.provider_payment_id)) {
                total.before.minor = total.before.minor.saturating_add(order.available.minor);
            }
        }
        total.after.minor = total.before.minor.saturating_sub(principal);
        total
    }
}

/// The caller's key of a row of the plan with this [`Plan::hash`], by its place: the same row of the
/// same plan is the same refund.
pub fn key(hash: &str, at: usize) -> String {
    format!("plan-{hash}-{}", at + 1)
}

/// Principal and compensation.
const fn weight(order: &Order) -> i64 {
    order.amount.minor.saturating_add(order.compensation.minor)
}

fn hashed(canonical: Canonical, row: &Row) -> Canonical {
    let canonical = canonical
        .integer(i64::try_from(row.line).unwrap_or(i64::MAX))
        .text(&row.payment)
        .optional(row.reference.as_deref())
        .text(row.verdict.name())
        .text(row.verdict.why());
    let canonical = row.repeats.iter().fold(
        canonical.integer(i64::try_from(row.repeats.len()).unwrap_or(i64::MAX)),
        |canonical, repeats| canonical.text(repeats),
    );
    let Some(order) = &row.order else {
        return canonical.integer(0);
    };
    canonical
        .integer(1)
        .text(&order.account)
        .text(&order.provider_payment_id)
        .integer(order.amount.minor)
        .integer(order.compensation.minor)
        .text(order.amount.currency.code())
        .text(&order.reason)
        .optional(order.note.as_deref())
        .optional(order.case_ref.as_deref())
        .integer(order.available.minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn row(line: u64, payment: &str, (amount, available): (i64, i64), verdict: Verdict) -> Row {
        Row {
            line,
            payment: payment.to_owned(),
            reference: Some(payment.to_owned()),
            order: Some(Order {
                account: "hub".to_owned(),
                provider_payment_id: payment.to_owned(),
                amount: usd(amount),
                compensation: usd(0),
                reason: "duplicate".to_owned(),
                note: None,
                case_ref: None,
                available: usd(available),
            }),
            verdict,
            repeats: Vec::new(),
        }
    }

    fn plan() -> Plan {
        let checker = Verdict::Checker("above".to_owned());
        Plan {
            maker: "mia".to_owned(),
            made_at: "2026-11-21T10:00:00Z".parse().unwrap(),
            environment: "sandbox".to_owned(),
            policy_version: 1,
            again: false,
            rows: vec![
                row(2, "a", (3_000, 9_000), Verdict::Goes),
                row(3, "a", (4_000, 6_000), checker),
                row(4, "b", (1, 5), Verdict::Repeats("it is there".to_owned())),
            ],
        }
    }

    #[test]
    fn what_was_judged_is_in_the_hash_and_nothing_runs_together() {
        let hash = plan().hash();
        assert_eq!(hash.len(), 64);
        let changes: [fn(&mut Plan); 9] = [
            |it| it.maker = "max".to_owned(),
            |it| it.made_at += chrono::TimeDelta::milliseconds(1),
            |it| it.environment = "live".to_owned(),
            |it| it.policy_version = 2,
            |it| it.again = true,
            |it| it.rows[0].order.as_mut().unwrap().amount.minor += 1,
            |it| it.rows[0].order.as_mut().unwrap().available.minor += 1,
            |it| it.rows[2].verdict = Verdict::Goes,
            |it| it.rows.swap(0, 1),
        ];
        for change in changes {
            let mut other = plan();
            change(&mut other);
            assert_ne!(other.hash(), hash);
        }
        assert_eq!(key(&hash, 0), format!("plan-{hash}-1"));
    }

    #[test]
    fn the_file_of_a_plan_is_the_plan() {
        let text = serde_json::to_string(&plan()).unwrap();
        let read: Plan = serde_json::from_str(&text).unwrap();
        assert_eq!((read.hash(), read), (plan().hash(), plan()));
    }

    #[test]
    fn only_what_goes_is_counted_and_a_payment_once() {
        let totals = plan().totals();
        let expected = Total {
            leaves: usd(7_000),
            rows: 2,
            for_checker: 1,
            before: usd(9_000),
            after: usd(2_000),
        };
        assert_eq!(totals, [expected]);
        assert_eq!((plan().going(), plan().refused()), (2, 1));
    }
}
