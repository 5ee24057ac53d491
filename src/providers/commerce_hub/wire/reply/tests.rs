use rstest::rstest;

use super::*;

fn usd() -> Currency {
    Currency::from_code("USD").unwrap()
}

fn envelope(text: &str) -> Envelope {
    Envelope::read(text.as_bytes()).unwrap()
}

fn approved(total: &str, code: &str, asked: &str) -> Approved {
    let body = format!(
        r#"{{"paymentReceipt":{{"approvedAmount":{{"total":{total},"currency":"{code}"}}}}}}"#
    );
    envelope(&body).approved(Currency::from_code(asked).unwrap())
}

#[rstest]
#[case("12.5", "USD", Some(1250))]
#[case("12.50", "USD", Some(1250))]
#[case("40", "USD", Some(4000))]
#[case("\"690\"", "USD", Some(69_000))]
#[case("\"12.5\"", "USD", Some(1250))]
#[case("12.500", "USD", Some(1250))]
#[case("100.00", "JPY", Some(100))]
#[case("1.234", "BHD", Some(1234))]
#[case("92233720368547758.07", "USD", Some(i64::MAX))]
#[case("999999999999999999.999", "USD", None)]
#[case("12.505", "USD", None)]
#[case("100.5", "JPY", None)]
#[case("1.25e1", "USD", None)]
#[case("-12.50", "USD", None)]
#[case("\"12,50\"", "USD", None)]
#[case("\"\"", "USD", None)]
#[case("\"12.\"", "USD", None)]
#[case("[12.5]", "USD", None)]
#[case("true", "USD", None)]
fn totals_are_read_without_rounding(
    #[case] total: &str,
    #[case] code: &str,
    #[case] minor: Option<i64>,
) {
    let currency = Currency::from_code(code).unwrap();
    let expected = minor.map_or(Approved::Unreadable, |minor| {
        Approved::Of(Money::new(minor, currency))
    });
    assert_eq!(approved(total, code, code), expected);
}

#[test]
fn another_currency_is_not_an_amount() {
    assert_eq!(approved("12.5", "EUR", "USD"), Approved::Unreadable);
    assert_eq!(approved("null", "USD", "USD"), Approved::Unnamed);
    assert_eq!(envelope("{}").approved(usd()), Approved::Unnamed);
}

/// The shapes of fact sheet 7.1.
#[rstest]
#[case(include_str!("../../samples/error_flat_400.resp.json"), Some("809"))]
#[case(include_str!("../../samples/error_wrapped_400.resp.json"), Some("809"))]
#[case(include_str!("../../samples/error_nested_504.resp.json"), None)]
#[case(r#"{"error":{"type":"APIM","code":809}}"#, Some("809"))]
#[case(r#"{"error":"no"}"#, None)]
#[case(
    r#"{"error":[{"type":"APIM","message":"Invalid key","additionalInfo":{"a":[1.5]}}]}"#,
    None
)]
fn errors_are_found_in_every_place(#[case] body: &str, #[case] code: Option<&str>) {
    let envelope = envelope(body);
    let errors = envelope.errors();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code(), code);
    assert!(envelope.says_something());
}

#[rstest]
#[case(r#"{"error":null}"#)]
#[case(r#"{"error":[]}"#)]
#[case(r#"{"error_response":1,"unknown":{"total":1e999}}"#)]
#[case("{}")]
fn no_errors_where_there_are_none(#[case] body: &str) {
    assert!(envelope(body).errors().is_empty());
    assert!(!envelope(body).says_something());
}

#[rstest]
#[case(r#"{"gatewayResponse":["REFUND","CAPTURED"]}"#)]
#[case(r#"[{"transactionState":"CAPTURED"}]"#)]
#[case(r#"{"error":[["APIM","809"]]}"#)]
#[case(r#"{"gatewayResponse":{"transactionState":{}}}"#)]
#[case(r#"{"gatewayResponse":{"transactionState":"CAPTURED","transactionState":"DECLINED"}}"#)]
#[case(r#"{"error":7.5}"#)]
fn another_shape_is_unreadable(#[case] body: &str) {
    assert!(Envelope::read(body.as_bytes()).is_none());
}

#[test]
fn a_reply_is_read() {
    let reply = envelope(include_str!("../../samples/refund_declined_201.resp.json"));
    assert_eq!(reply.state(), Some("DECLINED"));
    assert_eq!(reply.approval_status(), Some("DECLINED"));
    assert_eq!(reply.response_code(), Some("030"));
    assert_eq!(reply.host_response_code(), Some("14"));
    assert_eq!(reply.response_message(), Some("Closed Account"));
    assert_eq!(reply.reference_number(), Some("demo-arn-1"));
    assert_eq!(reply.merchant_transaction_id(), Some("rfd-20261121-000042"));
    assert!(reply.may_be_refund());
}

proptest::proptest! {
    #[test]
    fn no_body_panics(body in ".{0,80}") {
        if let Some(reply) = Envelope::read(body.as_bytes()) {
            let _ = (reply.errors(), reply.approved(usd()));
        }
    }
}
