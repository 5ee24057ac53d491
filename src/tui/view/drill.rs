//! The drill, below the desk: where one is, why it matters, and what to do next.

use crate::tui::action::Action;
use crate::tui::state::App;
use crate::tui::state::drill::{Drill, LARGE, ROWS, Step};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;

/// So much is left of a payment that both refunds of the drill fit.
const PLENTY: i64 = LARGE + 50;

/// Lines it takes.
pub(super) fn rows(app: &App) -> usize {
    match app.shows_drill() {
        true => ROWS.into(),
        false => 0,
    }
}

pub(super) fn draw(app: &App, drill: &Drill, pen: &mut Pen<'_>) {
    let rule = if pen.is_ascii() { "-" } else { "─" };
    pen.put(0, 0, &rule.repeat(pen.width()), Role::Dim);
    let at = Step::ALL
        .iter()
        .position(|step| *step == drill.step)
        .unwrap_or(0)
        + 1;
    let title = format!(" Drill {at}/{} · {} ", Step::ALL.len(), title(drill.step));
    pen.put(2, 0, &title, Role::Title);
    let leave = match drill.step {
        Step::Done => "closes it",
        _ => "leaves it",
    };
    pen.put_right(
        0,
        &[
            (format!(" {} ", app.keymap.key(Action::Drill)), Role::Key),
            (format!("{leave} "), Role::Dim),
        ],
    );
    pen.paragraph(1, 1, &told(app, drill), Role::Text);
}

const fn title(step: Step) -> &'static str {
    match step {
        Step::Find => "find a payment",
        Step::Lose => "a refund whose reply is lost",
        Step::Sent => "the only undo there is",
        Step::Unknown => "nobody knows",
        Step::Large => "more than one person may decide",
        Step::Approve => "four eyes",
        Step::Done => "done",
    }
}

/// What is told, in at most three lines of 78 cells.
fn told(app: &App, drill: &Drill) -> String {
    let key = |action| app.keymap.key(action);
    let (refund, review, yes) = (
        key(Action::Refund),
        key(Action::Review),
        key(Action::Confirm),
    );
    let other = &drill.checker;
    match drill.step {
        Step::Find => format!(
            "Nothing here is real money. Press {} and type account:hub-us can:>{PLENTY}, then enter: payments of one account with more than {PLENTY} left to give back.",
            key(Action::Filter)
        ),
        Step::Lose => format!(
            "Press {refund}: amount 10.02, a reason, {review}, then {yes}. The simulated provider pays what ends in 02 and loses its reply: the worst that can happen on the way."
        ),
        Step::Sent => format!(
            "It waits a few seconds before it goes out; {} in Refunds ({}) would withdraw it, and after that nothing can. Its amount is held already: see can refund.",
            key(Action::Withdraw),
            key(Action::ShowRefunds)
        ),
        Step::Unknown if drill.found_out => format!(
            "The reply was lost, and for a moment nobody knew: UNKNOWN, the amount held, nothing sent again. Then the desk asked the provider: paid, once. {} on it shows each step.",
            key(Action::Open)
        ),
        Step::Unknown => format!(
            "The reply is lost. Paid or not? The desk says UNKNOWN, holds the amount and asks the provider ({} explains). What nobody should do now is refund it again.",
            key(Action::Explain)
        ),
        Step::Large => format!(
            "So it goes when a reply is lost. Now {refund} again in Payments ({}): amount {}.00. Above {LARGE}.00 one person is not enough here, and the desk says so before you confirm.",
            key(Action::ShowPayments),
            LARGE + 10
        ),
        Step::Approve if app.actor == drill.maker => format!(
            "It waits for a checker, and you made it: in To do ({}) {} is refused to you. Press {} to sit down as {other}; at a shell that is approve REFUND --as {other}.",
            key(Action::ShowToDo),
            key(Action::Approve),
            key(Action::ActAs)
        ),
        Step::Approve => format!(
            "You are {other}. In To do ({}), tab approvals ({}), {} shows what was asked for and by whom; {yes} approves just that, and it goes out.",
            key(Action::ShowToDo),
            key(Action::NextTab),
            key(Action::Approve)
        ),
        Step::Done => format!(
            "One send each, whatever was lost; two people for the large one; all of it in Activity ({}). {} gives you your own seat back. In earnest --as does not exist.",
            key(Action::ShowActivity),
            key(Action::Drill)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::caps::Caps;
    use crate::tui::fixture::now;
    use crate::tui::widget::text;

    #[test]
    fn every_step_fits_below_the_narrowest_desk() {
        let mut app = App::new(now(), (80, 24), Caps::default(), "ann");
        for step in Step::ALL {
            for actor in ["ann", "ben"] {
                let mut drill = Drill::new("ann");
                drill.step = step;
                app.actor = actor.to_owned();
                for found_out in [false, true] {
                    drill.found_out = found_out;
                    let lines = text::wrap(&told(&app, &drill), 79);
                    assert!(lines.len() <= 3, "{step:?}: {lines:?}");
                }
            }
        }
    }
}
