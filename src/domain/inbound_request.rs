//! Requests that arrive at the debtor's side: a merchant wants to refund one of our customers and
//! asks for the account to pay to. Records of their own: none of it touches a balance.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::PaymentId;
use super::money::Money;

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A person must answer, until its deadline.
    Waiting,
    /// The account was given.
    Answered,
    /// It was turned down.
    Refused,
    /// Nobody answered in time: the network was told so.
    Expired,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Answered, Self::Refused, Self::Expired];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// The standing of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether a request may move so at `now`: decided once, by a person before the deadline, by
    /// time from then on.
    pub fn may_become(self, to: Self, deadline: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        match (self, to) {
            (Self::Waiting, Self::Answered | Self::Refused) => now < deadline,
            (Self::Waiting, Self::Expired) => now >= deadline,
            _ => false,
        }
    }
}

/// An account that can be answered with: never its full number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFile {
    /// Our number of it: `f12` for people.
    pub id: i64,
    /// The end of its number.
    pub last4: String,
}

/// How a request was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// By whom; none: by the rule, or by time.
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The network's code, where a refusal has one.
    pub code: Option<String>,
    /// Why not.
    pub said: Option<String>,
    /// The end of the account's number that was given.
    pub last4: Option<String>,
}

/// What the creditor's side said later about the refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// `APPR`, `RJCT` …, verbatim.
    pub status: String,
    /// Why, verbatim.
    pub reason: Option<String>,
    /// The bank's reference of the transfer.
    pub reference: Option<String>,
    /// What was paid.
    pub amount: Option<Money>,
    /// The question of ours that it answers, if it was asked for.
    pub retrieval: Option<String>,
    /// When it was received.
    pub at: DateTime<Utc>,
}

/// A request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundRequest {
    /// Our number of it.
    pub id: i64,
    /// The account of ours it came to.
    pub account: String,
    /// The network's id of the payment.
    pub provider_payment_id: String,
    /// The network's id of the refund, where it named one.
    pub refund: Option<String>,
    /// How much is to be given back.
    pub amount: Money,
    /// Why, verbatim.
    pub reason: Option<String>,
    /// By which rail, verbatim.
    pub method: Option<String>,
    /// The merchant's own reference.
    pub reference: Option<String>,
    /// The case it belongs to.
    pub case: Option<String>,
    /// Who asks.
    pub creditor: Option<String>,
    /// What the rule found.
    pub found: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Until when a person may decide.
    pub deadline: DateTime<Utc>,
    /// How it stands.
    pub standing: Standing,
    /// How it was decided.
    pub decision: Option<Decision>,
    /// The account on file for its payment.
    pub on_file: Option<OnFile>,
    /// What the creditor's side said since, oldest first.
    pub confirmations: Vec<Confirmation>,
}

impl InboundRequest {
    /// Our id of its payment, known or not.
    pub fn payment(&self) -> PaymentId {
        PaymentId::derive(&self.account, &self.provider_payment_id)
    }

    /// True while a person can decide.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.standing == Standing::Waiting && now < self.deadline
    }
}

/// What is known of the payment a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What was paid.
    pub paid: Money,
    /// What earlier requests of it came to that were answered.
    pub answered: Money,
}

/// What the rule decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its payment, where this account has it.
    pub payment: Option<Known>,
    /// The account of the payer is on file.
    pub on_file: bool,
    /// Why a person must look at every request now.
    pub caution: Option<Caution>,
}

/// Why nothing is answered by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// The account's setting.
    NotAutomatic,
    /// People stopped the account.
    Stopped,
    /// A restore closed the account: what was answered since the backup is not known.
    Restored,
    /// Records are damaged or lost.
    Damaged,
}

impl Caution {
    const fn words(self) -> &'static str {
        match self {
            Self::NotAutomatic => "the account's settings leave every request to a person",
            Self::Stopped => "sending is stopped on this account",
            Self::Restored => {
                "a backup was restored: earlier answers for this payment may be missing"
            }
            Self::Damaged => "the desk's records are damaged",
        }
    }
}

/// What the rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The account on file is given.
    Answer,
    /// A person decides; why the rule does not.
    Hold(String),
    /// It can never be right; why.
    Refuse(String),
}

impl Verdict {
    /// What the rule found, in a sentence.
    pub fn found(&self) -> &str {
        match self {
            Self::Answer => "known payment, within what was paid, account on file",
            Self::Hold(why) | Self::Refuse(why) => why,
        }
    }
}

