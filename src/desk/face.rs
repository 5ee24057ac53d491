//! The desk's face: what is asked, answered and told, as plain data.
//!
//! Screens and commands know only these types; whether the desk runs in this process or behind a
//! socket makes no difference to them.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::approval::{Approval, Decline};
use crate::domain::audit::{Anchor, AuditEntry, AuditFilter};
use crate::domain::delegation::{MayApprove, Roster};
use crate::domain::discrepancy::Discrepancy;
use crate::domain::dispute::Dispute;
use crate::domain::eligibility::Eligibility;
use crate::domain::external::ExternalRefund;
use crate::domain::finding::Finding;
use crate::domain::handover::Handover;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::inbound_request::InboundRequest;
use crate::domain::listing::{PaymentFilter, PaymentQuery, Place, RefundFilter, Totals};
use crate::domain::money::Money;
use crate::domain::note::Note;
use crate::domain::order::Order;
use crate::domain::parked::Parked;
use crate::domain::payment::{Payment, Twin};
use crate::domain::phone::Call;
use crate::domain::plan::Plan;
use crate::domain::radar::Radar;
use crate::domain::refund::{Attempt, Observation, Refund};
use crate::domain::resolution::Proposal;
use crate::domain::sending::{Resumption, Stop};
use crate::domain::todo::Step;
use crate::domain::trace::TraceNote;
use crate::domain::transfer::Transfer;
use crate::domain::view::Views;

mod actor;
mod audit;
mod bank;
mod care;
mod compose;
mod decisions;
mod draft;
mod drafts;
mod elsewhere;
mod evidence;
mod import;
mod inbox;
mod note;
mod overview;
mod personal;
mod plan;
mod refusal;
mod roster;
mod safeguards;
mod sending;
mod service;
mod sync;
mod todo;
mod views;

pub use actor::Actor;
pub use audit::AuditVerified;
pub use bank::{
    BankAnswer, BankAsk, FileContent, FullAccount, Reconciled, TransferWord, Transfers, Unexplained,
};
pub use care::{TendOrder, Tended};
pub use compose::{Composed, Limit, Preview, WirePreview};
pub use decisions::{Resolve, Retried, RetryOrder, Review, Stated};
pub use draft::{Draft, Planned};
pub use drafts::DraftAsk;
pub use elsewhere::{CloseDiscrepancy, DisputeReport, Elsewhere, ExternalNews, LinkExternal};
pub use evidence::{AccessReview, Evidence, EvidenceAsk, EvidencePage, PersonSeen, RuleInForce};
pub use import::{Import, ImportFile, ImportReport};
pub use inbox::{AnswerOrder, AnswerWith};
pub use note::NoteOrder;
pub use overview::{Account, Overview};
pub use personal::{EraseOrder, Erasure, Revealed};
pub use plan::PlanAsk;
pub use refusal::{Class, Refusal};
pub use roster::RosterAsk;
pub use safeguards::*;
pub use sending::{ProviderState, SendingOrder, StopWord};
pub use service::{ServiceState, Worked};
pub use sync::AccountSync;
pub use todo::ToDoItem;
pub use views::ViewsAsk;

