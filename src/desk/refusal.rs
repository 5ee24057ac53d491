//! Every refusal the desk gives, in one voice: what happened, what it means for the money, what
//! to do.

use super::face::{Class, Refusal};
use crate::domain::allowance::{Exceeded, Over};
use crate::domain::amount::AmountError;
use crate::domain::eligibility::WhyNot;
use crate::domain::finding::{Finding, Flaw};
use crate::domain::id::RefundId;
use crate::domain::money::MoneyError;
use crate::domain::reason::ReasonError;
use crate::domain::resolution::{Outcome, Proposal};
use crate::ledger::{ClosedWhy, LedgerError};
use crate::providers::BuildError;

const LOOK_FIRST: &str =
    "Look at the disk, then at what is there before asking again: refund-desk refunds --open";

/// What is known about the money where something goes wrong. The place names it; a place that does
/// not know says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It was refused before anything was written or sent.
    NothingDone,
    /// This step was refused; others may have sent what it is about.
    Unchanged,
    /// This step was rolled back; a step before it may have sent something.
    RolledBack,
    /// The database did not say whether this step is written.
    InDoubt,
}

impl Known {
    const fn money(self) -> &'static str {
        match self {
            Self::NothingDone => "Nothing was written and nothing was sent.",
            Self::Unchanged => "This changed nothing; what was held or sent before still is.",
            Self::RolledBack => {
                "What failed was not written; a refund that was just being sent may have been paid."
            }
            Self::InDoubt => {
                "What was asked may or may not be written; a refund that was just being sent may have been paid."
            }
        }
    }
}

impl Refusal {
    /// The desk itself cannot go on: another refund would be refused alike.
    pub(super) fn ends_retry(&self) -> bool {
        matches!(self.class, Class::Failed | Class::Unknown)
    }

    fn knowing(self, known: Known) -> Self {
        Self {
            money: known.money().to_owned(),
            ..self
        }
    }
}

/// A rule says no; nothing was written.
pub(super) fn rule(code: &str, message: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: code.to_owned(),
        message: message.into(),
        money: Known::NothingDone.money().to_owned(),
        next: next.into(),
    }
}

/// A rule says no to a step of a refund that others may have sent.
pub(super) fn unchanged(
    code: &str,
    message: impl Into<String>,
    next: impl Into<String>,
) -> Refusal {
    rule(code, message, next).knowing(Known::Unchanged)
}

/// Writing down a deed about refund `id` failed. Where the database did not say whether it is
/// written, the id tells where to look.
pub(super) fn unwritten(error: LedgerError, id: RefundId, deed: &str) -> Refusal {
    if !matches!(error, LedgerError::InDoubt(_) | LedgerError::Stopped) {
        return error.into();
    }
    Refusal {
        class: Class::Unknown,
        message: format!("whether refund {id} was {deed} is not known: {error}"),
        money: "Until that is known, count its amount as held and about to be sent.".to_owned(),
        next: format!("Look before doing it again: refund-desk status {id}"),
        ..error.into()
    }
}

/// The request makes no sense as typed.
pub(super) fn usage(code: &str, message: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal {
        class: Class::Usage,
        ..rule(code, message, next)
    }
}

/// Provider or network is not available.
pub(super) fn unavailable(
    code: &str,
    message: impl Into<String>,
    next: impl Into<String>,
) -> Refusal {
    Refusal {
        class: Class::Unavailable,
        ..rule(code, message, next)
    }
}

/// The machine, a file or the database failed.
pub(super) fn failed(code: &str, message: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal {
        class: Class::Failed,
        ..rule(code, message, next)
    }
}

/// The desk may not know of a refund that was sent.
const NOT_ANOTHER_WAY: &str = "Do not refund it another way: it may have been refunded.";
/// A database that lost its end, or is an old copy.
const TAKE_OVER: &str = "Leave every desk, then run refund-desk restore on the newest backup, or on desk.db in the data folder itself: it takes over what the send journal shows.";

/// The records are damaged: no money is moved on them.
pub(super) fn damaged(finding: &Finding) -> Refusal {
    let about = match finding.payment {
        Some(payment) => format!("the records of payment {payment} are damaged"),
        None => "the records of this desk are damaged".to_owned(),
    };
    Refusal {
        money: format!("{} {NOT_ANOTHER_WAY}", Known::Unchanged.money()),
        ..failed(
            "damaged",
            format!("{about}: {}", finding.detail),
            match finding.flaw {
                Flaw::Lost => TAKE_OVER,
                _ => {
                    "Tell whoever looks after this desk: compare with the provider's records, or restore the last backup."
                }
            },
        )
    }
}

