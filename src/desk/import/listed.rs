//! Payments that a provider lists go the way of a settlement file: the same checks, the same rows.

use serde_json::{Map, Value};

use super::{Progress, read};
use crate::desk::face::{Actor, ImportFile, ImportReport, Notice, Refusal};
use crate::desk::local::Local;
use crate::providers::listing::ListedPayment;

/// What stands in a file's place in the records.
const NAME: &str = "sync";

impl Local {
    /// Writes payments down as their provider lists them.
    pub(in crate::desk) async fn import_listed(
        &self,
        actor: &Actor,
        account: &str,
        payments: &[ListedPayment],
    ) -> Result<ImportReport, Refusal> {
        if payments.is_empty() {
            return Ok(ImportReport::default());
        }
        let rows = payments.iter().map(|it| row(account, it).to_string());
        let file = ImportFile {
            name: NAME.to_owned(),
            bytes: rows.collect::<Vec<_>>().join("\n").into_bytes(),
        };
        let checked = self.check_file(actor, &file, true)?;
        let mut progress = Progress {
            total: checked.rows.len() as u64,
            ..Progress::default()
        };
        let written = self.write_file(&file, checked, &mut progress).await;
        if progress.done > 0 {
            self.tell(Notice::Changed);
        }
        written?;
        self.finish_report(progress)
    }
}

/// The payment as a row of JSON Lines.
fn row(account: &str, payment: &ListedPayment) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            row.insert(name.to_owned(), Value::String(value));
        }
    };
    put("account", Some(account.to_owned()));
    put("payment_id", Some(payment.provider_payment_id.clone()));
    put("amount", Some(payment.amount.decimal()));
    put("currency", Some(payment.amount.currency.code().to_owned()));
    put("captured_at", Some(payment.captured_at.to_rfc3339()));
    put("settled_at", payment.settled_at.map(|at| at.to_rfc3339()));
    put("reference", payment.reference.clone());
    put("payer", payment.payer.clone());
    put("method", payment.method.clone());
    put("last4", payment.last4.clone());
    let known = |name: &String| read::COLUMNS.contains(&name.as_str());
    for (name, value) in payment.details.iter().filter(|(name, _)| known(name)) {
        put(name, Some(value.clone()));
    }
    Value::Object(row)
}