/// What a screen or command asks of the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// What the top line shows. Answer: [`Reply::Overview`].
    Overview,
    /// A page of payments. Answer: [`Reply::Payments`].
    Payments(PaymentQuery),
    /// Which of these payments look like one paid twice. Answer: [`Reply::Twins`].
    Twins(Vec<PaymentId>),
    /// Count and sums of a filter. Answer: [`Reply::Totals`].
    Totals(PaymentFilter),
    /// One payment by our id, `ACCOUNT/PROVIDER_ID` or a unique reference. Answer:
    /// [`Reply::Payment`].
    Payment(String),
    /// Compares one payment with its provider's own list of refunds: what was made elsewhere is
    /// taken in, and what is not there opens a discrepancy. Answer: [`Reply::Payment`].
    RebuildBalance(String),
    /// One payment as this desk had it at a time, recomputed from the audit. Answer:
    /// [`Reply::Payment`].
    PaymentAsOf {
        /// As in [`Request::Payment`].
        payment: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// What a refund would be, without writing anything. Answer: [`Reply::Preview`].
    Preview(Draft),
    /// What would become of many refunds, row by row, without writing anything. It is carried out by
    /// composing [`Draft::of_plan`] for each row. Answer: [`Reply::Plan`].
    Plan(PlanAsk),
    /// Reserves and queues a refund. Answer: [`Reply::Composed`].
    Compose(Draft),
    /// What one was composing and left: one's own alone. Answer: [`Reply::Drafts`].
    Drafts(DraftAsk),
    /// Refunds, newest first. Answer: [`Reply::Refunds`].
    Refunds(RefundFilter),
    /// One refund by its id, `ACCOUNT/PROVIDER_ID`, the end of its id, or the reference of a
    /// payment that has just one refund. Answer: [`Reply::Refund`].
    Refund(String),
    /// Everything of the payer or order of a payment, on all accounts, with a sentence to read aloud
    /// per refund: a payment or refund as typed. Answer: [`Reply::Call`].
    Call(String),
    /// What may be given to a customer or a bank about a refund. Answer: [`Reply::Trace`].
    Trace(String),
    /// How refunds go: ages, ends, reasons, speed. Answer: [`Reply::Radar`].
    Radar,
    /// Withdraws a refund that was not sent, or, where that is asked for, has its provider stop one
    /// that was: until that is proven it stands as before, with a later step under way. Answer: [`Reply::Refund`].
    Cancel {
        /// Which.
        refund: String,
        /// Why.
        note: Option<String>,
        /// If it was sent, have its provider stop it.
        stop: bool,
    },
    /// Has its provider pay a refund that it only authorised: until that is proven it stands as
    /// before, with a later step under way. Answer: [`Reply::Refund`].
    Capture {
        /// Which.
        refund: String,
        /// Why.
        note: Option<String>,
    },
    /// Lets a refund go that was composed offline. Answer: [`Reply::Refund`].
    Release {
        /// Which.
        refund: String,
    },
    /// What a checker looks at before approving. Answer: [`Reply::Review`].
    Review(String),
    /// Approves a refund, or carries out what another person stated about it. Answer:
    /// [`Reply::Refund`].
    Approve {
        /// Which.
        refund: String,
        /// The hash that was shown with it ([`Refund::approval_hash`]).
        seen: String,
    },
    /// Declines a refund that waits for a checker, or what another person stated about it. Answer:
    /// [`Reply::Refund`].
    Decline {
        /// Which.
        refund: String,
        /// Why.
        note: String,
    },
    /// States what became of a refund; the second person who does carries it out. Answer:
    /// [`Reply::Refund`].
    Resolve(Resolve),
    /// Tries again what was not paid for lack of funds. Answer: [`Reply::Retried`].
    Retry(RetryOrder),
    /// What waits for a person. Answer: [`Reply::ToDo`].
    ToDo,
    /// Requests at the debtor's side: those that wait, oldest first, or the newest of all. Answer:
    /// [`Reply::Inbox`].
    Inbox {
        /// What was decided, too.
        all: bool,
    },
    /// Decides a request that waits for a person. Answer: [`Reply::Inbound`].
    AnswerRequest(AnswerOrder),
    /// Asks the network whether the refund of a request was paid. Answer: [`Reply::Inbound`].
    AskRequest {
        /// Our number of the request.
        request: i64,
    },
    /// Reads files of accounts that payments came from. Answer: [`Reply::Imported`].
    ImportAccounts(Import),
    /// Reads settlement files. Answer: [`Reply::Imported`]; on the way [`Notice::Importing`].
    Import(Import),
    /// Reads payments and refunds from the providers that list them. Answer: [`Reply::Synced`]; on
    /// the way [`Notice::Syncing`].
    Sync {
        /// These accounts; empty: all.
        accounts: Vec<String>,
    },
    /// The newest audit entries, oldest of them first. Answer: [`Reply::Audit`].
    Audit {
        /// Which; the subject is a refund, a payment (with its refunds) or an imported file.
        filter: AuditFilter,
        /// At most this many.
        limit: u32,
    },
    /// Walks the whole audit and compares it with earlier heads, if any are given. Answer:
    /// [`Reply::AuditVerified`].
    VerifyAudit {
        /// What earlier checks told, and lines that were kept outside.
        earlier: Vec<Anchor>,
    },
    /// Writes a backup to a new file. Answer: [`Reply::BackedUp`].
    Backup {
        /// The file.
        file: PathBuf,
    },
    /// Backups, and accounts that are closed for sending. Answer: [`Reply::Safeguards`].
    Safeguards,
    /// What contradicts what is known, oldest first. Answer: [`Reply::Discrepancies`].
    Discrepancies {
        /// What was closed, too.
        closed: bool,
    },
    /// Closes a discrepancy. Answer: [`Reply::Discrepancy`].
    CloseDiscrepancy(CloseDiscrepancy),
    /// Says who looks after a discrepancy. Answer: [`Reply::Discrepancy`].
    AssignDiscrepancy {
        /// Our number of it.
        id: i64,
        /// Who.
        owner: String,
    },
    /// A refund made elsewhere became known. Answer: [`Reply::External`].
    RecordExternal(ExternalNews),
    /// A refund made elsewhere is one of ours, or is not. Answer: [`Reply::External`].
    LinkExternal(LinkExternal),
    /// A dispute became known, or went on. Answer: [`Reply::Dispute`].
    RecordDispute(DisputeReport),
    /// Sends what may be sent and asks about what is due, once. Answer: [`Reply::Worked`].
    Work {
        /// Only this refund.
        refund: Option<RefundId>,
    },
    /// Checks all records: the file, every balance, every refund, the audit. Reads the whole
    /// database. While something is wrong with a payment, nothing is composed or sent on it.
    /// Answer: [`Reply::Verified`].
    Verify {
        /// Not where all was found right within a day: the answer then says when.
        unless_lately: bool,
    },
    /// How each account and its provider stand. Answer: [`Reply::Providers`].
    Providers,
    /// How the service itself stands. Answer: [`Reply::Service`].
    Service,
    /// Stops sending, at once. Answer: [`Reply::Stopped`].
    StopSending(SendingOrder),
    /// Proposes to resume sending, or resumes where another person proposed it. Answer:
    /// [`Reply::Resumption`].
    ResumeSending(SendingOrder),
    /// The bank leg: transfers, payment files, what the bank says. Answer: as each says.
    Bank(BankAsk),
    /// One page of proof per refund. Answer: [`Reply::Evidence`].
    Evidence(EvidenceAsk),
    /// Who held which role and limits on a business day. Answer: [`Reply::AccessReview`].
    AccessReview {
        /// The day.
        date: NaiveDate,
    },
    /// Personal data of a payment or refund in full; the audit says who saw it. Answer:
    /// [`Reply::Revealed`].
    Reveal {
        /// The payment or refund, as typed.
        subject: String,
    },
    /// Proposes to erase what is known of a payer, or does it where another person proposed it.
    /// Answer: [`Reply::Erasure`].
    Erase(EraseOrder),
    /// Who approves in whose place, and who is away. Answer: [`Reply::Roster`].
    Roster(RosterAsk),
    /// Writes a note on a payment or refund. Answer: [`Reply::Noted`].
    Note(NoteOrder),
    /// Looks after something in To do. Answer: [`Reply::Tended`].
    Tend(TendOrder),
    /// What the next shift must know. Answer: [`Reply::Handover`].
    Handover {
        /// Notes since then; none: of the last eight hours.
        since: Option<DateTime<Utc>>,
    },
    /// Every payment and refund of an order, with sums: the order's name, or a payment or refund of it.
    /// Answer: [`Reply::Order`].
    Order(String),
    /// One's own columns and views of the list of payments. Answer: [`Reply::Views`].
    Views(ViewsAsk),
}

