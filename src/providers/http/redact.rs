//! What of a response body may be stored: no card data, no names, no keys, nothing that moves a
//! cursor, and not more than a few kilobytes.
//!
//! The scan is lexical, not a parse, so that a truncated or broken body loses the same members as
//! a whole one.

use crate::domain::text::{clean, mask_card_numbers};

const KEPT_BYTES: usize = 4 * 1024;
/// Far enough beyond what is kept that cutting here cannot show half a card number.
const SCANNED_BYTES: usize = 64 * 1024;
const REMOVED: &str = "\"[removed]\"";

/// Members whose values are never stored (commerce-hub.md section 11: only last four and scheme
/// of a card; nuapay.md section 4 and mastercard-a2a.md section 5.2: accounts and addresses of payers),
/// in lower case. Our own key is
/// echoed too.
const SENSITIVE: [&str; 44] = [
    "accesstoken",
    "account",
    "accountholder",
    "accountholdername",
    "accountname",
    "accountnumber",
    "apikey",
    "authorization",
    "bban",
    "billingaddress",
    "bin",
    "cardholdername",
    "cardnumber",
    "carddata",
    "creditoraccount",
    "creditoraddress",
    "customer",
    "debtoraccount",
    "debtoraddress",
    "debtorname",
    "email",
    "encryptionblock",
    "encryptiondata",
    "expirationmonth",
    "expirationyear",
    "firstname",
    "holdername",
    "iban",
    "identification",
    "lastname",
    "nameoncard",
    "phone",
    "pinblock",
    "psuid",
    "publickey",
    "receiptemail",
    "secondaryidentification",
    "securitycode",
    "shippingaddress",
    "signkey",
    "sortcode",
    "tokendata",
    "track1data",
    "track2data",
];

/// Members that are references by their schema and so are never taken for a card number.
const REFERENCES: [&str; 14] = [
    "apitraceid",
    "clientrequestid",
    "endtoendidentification",
    "merchanttransactionid",
    "messageid",
    "orderid",
    "originalmessageid",
    "paymentrequestlifecycleid",
    "paymentrequeststatusretrievallifecycleid",
    "referencenumber",
    "refundrequestlifecycleid",
    "refundrequeststatusretrievallifecycleid",
    "schemetransactionid",
    "transactionid",
];

/// The body as it may be stored and shown; `None` when there was none.
pub fn redact(body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let scanned = &body[..body.len().min(SCANNED_BYTES)];
    let mut text = scan(&String::from_utf8_lossy(scanned));
    if text.len() > KEPT_BYTES {
        text.truncate(text.floor_char_boundary(KEPT_BYTES));
        text.push('…');
    }
    Some(text)
}

fn scan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_reference = false;
    while let Some(quote) = rest.find('"') {
        out.push_str(&harmless(&rest[..quote]));
        let (string, after) = split_string(&rest[quote..]);
        rest = after;
        match key_of(string, after) {
            Some(key) => {
                out.push_str(&clean(string));
                is_reference = REFERENCES.contains(&key.as_str());
                if SENSITIVE.contains(&key.as_str()) {
                    rest = skip_value(after);
                    out.push(':');
                    out.push_str(REMOVED);
                }
            }
            None if is_reference => {
                out.push_str(&clean(string));
                is_reference = false;
            }
            None => out.push_str(&harmless(string)),
        }
    }
    out.push_str(&harmless(rest));
    out
}

fn harmless(text: &str) -> String {
    mask_card_numbers(&clean(text))
}

/// Splits off the string literal that `text` begins with, quotes included; one that never ends
/// takes all.
fn split_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return text.split_at(at + 1),
            _ => {}
        }
    }
    (text, "")
}

/// The member name in lower case, when a colon follows the string.
fn key_of(string: &str, after: &str) -> Option<String> {
    after
        .trim_start()
        .starts_with(':')
        .then(|| string.trim_matches('"').to_ascii_lowercase())
}

/// What follows the value after a colon: a string, a balanced object or list, or a bare word.
fn skip_value(after: &str) -> &str {
    let mut rest = after
        .trim_start()
        .strip_prefix(':')
        .unwrap_or(after)
        .trim_start();
    let mut depth = 0_usize;
    while let Some(first) = rest.chars().next() {
        match first {
            '"' => rest = split_string(rest).1,
            ',' | '}' | ']' if depth == 0 => return rest,
            '{' | '[' => (depth, rest) = (depth + 1, &rest[1..]),
            '}' | ']' => (depth, rest) = (depth - 1, &rest[1..]),
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        r#"{"bin":"40000000","last4":"4242"}"#,
        r#"{"bin":"[removed]","last4":"4242"}"#
    )]
    #[case(
        r#"{"billingAddress" : {"firstName":"A","x":[1,{"}":"]"}]},"total":12.50}"#,
        r#"{"billingAddress":"[removed]","total":12.50}"#
    )]
    #[case(r#"{"expirationYear": 2031}"#, r#"{"expirationYear":"[removed]"}"#)]
    #[case(r#"{"bin":"400"#, r#"{"bin":"[removed]""#)]
    #[case(
        r#"{"note":"4111 1111 1111 1111"}"#,
        r#"{"note":"[card ending 1111]"}"#
    )]
    #[case(r#"{"n":4111111111111111}"#, r#"{"n":[card ending 1111]}"#)]
    #[case(
        r#"{"referenceNumber":"4111111111111111"}"#,
        r#"{"referenceNumber":"4111111111111111"}"#
    )]
    #[case("<html>\u{1b}]0;x\u{7}</html>", "<html>\\u{1b}]0;x\\u{7}</html>")]
    fn nothing_private_is_kept(#[case] body: &str, #[case] kept: &str) {
        assert_eq!(redact(body.as_bytes()).as_deref(), Some(kept));
    }

    #[test]
    fn samples_keep_last_four_and_amount_only() {
        let body = include_bytes!("../commerce_hub/samples/refund_captured.resp.json");
        let kept = redact(body).unwrap();
        assert!(kept.contains(r#""last4":"4242""#) && kept.contains("12.5"));
        assert!(!kept.contains("40000000") && !kept.contains("2031"));
    }

    #[test]
    fn a_long_body_is_cut() {
        let kept = redact("é".repeat(100_000).as_bytes()).unwrap();
        assert!(kept.len() <= KEPT_BYTES + '…'.len_utf8());
        assert_eq!(redact(b""), None);
    }

    proptest! {
        #[test]
        fn no_body_panics_and_no_member_leaks(cut in 0_usize..80, noise in ".{0,20}") {
            let body = format!(r#"{{"{noise}":1,"card":{{"cardNumber":"SECRET{noise}SECRET","bin":"SECRET"}}}}"#);
            let kept = redact(body.as_bytes()).unwrap_or_default();
            prop_assert!(noise.contains(['"', '\\']) || !kept.contains("SECRET"));
            let cut = body.floor_char_boundary(cut.min(body.len()));
            let kept = redact(&body.as_bytes()[..cut]).unwrap_or_default();
            prop_assert!(noise.contains(['"', '\\']) || !kept.contains("SECRET"));
        }
    }
}