/// The automatic rule. What can never be right is refused; whatever a person could know better is
/// left to one; the rest is answered.
pub fn judge(amount: Money, facts: &Facts) -> Verdict {
    if !amount.is_positive() {
        return Verdict::Refuse("the amount is not more than zero".to_owned());
    }
    let hold = |why: String| Verdict::Hold(why);
    let Some(known) = facts.payment else {
        return hold("the payment is not known here".to_owned());
    };
    if known.paid.currency != amount.currency {
        let paid = known.paid.currency;
        return Verdict::Refuse(format!("the payment was made in {paid}"));
    }
    if amount.minor > known.paid.minor {
        return Verdict::Refuse(format!("the payment was only {}", known.paid));
    }
    let left = known.paid.minor.saturating_sub(known.answered.minor);
    if amount.minor > left {
        let (answered, paid) = (known.answered, known.paid);
        return hold(format!(
            "{answered} of {paid} was asked back and answered before"
        ));
    }
    if let Some(caution) = facts.caution {
        return hold(caution.words().to_owned());
    }
    match facts.on_file {
        true => Verdict::Answer,
        false => hold("no account is on file for the payment".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::money::Currency;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("GBP").unwrap())
    }

    fn facts(paid: i64, answered: i64) -> Facts {
        Facts {
            payment: Some(Known {
                paid: gbp(paid),
                answered: gbp(answered),
            }),
            on_file: true,
            caution: None,
        }
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Answer => "answer",
            Verdict::Hold(_) => "hold",
            Verdict::Refuse(_) => "refuse",
        }
    }

    #[rstest]
    #[case::all_of_it(1_000, facts(1_000, 0), "answer")]
    #[case::the_rest(400, facts(1_000, 600), "answer")]
    #[case::more_than_the_rest(401, facts(1_000, 600), "hold")]
    #[case::more_than_was_paid(1_001, facts(1_000, 0), "refuse")]
    #[case::nothing(0, facts(1_000, 0), "refuse")]
    #[case::less_than_nothing(-1, facts(1_000, 0), "refuse")]
    #[case::unknown_payment(1, Facts { payment: None, ..facts(0, 0) }, "hold")]
    #[case::no_account(1, Facts { on_file: false, ..facts(1_000, 0) }, "hold")]
    #[case::not_automatic(1, Facts { caution: Some(Caution::NotAutomatic), ..facts(1_000, 0) }, "hold")]
    #[case::stopped(1, Facts { caution: Some(Caution::Stopped), ..facts(1_000, 0) }, "hold")]
    #[case::restored(1, Facts { caution: Some(Caution::Restored), ..facts(1_000, 0) }, "hold")]
    #[case::damaged(1, Facts { caution: Some(Caution::Damaged), ..facts(1_000, 0) }, "hold")]
    // What can never be right needs nobody, whatever else there is.
    #[case::stopped_and_too_much(1_001, Facts { caution: Some(Caution::Stopped), ..facts(1_000, 0) }, "refuse")]
    fn the_rule(#[case] minor: i64, #[case] facts: Facts, #[case] expected: &str) {
        let verdict = judge(gbp(minor), &facts);
        assert_eq!(word(&verdict), expected, "{verdict:?}");
        assert!(!verdict.found().is_empty());
    }

    #[test]
    fn another_currency_is_refused() {
        let usd = Money::new(1, Currency::from_code("USD").unwrap());
        assert_eq!(word(&judge(usd, &facts(1_000, 0))), "refuse");
    }

    proptest! {
        /// However requests come, the rule never answers for more than was paid.
        #[test]
        fn no_more_than_was_paid(paid in 1_i64..10_000, asked in prop::collection::vec(-5_i64..10_000, 0..20)) {
            let mut answered = 0;
            for minor in asked {
                if judge(gbp(minor), &facts(paid, answered)) == Verdict::Answer {
                    answered += minor;
                }
            }
            prop_assert!(answered <= paid);
        }
    }

    #[test]
    fn decided_once_and_in_time() {
        let deadline = "2026-11-21T10:00:20Z".parse().unwrap();
        let before = deadline - TimeDelta::milliseconds(1);
        for from in Standing::ALL {
            assert_eq!(Standing::from_name(from.name()), Some(from));
            for to in Standing::ALL {
                let (in_time, late) = (
                    from.may_become(to, deadline, before),
                    from.may_become(to, deadline, deadline),
                );
                let by_person = matches!(to, Standing::Answered | Standing::Refused);
                let waits = from == Standing::Waiting;
                assert_eq!(in_time, waits && by_person, "{from:?} {to:?}");
                assert_eq!(late, waits && to == Standing::Expired, "{from:?} {to:?}");
            }
        }
    }
}