/// What the desk answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Overview`].
    Overview(Overview),
    /// To [`Request::Payments`], in list order.
    Payments(Vec<PaymentRow>),
    /// To [`Request::Twins`]: those that do.
    Twins(Vec<PaymentId>),
    /// To [`Request::Totals`].
    Totals(Totals),
    /// To [`Request::Payment`] and [`Request::PaymentAsOf`].
    Payment(Box<PaymentCard>),
    /// To [`Request::Preview`].
    Preview(Box<Preview>),
    /// To [`Request::Plan`].
    Plan(Box<Plan>),
    /// To [`Request::Compose`].
    Composed(Box<Composed>),
    /// To [`Request::Drafts`]: those that are left, newest first.
    Drafts(Vec<Parked>),
    /// To [`Request::Refunds`].
    Refunds(Vec<RefundRow>),
    /// To [`Request::Refund`] and every decision about one.
    Refund(Box<RefundCard>),
    /// To [`Request::Call`].
    Call(Box<Call>),
    /// To [`Request::Trace`].
    Trace(Box<TraceNote>),
    /// To [`Request::Radar`].
    Radar(Box<Radar>),
    /// To [`Request::Review`].
    Review(Box<Review>),
    /// To [`Request::Retry`], oldest first.
    Retried(Vec<Retried>),
    /// To [`Request::ToDo`]: by tab, oldest first.
    ToDo(Vec<ToDoItem>),
    /// To [`Request::Inbox`].
    Inbox(Vec<InboundRequest>),
    /// To [`Request::AnswerRequest`] and [`Request::AskRequest`].
    Inbound(Box<InboundRequest>),
    /// To [`Request::Import`] and [`Request::ImportAccounts`].
    Imported(ImportReport),
    /// To [`Request::Sync`], in the order of the configuration.
    Synced(Vec<AccountSync>),
    /// To [`Request::Audit`].
    Audit(Vec<AuditEntry>),
    /// To [`Request::VerifyAudit`].
    AuditVerified(AuditVerified),
    /// To [`Request::Backup`].
    BackedUp(Backup),
    /// To [`Request::Safeguards`].
    Safeguards(Safeguards),
    /// To [`Request::Discrepancies`].
    Discrepancies(Vec<Discrepancy>),
    /// To [`Request::CloseDiscrepancy`] and [`Request::AssignDiscrepancy`].
    Discrepancy(Box<Discrepancy>),
    /// To [`Request::RecordExternal`] and [`Request::LinkExternal`].
    External(Box<ExternalRefund>),
    /// To [`Request::RecordDispute`].
    Dispute(Box<Dispute>),
    /// To [`Request::Work`].
    Worked(Worked),
    /// To [`Request::Verify`].
    Verified(Verified),
    /// To [`Request::Providers`], in the order of the configuration.
    Providers(Vec<ProviderState>),
    /// To [`Request::Service`].
    Service(ServiceState),
    /// To [`Request::StopSending`].
    Stopped(Stop),
    /// To [`Request::ResumeSending`].
    Resumption(Resumption),
    /// To [`Request::Bank`].
    Bank(Box<BankAnswer>),
    /// To [`Request::Evidence`].
    Evidence(Box<Evidence>),
    /// To [`Request::AccessReview`].
    AccessReview(Box<AccessReview>),
    /// To [`Request::Reveal`].
    Revealed(Revealed),
    /// To [`Request::Erase`].
    Erasure(Erasure),
    /// To [`Request::Roster`].
    Roster(Box<Roster>),
    /// To [`Request::Note`].
    Noted(Box<Note>),
    /// To [`Request::Tend`].
    Tended(Tended),
    /// To [`Request::Handover`].
    Handover(Box<Handover>),
    /// To [`Request::Order`].
    Order(Box<Order>),
    /// To [`Request::Views`].
    Views(Box<Views>),
}

