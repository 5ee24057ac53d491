//! The limits that a provider sets on an account: a cap per payment, a share of the payment per
//! refund, a period (domain.md, "Eligibility and limits").
//!
//! A known limit blocks. One that nobody told the desk warns, and the provider decides.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::balance::Figures;
use super::eligibility::{WhyNot, Window};
use super::money::{Currency, Money};

/// The last days of a window, in which it is said that it closes.
const CLOSING_DAYS: u64 = 3;
/// From here on a share takes nothing away: no refund is more than its payment.
const WHOLE: u32 = 100;

/// What is known of one limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit<T> {
    /// There is none.
    #[default]
    Unlimited,
    /// There may be one; the desk was not told which.
    Unset,
    /// This one. Zero: nothing at all.
    Of(T),
}

/// The limits of an account; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The most that all refunds of one payment may come to, compensation included: minor units
    /// for each currency of the account.
    pub cap_per_payment: Limit<BTreeMap<Currency, i64>>,
    /// The most that a single refund may be, in percent of what was captured.
    pub max_percent: Limit<u32>,
    /// The most days that a payment may be old.
    pub period_days: Limit<u32>,
}

/// A limit as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// Its figure, and what is left of it.
    pub figure: String,
    /// The refund keeps it, as far as the desk knows.
    pub kept: bool,
}

/// What is left of a cap after everything that was given back or is on its way, principal and
/// compensation, and after this refund's compensation; below zero when it is exceeded.
pub fn cap_left(cap: Money, given_back: Money, compensation: Money) -> Money {
    let left = cap
        .minor
        .saturating_sub(given_back.minor)
        .saturating_sub(compensation.minor);
    Money::new(left, cap.currency)
}

/// A share of what was captured, rounded down to minor units.
pub fn share(captured: Money, percent: u32) -> Money {
    let share = captured.percent(Decimal::from(percent));
    share.unwrap_or(Money::zero(captured.currency))
}

/// True in the last three days of a window, its last day included.
pub fn closes_soon(until: NaiveDate, today: NaiveDate) -> bool {
    let first = until.checked_sub_days(Days::new(CLOSING_DAYS - 1));
    today <= until && first.is_none_or(|first| today >= first)
}

impl Limits {
    /// How long after capture a refund is possible.
    pub fn window(&self) -> Option<Window> {
        match self.period_days {
            Limit::Of(days) => Some(Window::Days(days)),
            Limit::Unlimited | Limit::Unset => None,
        }
    }

    /// The limit that is zero, so that nothing may be refunded through the account.
    pub fn forbids(&self) -> Option<WhyNot> {
        let no_money = |caps: &BTreeMap<Currency, i64>| caps.values().all(|cap| *cap <= 0);
        let zero = [
            (is(&self.cap_per_payment, no_money), WhyNot::CapZero),
            (is(&self.max_percent, |it| *it == 0), WhyNot::PercentZero),
            (is(&self.period_days, |it| *it == 0), WhyNot::PeriodZero),
        ];
        zero.into_iter()
            .find_map(|(holds, why)| holds.then_some(why))
    }

    /// The cap in a currency, where it is known.
    pub fn cap(&self, currency: Currency) -> Option<Money> {
        let Limit::Of(caps) = &self.cap_per_payment else {
            return None;
        };
        caps.get(&currency).map(|cap| Money::new(*cap, currency))
    }

    /// The share per refund, where it is known and takes anything away.
    pub fn percent(&self) -> Option<u32> {
        match self.max_percent {
            Limit::Of(percent) if percent < WHOLE => Some(percent),
            _ => None,
        }
    }

    /// The most that a refund of the payment with these sums may be now, beside `compensation` paid
    /// or held on top; none: no known limit.
    pub fn most(&self, payment: &Figures, compensation: Money) -> Option<Money> {
        let cap = self.left_beside(payment, compensation);
        let share = self.percent().map(|it| share(payment.captured, it));
        [cap, share].into_iter().flatten().min_by_key(|it| it.minor)
    }

