//! What providers send us unasked: hints that something happened, never evidence. Whoever gets one
//! asks the provider.

use std::fmt;

/// The headers of a message, names in any case.
pub type Headers<'a> = &'a [(String, String)];

/// What a message says, once its signature was right.
#[derive(Clone, PartialEq, Eq)]
pub struct Hint {
    /// The provider's id of the message, the same when it is sent again.
    pub event_id: Option<String>,
    /// What happened, in the provider's word.
    pub kind: String,
    /// The provider's id of what it happened to.
    pub resource_id: String,
    /// The provider's id of the payment it belongs to, where it is told.
    pub provider_payment_id: Option<String>,
}

impl fmt::Debug for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.kind, self.resource_id)
    }
}

/// Why a message is not believed. It changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It bears no signature.
    #[error("the message is not signed")]
    Unsigned,
    /// Somebody else signed it, or it was changed.
    #[error("the message's signature is not the provider's")]
    Forged,
    /// It says nothing that can be followed.
    #[error("the message cannot be read")]
    Unreadable,
}

/// Verifies and reads the messages of one account.
pub trait Inbound: Send + Sync {
    /// What a message says.
    ///
    /// # Errors
    /// [`Untrusted`].
    fn read(&self, headers: Headers<'_>, body: &[u8]) -> Result<Hint, Untrusted>;
}

/// The value of a header; none when it is missing or there are several.
pub fn header<'h>(headers: Headers<'h>, name: &str) -> Option<&'h str> {
    let mut values = headers
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.trim())
}
