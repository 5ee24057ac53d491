//! Reports on payment files (pain.002) of any version.

use super::Unreadable;
use super::xml::{self, Node};

/// External status reasons that speak of a copy (ISO 20022 external code sets).
const OF_DUPLICATES: [&str; 7] = ["AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"];

/// What became of a payment file, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The message id of the payment file.
    pub original: Option<String>,
    /// What the bank says, in the order of the file.
    pub verdicts: Vec<Verdict>,
}

/// The bank's word on a part of a payment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The line it begins on.
    pub line: u64,
    /// About what.
    pub about: Part,
    /// `RJCT`, `ACCP`, `ACSC` …, verbatim.
    pub status: String,
    /// Why, where the bank says so.
    pub reason: Option<String>,
}

/// A part of a payment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    File,
    /// A batch, by its id.
    Batch(String),
    /// One transfer, by its end-to-end id.
    Transfer(String),
}

impl Verdict {
    /// The bank will not pay it.
    pub fn is_rejected(&self) -> bool {
        self.status == "RJCT" && !self.is_duplicate()
    }

    /// The bank rejects it because it has it already: the first copy may have been paid.
    pub fn is_duplicate(&self) -> bool {
        self.status == "RJCT"
            && self.reason.as_deref().is_some_and(|why| {
                let mut words = why.split(|it: char| !it.is_ascii_alphanumeric());
                words.any(|word| OF_DUPLICATES.contains(&word))
                    || why.to_ascii_lowercase().contains("duplicat")
            })
    }
}

/// Reads a report.
///
/// # Errors
/// As [`super::read`].
pub fn read(bytes: &[u8]) -> Result<Report, Unreadable> {
    let mut report = Report {
        original: None,
        verdicts: Vec::new(),
    };
    let parts = ["OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts"];
    xml::each(bytes, &parts, |node| {
        match node.name.as_str() {
            "OrgnlGrpInfAndSts" => {
                report.original = node.said(&["OrgnlMsgId"]);
                report.verdicts.extend(verdict(&node, "GrpSts", Part::File));
            }
            "OrgnlPmtInfAndSts" => batch(&node, &mut report.verdicts)?,
            _ => report.verdicts.extend(transfer(&node)?),
        }
        Ok(())
    })?;
    match report.original.is_none() && report.verdicts.is_empty() {
        true => Err(Unreadable::new(
            1,
            "the report says nothing about any payment file",
        )),
        false => Ok(report),
    }
}

fn batch(node: &Node, verdicts: &mut Vec<Verdict>) -> Result<(), Unreadable> {
    let id = node
        .said(&["OrgnlPmtInfId"])
        .ok_or_else(|| Unreadable::new(node.line, "a batch without its id"))?;
    verdicts.extend(verdict(node, "PmtInfSts", Part::Batch(id)));
    for one in node.all("TxInfAndSts") {
        verdicts.extend(transfer(one)?);
    }
    Ok(())
}

fn transfer(node: &Node) -> Result<Option<Verdict>, Unreadable> {
    let id = node
        .said(&["OrgnlEndToEndId"])
        .ok_or_else(|| Unreadable::new(node.line, "a transfer without its end-to-end id"))?;
    Ok(verdict(node, "TxSts", Part::Transfer(id)))
}

fn verdict(node: &Node, status: &str, about: Part) -> Option<Verdict> {
    Some(Verdict {
        line: node.line,
        status: node.said(&[status])?,
        reason: node.child("StsRsnInf").and_then(|why| {
            let code = why.code(&["Rsn"]);
            let words = why.said(&["AddtlInf"]);
            match (code, words) {
                (Some(code), Some(words)) => Some(format!("{code}: {words}")),
                (code, words) => code.or(words),
            }
        }),
        about,
    })
}
