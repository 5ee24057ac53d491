//! What goes over the wire: keys, tokens, windows and pages, and one request per send.

use chrono::{DateTime, Utc};
use rstest::rstest;

use super::server::{Server, Then};
use super::*;
use crate::domain::evidence::{Evidence, Reported};
use crate::providers::listing::AtOnce;

const CREATED: &str = include_str!("../samples/refund_created.resp.json");
const COMPLETE: &str = include_str!("../samples/refund_complete.resp.json");
const PAYMENTS: &str = include_str!("../samples/payments.resp.json");
const NULLS: &str = include_str!("../samples/error_nulls.resp.json");
const PATIENT: Duration = Duration::from_secs(20);
const BASIC: &str = "Basic ZGVtby1rZXktMDAwMTo=";

fn clock() -> Clock {
    Clock::manual("2026-11-21T10:00:00Z".parse().unwrap())
}

fn account(server: &Server, auth: Auth, clock: &Clock, deadline: Duration) -> Nuapay {
    let secrets = Secrets {
        api_key: SecretString::from("demo-key-0001"),
        webhook_sign_key: None,
    };
    let settings = settings(&server.base, auth);
    Nuapay::new(&settings, &secrets, clock.clone(), deadline).unwrap()
}

fn asked() -> Asked {
    Asked {
        amount: money(4_010, "GBP"),
        compensation: money(0, "GBP"),
    }
}

fn wire(server: &Server) -> WireRequest {
    let requests = Requests::new(&settings(&server.base, Auth::ApiKey));
    requests.build_refund(&order()).unwrap()
}

