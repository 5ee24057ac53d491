//! The bank's files (ISO 20022): payment files that go to it, reports and statements that come back.
//!
//! Pure: bytes in, facts out. What a fact means for a refund is the desk's to say.

use crate::domain::money::{Currency, Money};

pub mod camt;
pub mod pain001;
pub mod pain002;
mod xml;

#[cfg(test)]
mod tests;

pub use xml::Unreadable;

/// A file that came from the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromBank {
    /// Lines of an account (camt.053, camt.054).
    Statement(camt::Statement),
    /// What became of a payment file (pain.002).
    Report(pain002::Report),
}

/// Reads a file from the bank; what it is, it says itself.
///
/// # Errors
/// [`Unreadable`] names the line and what is wrong there. Nothing of such a file is believed.
pub fn read(bytes: &[u8]) -> Result<FromBank, Unreadable> {
    let root = xml::root(bytes)?;
    if root.name.starts_with("BkToCstmrStmt") || root.name.starts_with("BkToCstmrDbtCdtNtfctn") {
        camt::read(bytes).map(FromBank::Statement)
    } else if root.name.starts_with("CstmrPmtStsRpt") || root.name.starts_with("pain.002") {
        pain002::read(bytes).map(FromBank::Report)
    } else {
        Err(Unreadable::new(
            root.line,
            format!(
                "{} is not a file this desk reads: a statement (camt.053), a notification (camt.054) or a report (pain.002)",
                root.name
            ),
        ))
    }
}

/// An amount as these files write it.
fn amount(node: &xml::Node) -> Result<Money, Unreadable> {
    let refused =
        |why: String| Unreadable::new(node.line, format!("an amount that cannot be read: {why}"));
    let code = node
        .attribute
        .as_deref()
        .ok_or_else(|| refused("it names no currency".to_owned()))?;
    let currency = Currency::from_code(code).map_err(|error| refused(error.to_string()))?;
    let text = node.text.trim();
    let places = currency.exponent() as usize;
    // Up to five decimals are allowed to stand there, whatever the currency has.
    let text = match text.split_once('.') {
        Some((main, fraction)) if fraction.len() > places => {
            let (kept, rest) = fraction.split_at_checked(places).unwrap_or((fraction, ""));
            match (rest.bytes().all(|it| it == b'0'), kept) {
                (true, "") => main.to_owned(),
                (true, kept) => format!("{main}.{kept}"),
                (false, _) => text.to_owned(),
            }
        }
        _ => text.to_owned(),
    };
    Money::parse(&text, currency).map_err(|error| refused(error.to_string()))
}
