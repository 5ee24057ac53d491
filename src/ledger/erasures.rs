//! Names, contact data and account numbers of payers: looked at, and erased by two people or when
//! their time is over. What is left is a salted hash; the audit tells of it, never of the value.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::care;
use super::drafts;
use super::error::LedgerError;
use super::external::note;
use super::notes;
use super::payers::{self, EMAIL, Salted};
use super::personal;
use super::row::millis;
use crate::domain::digest::Canonical;
use crate::domain::id::{PaymentId, RefundId};

/// What of a payment is personal: values by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Who paid.
    Names,
    /// How to reach them.
    Contacts,
}

/// A look at personal data in full.
#[derive(Clone, Debug)]
pub struct Reveal {
    /// Whose.
    pub payment: PaymentId,
    /// The refund it was looked at from.
    pub refund: Option<RefundId>,
    /// Who looks.
    pub actor: String,
    /// When.
    pub now: DateTime<Utc>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Who paid.
    pub name: Option<String>,
    /// Contact data, by name.
    pub contacts: Vec<(String, String)>,
    /// Who files say paid, where that is open.
    pub proposed: Vec<String>,
    /// It was erased.
    pub erased: bool,
}

/// One person's word that a payer is to be erased; the second carries it out.
#[derive(Clone, Debug)]
pub struct Erasing {
    /// Whose payment.
    pub payment: PaymentId,
    /// The request they made: a number of a ticket.
    pub case_ref: String,
    /// Who says so.
    pub actor: String,
    /// When.
    pub now: DateTime<Utc>,
}

/// How far an erasure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The request.
    pub case_ref: String,
    /// The first person, and when.
    pub proposed_by: String,
    /// When they proposed it.
    pub proposed_at: DateTime<Utc>,
    /// The second person; none yet: it waits.
    pub agreed_by: Option<String>,
    /// How many values are gone.
    pub values: u32,
}

impl Ledger {
    /// Shows personal data in full, and tells the audit who looked at what.
    ///
    /// # Errors
    /// The payment is not known, or the database failed: then nothing is shown.
    pub async fn reveal_payer(&self, reveal: Reveal) -> Result<Shown, LedgerError> {
        self.write(move |connection| {
            let shown = known(connection, reveal.payment)?;
            let mut seen: Vec<&str> = Vec::new();
            seen.extend(shown.name.as_ref().map(|_| "name"));
            seen.extend(shown.contacts.iter().map(|(name, _)| name.as_str()));
            seen.extend((!shown.proposed.is_empty()).then_some("proposed_name"));
            let detail = format!(
                "refund={} values={}",
                reveal.refund.map_or("-".to_owned(), |id| id.to_string()),
                if seen.is_empty() {
                    "none".to_owned()
                } else {
                    seen.join(",")
                }
            );
            let action = "personal.revealed";
            note(
                connection,
                reveal.payment,
                &reveal.actor,
                action,
                &detail,
                reveal.now,
            )?;
            Ok(shown)
        })
        .await
    }

    /// Proposes to erase what is known of a payer, or does it where another person proposed it.
    ///
    /// # Errors
    /// A refund or dispute of the payment is open; the same person said so first; another request
    /// waits; there is nothing to erase; the database failed.
    pub async fn erase_payer(&self, erasing: Erasing) -> Result<Erasure, LedgerError> {
        self.write(move |connection| erase_payer(connection, &erasing))
            .await
    }

    /// Erases the values of one class on payments that ended before `before`; at most `most` of
    /// them at a time. Says how many payments.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep_personal(
        &self,
        class: Class,
        before: DateTime<Utc>,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, LedgerError> {
        let ripe = self
            .scanner
            .run(move |connection| ripe(connection, class, before, most))
            .await?;
        if ripe.is_empty() {
            return Ok(0);
        }
        self.write(move |connection| sweep(connection, class, &ripe, before, now))
            .await
    }
}