/// The refund's account left the configuration.
pub(super) fn not_configured(account: &str) -> Refusal {
    let next = "Put the account back into the config; what is queued goes out afterwards.";
    let message = format!("the config has no account {account:?}, which this refund goes through");
    Refusal {
        money: "Nothing more is sent or asked; its amount stays held.".to_owned(),
        ..unavailable("no_account", message, next)
    }
}

impl Refusal {
    /// The desk was opened read-only.
    pub(super) fn read_only() -> Self {
        rule(
            "read_only",
            "the desk is open read-only",
            "Open it without --read-only.",
        )
    }

    /// Nothing of that kind and name.
    pub(super) fn not_found(what: &str, handle: &str) -> Self {
        rule(
            "not_found",
            format!("there is no {what} {handle:?}"),
            format!("List them with: refund-desk {what}s"),
        )
    }

    /// A name that means more than one; `candidates` begin with their ids.
    pub(super) fn ambiguous(what: &str, handle: &str, candidates: &[String]) -> Self {
        rule(
            "ambiguous",
            format!(
                "{handle:?} names more than one {what}: {}",
                candidates.join(", ")
            ),
            format!("Use the id of the {what}."),
        )
    }

    /// Earlier refunds are likely the same decision; `earlier` is the closest, in words.
    pub fn duplicate(earlier: &str) -> Self {
        rule(
            "duplicate",
            format!("this may be a duplicate: {earlier}"),
            "If both are meant, say so with --again; to repeat safely use --key.",
        )
    }
}

/// What two people decide takes a service that knows them apart.
pub(super) fn single_user() -> Refusal {
    rule(
        "single_user",
        "this desk is its user's alone: without the service nobody can say who agrees",
        "Have whoever runs it start the service: refund-desk serve; then approve it there.",
    )
    .knowing(Known::Unchanged)
}

/// What a checker approved is the service's to send, which alone knew them.
pub(super) fn sent_by_the_service() -> Refusal {
    rule(
        "single_user",
        "a checker approved it: the service sends it, this desk is its user's alone",
        "Have whoever runs it start the service: refund-desk serve; it sends what is approved.",
    )
    .knowing(Known::Unchanged)
}

/// The second person of two is the first.
pub(super) fn same_person(proposal: &Proposal) -> Refusal {
    unchanged(
        "same_person",
        format!("{} said so already; it takes another person", proposal.by),
        "Another person must look at the evidence and agree.",
    )
}

/// A second statement that says something else than the first.
pub(super) fn contradicts(proposal: &Proposal, outcome: Outcome) -> Refusal {
    unchanged(
        "contradicts",
        format!(
            "{} has said: {}. That does not agree with: {outcome}",
            proposal.by, proposal.outcome
        ),
        "Find out together which is true. If the first is wrong, decline it, then state the other.",
    )
}

/// What waits for a second person is not what they saw.
pub(super) fn other_statement(proposal: &Proposal) -> Refusal {
    unchanged(
        "changed",
        format!(
            "what waits for a second person is not what you saw: {} says: {} ({})",
            proposal.by, proposal.outcome, proposal.proof
        ),
        "Look at it again: refund-desk status REFUND",
    )
}

impl From<WhyNot> for Refusal {
    fn from(why: WhyNot) -> Self {
        let next = match why {
            WhyNot::NoProvider => "Refund it at the provider, and import the result.",
            WhyNot::Unsettled => {
                "Wait for settlement; where the provider can, void the whole of it: --kind void."
            }
            WhyNot::TooOld => "Give the money back by other means.",
            WhyNot::Disputed => {
                "Answer the dispute, or refund it with --reason dispute --case and the id of the dispute."
            }
            WhyNot::AllBack | WhyNot::AllHeld => "See what was given back: refund-desk payment ID",
            WhyNot::Blocked => "See what is open: refund-desk discrepancies",
            WhyNot::Settled => "Refund it: leave out --kind void.",
            WhyNot::NotWhole => "Wait for settlement, then refund what is left.",
            WhyNot::PaidByUs => "See what merchants ask: refund-desk inbox --all",
            WhyNot::NoVoid => "Wait for settlement, or cancel it at the provider.",
            WhyNot::Currency => "Add the currency to the account's currencies in the config.",
            WhyNot::CapReached => {
                "Have the provider raise the cap, and then the account's cap_per_payment."
            }
            WhyNot::CapZero | WhyNot::PercentZero | WhyNot::PeriodZero => {
                "Set it in the config to what the provider agreed, or zero_means to \"unset\"."
            }
        };
        rule(why.code(), why.sentence(), next)
    }
}

