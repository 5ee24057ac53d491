//! Planning refunds in bulk: each row is judged by every rule, as if the rows before it were made.
//! Nothing is written; what was judged is carried out by composing its rows, each under a key of its
//! own.

use super::compose::{content, likeness};
use super::face::{Actor, Draft, PlanAsk, Refusal, Reply};
use super::judged::Judged;
use super::local::Local;
use super::refusal;
use crate::domain::money::Money;
use crate::domain::plan::{Ahead, MOST_ROWS, Order, Plan, Row, Taken, Verdict, Wanted};
use crate::domain::refund::Content;

const PLAN_ANEW: &str = "Plan what is still wanted anew.";

impl Local {
    /// What would become of each row.
    pub(super) async fn plan(&self, actor: &Actor, ask: &PlanAsk) -> Result<Reply, Refusal> {
        if ask.rows.is_empty() || ask.rows.len() > MOST_ROWS {
            return Err(refusal::rule(
                "plan_size",
                format!("a plan has 1 to {MOST_ROWS} rows, not {}", ask.rows.len()),
                "Make several plans of it.",
            ));
        }
        let made_at = self.clock.now();
        let mut ahead = Ahead::default();
        let mut rows = Vec::with_capacity(ask.rows.len());
        for wanted in &ask.rows {
            rows.push(self.plan_row(actor, wanted, ask.again, &mut ahead).await?);
        }
        Ok(Reply::Plan(Box::new(Plan {
            maker: actor.name.clone(),
            made_at,
            environment: self.settings.environment.name().to_owned(),
            policy_version: self.settings.policy.version,
            again: ask.again,
            rows,
        })))
    }

    async fn plan_row(
        &self,
        actor: &Actor,
        wanted: &Wanted,
        again: bool,
        ahead: &mut Ahead,
    ) -> Result<Row, Refusal> {
        let mut row = Row {
            line: wanted.line,
            payment: wanted.payment.clone(),
            reference: None,
            order: None,
            verdict: Verdict::Goes,
            repeats: Vec::new(),
        };
        let draft = draft_of(wanted);
        let judged = match self.judge_draft(actor, &draft, ahead).await {
            Ok(judged) => judged,
            // The desk itself cannot go on: that is no verdict on a row.
            Err(refusal) if refusal.ends_retry() => return Err(refusal),
            Err(refusal) => {
                row.verdict = refused(refusal);
                return Ok(row);
            }
        };
        row.reference.clone_from(&judged.payment.reference);
        let amount = match decided(actor, &draft, &judged) {
            Ok((amount, content)) => {
                row.order = Some(order(&judged, content));
                amount
            }
            Err(refusal) => {
                // What stands against the payment itself comes before what is wrong with the amount.
                let first = judged.problems.first().cloned();
                row.verdict = refused(first.unwrap_or(refusal));
                return Ok(row);
            }
        };
        let repeats = repeats(&judged, ahead, amount);
        row.verdict = match (judged.problems.first(), repeats.first()) {
            (Some(problem), _) => refused(problem.clone()),
            (None, Some(earlier)) if !again => Verdict::Repeats(earlier.clone()),
            (None, _) => judged
                .approval
                .as_ref()
                .map_or(Verdict::Goes, |why| Verdict::Checker(why.clone())),
        };
        row.repeats = repeats;
        if row.verdict.goes() {
            ahead.take(taken(wanted.line, &judged, amount));
        }
        Ok(row)
    }

    /// A plan's refunds are its maker's, where it was made.
    pub(super) fn by_its_maker(&self, actor: &Actor, draft: &Draft) -> Result<(), Refusal> {
        let Some(planned) = &draft.planned else {
            return Ok(());
        };
        if planned.maker != actor.name {
            return Err(refusal::rule(
                "not_your_plan",
                format!(
                    "this plan was made by {}, and you are {}",
                    planned.maker, actor.name
                ),
                "Its maker carries it out; or make a plan of your own.",
            ));
        }
        let here = self.settings.environment.name();
        if planned.environment != here {
            return Err(refusal::rule(
                "other_environment",
                format!(
                    "this plan was made in {}, and this is {here}",
                    planned.environment
                ),
                "Make a plan here.",
            ));
        }
        Ok(())
    }

    /// What a row of a plan was judged on still holds; its balance is pinned besides.
    pub(super) fn as_planned(&self, draft: &Draft, judged: &Judged) -> Result<(), Refusal> {
        let Some(planned) = &draft.planned else {
            return Ok(());
        };
        if planned.policy_version != self.settings.policy.version {
            return Err(refusal::rule(
                "policy_changed",
                "what goes without a checker was changed since the plan was made",
                PLAN_ANEW,
            ));
        }
        match &judged.approval {
            Some(why) if planned.freely && judged.problems.is_empty() => Err(refusal::rule(
                "needs_checker_now",
                format!("the plan has it go without a checker, and now {why}"),
                PLAN_ANEW,
            )),
            _ => Ok(()),
        }
    }
}

fn draft_of(wanted: &Wanted) -> Draft {
    Draft {
        payment: wanted.payment.trim().to_owned(),
        amount: wanted.amount.clone(),
        compensation: wanted.compensation.clone(),
        reason: wanted.reason.trim().to_owned(),
        note: wanted.note.clone(),
        case_ref: wanted.case_ref.clone(),
        ..Draft::default()
    }
}

/// What a row comes to, where that can be said.
fn decided(actor: &Actor, draft: &Draft, judged: &Judged) -> Result<(Money, Content), Refusal> {
    judged.capture.clone()?;
    let amount = judged.amount.clone()?;
    judged.compensation.clone()?;
    let content = content(actor.name.clone(), draft, judged, amount);
    let content = content.ok_or_else(|| {
        let problem = judged.problems.first().cloned();
        problem
            .unwrap_or_else(|| refusal::rule("text_too_long", "a text is too long", "Shorten it."))
    })?;
    Ok((amount, content))
}

fn order(judged: &Judged, content: Content) -> Order {
    Order {
        account: judged.payment.account.clone(),
        provider_payment_id: judged.payment.provider_payment_id.clone(),
        amount: content.amount,
        compensation: content.compensation,
        reason: content.reason,
        note: content.note,
        case_ref: content.case_ref,
        available: judged.left(),
    }
}

/// Refunds that this one may repeat: those of the ledger, and of rows before.
fn repeats(judged: &Judged, ahead: &Ahead, amount: Money) -> Vec<String> {
    let mut repeats: Vec<String> = judged.alike.iter().map(likeness).collect();
    if let Some((line, kin)) = ahead.repeated(&judged.payment, amount) {
        repeats.push(format!("{amount} {} is row {line}, too", kin.words()));
    }
    repeats
}

fn taken(line: u64, judged: &Judged, amount: Money) -> Taken {
    let capture = judged.capture.as_ref().ok();
    let none = Money::zero(amount.currency);
    Taken {
        line,
        payment: judged.payment.clone(),
        capture_id: capture.and_then(|capture| capture.capture_id.clone()),
        amount,
        compensation: judged.compensation.clone().unwrap_or(none),
    }
}

fn refused(refusal: Refusal) -> Verdict {
    Verdict::Refused {
        code: refusal.code,
        message: refusal.message,
        next: refusal.next,
    }
}