/// What the desk tells without being asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// A refund changed.
    Refund(Box<RefundRow>),
    /// More changed than single notices tell, by an import or another process: lists and sums
    /// are stale.
    Changed,
    /// An import goes on.
    Importing {
        /// Rows written.
        done: u64,
        /// Rows in all.
        total: u64,
    },
    /// A sync goes on.
    Syncing {
        /// The account whose lists are read.
        account: String,
        /// Payments whose refunds were read.
        done: u64,
        /// Payments in all.
        total: u64,
    },
    /// The service that does the work cannot be reached (true), or can again: then everything is
    /// stale. A desk that works by itself never says so.
    ServiceAway(bool),
}

/// A payment in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// Its place in the list, to page on from.
    pub place: Place,
    /// The payment.
    pub payment: Payment,
    /// What can be refunded of it now.
    pub eligibility: Eligibility,
}

/// A payment with everything about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCard {
    /// The payment.
    pub payment: Payment,
    /// What can be refunded of it now.
    pub eligibility: Eligibility,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// What is known of it beside its refunds.
    pub elsewhere: Elsewhere,
    /// Another that looks like the same paid twice.
    #[serde(default)]
    pub twin: Option<Twin>,
    /// The balance line by line: the figures add up to the last.
    pub explained: Vec<BalanceLine>,
    /// What people wrote on it and on its refunds, oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// One line of a balance explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceLine {
    /// What it is, in plain words.
    pub label: String,
    /// Signed: what it adds or takes away.
    pub amount: Money,
    /// The refund it comes from.
    pub refund: Option<RefundId>,
    /// A sum of the lines above it.
    pub is_sum: bool,
}

