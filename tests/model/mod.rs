//! The model explorer: every interleaving of a few refunds on one payment with a network that
//! loses, delays and copies, processes that die, a provider that forgets keys, and people. The
//! desk's moves are `domain::state::transition` and `domain::balance::compute` themselves, so
//! what is proven here is proven of the program's rules; `nature` is the model.
//!
//! What is assumed of the world stands in [`SOUND`], and
//! `the_rules_are_no_stronger_than_these_assumptions` shows what each assumption carries.

mod desk;
mod nature;
mod rules;
mod search;
mod world;

use std::collections::HashSet;

use refund_desk::domain::state::Rule;
use rstest::rstest;

use desk::Desk;
use rules::Rules;
use search::{Cause, Explored, Harm, Way, explore};
use world::{SOUND, Terms};

/// One send, nothing to resend: for refunds that run side by side.
const ONE_SEND: Terms = Terms {
    keys: 1,
    sends: 1,
    copies: false,
    ..SOUND
};
/// Two sends, under one key or two.
const TWO_SENDS: Terms = Terms {
    sends: 2,
    copies: false,
    ..SOUND
};
/// A third send: after a resend, or under a new key.
const THREE_SENDS: Terms = Terms {
    copies: false,
    ..SOUND
};
const COPIES: Terms = Terms { sends: 2, ..SOUND };
const SLOW_LOOKS: Terms = Terms {
    slow_looks: true,
    ..TWO_SENDS
};
const NO_REPLAY: Terms = Terms {
    replays: false,
    ..TWO_SENDS
};
const SILENT: Terms = Terms {
    authoritative: false,
    ..TWO_SENDS
};
const PEOPLE_ERR: Terms = Terms {
    people_err: true,
    ..ONE_SEND
};

fn real<const N: usize>(terms: Terms, amounts: [i64; N], harms: &[Harm]) -> Explored {
    let rules = Rules::Real;
    let explored = explore(&Desk { rules, terms }, amounts, harms);
    eprintln!(
        "{amounts:?}: {} states, {} moves",
        explored.states, explored.moves
    );
    explored
}

fn no_harm<const N: usize>(terms: Terms, amounts: [i64; N], states: usize) -> Explored {
    let explored = real(terms, amounts, Harm::ALL);
    if let Some(way) = &explored.way {
        panic!("{way}");
    }
    assert!(explored.states >= states, "only {} states", explored.states);
    explored
}

#[rstest]
#[case::resend(THREE_SENDS, [100], 10_000)]
#[case::slow_looks(SLOW_LOOKS, [100], 10_000)]
#[case::provider_without_replay(NO_REPLAY, [100], 500)]
#[case::provider_whose_silence_proves_nothing(SILENT, [100], 1_000)]
#[case::two_that_fit_one_by_one(TWO_SENDS, [60, 60], 20_000)]
#[case::two_side_by_side(ONE_SEND, [40, 60], 20_000)]
#[case::three(ONE_SEND, [60, 60, 60], 10_000)]
fn the_real_rules_do_no_harm<const N: usize>(
    #[case] terms: Terms,
    #[case] amounts: [i64; N],
    #[case] states: usize,
) {
    no_harm(terms, amounts, states);
}

/// The exploration would be worth little if it never came to where it hurts.
#[test]
fn every_rule_and_every_mishap_is_met() {
    let seen = [
        no_harm(TWO_SENDS, [100], 2_000),
        no_harm(COPIES, [100], 5_000),
    ];
    let rules: HashSet<Rule> = seen.iter().flat_map(|it| it.rules.clone()).collect();
    let causes: HashSet<Cause> = seen.iter().flat_map(|it| it.causes.clone()).collect();
    for rule in [
        Rule::T1,
        Rule::T5,
        Rule::T6,
        Rule::T7,
        Rule::T8,
        Rule::T9,
        Rule::T10,
        Rule::T11,
        Rule::T12,
        Rule::T13,
        Rule::T14,
        Rule::T15,
        Rule::T16,
        Rule::T17,
        Rule::T22,
    ] {
        assert!(rules.contains(&rule), "{rule:?} was never used");
    }
    for cause in Cause::ALL {
        assert!(causes.contains(cause), "{cause:?} never happened");
    }
    // A closed refund is only ever paid where people erred.
    assert!(!rules.contains(&Rule::T23));
}

