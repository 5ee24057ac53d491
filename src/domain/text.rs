//! Text from outside: made harmless for terminals, and stripped of card numbers.

use nucleo_matcher::chars;

const SHORTEST_CARD_NUMBER: usize = 13;
const LONGEST_CARD_NUMBER: usize = 19;

/// Shows control, bidirectional and zero-width characters as escapes, so that no text from a
/// provider or customer can move the cursor, reorder a line or hide in it.
pub fn clean(text: &str) -> String {
    // Nearly every text is harmless already.
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' | '\n' | '\r' => out.push(' '),
            _ if is_hostile(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

/// Nothing but letters, figures and signs of ASCII: harmless, and a cell of a screen each.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The text without case and accents, as it is compared in a search: `José` and `JOSE` are `jose`.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.chars().filter(|character| !is_accent(*character));
    plain
        .map(chars::normalize)
        .flat_map(char::to_lowercase)
        .filter(|character| !is_accent(*character))
        .collect()
}

/// An accent that stands behind its letter.
const fn is_accent(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036f}')
}

fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Replaces card numbers in free text by their last four digits: 13 to 19 digits, possibly set
/// apart by single spaces or dashes, that pass the Luhn check and begin like a card.
pub fn mask_card_numbers(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < SHORTEST_CARD_NUMBER {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let run = digit_run(&characters[at..]);
        if run.digits.is_empty() {
            out.push(characters[at]);
            at += 1;
            continue;
        }
        let original: String = characters[at..at + run.length].iter().collect();
        out.push_str(&mask_run(&run, &original));
        at += run.length;
    }
    out
}

struct Run {
    digits: Vec<u32>,
    /// Where groups of digits begin and end, counted in digits.
    bounds: Vec<usize>,
    length: usize,
}

/// Digits from the start of `characters`, skipping single separators between digits.
fn digit_run(characters: &[char]) -> Run {
    let mut digits = Vec::new();
    let mut bounds = vec![0];
    let mut length = 0;
    let mut at = 0;
    while let Some(character) = characters.get(at) {
        if let Some(digit) = character.to_digit(10) {
            digits.push(digit);
            length = at + 1;
        } else if digits.is_empty() || length != at || !matches!(character, ' ' | '-') {
            break;
        } else {
            bounds.push(digits.len());
        }
        at += 1;
    }
    bounds.push(digits.len());
    Run {
        digits,
        bounds,
        length,
    }
}

/// A card number is one or more whole groups: a longer number such as an ARN is none.
fn mask_run(run: &Run, original: &str) -> String {
    let lengths = SHORTEST_CARD_NUMBER..=LONGEST_CARD_NUMBER;
    let spans = run
        .bounds
        .iter()
        .flat_map(|from| run.bounds.iter().map(move |to| (*from, *to)));
    let window = spans
        .filter(|(from, to)| from < to && lengths.contains(&(to - from)))
        .filter_map(|(from, to)| run.digits.get(from..to))
        .find(|digits| is_card_number(digits));
    match window {
        Some(card) => {
            let last4: String = card[card.len() - 4..]
                .iter()
                .filter_map(|digit| char::from_digit(*digit, 10))
                .collect();
            format!("[card ending {last4}]")
        }
        None => original.to_owned(),
    }
}

fn is_card_number(digits: &[u32]) -> bool {
    let head = digits
        .iter()
        .take(4)
        .fold(0, |head, digit| head * 10 + digit);
    let card_range = matches!(head,
        4000..=4999 | 5100..=5599 | 2221..=2720 | 3400..=3499 | 3700..=3799 | 6011 | 6440..=6599
        | 3528..=3589 | 3000..=3059 | 3600..=3699 | 3800..=3999 | 6200..=6299 | 5000..=5099 | 5600..=5899 | 6300..=6399 | 6700..=6799);
    card_range && luhn(digits)
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(position, digit)| match position % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("plain Ação 山田", "plain Ação 山田")]
    #[case("\u{1b}[2Jgone", "\\u{1b}[2Jgone")]
    #[case("abc\u{202e}def", "abc\\u{202e}def")]
    #[case("zero\u{200b}width", "zero\\u{200b}width")]
    #[case("not \u{1d173}a\u{13430} note", "not \\u{1d173}a\\u{13430} note")]
    #[case("two\nlines\t", "two lines ")]
    #[case("c1 \u{9b}31m", "c1 \\u{9b}31m")]
    fn hostile_characters_become_escapes(#[case] text: &str, #[case] cleaned: &str) {
        assert_eq!(clean(text), cleaned);
    }

    #[rstest]
    #[case("card 4111 1111 1111 1111 please", "card [card ending 1111] please")]
    #[case("4111-1111-1111-1111", "[card ending 1111]")]
    #[case("4111111111111112", "4111111111111112")]
    #[case("order 123456789", "order 123456789")]
    #[case("9999999999999995", "9999999999999995")]
    #[case("x378282246310005y", "x[card ending 0005]y")]
    #[case("4111 1111 1111 1111 123", "[card ending 1111]")]
    #[case("ARN 70456863568106430478391 ok", "ARN 70456863568106430478391 ok")]
    #[case("0123456789 0123456789 0123456789", "0123456789 0123456789 0123456789")]
    fn card_numbers_are_masked(#[case] text: &str, #[case] masked: &str) {
        assert_eq!(mask_card_numbers(text), masked);
    }

    proptest! {
        #[test]
        fn nothing_hostile_survives(text in "\\PC{0,10}.{0,40}") {
            prop_assert!(!clean(&text).chars().any(is_hostile));
        }
    }
}
