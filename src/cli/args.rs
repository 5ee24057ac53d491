//! The command line, as `--help` tells it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::desk::face::Stated;
use crate::domain::money::{Currency, Money};
use crate::domain::state::State;

mod bank;
mod elsewhere;
mod inbox;
mod manual;
mod payments;
mod plan;
mod proof;
mod refund;
mod roster;
mod shift;

pub use bank::{Returned, TransferDeed, Transfers};
pub use elsewhere::{Discrepancies, DiscrepancyDeed, DisputeNews, External};
pub use inbox::{Accounts, Answer, Inbox, InboxDeed};
pub use manual::{Completions, KeyList, Manual};
pub use payments::Payments;
pub use plan::{Apply, Drafts, Plan};
pub use proof::{Audit, AuditShow, Erase, EvidenceOf, Trace};
pub use refund::Refund;
pub use roster::{Away, Delegate};
pub use shift::{Shift, ViewDeed};

/// The terminal desk where finance operators give money back, once.
///
/// Without a command it opens the desk. Exit codes: 0 done; 1 failed; 2 wrong usage; 3 refused by
/// a rule, nothing written; 4 outcome unknown; 5 waits for a person; 6 provider or network not
/// available.
#[derive(Debug, Parser)]
#[command(name = "refund-desk", version, max_term_width = 100)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do; nothing: open the desk.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The configuration file [env: REFUND_DESK_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder [env: REFUND_DESK_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The service's socket [env: REFUND_DESK_SOCKET]
    #[arg(long, global = true, value_name = "FILE")]
    pub socket: Option<PathBuf>,
    /// Print JSON: one object, or one per line for lists
    #[arg(long, global = true)]
    pub json: bool,
    /// Send nothing and ask no provider
    #[arg(long, global = true)]
    pub offline: bool,
    /// Write nothing
    #[arg(long, global = true)]
    pub read_only: bool,
    /// No colour [env: NO_COLOR]
    #[arg(long, global = true)]
    pub no_color: bool,
    /// The desk line by line, for screen readers: no borders, nothing that moves
    #[arg(long, global = true)]
    pub plain: bool,
    /// Act as this person; only in a sandbox
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub act_as: Option<String>,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the desk on simulated providers and 2,000 made-up payments
    Demo(Demo),
    /// Run the simulated providers alone, until interrupted
    Sandbox(Sandbox),
    /// Write a commented configuration and create the data folder
    Init,
    /// Check config, database, file modes, secrets, clock and providers, and say how to mend them
    Doctor,
    /// Look at the configuration
    #[command(subcommand)]
    Config(Config),
    /// Import settlement files (CSV or JSON Lines)
    Import(Import),
    /// Read payments and refunds from the providers that can list them; the others are skipped
    Sync {
        /// Only these accounts
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<String>,
    },
    /// List payments, newest first unless sorted otherwise
    Payments(Payments),
    /// Show one payment, its refunds and its balance explained
    Payment {
        /// Our id, ACCOUNT/PROVIDER_ID or a unique reference
        payment: String,
        /// As it stood at this time, or at the end of this UTC date
        #[arg(long, value_name = "TIME", value_parser = instant)]
        as_of: Option<DateTime<Utc>>,
        /// First ask the provider which refunds it knows, and take in those made elsewhere
        #[arg(long, conflicts_with = "as_of")]
        verify: bool,
    },
    /// Refund a payment
    Refund(Refund),
    /// List refunds, newest first
    Refunds(Refunds),
    /// Show one refund with its attempts and observations
    Status {
        /// Our id, its last letters, ACCOUNT/PROVIDER_ID, or the reference of a payment with one refund
        refund: String,
    },
    /// Approve a refund as it was shown, or agree with what another person stated about it
    ///
    /// On a terminal it shows what there is to decide and asks. Without one, --expect is required.
    Approve(Approve),
    /// Decline a refund that waits for a checker, or what another person stated about it
    Decline {
        /// Our id, its last letters, or ACCOUNT/PROVIDER_ID
        refund: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// State what became of a refund that no provider can tell about; takes two people
    ///
    /// The first person's word waits for a second (exit 5). Another person who states the same, or
    /// who uses approve, carries it out. `refund-desk resolve REFUND --as succeeded --evidence TEXT`
    /// is the same as --outcome succeeded: the first --as that names an outcome is the outcome, any
    /// other --as says who acts.
    Resolve(Resolve),
    /// Withdraw a refund that was not sent; with --stop, have the provider stop one that was
    ///
    /// The provider can stop it only until its batch closes. Until it says that it did, the refund may
    /// still be paid (exit 4).
    Cancel {
        /// Our id, its last letters, ACCOUNT/PROVIDER_ID, or the reference of a payment with one refund
        refund: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// If it was sent, have the provider stop it
        #[arg(long)]
        stop: bool,
    },
    /// Have the provider pay a refund that it only authorised
    ///
    /// Such refunds are made through accounts with refund_capture = "by-hand". Until the provider says
    /// that it paid, the refund stands as before (exit 4).
    Capture {
        /// Our id, its last letters, ACCOUNT/PROVIDER_ID, or the reference of a payment with one refund
        refund: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Judge a file of refunds row by row, and write down what was judged as a plan; nothing is sent
    ///
    /// The file is CSV with the columns payment, amount and reason, and where wanted note, case and
    /// compensation. Rows are judged one after the other, as if those before were made. Exit 3 if a row
    /// is refused.
    Plan(Plan),
    /// Compose just what a plan says, once; run again, it goes on where it was
    ///
    /// Every row is one refund for life, however often the plan is applied. What changed since it was
    /// planned is refused, and the other rows go on. An open desk, the service or track sends them.
    Apply(Apply),
    /// List what you were composing at the desk and left; a draft holds nothing and is not sent
    Drafts(Drafts),
    /// Let refunds go that were composed offline
    Release {
        /// Our ids, their last letters, ACCOUNT/PROVIDER_ID, or references of payments with one refund
        #[arg(required = true)]
        refunds: Vec<String>,
    },
    /// Refund again what was not paid because the merchant account had too little money
    ///
    /// Each goes out as a new refund in place of the old one, judged by every rule. Exit 3 if one is
    /// refused.
    Retry {
        /// Of this account
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Say what would happen, write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Send what may be sent and poll what is due, without a screen
    Track(Track),
    /// Run the service: send, poll, and answer those who call, until told to stop
    ///
    /// [listener] in the configuration names where networks and providers call, and where /health and
    /// /metrics are. It prints one line once it is ready, and ends on SIGINT or SIGTERM after the
    /// answers under way; a second signal leaves at once (exit 4).
    Serve,
    /// Stop sending refunds, at once; they are queued meanwhile
    StopSending(Sending),
    /// Send refunds again; takes two people
    ResumeSending(Sending),
    /// List the bank transfers of refunds, make payment files of them, and say what became of them
    ///
    /// With --to, what is due is proposed as one payment file (exit 5); another person agrees to it by
    /// its SHA-256 (--seen) and has it written. The same file can be written again.
    Transfers(Transfers),
    /// Say that the bank returned a transfer; takes two people
    Returned(Returned),
    /// Read files from the bank: statements, notifications, reports on payment files
    ///
    /// Which of them a file is, it says itself. Read twice, it changes nothing.
    Reconcile {
        /// camt.053, camt.054 or pain.002
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List what contradicts what is known, and clear it up
    Discrepancies(Discrepancies),
    /// Say which refund made elsewhere is one of ours
    #[command(subcommand)]
    External(External),
    /// Write down a dispute of a payment, or how far it has come
    ///
    /// From open on it holds its amount; a refund answers it with --reason dispute --case CASE. What
    /// is known of a payment: refund-desk payment.
    Dispute(DisputeNews),
    /// List what networks ask of the debtor's side, with the time there is to answer
    Inbox(Inbox),
    /// Answer a network's request with an account, or refuse it
    Answer(Answer),
    /// Take in accounts that payments came from
    #[command(subcommand)]
    Accounts(Accounts),
    /// Look at the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Print one page of proof per refund: who decided what, under which rules, what was sent and heard
    ///
    /// A sample can be drawn again by anybody: of the refunds made in the month it takes those whose
    /// SHA-256 of SEED:REFUND is smallest, and shows them in the order of their ids.
    Evidence(EvidenceOf),
    /// Print which roles, limits and rules were in force at the end of a day, and who had acted by then
    AccessReview {
        /// The day, in the business time zone
        #[arg(long, value_name = "DATE")]
        date: NaiveDate,
    },
    /// Show everything of a payer or order, on all accounts, with a sentence to read aloud per refund
    Phone {
        /// A payment or a refund
        subject: String,
    },
    /// Print or write the note that may be given to a customer or a bank, to find a refund by
    Trace(Trace),
    /// Show how refunds go: ages, ends by day, reasons, and the providers' speed
    Radar,
    /// Show who paid, in full; the audit says that you saw it
    Reveal {
        /// A payment or a refund
        subject: String,
    },
    /// Erase name, contact data and account numbers of a payer; takes two people
    ///
    /// The first person proposes (exit 5); another who names the same case carries it out. Refused while
    /// a refund or dispute of the payment is open. Hashes stay, so that the audit can still be verified.
    Erase(Erase),
    /// Write a checked copy of the database to a new file, while desks are open
    Backup {
        /// The file; never overwritten
        file: PathBuf,
    },
    /// Put a backup in the place of the database, while no desk is open
    ///
    /// What was sent since the backup is taken over from the send journal and held until its
    /// provider was asked. Given the database itself, only that is done: for an old copy that was
    /// put back by hand.
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Hand on your right to approve, for some days, to one person; or list who stands in for whom
    ///
    /// They never approve what they made themselves, nor what you made. It is written to the audit.
    Delegate(Delegate),
    /// Say when you are away, or list who is
    Away(Away),
    #[command(flatten)]
    Shift(Shift),
    /// The keys of the desk, as the configuration has them
    Keys(KeyList),
    /// Print what a shell needs to complete commands and options
    ///
    /// For bash: refund-desk completions bash > ~/.local/share/bash-completion/completions/refund-desk
    Completions(Completions),
    /// Print the manual page
    Man(Manual),
}

impl Command {
    /// It writes whatever else is asked: a configuration, the simulators' own memory, the service's
    /// database, a note.
    pub const fn always_writes(&self) -> bool {
        matches!(
            self,
            Self::Demo(_)
                | Self::Sandbox(_)
                | Self::Init
                | Self::Serve
                | Self::Plan(_)
                | Self::Trace(Trace { to: Some(_), .. })
                | Self::Shift(Shift::Handover { to: Some(_), .. })
        )
    }
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Start over: remove what an earlier demo left
    #[arg(long)]
    pub fresh: bool,
}

/// `sandbox`
#[derive(Debug, Args)]
pub struct Sandbox {
    /// The port to listen on; 0: any free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Settlement files whose payments the providers know
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub payments: Vec<PathBuf>,
    /// Write the payments the providers know as a settlement file
    #[arg(long, value_name = "FILE")]
    pub settlement_to: Option<PathBuf>,
    /// Write a configuration for a desk
    #[arg(long, value_name = "FILE")]
    pub config_to: Option<PathBuf>,
    /// Where every payout is written, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub book: Option<PathBuf>,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Validate the configuration and print what it amounts to, secrets hidden
    Check,
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// Settlement files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Say what would happen, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse unless there are just this many rows
    #[arg(long, value_name = "N")]
    pub expect_rows: Option<u64>,
    /// Refuse unless the amounts add up to this
    #[arg(long, value_name = "CUR=AMT", value_parser = sum)]
    pub expect_sum: Vec<Money>,
}

/// `approve`
#[derive(Debug, Args)]
pub struct Approve {
    /// Our id, its last letters, or ACCOUNT/PROVIDER_ID
    pub refund: String,
    /// Refuse unless it is still what status showed with this hash
    #[arg(long, value_name = "HASH")]
    pub expect: Option<String>,
    /// Wait for its end; 60s unless said otherwise
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "60s", value_parser = duration)]
    pub wait: Option<Duration>,
}

/// `resolve`
#[derive(Debug, Args)]
pub struct Resolve {
    /// Our id, its last letters, or ACCOUNT/PROVIDER_ID
    pub refund: String,
    /// What became of it; also written --as OUTCOME
    #[arg(long, value_name = "OUTCOME")]
    pub outcome: Outcome,
    /// Where it can be looked up: a statement line, a ticket, who said it
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
    /// What kind of evidence that is: statement, portal, support …
    #[arg(long, value_name = "KIND", default_value = "evidence")]
    pub evidence_kind: String,
    /// Of which day the evidence is
    #[arg(long, value_name = "DATE")]
    pub evidence_date: Option<NaiveDate>,
    /// A file with the evidence; its SHA-256 is kept, the file stays with you
    #[arg(long, value_name = "FILE")]
    pub evidence_file: Option<PathBuf>,
    /// The amount that was paid, where it is not the amount asked
    #[arg(long, value_name = "AMT")]
    pub paid: Option<String>,
}

/// What people say became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Outcome {
    /// It was paid
    Succeeded,
    /// It was not paid and never will be
    Failed,
    /// The provider never had it: it is sent anew, under a new key
    Absent,
}

