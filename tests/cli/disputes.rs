//! Disputes, told to the desk by its face, as the commands show them and refunds answer them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use refund_desk::clock::Clock;
use refund_desk::config::{self, Environ, Paths};
use refund_desk::desk::Desk as _;
use refund_desk::desk::face::{Actor, DisputeReport, ExternalNews, Reply, Request};
use refund_desk::desk::local::{Local, Mode, Parts};
use refund_desk::domain::dispute::Stage;
use refund_desk::domain::external::{ExternalSource, ExternalState};
use refund_desk::domain::money::{Currency, Money};
use serde_json::Value;

use super::shop::{Shop, assert_balance};

/// The desk of a shop, in this process.
fn local(shop: &Shop) -> Arc<Local> {
    let environ = Environ::new(std::iter::empty());
    let config = Some(shop.desk.config.clone());
    let paths = Paths::find(&environ, config, Some(shop.desk.data.clone()));
    Local::open(Parts {
        settings: config::load(&paths.config).unwrap(),
        environ,
        database: paths.database(),
        rejects: paths.rejects(),
        mode: Mode::default(),
        clock: Clock::system(),
        opened_by: "ina".to_owned(),
    })
    .unwrap()
}

fn ask(shop: &Shop, request: Request) -> Reply {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let actor = Actor::named("cora");
    runtime.block_on(local(shop).ask(&actor, request)).unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("USD").unwrap())
}

fn dispute(shop: &Shop, stage: Stage) {
    let deadline: DateTime<Utc> = "2027-01-05T12:00:00Z".parse().unwrap();
    let report = DisputeReport {
        payment: "A-1".into(),
        capture_id: None,
        provider_dispute_id: "cb-4711".into(),
        amount: usd(20_000),
        stage,
        deadline: Some(deadline),
    };
    let reply = ask(shop, Request::RecordDispute(report));
    assert!(matches!(reply, Reply::Dispute(_)), "{reply:?}");
}

/// "Alert or inquiry: no hold, a banner"; "a refund against an open dispute is linked to it, needs a
/// checker and may use its disputed amount".
#[test]
fn a_warning_a_chargeback_and_the_refund_that_answers_it() {
    let shop = Shop::open();
    dispute(&shop, Stage::Alert);
    let payment = shop.desk.payment("A-1");
    assert_balance(&payment, "0.00", "0.00", "200.00");
    let banner = payment["disputes"][0]["banner"].as_str().unwrap();
    assert_eq!(
        banner,
        "refund before 2027-01-05 12:00 UTC to avoid a chargeback of 200.00 USD"
    );
    let card = shop.desk.run(["payment", "A-1"]).exits(0).stdout;
    assert!(card.contains(banner), "{card}");
    let order = shop.desk.run(["order", "A-1"]).exits(0).stdout;
    assert!(order.contains(banner), "{order}");
    let order = shop.desk.json(["order", "A-1"]).exits(0).object();
    assert_eq!(order["payments"][0]["disputes"], payment["disputes"]);

    dispute(&shop, Stage::Open);
    let payment = shop.desk.payment("A-1");
    assert_balance(&payment, "0.00", "0.00", "0.00");
    assert_eq!(
        (&payment["why_not"], &payment["disputed"]),
        (&"disputed".into(), &"200.00".into())
    );
    assert_eq!(
        shop.refund("A-1", "50.00", &[]).exits(3).error()["code"],
        "disputed"
    );

    let answer = [
        "refund", "A-1", "--amount", "50.00", "--reason", "dispute", "--case", "cb-4711", "--as",
        "mia",
    ];
    let refund = shop.desk.json(answer).exits(5).object();
    assert_eq!(
        refund["state"], "awaiting_approval",
        "below the limit, and yet a checker"
    );
    let payment = shop.desk.payment("A-1");
    assert_balance(&payment, "0.00", "50.00", "0.00");
    assert_eq!(payment["disputed"], "150.00");
    assert_eq!(
        payment["disputes"][0]["refunds"],
        Value::from(vec![refund["id"].clone()])
    );
    let over = [
        "refund", "A-1", "--amount", "150.01", "--reason", "dispute", "--case", "cb-4711",
        "--again",
    ];
    assert_eq!(
        shop.desk.json(over).exits(3).error()["code"],
        "over_available"
    );
    let other = [
        "refund", "A-1", "--amount", "10.00", "--reason", "dispute", "--case", "another",
    ];
    assert_eq!(shop.desk.json(other).exits(3).error()["code"], "disputed");
    dispute(&shop, Stage::Won);
    assert_balance(&shop.desk.payment("A-1"), "0.00", "50.00", "150.00");
}

