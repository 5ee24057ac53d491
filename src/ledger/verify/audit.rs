//! The audit alone, as proof: is it the chain that was written, as long as it was?

use chrono::{DateTime, Utc};

use super::super::Ledger;
use super::super::error::LedgerError;
use super::super::head::{self, Head};
use super::super::open;
use super::super::worker::apart;
use super::Verdict;
use super::{chain, journal};
use crate::domain::audit::Anchor;
use crate::domain::finding::{Finding, Flaw};

/// What a walk along the whole audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Entries walked.
    pub entries: u64,
    /// The last one, and when it was written: whoever keeps it can prove later that nothing up to
    /// it was changed.
    pub head: Option<(Anchor, DateTime<Utc>)>,
    /// The first entry at which the chain is broken.
    pub first_bad: Option<i64>,
    /// What is wrong; empty: nothing.
    pub findings: Vec<Finding>,
}

impl Ledger {
    /// Walks the audit from its first entry and computes every hash anew; compares it with what is
    /// remembered beside the database and in the send journal, and with what earlier checks told. Takes as long as reading both, and a line's worth of memory for each send.
    ///
    /// # Errors
    /// The database cannot be opened or read.
    pub async fn verify_audit(&self, earlier: Vec<Anchor>) -> Result<AuditVerdict, LedgerError> {
        let (options, vfs) = (std::sync::Arc::clone(&self.options), self.vfs);
        let remembered = self.head.known();
        let journal = self.journal.clone();
        apart("verifier", move || {
            let mut connection = open::reader(&options, vfs)?;
            // Before the snapshot: a line is written after what it names was committed.
            let heads = journal.heads();
            let snapshot = connection.transaction()?;
            let mut found = walk(&snapshot, remembered.as_ref(), earlier)?;
            found.findings.extend(journal::check(&snapshot, heads)?);
            Ok(found)
        })
        .await
    }
}

/// In the caller's transaction.
pub(in crate::ledger) fn walk(
    connection: &rusqlite::Connection,
    remembered: Option<&Head>,
    earlier: Vec<Anchor>,
) -> Result<AuditVerdict, LedgerError> {
    let mut found = AuditVerdict::default();
    let mut verdict = Verdict::default();
    chain::walk(connection, &mut verdict, |entry, broken| {
        let anchor = Anchor {
            seq: entry.seq,
            hash: entry.hash.clone(),
        };
        found.head = Some((anchor, entry.at));
        found.first_bad = found.first_bad.or(broken.map(|broken| broken.seq()));
    })?;
    if let Some(finding) = head::lost(remembered, connection)? {
        verdict.add(finding);
    }
    for earlier in earlier {
        if head::lost(Some(&Head::from(earlier.clone())), connection)?.is_some() {
            verdict.add(Finding::of_all(Flaw::Lost, another(&earlier, &found)));
        }
    }
    found.entries = verdict.entries;
    found.findings = verdict.findings;
    Ok(found)
}

fn another(earlier: &Anchor, found: &AuditVerdict) -> String {
    let seq = earlier.seq;
    match &found.head {
        Some((head, _)) if head.seq >= seq => {
            format!("record {seq} is not the one you named: it was changed since")
        }
        Some((head, _)) => {
            format!(
                "the audit ends at record {}; record {seq}, which you named, is gone",
                head.seq
            )
        }
        None => format!("the audit is empty; record {seq}, which you named, is gone"),
    }
}
