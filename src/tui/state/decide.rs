//! A decision that needs words: a decline, an outcome, the end of a discrepancy.

use crate::domain::bank::BankAccount;
use crate::domain::care;
use crate::domain::id::{PaymentId, RefundId};

use super::edit::LineEdit;
use super::todo::Subject;

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was paid.
    Succeeded,
    /// It was not paid and never will be.
    Failed,
    /// The provider never had it.
    Absent,
}

impl Outcome {
    /// Every outcome, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Absent];

    /// What it says, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded: it was paid",
            Self::Failed => "failed: it was not paid and never will be",
            Self::Absent => "absent: the provider never had it",
        }
    }

    /// What follows once a second person agrees.
    pub const fn then(self) -> &'static str {
        match self {
            Self::Succeeded => "it counts as paid; nothing is sent",
            Self::Failed => "it counts as not paid; its amount can be refunded again",
            Self::Absent => "the provider is asked once more; if it has nothing, it is sent anew",
        }
    }
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A refund, or what was stated about it, is turned down.
    Decline(RefundId),
    /// What became of a refund.
    Outcome(RefundId),
    /// A discrepancy is closed.
    Discrepancy(i64),
    /// An alert is acknowledged, with or without a note.
    Alert(i64),
    /// A network's request is answered with an account that is typed.
    Answer(i64),
    /// A network's request is refused.
    Refuse(i64),
    /// A note is written.
    Note(Subject),
    /// Somebody is to look after something.
    Own(care::About),
    /// Something is put aside.
    Snooze(care::About),
    /// The list of payments as it is gets a name.
    SaveView,
    /// The saved view under the cursor gets another name.
    RenameView,
    /// A payment is to be shown as it was on a day that is typed.
    AsOf(PaymentId),
    /// Nothing more is sent.
    StopSending,
    /// It is sent again.
    ResumeSending,
}

impl About {
    /// It moves nothing: what is written down counts without a second question.
    pub const fn is_plain(self) -> bool {
        matches!(
            self,
            Self::Note(_)
                | Self::Own(_)
                | Self::Snooze(_)
                | Self::SaveView
                | Self::RenameView
                | Self::AsOf(_)
                | Self::StopSending
        )
    }

    /// It is about a payment, whose balance can be explained.
    pub const fn is_of_payment(self) -> bool {
        !matches!(
            self,
            Self::Answer(_)
                | Self::Refuse(_)
                | Self::SaveView
                | Self::RenameView
                | Self::StopSending
                | Self::ResumeSending
        )
    }
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What became of it.
    Outcome,
    /// How much was paid.
    Paid,
    /// What the evidence is.
    Kind,
    /// Where the evidence can be looked up.
    Evidence,
    /// What a file says is made so.
    Accept,
    /// Where the money is to go.
    Account,
    /// The network's code of a refusal.
    Code,
    /// Who is to look after it.
    Owner,
    /// Until when.
    Until,
    /// On which day.
    Day,
    /// What it is to be called.
    Name,
    /// On which account.
    Place,
    /// Why.
    Note,
}

/// What is typed and shown to nobody else: a bank account.
#[derive(Clone, Default)]
pub struct Hidden(pub LineEdit);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// The form.
#[derive(Clone, Debug)]
pub struct Form {
    /// What is decided.
    pub about: About,
    /// What it is called.
    pub title: String,
    /// The facts, by name.
    pub facts: Vec<(String, String)>,
    /// Where typing goes.
    pub focus: Field,
    /// What became of the refund; none yet, so that nothing is stated by accident.
    pub outcome: Option<Outcome>,
    /// What a file proposes can be accepted.
    pub offers: Option<String>,
    /// It is accepted.
    pub accept: bool,
    /// How much was paid, as typed.
    pub paid: LineEdit,
    /// What the evidence is.
    pub kind: LineEdit,
    /// Where it can be looked up.
    pub evidence: LineEdit,
    /// Where the money is to go.
    pub account: Hidden,
    /// The network's code of a refusal.
    pub code: LineEdit,
    /// Who is to look after it.
    pub owner: LineEdit,
    /// Until when, or on which day.
    pub until: LineEdit,
    /// Which accounts can be chosen; none is every account.
    pub places: Vec<Option<String>>,
    /// Which of them is.
    pub place: usize,
    /// What it is to be called.
    pub name: LineEdit,
    /// Why.
    pub note: LineEdit,
}

impl Form {
    /// An empty form.
    pub fn new(about: About, title: String, facts: Vec<(String, String)>) -> Self {
        let focus = match about {
            About::Outcome(_) => Field::Outcome,
            About::Answer(_) => Field::Account,
            About::Refuse(_) => Field::Code,
            About::Own(_) => Field::Owner,
            About::SaveView | About::RenameView => Field::Name,
            About::Snooze(_) => Field::Until,
            About::AsOf(_) => Field::Day,
            About::StopSending | About::ResumeSending => Field::Place,
            About::Decline(_) | About::Discrepancy(_) | About::Alert(_) | About::Note(_) => {
                Field::Note
            }
        };
        Self {
            about,
            title,
            facts,
            focus,
            outcome: None,
            offers: None,
            accept: false,
            paid: LineEdit::default(),
            kind: LineEdit::default(),
            evidence: LineEdit::default(),
            account: Hidden::default(),
            code: LineEdit::default(),
            owner: LineEdit::default(),
            until: LineEdit::default(),
            places: Vec::new(),
            place: 0,
            name: LineEdit::default(),
            note: LineEdit::default(),
        }
    }

