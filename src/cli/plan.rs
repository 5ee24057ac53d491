//! `plan` and `apply`

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::open::{Session, misanswered};
use super::print::Output;
use super::refund::not_confirmed;
use super::{Exit, Failure, args};
use crate::desk::batch;
use crate::desk::face::{Class, Draft, PlanAsk, RefundRow, Refusal, Reply, Request};
use crate::domain::plan::{Order, Plan, Row, Total, Verdict};
use crate::domain::state::State;
use crate::domain::text::clean;

mod file;

/// Judges a batch and writes down what was judged.
pub(super) async fn plan(
    session: &Session,
    output: &Output,
    arguments: &args::Plan,
) -> Result<Exit, Failure> {
    let bytes = std::fs::read(&arguments.batch)
        .map_err(|error| file::failed("read", &arguments.batch, &error))?;
    let ask = PlanAsk {
        rows: batch::read(&arguments.batch.display().to_string(), &bytes)?,
        again: arguments.again,
    };
    let Reply::Plan(plan) = session.ask(Request::Plan(ask)).await? else {
        return Err(misanswered());
    };
    file::write(&arguments.to, &plan)?;
    let printed = match output.json {
        true => output.object(&object(&plan, &arguments.to)),
        false => output.text(&text(&plan, &arguments.to)),
    };
    output.after_deed(printed);
    match plan.refused() {
        0 => Ok(Exit::Done),
        refused => Err(rows_refused(refused, &plan).into()),
    }
}

fn rows_refused(refused: usize, plan: &Plan) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "rows_refused".to_owned(),
        message: format!("{refused} of {} rows are refused", plan.rows.len()),
        money: "Nothing was sent; applying the plan leaves them out.".to_owned(),
        next: match plan.going() {
            0 => "Mend the rows and plan them again.".to_owned(),
            _ => "Mend the rows and plan again, or apply the plan for the others.".to_owned(),
        },
    }
}

/// Carries a plan out: just that, once, and on from where it was.
pub(super) async fn apply(
    session: &Session,
    output: &Output,
    arguments: &args::Apply,
) -> Result<Exit, Failure> {
    let plan = file::read(&arguments.plan)?;
    if plan.maker != session.actor.name {
        return Err(of_another(&plan, &session.actor.name).into());
    }
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if on_terminal && !arguments.yes {
        confirm(&plan, &arguments.plan)?;
    }
    let hash = plan.hash();
    let mut done = Done::default();
    for (at, row) in plan.rows.iter().enumerate() {
        let outcome = match Draft::of_plan(&plan, &hash, at, false) {
            None => Outcome::LeftOut,
            Some(draft) => match session.ask(Request::Compose(draft)).await {
                Ok(Reply::Composed(composed)) if composed.existing => {
                    Outcome::There(Box::new(composed.refund))
                }
                Ok(Reply::Composed(composed)) => Outcome::Made(Box::new(composed.refund)),
                Ok(_) => return Err(misanswered()),
                Err(Failure::Refused(refusal)) if refusal.class == Class::Rule => {
                    Outcome::Refused(refusal)
                }
                // Another row would fare no better: what is done is done, and is found again.
                Err(failure) => return Err(broken_off(&done, &plan, &failure).into()),
            },
        };
        let printed = match output.json {
            true => output.object(&outcome_json(row, &outcome)),
            false => output.text(&outcome_line(row, &outcome)),
        };
        output.after_deed(printed);
        done.count(&outcome);
    }
    if !output.json {
        output.after_deed(output.text(&done.sentence(session.mode.offline)));
    }
    match done.refused {
        0 => Ok(done.exit()),
        refused => Err(refused_now(refused, &done).into()),
    }
}

/// What became of a row.
enum Outcome {
    /// The plan leaves it out.
    LeftOut,
    /// It was composed.
    Made(Box<RefundRow>),
    /// It was composed by an earlier run.
    There(Box<RefundRow>),
    /// A rule says no by now.
    Refused(Refusal),
}

