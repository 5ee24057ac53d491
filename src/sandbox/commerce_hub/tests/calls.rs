//! The wire: signature, paths, bodies, and a connection that is really cut.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::*;

#[tokio::test]
async fn a_wrong_signature_a_stale_call_and_a_wrong_path_are_turned_away_without_a_code() {
    let shop = Shop::open();
    let body = refund_of("charge-1", "rfd-1", "10.00");
    let forged = shop
        .call(REFUNDS, "a", &body)
        .body(body.replace("10.00", "90.00"));
    assert_apim(forged, 401).await;
    let stale = shop.call(REFUNDS, "b", &body);
    shop.bench.clock.advance(Duration::from_secs(301));
    assert_apim(stale, 401).await;
    assert_apim(shop.call("/ch/payments/v1/refund", "c", &body), 404).await;
    let get = shop
        .bench
        .http
        .get(format!("http://{}{REFUNDS}", shop.bench.running.address()));
    assert_apim(get, 404).await;
    assert_eq!(shop.bench.book(), "");
}

async fn assert_apim(call: RequestBuilder, status: u16) {
    let reply = call.send().await.unwrap();
    assert_eq!(reply.status().as_u16(), status);
    let body: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    assert_eq!(body["error"][0]["type"], "APIM");
    assert!(body["error"][0].get("code").is_none());
}

#[tokio::test]
async fn malformed_json_is_a_bad_request() {
    let shop = Shop::open();
    for (body, expected) in [
        ("{", "100"),
        ("[]", "100"),
        ("", "138"),
        (r#"{"amount":7}"#, "100"),
    ] {
        let reply = shop.post(REFUNDS, "a", body).await.unwrap();
        assert_eq!((reply.status, code(&reply)), (400, expected), "{body}");
    }
}

#[tokio::test]
async fn the_health_check_answers_a_signed_call() {
    let shop = Shop::open();
    let mut signed = shop.call("/ch/status", "a", "").build().unwrap();
    *signed.method_mut() = reqwest::Method::GET;
    let reply = shop.bench.http.execute(signed).await.unwrap();
    assert_eq!(reply.status().as_u16(), 200);
}

#[tokio::test]
async fn a_cut_connection_carries_not_one_byte_of_a_reply() {
    let shop = Shop::open();
    let request = shop.call(REFUNDS, "a", &refund_of("charge-1", "rfd-1", "12.02"));
    let request = request.build().unwrap();
    let mut text = format!("POST {REFUNDS} HTTP/1.1\r\nHost: sandbox\r\n");
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    let body = request.body().and_then(|body| body.as_bytes()).unwrap();
    text += &format!("Content-Length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(shop.bench.running.address()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut received = Vec::new();
    let ended = stream.read_to_end(&mut received);
    assert_eq!(received, b"");
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(shop.paid("rfd-1"), ["12.02"]);
}

#[tokio::test]
async fn the_port_is_closed_when_the_sandbox_stops() {
    let shop = Shop::open();
    shop.refund("rfd-1", "10.00").await.unwrap();
    let address = shop.bench.running.address();
    shop.bench.running.stop();
    assert!(TcpStream::connect(address).is_err());
}
