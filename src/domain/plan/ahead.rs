//! What the rows of a plan take that stand before the one being judged: nothing of it is in the
//! ledger yet, and all of it counts as if it were.

use crate::domain::allowance::Used;
use crate::domain::money::Money;
use crate::domain::payment::Payment;

/// What a row takes. One currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The line of the row.
    pub line: u64,
    /// The payment as it was known before the plan.
    pub payment: Payment,
    /// The capture it is taken from, where the payment has several.
    pub capture_id: Option<String>,
    /// The principal.
    pub amount: Money,
    /// On top of it.
    pub compensation: Money,
}

/// The rows before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead(Vec<Taken>);

/// What two payments share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// They are the same.
    Payment,
    /// The order.
    Order,
    /// The payer.
    Payer,
}

impl Kin {
    /// Every kind, closest first.
    pub const ALL: [Self; 3] = [Self::Payment, Self::Order, Self::Payer];

    /// Where a refund goes, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Payment => "on this payment",
            Self::Order => "on this order",
            Self::Payer => "to this payer",
        }
    }

    fn joins(self, one: &Payment, other: &Payment) -> bool {
        match self {
            Self::Payment => one.id == other.id,
            Self::Order => one.order.is_some() && one.order == other.order,
            // As the ledger compares names: without regard to case.
            Self::Payer => match (&one.payer, &other.payer) {
                (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
                _ => false,
            },
        }
    }
}

impl Ahead {
    /// Counts a row that is carried out.
    pub fn take(&mut self, taken: Taken) {
        self.0.push(taken);
    }

    /// A payment with what the rows before hold of it. Figures stop at the ends of `i64`.
    #[must_use]
    pub fn held_on(&self, mut payment: Payment) -> Payment {
        for taken in self.0.iter().filter(|it| it.payment.id == payment.id) {
            let only = payment.captures.len() == 1;
            let capture = payment
                .captures
                .iter_mut()
                .find(|it| only || it.capture_id == taken.capture_id);
            if let Some(capture) = capture {
                let held = &mut capture.figures.held;
                held.minor = held.minor.saturating_add(taken.amount.minor);
            }
            let on_top = &mut payment.on_top.held;
            on_top.minor = on_top.minor.saturating_add(taken.compensation.minor);
        }
        payment
    }

    /// What goes to the same payment, order or payer: the largest of the three sums.
    pub fn recent(&self, payment: &Payment) -> Money {
        let sum = |kin: Kin| {
            self.related(kin, payment)
                .fold(0_i64, |sum, it| sum.saturating_add(it.amount.minor))
        };
        let most = Kin::ALL.into_iter().map(sum).max();
        Money::new(most.unwrap_or(0), payment.currency)
    }

    /// What was used of a day's limits, with the rows before: they all have one maker.
    #[must_use]
    pub fn used(&self, used: Used, payment: &Payment) -> Used {
        let same_currency = self
            .0
            .iter()
            .filter(|it| it.amount.currency == payment.currency);
        same_currency.fold(used, |mut used, it| {
            let weight = it.amount.minor.saturating_add(it.compensation.minor);
            used.by_maker.minor = used.by_maker.minor.saturating_add(weight);
            if it.payment.account == payment.account {
                used.on_account.minor = used.on_account.minor.saturating_add(weight);
            }
            used
        })
    }

    /// A row before that this amount on this payment is likely to repeat, and how it is related.
    pub fn repeated(&self, payment: &Payment, amount: Money) -> Option<(u64, Kin)> {
        Kin::ALL.into_iter().find_map(|kin| {
            let same = self
                .related(kin, payment)
                .find(|taken| taken.amount == amount)?;
            Some((same.line, kin))
        })
    }

    fn related<'a>(&'a self, kin: Kin, payment: &'a Payment) -> impl Iterator<Item = &'a Taken> {
        self.0.iter().filter(move |taken| {
            taken.amount.currency == payment.currency && kin.joins(&taken.payment, payment)
        })
    }
}