fn known(connection: &Connection, payment: PaymentId) -> Result<Shown, LedgerError> {
    let is_known: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM payments WHERE id = ?1)")?
        .query_row([payment.as_i64()], |row| row.get(0))?;
    if !is_known {
        return Err(LedgerError::NotFound("payment"));
    }
    let payer = payers::of(connection, payment)?;
    let proposed = connection
        .prepare_cached(
            "SELECT proposed FROM discrepancies
             WHERE payment_id = ?1 AND proposed IS NOT NULL AND resolved_at IS NULL ORDER BY seq",
        )?
        .query_map([payment.as_i64()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let email = |salted: Salted| (EMAIL.to_owned(), salted.value);
    Ok(Shown {
        erased: payer.name_erased || payer.contacts_erased,
        name: payer.name.map(|salted| salted.value),
        contacts: payer.email.map(email).into_iter().collect(),
        proposed,
    })
}

fn erase_payer(connection: &Connection, erasing: &Erasing) -> Result<Erasure, LedgerError> {
    may_erase(connection, erasing.payment)?;
    let Some((seq, first)) = waiting(connection, erasing.payment)? else {
        return propose(connection, erasing);
    };
    if first.proposed_by == erasing.actor {
        return Err(LedgerError::SamePerson);
    }
    if first.case_ref != erasing.case_ref {
        return Err(LedgerError::NotAllowed(format!(
            "{} proposed to erase it for case {}; name that case to agree",
            first.proposed_by, first.case_ref
        )));
    }
    connection
        .prepare_cached("UPDATE erasures SET agreed_by = ?2, agreed_at = ?3 WHERE seq = ?1")?
        .execute(params![seq, erasing.actor, millis(erasing.now)])?;
    let mut gone = erase_name(connection, erasing.payment, erasing.now)?;
    gone.extend(erase_contacts(connection, erasing.payment, erasing.now)?);
    gone.extend(erase_accounts(connection, erasing.payment, erasing.now)?);
    care::forget(connection, erasing.payment)?;
    gone.extend(notes::erase_of(connection, erasing.payment, erasing.now)?);
    drafts::erase(connection, erasing.payment)?;
    let hashes: Vec<String> = gone
        .iter()
        .map(|(kind, sha256)| format!("{kind}_sha256={sha256}"))
        .collect();
    let detail = format!(
        "values={} {} proposed_by={} note={}",
        gone.len(),
        hashes.join(" "),
        first.proposed_by,
        erasing.case_ref
    );
    let action = "personal.erased";
    note(
        connection,
        erasing.payment,
        &erasing.actor,
        action,
        &detail,
        erasing.now,
    )?;
    Ok(Erasure {
        agreed_by: Some(erasing.actor.clone()),
        values: u32::try_from(gone.len()).unwrap_or(u32::MAX),
        ..first
    })
}

/// Whoever's money is on its way, or disputed, may have to be found.
fn may_erase(connection: &Connection, payment: PaymentId) -> Result<(), LedgerError> {
    let (known, refunds, disputes): (bool, bool, bool) = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM payments WHERE id = ?1),
                    EXISTS (SELECT 1 FROM refunds WHERE payment_id = ?1 AND state IN
                        ('reserved', 'awaiting_approval', 'approved', 'submitting', 'pending', 'action_required', 'unknown')),
                    EXISTS (SELECT 1 FROM disputes WHERE payment_id = ?1
                        AND stage IN ('alert', 'inquiry', 'open', 'under_review'))",
        )?
        .query_row([payment.as_i64()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let open = match (known, refunds, disputes) {
        (false, ..) => return Err(LedgerError::NotFound("payment")),
        (_, true, _) => "a refund",
        (_, _, true) => "a dispute",
        _ => return Ok(()),
    };
    Err(LedgerError::NotAllowed(format!(
        "{open} of this payment is open: nothing is erased before it ends"
    )))
}

fn waiting(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Option<(i64, Erasure)>, LedgerError> {
    let found = connection
        .prepare_cached(
            "SELECT seq, case_ref, proposed_by, proposed_at FROM erasures
             WHERE payment_id = ?1 AND agreed_at IS NULL",
        )?
        .query_row([payment.as_i64()], |row| {
            Ok((
                row.get(0)?,
                Erasure {
                    case_ref: row.get(1)?,
                    proposed_by: row.get(2)?,
                    proposed_at: super::row::time(row.get(3)?),
                    agreed_by: None,
                    values: 0,
                },
            ))
        })
        .optional()?;
    Ok(found)
}

fn propose(connection: &Connection, erasing: &Erasing) -> Result<Erasure, LedgerError> {
    let shown = known(connection, erasing.payment)?;
    let accounts = accounts_of(connection, erasing.payment)?;
    let written = notes::is_any(connection, erasing.payment)?;
    if shown.name.is_none() && shown.contacts.is_empty() && accounts.is_empty() && !written {
        return Err(LedgerError::NotAllowed(
            "nothing is known of this payer that could be erased".to_owned(),
        ));
    }
    connection
        .prepare_cached(
            "INSERT INTO erasures (payment_id, case_ref, proposed_by, proposed_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            erasing.payment.as_i64(),
            erasing.case_ref,
            erasing.actor,
            millis(erasing.now)
        ])?;
    let detail = format!("note={}", erasing.case_ref);
    let action = "personal.erasure_proposed";
    note(
        connection,
        erasing.payment,
        &erasing.actor,
        action,
        &detail,
        erasing.now,
    )?;
    Ok(Erasure {
        case_ref: erasing.case_ref.clone(),
        proposed_by: erasing.actor.clone(),
        proposed_at: erasing.now,
        agreed_by: None,
        values: 0,
    })
}

/// What is gone: what it was, and its hash.
pub(super) type Gone = Vec<(String, String)>;

/// Erases the name of a payer, and what files say it is.
pub(super) fn erase_name(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<Gone, LedgerError> {
    let name = payers::of(connection, payment)?.name;
    let gone = leave_hash(connection, payment, "name", name.as_ref(), now)?;
    payers::erase_name(connection, payment, now)?;
    connection
        .prepare_cached(
            "UPDATE discrepancies SET proposed = NULL WHERE payment_id = ?1 AND proposed IS NOT NULL",
        )?
        .execute([payment.as_i64()])?;
    Ok(gone)
}

/// Erases how to reach a payer.
pub(super) fn erase_contacts(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<Gone, LedgerError> {
    let email = payers::of(connection, payment)?.email;
    let gone = leave_hash(connection, payment, EMAIL, email.as_ref(), now)?;
    payers::erase_contacts(connection, payment, now)?;
    Ok(gone)
}

/// Account numbers that are kept apart already: theirs stays the hash they have.
fn erase_accounts(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<Gone, LedgerError> {
    let mut gone = Gone::new();
    for number in accounts_of(connection, payment)? {
        if let Some(kept) = personal::kept(connection, number)? {
            personal::erase(connection, number, now)?;
            gone.push(("account".to_owned(), kept.sha256));
        }
    }
    Ok(gone)
}

/// The account numbers that stand in full for a payment. A transfer that the bank may still have
/// keeps its own.
fn accounts_of(connection: &Connection, payment: PaymentId) -> Result<Vec<i64>, LedgerError> {
    let numbers = connection
        .prepare_cached(
            "SELECT DISTINCT p.id FROM personal p WHERE p.value IS NOT NULL AND p.id IN (
                 SELECT t.account_ref FROM transfers t JOIN refunds r ON r.id = t.refund_id
                 WHERE r.payment_id = ?1
                   AND NOT EXISTS (SELECT 1 FROM transfers o WHERE o.refund_id = r.id AND o.state = 'in_file')
                 UNION ALL
                 SELECT f.personal_id FROM accounts_on_file f JOIN payments m
                   ON m.account = f.account AND m.provider_payment_id = f.provider_payment_id
                 WHERE m.id = ?1)
             ORDER BY p.id",
        )?
        .query_map([payment.as_i64()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(numbers)
}

/// Keeps the salted hash of a value that is about to go; nothing of none.
fn leave_hash(
    connection: &Connection,
    payment: PaymentId,
    kind: &str,
    salted: Option<&Salted>,
    now: DateTime<Utc>,
) -> Result<Gone, LedgerError> {
    let Some(Salted { value, salt }) = salted else {
        return Ok(Gone::new());
    };
    let sha256 = Canonical::new("personal").bytes(salt).text(value).hex();
    connection
        .prepare_cached(
            "INSERT INTO erased_values (payment_id, kind, salt, sha256, erased_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            payment.as_i64(),
            kind,
            salt,
            sha256,
            millis(now)
        ])?;
    Ok(vec![(kind.to_owned(), sha256)])
}

impl Class {
    /// Whether a payment still has values of the class.
    const fn present(self) -> &'static str {
        match self {
            // What notes say is kept for as long as names: it may be one.
            Self::Names => {
                "(y.name IS NOT NULL OR EXISTS (SELECT 1 FROM notes n WHERE n.payment_id = p.id AND n.text IS NOT NULL))"
            }
            Self::Contacts => "y.email IS NOT NULL",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Contacts => "contacts",
        }
    }
}

/// Payments that ended before a time and of which nothing is open.
fn ripe(
    connection: &Connection,
    class: Class,
    before: DateTime<Utc>,
    most: u32,
) -> Result<Vec<PaymentId>, LedgerError> {
    let ids = connection
        .prepare_cached(&format!(
            "SELECT p.id FROM payments p CROSS JOIN payers y ON y.payment_id = p.id
             WHERE (p.settled_key < ?1
                    OR p.settled_key >= {NEVER_SETTLED} AND p.settled_key < {NEVER_SETTLED} + ?1)
               AND {} AND {OVER} LIMIT ?2",
            class.present()
        ))?
        .query_map(params![millis(before), most], |row| row.get(0))?
        .map(|id| id.map(PaymentId::from_i64))
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// What has no settlement date sorts behind everything that has, by capture (`V001__ledger.sql`).
const NEVER_SETTLED: i64 = 1_000_000_000_000_000;

const OVER: &str = "NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND (r.updated_at >= ?1
                 OR r.state IN ('reserved', 'awaiting_approval', 'approved', 'submitting', 'pending',
                                'action_required', 'unknown')))
             AND NOT EXISTS (SELECT 1 FROM disputes d WHERE d.payment_id = p.id AND (d.updated_at >= ?1
                 OR d.stage IN ('alert', 'inquiry', 'open', 'under_review')))";

fn sweep(
    connection: &Connection,
    class: Class,
    ripe: &[PaymentId],
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize, LedgerError> {
    let mut payments = 0;
    let mut values = 0;
    for payment in ripe {
        // It was looked up before this transaction.
        let still: bool = connection
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM payments p WHERE p.id = ?2 AND {OVER})"
            ))?
            .query_row(params![millis(before), payment.as_i64()], |row| row.get(0))?;
        if !still {
            continue;
        }
        values += match class {
            Class::Names => {
                erase_name(connection, *payment, now)?.len()
                    + notes::erase_of(connection, *payment, now)?.len()
            }
            Class::Contacts => erase_contacts(connection, *payment, now)?.len(),
        };
        payments += 1;
    }
    if payments > 0 {
        let before = before.format("%Y-%m-%d");
        let detail = format!("payments={payments} values={values} ended_before={before}");
        super::audit::append(
            connection,
            &super::audit::Deed {
                at: now,
                actor: "desk",
                action: "personal.swept",
                subject: class.name(),
                detail: &detail,
            },
        )?;
    }
    Ok(payments)
}