impl From<AmountError> for Refusal {
    fn from(error: AmountError) -> Self {
        let message = error.to_string();
        match error {
            AmountError::WrongCurrency { .. } => {
                rule("wrong_currency", message, "Leave the currency out.")
            }
            AmountError::NotPositive(_) => rule("not_positive", message, "Give more than zero."),
            AmountError::Money(MoneyError::TooManyDecimals { .. }) => rule(
                "too_many_decimals",
                message,
                "Give no more decimals than the currency has.",
            ),
            AmountError::Money(_) => rule("amount", message, "Write the amount as in 12.50."),
            AmountError::Syntax(_) => usage("amount", message, "Write the amount as in 12.50."),
        }
    }
}

impl From<ReasonError> for Refusal {
    fn from(error: ReasonError) -> Self {
        let code = match error {
            ReasonError::Unknown { .. } => "unknown_reason",
            _ => "reason_incomplete",
        };
        rule(
            code,
            error.to_string(),
            match error {
                ReasonError::NoteMissing(_) => "Fill in the note (--note on the command line).",
                ReasonError::CaseMissing(_) => "Fill in the case (--case on the command line).",
                _ => "Choose another of the catalogue.",
            },
        )
    }
}

impl From<BuildError> for Refusal {
    fn from(error: BuildError) -> Self {
        rule(
            "unfit",
            error.to_string(),
            "Refund it at the provider, and import the result.",
        )
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        let message = error.to_string();
        match error {
            LedgerError::ReadOnly => Self::read_only(),
            LedgerError::OverAvailable => rule(
                "over_available",
                message,
                "Ask for no more than can be refunded.",
            ),
            LedgerError::OverLimit(most) => {
                rule("over_limit", message, format!("Ask for {most} or less."))
            }
            LedgerError::OverAllowance(over) => over_allowance(&over),
            LedgerError::RulesChanged(_) => rule(
                "rules_changed",
                message,
                "Leave the desk and open it again: it then goes by the rules in force.",
            ),
            LedgerError::Compensation(error) => error.into(),
            LedgerError::BalanceChanged => rule(
                "balance_changed",
                message,
                "Look at the payment again and decide anew.",
            ),
            LedgerError::KeyReused { .. } => {
                rule("key_reused", message, "Use a new key for a new decision.")
            }
            LedgerError::Refused(_) => rule(
                "not_possible",
                message,
                "See where it stands: refund-desk status REFUND",
            )
            .knowing(Known::Unchanged),
            LedgerError::Blocked => WhyNot::Blocked.into(),
            LedgerError::NotAllowed(_) => rule(
                "not_allowed",
                message,
                "See what is known: refund-desk payment ID, refund-desk discrepancies",
            )
            .knowing(Known::Unchanged),
            LedgerError::NotFound(_) => {
                rule("not_found", message, "Check the id.").knowing(Known::Unchanged)
            }
            LedgerError::SamePerson => {
                unchanged("same_person", message, "Another person must agree.")
            }
            LedgerError::NoChecker => unchanged(
                "role",
                message,
                "A checker must look at the evidence and say the same.",
            ),
            LedgerError::Leased => {
                rule("busy", message, "Wait a moment and look again.").knowing(Known::Unchanged)
            }
            LedgerError::Missing(_) => failed(
                "no_database",
                message,
                "Import a settlement file first: refund-desk import FILE",
            ),
            LedgerError::TooNew { .. } => {
                failed("database_too_new", message, "Use the newer refund-desk.")
            }
            LedgerError::TooOld { .. } => failed(
                "database_too_old",
                message,
                "Open it once without --read-only.",
            ),
            LedgerError::OtherEnvironment { .. } => failed(
                "other_environment",
                message,
                "Use another --data-dir for each environment.",
            ),
            LedgerError::NotOurs(_) => {
                failed("not_our_database", message, "Use another --data-dir.")
            }
            LedgerError::Io { .. }
            | LedgerError::Unreadable { .. }
            | LedgerError::NotDurable { .. } => failed(
                "data_folder",
                message,
                "Make the data folder writable for you, use another --data-dir, or only look with --read-only.",
            ),
            LedgerError::InUse(_)
            | LedgerError::ServiceRuns(_)
            | LedgerError::BeingRestored(_)
            | LedgerError::HalfRestored(_)
            | LedgerError::Replaced(_)
            | LedgerError::BadBackup { .. }
            | LedgerError::Exists(_)
            | LedgerError::BackupFile { .. }
            | LedgerError::Journal { .. }
            | LedgerError::NotJournalled { .. }
            | LedgerError::SendingClosed { .. }
            | LedgerError::NeedsEvidence => safeguard(&error, message),
            LedgerError::Untrusted(finding) => damaged(&finding),
            LedgerError::SendingStopped(_) => unavailable(
                "sending_stopped",
                message,
                "It goes out once two people resume sending: refund-desk resume-sending",
            )
            .knowing(Known::Unchanged),
            LedgerError::NotStopped => rule("not_stopped", message, "There is nothing to resume."),
            LedgerError::ResumesAlone(_) => rule(
                "same_person",
                message,
                "Ask a colleague to agree: refund-desk resume-sending",
            ),
            LedgerError::Uncountable(_) => {
                rule("uncountable", message, "Narrow the filter.").knowing(Known::Unchanged)
            }
            LedgerError::Interrupted => failed("interrupted", message, "Ask again."),
            LedgerError::InDoubt(_) | LedgerError::Stopped => Self {
                class: Class::Unknown,
                ..failed("in_doubt", message, LOOK_FIRST)
            }
            .knowing(Known::InDoubt),
            _ => failed("database", message, LOOK_FIRST).knowing(Known::RolledBack),
        }
    }
}

