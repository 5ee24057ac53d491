//! What becomes of discrepancies: who looks after them, and how they are closed.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::Ledger;
use super::error::LedgerError;
use super::external::note;
use super::payers;
use super::refunds;
use super::row::{millis, time};
use crate::domain::discrepancy::{Discrepancy, DiscrepancyKind, Resolution};
use crate::domain::id::{PaymentId, RefundId};

/// Which discrepancies, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscrepancyFilter {
    /// About this payment.
    pub payment: Option<PaymentId>,
    /// About this refund.
    pub refund: Option<RefundId>,
    /// Those that were closed, too.
    pub closed: bool,
}

/// A person closes a discrepancy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Which.
    pub id: i64,
    /// What was found out; an alert may be acknowledged without.
    pub note: String,
    /// What the file says is made so.
    pub accept: bool,
    /// Who closes it.
    pub actor: String,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Discrepancies, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn discrepancies(
        &self,
        filter: DiscrepancyFilter,
    ) -> Result<Vec<Discrepancy>, LedgerError> {
        self.read(move |connection| list(connection, &filter)).await
    }

    /// How many alerts nobody has acknowledged: refunds that came back.
    ///
    /// # Errors
    /// The database failed.
    pub async fn alerts(&self) -> Result<u64, LedgerError> {
        self.read(|connection| {
            let open: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM discrepancies WHERE resolved_at IS NULL AND kind = ?1",
                )?
                .query_row([DiscrepancyKind::CameBack.name()], |row| row.get(0))?;
            Ok(u64::try_from(open).unwrap_or(0))
        })
        .await
    }

    /// Closes a discrepancy. Refunds it held back go on once nothing else holds them back.
    ///
    /// # Errors
    /// [`LedgerError::NotAllowed`] when it is closed already, whoever made its refund closes it, or
    /// what is to be accepted cannot be; nothing was written.
    pub async fn close_discrepancy(&self, closing: Closing) -> Result<Discrepancy, LedgerError> {
        self.write(move |connection| close(connection, &closing))
            .await
    }

    /// Says who looks after a discrepancy.
    ///
    /// # Errors
    /// There is none of that number, or it is closed.
    pub async fn assign_discrepancy(
        &self,
        id: i64,
        owner: String,
        actor: String,
        now: DateTime<Utc>,
    ) -> Result<Discrepancy, LedgerError> {
        self.write(move |connection| {
            let open = open(connection, id)?;
            connection.execute(
                "UPDATE discrepancies SET owner = ?2 WHERE seq = ?1",
                params![id, owner],
            )?;
            let detail = format!("discrepancy={id} owner={owner}");
            note(
                connection,
                open.payment,
                &actor,
                "discrepancy.assigned",
                &detail,
                now,
            )?;
            one(connection, id)
        })
        .await
    }
}

const COLUMNS: &str =
    "SELECT d.seq, d.payment_id, p.reference, p.account, d.refund_id, d.kind, d.detail, d.proposed,
     d.owner, d.opened_at, d.resolved_at, d.resolved_by, d.note
     FROM discrepancies d JOIN payments p ON p.id = d.payment_id";

/// Discrepancies, oldest first, in the caller's transaction.
pub(super) fn list(
    connection: &Connection,
    filter: &DiscrepancyFilter,
) -> Result<Vec<Discrepancy>, LedgerError> {
    let open = if filter.closed {
        ""
    } else {
        "d.resolved_at IS NULL AND"
    };
    let found = connection
        .prepare_cached(&format!(
            "{COLUMNS} WHERE {open} (?1 IS NULL OR d.payment_id = ?1) AND (?2 IS NULL OR d.refund_id = ?2)
             ORDER BY d.seq"
        ))?
        .query_map(
            params![
                filter.payment.map(PaymentId::as_i64),
                filter.refund.map(|id| id.to_string())
            ],
            |row| Ok(discrepancy(row)),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    found.into_iter().collect()
}

fn one(connection: &Connection, id: i64) -> Result<Discrepancy, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE d.seq = ?1"))?;
    let mut rows = statement.query([id])?;
    match rows.next()? {
        Some(row) => discrepancy(row),
        None => Err(LedgerError::NotFound("discrepancy")),
    }
}

