//! Messages that providers send unasked: believed only with their signature, and then only as a hint
//! to look. Whoever listens hands over headers and the raw bytes.

use super::face::Refusal;
use super::local::Local;
use super::refusal;
use crate::ledger::Heard;
use crate::providers::inbound::Hint;
pub use crate::providers::network::{Call, Response};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Its refund is looked at now, if it is one of ours.
    Followed,
    /// It was received before: nothing to do.
    Known,
}

impl Local {
    /// Answers what an account is called with. Until networks are answered here, that is messages of
    /// providers alone.
    pub async fn answer_call(&self, account: &str, call: &Call<'_>) -> Response {
        let received = self.receive(account, call.headers, call.body).await;
        let status = match received.as_ref().map_err(|refusal| refusal.code.as_str()) {
            Ok(_) => 200,
            Err("untrusted_message") => 401,
            Err("no_messages" | "no_account") => 404,
            Err(_) => 503,
        };
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Takes in a message for an account. Nothing is read from it but what to look at.
    ///
    /// # Errors
    /// An account that takes no messages, a message that is not the provider's, or a database that
    /// failed; the provider sends it again.
    pub async fn receive(
        &self,
        account: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Received, Refusal> {
        self.writable()?;
        let known = self
            .account(account)
            .ok_or_else(|| refusal::not_configured(account))?;
        let provider = known.provider(&self.means()).await?;
        let inbound = provider.inbound().ok_or_else(|| takes_none(account))?;
        let hint = inbound
            .read(headers, body)
            .map_err(|error| untrusted(account, &error.to_string()))?;
        tracing::info!(account, ?hint, "a hint to look");
        let heard = heard(account, hint, self.clock.now());
        if !self.ledger.hear(heard).await? {
            return Ok(Received::Known);
        }
        self.bell.notify_one();
        Ok(Received::Followed)
    }
}

/// The same message comes again with the same id; the same event might with another.
fn heard(account: &str, hint: Hint, at: chrono::DateTime<chrono::Utc>) -> Heard {
    let event = format!("event {} {}", hint.resource_id, hint.kind);
    let message = hint.event_id.map(|id| format!("message {id}"));
    Heard {
        account: account.to_owned(),
        names: std::iter::once(event).chain(message).collect(),
        provider_refund_id: hint.resource_id,
        provider_payment_id: hint.provider_payment_id,
        at,
    }
}

fn takes_none(account: &str) -> Refusal {
    refusal::rule(
        "no_messages",
        format!("account {account} takes no messages from its provider"),
        "Set webhook_sign_key in the config, or let polling do it.",
    )
}

fn untrusted(account: &str, why: &str) -> Refusal {
    refusal::rule(
        "untrusted_message",
        format!("{why} (account {account})"),
        "If the provider did send it, check webhook_sign_key.",
    )
}
