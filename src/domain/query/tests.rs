//! What is typed, and what it means.

use rstest::rstest;

use super::*;
use crate::domain::money::Currency;

fn today() -> NaiveDate {
    "2026-11-21".parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn days(from: &str, to: &str) -> Option<Days> {
    Some(Days {
        from: day(from),
        to: day(to),
    })
}

fn exactly(text: &str) -> Option<AmountRange> {
    Some(AmountRange::exactly(Figure::parse(text).unwrap(), None))
}

fn words(words: &[&str]) -> PaymentFilter {
    PaymentFilter {
        words: words.iter().map(|&word| word.to_owned()).collect(),
        ..PaymentFilter::default()
    }
}

fn last4(last4: &str) -> PaymentFilter {
    PaymentFilter {
        last4: Some(last4.to_owned()),
        ..PaymentFilter::default()
    }
}

#[rstest]
#[case::nothing("  ", PaymentFilter::default())]
#[case::a_name("jane", words(&["jane"]))]
#[case::each_word_by_itself("Doe Jane", words(&["Doe", "Jane"]))]
#[case::a_beginning_goes_with_its_word("jane d", words(&["jane d"]))]
#[case::and_only_then("de la cruz", words(&["de la", "cruz"]))]
#[case::a_number_beside_a_word_is_text("payer 3", words(&["payer 3"]))]
#[case::quotes_keep_words_together("\"jane doe\" 4242", words(&["jane doe", "4242"]))]
#[case::four_digits_alone_are_text("4242", words(&["4242"]))]
#[case::a_number_alone_is_text("59", words(&["59"]))]
#[case::a_reference_with_a_colon("INV:77", words(&["INV:77"]))]
#[case::the_word_refundable("refundable", PaymentFilter { refundable: true, ..PaymentFilter::default() })]
#[case::can("can:>0", PaymentFilter { refundable: true, ..PaymentFilter::default() })]
#[case::card_amount_day("4242 59 14nov~3", PaymentFilter {
    paid: exactly("59"), paid_on: days("2026-11-11", "2026-11-17"), ..last4("4242") })]
#[case::in_any_order("14nov 59.00 4242", PaymentFilter {
    paid: exactly("59.00"), paid_on: days("2026-11-14", "2026-11-14"), ..last4("4242") })]
#[case::card_and_amount("4242 1500", PaymentFilter { paid: exactly("1500"), ..last4("4242") })]
#[case::amount_and_day("59 nov14", PaymentFilter {
    paid: exactly("59"), paid_on: days("2026-11-14", "2026-11-14"), ..PaymentFilter::default() })]
#[case::with_a_name("jane 4242 59 14nov", PaymentFilter {
    words: vec!["jane".into()], paid: exactly("59"),
    paid_on: days("2026-11-14", "2026-11-14"), ..last4("4242") })]
#[case::decimals_are_an_amount("59.00", PaymentFilter { paid: exactly("59.00"), ..PaymentFilter::default() })]
#[case::a_day_alone_is_of_the_list("14nov~3", PaymentFilter {
    from: Some(day("2026-11-11")), to: Some(day("2026-11-17")), ..PaymentFilter::default() })]
#[case::a_day_beside_a_name("jane yesterday 24dec", PaymentFilter {
    paid_on: days("2025-12-24", "2025-12-24"), ..words(&["jane", "yesterday"]) })]
#[case::account_and_card("account:hub-us last4:42", PaymentFilter { account: Some("hub-us".into()), ..last4("42") })]
#[case::e_mail("email:j@x.example", PaymentFilter { email: Some("j@x.example".into()), ..PaymentFilter::default() })]
#[case::states("state:unknown,action-required", PaymentFilter {
    states: vec![State::Unknown, State::ActionRequired], ..PaymentFilter::default() })]
fn what_is_typed(#[case] typed: &str, #[case] expected: PaymentFilter) {
    assert_eq!(parse(typed, today()), Ok(expected));
}

#[rstest]
#[case("2026-11", "2026-11-01", "2026-11-30")]
#[case("2024-02", "2024-02-01", "2024-02-29")]
#[case("2025", "2025-01-01", "2025-12-31")]
#[case("2026-11-14", "2026-11-14", "2026-11-14")]
#[case("14nov", "2026-11-14", "2026-11-14")]
#[case("22nov", "2025-11-22", "2025-11-22")]
#[case("29FEB", "2024-02-29", "2024-02-29")]
#[case("14nov2024~1", "2024-11-13", "2024-11-15")]
#[case("yesterday", "2026-11-20", "2026-11-20")]
#[case("2026-10..14nov", "2026-10-01", "2026-11-14")]
fn settled(#[case] typed: &str, #[case] from: &str, #[case] to: &str) {
    let filter = parse(&format!("settled:{typed}"), today()).unwrap();
    assert_eq!((filter.from, filter.to), (Some(day(from)), Some(day(to))));
}

