//! Whether a capture can be refunded today, how much, until when, and if not, why not.

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::balance::Figures;
use super::limits::Limits;
use super::money::{Currency, Money};
use super::payment::{Capture, Payment};
use super::refund::{Kind, Refund};

mod taken;
mod why_not;

#[cfg(test)]
pub(crate) use taken::tests as cases;
pub use taken::{Taken, taken};
pub use why_not::WhyNot;

/// What an account's provider allows, as far as a refund's eligibility goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The desk can send refunds through this account.
    pub can_send: bool,
    /// How long after capture a refund is possible.
    pub window: Option<Window>,
    /// Only settled money can be refunded.
    pub needs_settlement: bool,
    /// The currencies the account is set up for; empty: any.
    pub currencies: Vec<Currency>,
    /// Compensation on top of a full refund is possible.
    pub compensation: bool,
    /// What the provider allows of one payment besides.
    pub limits: Limits,
    /// The provider lists payments and refunds, so that a balance can be compared with it.
    pub lists: bool,
}

/// How long after capture a refund is possible. The boundary day itself is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Calendar months from the UTC date of capture; 29 February and twelve months is 28 February.
    Months(u32),
    /// Days from the UTC date of capture.
    Days(u32),
}

impl Window {
    /// The last UTC date on which a capture of `captured` can be refunded.
    pub fn last_day(self, captured: NaiveDate) -> NaiveDate {
        let boundary = match self {
            Self::Months(months) => captured.checked_add_months(Months::new(months)),
            Self::Days(days) => captured.checked_add_days(Days::new(u64::from(days))),
        };
        boundary
            .and_then(|day| day.pred_opt())
            .unwrap_or(NaiveDate::MAX)
    }

    /// The earliest UTC date of capture that can still be refunded on `today`.
    pub fn oldest_capture(self, today: NaiveDate) -> NaiveDate {
        // Clamped month ends make the inverse inexact by a few days; walk to the exact one.
        let mut day = match self {
            Self::Months(months) => today.checked_sub_months(Months::new(months)),
            Self::Days(days) => today.checked_sub_days(Days::new(u64::from(days))),
        }
        .and_then(|day| day.checked_sub_days(Days::new(4)))
        .unwrap_or(NaiveDate::MIN);
        while self.last_day(day) < today {
            match day.succ_opt() {
                Some(next) => day = next,
                None => break,
            }
        }
        day
    }
}

/// Whether and how much can be refunded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligibility {
    /// What can be refunded now; zero when `why_not` says why.
    pub can_refund: Money,
    /// Why nothing can.
    pub why_not: Option<WhyNot>,
    /// The last UTC date of the window.
    pub refundable_until: Option<NaiveDate>,
    /// The balance was never compared with its provider's list, though it could be: shown as `~`.
    #[serde(default)]
    pub unverified: bool,
}

/// In which way money is to go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The kind.
    pub kind: Kind,
    /// The provider's own word about settlement stands against what files say.
    pub settlement_told: bool,
}

impl Way {
    /// The way a refund's money goes back.
    pub const fn of(refund: &Refund) -> Self {
        Self {
            kind: refund.content.kind,
            settlement_told: refund.settlement_told,
        }
    }

    /// Whether the account's terms and the capture's settlement stand against it.
    fn hindrance(
        self,
        terms: &Terms,
        capture: &Capture,
        today_is_too_late: bool,
        now: DateTime<Utc>,
    ) -> Option<WhyNot> {
        let figures = &capture.figures;
        let currency_off =
            !terms.currencies.is_empty() && !terms.currencies.contains(&figures.captured.currency);
        let settled = capture.is_settled(now);
        let reasons = match self.kind {
            Kind::Refund => [
                (currency_off, WhyNot::Currency),
                (today_is_too_late, WhyNot::TooOld),
                (
                    terms.needs_settlement && !settled && !self.settlement_told,
                    WhyNot::Unsettled,
                ),
            ],
            Kind::Void => [
                (currency_off, WhyNot::Currency),
                (settled && !self.settlement_told, WhyNot::Settled),
                (figures.available() != figures.captured, WhyNot::NotWhole),
            ],
            // No provider is asked, so none of its limits counts.
            Kind::Outside => return None,
        };
        reasons
            .into_iter()
            .find_map(|(applies, reason)| applies.then_some(reason))
    }
}