impl Outcome {
    const fn name(&self) -> &'static str {
        match self {
            Self::LeftOut => "left_out",
            Self::Made(_) => "composed",
            Self::There(_) => "existing",
            Self::Refused(_) => "refused",
        }
    }

    fn refund(&self) -> Option<&RefundRow> {
        match self {
            Self::Made(row) | Self::There(row) => Some(row),
            Self::LeftOut | Self::Refused(_) => None,
        }
    }
}

/// How far a plan is carried out.
#[derive(Default)]
struct Done {
    made: usize,
    there: usize,
    refused: usize,
    left_out: usize,
    unknown: usize,
    waiting: usize,
}

impl Done {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::LeftOut => self.left_out += 1,
            Outcome::Made(_) => self.made += 1,
            Outcome::There(_) => self.there += 1,
            Outcome::Refused(_) => self.refused += 1,
        }
        match outcome.refund().map(|row| row.refund.state) {
            Some(State::Unknown) => self.unknown += 1,
            Some(State::AwaitingApproval | State::ActionRequired) => self.waiting += 1,
            _ => {}
        }
    }

    const fn exit(&self) -> Exit {
        match (self.unknown, self.waiting) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Waits,
            _ => Exit::Unknown,
        }
    }

    fn sentence(&self, offline: bool) -> String {
        let sent = match (self.made, self.waiting, offline) {
            (0, 0, _) => String::new(),
            (_, _, true) => "; offline: release them once the desk is online".to_owned(),
            (_, 0, false) => "; an open desk, the service or track sends them".to_owned(),
            (_, waiting, false) => {
                format!("; {waiting} wait for a person, the others are sent as always")
            }
        };
        format!(
            "{} composed, {} there already, {} refused, {} left out by the plan{sent}",
            self.made, self.there, self.refused, self.left_out
        )
    }
}

fn of_another(plan: &Plan, actor: &str) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "not_your_plan".to_owned(),
        message: format!("this plan was made by {}, and you are {actor}", plan.maker),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Its maker applies it; or make a plan of your own.".to_owned(),
    }
}

fn refused_now(refused: usize, done: &Done) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "rows_refused".to_owned(),
        message: format!("{refused} rows of the plan are refused by now"),
        money: format!(
            "Nothing of those is held or sent; {} refunds of the plan are there.",
            done.made + done.there
        ),
        next: "Look why, and plan anew what is still wanted.".to_owned(),
    }
}

fn broken_off(done: &Done, plan: &Plan, failure: &Failure) -> Refusal {
    let told = failure.told();
    let there = done.made + done.there;
    Refusal {
        money: format!(
            "{there} of {} refunds of the plan are composed; the one under way may be.",
            plan.going()
        ),
        next: format!(
            "{} Then apply the same plan again: it goes on where it was.",
            told.next
        ),
        ..told
    }
}

fn confirm(plan: &Plan, file: &Path) -> Result<(), Refusal> {
    let asked = || -> io::Result<String> {
        let mut stderr = io::stderr().lock();
        let count = plan.going();
        write!(
            stderr,
            "{}\nCompose these {count} refunds? Type yes: ",
            text(plan, file)
        )?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer)
    };
    match asked() {
        Ok(answer) if answer.trim().eq_ignore_ascii_case("yes") => Ok(()),
        _ => Err(not_confirmed()),
    }
}

fn text(plan: &Plan, file: &Path) -> String {
    let mut lines: Vec<String> = plan.rows.iter().map(line).collect();
    lines.push(String::new());
    lines.extend(plan.totals().iter().map(total_line));
    let refused = plan.refused();
    lines.push(format!(
        "{} rows: {} go, {refused} refused",
        plan.rows.len(),
        plan.going()
    ));
    lines.push(format!("plan   {}", file.display()));
    lines.push(format!("hash   {}", plan.hash()));
    lines.join("\n")
}

fn line(row: &Row) -> String {
    let amount = amount(row.order.as_ref());
    let why = match &row.verdict {
        Verdict::Goes => "goes".to_owned(),
        Verdict::Checker(why) => format!("goes after a checker: {why}"),
        Verdict::Repeats(earlier) => {
            format!("REFUSED, likely duplicate: {earlier}; if it is meant: --again")
        }
        Verdict::Refused { message, next, .. } => format!("REFUSED: {message}. {next}"),
    };
    let repeats = row.repeats.iter().filter(|_| row.verdict.goes());
    let repeats: String = repeats.map(|it| format!("; repeats {it}")).collect();
    clean(&format!(
        "line {:<5} {:<20} {amount:>16}  {why}{repeats}",
        row.line, row.payment
    ))
}

