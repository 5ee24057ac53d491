//! Calls of a network that expects an answer. What a call brings about is on disk with its answer
//! before the answer goes out; the same call again gets the same bytes.
//!
//! What may be answered: read-only, only what was answered before. Offline, everything: nothing is
//! sent but answers, and our own calls wait. After a restore, requests for payments that were there
//! before it wait for a person (`domain::inbound_request`).

use chrono::{DateTime, TimeDelta, Utc};

use super::accounts::Account;
use super::face::{Notice, Refusal};
use super::local::Local;
use crate::domain::digest::{Canonical, hex};
use crate::domain::inbound_request::{Standing, Verdict};
use crate::domain::money::Money;
use crate::failpoint;
use crate::ledger::{
    Called, ErrandAbout, Filed, Filing, Kept, NewAnswer, NewConfirmation, NewErrand, NewRequest,
    Recorded, RequestState, Situation, Told,
};
use crate::providers::network::{
    Answer, Call, DebtorTerms, Message, Network, Received, RefundRequested, Response,
};

/// No network repeats a call for longer (sheet 10 leaves it open); the ledger keeps them as long.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// A call that was proven to be the network's, on its way to its answer.
pub(super) struct Heard<'a> {
    pub account: &'a str,
    pub network: &'a dyn Network,
    pub received: &'a Received,
    pub called: Called,
}

impl Heard<'_> {
    fn answer(&self, answer: &Answer) -> Response {
        self.network.answer(self.received, answer)
    }

    fn refuse(&self, why: &str) -> Response {
        self.answer(&refused(None, why))
    }

    /// A call that was answered before, or is not what it says it is.
    fn again(&self, kept: Kept) -> Response {
        match kept {
            Kept::Answer(NewAnswer { status, body }) => {
                self.network.again(self.received, status, &body)
            }
            Kept::OtherCall => self.refuse("its idempotency key was used for another call"),
            Kept::Erased => self.refuse("it was answered too long ago to be answered again"),
            Kept::Nothing => self.answer(&Answer::Unavailable),
        }
    }
}

impl Local {
    /// Answers a call of the account's network.
    pub(super) async fn answer_network(
        &self,
        account: &Account,
        network: &dyn Network,
        call: &Call<'_>,
    ) -> Response {
        let received = match network.read(call) {
            Ok(received) => received,
            Err(response) => return response,
        };
        let heard = Heard {
            account: &account.name,
            network,
            called: called(&account.name, call, &received, self.clock.now()),
            received: &received,
        };
        match self.heard(&heard).await {
            Ok(response) => response,
            Err(refusal) => {
                let (account, code) = (&account.name, &refusal.code);
                tracing::error!(account, code, "a call is not answered: {}", refusal.message);
                heard.answer(&Answer::Unavailable)
            }
        }
    }

    /// A burst of requests is one change to whoever looks at the list.
    fn tell_soon(&self) {
        if self.holds.may_tell(self.clock.elapsed()) {
            self.tell(Notice::Changed);
        }
    }

    /// Erases answers, and accounts that people gave, once nobody may ask for them again.
    pub(super) async fn erase_when_due(&self) -> Result<(), Refusal> {
        if self.holds.may_erase(self.clock.elapsed()) {
            let now = self.clock.now();
            self.ledger.erase_answers(now - KEPT_FOR, now).await?;
        }
        Ok(())
    }

    async fn heard(&self, heard: &Heard<'_>) -> Result<Response, Refusal> {
        if let Message::RefundRequested(asked) = &heard.received.message {
            return self.refund_requested(heard, asked).await;
        }
        match self.ledger.kept(heard.called.clone()).await? {
            Kept::Nothing => {}
            kept => return Ok(heard.again(kept)),
        }
        if self.mode.read_only {
            return Ok(heard.answer(&Answer::Unavailable));
        }
        let (answer, recorded) = self.deed(heard).await?;
        let response = heard.answer(&answer);
        if !is_final(&answer) {
            return Ok(response);
        }
        let called = heard.called.clone();
        let kept = self
            .ledger
            .record_call(called, recorded, as_sent(&response));
        let kept = kept.await?;
        failpoint::reach("inbound.committed");
        if kept != Kept::Nothing {
            return Ok(heard.again(kept));
        }
        self.tell_soon();
        self.bell.notify_one();
        Ok(response)
    }

    /// What a call is answered, and what is written down with the answer.
    async fn deed(&self, heard: &Heard<'_>) -> Result<(Answer, Recorded), Refusal> {
        let received = heard.received;
        Ok(match &received.message {
            Message::AccountAdvice { .. } => {
                let answer = self.account_advised(heard.account, received).await?;
                (answer, Recorded::Nothing)
            }
            Message::RefundStatusAsked { .. } => {
                self.refund_status_asked(&heard.called, received).await?
            }
            Message::RefundConfirmed { .. } => (Answer::Acknowledged, confirmed(received)),
            Message::PaymentStatusAsked {
                payment,
                debtor,
                retrieval,
            } => {
                let handle = format!("{}/{payment}", heard.account);
                if self.payment_meant(&handle).await?.is_none() {
                    return Ok((unknown_payment(), Recorded::Nothing));
                }
                let retrieval = retrieval.clone();
                let retrieval = retrieval.unwrap_or_else(|| own_id(&heard.called));
                let errand = advice(&heard.called, payment, &retrieval, debtor.clone());
                (Answer::WillFollow { retrieval }, Recorded::Errand(errand))
            }
            // Has a way of its own.
            Message::RefundRequested(_) => (Answer::Unavailable, Recorded::Nothing),
        })
    }

