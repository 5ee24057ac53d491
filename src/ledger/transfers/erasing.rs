//! A full account number is erased some time after its refund has ended: 30 days unless the
//! configuration says otherwise (domain.md, rule 7).

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::error::LedgerError;
use super::super::personal;
use super::super::row::millis;
use super::tell;

/// What has ended and when; a success has once its watch is over.
const ENDED: &str =
    "(r.state IN ('settled', 'failed', 'rejected', 'reversed', 'canceled', 'expired')
       AND r.updated_at <= ?1
    OR r.state = 'succeeded' AND coalesce(r.watch_until, r.updated_at) <= ?1)";

impl Ledger {
    /// Erases the account numbers of refunds that ended `kept` ago; says how many.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_accounts(
        &self,
        kept: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<usize, LedgerError> {
        let none = self
            .read(move |connection| Ok(ripe(connection, now - kept)?.is_empty()))
            .await?;
        if none {
            return Ok(0);
        }
        self.write(move |connection| {
            let ripe = ripe(connection, now - kept)?;
            for (refund, number) in &ripe {
                let kept = personal::kept(connection, *number)?;
                personal::erase(connection, *number, now)?;
                let sha256 = kept.map(|it| it.sha256).unwrap_or_default();
                let detail = format!("sha256={sha256}");
                tell(connection, refund, "desk", "account.erased", &detail, now)?;
            }
            Ok(ripe.len())
        })
        .await
    }
}

/// Refunds with the numbers of their accounts. A transfer that the bank may still have keeps its
/// own, whatever was said of the refund.
fn ripe(connection: &Connection, ended: DateTime<Utc>) -> Result<Vec<(String, i64)>, LedgerError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT DISTINCT r.id, t.account_ref FROM personal p JOIN transfers t ON t.account_ref = p.id
             JOIN refunds r ON r.id = t.refund_id
             WHERE p.value IS NOT NULL AND {ENDED}
               AND NOT EXISTS (SELECT 1 FROM transfers o WHERE o.refund_id = r.id AND o.state = 'in_file')"
        ))?
        .query_map(params![millis(ended)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}
