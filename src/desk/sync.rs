//! Sync: payments and their refunds as the providers themselves list them.

use chrono::{DateTime, Months, TimeDelta, Utc};

use super::accounts::Account;
use super::face::{AccountSync, Actor, ImportReport, Notice, Refusal};
use super::local::Local;
use super::turns::{Asking, Patience};
use super::{kinds, refusal};
use crate::domain::eligibility::Window;
use crate::domain::id::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::state::State;
use crate::ledger::{Claim, SyncRecord};
use crate::providers::listing::{ListedPayment, ListedPayments, Span};

/// A payment may come in days after it was made, and lists go by when it was made: what is younger
/// than this is read again (fact sheet of Nuapay, 4).
const AGAIN: TimeDelta = TimeDelta::days(14);
/// How far back an account without a refund period is read.
const PERIOD_DAYS: u32 = 540;
/// Payments written in one go: what breaks off later leaves them.
const BATCH: usize = 100;

/// What of a payment was read, to be marked in one transaction with others.
type Marks = Vec<(PaymentId, DateTime<Utc>)>;

impl Local {
    /// Reads the lists of these accounts, or of all. One that fails leaves the others their work.
    pub(super) async fn sync(
        &self,
        actor: &Actor,
        names: &[String],
    ) -> Result<Vec<AccountSync>, Refusal> {
        self.writable()?;
        self.online()?;
        let mut reports = Vec::new();
        for account in self.chosen(names)? {
            reports.push(self.sync_account(actor, account).await?);
        }
        self.tell(Notice::Changed);
        self.bell.notify_one();
        Ok(reports)
    }

    /// A desk set offline asks no provider.
    pub(super) fn online(&self) -> Result<(), Refusal> {
        match self.mode.offline {
            false => Ok(()),
            true => Err(refusal::rule(
                "offline",
                "the provider cannot be asked while the desk is offline",
                "Open the desk without --offline and try again.",
            )),
        }
    }

    fn chosen(&self, names: &[String]) -> Result<Vec<&Account>, Refusal> {
        if let Some(stranger) = names.iter().find(|name| self.account(name).is_none()) {
            let known: Vec<&str> = self.accounts.iter().map(|it| it.name.as_str()).collect();
            return Err(refusal::usage(
                "unknown_account",
                format!("there is no account {stranger:?}"),
                format!("Name one of: {}", known.join(", ")),
            ));
        }
        let chosen = |it: &&Account| names.is_empty() || names.contains(&it.name);
        Ok(self.accounts.iter().filter(chosen).collect())
    }

    async fn sync_account(&self, actor: &Actor, account: &Account) -> Result<AccountSync, Refusal> {
        let mut report = AccountSync {
            account: account.name.clone(),
            provider: account.profile.name.to_owned(),
            skipped: !account.profile.terms.lists,
            since: None,
            payments: ImportReport::default(),
            verified: 0,
            refunds: 0,
            found: 0,
            failed: None,
        };
        if report.skipped {
            return Ok(report);
        }
        let begun = self.clock.now();
        match self.pull(actor, account, begun, &mut report).await {
            Err(refusal) if refusal.ends_retry() => return Err(refusal),
            pulled => report.failed = pulled.err(),
        }
        // What it said of itself is for other processes too.
        self.note_pulse(account).await;
        let complete = report.failed.is_none();
        let record = SyncRecord {
            account: account.name.clone(),
            complete_from: complete.then_some(begun),
            detail: told(&report),
            actor: actor.name.clone(),
            now: self.clock.now(),
        };
        self.ledger.record_sync(record).await?;
        Ok(report)
    }

