//! What a send needs before its own bytes leave: a token, a look at the payment, a connection. It
//! may wait for others and for a provider, and a machine may sleep in the middle of it.

use std::time::Duration;

use super::http::Failure;
use crate::clock::{Clock, Moment};

/// A lease lasts 90 s from the write-ahead (`ledger::LEASE`), and bytes may only be out under it. Up
/// to 10 s may have gone when the provider is called (`desk::send`), then these 10 s, then at most
/// 60 s of the exchange itself (the settings' longest deadline): 80 s, so 10 s are left to write the
/// answer down.
const LONGEST: Duration = Duration::from_secs(10);

/// One send that is being prepared.
pub struct Preparing<'c> {
    clock: &'c Clock,
    begun: Moment,
}

impl<'c> Preparing<'c> {
    /// Begins now.
    pub fn begin(clock: &'c Clock) -> Self {
        let begun = clock.moment();
        Self { clock, begun }
    }

    /// To be asked directly before the bytes leave.
    ///
    /// # Errors
    /// [`Failure::NotSent`]: it took so long that the bytes must not leave any more.
    pub fn in_time(&self) -> Result<(), Failure> {
        match self.clock.since(self.begun) <= LONGEST {
            true => Ok(()),
            false => Err(Failure::NotSent {
                said: "not sent: preparing it took too long".to_owned(),
            }),
        }
    }
}
