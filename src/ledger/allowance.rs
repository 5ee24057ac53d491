//! What people and accounts used of their limits in a business day, and what each refund was made
//! under.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::error::LedgerError;
use super::reserve::Reservation;
use crate::domain::allowance::{Figures, Judged, Terms, Used};
use crate::domain::id::RefundId;
use crate::domain::money::{Currency, Money};
use crate::domain::refund::Content;
use crate::domain::role::{Right, Through};

/// What a refund was made under: the limits then in force for its maker and its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeUnder {
    /// The business day.
    pub day: NaiveDate,
    /// Principal and compensation.
    pub weight: Money,
    /// By what right; none: no roles were configured.
    pub right: Option<Right>,
    /// The limits of that right.
    pub figures: Figures,
    /// The account's cap for a business day, in minor units.
    pub cap_per_day: Option<i64>,
    /// What was used before it.
    pub used: Used,
}

impl Ledger {
    /// What a maker, and an account, used of a business day in a currency. What failed, was
    /// refused, withdrawn or expired is given back.
    ///
    /// # Errors
    /// The database failed.
    pub async fn used(
        &self,
        maker: String,
        account: String,
        currency: Currency,
        day: NaiveDate,
    ) -> Result<Used, LedgerError> {
        self.read(move |connection| used(connection, &maker, &account, currency, day))
            .await
    }

    /// What a refund was made under; none for one that a restore took over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn made_under(&self, id: RefundId) -> Result<Option<MadeUnder>, LedgerError> {
        self.read(move |connection| made_under(connection, id))
            .await
    }
}

fn used(
    connection: &Connection,
    maker: &str,
    account: &str,
    currency: Currency,
    day: NaiveDate,
) -> Result<Used, LedgerError> {
    let sum = |column: &str, who: &str| -> Result<Money, LedgerError> {
        let minor: i64 = connection
            .prepare_cached(&format!(
                "SELECT coalesce(sum(minor), 0) FROM used_allowance
                 WHERE {column} = ?1 AND currency = ?2 AND day = ?3"
            ))?
            .query_row(params![who, currency.code(), day.to_string()], |row| {
                row.get(0)
            })?;
        Ok(Money::new(minor, currency))
    };
    Ok(Used {
        by_maker: sum("maker", maker)?,
        on_account: sum("account", account)?,
    })
}

/// What leaves with a refund: principal and compensation.
fn weight(content: &Content) -> Money {
    let minor = content
        .amount
        .minor
        .saturating_add(content.compensation.minor);
    Money::new(minor, content.amount.currency)
}

/// Judges a reservation by its maker's and its account's limits, and writes down under what it is
/// made; in the caller's transaction, before the refund itself.
pub(super) fn judge(
    connection: &Connection,
    reservation: &Reservation,
    account: &str,
) -> Result<Judged, LedgerError> {
    let (content, terms) = (&reservation.content, &reservation.allowed);
    let weight = weight(content);
    let used = used(
        connection,
        &content.maker,
        account,
        weight.currency,
        terms.day,
    )?;
    let judged = terms
        .judge(weight, &used)
        .map_err(LedgerError::OverAllowance)?;
    put(connection, reservation, account, &judged, &used)?;
    Ok(judged)
}

fn put(
    connection: &Connection,
    reservation: &Reservation,
    account: &str,
    judged: &Judged,
    used: &Used,
) -> Result<(), LedgerError> {
    let (content, figures) = (&reservation.content, &judged.figures);
    let Terms {
        account_cap, day, ..
    } = &reservation.allowed;
    let (role, via_group) = columns(judged.right.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO made_under (refund_id, maker, account, currency, day, minor, role, role_version,
                 via_group, free_refund, free_day, hard_refund, hard_day, cap_per_day, used, account_used)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT max(version) FROM rules WHERE subject = ?7), ?8, ?9,
                 ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            reservation.id.to_string(),
            content.maker,
            account,
            content.amount.currency.code(),
            day.to_string(),
            weight(content).minor,
            role,
            via_group,
            figures.free_refund,
            figures.free_day,
            figures.hard_refund,
            figures.hard_day,
            account_cap.map(|cap| cap.minor),
            used.by_maker.minor,
            used.on_account.minor,
        ])?;
    Ok(())
}

/// A right as the tables hold it: the rule it comes from, and the group through which.
pub(super) fn columns(right: Option<&Right>) -> (Option<String>, Option<&str>) {
    let role = right.map(|right| format!("{ROLE}{}", right.grant));
    let via_group = right.and_then(|right| match &right.through {
        Through::Name => None,
        Through::Group(group) => Some(group.as_str()),
    });
    (role, via_group)
}

/// What the subjects of roles begin with.
pub const ROLE: &str = "role ";

/// The right of two columns.
pub(super) fn right(role: Option<&str>, via_group: Option<String>) -> Option<Right> {
    let grant = role?.strip_prefix(ROLE)?.to_owned();
    let through = via_group.map_or(Through::Name, Through::Group);
    Some(Right { grant, through })
}

fn made_under(connection: &Connection, id: RefundId) -> Result<Option<MadeUnder>, LedgerError> {
    let row = connection
        .prepare_cached(
            "SELECT day, minor, currency, role, via_group, free_refund, free_day, hard_refund, hard_day,
                 cap_per_day, used, account_used
             FROM made_under WHERE refund_id = ?1",
        )?
        .query_row([id.to_string()], |row| {
            let texts: (String, String) = (row.get(0)?, row.get(2)?);
            let role: Option<String> = row.get(3)?;
            let figures = Figures {
                free_refund: row.get(5)?,
                free_day: row.get(6)?,
                hard_refund: row.get(7)?,
                hard_day: row.get(8)?,
            };
            let right = right(role.as_deref(), row.get(4)?);
            let minor: [i64; 3] = [row.get(1)?, row.get(10)?, row.get(11)?];
            Ok((texts, right, figures, row.get(9)?, minor))
        })
        .optional()?;
    let Some(((day, code), right, figures, cap_per_day, [weight, by_maker, on_account])) = row
    else {
        return Ok(None);
    };
    let currency = Currency::from_code(&code)?;
    Ok(Some(MadeUnder {
        day: day.parse().map_err(|_| LedgerError::Damaged(day))?,
        weight: Money::new(weight, currency),
        right,
        figures,
        cap_per_day,
        used: Used {
            by_maker: Money::new(by_maker, currency),
            on_account: Money::new(on_account, currency),
        },
    }))
}
