//! The bank leg of a refund: a transfer on our own rails, in a network where the payer's bank only
//! names the account (domain.md: Mastercard, creditor). Each try has an end-to-end id of its own.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;
use super::id::RefundId;
use super::money::Money;

/// The step whose attempts and sends the tries of a transfer are.
pub const STEP: &str = "transfer";

/// Where one try of a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// To be paid; in no payment file.
    Due,
    /// In a payment file that lives: the bank may have it.
    InFile,
    /// The bank, or two people, say it was paid.
    Paid,
    /// The bank, or two people, say it was not paid and never will be; the next try is due.
    Rejected,
    /// It was paid and came back.
    Returned,
}

impl TransferState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Due,
        Self::InFile,
        Self::Paid,
        Self::Rejected,
        Self::Returned,
    ];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::InFile => "in_file",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
        }
    }

    /// What it is called in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::InFile => "in a payment file",
            Self::Paid => "paid",
            Self::Rejected => "rejected by the bank",
            Self::Returned => "returned by the bank",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// True while the bank may have it or has paid it: nobody may say that nothing was paid.
    pub const fn may_be_paid(self) -> bool {
        matches!(self, Self::InFile | Self::Paid)
    }
}

/// What happens to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// It is put into a payment file.
    Filed,
    /// The file it is in is given up; it was never written.
    Unfiled,
    /// It was paid.
    Paid,
    /// It was not paid and never will be.
    Rejected,
    /// It was paid and came back.
    Returned,
}

impl Happening {
    /// Everything that happens.
    pub const ALL: [Self; 5] = [
        Self::Filed,
        Self::Unfiled,
        Self::Paid,
        Self::Rejected,
        Self::Returned,
    ];
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It moves.
    Moves(TransferState),
    /// It is known already.
    Known,
    /// It contradicts what is known: nothing moves, and somebody must look.
    Contradicts,
}

/// What follows when something happens to a transfer as it stands. A transfer leaves a live file
/// only by word of the bank; one that came back, or was rejected, is never due again itself.
pub const fn follows(state: TransferState, happening: Happening) -> Follows {
    use TransferState::{Due, InFile, Paid, Rejected, Returned};
    match (state, happening) {
        (Due, Happening::Filed) => Follows::Moves(InFile),
        (InFile, Happening::Unfiled) => Follows::Moves(Due),
        // Paid by hand, under our reference.
        (Due | InFile, Happening::Paid) => Follows::Moves(Paid),
        (InFile, Happening::Rejected) => Follows::Moves(Rejected),
        (Paid, Happening::Returned) => Follows::Moves(Returned),
        // The debit of what came back may be read after the credit.
        (Paid | Returned, Happening::Paid)
        | (Rejected, Happening::Rejected)
        | (Returned, Happening::Returned) => Follows::Known,
        _ => Follows::Contradicts,
    }
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// A line of an account statement or a notification (camt.053, camt.054).
    Statement,
    /// The bank's report on a payment file (pain.002).
    Report,
    /// Two people.
    Person,
}

impl ProofKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Statement, Self::Report, Self::Person];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Report => "report",
            Self::Person => "person",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the bank, or people, say of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It was paid.
    Paid,
    /// It was not paid and never will be.
    Rejected,
    /// It came back.
    Returned,
}

impl Said {
    /// Everything that is said.
    pub const ALL: [Self; 3] = [Self::Paid, Self::Rejected, Self::Returned];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
        }
    }

    /// The word of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.name() == name)
    }

    /// What that is to the transfer.
    pub const fn happening(self) -> Happening {
        match self {
            Self::Paid => Happening::Paid,
            Self::Rejected => Happening::Rejected,
            Self::Returned => Happening::Returned,
        }
    }

    /// Whether an amount fits it: paid is just what was asked; a bank may keep its cost of what
    /// comes back.
    pub fn fits(self, amount: Money, asked: Money) -> bool {
        match self {
            Self::Paid => amount == asked,
            Self::Rejected => true,
            Self::Returned => {
                amount.currency == asked.currency
                    && amount.is_positive()
                    && amount.minor <= asked.minor
            }
        }
    }
}

