//! Refunds in bulk: what a plan says of each row is what becomes of it.

use super::*;
use crate::desk::face::{Composed, PlanAsk};
use crate::domain::plan::{Plan, Verdict, Wanted};

const PEOPLE: &str = r#"
[policy]
approval_above = 100
[roles.maker]
users = ["mia", "max"]
[roles.checker]
users = ["ben"]
"#;
const JUNIOR: &str = r#"
[roles.juniors]
may = ["maker"]
users = ["mia"]
free = { per_day = 100 }
hard = { per_day = 150 }
[roles.checker]
users = ["ben"]
"#;

fn rows(asked: &[(&str, &str)]) -> PlanAsk {
    let wanted = |(at, (payment, amount)): (usize, &(&str, &str))| Wanted {
        line: at as u64 + 2,
        payment: (*payment).to_owned(),
        amount: (*amount).to_owned(),
        reason: "customer_request".to_owned(),
        ..Wanted::default()
    };
    PlanAsk {
        rows: asked.iter().enumerate().map(wanted).collect(),
        again: false,
    }
}

/// A plan's verdicts: `goes`, the kind of no, or the code of a refusal.
fn told(plan: &Plan) -> Vec<&str> {
    let word = |verdict| match verdict {
        Verdict::Refused { code, .. } => Box::leak(code.into_boxed_str()),
        other => other.name(),
    };
    let verdicts = plan.rows.iter().map(|row| row.verdict.clone());
    verdicts.map(word).collect()
}

impl Stage {
    async fn plans(&self, ask: PlanAsk) -> Plan {
        match self.person("mia", Request::Plan(ask)).await {
            Ok(Reply::Plan(plan)) => *plan,
            other => panic!("{other:?}"),
        }
    }

    /// Composes one row of a plan; none: it is not carried out.
    async fn applies(
        &self,
        name: &str,
        plan: &Plan,
        at: usize,
    ) -> Option<Result<Composed, Refusal>> {
        let draft = Draft::of_plan(plan, &plan.hash(), at, false)?;
        Some(match self.person(name, Request::Compose(draft)).await {
            Ok(Reply::Composed(composed)) => Ok(*composed),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => Err(refusal),
        })
    }

    /// Applies all of it: `new` or `old` refund, `-` for what is left out, or the refusal's code.
    async fn applied(&self, plan: &Plan) -> Vec<String> {
        let mut all = Vec::new();
        for at in 0..plan.rows.len() {
            all.push(match self.applies("mia", plan, at).await {
                None => "-".to_owned(),
                Some(Ok(composed)) if composed.existing => "old".to_owned(),
                Some(Ok(_)) => "new".to_owned(),
                Some(Err(refusal)) => refusal.code,
            });
        }
        all
    }

