//! The desk in this process: single user, demo, commands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, broadcast, mpsc, watch};

use super::Desk;
use super::accounts::{Account, Means};
use super::backup::Rounds;
use super::duty::Duty;
use super::explain;
use super::face::{
    self, Actor, Elsewhere, Notice, Overview, PaymentCard, PaymentRow, RefundRow, Refusal, Reply,
    Request,
};
use super::heads::Heads;
use super::holding::Holds;
use super::personal::{Sweeps, masked, masked_all};
use super::{kinds, rules};
use crate::clock::Clock;
use crate::config::{Environ, Environment, Settings};
use crate::domain::eligibility::{self, Eligibility, Terms, WhyNot};
use crate::domain::finding::Finding;
use crate::domain::limits::Limits;
use crate::domain::listing::{AccountFreshness, PaymentQuery};
use crate::domain::payment::Payment;
use crate::domain::personal::mask_name;
use crate::ledger::{Judgement, Ledger, Occupancy, OpenOptions, RefundSummary, holder, occupy};
use crate::providers::Deed;

/// Notices a slow listener may fall behind before it misses some.
const NOTICES: usize = 1024;

/// How this desk may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Nothing is sent and no provider is asked.
    pub offline: bool,
    /// Nothing is written.
    pub read_only: bool,
    /// A service runs it, for whoever connects: it alone opens the database.
    pub shared: bool,
}

/// What a desk is made of.
pub struct Parts {
    /// The settings in force.
    pub settings: Settings,
    /// The environment, for secrets.
    pub environ: Environ,
    /// The database file.
    pub database: std::path::PathBuf,
    /// Where rows that cannot be imported go.
    pub rejects: std::path::PathBuf,
    /// How it may act.
    pub mode: Mode,
    /// The clock.
    pub clock: Clock,
    /// Who opens it: rules that changed in the configuration are recorded under this name.
    pub opened_by: String,
}

/// The desk in this process, under one configuration. What outlives a configuration is shared; a
/// request keeps the one it began with.
pub struct Local {
    shared: Arc<Shared>,
    pub(super) settings: Settings,
    pub(super) accounts: Vec<Account>,
    /// Another configuration has taken its place: whoever works goes over to that.
    pub(super) retired: watch::Sender<bool>,
}

impl std::ops::Deref for Local {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// What stays the same whatever the configuration says.
pub struct Shared {
    pub(super) environ: Environ,
    pub(super) ledger: Ledger,
    pub(super) rejects: std::path::PathBuf,
    /// The data folder.
    pub(super) data: std::path::PathBuf,
    pub(super) backups: Rounds,
    pub(super) heads: Heads,
    pub(super) sweeps: Sweeps,
    pub(super) mode: Mode,
    pub(super) clock: Clock,
    pub(super) holder: String,
    /// Rung when there may be new work.
    pub(super) bell: Notify,
    /// What the last check of the records found.
    pub(super) findings: Mutex<Arc<[Finding]>>,
    pub(super) duty: Duty,
    pub(super) holds: Holds,
    /// The right to work on the database; none where it is only read.
    _occupancy: Option<Occupancy>,
    notices: broadcast::Sender<Notice>,
    /// Listeners that miss nothing.
    followers: Mutex<Vec<mpsc::UnboundedSender<Notice>>>,
}

impl Local {
    /// Opens the desk and its ledger. Blocks for as long as the database takes to open.
    ///
    /// # Errors
    /// Every reason not to touch the database, and what to do about it.
    pub fn open(parts: Parts) -> Result<Arc<Self>, Refusal> {
        let data = parts.database.parent().map(Into::into).unwrap_or_default();
        let alone = parts.mode.shared;
        let occupancy = (!parts.mode.read_only).then(|| occupy(&parts.database, alone));
        let occupancy = occupancy.transpose()?;
        let ledger = Ledger::open(&OpenOptions {
            path: parts.database,
            environment: parts.settings.environment.name().to_owned(),
            read_only: parts.mode.read_only,
            now: parts.clock.now(),
        })?;
        let mut settings = parts.settings;
        let rules = rules::of(&settings);
        settings.policy.version = ledger.adopt(rules, parts.opened_by, parts.clock.now())?;
        let shared = Shared {
            environ: parts.environ,
            mode: parts.mode,
            // Before the first check this much is known: the database may have lost its end.
            findings: Mutex::new(ledger.lost().cloned().into_iter().collect()),
            ledger,
            rejects: parts.rejects,
            data,
            backups: Rounds::default(),
            heads: Heads::default(),
            sweeps: Sweeps::default(),
            clock: parts.clock,
            holder: holder(),
            bell: Notify::new(),
            duty: Duty::default(),
            holds: Holds::default(),
            _occupancy: occupancy,
            notices: broadcast::Sender::new(NOTICES),
            followers: Mutex::default(),
        };
        Ok(Arc::new(Self::under(Arc::new(shared), settings)))
    }