    /// The fields of this form, in their order.
    pub fn fields(&self) -> Vec<Field> {
        match self.about {
            About::Decline(_) | About::Note(_) => vec![Field::Note],
            About::Discrepancy(_) if self.offers.is_some() => vec![Field::Note, Field::Accept],
            About::Discrepancy(_) | About::Alert(_) => vec![Field::Note],
            About::Answer(_) => vec![Field::Account],
            About::Refuse(_) => vec![Field::Code, Field::Note],
            About::Own(_) => vec![Field::Owner],
            About::SaveView | About::RenameView => vec![Field::Name],
            About::Snooze(_) => vec![Field::Until, Field::Note],
            About::AsOf(_) => vec![Field::Day],
            About::StopSending | About::ResumeSending => vec![Field::Place, Field::Note],
            About::Outcome(_) if self.outcome == Some(Outcome::Succeeded) => {
                vec![Field::Outcome, Field::Paid, Field::Kind, Field::Evidence]
            }
            About::Outcome(_) => vec![Field::Outcome, Field::Kind, Field::Evidence],
        }
    }

    /// The line being typed, unless the focus is on a choice.
    pub fn line(&mut self) -> Option<&mut LineEdit> {
        match self.focus {
            Field::Paid => Some(&mut self.paid),
            Field::Kind => Some(&mut self.kind),
            Field::Evidence => Some(&mut self.evidence),
            Field::Account => Some(&mut self.account.0),
            Field::Code => Some(&mut self.code),
            Field::Owner => Some(&mut self.owner),
            Field::Until | Field::Day => Some(&mut self.until),
            Field::Name => Some(&mut self.name),
            Field::Note => Some(&mut self.note),
            Field::Outcome | Field::Accept | Field::Place => None,
        }
    }

    /// The account that is chosen; none: every one.
    pub fn place(&self) -> Option<String> {
        self.places.get(self.place).cloned().flatten()
    }

    /// Moves the focus by fields, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.focus);
        let to = at.unwrap_or(0).saturating_add_signed(by);
        self.focus = fields[to.min(fields.len() - 1)];
    }

    /// True on the last field.
    pub fn is_at_end(&self) -> bool {
        self.fields().last() == Some(&self.focus)
    }

    /// Goes through the choices of the focused field; false where there are none.
    pub fn choose(&mut self, forward: bool) -> bool {
        match self.focus {
            Field::Outcome => {
                let count = Outcome::ALL.len();
                let known = |now| Outcome::ALL.iter().position(|one| *one == now);
                let at = match (self.outcome.and_then(known), forward) {
                    (Some(at), true) => (at + 1) % count,
                    (Some(at), false) => (at + count - 1) % count,
                    (None, true) => 0,
                    (None, false) => count - 1,
                };
                self.outcome = Some(Outcome::ALL[at]);
            }
            Field::Accept => self.accept = !self.accept,
            Field::Place => {
                let count = self.places.len().max(1);
                let step = if forward { 1 } else { count - 1 };
                self.place = (self.place + step) % count;
            }
            _ => return false,
        }
        true
    }

    /// Chooses the outcome that begins with a letter.
    pub fn choose_by_letter(&mut self, letter: char) {
        if self.focus == Field::Outcome {
            let letter = letter.to_ascii_lowercase();
            let begins = |one: &&Outcome| one.words().starts_with(letter);
            self.outcome = Outcome::ALL.iter().find(begins).copied().or(self.outcome);
        }
    }

    /// What is still missing, in a sentence for people.
    pub fn missing(&self) -> Option<&'static str> {
        let empty = |line: &LineEdit| line.text().trim().is_empty();
        match self.about {
            About::Decline(_) if empty(&self.note) => Some("say why in the note first"),
            About::SaveView | About::RenameView if empty(&self.name) => Some("type a name first"),
            About::Own(_) if empty(&self.owner) => Some("type a name first"),
            About::Snooze(_) if empty(&self.until) => Some("say until when first"),
            About::Snooze(_) if empty(&self.note) => Some("say why in a few words first"),
            About::AsOf(_) if empty(&self.until) => Some("type a day first"),
            About::Note(_) if empty(&self.note) => Some("write the note first"),
            About::Answer(_) if empty(&self.account.0) => Some("type the account first"),
            About::Answer(_) => BankAccount::new(self.account.0.text()).mistake(),
            About::Discrepancy(_) if empty(&self.note) => Some("say what was found out first"),
            About::Outcome(_) if self.outcome.is_none() => Some("choose what became of it first"),
            About::Outcome(_) if empty(&self.kind) => Some("say first what the evidence is"),
            About::Outcome(_) if empty(&self.evidence) => {
                Some("say first where the evidence can be looked up")
            }
            _ => None,
        }
    }

    /// True when something was typed or chosen.
    pub fn is_touched(&self) -> bool {
        let lines = [
            &self.paid,
            &self.kind,
            &self.evidence,
            &self.account.0,
            &self.code,
            &self.note,
        ];
        self.outcome.is_some() || self.accept || lines.iter().any(|line| !line.is_empty())
    }
}