/// Judges one capture for a plain refund. `payment` is the sum over all captures of the payment: no capture offers
/// more than its payment has.
pub fn of_capture(
    capture: &Capture,
    payment: &Figures,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Eligibility {
    let none = Money::zero(payment.captured.currency);
    of_capture_in(Way::default(), capture, (payment, none), terms, now)
}

/// As [`of_capture`], for money that goes back in another way, beside so much compensation on the
/// payment: that takes nothing from what is available, but from the provider's cap.
pub fn of_capture_in(
    way: Way,
    capture: &Capture,
    (payment, on_top): (&Figures, Money),
    terms: &Terms,
    now: DateTime<Utc>,
) -> Eligibility {
    let figures = &capture.figures;
    let refundable_until = terms
        .window
        .filter(|_| way.kind == Kind::Refund)
        .map(|window| window.last_day(capture.captured_at.date_naive()));
    let available = figures.available().minor.min(payment.available().minor);
    let most = terms.limits.most(payment, on_top);
    let most = most.map_or(i64::MAX, |it| it.minor);
    let forbidden = terms.limits.forbids();
    let too_old = refundable_until.is_some_and(|until| now.date_naive() > until);
    let asks_provider = way.kind != Kind::Outside;
    let of_refund = way.kind == Kind::Refund;
    let reasons = [
        (payment.available().minor < 0, WhyNot::Blocked),
        (asks_provider && !terms.can_send, WhyNot::NoProvider),
        (available <= 0, why_empty(figures)),
        (
            of_refund && forbidden.is_some(),
            forbidden.unwrap_or(WhyNot::CapReached),
        ),
    ];
    let why_not = reasons
        .into_iter()
        .find_map(|(applies, reason)| applies.then_some(reason))
        .or_else(|| way.hindrance(terms, capture, too_old, now))
        // What names no capture was taken from the payment as a whole.
        .or_else(|| {
            let whole = way.kind != Kind::Void || available == figures.captured.minor;
            (!whole).then_some(WhyNot::NotWhole)
        })
        .or_else(|| (of_refund && most <= 0).then_some(WhyNot::CapReached));
    let offered = match why_not {
        Some(_) => 0,
        None if of_refund => available.min(most),
        None => available,
    };
    Eligibility {
        can_refund: Money::new(offered, figures.captured.currency),
        why_not,
        refundable_until,
        unverified: false,
    }
}

/// Judges one capture of a payment: as [`of_capture`], and nothing while a discrepancy about its
/// money is open.
pub fn of_payments_capture(
    payment: &Payment,
    capture: &Capture,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Eligibility {
    of_payments_capture_in(Way::default(), payment, capture, terms, now)
}

/// As [`of_payments_capture`], for money that goes back in another way.
pub fn of_payments_capture_in(
    way: Way,
    payment: &Payment,
    capture: &Capture,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Eligibility {
    let beside = (&payment.figures(), payment.on_top.total());
    let judged = of_capture_in(way, capture, beside, terms, now);
    let unverified = is_unverified(payment, terms);
    if payment.blocked {
        return Eligibility {
            can_refund: Money::zero(payment.currency),
            why_not: Some(WhyNot::Blocked),
            unverified,
            ..judged
        };
    }
    Eligibility {
        unverified,
        ..judged
    }
}

/// Only a provider that lists refunds could have been asked.
const fn is_unverified(payment: &Payment, terms: &Terms) -> bool {
    terms.lists && payment.verified_at.is_none()
}

fn why_empty(figures: &Figures) -> WhyNot {
    if figures.disputed.is_positive() {
        WhyNot::Disputed
    } else if figures.held.is_positive() {
        WhyNot::AllHeld
    } else {
        WhyNot::AllBack
    }
}

/// Judges a payment: the sum of what its captures offer, or the first reason when none offers
/// anything. The window shown is that of the capture that closes first, of those that still offer
/// something; of all, when none does.
pub fn of_payment(payment: &Payment, terms: &Terms, now: DateTime<Utc>) -> Eligibility {
    let sums = payment.figures();
    let most = terms.limits.most(&sums, payment.on_top.total());
    let each: Vec<Eligibility> = payment
        .captures
        .iter()
        .map(|capture| of_payments_capture(payment, capture, terms, now))
        .collect();
    let offered = each
        .iter()
        .fold(0_i64, |sum, one| sum.saturating_add(one.can_refund.minor))
        .min(sums.available().minor)
        .min(most.map_or(i64::MAX, |it| it.minor))
        .max(0);
    Eligibility {
        can_refund: Money::new(offered, payment.currency),
        why_not: match offered {
            0 => each.iter().find_map(|one| one.why_not),
            _ => None,
        },
        refundable_until: closes_first(&each, |one| one.can_refund.is_positive())
            .or_else(|| closes_first(&each, |_| true)),
        unverified: is_unverified(payment, terms),
    }
}

fn closes_first(each: &[Eligibility], counts: impl Fn(&Eligibility) -> bool) -> Option<NaiveDate> {
    each.iter()
        .filter(|one| counts(one))
        .filter_map(|one| one.refundable_until)
        .min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::compensation::Compensations;
    use crate::domain::limits::Limit;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("2025-11-21", Window::Months(12), "2026-11-20")]
    #[case("2024-02-29", Window::Months(12), "2025-02-27")]
    #[case("2025-01-31", Window::Months(1), "2025-02-27")]
    #[case("2026-01-01", Window::Days(540), "2027-06-24")]
    fn the_boundary_day_is_excluded(
        #[case] captured: &str,
        #[case] window: Window,
        #[case] until: &str,
    ) {
        assert_eq!(window.last_day(day(captured)), day(until));
    }

    proptest! {
        #[test]
        fn oldest_capture_is_exactly_the_inverse(offset in 0_u64..4_000, months in 1_u32..30, in_days in any::<bool>()) {
            let today = day("2020-01-01") + Days::new(offset);
            let window = if in_days { Window::Days(months * 30) } else { Window::Months(months) };
            let oldest = window.oldest_capture(today);
            prop_assert!(window.last_day(oldest) >= today);
            prop_assert!(window.last_day(oldest.pred_opt().unwrap()) < today);
        }
    }

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn terms() -> Terms {
        Terms {
            can_send: true,
            window: Some(Window::Months(12)),
            needs_settlement: true,
            currencies: vec![usd(0).currency],
            compensation: false,
            limits: Limits::default(),
            lists: false,
        }
    }

    fn capture(executed: i64, held: i64, disputed: i64) -> Capture {
        Capture {
            capture_id: None,
            captured_at: "2026-06-01T10:00:00Z".parse().unwrap(),
            settled_at: Some("2026-06-02T10:00:00Z".parse().unwrap()),
            figures: Figures {
                captured: usd(1000),
                executed: usd(executed),
                held: usd(held),
                disputed: usd(disputed),
            },
        }
    }

    fn judge(capture: &Capture, terms: &Terms, now: &str) -> (i64, Option<WhyNot>) {
        let judged = of_capture(capture, &capture.figures, terms, now.parse().unwrap());
        (judged.can_refund.minor, judged.why_not)
    }

    #[rstest]
    #[case(capture(0, 0, 0), "2026-11-21T00:00:00Z", (1000, None))]
    #[case(capture(300, 200, 100), "2026-11-21T00:00:00Z", (400, None))]
    #[case(capture(1000, 0, 0), "2026-11-21T00:00:00Z", (0, Some(WhyNot::AllBack)))]
    #[case(capture(400, 600, 0), "2026-11-21T00:00:00Z", (0, Some(WhyNot::AllHeld)))]
    #[case(capture(0, 0, 1000), "2026-11-21T00:00:00Z", (0, Some(WhyNot::Disputed)))]
    #[case(capture(1000, 100, 0), "2026-11-21T00:00:00Z", (0, Some(WhyNot::Blocked)))]
    #[case(capture(0, 0, 0), "2027-05-31T23:59:59Z", (1000, None))]
    #[case(capture(0, 0, 0), "2027-06-01T00:00:00Z", (0, Some(WhyNot::TooOld)))]
    #[case(capture(0, 0, 0), "2026-06-02T09:59:59Z", (0, Some(WhyNot::Unsettled)))]
    fn each_limit_has_its_name(
        #[case] capture: Capture,
        #[case] now: &str,
        #[case] expected: (i64, Option<WhyNot>),
    ) {
        assert_eq!(judge(&capture, &terms(), now), expected);
    }

    /// A void: unsettled, untouched, whole; the provider's word about settlement overrules a file's.
    #[rstest]
    #[case(capture(0, 0, 0), false, false, (1000, None))]
    #[case(capture(0, 0, 0), true, false, (0, Some(WhyNot::Settled)))]
    #[case(capture(0, 0, 0), true, true, (1000, None))]
    #[case(capture(1, 0, 0), false, false, (0, Some(WhyNot::NotWhole)))]
    #[case(capture(0, 1, 0), false, false, (0, Some(WhyNot::NotWhole)))]
    #[case(capture(0, 0, 1), false, false, (0, Some(WhyNot::NotWhole)))]
    #[case(capture(0, 1000, 0), false, false, (0, Some(WhyNot::AllHeld)))]
    fn a_void_is_of_the_whole_and_before_settlement(
        #[case] capture: Capture,
        #[case] settled: bool,
        #[case] settlement_told: bool,
        #[case] expected: (i64, Option<WhyNot>),
    ) {
        let capture = Capture {
            settled_at: capture.settled_at.filter(|_| settled),
            ..capture
        };
        let way = Way {
            kind: Kind::Void,
            settlement_told,
        };
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let judged = of_capture_in(way, &capture, (&capture.figures, usd(0)), &terms(), now);
        assert_eq!((judged.can_refund.minor, judged.why_not), expected);
    }

    /// No provider is asked for what is paid outside: neither its window nor its set-up counts.
    #[test]
    fn what_is_paid_outside_is_limited_by_the_balance_alone() {
        let way = Way {
            kind: Kind::Outside,
            settlement_told: false,
        };
        let terms = Terms {
            can_send: false,
            currencies: Vec::new(),
            ..terms()
        };
        let now = "2029-01-01T00:00:00Z".parse().unwrap();
        let capture = capture(300, 200, 0);
        let judged = of_capture_in(way, &capture, (&capture.figures, usd(0)), &terms, now);
        assert_eq!((judged.can_refund.minor, judged.why_not), (500, None));
    }

    #[test]
    fn an_account_without_a_client_lists_but_does_not_refund() {
        let terms = Terms {
            can_send: false,
            ..terms()
        };
        let judged = judge(&capture(0, 0, 0), &terms, "2026-11-21T00:00:00Z");
        assert_eq!(judged, (0, Some(WhyNot::NoProvider)));
    }

    fn limited(cap: i64, percent: u32) -> Terms {
        Terms {
            limits: Limits {
                cap_per_payment: Limit::Of([(usd(0).currency, cap)].into()),
                max_percent: Limit::Of(percent),
                period_days: Limit::Of(365),
            },
            ..terms()
        }
    }

    #[rstest]
    #[case(limited(700, 100), capture(100, 200, 0), (400, None))]
    #[case(limited(5_000, 25), capture(0, 0, 0), (250, None))]
    #[case(limited(5_000, 100), capture(100, 0, 0), (900, None))]
    #[case(limited(300, 100), capture(100, 200, 0), (0, Some(WhyNot::CapReached)))]
    #[case(limited(0, 100), capture(0, 0, 0), (0, Some(WhyNot::CapZero)))]
    #[case(limited(5_000, 0), capture(0, 0, 0), (0, Some(WhyNot::PercentZero)))]
    #[case(limited(0, 0), capture(1_000, 0, 0), (0, Some(WhyNot::AllBack)))]
    fn the_providers_limits_bound_what_can_be_refunded(
        #[case] terms: Terms,
        #[case] capture: Capture,
        #[case] expected: (i64, Option<WhyNot>),
    ) {
        assert_eq!(judge(&capture, &terms, "2026-11-21T00:00:00Z"), expected);
    }

    #[test]
    fn several_captures_share_one_cap() {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let payment = payment(vec![capture(0, 100, 0), capture(0, 0, 0)]);
        let judged = of_payment(&payment, &limited(900, 100), now);
        assert_eq!(judged.can_refund, usd(800));
    }

    fn payment(captures: Vec<Capture>) -> Payment {
        Payment {
            id: crate::domain::id::PaymentId::derive("hub-us", "p"),
            account: "hub-us".into(),
            provider_payment_id: "p".into(),
            reference: None,
            order: None,
            payer: None,
            method: None,
            scheme: None,
            last4: None,
            description: None,
            details: Vec::new(),
            currency: usd(0).currency,
            captures,
            unallocated: None,
            on_top: Compensations::none(usd(0).currency),
            blocked: false,
            verified_at: None,
            source: crate::domain::payment::Source {
                file: String::new(),
                sha256: String::new(),
                line: 1,
                importer: String::new(),
                at: DateTime::default(),
            },
        }
    }

    #[test]
    fn a_window_that_closed_does_not_stand_for_one_that_is_open() {
        let old = Capture {
            captured_at: "2025-06-01T10:00:00Z".parse().unwrap(),
            ..capture(0, 0, 0)
        };
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let judged = of_payment(&payment(vec![old.clone(), capture(0, 0, 0)]), &terms(), now);
        assert_eq!(judged.can_refund, usd(1000));
        assert_eq!(judged.refundable_until, Some(day("2027-05-31")));
        let judged = of_payment(&payment(vec![old]), &terms(), now);
        assert_eq!(judged.refundable_until, Some(day("2026-05-31")));
    }

    #[test]
    fn an_open_discrepancy_blocks_whatever_is_left() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let blocked = Payment {
            blocked: true,
            ..payment(vec![capture(0, 0, 0)])
        };
        let judged = of_payment(&blocked, &terms(), now);
        assert_eq!(
            (judged.can_refund, judged.why_not),
            (usd(0), Some(WhyNot::Blocked))
        );
    }

    /// "What names no capture is unallocated at payment level, and no capture offers more than
    /// the payment has."
    #[test]
    fn what_names_no_capture_takes_from_the_payment() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let elsewhere = Figures {
            executed: usd(1500),
            ..Figures::captured(usd(0))
        };
        let payment = Payment {
            unallocated: Some(elsewhere),
            ..payment(vec![capture(0, 0, 0), capture(0, 0, 0)])
        };
        assert_eq!(payment.figures().available(), usd(500));
        let one = of_payments_capture(&payment, &payment.captures[0], &terms(), now);
        assert_eq!(one.can_refund, usd(500));
        assert_eq!(of_payment(&payment, &terms(), now).can_refund, usd(500));
    }

    #[test]
    fn absurd_captures_do_not_wrap_around() {
        let huge = Capture {
            figures: Figures::captured(usd(i64::MAX)),
            ..capture(0, 0, 0)
        };
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let judged = of_payment(&payment(vec![huge.clone(), huge]), &terms(), now);
        assert_eq!(judged.can_refund, usd(i64::MAX));
    }

    #[test]
    fn no_capture_offers_more_than_its_payment_has() {
        let one = capture(0, 0, 0);
        let payment = Figures {
            executed: usd(900),
            ..one.figures
        };
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        assert_eq!(
            of_capture(&one, &payment, &terms(), now).can_refund,
            usd(100)
        );
    }
}
