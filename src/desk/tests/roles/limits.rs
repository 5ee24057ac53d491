//! What makers and accounts may refund, through the desk.

use rstest::rstest;

use super::*;
use crate::desk::face::Preview;

/// mia may refund 10 alone and 25 a day alone; 40 at most, and 60 a day at most. max has no limit.
const LIMITS: &str = r#"
[roles.juniors]
may = ["maker"]
users = ["mia"]
free = { per_refund = 10, per_day = 25 }
hard = { per_refund = 40, per_day = { USD = "60.00" } }
[roles.maker]
users = ["max"]
[roles.checker]
users = ["ben"]
"#;

impl Stage {
    async fn previews(&self, name: &str, payment: &str, amount: &str) -> Preview {
        let preview = Request::Preview(draft(payment, amount));
        match self.person(name, preview).await {
            Ok(Reply::Preview(preview)) => *preview,
            other => panic!("{other:?}"),
        }
    }

    /// Makes a refund and says how it stands.
    async fn standing(&self, name: &str, payment: &str, amount: &str) -> Result<State, String> {
        match self.makes(name, payment, amount).await {
            Ok(id) => Ok(self.refund(id).await.state),
            Err(refusal) => Err(refusal.message),
        }
    }
}

#[tokio::test]
async fn above_free_a_checker_approves_and_above_hard_nobody() {
    use State::{Approved, AwaitingApproval};
    let stage = Stage::with(6, LIMITS, noon()).await;
    assert_eq!(stage.standing("mia", "P0", "10").await, Ok(Approved));
    let above = stage.makes("mia", "P1", "10.01").await.unwrap();
    let refund = stage.refund(above).await;
    assert_eq!(refund.state, AwaitingApproval);
    assert!(
        refund
            .said
            .unwrap()
            .contains("10.01 USD is above 10.00 USD")
    );
    // 20.01 are used: 4.99 are left to go alone.
    assert_eq!(stage.standing("mia", "P2", "5").await, Ok(AwaitingApproval));
    let refused = stage.makes("mia", "P3", "40.01").await.unwrap_err();
    assert_eq!(
        (refused.class, refused.code.as_str()),
        (Class::Rule, "over_limit")
    );
    assert!(
        refused
            .message
            .contains("your limit of 40.00 USD per refund"),
        "{refused:?}"
    );
    let refused = stage.standing("mia", "P3", "35").await.unwrap_err();
    assert!(refused.contains("34.99 USD of 60.00 USD"), "{refused}");
    assert_eq!(stage.standing("max", "P4", "80").await, Ok(Approved));
}

#[tokio::test]
async fn what_is_left_is_shown_before_it_is_asked_for() {
    let stage = Stage::with(3, LIMITS, noon()).await;
    stage.makes("mia", "P0", "10").await.unwrap();
    let preview = stage.previews("mia", "P1", "12").await;
    let told = |name: &str| {
        let mut limits = preview.limits.iter();
        let limit = limits.find(|it| it.name == name).unwrap();
        (limit.figure.as_str(), limit.kept)
    };
    assert_eq!(
        told("your limit today"),
        ("50.00 USD of 60.00 USD left", true)
    );
    assert_eq!(told("your limit per refund"), ("40.00 USD", true));
    assert_eq!(told("yours without a checker"), ("10.00 USD", false));
    assert_eq!(
        told("yours today without a checker"),
        ("15.00 USD of 25.00 USD left", true)
    );
    assert!(preview.approval.unwrap().contains("may refund alone"));
    assert_eq!(preview.problems, []);
    let preview = stage.previews("mia", "P1", "41").await;
    assert_eq!(preview.problems[0].code, "over_limit");
    let preview = stage.previews("max", "P1", "41").await;
    assert!(
        preview.limits.iter().all(|it| !it.name.contains("your")),
        "{preview:?}"
    );
}

/// Declined, withdrawn, expired, failed and refused: none of it was spent.
#[rstest]
#[case::withdrawn(State::Canceled)]
#[case::declined(State::Canceled)]
#[case::expired(State::Expired)]
#[case::failed(State::Failed)]
#[case::refused(State::Rejected)]
#[tokio::test]
async fn what_did_not_happen_is_given_back(#[case] ends: State) {
    let stage = Stage::with(4, LIMITS, noon()).await;
    let sent = match ends {
        State::Rejected => Finding::new(Evidence::Refused, "no"),
        _ => report(Reported::Pending),
    };
    stage.provider(&Fake::new(at_once(sent), at_once(report(Reported::Failed))));
    let id = stage.makes("mia", "P0", "40").await.unwrap();
    assert!(stage.makes("mia", "P1", "40").await.is_err());
    match ends {
        State::Canceled => stage.cancels("mia", id).await.unwrap(),
        State::Expired => {
            // Seven days later it is over, and so is the day; the day after counts anew anyhow.
            stage.clock.advance(Duration::from_hours(7 * 24));
            stage.work().await;
        }
        _ => {
            stage.approves("ben", id).await.unwrap();
            stage.work().await;
            stage.clock.advance(Duration::from_mins(5));
            stage.work().await;
        }
    }
    assert_eq!(stage.refund(id).await.state, ends);
    stage.makes("mia", "P1", "40").await.unwrap();
}

