//! Personal data as it is shown unasked: enough to tell two payers apart, not enough to know them.

/// What stands for what is left out.
const LEFT_OUT: char = '…';

/// Which values of a payment are contact data, by their name in settlement files.
pub const CONTACTS: [&str; 1] = ["email"];

/// A name with the first letter of each of its words.
pub fn mask_name(name: &str) -> String {
    let words = name.split_whitespace().filter_map(|word| {
        let first = word.chars().find(|letter| letter.is_alphanumeric())?;
        Some(format!("{first}{LEFT_OUT}"))
    });
    let masked: Vec<String> = words.collect();
    match masked.is_empty() {
        true => LEFT_OUT.to_string(),
        false => masked.join(" "),
    }
}

/// An address with the first letter before the `@` and the end of its domain.
pub fn mask_contact(contact: &str) -> String {
    let first = contact.chars().find(|letter| letter.is_alphanumeric());
    let first = first.map(String::from).unwrap_or_default();
    let end = contact
        .rsplit_once('@')
        .and_then(|(_, domain)| domain.rsplit_once('.'))
        .map(|(_, end)| end.trim())
        .filter(|end| !end.is_empty() && end.chars().all(char::is_alphanumeric));
    match end {
        Some(end) => format!("{first}{LEFT_OUT}@{LEFT_OUT}.{end}"),
        None => format!("{first}{LEFT_OUT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_first_letters() {
        assert_eq!(mask_name("Ann Miller"), "A… M…");
        assert_eq!(mask_name("  山田太郎 "), "山…");
        assert_eq!(mask_name("\u{202e}evil\u{1b}[2J"), "e…");
        assert_eq!(mask_name("--- !"), "…");
        assert_eq!(mask_name(""), "…");
        assert_eq!(mask_contact("ann.miller@shop.example"), "a…@….example");
        assert_eq!(mask_contact("+44 20 7946 0000"), "4…");
        assert_eq!(mask_contact("no-domain@"), "n…");
        assert_eq!(mask_contact(""), "…");
    }
}