    async fn held_of(&self, payment: &str) -> i64 {
        match self.ask(Request::Payment(payment.to_owned())).await {
            Reply::Payment(card) => card.payment.figures().held.minor,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn rows_of_one_payment_must_fit_it_together_and_are_made_once() {
    let stage = Stage::with(3, PEOPLE, noon()).await;
    let plan = stage
        .plans(rows(&[
            ("P0", "50"),
            ("P0", "rest"),
            ("P0", "0.01"),
            ("P1", "30"),
            ("P1", "30"),
            ("nobody", "1"),
            ("P2", "1.001"),
        ]))
        .await;
    assert_eq!(
        told(&plan),
        [
            "goes",
            "goes",
            "all_held",
            "goes",
            "likely_duplicate",
            "not_found",
            "too_many_decimals"
        ]
    );
    let order = plan.rows[1].order.as_ref().unwrap();
    assert_eq!((order.amount.minor, order.available.minor), (4_000, 4_000));
    assert_eq!(stage.held_of("P0").await, 0, "planning writes nothing");
    let first = stage.applied(&plan).await;
    assert_eq!(first, ["new", "new", "-", "new", "-", "-", "-"]);
    assert_eq!(stage.held_of("P0").await, 9_000);
    let again = stage.applied(&plan).await;
    assert_eq!(again, ["old", "old", "-", "old", "-", "-", "-"]);
    let Reply::Refunds(refunds) = stage.ask(Request::Refunds(Default::default())).await else {
        panic!("no refunds");
    };
    assert_eq!(refunds.len(), 3);
}

#[tokio::test]
async fn a_plan_broken_off_goes_on_where_it_was() {
    let stage = Stage::with(3, PEOPLE, noon()).await;
    let plan = stage
        .plans(rows(&[("P0", "10"), ("P1", "11"), ("P2", "12")]))
        .await;
    stage.applies("mia", &plan, 0).await.unwrap().unwrap();
    assert_eq!(stage.applied(&plan).await, ["old", "new", "new"]);
}

#[tokio::test]
async fn what_changed_since_is_refused_and_the_others_go_on() {
    let stage = Stage::with(3, PEOPLE, noon()).await;
    let plan = stage
        .plans(rows(&[("P0", "10"), ("P1", "11"), ("P2", "12")]))
        .await;
    stage.makes("max", "P1", "1").await.unwrap();
    assert_eq!(
        stage.applied(&plan).await,
        ["new", "balance_changed", "new"]
    );
    // Another policy: no row of an older plan goes, and what is there is still found.
    let plan = stage.plans(rows(&[("P0", "20"), ("P1", "21")])).await;
    stage.applies("mia", &plan, 0).await.unwrap().unwrap();
    let stricter = PEOPLE.replace("approval_above = 100", "approval_above = 99");
    let stage = stage.reopened(&format!("{CONFIG}{stricter}"), noon());
    assert_eq!(stage.applied(&plan).await, ["old", "policy_changed"]);
}

#[tokio::test]
async fn a_plan_is_its_makers_and_stays_where_it_was_made() {
    let stage = Stage::with(1, PEOPLE, noon()).await;
    let plan = stage.plans(rows(&[("P0", "10")])).await;
    let other = stage.applies("max", &plan, 0).await.unwrap();
    assert_eq!(code(&other), "not_your_plan");
    let elsewhere = Plan {
        environment: "live".to_owned(),
        ..plan.clone()
    };
    assert_eq!(stage.applied(&elsewhere).await, ["other_environment"]);
    assert_eq!(stage.applied(&plan).await, ["new"]);
    for empty in [0, crate::domain::plan::MOST_ROWS + 1] {
        let ask = rows(&vec![("P0", "1"); empty]);
        let refused = stage.person("mia", Request::Plan(ask)).await;
        assert_eq!(code(&refused), "plan_size");
    }
}

#[tokio::test]
async fn the_days_allowance_counts_over_the_plan() {
    let stage = Stage::with(4, JUNIOR, noon()).await;
    let asked = rows(&[("P0", "60"), ("P1", "40"), ("P2", "41"), ("P3", "9.01")]);
    let plan = stage.plans(asked).await;
    let verdicts = ["goes", "goes", "needs_checker", "over_limit"];
    assert_eq!(told(&plan), verdicts);
    assert_eq!(stage.applied(&plan).await, ["new", "new", "new", "-"]);
    let waiting = stage.queue("ben").await.len();
    assert_eq!(waiting, 1, "the third waits for ben");
    // What was free when it was planned is not made once it takes a checker.
    let plan = stage.plans(rows(&[("P3", "1")])).await;
    assert_eq!(told(&plan), ["needs_checker"]);
}

#[tokio::test]
async fn what_went_alone_in_the_plan_does_not_wait_for_a_checker_instead() {
    let stage = Stage::with(4, JUNIOR, noon()).await;
    let plan = stage.plans(rows(&[("P0", "60")])).await;
    assert_eq!(told(&plan), ["goes"]);
    stage.makes("mia", "P1", "50").await.unwrap();
    assert_eq!(stage.applied(&plan).await, ["needs_checker_now"]);
}

#[tokio::test]
async fn sums_to_a_payment_count_over_the_plan() {
    let folder = PEOPLE.replace("approval_above = 100", "approval_above = 50");
    let stage = Stage::with(1, &folder, noon()).await;
    let plan = stage.plans(rows(&[("P0", "40"), ("P0", "20")])).await;
    assert_eq!(told(&plan), ["goes", "needs_checker"]);
    assert_eq!(stage.applied(&plan).await, ["new", "new"]);
    assert_eq!(stage.queue("ben").await.len(), 1);
}

#[tokio::test]
async fn a_likely_duplicate_goes_only_where_it_is_meant() {
    let stage = Stage::with(2, PEOPLE, noon()).await;
    stage.makes("max", "P0", "10").await.unwrap();
    let ask = rows(&[("P0", "10"), ("P1", "5"), ("P1", "5")]);
    let plan = stage.plans(ask.clone()).await;
    assert_eq!(
        told(&plan),
        ["likely_duplicate", "goes", "likely_duplicate"]
    );
    assert!(plan.rows[2].verdict.why().contains("row 3"), "{plan:?}");
    let meant = stage.plans(PlanAsk { again: true, ..ask }).await;
    assert_eq!(told(&meant), ["goes", "goes", "goes"]);
    assert_eq!(meant.rows[0].repeats.len(), 1);
    assert_eq!(stage.applied(&meant).await, ["new", "new", "new"]);
}
