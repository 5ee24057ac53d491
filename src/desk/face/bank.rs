//! The bank leg, as it is asked about and shown. Accounts are shown by their end; in full only where
//! that is asked for by name.

use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::ImportFile;
use crate::domain::transfer::{PaymentFile, Said, Transfer};

/// What is asked about the bank leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankAsk {
    /// Transfers, payment files and what nobody has explained. Answer: [`BankAnswer::Transfers`].
    Transfers {
        /// Of this provider account; none: of every one.
        account: Option<String>,
        /// What has ended, too.
        ended: bool,
    },
    /// Proposes a payment file for what is due. Answer: [`BankAnswer::File`].
    ProposeFile {
        /// Of this provider account; needed where several have something due.
        account: Option<String>,
        /// In this currency; needed where several are due.
        currency: Option<String>,
    },
    /// A second person agrees to a payment file. Answer: [`BankAnswer::File`].
    ApproveFile {
        /// Our number of it.
        file: i64,
        /// The hash that was shown with it ([`PaymentFile::sha256`]).
        seen: String,
    },
    /// Gives up a payment file that was never written. Answer: [`BankAnswer::File`].
    GiveUpFile {
        /// Our number of it.
        file: i64,
        /// Why.
        note: String,
    },
    /// Writes a payment file that two people agreed on; the same bytes each time. Answer:
    /// [`BankAnswer::File`].
    WriteFile {
        /// Our number of it.
        file: i64,
        /// Where to; a file that is there is left as it is.
        to: PathBuf,
    },
    /// The same, for whoever writes it themselves: a desk elsewhere writes where its operator may,
    /// and nowhere else. Answer: [`BankAnswer::Content`].
    TakeFile {
        /// Our number of it.
        file: i64,
    },
    /// Says what became of a refund's transfer; the second person who does carries it out. Answer:
    /// [`Reply::Refund`](super::Reply::Refund).
    State(TransferWord),
    /// Turns down what another person said of a transfer. Answer:
    /// [`Reply::Refund`](super::Reply::Refund).
    TurnDown {
        /// The refund.
        refund: String,
        /// Why.
        note: String,
    },
    /// Has a confirmation sent anew that the network refused. Answer:
    /// [`Reply::Refund`](super::Reply::Refund).
    Confirm {
        /// The refund.
        refund: String,
    },
    /// Shows the account of a transfer in full, and writes down who saw it. Answer:
    /// [`BankAnswer::Account`].
    Reveal {
        /// The refund.
        refund: String,
    },
    /// Reads files from the bank. Answer: [`BankAnswer::Reconciled`].
    Reconcile {
        /// The files, read by whoever asks.
        files: Vec<ImportFile>,
    },
    /// Says what an entry was that nothing of ours explains. Answer: [`BankAnswer::Transfers`].
    Explain {
        /// Our number of it.
        id: i64,
        /// What it was.
        note: String,
    },
}

/// A person's word about a refund's transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferWord {
    /// The refund, as typed.
    pub refund: String,
    /// What became of it.
    pub said: Said,
    /// The bank's reference, or where it can be looked up.
    pub reference: String,
    /// Of which day.
    pub dated: Option<NaiveDate>,
}

/// What is answered about the bank leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankAnswer {
    /// To [`BankAsk::Transfers`].
    Transfers(Transfers),
    /// To everything about one payment file.
    File(PaymentFile),
    /// To [`BankAsk::TakeFile`].
    Content(FileContent),
    /// To [`BankAsk::Reveal`].
    Account(FullAccount),
    /// To [`BankAsk::Reconcile`], in the order of the files.
    Reconciled(Vec<Reconciled>),
}

/// The bank leg as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfers {
    /// Transfers, oldest first.
    pub transfers: Vec<Transfer>,
    /// Payment files that wait for a person, oldest first; all of them where what has ended was
    /// asked for.
    pub files: Vec<PaymentFile>,
    /// What nothing of ours explains, oldest first.
    pub unexplained: Vec<Unexplained>,
}

/// An entry of a statement, or an advice, that nothing of ours explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexplained {
    /// Our number of it.
    pub id: i64,
    /// The provider account, where it is known.
    pub account: Option<String>,
    /// The facts.
    pub detail: String,
    /// When it was noticed.
    pub at: DateTime<Utc>,
}

/// A bank account in full.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullAccount {
    /// Its number.
    pub number: String,
    /// Whose it is.
    pub holder: Option<String>,
    /// The rail that reaches it.
    pub clearing_system: Option<String>,
}

/// What is shown on request is logged never.
impl fmt::Debug for FullAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an account")
    }
}

/// A payment file with what is written into it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileContent {
    /// The file.
    pub file: PaymentFile,
    /// All of it.
    pub text: String,
}

/// It holds account numbers.
impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the content of payment file {}", self.file.id)
    }
}

/// What one file from the bank brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Its name.
    pub file: String,
    /// What it is, in words.
    pub what: String,
    /// Entries and verdicts in it.
    pub read: u64,
    /// Transfers that were paid.
    pub paid: u64,
    /// Transfers that the bank rejected; they are due again.
    pub rejected: u64,
    /// Transfers that came back.
    pub returned: u64,
    /// Known already, from this file or another.
    pub known: u64,
    /// What contradicts what is known: discrepancies.
    pub contradicts: u64,
    /// What nothing of ours explains.
    pub unexplained: u64,
    /// What says nothing final, or is none of the desk's business.
    pub passed_over: u64,
}