/// Issue 3: "external refunds and disputes in the balance": a person brings a dispute in and follows
/// it to its end.
#[test]
fn a_dispute_is_brought_in_and_followed_by_command() {
    let shop = Shop::open();
    let told = |more: &[&str]| {
        let fixed = ["dispute", "A-1", "--case", "cb-1", "--as", "cora"];
        shop.desk.json(fixed.iter().chain(more))
    };
    let unknown = told(&["--stage", "open"]).exits(2).error();
    assert!(
        unknown["message"].as_str().unwrap().contains("not known"),
        "{unknown}"
    );
    told(&["--stage", "closed"]).exits(2);
    let before = shop.desk.everything();
    told(&["--stage", "open", "--amount", "80", "--read-only"]).exits(3);
    assert_eq!(shop.desk.everything(), before);

    let opened = told(&[
        "--stage",
        "open",
        "--amount",
        "80.00",
        "--deadline",
        "2027-01-05",
    ]);
    let opened = opened.exits(0).object();
    assert_eq!(
        (&opened["stage"], &opened["amount"], &opened["holds"]),
        (&"open".into(), &"80.00".into(), &"80.00".into())
    );
    assert_eq!(opened["deadline"], "2027-01-05T23:59:59.999Z");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "0.00", "120.00");
    // A refund answers it from its beginning.
    let answer = [
        "refund", "A-1", "--amount", "30.00", "--reason", "dispute", "--case", "cb-1", "--as",
        "mia",
    ];
    let refund = shop.desk.json(answer).exits(5).object();
    assert_eq!(
        shop.desk.payment("A-1")["disputes"][0]["refunds"][0],
        refund["id"]
    );

    // Only the stage is news: amount and deadline stay.
    let judged = told(&["--stage", "under_review"]).exits(0).object();
    assert_eq!(
        (&judged["amount"], &judged["holds"]),
        (&"80.00".into(), &"50.00".into())
    );
    assert_eq!(judged["deadline"], opened["deadline"]);
    let said = shop
        .desk
        .run(["dispute", "A-1", "--case", "cb-1", "--stage", "lost"]);
    assert!(said.exits(0).stdout.contains("lost"));
    assert_balance(&shop.desk.payment("A-1"), "80.00", "30.00", "90.00");
    let kinds = shop.desk.json(["discrepancies"]).exits(0).objects();
    assert_eq!(kinds[0]["kind"], "paid_twice");

    // In another currency it holds all that is left.
    let other = [
        "dispute", "B-1", "--case", "cb-2", "--stage", "open", "--amount", "10 EUR",
    ];
    let other = shop.desk.json(other).exits(0).object();
    assert_eq!(
        (&other["currency"], &other["amount"]),
        (&"EUR".into(), &"10.00".into())
    );
    let audit = shop
        .desk
        .json(["audit", "show", "--action", "dispute."])
        .exits(0)
        .objects();
    assert_eq!(audit.len(), 4);
    assert_eq!(audit[0]["actor"], "cora");
}

/// T12: "file with exact correlation" decides an unknown outcome.
#[test]
fn a_providers_list_that_bears_our_reference_decides() {
    let shop = Shop::open();
    let ran = shop.refund("A-1", "10.02", &["--as", "mia"]);
    let refund = ran.object();
    let id = refund["id"].as_str().unwrap();
    let log = shop.desk.status(id)["attempt_log"].clone();
    let news = ExternalNews {
        payment: "A-1".into(),
        capture_id: None,
        provider_refund_id: Some("found-1".into()),
        correlation: Some(log[0]["correlation"].as_str().unwrap().to_owned()),
        amount: usd(1_002),
        compensation: None,
        state: ExternalState::Done,
        source: ExternalSource::Sync,
        origin: "the provider's list".into(),
        seen_at: Utc::now(),
    };
    let Reply::External(found) = ask(&shop, Request::RecordExternal(news)) else {
        panic!("another answer");
    };
    assert_eq!(found.linked.map(|it| it.to_string()).as_deref(), Some(id));
    assert_eq!(shop.desk.status(id)["state"], "succeeded");
    assert_balance(&shop.desk.payment("A-1"), "10.02", "0.00", "189.98");
}
