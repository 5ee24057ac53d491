//! How people have the list of payments. Nobody else sees it, and the audit is not told.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::millis;
use crate::domain::view::{Columns, View, Views};

impl Ledger {
    /// What somebody keeps.
    ///
    /// # Errors
    /// The database failed.
    pub async fn views(&self, who: String) -> Result<Views, LedgerError> {
        self.read(move |connection| views(connection, &who)).await
    }

    /// Keeps a view, in the place of another of the same name; without a name, the columns as they are
    /// left.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_view(
        &self,
        who: String,
        view: View,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let sort = written(&(view.sort, view.direction))?;
        let columns = written(&view.columns)?;
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO views (who, name, filter, sort, columns, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (who, name) DO UPDATE SET filter = ?3, sort = ?4, columns = ?5, at = ?6",
                )?
                .execute(params![who, view.name, view.filter, sort, columns, millis(now)])?;
            Ok(())
        })
        .await
    }

    /// Calls a view something else.
    ///
    /// # Errors
    /// There is none of that name, or already one of the other.
    pub async fn rename_view(
        &self,
        who: String,
        from: String,
        to: String,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let taken: bool = connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM views WHERE who = ?1 AND name = ?3 AND name <> ?2)",
                )?
                .query_row(params![who, from, to], |row| row.get(0))?;
            if taken {
                return Err(LedgerError::NotAllowed(format!(
                    "there is a view {to:?} already"
                )));
            }
            let renamed = connection
                .prepare_cached("UPDATE views SET name = ?3 WHERE who = ?1 AND name = ?2")?
                .execute(params![who, from, to])?;
            found(renamed)
        })
        .await
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn delete_view(&self, who: String, name: String) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM views WHERE who = ?1 AND name = ?2")?
                .execute(params![who, name])?;
            found(gone)
        })
        .await
    }
}

fn found(rows: usize) -> Result<(), LedgerError> {
    match rows {
        0 => Err(LedgerError::NotFound("view")),
        _ => Ok(()),
    }
}

fn written(what: &impl serde::Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(what)
        .map_err(|error| LedgerError::Damaged(format!("a view cannot be written: {error}")))
}

fn views(connection: &Connection, who: &str) -> Result<Views, LedgerError> {
    let rows: Vec<(String, String, String, String)> = connection
        .prepare_cached(
            "SELECT name, filter, sort, columns FROM views WHERE who = ?1 ORDER BY name",
        )?
        .query_map([who], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut views = Views::default();
    for (name, filter, sort, columns) in rows {
        // What a newer program wrote, or a failing disk, is only a list's looks: as the desk has it.
        let (sort, direction) = serde_json::from_str(&sort).unwrap_or_default();
        let columns: Columns = serde_json::from_str(&columns).unwrap_or_default();
        match name.is_empty() {
            true => views.columns = columns,
            false => views.views.push(View {
                name,
                filter,
                sort,
                direction,
                columns,
            }),
        }
    }
    Ok(views)
}
