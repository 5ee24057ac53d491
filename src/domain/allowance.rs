//! How much one person may refund: per refund and per business day, freely or with a checker's
//! word; and how much one account may in a day (domain.md, "Eligibility and limits").

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::approval::WhyChecker;
use super::limits::Named;
use super::money::{Currency, Money};
use super::role::{MakersRight, Right};

/// A figure for each currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// In minor units, for currencies named apart.
    pub apart: BTreeMap<Currency, i64>,
    /// In main units, for all others. A table of currencies leaves zero for what it does not name:
    /// an account in a currency that nobody thought of is not an account without limits.
    pub others_main: i64,
}

impl Amounts {
    /// The figure in a currency.
    pub fn of(&self, currency: Currency) -> Money {
        let others = self.others_main.saturating_mul(currency.minor_per_main());
        let minor = self.apart.get(&currency).copied().unwrap_or(others);
        Money::new(minor, currency)
    }
}

/// What a refund, and all of a business day, may come to; none: as much as anybody likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// One refund, compensation included.
    pub per_refund: Option<Amounts>,
    /// All that one person makes in a business day.
    pub per_day: Option<Amounts>,
}

/// The limits of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// Above it a checker must approve.
    pub free: Bound,
    /// Above it nobody with this role makes it.
    pub hard: Bound,
}

/// The limits of a role in one currency, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Freely, in one refund.
    pub free_refund: Option<i64>,
    /// Freely, in a business day.
    pub free_day: Option<i64>,
    /// At most, in one refund.
    pub hard_refund: Option<i64>,
    /// At most, in a business day.
    pub hard_day: Option<i64>,
}

impl Band {
    /// The limits in a currency.
    pub fn figures(&self, currency: Currency) -> Figures {
        let of = |amounts: &Option<Amounts>| amounts.as_ref().map(|it| it.of(currency).minor);
        Figures {
            free_refund: of(&self.free.per_refund),
            free_day: of(&self.free.per_day),
            hard_refund: of(&self.hard.per_refund),
            hard_day: of(&self.hard.per_day),
        }
    }
}

/// What was made in a business day and not given back: FAILED, REJECTED, CANCELED and EXPIRED are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// By the maker, in the currency, over all accounts.
    pub by_maker: Money,
    /// On the account, in the currency, by everybody.
    pub on_account: Money,
}

/// Under what somebody makes a refund: their rights, and the account's cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// By what right they make; empty where no roles are configured.
    pub rights: Vec<MakersRight>,
    /// What the account may refund in a business day.
    pub account_cap: Option<Money>,
    /// The business day.
    pub day: NaiveDate,
}

/// What a refund was judged under, kept with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// By what right it is made; none: no roles are configured.
    pub right: Option<Right>,
    /// The limits of that right.
    pub figures: Figures,
    /// Why it takes a checker, when it does.
    pub why: Option<WhyChecker>,
}

/// A limit that a refund is over: nobody can approve that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Which.
    pub bound: Exceeded,
    /// The refund, compensation included.
    pub asked: Money,
    /// The limit.
    pub limit: Money,
    /// What is left of it; never below zero.
    pub left: Money,
}

/// The limits that nobody goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The maker's, for one refund.
    Refund,
    /// The maker's, for a business day.
    Day,
    /// The account's, for a business day.
    Account,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            asked, limit, left, ..
        } = self;
        match self.bound {
            Exceeded::Refund => write!(f, "{asked} is above your limit of {limit} per refund"),
            Exceeded::Day => write!(
                f,
                "{asked} is more than your limit leaves today: {left} of {limit}"
            ),
            Exceeded::Account => write!(
                f,
                "{asked} is more than the account's daily cap leaves today: {left} of {limit}"
            ),
        }
    }
}

impl Terms {
    /// Nothing limits it: no roles, no cap.
    pub const fn unlimited(day: NaiveDate) -> Self {
        Self {
            rights: Vec::new(),
            account_cap: None,
            day,
        }
    }

    /// Judges a refund that weighs `asked`, principal and compensation, beside what was used. Whoever
    /// holds several rights makes it by the one that asks least of it.
    ///
    /// # Errors
    /// It is over the account's cap, or over a hard limit of every right.
    pub fn judge(&self, asked: Money, used: &Used) -> Result<Judged, Over> {
        if let Some(cap) = self.account_cap {
            within(Exceeded::Account, asked, Some(cap.minor), used.on_account)?;
        }
        let mut best: Option<Result<Judged, Over>> = None;
        for held in &self.rights {
            let judged = held.judge(asked, used.by_maker);
            if best.as_ref().is_none_or(|best| rank(&judged) < rank(best)) {
                best = Some(judged);
            }
        }
        best.unwrap_or(Ok(Judged {
            right: None,
            figures: Figures::default(),
            why: None,
        }))
    }