impl From<Outcome> for Stated {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Absent => Self::Absent,
        }
    }
}

/// `refunds`
#[derive(Debug, Args)]
pub struct Refunds {
    /// In this state
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<State>,
    /// Only those that are not decided yet
    #[arg(long)]
    pub open: bool,
    /// Of this payment
    #[arg(long, value_name = "PAYMENT")]
    pub payment: Option<String>,
}

/// `track`
#[derive(Debug, Args)]
pub struct Track {
    /// One round
    #[arg(long, conflicts_with = "until_final")]
    pub once: bool,
    /// Until nothing is approved, submitting, pending or unknown
    #[arg(long)]
    pub until_final: bool,
    /// At most this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// `stop-sending` and `resume-sending`
#[derive(Debug, Args)]
pub struct Sending {
    /// Only this account; all of them unless named
    #[arg(value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// `30s`, `5m`, `2h`, `7d`
fn duration(text: &str) -> Result<Duration, String> {
    let cut = text.char_indices().last().map_or(0, |(at, _)| at);
    let (number, unit) = text.split_at(cut);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .filter(|_| seconds > 0)
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| format!("{text:?} is not a duration; write 30s, 5m, 2h or 7d"))
}

/// `2026-11-20T10:00Z`, with seconds and offset as in RFC 3339, or `2026-11-20`: its last instant.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        let next = date.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0));
        return next
            .map(|midnight| midnight.and_utc() - TimeDelta::milliseconds(1))
            .ok_or_else(|| format!("{text:?} is too far away"));
    }
    let to_the_minute = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok();
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| to_the_minute().map(|at| at.and_utc()))
        .ok_or_else(|| format!("{text:?} is not a time; write 2026-11-20 or 2026-11-20T10:00Z"))
}

/// `USD=1234.50`
fn sum(text: &str) -> Result<Money, String> {
    let (code, amount) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is not a sum; write it as USD=1234.50"))?;
    let currency = Currency::from_code(code).map_err(|error| error.to_string())?;
    Money::parse(amount, currency).map_err(|error| error.to_string())
}

fn state(text: &str) -> Result<State, String> {
    State::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = State::ALL[1..].iter().map(|state| state.name()).collect();
        format!("{text:?} is not a state; use one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn instants() {
        let read = |text| instant(text).map(|at| at.to_rfc3339());
        let told = Ok("2026-11-20T10:00:00+00:00".to_owned());
        assert_eq!(read("2026-11-20T10:00Z"), told);
        assert_eq!(read("2026-11-20T11:00:00+01:00"), told);
        let end = Ok("2026-11-20T23:59:59.999+00:00".to_owned());
        assert_eq!(read("2026-11-20"), end);
        for text in ["", "yesterday", "2026-11-31", "2026-11-20T10:00"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        for text in ["", "5", "m", "-5s", "5w", "5.5s", "ä"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