/// More than its maker may refund, or the account in a day: nobody can approve that.
pub(super) fn over_allowance(over: &Over) -> Refusal {
    let least = match over.left.is_positive() {
        true => format!("Ask for {} or less", over.left),
        false => "Wait for the next business day".to_owned(),
    };
    let next = match over.bound {
        Exceeded::Account => format!("{least}; whoever runs the desk sets the account's cap."),
        _ => format!("{least}, or have somebody make it who may refund more."),
    };
    rule("over_limit", over.to_string(), next)
}

/// What backups, restores and the send journal refuse.
fn safeguard(error: &LedgerError, message: String) -> Refusal {
    match error {
        LedgerError::InUse(_) => rule(
            "database_in_use",
            message,
            "Leave every desk and stop refund-desk track on this data folder, then try again.",
        ),
        LedgerError::ServiceRuns(_) => rule(
            "service_runs",
            message,
            "Ask the service: leave out --offline, and name its socket with --socket if it is not found. Or only look with --read-only.",
        ),
        LedgerError::BeingRestored(_) => rule(
            "being_restored",
            message,
            "Wait until the restore is done, then try again.",
        ),
        LedgerError::HalfRestored(_) => rule(
            "half_restored",
            message,
            "Open it once without --read-only, while no other desk has it open: that finishes the restore.",
        ),
        LedgerError::Replaced(_) => rule(
            "replaced",
            message,
            "Leave this desk and open it again; look there before you decide anything anew.",
        ),
        LedgerError::BadBackup { .. } => failed(
            "bad_backup",
            message,
            "Restore another backup; the database is as it was.",
        ),
        LedgerError::Exists(_) => rule("exists", message, "Name another file."),
        LedgerError::SendingClosed { why, .. } => {
            let closed = rule("sending_closed", message, opens_again(*why));
            Refusal {
                money: format!("{} {}", closed.money, NOT_ANOTHER_WAY),
                ..closed
            }
        }
        LedgerError::NeedsEvidence => rule(
            "evidence",
            message,
            "Compare with the provider's own list of refunds, and name it with --note.",
        ),
        LedgerError::BackupFile { .. } => failed(
            "backup_file",
            message,
            "Name a file in a folder you may write to, with room for the database.",
        ),
        _ => failed(
            "send_journal",
            message,
            "Make the folder journal in the data folder writable for you, with room on the disk; what is queued goes out afterwards.",
        ),
    }
}

/// What opens a closed account again.
pub(super) fn opens_again(why: Option<ClosedWhy>) -> String {
    match why {
        Some(ClosedWhy::Restored) => {
            "Run refund-desk track, or leave a desk open: it asks the provider about every refund since the backup, then opens the account.".to_owned()
        }
        Some(ClosedWhy::OlderThanJournal) => {
            TAKE_OVER.to_owned()
        }
        Some(ClosedWhy::JournalIncomplete) | None => {
            "Compare with the provider's own list of refunds; then two people open it: refund-desk resume-sending --note WHAT-YOU-COMPARED".to_owned()
        }
    }
}