#[tokio::test]
async fn a_refund_on_its_way_or_in_doubt_is_spent() {
    let stage = Stage::with(3, LIMITS, noon()).await;
    let doubt = Finding::new(Evidence::Doubt, "no answer");
    stage.provider(&Fake::new(at_once(doubt.clone()), at_once(doubt)));
    let id = stage.makes("mia", "P0", "40").await.unwrap();
    stage.approves("ben", id).await.unwrap();
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    let refused = stage.makes("mia", "P1", "40").await.unwrap_err();
    assert_eq!(refused.code, "over_limit");
}

/// A day begins at midnight where business is done, also where clocks change.
#[rstest]
#[case("Asia/Tokyo", "2026-11-18T14:30:00Z", 29, 31)]
#[case("America/New_York", "2026-11-18T04:30:00Z", 29, 31)]
#[case("UTC", "2026-11-18T23:30:00Z", 29, 31)]
// The day on which summer time ends has 25 hours.
#[case("Europe/London", "2026-10-24T23:30:00Z", 24 * 60 + 29, 24 * 60 + 31)]
#[tokio::test]
async fn a_limit_of_a_day_begins_anew_at_midnight(
    #[case] zone: &str,
    #[case] now: &str,
    #[case] before: u64,
    #[case] after: u64,
) {
    let clock = Clock::manual(now.parse().unwrap());
    let config = format!("{LIMITS}[policy]\nescalate_after_hours = 0\n");
    let stage = Stage::open_at(3, clock.clone()).await;
    let zoned = CONFIG.replace("[desk]\n", &format!("[desk]\ntime_zone = \"{zone}\"\n"));
    let stage = stage.reopened(&format!("{zoned}{config}"), clock);
    stage.makes("mia", "P0", "40").await.unwrap();
    stage.clock.advance(Duration::from_mins(before));
    assert_eq!(code(&stage.makes("mia", "P1", "40").await), "over_limit");
    stage.clock.advance(Duration::from_mins(after - before));
    stage.makes("mia", "P1", "40").await.unwrap();
}

#[tokio::test]
async fn an_account_has_a_cap_that_everybody_shares() {
    let capped = CONFIG.replace("polls_per_minute", "cap_per_day = 50\npolls_per_minute");
    for roles in [LIMITS, ""] {
        let stage = Stage::open_at(3, noon()).await;
        let stage = stage.reopened(&format!("{capped}{roles}"), noon());
        stage.makes("mia", "P0", "30").await.unwrap();
        let refused = stage.makes("max", "P1", "20.01").await.unwrap_err();
        assert_eq!(refused.code, "over_limit");
        assert!(
            refused.message.contains("20.00 USD of 50.00 USD"),
            "{refused:?}"
        );
        let preview = stage.previews("max", "P1", "20").await;
        let mut limits = preview.limits.iter();
        let cap = limits.find(|it| it.name == "account's cap today").unwrap();
        assert_eq!(cap.figure, "20.00 USD of 50.00 USD left");
        stage.makes("max", "P1", "20").await.unwrap();
    }
}

/// Judged in the transaction that reserves: however many ask at once, and from whatever desk.
#[tokio::test]
async fn makers_who_race_do_not_get_past_a_limit() {
    const RACERS: usize = 24;
    let capped = CONFIG.replace("polls_per_minute", "cap_per_day = 100\npolls_per_minute");
    let config = format!("{capped}{LIMITS}");
    let stage = Stage::open_at(RACERS, noon()).await;
    let stage = stage.reopened(&config, noon());
    let other = Stage::desk_over(stage.folder.path(), &config, noon());
    let asks = (0..RACERS).map(|number| {
        let desk = if number % 2 == 0 { &stage.desk } else { &other };
        let name = if number % 3 == 0 { "max" } else { "mia" };
        let draft = Draft {
            again: true,
            ..draft(&format!("P{number}"), "9")
        };
        async move { desk.ask(&person(name), Request::Compose(draft)).await }
    });
    let made = futures_util::future::join_all(asks).await;
    let of = |name: &str| {
        let mine = made.iter().filter_map(|it| match it {
            Ok(Reply::Composed(made)) => Some(&made.refund.refund.content),
            _ => None,
        });
        mine.filter(|it| it.maker == name)
            .map(|it| it.amount.minor)
            .sum::<i64>()
    };
    assert!(of("mia") <= 6_000, "{}", of("mia"));
    assert_eq!(
        of("mia") + of("max"),
        9_900,
        "eleven of nine in a cap of a hundred"
    );
    let refused = made.iter().filter(|it| it.is_err()).map(code);
    assert!(
        refused.clone().all(|it| it == "over_limit"),
        "{:?}",
        refused.collect::<Vec<_>>()
    );
}

/// Slices to one payment, order or payer over seven days count together.
#[tokio::test]
async fn slicing_does_not_escape_the_checker() {
    use State::{Approved, AwaitingApproval};
    let config = format!("{ROLES}{ABOVE_TEN}");
    let stage = Stage::with(2, &config, noon()).await;
    assert_eq!(stage.standing("mia", "P0", "6").await, Ok(Approved));
    stage.clock.advance(Duration::from_hours(6 * 24));
    assert_eq!(
        stage.standing("max", "P0", "4.01").await,
        Ok(AwaitingApproval)
    );
    assert_eq!(stage.standing("max", "P1", "4.01").await, Ok(Approved));
    stage.clock.advance(Duration::from_hours(25));
    assert_eq!(stage.standing("mia", "P0", "5").await, Ok(Approved));
}