/// One try of the transfer of a refund. The account stands elsewhere, in full; here is its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The refund it pays.
    pub refund: RefundId,
    /// The provider account of the refund.
    pub account: String,
    /// Counted from 1.
    pub number: u32,
    /// The reference that goes with it to both banks.
    pub end_to_end: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: TransferState,
    /// The end of the payer's account number.
    pub last4: String,
    /// SHA-256 of salt and number, in hex.
    pub account_sha256: String,
    /// The full number is still kept.
    pub account_kept: bool,
    /// The payment file it is in, once it is.
    pub file: Option<i64>,
    /// Who proposed that file, while it waits for a second person.
    pub file_proposed_by: Option<String>,
    /// Since when it stands so.
    pub since: DateTime<Utc>,
    /// The bank's reference, once it is paid.
    pub reference: Option<String>,
    /// The network was told, or is to be told then.
    pub confirmation: Confirmation,
    /// What one person has said of it, waiting for a second.
    pub stated: Option<Statement>,
}

impl Transfer {
    /// Where it stands, in a line.
    pub fn told(&self) -> String {
        if let Some(stated) = &self.stated {
            return format!(
                "{}; {} says {} ({})",
                self.state.words(),
                stated.by,
                stated.said.name(),
                stated.reference
            );
        }
        match (&self.confirmation, self.state) {
            (Confirmation::Due(_), _) => {
                "PAID, NOT CONFIRMED: the network is being told".to_owned()
            }
            (Confirmation::Stuck(why), _) => format!("PAID, NOT CONFIRMED: {why}"),
            (Confirmation::Done, TransferState::Paid) => "paid and confirmed".to_owned(),
            (_, state) => state.words().to_owned(),
        }
    }
}

/// How far the network has been told that a transfer was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// There is nothing to tell yet.
    NotYet,
    /// It is told at this time, or told again where it is not known whether it was heard.
    Due(DateTime<Utc>),
    /// The network refused it, or it may not go again by itself: a person must look.
    Stuck(String),
    /// It was told.
    Done,
}

/// One person's word about a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What became of it.
    pub said: Said,
    /// The bank's reference, or where it can be looked up.
    pub reference: String,
    /// Of which day.
    pub dated: Option<NaiveDate>,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What the second person names, in hex.
    pub hash: String,
}

/// What the second person sees and names: SHA-256, in hex.
pub fn statement_hash(
    end_to_end: &str,
    said: Said,
    reference: &str,
    dated: Option<NaiveDate>,
    by: &str,
) -> String {
    let dated = dated.map(|day| day.to_string());
    Canonical::new("transfer statement")
        .text(end_to_end)
        .text(said.name())
        .text(reference)
        .optional(dated.as_deref())
        .text(by)
        .hex()
}

/// Where a payment file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Waits for a second person.
    Proposed,
    /// May be written.
    Approved,
    /// Was written: the bank may have it.
    Written,
    /// Given up before it was written; its transfers are due again.
    GivenUp,
}

impl FileState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Approved, Self::Written, Self::GivenUp];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Written => "written",
            Self::GivenUp => "given_up",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A payment file: a batch of transfers, agreed by two people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFile {
    /// Our number of it.
    pub id: i64,
    /// Its message id, which the bank's report names.
    pub message_id: String,
    /// The provider account whose refunds it pays.
    pub account: String,
    /// How many transfers.
    pub count: u32,
    /// Their sum.
    pub sum: Money,
    /// SHA-256 of its bytes, in hex: what the second person names.
    pub sha256: String,
    /// Where it stands.
    pub state: FileState,
    /// Who proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// The second person.
    pub approved_by: Option<String>,
    /// When it was first written.
    pub written_at: Option<DateTime<Utc>>,
}

/// The end-to-end id of a try, derived so that a restored desk finds it again.
pub fn end_to_end(refund: RefundId, number: u32) -> String {
    refund.end_to_end(STEP, number)
}

/// What the payee reads: which payment is given back, and our reference, for rails that carry no other.
pub fn remittance(payment: Option<&str>, end_to_end: &str) -> String {
    match payment {
        Some(payment) => format!("Refund {payment} {end_to_end}"),
        None => format!("Refund {end_to_end}"),
    }
}