fn open(connection: &Connection, id: i64) -> Result<Discrepancy, LedgerError> {
    let found = one(connection, id)?;
    match &found.resolution {
        None => Ok(found),
        Some(resolution) => Err(LedgerError::NotAllowed(format!(
            "discrepancy {id} was closed by {}: {}",
            resolution.by, resolution.note
        ))),
    }
}

fn discrepancy(row: &Row<'_>) -> Result<Discrepancy, LedgerError> {
    let kind: String = row.get(5)?;
    let refund: Option<String> = row.get(4)?;
    let resolved_at: Option<i64> = row.get(10)?;
    let by: Option<String> = row.get(11)?;
    let note: Option<String> = row.get(12)?;
    Ok(Discrepancy {
        id: row.get(0)?,
        payment: PaymentId::from_i64(row.get(1)?),
        reference: row.get(2)?,
        account: row.get(3)?,
        refund: refund
            .map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
            .transpose()?,
        kind: DiscrepancyKind::from_name(&kind).ok_or(LedgerError::Damaged(kind))?,
        detail: row.get(6)?,
        proposed: row.get(7)?,
        owner: row.get(8)?,
        opened_at: time(row.get(9)?),
        resolution: resolved_at.map(|at| Resolution {
            by: by.unwrap_or_default(),
            at: time(at),
            note: note.unwrap_or_default(),
        }),
    })
}

fn close(connection: &Connection, closing: &Closing) -> Result<Discrepancy, LedgerError> {
    let open = open(connection, closing.id)?;
    if !open.kind.is_alert() {
        may_close(connection, &open, closing)?;
    }
    if closing.accept {
        accept(connection, &open)?;
    }
    mark_closed(connection, &open, closing)?;
    one(connection, closing.id)
}

/// Two people stated what became of a refund: what contradicted itself about it is answered. What
/// was paid too much of its payment is not, and stays.
pub(super) fn close_answered(
    connection: &Connection,
    refund: RefundId,
    answer: &Closing,
) -> Result<(), LedgerError> {
    let about = DiscrepancyFilter {
        refund: Some(refund),
        ..DiscrepancyFilter::default()
    };
    for open in list(connection, &about)? {
        if open.kind == DiscrepancyKind::Evidence {
            mark_closed(connection, &open, answer)?;
        }
    }
    Ok(())
}

fn mark_closed(
    connection: &Connection,
    open: &Discrepancy,
    closing: &Closing,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE discrepancies SET resolved_at = ?2, resolved_by = ?3, note = ?4 WHERE seq = ?1",
        )?
        .execute(params![
            open.id,
            millis(closing.now),
            closing.actor,
            closing.note
        ])?;
    let detail = format!(
        "discrepancy={} kind={} refund={} accepted={} note={}",
        open.id,
        open.kind.name(),
        open.refund
            .map_or_else(|| "-".to_owned(), |id| id.to_string()),
        closing.accept,
        closing.note
    );
    let action = "discrepancy.resolved";
    note(
        connection,
        open.payment,
        &closing.actor,
        action,
        &detail,
        closing.now,
    )
}

/// What is doubtful is cleared up in words, and not by whoever made the refund.
fn may_close(
    connection: &Connection,
    open: &Discrepancy,
    closing: &Closing,
) -> Result<(), LedgerError> {
    if closing.note.trim().is_empty() {
        return Err(LedgerError::NotAllowed("say what was found out".to_owned()));
    }
    let Some(id) = open.refund else { return Ok(()) };
    let made = refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))?;
    if made.refund.content.maker == closing.actor {
        return Err(LedgerError::NotAllowed(format!(
            "{} made the refund it is about; another person closes it",
            closing.actor
        )));
    }
    Ok(())
}

/// Makes what a file says so. Only who paid can be made so: what was captured never changes, for
/// holds were judged on it.
fn accept(connection: &Connection, open: &Discrepancy) -> Result<(), LedgerError> {
    match (open.kind, &open.proposed) {
        (DiscrepancyKind::FilePayer, Some(payer)) => {
            payers::rename(connection, open.payment, payer)
        }
        (DiscrepancyKind::FileAmount | DiscrepancyKind::FileCurrency, _) => {
            Err(LedgerError::NotAllowed(
                "what was captured never changes: refunds were judged on it; if the file is right, \
                 refund at the provider what the desk cannot, and close this with a note"
                    .to_owned(),
            ))
        }
        _ => Err(LedgerError::NotAllowed(
            "there is nothing to accept: say what was found out and close it".to_owned(),
        )),
    }
}