    /// What is left of the cap, where it is known, beside `compensation` paid or held on top.
    pub fn left_beside(&self, payment: &Figures, compensation: Money) -> Option<Money> {
        let cap = self.cap(payment.captured.currency)?;
        Some(cap_left(cap, given_back(payment), compensation))
    }

    /// Each limit there is or may be, for a refund of `asked`; `compensation` is its own and that of
    /// the payment's other refunds.
    pub fn named(&self, payment: &Figures, asked: Money, compensation: Money) -> Vec<Named> {
        [
            self.named_cap(payment, asked, compensation),
            self.named_share(payment, asked),
            (self.period_days == Limit::Unset).then(|| unset("refund period")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn named_cap(&self, payment: &Figures, asked: Money, compensation: Money) -> Option<Named> {
        let name = "cap per payment";
        if self.cap_per_payment == Limit::Unset {
            return Some(unset(name));
        }
        let cap = self.cap(payment.captured.currency)?;
        let left = self.left_beside(payment, compensation)?;
        Some(Named {
            name,
            figure: format!("{cap}, {left} left"),
            kept: asked.minor <= left.minor,
        })
    }

    fn named_share(&self, payment: &Figures, asked: Money) -> Option<Named> {
        let name = "largest single refund";
        let percent = match self.max_percent {
            Limit::Unlimited => return None,
            Limit::Unset => return Some(unset(name)),
            Limit::Of(percent) => percent,
        };
        let most = share(payment.captured, percent);
        Some(Named {
            name,
            figure: format!("{most}, {percent}% of {}", payment.captured),
            kept: asked.minor <= most.minor,
        })
    }
}

fn is<T>(limit: &Limit<T>, holds: impl Fn(&T) -> bool) -> bool {
    matches!(limit, Limit::Of(figure) if holds(figure))
}

fn given_back(payment: &Figures) -> Money {
    let minor = payment.executed.minor.saturating_add(payment.held.minor);
    Money::new(minor, payment.captured.currency)
}

fn unset(name: &'static str) -> Named {
    Named {
        name,
        figure: "not known here: the provider decides".to_owned(),
        kept: true,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("GBP").unwrap())
    }

    fn figures(captured: i64, executed: i64, held: i64) -> Figures {
        Figures {
            captured: gbp(captured),
            executed: gbp(executed),
            held: gbp(held),
            disputed: gbp(0),
        }
    }

    fn capped(minor: i64) -> Limits {
        Limits {
            cap_per_payment: Limit::Of([(gbp(0).currency, minor)].into()),
            ..Limits::default()
        }
    }

    fn percent(percent: u32) -> Limits {
        Limits {
            max_percent: Limit::Of(percent),
            ..Limits::default()
        }
    }

    /// Cap left = cap − Σ(principal + compensation) held or executed − this compensation.
    #[rstest]
    #[case(10_000, 0, 0, 10_000)]
    #[case(10_000, 2_500, 0, 7_500)]
    #[case(10_000, 2_500, 500, 7_000)]
    #[case(10_000, 10_000, 0, 0)]
    #[case(10_000, 12_000, 1, -2_001)]
    #[case(i64::MIN, i64::MAX, 1, i64::MIN)]
    fn what_is_left_of_a_cap(
        #[case] cap: i64,
        #[case] back: i64,
        #[case] compensation: i64,
        #[case] left: i64,
    ) {
        assert_eq!(cap_left(gbp(cap), gbp(back), gbp(compensation)), gbp(left));
    }

    #[rstest]
    #[case(1_999, 50, 999)]
    #[case(199, 1, 1)]
    #[case(99, 1, 0)]
    #[case(1_000, 100, 1_000)]
    #[case(1_000, 0, 0)]
    #[case(333, 33, 109)]
    fn a_share_is_rounded_down(#[case] captured: i64, #[case] percent: u32, #[case] most: i64) {
        assert_eq!(share(gbp(captured), percent), gbp(most));
    }

    #[rstest]
    #[case("2027-05-11", false)]
    #[case("2027-05-12", true)]
    #[case("2027-05-14", true)]
    #[case("2027-05-15", false)]
    fn the_last_three_days_warn(#[case] today: &str, #[case] soon: bool) {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(closes_soon(day("2027-05-14"), day(today)), soon);
    }

    #[rstest]
    #[case(Limits::default(), figures(1_000, 0, 0), None)]
    #[case(capped(800), figures(1_000, 300, 100), Some(400))]
    #[case(capped(800), figures(1_000, 800, 100), Some(-100))]
    #[case(percent(50), figures(1_999, 500, 0), Some(999))]
    #[case(percent(100), figures(1_000, 0, 0), None)]
    #[case(Limits { max_percent: Limit::Of(50), ..capped(300) }, figures(1_000, 0, 0), Some(300))]
    #[case(Limits { max_percent: Limit::Of(10), ..capped(300) }, figures(1_000, 0, 0), Some(100))]
    fn the_tightest_limit_counts(
        #[case] limits: Limits,
        #[case] payment: Figures,
        #[case] most: Option<i64>,
    ) {
        assert_eq!(limits.most(&payment, gbp(0)), most.map(gbp));
    }

    /// Compensation takes from the cap alone: what is available and the share stay as they are.
    #[rstest]
    #[case(capped(800), 100, Some(300))]
    #[case(capped(800), 500, Some(-100))]
    #[case(percent(50), 500, Some(500))]
    fn compensation_takes_from_the_cap(
        #[case] limits: Limits,
        #[case] on_top: i64,
        #[case] most: Option<i64>,
    ) {
        let payment = figures(1_000, 300, 100);
        assert_eq!(limits.most(&payment, gbp(on_top)), most.map(gbp));
    }

    #[test]
    fn a_cap_in_another_currency_says_nothing_of_this_one() {
        let eur = Currency::from_code("EUR").unwrap();
        let limits = Limits {
            cap_per_payment: Limit::Of([(eur, 100)].into()),
            ..Limits::default()
        };
        assert_eq!(limits.most(&figures(1_000, 0, 0), gbp(0)), None);
    }

    #[rstest]
    #[case(capped(0), Some(WhyNot::CapZero))]
    #[case(percent(0), Some(WhyNot::PercentZero))]
    #[case(Limits { period_days: Limit::Of(0), ..Limits::default() }, Some(WhyNot::PeriodZero))]
    #[case(Limits { period_days: Limit::Of(540), ..percent(1) }, None)]
    #[case(Limits { cap_per_payment: Limit::Unset, max_percent: Limit::Unset, period_days: Limit::Unset }, None)]
    fn zero_allows_nothing_and_unset_is_no_limit(
        #[case] limits: Limits,
        #[case] why: Option<WhyNot>,
    ) {
        assert_eq!(limits.forbids(), why);
    }

    #[test]
    fn each_limit_is_shown_by_name_with_its_figure() {
        let limits = Limits {
            max_percent: Limit::Of(50),
            period_days: Limit::Unset,
            ..capped(800)
        };
        let named = limits.named(&figures(1_000, 300, 0), gbp(501), gbp(0));
        let said: Vec<(&str, &str, bool)> = named
            .iter()
            .map(|it| (it.name, it.figure.as_str(), it.kept))
            .collect();
        assert_eq!(
            said,
            [
                ("cap per payment", "8.00 GBP, 5.00 GBP left", false),
                ("largest single refund", "5.00 GBP, 50% of 10.00 GBP", false),
                (
                    "refund period",
                    "not known here: the provider decides",
                    true
                ),
            ]
        );
        assert_eq!(
            Limits::default().named(&figures(1, 0, 0), gbp(1), gbp(0)),
            []
        );
    }
}