fn amount(order: Option<&Order>) -> String {
    order.map_or("?".to_owned(), |order| {
        match order.compensation.is_positive() {
            true => format!("{} + {}", order.amount, order.compensation),
            false => order.amount.to_string(),
        }
    })
}

fn total_line(total: &Total) -> String {
    let checker = match total.for_checker {
        0 => String::new(),
        count => format!("; {count} after a checker"),
    };
    format!(
        "total  {} in {} refunds{checker}; available {} before, {} after",
        total.leaves, total.rows, total.before, total.after
    )
}

fn object(plan: &Plan, file: &Path) -> Value {
    let totals = plan.totals();
    json!({
        "plan": file,
        "hash": plan.hash(),
        "maker": plan.maker,
        "made_at": super::json::time(plan.made_at),
        "rows": plan.rows.iter().map(row_json).collect::<Vec<_>>(),
        "going": plan.going(),
        "refused": plan.refused(),
        "needs_checker": totals.iter().map(|it| it.for_checker).sum::<usize>(),
        "totals": totals.iter().map(total_json).collect::<Vec<_>>(),
    })
}

fn row_json(row: &Row) -> Value {
    let order = row.order.as_ref();
    let (code, next) = match &row.verdict {
        Verdict::Refused { code, next, .. } => (Some(code.as_str()), Some(next.as_str())),
        Verdict::Repeats(_) => (Some("likely_duplicate"), Some("If it is meant: --again.")),
        Verdict::Goes | Verdict::Checker(_) => (None, None),
    };
    let why = Some(row.verdict.why()).filter(|why| !why.is_empty());
    json!({
        "line": row.line,
        "payment": row.payment,
        "reference": row.reference,
        "verdict": row.verdict.name(),
        "amount": order.map(|it| it.amount.decimal()),
        "compensation": order.map(|it| it.compensation.decimal()),
        "currency": order.map(|it| it.amount.currency),
        "account": order.map(|it| &it.account),
        "available": order.map(|it| it.available.decimal()),
        "code": code,
        "message": why,
        "next": next,
        "repeats": row.repeats,
    })
}

fn total_json(total: &Total) -> Value {
    json!({
        "currency": total.leaves.currency,
        "amount": total.leaves.decimal(),
        "refunds": total.rows,
        "needs_checker": total.for_checker,
        "available_before": total.before.decimal(),
        "available_after": total.after.decimal(),
    })
}

fn outcome_json(row: &Row, outcome: &Outcome) -> Value {
    let refund = outcome.refund().map(|row| &row.refund);
    let order = row.order.as_ref();
    let refusal = match outcome {
        Outcome::Refused(refusal) => Some(refusal),
        _ => None,
    };
    json!({
        "line": row.line,
        "payment": row.payment,
        "outcome": outcome.name(),
        "amount": order.map(|it| it.amount.decimal()),
        "currency": order.map(|it| it.amount.currency),
        "refund": refund.map(|refund| refund.id),
        "state": refund.map(|refund| refund.state.name()),
        "code": refusal.map(|it| &it.code),
        "message": refusal.map(|it| &it.message),
        "next": refusal.map(|it| &it.next),
    })
}

fn outcome_line(row: &Row, outcome: &Outcome) -> String {
    let state = |row: &RefundRow| row.refund.state.words();
    let said = match outcome {
        Outcome::LeftOut => "left out by the plan".to_owned(),
        Outcome::Made(made) => format!("composed as {}: {}", made.refund.id, state(made)),
        Outcome::There(there) => format!("there already: {}: {}", there.refund.id, state(there)),
        Outcome::Refused(refusal) => format!("REFUSED: {}. {}", refusal.message, refusal.next),
    };
    let amount = amount(row.order.as_ref());
    clean(&format!(
        "line {:<5} {:<20} {amount:>16}  {said}",
        row.line, row.payment
    ))
}
