//! Stands in for `desk::advice` until the bank leg is there: nothing is believed, nothing is lost,
//! because the network asks again.

use super::face::Refusal;
use super::local::Local;
use crate::providers::network::{Answer, Received};

impl Local {
    pub(super) async fn account_advised(
        &self,
        _account: &str,
        _received: &Received,
    ) -> Result<Answer, Refusal> {
        Ok(Answer::Unavailable)
    }

    pub(super) async fn refund_status_asked(
        &self,
        _account: &str,
        _received: &Received,
    ) -> Result<Answer, Refusal> {
        Ok(Answer::Unavailable)
    }
}
