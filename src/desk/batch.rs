//! The file of a bulk refund: CSV, a header first. Only its form is looked at here; what each row
//! means is judged when it is planned.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::face::Refusal;
use super::refusal;
use crate::domain::plan::Wanted;

/// The columns there may be; the first three there must be.
const COLUMNS: [&str; 6] = [
    "payment",
    "amount",
    "reason",
    "note",
    "case",
    "compensation",
];
const REQUIRED: usize = 3;

/// Reads a file of that name.
///
/// # Errors
/// It is not CSV in UTF-8, a column is missing, unknown or doubled, or a row has other than the
/// header's number of fields: then no row of it can be sure.
pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Wanted>, Refusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let failed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        malformed(name, line, &error.to_string())
    };
    let header = reader.headers().map_err(failed)?.clone();
    let places = places(name, &header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, |at| line_of(bytes, at.byte()));
        // A quote that never closes swallows the rows after it.
        if record.iter().any(|field| field.contains('\n')) {
            return Err(malformed(name, line, "a field runs over the end of a line"));
        }
        rows.push(wanted(line, &record, &places));
    }
    match rows.is_empty() {
        true => Err(malformed(name, 1, "there is no row in it")),
        false => Ok(rows),
    }
}

/// The line of the row that begins here, or after the line ends here: the reader's own count is one
/// short where lines end in two bytes.
fn line_of(bytes: &[u8], at: u64) -> u64 {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (before, rest) = bytes.split_at(at);
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let lines = before.iter().chain(ends).filter(|byte| **byte == b'\n');
    lines.count() as u64 + 1
}

/// Where each column stands.
fn places(name: &str, header: &StringRecord) -> Result<[Option<usize>; COLUMNS.len()], Refusal> {
    let mut places = [None; COLUMNS.len()];
    for (at, field) in header.iter().enumerate() {
        let Some(known) = COLUMNS.iter().position(|column| *column == field) else {
            let known = COLUMNS.join(", ");
            let what = format!("the column {field:?} is not one of {known}");
            return Err(malformed(name, 1, &what));
        };
        if places[known].replace(at).is_some() {
            return Err(malformed(name, 1, &format!("the column {field} is twice")));
        }
    }
    match places[..REQUIRED].iter().position(Option::is_none) {
        Some(missing) => {
            let what = format!("the column {} is missing", COLUMNS[missing]);
            Err(malformed(name, 1, &what))
        }
        None => Ok(places),
    }
}

fn wanted(line: u64, record: &StringRecord, places: &[Option<usize>; COLUMNS.len()]) -> Wanted {
    let field = |column: usize| {
        let text = places[column].and_then(|at| record.get(at));
        text.map(str::to_owned).filter(|text| !text.is_empty())
    };
    Wanted {
        line,
        payment: field(0).unwrap_or_default(),
        amount: field(1).unwrap_or_default(),
        reason: field(2).unwrap_or_default(),
        note: field(3),
        case_ref: field(4),
        compensation: field(5),
    }
}

fn malformed(name: &str, line: u64, what: &str) -> Refusal {
    refusal::failed(
        "malformed_file",
        format!("{name}, line {line}: {what}"),
        "Mend the file and plan it again.",
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_empty_is_absent() {
        let text =
            "\u{feff}reason,payment,amount,note\r\nduplicate, A-1 ,50%,\nother,\"B\",rest,x\n";
        let rows = read("b.csv", text.as_bytes()).unwrap();
        assert_eq!(
            rows[0],
            Wanted {
                line: 2,
                payment: "A-1".to_owned(),
                amount: "50%".to_owned(),
                reason: "duplicate".to_owned(),
                ..Wanted::default()
            }
        );
        assert_eq!((rows[1].line, rows[1].note.as_deref()), (3, Some("x")));
    }

    #[rstest]
    #[case("", "line 1")]
    #[case("payment,amount,reason\n", "no row")]
    #[case("payment,amount\nA,1\n", "reason is missing")]
    #[case("payment,amount,reason,total\nA,1,x,1\n", "\"total\"")]
    #[case("payment,amount,reason,reason\nA,1,x,y\n", "twice")]
    #[case("payment,amount,reason\nA,12,50,x\n", "line 2")]
    #[case("payment,amount,reason\nA,1,\"x\nB,1,y\n", "line 2")]
    fn a_file_that_is_not_sure_is_refused_whole(#[case] text: &str, #[case] said: &str) {
        let refusal = read("b.csv", text.as_bytes()).unwrap_err();
        assert_eq!(refusal.code, "malformed_file");
        assert!(refusal.message.contains(said), "{refusal}");
    }

    #[test]
    fn what_is_not_text_is_refused() {
        let refusal = read("b.csv", b"payment,amount,reason\nA,1,\xff\n").unwrap_err();
        assert_eq!(refusal.code, "malformed_file");
    }
}