    /// By rule at once; or a person decides within the time there is; or the network is told that
    /// nobody did.
    async fn refund_requested(
        &self,
        heard: &Heard<'_>,
        asked: &RefundRequested,
    ) -> Result<Response, Refusal> {
        let terms = heard.network.debtor();
        let request = self.new_request(heard, asked, terms);
        loop {
            let situation = self
                .ledger
                .situation(heard.called.clone(), request.clone())
                .await?;
            let (verdict, account) = match situation {
                Situation::Kept(kept) => return Ok(heard.again(kept)),
                Situation::Contradicts => {
                    return Ok(heard.refuse("the refund's id was used for another refund"));
                }
                Situation::Known(state) => return self.end_of(heard, state).await,
                Situation::New(verdict, account) => (verdict, account),
            };
            if self.mode.read_only {
                return Ok(heard.answer(&Answer::Unavailable));
            }
            let answer = match &verdict {
                Verdict::Answer => account.clone().map(|account| Answer::Account {
                    refund: asked.refund.clone(),
                    account,
                }),
                Verdict::Hold(_) if request.deadline > heard.called.at => None,
                Verdict::Hold(why) | Verdict::Refuse(why) => Some(refused(None, why)),
            };
            let response = answer.map(|answer| heard.answer(&answer));
            let filing = Filing {
                called: heard.called.clone(),
                request: request.clone(),
                verdict,
                account,
                answer: response.as_ref().map(as_sent),
            };
            let Filed::Done(id) = self.ledger.file_request(filing).await? else {
                continue;
            };
            failpoint::reach("inbound.committed");
            self.tell_soon();
            return match response {
                Some(response) => Ok(response),
                None => {
                    let state = self.ledger.request_state(id).await?;
                    self.end_of(heard, state).await
                }
            };
        }
    }

    fn new_request(
        &self,
        heard: &Heard<'_>,
        asked: &RefundRequested,
        terms: DebtorTerms,
    ) -> NewRequest {
        NewRequest {
            payment: asked.payment.clone(),
            refund: asked.refund.clone(),
            amount: asked.amount,
            reason: asked.reason.clone(),
            method: asked.method.clone(),
            reference: asked.reference.clone(),
            case: asked.case.clone(),
            creditor: asked.creditor.clone(),
            debtor: asked.debtor.clone(),
            raw: heard.received.raw.clone(),
            deadline: crate::clock::later(heard.called.at, self.holds.hold(terms.hold)),
            automatic: terms.automatic,
            damaged: !self.findings().is_empty(),
        }
    }

    /// Waits until a known request is decided or its time is over, and tells the network. Whoever
    /// asks the same meanwhile waits as long and is told the same.
    async fn end_of(
        &self,
        heard: &Heard<'_>,
        mut state: RequestState,
    ) -> Result<Response, Refusal> {
        loop {
            let now = self.clock.now();
            let waits = state.standing == Standing::Waiting;
            if waits && now < state.deadline {
                // Asked again, a desk that is open goes on waiting.
                if self.mode.read_only || self.duty.is_over() {
                    return Ok(heard.answer(&Answer::Unavailable));
                }
                self.until_decided(state.id, state.deadline).await;
                state = self.ledger.request_state(state.id).await?;
                continue;
            }
            let (told, answer) = ended(heard, &state);
            let response = heard.answer(&answer);
            if self.mode.read_only {
                return Ok(heard.answer(&Answer::Unavailable));
            }
            let called = heard.called.clone();
            let told = self
                .ledger
                .tell_request(state.id, called, told, as_sent(&response), now);
            match told.await? {
                Told::Done => {
                    failpoint::reach("inbound.committed");
                    self.tell_soon();
                    return Ok(response);
                }
                Told::Before(kept) => return Ok(heard.again(kept)),
                Told::Changed => state = self.ledger.request_state(state.id).await?,
            }
        }
    }
}

/// How a request ended, and what the network is told.
fn ended(heard: &Heard<'_>, state: &RequestState) -> (Standing, Answer) {
    let refund = match &heard.received.message {
        Message::RefundRequested(asked) => asked.refund.clone(),
        _ => None,
    };
    match (state.standing, &state.account) {
        (Standing::Answered, Some(account)) => {
            let account = account.clone();
            (Standing::Answered, Answer::Account { refund, account })
        }
        (Standing::Answered, None) => {
            let why = "it was answered too long ago to be answered again";
            (Standing::Answered, refused(None, why))
        }
        (Standing::Refused, _) => {
            let why = state.said.as_deref().unwrap_or("refused");
            (Standing::Refused, refused(state.code.clone(), why))
        }
        (Standing::Waiting | Standing::Expired, _) => {
            let why = "nobody decided in time";
            (Standing::Expired, refused(None, why))
        }
    }
}