/// T23: where two people were wrong, the payout counts as soon as it is known, and even then no
/// refund is paid twice and nothing else that is closed can be paid.
#[test]
fn a_payout_that_people_denied_is_counted_when_it_shows() {
    let harms = [Harm::PaidTwice, Harm::ClosedButPayable];
    let resent = Terms {
        people_err: true,
        ..TWO_SENDS
    };
    for explored in [
        real(PEOPLE_ERR, [60, 60], &harms),
        real(resent, [100], &harms),
    ] {
        assert!(explored.way.is_none(), "{}", explored.way.unwrap());
        assert!(explored.rules.contains(&Rule::T23));
        assert!(explored.states > 2_000);
    }
}

/// … and without their error there is no way to pay too much.
#[test]
fn only_the_error_of_two_people_overpays() {
    let way = real(PEOPLE_ERR, [60, 60], Harm::MONEY).way.unwrap();
    assert_eq!(way.harm, Harm::Overpaid, "{way}");
    let denied = |step: &search::Step| step.rule == Some(Rule::T15);
    assert!(way.steps.iter().any(denied), "{way}");
}

/// The shortest way to harm under weakened rules.
fn harm<const N: usize>(rules: Rules, terms: Terms, amounts: [i64; N], harms: &[Harm]) -> Way {
    let explored = explore(&Desk { rules, terms }, amounts, harms);
    let way = explored
        .way
        .unwrap_or_else(|| panic!("{rules:?} does no harm in {} states", explored.states));
    eprintln!("{rules:?}: {way}");
    way
}

/// Each weakened rule closes, overdraws or pays what it must not. `last` is the rule that does it,
/// or that puts the last bytes out.
#[rstest]
#[case(
    Rules::ErrorIsFailed,
    TWO_SENDS,
    Harm::ClosedButPayable,
    Some(Rule::T9),
    4
)]
#[case(
    Rules::AgedIsFailed,
    TWO_SENDS,
    Harm::ClosedButPayable,
    Some(Rule::T12),
    5
)]
#[case(Rules::NoHold, TWO_SENDS, Harm::Overdrawn, Some(Rule::T1), 2)]
#[case(
    Rules::T9Unguarded,
    TWO_SENDS,
    Harm::ClosedButPayable,
    Some(Rule::T9),
    8
)]
#[case(Rules::T14AtOnce, TWO_SENDS, Harm::ClosedButPayable, Some(Rule::T6), 7)]
#[case(
    Rules::T14EarlyLooks,
    TWO_SENDS,
    Harm::ClosedButPayable,
    Some(Rule::T6),
    10
)]
#[case(
    Rules::T14AnyProvider,
    SILENT,
    Harm::ClosedButPayable,
    Some(Rule::T6),
    13
)]
#[case(
    Rules::T15AtOnce,
    TWO_SENDS,
    Harm::ClosedButPayable,
    Some(Rule::T15),
    5
)]
#[case(
    Rules::AnyAnswerCounts,
    TWO_SENDS,
    Harm::ClosedButPayable,
    Some(Rule::T9),
    14
)]
fn a_weakened_rule_breaks_the_books(
    #[case] rules: Rules,
    #[case] terms: Terms,
    #[case] expected: Harm,
    #[case] last: Option<Rule>,
    #[case] steps: usize,
) {
    let way = harm(rules, terms, [60, 60], Harm::ALL);
    assert_eq!(way.harm, expected, "{way}");
    assert_eq!(way.steps.last().unwrap().rule, last, "{way}");
    assert!(way.steps.len() <= steps, "{way}");
}

