//! Requests at the debtor's side, and what people answer.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerOrder {
    /// Our number of the request.
    pub request: i64,
    /// With what.
    pub with: AnswerWith,
}

/// What a request is answered with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerWith {
    /// The account on file for its payment; where a number is given, only if it is that one.
    OnFile(Option<i64>),
    /// Another account.
    Account {
        /// IBAN, or sort code and account number, as typed.
        number: String,
        /// The rail that reaches it.
        clearing_system: Option<String>,
        /// Whose it is.
        holder: Option<String>,
    },
    /// No.
    Refuse {
        /// The network's code.
        code: Option<String>,
        /// Why; the network is told.
        note: Option<String>,
    },
}

/// The number of an account is for its reader only.
impl fmt::Debug for AnswerWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnFile(id) => f.debug_tuple("OnFile").field(id).finish(),
            Self::Account { .. } => f.write_str("Account(…)"),
            Self::Refuse { code, note } => write!(f, "Refuse({code:?}, {note:?})"),
        }
    }
}