fn refused(code: Option<String>, why: &str) -> Answer {
    Answer::Refused {
        code,
        why: why.to_owned(),
        recoverable: false,
    }
}

/// It may be imported yet: asked again, it may be known.
fn unknown_payment() -> Answer {
    Answer::Refused {
        code: None,
        why: "this payment is not known here".to_owned(),
        recoverable: true,
    }
}

/// Whether the same call is to get the same answer ever after.
const fn is_final(answer: &Answer) -> bool {
    !matches!(
        answer,
        Answer::Unavailable
            | Answer::Refused {
                recoverable: true,
                ..
            }
    )
}

fn as_sent(response: &Response) -> NewAnswer {
    NewAnswer {
        status: response.status,
        body: response.body.clone(),
    }
}

fn confirmed(received: &Received) -> Recorded {
    match &received.message {
        Message::RefundConfirmed {
            payment,
            refund,
            status,
            reason,
            reference,
            amount,
            retrieval,
        } => Recorded::Confirmation(NewConfirmation {
            payment: payment.clone(),
            refund: refund.clone(),
            status: status.clone(),
            reason: reason.clone(),
            reference: reference.clone(),
            amount: *amount,
            retrieval: retrieval.clone(),
            raw: received.raw.clone(),
        }),
        _ => Recorded::Nothing,
    }
}

fn advice(called: &Called, payment: &str, retrieval: &str, debtor: Option<String>) -> NewErrand {
    NewErrand {
        account: called.account.clone(),
        about: ErrandAbout::PaymentAdvice {
            payment: payment.to_owned(),
            retrieval: Some(retrieval.to_owned()),
            debtor,
        },
        key: super::errands::key("advice", &[&called.account, &called.name]),
        by: "desk".to_owned(),
        at: called.at,
    }
}

/// Our id of a question that the network gave none: the same however often it is asked.
fn own_id(called: &Called) -> String {
    let digest = Canonical::new("question")
        .text(&called.account)
        .text(&called.name)
        .sha256();
    hex(&digest[..16])
}

/// How a call is known again: by its key, and by what it says about which refund.
fn called(account: &str, call: &Call<'_>, received: &Received, at: DateTime<Utc>) -> Called {
    let name = match &received.idempotency_key {
        Some(key) => format!("key {key}"),
        None => format!("message {}", received.message_id),
    };
    let (kind, payment, refund) = about(&received.message);
    Called {
        account: account.to_owned(),
        name,
        message: received.message_id.clone(),
        kind,
        payment: payment.to_owned(),
        refund: refund.map(str::to_owned),
        call: Canonical::new("call")
            .text(call.path)
            .bytes(call.body)
            .sha256(),
        says: says(&received.message, &received.message_id),
        at,
    }
}

fn about(message: &Message) -> (&'static str, &str, Option<&str>) {
    match message {
        Message::AccountAdvice {
            payment, refund, ..
        } => ("account_advice", payment, Some(refund)),
        Message::RefundStatusAsked {
            payment, refund, ..
        } => ("refund_status_asked", payment, Some(refund)),
        Message::RefundRequested(asked) => {
            let refund = asked.refund.as_deref();
            ("refund_requested", &asked.payment, refund)
        }
        Message::RefundConfirmed {
            payment, refund, ..
        } => ("refund_confirmed", payment, Some(refund)),
        Message::PaymentStatusAsked { payment, .. } => ("payment_status_asked", payment, None),
    }
}

/// Everything a message says that would make it another one.
fn says(message: &Message, message_id: &str) -> [u8; 32] {
    let (kind, payment, refund) = about(message);
    let says = Canonical::new(kind).text(payment).optional(refund);
    match message {
        Message::AccountAdvice {
            account, declined, ..
        } => {
            let number = account.as_ref().map(|account| account.number.as_str());
            says.optional(number).optional(declined.as_deref())
        }
        // A question without an id of its own is the same only in the same message.
        Message::RefundStatusAsked { retrieval, .. }
        | Message::PaymentStatusAsked { retrieval, .. } => {
            says.text(retrieval.as_deref().unwrap_or(message_id))
        }
        Message::RefundRequested(asked) => with_money(says, Some(asked.amount)),
        Message::RefundConfirmed {
            status,
            reason,
            reference,
            amount,
            retrieval,
            ..
        } => with_money(
            says.text(status)
                .optional(reason.as_deref())
                .optional(reference.as_deref())
                .optional(retrieval.as_deref()),
            *amount,
        ),
    }
    .sha256()
}

fn with_money(says: Canonical, amount: Option<Money>) -> Canonical {
    match amount {
        Some(amount) => says.integer(amount.minor).text(amount.currency.code()),
        None => says.integer(0),
    }
}
