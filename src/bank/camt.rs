//! Statements and notifications (camt.053, camt.054) of any version.

use chrono::NaiveDate;

use super::xml::{self, Node};
use super::{Unreadable, amount};
use crate::domain::money::Money;
use crate::domain::transfer;

/// No statement a desk reads has more lines.
const MOST_ENTRIES: usize = 1_000_000;

/// What a file says happened on accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// A notification of single movements (camt.054), not a whole statement.
    pub is_notification: bool,
    /// What happened, in the order of the file: one for each transaction, or for each entry that
    /// lists none.
    pub entries: Vec<Entry>,
}

/// One movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line it begins on.
    pub line: u64,
    /// It is booked: what is only announced may still not happen.
    pub is_booked: bool,
    /// Money came in; else it went out.
    pub is_credit: bool,
    /// How much; none for a transaction of a batch whose own amount is not told.
    pub amount: Option<Money>,
    /// The end-to-end reference; where the bank put it into a text, found there by its form.
    pub end_to_end: Option<String>,
    /// The bank's own reference.
    pub reference: Option<String>,
    /// It takes an earlier one back, and why.
    pub returned: Option<String>,
    /// The payment file that this is all of, by the id of its batch.
    pub batch: Option<String>,
    /// The day it is booked on, or else of value.
    pub booked_on: Option<NaiveDate>,
    /// Whose account it is, by its number as the bank writes it.
    pub account: Option<String>,
    /// Where among the transactions of its entry it stands.
    pub place: usize,
}

/// Reads a statement or notification.
///
/// # Errors
/// As [`super::read`].
pub fn read(bytes: &[u8]) -> Result<Statement, Unreadable> {
    let root = xml::root(bytes)?;
    let mut entries = Vec::new();
    let mut account = None;
    xml::each(bytes, &["Ntry", "Acct"], |node| {
        if node.name == "Acct" {
            account = number(&node);
            return Ok(());
        }
        of_entry(&node, account.as_deref(), &mut entries)?;
        match entries.len() > MOST_ENTRIES {
            true => Err(Unreadable::new(node.line, "more than a million entries")),
            false => Ok(()),
        }
    })?;
    Ok(Statement {
        is_notification: root.name.starts_with("BkToCstmrDbtCdtNtfctn"),
        entries,
    })
}

fn number(account: &Node) -> Option<String> {
    account
        .said(&["Id", "IBAN"])
        .or_else(|| account.said(&["Id", "Othr", "Id"]))
        // Version 01.
        .or_else(|| account.said(&["Id", "PrtryAcct", "Id"]))
}

fn of_entry(entry: &Node, account: Option<&str>, found: &mut Vec<Entry>) -> Result<(), Unreadable> {
    let whole = entry
        .child("Amt")
        .ok_or_else(|| Unreadable::new(entry.line, "an entry without an amount"))?;
    let all = Entry {
        line: entry.line,
        is_booked: entry.code(&["Sts"]).as_deref() == Some("BOOK"),
        is_credit: is_credit(entry).ok_or_else(|| {
            Unreadable::new(entry.line, "an entry that is neither debit nor credit")
        })?,
        amount: Some(amount(whole)?),
        end_to_end: None,
        reference: entry.said(&["AcctSvcrRef"]),
        returned: is_reversal(entry).then(|| "the entry is a reversal".to_owned()),
        batch: None,
        booked_on: day(entry, "BookgDt").or_else(|| day(entry, "ValDt")),
        account: account.map(str::to_owned),
        place: 0,
    };
    let details: Vec<&Node> = entry
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls"))
        .collect();
    let alone = details.len() == 1;
    for (place, details) in details.iter().enumerate() {
        found.push(of_details(details, &all, alone, place)?);
    }
    if details.is_empty() {
        let batch = entry
            .at(&["NtryDtls", "Btch", "PmtInfId"])
            .or_else(|| entry.at(&["NtryDtls", "Btch", "MsgId"]));
        found.push(Entry {
            end_to_end: ours_in(entry),
            batch: batch.and_then(|it| it.said(&[])),
            ..all
        });
    }
    Ok(())
}

fn of_details(details: &Node, all: &Entry, alone: bool, place: usize) -> Result<Entry, Unreadable> {
    let own = details
        .child("Amt")
        .or_else(|| details.at(&["AmtDtls", "TxAmt", "Amt"]))
        .or_else(|| details.at(&["AmtDtls", "InstdAmt", "Amt"]))
        .map(amount)
        .transpose()?;
    let returned = details.child("RtrInf").map(|why| {
        why.code(&["Rsn"])
            .or_else(|| why.said(&["AddtlInf"]))
            .unwrap_or_else(|| "no reason given".to_owned())
    });
    Ok(Entry {
        line: details.line,
        is_credit: is_credit(details).unwrap_or(all.is_credit),
        // Of a batch the whole is not each.
        amount: own.or(all.amount.filter(|_| alone)),
        end_to_end: end_to_end(details),
        reference: details
            .said(&["Refs", "AcctSvcrRef"])
            .or_else(|| all.reference.clone()),
        returned: returned.or_else(|| all.returned.clone()),
        batch: None,
        place,
        ..all.clone()
    })
}

fn end_to_end(details: &Node) -> Option<String> {
    let told = details.said(&["Refs", "EndToEndId"]);
    match told {
        Some(told) if transfer::is_ours(&told) => Some(told),
        told => ours_in(details).or(told),
    }
}

/// A reference of ours in what was written for people: some rails carry no other.
fn ours_in(node: &Node) -> Option<String> {
    let texts = ["AddtlTxInf", "AddtlNtryInf"];
    let written = texts.iter().filter_map(|name| node.said(&[name]));
    let remitted = node
        .child("RmtInf")
        .into_iter()
        .flat_map(|it| it.all("Ustrd"))
        .filter_map(|it| it.said(&[]));
    written.chain(remitted).find_map(|text| {
        text.split(|it: char| !it.is_ascii_alphanumeric())
            .find(|word| transfer::is_ours(word))
            .map(str::to_owned)
    })
}

fn is_credit(node: &Node) -> Option<bool> {
    match node.said(&["CdtDbtInd"])?.as_str() {
        "CRDT" => Some(true),
        "DBIT" => Some(false),
        _ => None,
    }
}

fn is_reversal(entry: &Node) -> bool {
    matches!(entry.said(&["RvslInd"]).as_deref(), Some("true" | "1"))
}

fn day(entry: &Node, name: &str) -> Option<NaiveDate> {
    let date = entry.child(name)?;
    let text = date
        .said(&["Dt"])
        .or_else(|| date.said(&["DtTm"]))
        .or_else(|| date.said(&[]))?;
    text.get(..10)?.parse().ok()
}
