//! Personal data: masked wherever it is shown unasked, in full for one look that the audit tells of,
//! erased by two people or when its time is over.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::compose::tidy;
use super::face::{Actor, EraseOrder, Erasure, FullAccount, Notice, Refusal, Revealed};
use super::local::Local;
use super::refusal;
use crate::domain::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::payment::Payment;
use crate::domain::personal::{CONTACTS, mask_contact, mask_name};
use crate::ledger::{Erasing, LedgerError, PersonalClass, Reveal};

/// Payments whose data is erased in one transaction.
const AT_ONCE: u32 = 500;

/// On which business day what is over was last swept to its end.
#[derive(Debug, Default)]
pub(super) struct Sweeps(Mutex<Option<NaiveDate>>);

impl Local {
    /// Shows personal data of a payment, or of a refund's payment, in full.
    pub(super) async fn reveal_payer(
        &self,
        actor: &Actor,
        handle: &str,
    ) -> Result<Revealed, Refusal> {
        // What nobody could write down is not shown.
        self.writable()?;
        let (payment, refund) = self.personal_of(handle).await?;
        let reveal = Reveal {
            payment,
            refund,
            actor: actor.name.clone(),
            now: self.clock.now(),
        };
        let shown = self.ledger.reveal_payer(reveal).await?;
        let account = match refund {
            Some(id) => self.account_paid_to(actor, id).await?,
            None => None,
        };
        Ok(Revealed {
            payment,
            payer: shown.name,
            contacts: shown.contacts,
            proposed: shown.proposed,
            account,
            erased: shown.erased,
        })
    }

    /// The account of a refund's newest transfer, while it is kept.
    async fn account_paid_to(
        &self,
        actor: &Actor,
        id: RefundId,
    ) -> Result<Option<FullAccount>, Refusal> {
        let transfers = self.transfers_of(id).await?;
        match transfers.last().is_some_and(|it| it.account_kept) {
            true => self.full_account(actor, id).await.map(Some),
            false => Ok(None),
        }
    }

    /// The payment, and the refund of it, that a handle means.
    pub(super) async fn personal_of(
        &self,
        handle: &str,
    ) -> Result<(PaymentId, Option<RefundId>), Refusal> {
        if let Some(payment) = self.payment_meant(handle).await? {
            return Ok((payment.id, None));
        }
        let refund = self.refund_named(handle).await?.refund;
        Ok((refund.content.payment, Some(refund.id)))
    }

    /// Proposes to erase what is known of a payer, or does it where another person proposed it.
    pub(super) async fn erase(&self, actor: &Actor, order: EraseOrder) -> Result<Erasure, Refusal> {
        self.writable()?;
        let payment = self.payment_named(&order.payment).await?.id;
        let case_ref = tidy(&order.case_ref)?;
        if case_ref.is_empty() {
            return Err(refusal::usage(
                "case_missing",
                "an erasure names the request it answers",
                "Name the ticket: --case T-1234",
            ));
        }
        let erasing = Erasing {
            payment,
            case_ref,
            actor: actor.name.clone(),
            now: self.clock.now(),
        };
        let erased = self.ledger.erase_payer(erasing).await;
        let erasure = erased.map_err(not_erased)?;
        self.tell(Notice::Changed);
        Ok(Erasure {
            payment,
            case_ref: erasure.case_ref,
            proposed_by: erasure.proposed_by,
            proposed_at: erasure.proposed_at,
            agreed_by: erasure.agreed_by,
            values: erasure.values,
        })
    }

    /// Erases what has been kept for as long as the configuration says: account numbers whenever
    /// it is looked, names and contact data once a business day.
    pub(super) async fn erase_what_is_over(&self) -> Result<(), Refusal> {
        let now = self.clock.now();
        let kept = self.settings.retention;
        let accounts = self.ledger.erase_accounts(kept.accounts, now).await?;
        if accounts > 0 {
            tracing::info!(accounts, "erased: the time after their refunds was over");
        }
        let day = now.with_timezone(&self.settings.zone).date_naive();
        if self.swept_on() == Some(day) {
            return Ok(());
        }
        let names = self.sweep(PersonalClass::Names, kept.names, now).await?;
        let contacts = self
            .sweep(PersonalClass::Contacts, kept.contacts, now)
            .await?;
        if names.max(contacts) < AT_ONCE as usize {
            *self
                .sweeps
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(day);
        }
        if names + contacts > 0 {
            tracing::info!(names, contacts, "erased: their time was over");
            self.tell(Notice::Changed);
        }
        Ok(())
    }

    async fn sweep(
        &self,
        class: PersonalClass,
        kept: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<usize, Refusal> {
        let before = now - kept;
        Ok(self
            .ledger
            .sweep_personal(class, before, AT_ONCE, now)
            .await?)
    }

    fn swept_on(&self) -> Option<NaiveDate> {
        *self
            .sweeps
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn not_erased(error: LedgerError) -> Refusal {
    let next = match &error {
        LedgerError::SamePerson => "Another person agrees, with the same command and case.",
        LedgerError::NotAllowed(_) => "See what is open: refund-desk payment PAYMENT",
        _ => return error.into(),
    };
    Refusal {
        money: "Nothing was erased; no money moves by it.".to_owned(),
        ..refusal::rule("not_erased", error.to_string(), next)
    }
}

/// A payment as it is shown unasked.
pub(super) fn masked(mut payment: Payment) -> Payment {
    payment.payer = payment.payer.as_deref().map(mask_name);
    for (name, value) in &mut payment.details {
        if CONTACTS.contains(&name.as_str()) {
            *value = mask_contact(value);
        }
    }
    payment
}

/// Discrepancies as they are shown unasked: what a file would have the payer be is a name.
pub(super) fn masked_all(found: Vec<Discrepancy>) -> Vec<Discrepancy> {
    found.into_iter().map(masked_one).collect()
}

/// As [`masked_all`].
pub(super) fn masked_one(mut found: Discrepancy) -> Discrepancy {
    if found.kind == DiscrepancyKind::FilePayer {
        found.proposed = found.proposed.as_deref().map(mask_name);
    }
    found
}