    /// Each limit by name, with its figure and what is left of it today, for a refund of `asked`.
    pub fn named(&self, asked: Money, used: &Used) -> Vec<Named> {
        let cap = self
            .account_cap
            .map(|cap| today("account's cap today", asked, cap.minor, used.on_account));
        let figures = match self.judge(asked, used) {
            Ok(judged) => Some(judged.figures),
            // Over all of them: the first is as good as any.
            Err(_) => self
                .rights
                .first()
                .map(|it| it.band.figures(asked.currency)),
        };
        let figures = figures.unwrap_or_default();
        let refund = |name, limit: Option<i64>| {
            limit.map(|limit| Named {
                name,
                figure: Money::new(limit, asked.currency).to_string(),
                kept: asked.minor <= limit,
            })
        };
        let day =
            |name, limit: Option<i64>| limit.map(|limit| today(name, asked, limit, used.by_maker));
        [
            refund("your limit per refund", figures.hard_refund),
            day("your limit today", figures.hard_day),
            refund("yours without a checker", figures.free_refund),
            day("yours today without a checker", figures.free_day),
            cap,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Free before checked before refused.
const fn rank(judged: &Result<Judged, Over>) -> u8 {
    match judged {
        Ok(Judged { why: None, .. }) => 0,
        Ok(Judged { why: Some(_), .. }) => 1,
        Err(_) => 2,
    }
}

impl MakersRight {
    fn judge(&self, asked: Money, used: Money) -> Result<Judged, Over> {
        let figures = self.band.figures(asked.currency);
        let none = Money::zero(asked.currency);
        within(Exceeded::Refund, asked, figures.hard_refund, none)?;
        within(Exceeded::Day, asked, figures.hard_day, used)?;
        let total = Money::new(used.minor.saturating_add(asked.minor), asked.currency);
        let above = |limit: Option<i64>, sum: Money| {
            limit
                .filter(|limit| sum.minor > *limit)
                .map(|limit| Money::new(limit, sum.currency))
        };
        let why = match above(figures.free_refund, asked) {
            Some(limit) => Some(WhyChecker::AboveFree {
                amount: asked,
                limit,
            }),
            None => above(figures.free_day, total)
                .map(|limit| WhyChecker::AboveFreeToday { total, limit }),
        };
        Ok(Judged {
            right: Some(self.right.clone()),
            figures,
            why,
        })
    }
}

fn within(bound: Exceeded, asked: Money, limit: Option<i64>, used: Money) -> Result<(), Over> {
    let Some(limit) = limit else { return Ok(()) };
    let left = left(limit, used);
    if asked.minor <= left.minor {
        return Ok(());
    }
    Err(Over {
        bound,
        asked,
        limit: Money::new(limit, asked.currency),
        left,
    })
}

fn left(limit: i64, used: Money) -> Money {
    Money::new(limit.saturating_sub(used.minor).max(0), used.currency)
}

fn today(name: &'static str, asked: Money, limit: i64, used: Money) -> Named {
    let left = left(limit, used);
    Named {
        name,
        figure: format!("{left} of {} left", Money::new(limit, used.currency)),
        kept: asked.minor <= left.minor,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::role::Through;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn main(others_main: i64) -> Option<Amounts> {
        Some(Amounts {
            apart: BTreeMap::new(),
            others_main,
        })
    }

    fn right(grant: &str, free: (i64, i64), hard: (i64, i64)) -> MakersRight {
        let bound = |(refund, day)| Bound {
            per_refund: main(refund),
            per_day: main(day),
        };
        MakersRight {
            right: Right {
                grant: grant.to_owned(),
                through: Through::Name,
            },
            band: Band {
                free: bound(free),
                hard: bound(hard),
            },
        }
    }

    fn terms(rights: Vec<MakersRight>, account_cap: Option<i64>) -> Terms {
        Terms {
            rights,
            account_cap: account_cap.map(usd),
            day: "2026-11-21".parse().unwrap(),
        }
    }

    fn used(by_maker: i64, on_account: i64) -> Used {
        Used {
            by_maker: usd(by_maker),
            on_account: usd(on_account),
        }
    }

    /// Free 100 and 250 a day, hard 500 and 1000 a day, the account 2000 a day; in main units.
    #[rstest]
    #[case(10_000, 0, 0, Ok(None))]
    #[case(10_001, 0, 0, Ok(Some("100.01 USD is above 100.00 USD")))]
    #[case(10_000, 15_000, 0, Ok(None))]
    #[case(10_000, 15_001, 0, Ok(Some("250.01 USD today is above 250.00 USD")))]
    #[case(50_001, 0, 0, Err("above your limit of 500.00 USD per refund"))]
    #[case(50_000, 50_000, 0, Ok(Some("500.00 USD is above")))]
    #[case(50_000, 50_001, 0, Err("leaves today: 499.99 USD of 1000.00 USD"))]
    #[case(1, 200_000, 0, Err("leaves today: 0.00 USD of 1000.00 USD"))]
    #[case(1, 0, 200_000, Err("daily cap leaves today: 0.00 USD of 2000.00 USD"))]
    #[case(10_000, 0, 190_000, Ok(None))]
    fn limits_are_inclusive(
        #[case] asked: i64,
        #[case] by_maker: i64,
        #[case] on_account: i64,
        #[case] expected: Result<Option<&str>, &str>,
    ) {
        let terms = terms(vec![right("maker", (100, 250), (500, 1000))], Some(200_000));
        let judged = terms.judge(usd(asked), &used(by_maker, on_account));
        match (judged, expected) {
            (Ok(judged), Ok(why)) => {
                let told = judged.why.map(|why| why.to_string());
                assert_eq!(told.is_some(), why.is_some(), "{told:?}");
                assert!(told.unwrap_or_default().contains(why.unwrap_or_default()));
            }
            (Err(over), Err(said)) => assert!(over.to_string().contains(said), "{over}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_several_rights_the_one_that_asks_least_counts() {
        let small = right("small", (10, 10), (20, 20));
        let large = right("large", (100, 100), (1000, 1000));
        let terms = terms(vec![small, large], None);
        let by = |minor| terms.judge(usd(minor), &used(0, 0)).unwrap();
        assert_eq!(by(500).right.unwrap().grant, "small");
        assert_eq!(by(5_000).right.unwrap().grant, "large");
        assert!(by(50_000).why.is_some());
        assert!(terms.judge(usd(100_001), &used(0, 0)).is_err());
    }

    #[test]
    fn what_is_left_today_is_told() {
        let terms = terms(vec![right("maker", (100, 250), (500, 1000))], Some(200_000));
        let named = terms.named(usd(10_000), &used(80_000, 80_000));
        let told: Vec<String> = named
            .iter()
            .map(|it| format!("{}: {} {}", it.name, it.figure, it.kept))
            .collect();
        assert_eq!(
            told,
            [
                "your limit per refund: 500.00 USD true",
                "your limit today: 200.00 USD of 1000.00 USD left true",
                "yours without a checker: 100.00 USD true",
                "yours today without a checker: 0.00 USD of 250.00 USD left false",
                "account's cap today: 1200.00 USD of 2000.00 USD left true",
            ]
        );
        assert_eq!(Terms::unlimited(terms.day).named(usd(1), &used(0, 0)), []);
    }

    #[test]
    fn a_currency_that_a_table_leaves_out_has_no_allowance() {
        let amounts = Amounts {
            apart: [(usd(0).currency, 5_000)].into(),
            others_main: 0,
        };
        assert_eq!(amounts.of(usd(0).currency), usd(5_000));
        let yen = Currency::from_code("JPY").unwrap();
        assert_eq!(amounts.of(yen).minor, 0);
        assert_eq!(main(1000).unwrap().of(yen).minor, 1000);
    }

    proptest! {
        /// Whatever is asked, and in whatever order: what goes through never adds up to more than a
        /// day's limit, what goes freely never to more than the free one, and what is given back can
        /// be spent again but no further.
        #[test]
        fn a_day_never_comes_to_more_than_its_limit(
            free in (0_i64..50, 0_i64..200),
            above in (0_i64..50, 0_i64..200),
            cap in proptest::option::of(0_i64..30_000),
            asks in proptest::collection::vec((1_i64..12_000, any::<bool>()), 0..60),
        ) {
            let hard = (free.0 + above.0, free.1 + above.1);
            let terms = terms(vec![right("maker", free, hard)], cap);
            let (mut all, mut freely) = (0_i64, 0_i64);
            for (asked, given_back) in asks {
                let Ok(judged) = terms.judge(usd(asked), &used(all, all)) else { continue };
                prop_assert!(asked <= hard.0 * 100);
                if judged.why.is_none() {
                    prop_assert!(asked <= free.0 * 100);
                    prop_assert!(all + asked <= free.1 * 100);
                    freely += asked;
                }
                all += asked;
                prop_assert!(all <= hard.1 * 100);
                prop_assert!(cap.is_none_or(|cap| all <= cap));
                if given_back {
                    all -= asked;
                }
                prop_assert!(freely >= 0);
            }
        }

        /// One more minor unit never makes a refund easier, and less used never harder.
        #[test]
        fn judging_is_monotonic(asked in 1_i64..200_000, by_maker in 0_i64..200_000) {
            let terms = terms(vec![right("a", (100, 250), (500, 1000)), right("b", (300, 300), (400, 400))], None);
            let here = rank(&terms.judge(usd(asked), &used(by_maker, 0)));
            prop_assert!(here <= rank(&terms.judge(usd(asked + 1), &used(by_maker, 0))));
            prop_assert!(here <= rank(&terms.judge(usd(asked), &used(by_maker + 1, 0))));
        }
    }
}