    /// The desk under these settings, which were adopted.
    fn under(shared: Arc<Shared>, settings: Settings) -> Self {
        let accounts = settings.accounts.iter();
        Self {
            accounts: accounts.map(|it| Account::new(it, &settings)).collect(),
            settings,
            shared,
            retired: watch::Sender::new(false),
        }
    }

    /// The same desk under other settings.
    pub(super) fn succeeded_by(&self, settings: Settings) -> Self {
        Self::under(Arc::clone(&self.shared), settings)
    }

    /// True where nobody can say who else agrees: no service, and it is in earnest.
    pub(super) fn is_alone(&self) -> bool {
        !self.mode.shared && self.settings.environment != Environment::Sandbox
    }

    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    pub(super) fn means(&self) -> Means<'_> {
        Means {
            settings: &self.settings,
            environ: &self.environ,
            clock: &self.clock,
        }
    }

    /// What the desk tells from now on, none of it lost however slow the listener is: what it has
    /// not taken in stays in memory.
    pub fn follow(&self) -> mpsc::UnboundedReceiver<Notice> {
        let (follower, notices) = mpsc::unbounded_channel();
        self.followers().push(follower);
        notices
    }

    fn followers(&self) -> MutexGuard<'_, Vec<mpsc::UnboundedSender<Notice>>> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens; nobody listening is no error.
    pub(super) fn tell(&self, notice: Notice) {
        self.followers()
            .retain(|follower| follower.send(notice.clone()).is_ok());
        let _ = self.notices.send(notice);
    }

    /// The terms of an account. One that left the configuration cannot send.
    pub(super) fn terms(&self, account: &str) -> Terms {
        self.account(account).map_or(
            Terms {
                can_send: false,
                window: None,
                needs_settlement: false,
                currencies: Vec::new(),
                compensation: false,
                limits: Limits::default(),
                lists: false,
            },
            |account| account.profile.terms.clone(),
        )
    }

    fn judgement(&self) -> Judgement {
        Judgement {
            accounts: self
                .accounts
                .iter()
                .map(|account| (account.name.clone(), account.profile.terms.clone()))
                .collect(),
            now: self.clock.now(),
        }
    }

    pub(super) fn writable(&self) -> Result<(), Refusal> {
        if self.mode.read_only {
            Err(Refusal::read_only())
        } else {
            Ok(())
        }
    }