/// A refund in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRow {
    /// The refund.
    pub refund: Refund,
    /// The payment's reference.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
}

/// A refund with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundCard {
    /// The refund and its payment in short.
    pub row: RefundRow,
    /// What a success means at its provider; none when its account left the configuration.
    pub success_means: Option<String>,
    /// Its attempts, oldest first. Bodies stand as people read them; the SHA-256 is of the exact
    /// bytes.
    pub attempts: Vec<Attempt>,
    /// Its observations, oldest first.
    pub observations: Vec<Observation>,
    /// Approvals, oldest first, also those that lost their force.
    pub approvals: Vec<Approval>,
    /// A checker's no.
    pub decline: Option<Decline>,
    /// Outcomes that people stated, oldest first.
    pub proposals: Vec<Proposal>,
    /// What the audit has about it that nothing else here tells, oldest first.
    #[serde(default)]
    pub deeds: Vec<AuditEntry>,
    /// What people wrote on it and on its payment, oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Its bank leg, oldest try first; empty where its provider pays.
    #[serde(default)]
    pub transfers: Vec<Transfer>,
    /// The step it waits for, when it waits for a person.
    pub step: Option<Step>,
    /// Whether it can still be stopped; none: it has ended.
    #[serde(default)]
    pub stop: Option<StopWord>,
    /// What is open about it, oldest first.
    pub discrepancies: Vec<Discrepancy>,
    /// Who may approve it, while it waits for a checker and roles say who is one.
    #[serde(default)]
    pub may_approve: Option<MayApprove>,
}

/// What a check of all records looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Payments looked at.
    pub payments: u64,
    /// Refunds looked at.
    pub refunds: u64,
    /// Audit entries looked at.
    pub audit_entries: u64,
    /// What is wrong; empty: nothing.
    pub findings: Vec<Finding>,
    /// All was found right then, and nothing was looked at now.
    #[serde(default)]
    pub found_right_at: Option<DateTime<Utc>>,
}
