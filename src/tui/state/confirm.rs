//! The second step before money moves.

use crate::domain::id::RefundId;

use super::decide::Outcome;
use super::edit::LineEdit;

/// What is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The refund composed below this dialog.
    Compose,
    /// The void composed below this dialog.
    Void,
    /// The bulk refund below this dialog.
    Bulk,
    /// Withdraw a refund.
    Withdraw(RefundId),
    /// Have the provider stop a refund that was sent.
    Stop(RefundId),
    /// Have the provider pay a refund that it only authorised.
    Capture(RefundId),
    /// Let a refund go.
    Release(RefundId),
    /// Approve a refund, or what was stated about it.
    Approve {
        /// Which.
        refund: RefundId,
        /// What was shown, as the desk names it: whatever changes meanwhile makes it another.
        seen: String,
    },
    /// The decision written down below this dialog: decline a refund.
    Decline(RefundId),
    /// The decision below: state what became of a refund.
    Outcome(RefundId, Outcome),
    /// The decision below: close a discrepancy.
    Close(i64),
    /// Answer a network's request with the account on file.
    AnswerOnFile(i64),
    /// The decision below: answer a network's request with another account.
    Answer(i64),
    /// The decision below: refuse a network's request.
    Refuse(i64),
    /// The decision below: sending goes on.
    Resume,
    /// Drop what was typed below this dialog.
    Discard,
}

/// The dialog.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// What is confirmed.
    pub what: What,
    /// The question.
    pub title: String,
    /// The facts, by name.
    pub facts: Vec<(String, String)>,
    /// What to think of first.
    pub warnings: Vec<String>,
    /// What must be typed before `y` counts.
    pub expected: Option<String>,
    /// What was typed.
    pub typed: LineEdit,
    /// Keys count: the dialog has been on the screen, and what was typed before is forgotten.
    pub armed: bool,
    /// The answer is awaited.
    pub sending: bool,
}

impl Confirm {
    /// True when what must be typed was typed.
    pub fn is_typed(&self) -> bool {
        let one_space = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.expected
            .as_deref()
            .is_none_or(|expected| one_space(self.typed.text()) == one_space(expected))
    }
}
