//! The index that leads from three letters to payments. Triggers keep it in step with what changes;
//! new payments are taken in here.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::error::LedgerError;
use crate::domain::query::ANYWHERE_FROM;

/// A run that so many of twice as many payments have in each of the samples is one that nearly every
/// payment has.
const SAMPLE: i64 = 200;
const SAMPLES: i64 = 4;

/// Takes in the payments that are not in yet, in the transaction that wrote them: one statement for
/// all of them, because FTS5 writes its lists out before each.
pub(super) fn take_in_new(connection: &Connection) -> Result<(), LedgerError> {
    for sql in [
        "INSERT INTO payment_fragments (rowid, reference, order_ref, provider_payment_id)
         SELECT n.number, p.reference, p.order_ref, p.provider_payment_id
         FROM payment_numbers n CROSS JOIN payments p ON p.id = n.payment_id
         WHERE n.number > (SELECT number FROM fragments_upto) ORDER BY n.number",
        "INSERT INTO payer_fragments (rowid, name, folded)
         SELECT n.number, y.name, y.folded
         FROM payment_numbers n CROSS JOIN payers y ON y.payment_id = n.payment_id
         WHERE n.number > (SELECT number FROM fragments_upto) AND y.name IS NOT NULL ORDER BY n.number",
        "UPDATE fragments_upto SET number = (SELECT coalesce(max(number), 0) FROM payment_numbers)",
    ] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

/// Every run of three letters of a word, as an index of fragments is asked for it.
pub(super) fn runs(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let runs = letters.windows(ANYWHERE_FROM).map(|run| {
        let run: String = run.iter().collect();
        format!("\"{}\"", run.replace('"', "\"\""))
    });
    runs.collect()
}

/// The runs as an index of fragments is asked for them, those left out that nearly every payment has:
/// they are long lists that rule nothing out.
pub(super) fn telling(
    connection: &Connection,
    index: &str,
    runs: &BTreeSet<String>,
) -> Result<String, LedgerError> {
    let starts = starts(connection)?;
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {index}
         WHERE {index} MATCH ?1 AND rowid >= ?2 AND rowid < ?2 + 2 * {SAMPLE} LIMIT {SAMPLE})"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut telling = Vec::new();
    for run in runs {
        let mut everywhere = !starts.is_empty();
        for start in &starts {
            let there: i64 = statement.query_row((run, start), |row| row.get(0))?;
            everywhere &= there == SAMPLE;
            if !everywhere {
                telling.push(run.as_str());
                break;
            }
        }
    }
    if telling.is_empty() {
        telling.extend(runs.iter().map(String::as_str));
    }
    Ok(telling.join(" AND "))
}

/// Where samples begin: what is called in a row is numbered in a row, so one is not enough.
fn starts(connection: &Connection) -> Result<Vec<i64>, LedgerError> {
    let sql = "SELECT (SELECT min(number) FROM payment_numbers), (SELECT max(number) FROM payment_numbers)";
    let ends: (Option<i64>, Option<i64>) = connection
        .prepare_cached(sql)?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match ends {
        (Some(first), Some(last)) => (0..SAMPLES)
            .map(|part| first + (last - first) / SAMPLES * part)
            .collect(),
        _ => Vec::new(),
    })
}