/// Whether a reference has the form of one that this desk gives its transfers.
pub fn is_ours(reference: &str) -> bool {
    reference.len() == 31
        && reference.starts_with("RD")
        && reference.as_bytes().get(27) == Some(&b'T')
        && reference
            .bytes()
            .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Follows::{Contradicts, Known, Moves};
    use super::TransferState::{Due, InFile, Paid, Rejected, Returned};
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn every_state_meets_every_happening() {
        let table = [
            // filed, unfiled, paid, rejected, returned
            (
                Due,
                [
                    Moves(InFile),
                    Contradicts,
                    Moves(Paid),
                    Contradicts,
                    Contradicts,
                ],
            ),
            (
                InFile,
                [
                    Contradicts,
                    Moves(Due),
                    Moves(Paid),
                    Moves(Rejected),
                    Contradicts,
                ],
            ),
            (
                Paid,
                [
                    Contradicts,
                    Contradicts,
                    Known,
                    Contradicts,
                    Moves(Returned),
                ],
            ),
            (
                Rejected,
                [Contradicts, Contradicts, Contradicts, Known, Contradicts],
            ),
            (
                Returned,
                [Contradicts, Contradicts, Known, Contradicts, Known],
            ),
        ];
        for (state, expected) in table {
            let met = Happening::ALL.map(|happening| follows(state, happening));
            assert_eq!(met, expected, "{state:?}");
        }
    }

    /// However it goes on, a try that was rejected or came back is never paid or filed again.
    #[test]
    fn what_ended_stays_ended() {
        for ended in [Rejected, Returned] {
            for happening in Happening::ALL {
                assert!(!matches!(follows(ended, happening), Moves(_)));
            }
        }
    }

    #[rstest]
    #[case(Said::Paid, 1_250, true)]
    #[case(Said::Paid, 1_249, false)]
    #[case(Said::Paid, 1_251, false)]
    #[case(Said::Returned, 1_250, true)]
    #[case(Said::Returned, 1_000, true)]
    #[case(Said::Returned, 1_251, false)]
    #[case(Said::Returned, 0, false)]
    fn amounts_fit_or_not(#[case] said: Said, #[case] minor: i64, #[case] fits: bool) {
        let gbp = |minor| Money::new(minor, Currency::from_code("GBP").unwrap());
        assert_eq!(said.fits(gbp(minor), gbp(1_250)), fits);
        let other = Money::new(minor, Currency::from_code("EUR").unwrap());
        assert!(!said.fits(other, gbp(1_250)));
    }

    #[test]
    fn references_are_known_by_their_form() {
        let id: RefundId = "0199f0a0-0000-7000-8000-000000000001".parse().unwrap();
        let ours = end_to_end(id, 1);
        assert_eq!(ours, "RD03EV3RV5TRK3JSF7I07JS13I9T001");
        assert!(is_ours(&ours));
        assert!(!is_ours(&id.end_to_end("refund", 1)));
        assert!(!is_ours("NOTPROVIDED"));
        assert_ne!(ours, end_to_end(id, 2));
    }

    #[test]
    fn names_read_back() {
        for state in TransferState::ALL {
            assert_eq!(TransferState::from_name(state.name()), Some(state));
        }
        for state in FileState::ALL {
            assert_eq!(FileState::from_name(state.name()), Some(state));
        }
        for said in Said::ALL {
            assert_eq!(Said::from_name(said.name()), Some(said));
        }
        for kind in ProofKind::ALL {
            assert_eq!(ProofKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn a_statement_is_named_by_all_of_it() {
        let one = statement_hash("RD1", Said::Paid, "FPS1", None, "mia");
        assert_ne!(
            one,
            statement_hash("RD1", Said::Rejected, "FPS1", None, "mia")
        );
        assert_ne!(one, statement_hash("RD2", Said::Paid, "FPS1", None, "mia"));
        assert_ne!(one, statement_hash("RD1", Said::Paid, "FPS1", None, "ben"));
    }
}