    async fn pull(
        &self,
        actor: &Actor,
        account: &Account,
        begun: DateTime<Utc>,
        report: &mut AccountSync,
    ) -> Result<(), Refusal> {
        let provider = account.provider(&self.means()).await?;
        let Some(listing) = provider.listing() else {
            report.skipped = true;
            return Ok(());
        };
        self.heed_others().await?;
        let from = self.since(account, begun).await?;
        report.since = Some(from);
        let span = Span { from, to: begun };
        let asking = self.asking(account, &provider, Patience::Waits);
        let listed = asking.ask(listing.payments(span, &asking));
        let ListedPayments { payments, left_out } = listed.await?;
        if left_out > 0 {
            tracing::warn!(
                account = account.name,
                payments = left_out,
                "left out of the sync: their entries in the provider's list cannot be read"
            );
            report.payments.read += left_out;
            report.payments.rejected += left_out;
        }
        let listed: Vec<_> = payments.into_iter().filter(|it| it.refundable).collect();
        let mut ours = Vec::with_capacity(listed.len());
        for some in listed.chunks(BATCH) {
            let known = self.known(account, some).await?;
            let dated = self.dated(&asking, some, &known).await?;
            let written = self.import_listed(actor, &account.name, &dated).await?;
            add(&mut report.payments, written);
            ours.extend(self.now_known(account, some, known).await?);
        }
        self.pull_refunds(actor, &asking, begun, ours, report).await
    }

    /// What is known of these, in their order.
    async fn known(
        &self,
        account: &Account,
        listed: &[ListedPayment],
    ) -> Result<Vec<Option<Payment>>, Refusal> {
        let mut known = Vec::with_capacity(listed.len());
        for payment in listed {
            let id = PaymentId::derive(&account.name, &payment.provider_payment_id);
            known.push(self.ledger.payment(id).await?);
        }
        Ok(known)
    }

    /// The same once they were taken in. One that was rejected is not known.
    async fn now_known(
        &self,
        account: &Account,
        listed: &[ListedPayment],
        known: Vec<Option<Payment>>,
    ) -> Result<Vec<Payment>, Refusal> {
        let mut payments = Vec::with_capacity(listed.len());
        for (listed, before) in listed.iter().zip(known) {
            let id = PaymentId::derive(&account.name, &listed.provider_payment_id);
            payments.extend(match before {
                Some(payment) => Some(payment),
                None => self.ledger.payment(id).await?,
            });
        }
        Ok(payments)
    }

    /// From when on payments are listed: the whole refund period at first, later what may be new.
    async fn since(&self, account: &Account, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
        let known = self.ledger.freshness().await?;
        let last = known.iter().find(|it| it.account == account.name);
        if let Some(last) = last.and_then(|it| it.synced_at) {
            return Ok(last - AGAIN);
        }
        let window = account.profile.terms.window;
        Ok(match window.unwrap_or(Window::Days(PERIOD_DAYS)) {
            Window::Days(days) => now - TimeDelta::days(days.into()),
            Window::Months(months) => now
                .checked_sub_months(Months::new(months))
                .unwrap_or_default(),
        })
    }

    /// When the money came in stands in each payment's own record: it is asked for once, and a date
    /// that is known stays.
    async fn dated(
        &self,
        asking: &Asking<'_>,
        listed: &[ListedPayment],
        known: &[Option<Payment>],
    ) -> Result<Vec<ListedPayment>, Refusal> {
        let mut dated = Vec::with_capacity(listed.len());
        for (payment, known) in listed.iter().zip(known) {
            let is_dated = known.as_ref().is_some_and(|it| it.settled_at().is_some());
            let settled_at = match asking.provider.listing().filter(|_| !is_dated) {
                None => None,
                Some(listing) => {
                    let asked = listing.settled_at(&payment.provider_payment_id, asking);
                    asking.ask(asked).await?.or(payment.settled_at)
                }
            };
            dated.push(ListedPayment {
                settled_at,
                ..payment.clone()
            });
        }
        Ok(dated)
    }

