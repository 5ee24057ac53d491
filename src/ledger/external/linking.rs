//! Which refund made elsewhere is one of ours: by the provider's id, by our reference, or because a
//! person says so.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Sighting, observation, one, tell};
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::external::{ExternalRefund, ExternalState};
use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::state::{Event, State};
use crate::ledger::error::LedgerError;
use crate::ledger::evidence::{self, Cadence, Record};
use crate::ledger::{Ledger, discrepancy, refunds};

/// A person says that a refund made elsewhere is one of ours, or that it is not.
#[derive(Clone, Debug)]
pub struct Linking {
    /// Our number of the refund made elsewhere.
    pub external: i64,
    /// The refund of ours; none: it is not one of ours.
    pub refund: Option<RefundId>,
    /// Why.
    pub note: String,
    /// Who says so.
    pub actor: String,
    /// When the refund of ours is looked at next, where that follows.
    pub cadence: Cadence,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Links a refund made elsewhere to one of ours, so that both count once, or takes the link off.
    ///
    /// # Errors
    /// [`LedgerError::NotAllowed`] when they are not of one payment, it is linked already, or
    /// whoever made ours links it.
    pub async fn link_external(&self, linking: Linking) -> Result<ExternalRefund, LedgerError> {
        self.write(move |connection| link(connection, &linking))
            .await
    }
}

/// The refund of ours that a sighting names by id or reference, on the same payment.
pub(super) fn ours(
    connection: &Connection,
    account: &str,
    seen: &Sighting,
) -> Result<Option<RefundId>, LedgerError> {
    let id: Option<String> = connection
        .prepare_cached(
            "SELECT id FROM refunds WHERE account = ?1 AND provider_refund_id = ?2 AND payment_id = ?4
             UNION SELECT r.id FROM attempts a JOIN refunds r ON r.id = a.refund_id
                   WHERE a.correlation = ?3 AND r.account = ?1 AND r.payment_id = ?4
             LIMIT 1",
        )?
        .query_row(
            params![account, seen.provider_refund_id, seen.correlation, seen.payment.as_i64()],
            |row| row.get(0),
        )
        .optional()?;
    id.map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
        .transpose()
}

pub(super) fn set_link(
    connection: &Connection,
    id: i64,
    ours: Option<RefundId>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached("UPDATE external_refunds SET linked_refund = ?2 WHERE seq = ?1")?
        .execute(params![id, ours.map(|ours| ours.to_string())])?;
    Ok(())
}

/// Ours just learned its id at the provider: what was found under that id before is ours.
pub(in crate::ledger) fn link_known(
    connection: &Connection,
    record: &Record,
) -> Result<(), LedgerError> {
    let linked: Vec<i64> = connection
        .prepare_cached(
            "UPDATE external_refunds SET linked_refund = ?1
             WHERE linked_refund IS NULL AND provider_refund_id = ?2
               AND (account, payment_id) = (SELECT account, payment_id FROM refunds WHERE id = ?1)
             RETURNING seq",
        )?
        .query_map(
            params![record.id.to_string(), record.provider_refund_id],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    for id in linked {
        let told = (record.actor.as_str(), "external.linked");
        tell(connection, id, told, "", record.now)?;
    }
    Ok(())
}

fn link(connection: &Connection, linking: &Linking) -> Result<ExternalRefund, LedgerError> {
    let found = one(connection, linking.external)?;
    let ours = match linking.refund {
        Some(id) => Some(linkable(connection, &found, id, &linking.actor)?),
        None if found.linked.is_none() => return Err(not_allowed("it is not linked")),
        None => None,
    };
    set_link(connection, found.id, linking.refund)?;
    let action = match &ours {
        Some(_) => "external.linked",
        None => "external.unlinked",
    };
    let refund = linking.refund.or(found.linked);
    let also = format!(
        " refund={} note={}",
        refund.map_or_else(String::new, |id| id.to_string()),
        linking.note
    );
    let told = (linking.actor.as_str(), action);
    tell(connection, found.id, told, &also, linking.now)?;
    if let Some(ours) = &ours {
        observe_link(connection, &found, ours, linking)?;
    }
    discrepancy::open_if_overdrawn(connection, found.payment, linking.now)?;
    one(connection, linking.external)
}

fn not_allowed(why: &str) -> LedgerError {
    LedgerError::NotAllowed(why.to_owned())
}

fn linkable(
    connection: &Connection,
    found: &ExternalRefund,
    id: RefundId,
    actor: &str,
) -> Result<Refund, LedgerError> {
    let ours = refunds::one(connection, id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    if ours.content.payment != found.payment {
        return Err(not_allowed("the two are of different payments"));
    }
    if found.linked.is_some() {
        return Err(not_allowed(
            "it is linked already; take that link off first",
        ));
    }
    if ours.content.maker == actor {
        return Err(not_allowed(
            "whoever made a refund does not decide what it turned out to be",
        ));
    }
    Ok(ours)
}

/// One person's link ends nothing that is open: that takes a provider's word about ours or two
/// people (T15). But a refund closed as unpaid that turns out paid counts at once (T23).
fn observe_link(
    connection: &Connection,
    found: &ExternalRefund,
    ours: &Refund,
    linking: &Linking,
) -> Result<(), LedgerError> {
    let said = format!("linked by {}: {}", linking.actor, linking.note);
    let observation = observation(found, &said, linking.now);
    let closed_unpaid = matches!(
        ours.state,
        State::Failed | State::Rejected | State::Canceled | State::Expired
    );
    if !(closed_unpaid && found.state == ExternalState::Done) {
        return evidence::observe(connection, ours.id, &observation, None);
    }
    let record = Record {
        id: ours.id,
        event: Event::Evidence(Evidence::Report {
            status: Reported::Succeeded,
            amount: Some(found.amount),
        }),
        actor: linking.actor.clone(),
        note: Some(linking.note.clone()),
        observation: Some(observation),
        provider_refund_id: found.provider_refund_id.clone(),
        trace: None,
        unpaid: None,
        fence: None,
        exchange: None,
        cadence: linking.cadence,
        now: linking.now,
    };
    evidence::apply(connection, &record).map(|_| ())
}

/// The id by which the provider knows ours, where the sighting has another.
pub(super) fn other_id(
    connection: &Connection,
    ours: RefundId,
    seen: &Sighting,
) -> Result<Option<String>, LedgerError> {
    let known: Option<String> = connection
        .prepare_cached("SELECT provider_refund_id FROM refunds WHERE id = ?1")?
        .query_row([ours.to_string()], |row| row.get(0))?;
    Ok(known.filter(|known| Some(known) != seen.provider_refund_id.as_ref()))
}

/// Two refunds at the provider under the references of one of ours: the second is no word about the
/// first. It counts on top, and nothing more is sent until people have found out.
pub(super) fn second_payout(
    connection: &Connection,
    found: &ExternalRefund,
    ours: RefundId,
    known: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if !matches!(found.state, ExternalState::Pending | ExternalState::Done) {
        return Ok(());
    }
    let detail = format!(
        "the provider has {known} and {} under our references of one refund; the second is {} {}",
        found.provider_refund_id.as_deref().unwrap_or("-"),
        found.state.name(),
        found.amount
    );
    let kind = DiscrepancyKind::PaidTwice;
    discrepancy::open(
        connection,
        found.payment,
        Some(&ours.to_string()),
        kind,
        &detail,
        now,
    )
}
