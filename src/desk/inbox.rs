//! Requests at the debtor's side: what waits, and what people decide.

use super::compose::tidy;
use super::face::{Actor, AnswerOrder, AnswerWith, Notice, Refusal};
use super::local::Local;
use super::refusal;
use crate::domain::bank::BankAccount;
use crate::domain::inbound_request::InboundRequest;
use crate::domain::text::clean;
use crate::ledger::{Deciding, ErrandAbout, NewErrand};

/// The newest requests that are listed.
const LISTED: u32 = 500;
/// The longest code of a refusal.
const LONGEST_CODE: usize = 20;

impl Local {
    /// The requests that wait, oldest first; or the newest of all, newest first.
    pub(super) async fn inbox(&self, all: bool) -> Result<Vec<InboundRequest>, Refusal> {
        let mut requests = self.ledger.inbound_requests(all, LISTED).await?;
        if !all {
            let now = self.clock.now();
            requests.retain(|it| it.is_open(now));
        }
        Ok(requests)
    }

    /// Decides a request. Whoever holds the network's call, this process or another, answers it.
    pub(super) async fn answer_request(
        &self,
        actor: &Actor,
        order: AnswerOrder,
    ) -> Result<InboundRequest, Refusal> {
        self.writable()?;
        let (with, on_file) = match order.with {
            AnswerWith::OnFile(id) => (Ok(None), id),
            AnswerWith::Account {
                number,
                clearing_system,
                holder,
            } => {
                let account = BankAccount {
                    clearing_system: clearing_system.map(|it| clean(it.trim())),
                    holder: holder.map(|it| clean(it.trim())),
                    ..usable(&number)?
                };
                (Ok(Some(account)), None)
            }
            AnswerWith::Refuse { code, note } => (
                Err((code.map(|it| known(&it)).transpose()?, why(note)?)),
                None,
            ),
        };
        let deciding = Deciding {
            id: order.request,
            with,
            on_file,
            by: actor.name.clone(),
            now: self.clock.now(),
        };
        let decided = self.ledger.decide_request(deciding).await?;
        self.holds.decided(decided.id);
        self.tell(Notice::Changed);
        Ok(decided)
    }

    /// Asks the network whether the refund of an answered request was paid; its answer arrives as a
    /// confirmation.
    pub(super) async fn ask_request(
        &self,
        actor: &Actor,
        id: i64,
    ) -> Result<InboundRequest, Refusal> {
        self.writable()?;
        let request = self.request_numbered(id).await?;
        let Some(refund) = request.refund.clone() else {
            return Err(refusal::rule(
                "no_refund_id",
                format!("the network named no refund in request {id}: it cannot be asked about it"),
                "Ask the network's support.",
            ));
        };
        let now = self.clock.now();
        let errand = NewErrand {
            account: request.account.clone(),
            key: super::errands::key(
                "refund_status",
                &[
                    &request.account,
                    &refund,
                    &now.timestamp_millis().to_string(),
                ],
            ),
            about: ErrandAbout::RefundStatus {
                payment: request.provider_payment_id.clone(),
                refund,
            },
            by: actor.name.clone(),
            at: now,
        };
        self.ledger.queue_errand(errand).await?;
        self.bell.notify_one();
        Ok(request)
    }

    /// One request.
    pub(super) async fn request_numbered(&self, id: i64) -> Result<InboundRequest, Refusal> {
        let found = self.ledger.inbound_request(id).await?;
        found.ok_or_else(|| {
            refusal::rule(
                "not_found",
                format!("there is no request {id}"),
                "List them with: refund-desk inbox --all",
            )
        })
    }
}

/// An account number that a bank could have given.
pub(super) fn usable(number: &str) -> Result<BankAccount, Refusal> {
    let account = BankAccount::new(number);
    match account.mistake() {
        // The number itself stays out of every message.
        Some(why) => {
            let next = "Give an IBAN, or sort code and account number in one.";
            Err(refusal::usage("account_number", why, next))
        }
        None => Ok(account),
    }
}

fn known(code: &str) -> Result<String, Refusal> {
    let code = code.trim();
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    if code.is_empty() || code.len() > LONGEST_CODE || !code.chars().all(plain) {
        return Err(refusal::usage(
            "code",
            format!("a code has 1 to {LONGEST_CODE} letters, digits and dashes"),
            "Give the network's code, as its documentation lists it.",
        ));
    }
    Ok(code.to_owned())
}

fn why(note: Option<String>) -> Result<String, Refusal> {
    let note = tidy(note.as_deref().unwrap_or_default().trim())?;
    Ok(match note.is_empty() {
        true => "declined".to_owned(),
        false => note,
    })
}