    async fn answer(&self, actor: &Actor, request: Request) -> Result<Reply, Refusal> {
        self.permitted(actor, &request).await?;
        self.note_who_came(actor, &request).await?;
        match request {
            Request::Overview => self.overview().await.map(Reply::Overview),
            Request::Payments(query) => self.payments(query).await.map(Reply::Payments),
            Request::Twins(ids) => self.with_twins(ids).await.map(Reply::Twins),
            Request::Totals(filter) => {
                let totals = self.ledger.totals(filter, self.judgement()).await?;
                Ok(Reply::Totals(totals))
            }
            Request::Payment(handle) => self.payment_card(&handle).await,
            Request::RebuildBalance(handle) => self.rebuild(actor, &handle).await,
            Request::PaymentAsOf { payment, at } => self.payment_as_of(&payment, at).await,
            Request::Preview(draft) => self.preview(actor, &draft).await,
            Request::Plan(ask) => self.plan(actor, &ask).await,
            Request::Compose(draft) => self.compose(actor, &draft).await,
            Request::Drafts(ask) => self.drafts(actor, ask).await,
            Request::Refunds(filter) => {
                let found = self.ledger.refunds(filter).await?;
                Ok(Reply::Refunds(found.into_iter().map(row).collect()))
            }
            Request::Refund(handle) => self.refund_card(actor, &handle).await,
            Request::Call(handle) => self.call(&handle).await,
            Request::Trace(handle) => self.trace(&handle).await,
            Request::Radar => {
                let radar = self.radar().await?;
                Ok(Reply::Radar(Box::new(radar)))
            }
            Request::Review(handle) => self.review(actor, &handle).await,
            Request::Approve { refund, seen } => self.approve(actor, &refund, &seen).await,
            Request::Decline { refund, note } => self.decline(actor, &refund, &note).await,
            Request::Resolve(resolve) => self.resolve(actor, &resolve).await,
            Request::Retry(order) => self.retry(actor, &order).await,
            Request::ToDo => self.to_do(actor).await.map(Reply::ToDo),
            Request::Cancel { refund, note, stop } => self.cancel(actor, &refund, note, stop).await,
            Request::Capture { refund, note } => self.capture(actor, &refund, note).await,
            Request::Release { refund } => self.release(actor, &refund).await,
            Request::Sync { accounts } => self.sync(actor, &accounts).await.map(Reply::Synced),
            Request::Inbox { all } => self.inbox(all).await.map(Reply::Inbox),
            Request::AnswerRequest(order) => self
                .answer_request(actor, order)
                .await
                .map(|it| Reply::Inbound(Box::new(it))),
            Request::AskRequest { request } => self
                .ask_request(actor, request)
                .await
                .map(|it| Reply::Inbound(Box::new(it))),
            Request::ImportAccounts(import) => self
                .import_accounts(actor, import)
                .await
                .map(Reply::Imported),
            Request::Import(import) => self.import(actor, import).await.map(Reply::Imported),
            Request::Audit { filter, limit } => {
                self.audit_about(filter, limit).await.map(Reply::Audit)
            }
            Request::VerifyAudit { earlier } => {
                self.verify_audit(earlier).await.map(Reply::AuditVerified)
            }
            Request::Backup { file } => self.backup(actor, file).await.map(Reply::BackedUp),
            Request::Safeguards => self.safeguards().await.map(Reply::Safeguards),
            Request::Discrepancies { closed } => self.discrepancies(closed).await,
            Request::CloseDiscrepancy(close) => self.close_discrepancy(actor, close).await,
            Request::AssignDiscrepancy { id, owner } => {
                self.assign_discrepancy(actor, id, &owner).await
            }
            Request::RecordExternal(news) => self.record_external(actor, news).await,
            Request::LinkExternal(link) => self.link_external(actor, link).await,
            Request::RecordDispute(report) => self.record_dispute(actor, report).await,
            Request::Work { refund } => self.work(refund).await.map(Reply::Worked),
            Request::Verify { unless_lately } => {
                self.verify(unless_lately).await.map(Reply::Verified)
            }
            Request::Providers => self.providers().await.map(Reply::Providers),
            Request::Service => self.service().await.map(Reply::Service),
            Request::StopSending(order) => {
                self.stop_sending(actor, order).await.map(Reply::Stopped)
            }
            Request::Bank(ask) => self.bank(actor, ask).await,
            Request::Evidence(ask) => {
                let evidence = self.prove(actor, ask).await?;
                Ok(Reply::Evidence(Box::new(evidence)))
            }
            Request::AccessReview { date } => {
                let review = self.access_review(date).await?;
                Ok(Reply::AccessReview(Box::new(review)))
            }
            Request::Reveal { subject } => self
                .reveal_payer(actor, &subject)
                .await
                .map(Reply::Revealed),
            Request::Erase(order) => self.erase(actor, order).await.map(Reply::Erasure),
            Request::Roster(ask) => self.roster(actor, ask).await,
            Request::Note(order) => self.note(actor, order).await,
            Request::Tend(order) => self.look_after(actor, order).await,
            Request::Handover { since } => self.handover(actor, since).await,
            Request::Order(handle) => self.order(&handle).await,
            Request::Views(ask) => self.views(actor, ask).await,
            Request::ResumeSending(order) => self
                .resume_sending(actor, order)
                .await
                .map(Reply::Resumption),
        }
    }