/// Each weakened rule pays too much: the last step is the provider's.
#[rstest]
#[case(Rules::ErrorIsFailed, TWO_SENDS, Harm::Overpaid, 9)]
#[case(Rules::NewKeyOnRetry, TWO_SENDS, Harm::PaidTwice, 8)]
#[case(Rules::AgedIsFailed, TWO_SENDS, Harm::Overpaid, 11)]
#[case(Rules::NoHold, TWO_SENDS, Harm::Overpaid, 8)]
#[case(Rules::T8Unguarded, THREE_SENDS, Harm::PaidTwice, 16)]
#[case(Rules::T9Unguarded, TWO_SENDS, Harm::Overpaid, 13)]
#[case(Rules::T13AtAnyAge, TWO_SENDS, Harm::PaidTwice, 11)]
#[case(Rules::T13AnyProvider, NO_REPLAY, Harm::PaidTwice, 8)]
#[case(Rules::T14AtOnce, TWO_SENDS, Harm::PaidTwice, 10)]
#[case(Rules::T14EarlyLooks, TWO_SENDS, Harm::PaidTwice, 13)]
#[case(Rules::T14AnyProvider, SILENT, Harm::PaidTwice, 15)]
#[case(Rules::T15AtOnce, TWO_SENDS, Harm::Overpaid, 11)]
fn a_weakened_rule_pays_too_much(
    #[case] rules: Rules,
    #[case] terms: Terms,
    #[case] expected: Harm,
    #[case] steps: usize,
) {
    let one = [Rules::T8Unguarded, Rules::T13AtAnyAge].contains(&rules);
    let way = match one {
        true => harm(rules, terms, [100], Harm::MONEY),
        false => harm(rules, terms, [60, 60], Harm::MONEY),
    };
    assert_eq!(way.harm, expected, "{way}");
    let cause = way.steps.last().unwrap().cause;
    assert!(
        matches!(cause, Cause::Arrives | Cause::ArrivesLate),
        "{way}"
    );
    assert!(way.steps.len() <= steps, "{way}");
}

/// A look that was asked before a resend and failed to connect is no answer to that resend.
#[test]
fn a_slow_look_is_not_the_answer_to_a_send() {
    let way = harm(Rules::AnyAnswerCounts, SLOW_LOOKS, [100], Harm::ALL);
    assert_eq!(way.harm, Harm::ClosedButPayable, "{way}");
    let mistaken = |step: &search::Step| {
        matches!(step.cause, Cause::Look | Cause::OldAnswer)
            // T11: the send is marked unexecuted all the same.
            && matches!(step.rule, Some(Rule::T8 | Rule::T9 | Rule::T11))
    };
    assert!(way.steps.iter().any(mistaken), "{way}");
}

/// Where the real rules end: no rule of the desk helps when a request can be on its way for longer
/// than the replay margin and the window cover, when a sender puts bytes out after the delivery
/// bound, or when of two copies of one send one is refused and the other executed.
#[rstest]
#[case::longer_on_its_way_than_the_margin(Terms { delivery: 4, ..TWO_SENDS }, Harm::PaidTwice, 11)]
#[case::a_sender_that_oversleeps(Terms { oversleeps: true, ..TWO_SENDS }, Harm::ClosedButPayable, 11)]
#[case::copies_that_part(Terms { copies_part: true, ..COPIES }, Harm::ClosedButPayable, 6)]
fn the_rules_are_no_stronger_than_these_assumptions(
    #[case] terms: Terms,
    #[case] expected: Harm,
    #[case] steps: usize,
) {
    let way = harm(Rules::Real, terms, [60, 60], Harm::ALL);
    assert_eq!(way.harm, expected, "{way}");
    assert!(way.steps.len() <= steps, "{way}");
}

/// Wider: minutes, not seconds. `cargo test --test desk model -- --ignored`
#[rstest]
#[case::all_mishaps_three_sends(Terms { slow_looks: true, ..SOUND }, [100], 100_000)]
#[case::longer_windows(Terms { window: 4, margin: 2, delivery: 2, ..SOUND }, [100], 100_000)]
#[case::two_with_copies(COPIES, [60, 60], 50_000)]
#[case::two_side_by_side_with_resend(Terms { sends: 2, ..ONE_SEND }, [40, 60], 1_000_000)]
#[case::three_with_resend(Terms { sends: 2, ..ONE_SEND }, [60, 60, 60], 100_000)]
#[case::three_of_two_amounts(ONE_SEND, [60, 40, 60], 100_000)]
#[ignore = "minutes long"]
fn the_real_rules_do_no_harm_in_a_wider_world<const N: usize>(
    #[case] terms: Terms,
    #[case] amounts: [i64; N],
    #[case] states: usize,
) {
    no_harm(terms, amounts, states);
}