/// In minor units of currencies of no, two and three decimals; none: no amount of such a currency.
#[rstest]
#[case("59", [Some((59, 59)), Some((5_900, 5_900)), Some((59_000, 59_000))])]
#[case("59.5", [None, Some((5_950, 5_950)), Some((59_500, 59_500))])]
#[case("0.005", [None, None, Some((5, 5))])]
#[case(">100", [Some((101, i64::MAX)), Some((10_001, i64::MAX)), Some((100_001, i64::MAX))])]
#[case(">99.999", [Some((100, i64::MAX)), Some((10_000, i64::MAX)), Some((100_000, i64::MAX))])]
#[case(">=99.995", [Some((100, i64::MAX)), Some((10_000, i64::MAX)), Some((99_995, i64::MAX))])]
#[case("<0.5", [Some((i64::MIN, 0)), Some((i64::MIN, 49)), Some((i64::MIN, 499))])]
#[case("<=1", [Some((i64::MIN, 1)), Some((i64::MIN, 100)), Some((i64::MIN, 1_000))])]
#[case("1..2.5", [Some((1, 2)), Some((100, 250)), Some((1_000, 2_500))])]
fn amounts_in_minor_units(#[case] typed: &str, #[case] expected: [Option<(i64, i64)>; 3]) {
    let filter = parse(&format!("amount:{typed}"), today()).unwrap();
    let range = filter.paid.unwrap();
    assert_eq!([0, 2, 3].map(|exponent| range.minor(exponent)), expected);
}

#[test]
fn an_amount_may_name_its_currency() {
    let filter = parse("amount:>=20eur 4242 59usd", today()).unwrap();
    assert_eq!(
        filter.paid.unwrap().currency,
        Currency::from_code("USD").ok()
    );
    let filter = parse("can:<5.00JPY", today()).unwrap();
    assert_eq!(
        filter.can.unwrap().currency,
        Currency::from_code("JPY").ok()
    );
    let all = Currency::uncommon();
    let has = |code| all.contains(&Currency::from_code(code).unwrap());
    assert!(has("JPY") && has("BHD") && has("CLF") && !has("EUR") && !has("USD"));
}

#[rstest]
#[case("jane amount:1,50", 12, "1,50")]
#[case("amount:>x", 7, ">x")]
#[case("amount:59.", 7, "59.")]
#[case("amount:0.00001", 7, "0.00001")]
#[case("amount:-5", 7, "-5")]
#[case("amount:5xyz", 7, "5xyz")]
#[case("amount:", 0, "amount:")]
#[case("state:pending,lost", 14, "lost")]
#[case("é settled:2026-13", 10, "2026-13")]
#[case("settled:14nov~", 8, "14nov~")]
#[case("settled:2026-11~2", 8, "2026-11~2")]
#[case("settled:2026-11..2026-10", 8, "2026-11..2026-10")]
#[case("4242 59 14nov~x", 8, "14nov~x")]
#[case("4242 59 35nov", 8, "35nov")]
#[case("5441 31nov~2", 5, "31nov~2")]
#[case("last4:42424", 6, "42424")]
#[case("acount:hub-us", 0, "acount:hub-us")]
#[case("to:sometime", 3, "sometime")]
#[case("refundable:yes", 0, "refundable:yes")]
fn a_mistake_is_pointed_at(#[case] typed: &str, #[case] at: usize, #[case] wrong: &str) {
    let error = parse(typed, today()).unwrap_err();
    assert_eq!((error.at, error.wrong.as_str()), (at, wrong), "{error}");
    assert!(!error.expected.is_empty());
    let pointed: String = typed.chars().skip(at).take(wrong.chars().count()).collect();
    assert_eq!(pointed, wrong);
}

#[rstest]
#[case("am", &["amount:"], "ount:")]
#[case("jane s", &["settled:", "state:"], "")]
#[case("account:hub", &["hub-eu", "hub-us"], "-")]
#[case("account:p", &["prism-us"], "rism-us")]
#[case("state:pending,unk", &["unknown"], "nown")]
#[case("re", &["refundable"], "fundable")]
#[case("amount:5", &[], "")]
#[case("jane ", &[], "")]
fn completion(#[case] typed: &str, #[case] choices: &[&str], #[case] common: &str) {
    let completion = complete(typed, &["hub-eu", "hub-us", "prism-us"], TERMS.iter());
    assert_eq!(completion.choices, choices);
    assert_eq!(completion.common(), common);
}

#[test]
fn every_example_can_be_read() {
    for term in TERMS {
        for example in term.examples.split(", ") {
            let read = parse(example, today());
            assert!(read.is_ok_and(|filter| !filter.is_empty()), "{example}");
        }
    }
}

#[test]
fn no_hit_asks_for_what_is_missing() {
    let next = |typed: &str| ask_next(&parse(typed, today()).unwrap());
    assert!(next("jane").contains("last four digits"));
    assert!(next("last4:4242").contains("the amount and the date"));
    assert!(next("4242 59").contains("another card"));
    assert!(next("4242 59 14nov").contains("more days"));
    assert!(next("jane@x.example").contains("the order"));
    assert!(next("amount:59").contains("last four"));
    assert!(next("account:hub-us").contains("another account"));
    assert!(next("settled:2026-11-14").contains("more days"));
}

#[test]
fn case_and_accents_fold_away() {
    for text in ["José Müller", "JOSE MULLER", "Jose\u{301} Mu\u{308}ller"] {
        assert_eq!(folded(text), "jose muller");
    }
    assert_eq!(folded("山田"), "山田");
}

proptest::proptest! {
    #[test]
    fn nothing_typed_panics(typed in "[\\PC\" :~.a-z0-9]{0,40}") {
        let _ = parse(&typed, today());
        let _ = complete(&typed, &["hub-us"], TERMS.iter());
    }
}