fn inquiry(id: Option<&str>) -> Inquiry {
    Inquiry {
        provider_payment_id: "pay0000001".to_owned(),
        details: Vec::new(),
        body: Vec::new(),
        correlation: REFERENCE.to_owned(),
        idempotency_key: order().idempotency_key,
        provider_refund_id: id.map(str::to_owned),
        first_sent_at: Some(at("2026-11-21T09:00:00Z")),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn ok(body: &str) -> Then {
    Then::Answer(200, "", body.to_owned())
}

fn token(name: &str) -> Then {
    Then::Answer(201, "", token_body(name))
}

fn token_body(name: &str) -> String {
    format!(r#"{{"uri":"/tokens/x","data":{{"accessToken":"{name}","tokenType":"BEARER"}}}}"#)
}

fn unauthorized() -> Then {
    Then::Answer(401, "", NULLS.to_owned())
}

fn report(status: Reported) -> Evidence {
    let amount = Some(money(4_010, "GBP"));
    Evidence::Report { status, amount }
}

/// A page of refunds with these ids and references.
fn page(refunds: &[(&str, &str)], number: u32, pages: u32, total: usize) -> Then {
    let each = refunds.iter().map(|(id, reference)| {
        format!(
            r#"{{"id":"{id}","creationDateTime":"2026-11-21T09:00:01Z","status":"REFUND_COMPLETE","refundAmount":40.1,"currency":"GBP","endToEndIdentification":"{reference}"}}"#
        )
    });
    let data = each.collect::<Vec<_>>().join(",");
    ok(&format!(
        r#"{{"uri":"/x/","data":[{data}],"page":{{"pageNumber":{number},"pageSize":2,"totalElements":{total},"totalPages":{pages}}},"sort":[]}}"#
    ))
}

#[tokio::test]
async fn a_refund_goes_out_once_with_the_key() {
    let server = Server::start(vec![Then::Answer(201, "", CREATED.to_owned())]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let found = nuapay.send(&wire(&server), asked()).await;
    assert_eq!(found.evidence, report(Reported::Pending));
    assert_eq!(found.provider_refund_id.as_deref(), Some("rfd0000001"));
    let requests = server.requests().await;
    let sent = &requests[0];
    assert_eq!(sent.line, "POST /tpp/payments/pay0000001/refunds HTTP/1.1");
    assert_eq!(sent.body, GBP_REQUEST);
    for (name, value) in [
        ("authorization", BASIC),
        ("idempotency-key", "01K9F3Q6E4ABCDEF"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(sent.headers[name], value, "{name}");
    }
}

#[rstest]
#[case(Then::Drop)]
#[case(Then::Wait)]
#[case(Then::Answer(500, "", NULLS.to_owned()))]
#[case(Then::Answer(503, "", String::new()))]
#[tokio::test]
async fn what_may_have_arrived_is_doubt_and_is_not_sent_again(#[case] then: Then) {
    let server = Server::start(vec![then]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), Duration::from_millis(700));
    let found = nuapay.send(&wire(&server), asked()).await;
    assert_eq!(found.evidence, Evidence::Doubt, "{}", found.said);
    assert_eq!(server.requests().await.len(), 1);
}

/// Bytes may leave only under the lease, so a send does not wait long for its token.
#[rstest]
#[case(10_000, 2)]
#[case(10_001, 1)]
#[tokio::test]
async fn a_send_whose_token_took_too_long_is_not_sent(#[case] after_ms: u64, #[case] calls: usize) {
    let clock = clock();
    let late = Then::Late(
        clock.clone(),
        Duration::from_millis(after_ms),
        token_body("one"),
    );
    let created = Then::Answer(201, "", CREATED.to_owned());
    let script = [late, created].into_iter().take(calls).collect();
    let server = Server::start(script);
    let nuapay = account(&server, Auth::Token, &clock, PATIENT);
    let found = nuapay.send(&wire(&server), asked()).await;
    let expected = match calls {
        1 => Evidence::NotSent,
        _ => report(Reported::Pending),
    };
    assert_eq!(found.evidence, expected, "{}", found.said);
    assert_eq!(server.requests().await.len(), calls);
}

#[tokio::test]
async fn a_request_made_for_elsewhere_takes_no_key_there() {
    let server = Server::start(Vec::new());
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let mut wire = wire(&server);
    wire.url = wire.url.replace("/tpp/", "/tppx/");
    let found = nuapay.send(&wire, asked()).await;
    assert_eq!(found.evidence, Evidence::NotSent);
    assert!(server.requests().await.is_empty());
}

/// The token is asked for as documented, kept, and asked for again 30 s before its end.
#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let looks = || ok(COMPLETE);
    let server = Server::start(vec![token("one"), looks(), looks(), token("two"), looks()]);
    let clock = clock();
    let nuapay = account(&server, Auth::Token, &clock, PATIENT);
    for wait in [0, 869, 1] {
        // As it is while the machine sleeps: only the time of day goes on.
        clock.set(clock.now() + Duration::from_secs(wait));
        let found = nuapay.inquire(&inquiry(Some("rfd0000001")), asked()).await;
        assert_eq!(
            found.evidence,
            report(Reported::Succeeded),
            "{}",
            found.said
        );
    }
    let requests = server.requests().await;
    assert_eq!(requests[0].line, "POST /tokens HTTP/1.1");
    assert_eq!(requests[0].headers["authorization"], BASIC);
    assert_eq!(
        requests[0].body,
        r#"{"scopes":["openbanking_pisp","openbanking_pisp_read","openbanking_refund","openbanking_refund_read"],"expiresIn":900}"#
    );
    let look = "GET /tpp/payments/pay0000001/refunds/rfd0000001 HTTP/1.1";
    assert_eq!(requests[1].line, look);
    let bearers = [1, 2, 4].map(|at: usize| requests[at].headers["authorization"].as_str());
    assert_eq!(bearers, ["Bearer one", "Bearer one", "Bearer two"]);
}

#[tokio::test]
async fn who_comes_at_the_same_time_shares_one_token() {
    let server = Server::start(vec![token("one"), ok(COMPLETE), ok(COMPLETE), ok(COMPLETE)]);
    let nuapay = account(&server, Auth::Token, &clock(), PATIENT);
    let inquiry = inquiry(Some("rfd0000001"));
    let look = || nuapay.inquire(&inquiry, asked());
    futures_util::future::join3(look(), look(), look()).await;
    assert_eq!(server.requests().await.len(), 4);
}

#[tokio::test]
async fn a_look_that_is_turned_away_asks_for_one_new_token() {
    let server = Server::start(vec![
        token("old"),
        unauthorized(),
        token("new"),
        ok(COMPLETE),
    ]);
    let nuapay = account(&server, Auth::Token, &clock(), PATIENT);
    let found = nuapay.inquire(&inquiry(Some("rfd0000001")), asked()).await;
    assert_eq!(found.evidence, report(Reported::Succeeded));
    assert_eq!(
        server.requests().await[3].headers["authorization"],
        "Bearer new"
    );

    let server = Server::start(vec![token("a"), unauthorized(), token("b"), unauthorized()]);
    let nuapay = account(&server, Auth::Token, &clock(), PATIENT);
    let found = nuapay.inquire(&inquiry(Some("rfd0000001")), asked()).await;
    assert_eq!(
        (found.evidence, found.http_status),
        (Evidence::Doubt, Some(401))
    );
    server.requests().await;
}

/// Money is not moved twice because a token ended: the desk decides about the next send.
#[tokio::test]
async fn a_send_that_is_turned_away_is_not_repeated_and_its_token_forgotten() {
    let server = Server::start(vec![
        token("old"),
        unauthorized(),
        token("new"),
        Then::Answer(201, "", CREATED.to_owned()),
    ]);
    let nuapay = account(&server, Auth::Token, &clock(), PATIENT);
    let wire = wire(&server);
    let first = nuapay.send(&wire, asked()).await;
    assert_eq!(first.evidence, Evidence::TurnedAway);
    let second = nuapay.send(&wire, asked()).await;
    assert_eq!(second.evidence, report(Reported::Pending));
    assert_eq!(server.requests().await.len(), 4);
}

#[rstest]
#[case(Then::Answer(401, "", NULLS.to_owned()), Some(401))]
#[case(Then::Answer(429, "Retry-After: 900\r\n", NULLS.to_owned()), Some(429))]
#[case(ok(r#"{"data":{"accessToken":"x","tokenType":"MAC"}}"#), Some(200))]
#[case(Then::Drop, None)]
#[tokio::test]
async fn without_a_token_nothing_is_sent(#[case] then: Then, #[case] status: Option<u16>) {
    let server = Server::start(vec![then]);
    let nuapay = account(&server, Auth::Token, &clock(), PATIENT);
    let found = nuapay.send(&wire(&server), asked()).await;
    assert_eq!(
        (found.evidence, found.http_status),
        (Evidence::NotSent, status)
    );
    let waits = status
        .filter(|it| *it == 429)
        .map(|_| Duration::from_secs(300));
    assert_eq!(found.retry_after, waits);
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_for_on_every_page() {
    let server = Server::start(vec![
        page(&[("r1", "OTHER1"), ("r2", "OTHER2")], 1, 2, 3),
        page(&[("r2", "OTHER2"), ("r3", REFERENCE)], 2, 2, 3),
    ]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let found = nuapay.inquire(&inquiry(None), asked()).await;
    assert_eq!(found.evidence, report(Reported::Succeeded));
    assert_eq!(found.provider_refund_id.as_deref(), Some("r3"));
    let requests = server.requests().await;
    assert_eq!(
        requests[1].line,
        "GET /tpp/payments/pay0000001/refunds?fromcreationdatetime=2026-11-20T09%3A00%3A00\
         &tocreationdatetime=2026-11-22T10%3A00%3A00&pagenumber=2&pagesize=2 HTTP/1.1"
    );
    assert_eq!(requests[1].body, "");
}

#[tokio::test]
async fn a_list_without_our_reference_is_not_found() {
    let server = Server::start(vec![page(&[("r1", "OTHER1")], 1, 1, 1)]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let found = nuapay.inquire(&inquiry(None), asked()).await;
    assert_eq!(found.evidence, Evidence::NotFound);
    server.requests().await;
}

/// Half a list proves nothing.
#[rstest]
#[case(vec![page(&[("r1", "OTHER1"), ("r2", "OTHER2")], 1, 2, 3), Then::Answer(500, "", NULLS.to_owned())])]
#[case(vec![page(&[("r1", "OTHER1")], 1, 1, 2)])]
#[case(vec![page(&[("r1", "OTHER1")], 1, 3, 3), page(&[("r1", "OTHER1")], 2, 3, 3)])]
#[case(vec![ok(r#"{"data":null}"#)])]
#[case(vec![ok(r#"{"data":[{"status":"REFUND_COMPLETE"}]}"#)])]
#[case(vec![ok(NULLS)])]
#[case(vec![Then::Answer(404, "", NULLS.to_owned())])]
#[case(vec![Then::Drop])]
#[tokio::test]
async fn a_list_that_was_not_read_to_its_end_is_doubt(#[case] script: Vec<Then>) {
    let server = Server::start(script);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let found = nuapay.inquire(&inquiry(None), asked()).await;
    assert_eq!(found.evidence, Evidence::Doubt, "{}", found.said);
    server.requests().await;
}

#[tokio::test]
async fn payments_are_listed_by_windows_and_read_leniently() {
    let server = Server::start(vec![ok(PAYMENTS), ok(PAYMENTS)]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let span = Span {
        from: at("2026-10-01T00:00:00Z"),
        to: at("2026-11-20T00:00:00Z"),
    };
    let listed = nuapay
        .listing()
        .unwrap()
        .payments(span, &AtOnce)
        .await
        .unwrap();
    // The third has no amount: left out, and not in silence.
    assert_eq!((listed.payments.len(), listed.left_out), (2, 1));
    let listed = listed.payments;
    let first = &listed[0];
    assert_eq!(
        (first.amount, first.refundable),
        (money(10_001, "GBP"), true)
    );
    assert_eq!(first.last4.as_deref(), Some("1234"));
    assert_eq!(first.reference.as_deref(), Some("INV 4411"));
    assert_eq!((listed[1].refundable, listed[1].settled_at), (false, None));
    let requests = server.requests().await;
    assert_eq!(
        requests[0].line,
        "GET /tpp/payments?fromdatetime=2026-10-01T00%3A00%3A00&todatetime=2026-10-30T00%3A00%3A00\
         &paymentstatus=PAYMENT_RECEIVED&pagenumber=1&pagesize=2 HTTP/1.1"
    );
    assert!(requests[1].line.contains("fromdatetime=2026-10-29T"));
}

#[tokio::test]
async fn one_payment_is_read_as_the_list_has_it() {
    let one = PAYMENTS.split_once("[\n").unwrap().1;
    let one = one.split_once(",\n {\"id\":\"pay0000002\"").unwrap().0;
    let (one, unreadable) = (
        format!(r#"{{"data":{one}}}"#),
        r#"{"data":{"id":"pay0000001"}}"#,
    );
    let gone = Then::Answer(404, "", r#"{"returnCode":"404"}"#.to_owned());
    let server = Server::start(vec![ok(&one), ok(unreadable), gone]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let listing = nuapay.listing().unwrap();
    let found = listing
        .payment("pay0000001", &AtOnce)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.provider_payment_id.as_str(), found.refundable),
        ("pay0000001", true)
    );
    assert_eq!(listing.payment("pay0000001", &AtOnce).await.unwrap(), None);
    assert!(listing.payment("pay0000001", &AtOnce).await.is_err());
    for request in server.requests().await {
        assert_eq!(request.line, "GET /tpp/payments/pay0000001 HTTP/1.1");
    }
}

#[tokio::test]
async fn a_payment_tells_by_its_history_when_it_was_received() {
    let history = r#"{"uri":"/x","data":[{"status":"PENDING","createDateTime":"2026-10-30T09:15:02Z"},{"id":null,"status":"PAYMENT_RECEIVED","createDateTime":"2026-10-30T09:16:00.00Z"}],"page":null}"#;
    let server = Server::start(vec![ok(history)]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let listing = nuapay.listing().unwrap();
    let settled_at = listing.settled_at("pay0000001", &AtOnce).await.unwrap();
    assert_eq!(settled_at, Some(at("2026-10-30T09:16:00Z")));
    let lines: Vec<String> = server
        .requests()
        .await
        .into_iter()
        .map(|it| it.line)
        .collect();
    assert_eq!(
        lines,
        ["GET /tpp/payments/pay0000001/history?pagesize=100 HTTP/1.1"]
    );
}

#[tokio::test]
async fn a_refund_that_cannot_be_read_makes_no_list() {
    let span = Span {
        from: at("2026-11-20T00:00:00Z"),
        to: at("2026-11-21T00:00:00Z"),
    };
    let server = Server::start(vec![page(&[("r1", "OTHER1")], 1, 1, 1)]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let listed = nuapay
        .listing()
        .unwrap()
        .refunds("p", span, &AtOnce)
        .await
        .unwrap();
    assert_eq!(
        (listed[0].amount, listed[0].status),
        (money(4_010, "GBP"), Some(Reported::Succeeded))
    );
    server.requests().await;
    let body = r#"{"data":[{"id":"r1","creationDateTime":"2026-11-20T09:00:00Z","refundAmount":null,"currency":"GBP"}],"page":null}"#;
    let server = Server::start(vec![ok(body), ok(r#"{"data":[]}"#)]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    assert!(
        nuapay
            .listing()
            .unwrap()
            .refunds("p", span, &AtOnce)
            .await
            .is_err()
    );
    server.requests().await;
}

#[tokio::test]
async fn the_probe_is_one_small_page() {
    let server = Server::start(vec![ok(PAYMENTS)]);
    let nuapay = account(&server, Auth::ApiKey, &clock(), PATIENT);
    let found = nuapay.probe().await;
    assert_eq!(
        (found.evidence, found.http_status),
        (Evidence::Doubt, Some(200))
    );
    let raw = found.raw.unwrap();
    for private in ["canary", "Canary", "20000012341234"] {
        assert!(!raw.contains(private), "{raw}");
    }
    let requests = server.requests().await;
    assert_eq!(requests[0].line, "GET /tpp/payments?pagesize=1 HTTP/1.1");
}