    async fn overview(&self) -> Result<Overview, Refusal> {
        let known = self.ledger.freshness().await?;
        self.heed_others().await?;
        let accounts = self.accounts.iter().map(|account| face::Account {
            provider: account.profile.name.to_owned(),
            success_means: account.profile.success_means.to_owned(),
            can_send: account.profile.terms.can_send,
            voids: kinds::can(Some(account), Deed::Void),
            stops: kinds::can(Some(account), Deed::Stop),
            batch_closes: account.batch_closes(),
            not_answering: account.standing.wait(&self.clock).is_some(),
            marks: Some(account.profile.marks),
            compensates: {
                let terms = &account.profile.terms;
                self.compensates(terms.compensation, &terms.currencies)
            },
            freshness: known
                .iter()
                .find(|freshness| freshness.account == account.name)
                .cloned()
                .unwrap_or_else(|| AccountFreshness {
                    account: account.name.clone(),
                    imported_at: None,
                    synced_at: None,
                    payments: 0,
                }),
        });
        let configured = |name: &String| self.accounts.iter().any(|it| it.name == *name);
        let former = known.iter().map(|it| it.account.clone());
        Ok(Overview {
            former: former.filter(|name| !configured(name)).collect(),
            label: self.settings.environment.label().to_owned(),
            zone: self.settings.zone.name().to_owned(),
            offline: self.mode.offline,
            read_only: self.mode.read_only,
            damaged: self.findings().len() as u64,
            stops: self.ledger.stops().await?,
            came_back: self.ledger.alerts().await?,
            counts: self.ledger.state_counts().await?,
            accounts: accounts.collect(),
            send_delay_ms: u64::try_from(self.settings.send_delay.as_millis()).unwrap_or(u64::MAX),
            shared: self.mode.shared,
        })
    }

    async fn payments(&self, query: PaymentQuery) -> Result<Vec<PaymentRow>, Refusal> {
        let judgement = self.judgement();
        let now = judgement.now;
        let page = self.ledger.payments(query, judgement).await?;
        Ok(page
            .into_iter()
            .map(|placed| PaymentRow {
                place: placed.place,
                eligibility: self.judge(&placed.payment, now),
                payment: masked(placed.payment),
            })
            .collect())
    }

    pub(super) fn judge(
        &self,
        payment: &Payment,
        now: chrono::DateTime<chrono::Utc>,
    ) -> eligibility::Eligibility {
        let judged = eligibility::of_payment(payment, &self.terms(&payment.account), now);
        self.worded(&payment.account, judged)
    }

    /// Payments that our own customers made are listed, and refunded by the merchant alone.
    pub(super) fn worded(&self, account: &str, judged: Eligibility) -> Eligibility {
        let ours = |account| kinds::can(Some(account), Deed::Refund);
        let theirs = self.account(account).is_some_and(|it| !ours(it));
        match judged.why_not {
            Some(WhyNot::NoProvider) if theirs => Eligibility {
                why_not: Some(WhyNot::PaidByUs),
                ..judged
            },
            _ => judged,
        }
    }

    pub(super) async fn payment_card(&self, handle: &str) -> Result<Reply, Refusal> {
        let known = self.dossier_named(handle).await?;
        let (payment, refunds) = (known.payment, known.refunds);
        let now = self.clock.now();
        let terms = self.terms(&payment.account);
        let eligibility = self.judge(&payment, now);
        let judged = (&eligibility, &terms, now);
        let elsewhere = Elsewhere {
            external: known.external,
            disputes: known.disputes,
            discrepancies: masked_all(known.discrepancies),
        };
        Ok(Reply::Payment(Box::new(PaymentCard {
            twin: known.twin,
            notes: known.notes,
            explained: explain::balance(&payment, &refunds, &elsewhere, judged),
            elsewhere,
            payment: masked(payment),
            eligibility,
            refunds,
        })))
    }

    /// Tells that a refund changed, and rings for whoever does the work.
    pub(super) fn changed(&self, summary: RefundSummary) {
        self.tell(Notice::Refund(Box::new(row(summary))));
        self.bell.notify_one();
    }
}

/// A refund as lists show it.
pub(super) fn row(summary: RefundSummary) -> RefundRow {
    RefundRow {
        refund: summary.refund,
        reference: summary.reference,
        payer: summary.payer.as_deref().map(mask_name),
        last4: summary.last4,
    }
}

impl Desk for Local {
    fn ask<'a>(
        &'a self,
        actor: &'a Actor,
        request: Request,
    ) -> BoxFuture<'a, Result<Reply, Refusal>> {
        self.answer(actor, request).boxed()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn knows(&self, actor: &Actor) -> bool {
        !self.standing(actor).roles.is_empty()
    }
}