    /// Takes in one payment as its provider has it now, as if it stood in a list.
    pub(super) async fn read_again(
        &self,
        actor: &Actor,
        asking: &Asking<'_>,
        payment: &Payment,
    ) -> Result<(), Refusal> {
        let Some(listing) = asking.provider.listing() else {
            return Ok(());
        };
        let asked = listing.payment(&payment.provider_payment_id, asking);
        let found = asking.ask(asked).await?;
        if let Some(found) = found.filter(|it| it.refundable) {
            let known = [Some(payment.clone())];
            let dated = self.dated(asking, &[found], &known).await?;
            self.import_listed(actor, &asking.account.name, &dated)
                .await?;
        }
        Ok(())
    }

    /// Those that were never verified come first and then those longest ago, so that what broke off
    /// goes on where it did. What was verified since this sync began needs nothing.
    async fn pull_refunds(
        &self,
        actor: &Actor,
        asking: &Asking<'_>,
        begun: DateTime<Utc>,
        mut payments: Vec<Payment>,
        report: &mut AccountSync,
    ) -> Result<(), Refusal> {
        payments.retain(|it| it.verified_at.is_none_or(|at| at < begun));
        payments.sort_by_key(|it| it.verified_at);
        let mut marks = Marks::new();
        let mut pulled = Ok(());
        for (done, payment) in payments.iter().enumerate() {
            match self.compare(actor, asking, payment).await {
                Ok(compared) => {
                    report.verified += 1;
                    report.refunds += compared.listed;
                    report.found += compared.found;
                    marks.push((payment.id, compared.until));
                }
                Err(refusal) => {
                    pulled = Err(refusal);
                    break;
                }
            }
            if marks.len() >= BATCH {
                let marked = std::mem::take(&mut marks);
                self.ledger.mark_verified(marked).await?;
            }
            self.tell(Notice::Syncing {
                account: asking.account.name.clone(),
                done: done as u64 + 1,
                total: payments.len() as u64,
            });
        }
        self.ledger.mark_verified(marks).await?;
        pulled
    }
}

impl Local {
    /// Before a send the payment's own list of refunds is read again where there is one: what was
    /// made elsewhere meanwhile counts in the check that follows. A list that cannot be read stops
    /// the send, of which no byte has left.
    pub(super) async fn look_first(
        &self,
        claim: &mut Claim,
        account: &Account,
    ) -> Result<(), Refusal> {
        let refund = &claim.summary.refund;
        let (id, state) = (refund.id, refund.state);
        let asks = account.profile.terms.lists && kinds::deed(refund.content.kind).is_some();
        // What may not be sent anyhow is refused where that is decided.
        if !asks || self.mode.offline || !account.standing.may_send(id) {
            return Ok(());
        }
        let provider = account.provider(&self.means()).await?;
        let desk = Actor::named("desk");
        let asking = self.asking(account, &provider, Patience::None);
        let compared = self.compare(&desk, &asking, &claim.payment).await?;
        let payment = claim.payment.id;
        let mark = (payment, compared.until);
        self.ledger.mark_verified(vec![mark]).await?;
        if let Some(payment) = self.ledger.payment(payment).await? {
            claim.payment = payment;
        }
        claim.summary = self.refund_of(id).await?;
        // Of unknown outcome, and there: whatever the line says of it, it does not go again.
        let is_there = state == State::Unknown && compared.shows.contains(&id);
        match claim.summary.refund.state == state && !is_there {
            true => Ok(()),
            false => Err(refusal::unchanged(
                "moved_on",
                "the provider's list says more of this refund than was known",
                "Look at it: nothing was sent now.",
            )),
        }
    }
}

fn add(sum: &mut ImportReport, more: ImportReport) {
    sum.read += more.read;
    sum.new += more.new;
    sum.updated += more.updated;
    sum.unchanged += more.unchanged;
    sum.rejected += more.rejected;
    sum.rejects_file = more.rejects_file.or(sum.rejects_file.take());
}

fn told(report: &AccountSync) -> String {
    let payments = &report.payments;
    format!(
        "read={} new={} updated={} unchanged={} rejected={} verified={} refunds={} found={}",
        payments.read,
        payments.new,
        payments.updated,
        payments.unchanged,
        payments.rejected,
        report.verified,
        report.refunds,
        report.found,
    )
}
