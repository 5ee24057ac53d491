//! Requests that a network makes of the debtor's side, against a network that writes plain words.

use std::sync::atomic::AtomicU32;

use chrono::{DateTime, Utc};

use super::*;
use crate::desk::face::{AnswerOrder, AnswerWith, Refusal, SendingOrder};
use crate::domain::inbound_request::{InboundRequest, Standing};
use crate::domain::money::{Currency, Money};
use crate::providers::Network;
use crate::providers::network::{
    About, Answer, Call, DebtorTerms, Errand, Message, Received, RefundRequested, Response,
};

mod errands;
mod storms;

const NUMBER: &str = "GB29NWBK60161331926819";
const OTHER: &str = "DE89370400440532013000";

/// A network that says what it means in words parted by spaces.
struct Words {
    terms: DebtorTerms,
    /// Every answer made is another one, so that the same bytes can only be the same answer.
    made: AtomicU32,
    ran: Mutex<Vec<Errand>>,
    /// How errands fare.
    status: Mutex<u16>,
}

impl Words {
    fn new(hold: Duration) -> Arc<Self> {
        Arc::new(Self {
            terms: DebtorTerms {
                automatic: true,
                hold,
            },
            made: AtomicU32::new(0),
            ran: Mutex::default(),
            status: Mutex::new(200),
        })
    }
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("USD").unwrap())
}

fn message(words: &[&str]) -> Option<Message> {
    let text = |at: usize| words.get(at).map(|word| (*word).to_owned());
    Some(match *words.first()? {
        "refund" => Message::RefundRequested(RefundRequested {
            payment: text(1)?,
            refund: text(2).filter(|id| id != "-"),
            amount: usd(words.get(3)?.parse().ok()?),
            reason: Some("DUPLICATEORDER".to_owned()),
            method: Some("FPS".to_owned()),
            reference: None,
            case: None,
            creditor: Some("CAFE0001".to_owned()),
            debtor: Some("D-77".to_owned()),
        }),
        "confirmed" => Message::RefundConfirmed {
            payment: text(1)?,
            refund: text(2)?,
            status: text(3)?,
            reason: None,
            reference: Some("FPS0000001".to_owned()),
            amount: Some(usd(1_234)),
            retrieval: text(4),
        },
        "status" => Message::PaymentStatusAsked {
            payment: text(1)?,
            debtor: Some("D-77".to_owned()),
            retrieval: text(2),
        },
        "advice" => Message::AccountAdvice {
            payment: text(1)?,
            refund: text(2)?,
            account: None,
            declined: None,
        },
        _ => return None,
    })
}

impl Network for Words {
    fn read(&self, call: &Call<'_>) -> Result<Received, Response> {
        let text = std::str::from_utf8(call.body).unwrap();
        let words: Vec<&str> = text.split(' ').collect();
        let header = |name: &str| {
            let found = call.headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let refused = || Response {
            status: 400,
            headers: Vec::new(),
            body: b"STVL-9999".to_vec(),
        };
        Ok(Received {
            idempotency_key: header("Idempotency-Key"),
            message_id: header("Message-Id").unwrap_or_default(),
            request_id: None,
            message: message(&words).ok_or_else(refused)?,
            raw: text.to_owned(),
        })
    }

    fn answer(&self, received: &Received, answer: &Answer) -> Response {
        let made = self.made.fetch_add(1, Ordering::SeqCst);
        let (status, said) = match answer {
            Answer::Acknowledged => (200, "acknowledged".to_owned()),
            Answer::Account { account, .. } => (200, format!("account {}", account.number)),
            Answer::WillFollow { retrieval } => (200, format!("will follow {retrieval}")),
            Answer::Refused { code, why, .. } => {
                (400, format!("{} {why}", code.as_deref().unwrap_or("-")))
            }
            Answer::Unavailable => (503, "not now".to_owned()),
        };
        let body = format!("{said} / {} {made}", received.message_id);
        Response {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
        }
    }

    fn again(&self, _: &Received, status: u16, body: &[u8]) -> Response {
        Response {
            status,
            headers: vec![("Again".to_owned(), "yes".to_owned())],
            body: body.to_vec(),
        }
    }

    fn debtor(&self) -> DebtorTerms {
        self.terms
    }

    fn run<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Finding> {
        self.ran.lock().unwrap().push(errand.clone());
        let status = *self.status.lock().unwrap();
        let finding = Finding {
            http_status: Some(status),
            ..Finding::new(Evidence::Doubt, format!("answered {status}"))
        };
        std::future::ready(finding).boxed()
    }
}

struct Debtor(Arc<Words>);

impl Provider for Debtor {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        std::future::ready(Finding::new(Evidence::NotSent, "never")).boxed()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        std::future::ready(Finding::new(Evidence::Doubt, "never")).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        std::future::ready(Finding::new(Evidence::Doubt, "never")).boxed()
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&*self.0)
    }
}

fn start() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn accounts(rows: &str) -> Import {
    Import {
        files: vec![ImportFile {
            name: "accounts.csv".to_owned(),
            bytes: format!("account,payment_id,account_number\n{rows}").into_bytes(),
        }],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    }
}

fn connect(desk: &Local, words: &Arc<Words>) {
    let provider: Arc<dyn Provider> = Arc::new(Debtor(Arc::clone(words)));
    desk.account("hub").unwrap().connect_to(provider);
}

/// Payments pay-0 … of 90.00 USD; of the first the account is on file.
async fn opened(hold_s: u64) -> (Stage, Arc<Words>) {
    let words = Words::new(Duration::from_secs(hold_s));
    let stage = Stage::open_at(3, Clock::manual(start())).await;
    connect(&stage.desk, &words);
    let import = accounts(&format!("hub,pay-0,{NUMBER}\n"));
    stage.ask(Request::ImportAccounts(import)).await;
    (stage, words)
}

async fn call(desk: &Local, key: &str, body: &str) -> Response {
    let headers = [
        ("Idempotency-Key".to_owned(), key.to_owned()),
        ("Message-Id".to_owned(), format!("m-{key}")),
    ];
    let call = Call {
        method: "POST",
        target: "/hub/payment-requests/x/refunds",
        path: "/payment-requests/x/refunds",
        headers: &headers,
        body: body.as_bytes(),
    };
    desk.answer_call("hub", &call).await
}

fn said(response: &Response) -> (u16, String) {
    let text = String::from_utf8(response.body.clone()).unwrap();
    let said = text.split(" / ").next().unwrap().to_owned();
    (response.status, said)
}

fn account_given(number: &str) -> (u16, String) {
    (200, format!("account {number}"))
}

async fn inbox(stage: &Stage) -> Vec<InboundRequest> {
    match stage.ask(Request::Inbox { all: true }).await {
        Reply::Inbox(found) => found,
        other => panic!("{other:?}"),
    }
}

async fn answer(desk: &Local, request: i64, with: AnswerWith) -> Result<InboundRequest, Refusal> {
    let order = AnswerOrder { request, with };
    match desk.ask(&actor(), Request::AnswerRequest(order)).await? {
        Reply::Inbound(decided) => Ok(*decided),
        other => panic!("{other:?}"),
    }
}

fn typed(number: &str) -> AnswerWith {
    AnswerWith::Account {
        number: number.to_owned(),
        clearing_system: None,
        holder: Some("Jane Doe".to_owned()),
    }
}

/// A call that waits, once its request is listed.
async fn held(
    stage: &Stage,
    key: &'static str,
    body: &'static str,
) -> tokio::task::JoinHandle<Response> {
    let desk = Arc::clone(&stage.desk);
    let before = inbox(stage).await.len();
    let waiting = tokio::spawn(async move { call(&desk, key, body).await });
    while inbox(stage).await.len() == before {
        tokio::task::yield_now().await;
    }
    waiting
}

#[tokio::test]
async fn the_rule_answers_and_the_same_call_gets_the_same_bytes() {
    let (stage, _) = opened(20).await;
    let first = call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    assert_eq!(said(&first), account_given(NUMBER));
    let again = call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.headers.len(), 1, "signed anew");
    // Under another key it is the same refund.
    let renamed = call(&stage.desk, "k2", "refund pay-0 r-1 1234").await;
    assert_eq!(renamed.body, first.body);
    // The same key, or the same refund, for something else.
    let other = call(&stage.desk, "k1", "refund pay-0 r-2 1234").await;
    assert_eq!(other.status, 400);
    let other = call(&stage.desk, "k3", "refund pay-0 r-1 1235").await;
    assert_eq!(other.status, 400);
    let found = inbox(&stage).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let decision = found[0].decision.as_ref().unwrap();
    assert_eq!(
        (found[0].standing, &decision.by),
        (Standing::Answered, &None)
    );
    assert_eq!(decision.last4.as_deref(), Some("6819"));
}

#[tokio::test]
async fn a_number_stands_in_full_where_it_can_be_erased_and_nowhere_else() {
    let (stage, _) = opened(20).await;
    call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    let held = held(&stage, "k2", "refund pay-1 r-2 1234").await;
    let id = inbox(&stage).await[0].id;
    answer(&stage.desk, id, typed(OTHER)).await.unwrap();
    assert_eq!(said(&held.await.unwrap()), account_given(OTHER));
    let with = |sql: &str| {
        let connection = rusqlite::Connection::open(stage.folder.path().join("desk.db")).unwrap();
        let found: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        found
    };
    let kept = "SELECT count(*) FROM network_answers WHERE CAST(body AS TEXT) LIKE '%account %'";
    assert_eq!(with(kept), 2);
    for (table, columns) in [
        ("inbound_requests", "raw || found || coalesce(said, '')"),
        ("audit", "detail || subject"),
    ] {
        for number in [NUMBER, OTHER] {
            let sql = format!("SELECT count(*) FROM {table} WHERE {columns} LIKE '%{number}%'");
            assert_eq!(with(&sql), 0, "{table}");
        }
    }
    // Thirty days later only the account on file is left, for the next refund of its payment.
    stage.clock.advance(Duration::from_hours(31 * 24));
    stage.work().await;
    assert_eq!(with(kept), 0);
    assert_eq!(
        with("SELECT count(*) FROM personal WHERE value IS NOT NULL"),
        1
    );
    let late = call(&stage.desk, "k2", "refund pay-1 r-2 1234").await;
    assert_eq!(late.status, 400, "{late:?}");
}

#[tokio::test]
async fn a_person_decides_and_everybody_who_asked_is_told_the_same() {
    let (stage, _) = opened(20).await;
    let first = held(&stage, "k1", "refund pay-1 r-1 1234").await;
    let desk = Arc::clone(&stage.desk);
    let second = tokio::spawn(async move { call(&desk, "k1", "refund pay-1 r-1 1234").await });
    let id = inbox(&stage).await[0].id;
    // There is none on file, and this is no number.
    let none = answer(&stage.desk, id, AnswerWith::OnFile(None)).await;
    assert_eq!(none.unwrap_err().code, "not_allowed");
    let wrong = answer(&stage.desk, id, typed("DE89370400440532013001")).await;
    let wrong = wrong.unwrap_err();
    assert!(wrong.code == "account_number" && !wrong.message.contains("DE89"));
    let decided = answer(&stage.desk, id, typed("DE89 3704 0044 0532 0130 00")).await;
    let decision = decided.unwrap().decision.unwrap();
    assert_eq!(decision.by.as_deref(), Some("mia"));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!(said(&first), account_given(OTHER));
    assert_eq!(first.body, second.body);
    let twice = answer(&stage.desk, id, typed(OTHER)).await.unwrap_err();
    assert!(
        twice.message.contains("mia decided it already"),
        "{twice:?}"
    );
}

#[tokio::test]
async fn a_refusal_is_told_with_its_code_and_why() {
    let (stage, _) = opened(20).await;
    let waits = held(&stage, "k1", "refund pay-1 r-1 1234").await;
    let id = inbox(&stage).await[0].id;
    let refuse = |code: &str| AnswerWith::Refuse {
        code: Some(code.to_owned()),
        note: Some("account closed".to_owned()),
    };
    let odd = answer(&stage.desk, id, refuse("no such code!")).await;
    assert_eq!(odd.unwrap_err().code, "code");
    answer(&stage.desk, id, refuse("ACCL-0001")).await.unwrap();
    let told = said(&waits.await.unwrap());
    assert_eq!(told, (400, "ACCL-0001 account closed".to_owned()));
}

#[tokio::test]
async fn what_another_process_decides_is_heard_of() {
    let (stage, words) = opened(20).await;
    let waits = held(&stage, "k1", "refund pay-1 r-1 1234").await;
    let other = Stage::desk_over(stage.folder.path(), CONFIG, stage.clock.clone());
    connect(&other, &words);
    let id = inbox(&stage).await[0].id;
    answer(&other, id, typed(OTHER)).await.unwrap();
    let first = waits.await.unwrap();
    assert_eq!(said(&first), account_given(OTHER));
    // Asked there it is the same answer.
    let there = call(&other, "k1", "refund pay-1 r-1 1234").await;
    assert_eq!(there.body, first.body);
}

#[tokio::test]
async fn nobody_decides_and_the_network_is_told_so() {
    let (stage, _) = opened(20).await;
    let waits = held(&stage, "k1", "refund pay-1 r-1 1234").await;
    stage.clock.advance(Duration::from_secs(20));
    let told = waits.await.unwrap();
    assert_eq!(said(&told), (400, "- nobody decided in time".to_owned()));
    let found = inbox(&stage).await;
    assert_eq!(found[0].standing, Standing::Expired);
    let late = answer(&stage.desk, found[0].id, typed(OTHER)).await;
    assert!(late.unwrap_err().message.contains("its time is over"));
    let again = call(&stage.desk, "k1", "refund pay-1 r-1 1234").await;
    assert_eq!(again.body, told.body);
}

/// The caller hangs up, or the process dies: what was decided meanwhile is told when it asks again.
#[tokio::test]
async fn a_call_that_was_cut_off_is_answered_when_it_comes_again() {
    let (stage, words) = opened(20).await;
    for (key, body, decide) in [
        ("k1", "refund pay-1 r-1 1234", true),
        ("k2", "refund pay-2 r-2 1234", false),
    ] {
        let waits = held(&stage, key, body).await;
        waits.abort();
        let id = inbox(&stage).await[0].id;
        if decide {
            answer(&stage.desk, id, typed(OTHER)).await.unwrap();
        }
    }
    stage.clock.advance(Duration::from_secs(20));
    // The sweep ends what nobody waits for.
    stage.work().await;
    let standing: Vec<Standing> = inbox(&stage).await.iter().map(|it| it.standing).collect();
    assert_eq!(standing, [Standing::Expired, Standing::Answered]);
    let stage = stage.reopened(CONFIG, Clock::manual(start()));
    connect(&stage.desk, &words);
    let told = call(&stage.desk, "k1", "refund pay-1 r-1 1234").await;
    assert_eq!(said(&told), account_given(OTHER));
    let told = call(&stage.desk, "k2", "refund pay-2 r-2 1234").await;
    assert_eq!(said(&told), (400, "- nobody decided in time".to_owned()));
}

#[tokio::test]
async fn without_a_hold_what_the_rule_does_not_answer_is_refused() {
    let (stage, _) = opened(0).await;
    for (key, body, why) in [
        ("k1", "refund pay-1 r-1 1234", "no account is on file"),
        ("k2", "refund pay-9 r-2 1234", "not known here"),
        ("k3", "refund pay-0 r-3 9001", "was only 90.00 USD"),
        ("k4", "refund pay-0 r-4 0", "not more than zero"),
    ] {
        let (status, text) = said(&call(&stage.desk, key, body).await);
        assert!(status == 400 && text.contains(why), "{status} {text}");
    }
    assert_eq!(inbox(&stage).await.len(), 4);
}

#[tokio::test]
async fn a_desk_that_stops_keeps_nobody_waiting_and_decides_nothing() {
    let (stage, _) = opened(20).await;
    let waits = held(&stage, "k1", "refund pay-1 r-1 1234").await;
    stage.desk.stop();
    assert_eq!(waits.await.unwrap().status, 503);
    assert_eq!(inbox(&stage).await[0].standing, Standing::Waiting);
}

#[tokio::test]
async fn read_only_only_what_was_answered_is_answered_again() {
    let (stage, words) = opened(0).await;
    let first = call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    let settings = config::parse(&stage.folder.path().join("config.toml"), CONFIG).unwrap();
    let desk = Local::open(Parts {
        settings,
        environ: Environ::new([]),
        database: stage.folder.path().join("desk.db"),
        rejects: stage.folder.path().join("rejects"),
        mode: Mode {
            read_only: true,
            offline: true,
        },
        clock: stage.clock.clone(),
        opened_by: actor().name,
    })
    .unwrap();
    connect(&desk, &words);
    let again = call(&desk, "k1", "refund pay-0 r-1 1234").await;
    assert_eq!(again.body, first.body);
    for (key, body) in [
        ("k2", "refund pay-0 r-2 1"),
        ("k3", "confirmed pay-0 r-1 APPR"),
    ] {
        assert_eq!(call(&desk, key, body).await.status, 503);
    }
    assert_eq!(inbox(&stage).await.len(), 1);
}

#[tokio::test]
async fn where_people_stopped_or_restored_a_person_decides() {
    let (stage, _) = opened(20).await;
    let stop = SendingOrder {
        account: Some("hub".to_owned()),
        note: None,
    };
    stage.ask(Request::StopSending(stop)).await;
    let waits = held(&stage, "k1", "refund pay-0 r-1 1234").await;
    let found = inbox(&stage).await;
    assert!(found[0].found.contains("stopped"), "{found:?}");
    answer(&stage.desk, found[0].id, AnswerWith::OnFile(None))
        .await
        .unwrap();
    assert_eq!(said(&waits.await.unwrap()), account_given(NUMBER));
    // Whatever opened it since: what a restore lost stays lost.
    let at = start().timestamp_millis();
    stage.sql(&format!(
        "INSERT INTO closed_for_sending (account, reason, detail, closed_at, closed_by)
         VALUES ('elsewhere', 'restore', 'b.db', {at}, 'ina')"
    ));
    let waits = held(&stage, "k2", "refund pay-0 r-2 1234").await;
    let found = inbox(&stage).await;
    assert!(found[0].found.contains("restored"), "{found:?}");
    let on_file = found[0].on_file.as_ref().unwrap().id;
    let wrong = answer(
        &stage.desk,
        found[0].id,
        AnswerWith::OnFile(Some(on_file + 1)),
    )
    .await;
    assert_eq!(wrong.unwrap_err().code, "not_allowed");
    answer(&stage.desk, found[0].id, AnswerWith::OnFile(Some(on_file)))
        .await
        .unwrap();
    assert_eq!(said(&waits.await.unwrap()), account_given(NUMBER));
}

#[tokio::test]
async fn a_file_never_changes_an_account_on_file() {
    let (stage, _) = opened(0).await;
    let reports = async |rows: &str| match stage.ask(Request::ImportAccounts(accounts(rows))).await
    {
        Reply::Imported(report) => (report.new, report.unchanged, report.rejected),
        other => panic!("{other:?}"),
    };
    assert_eq!(reports(&format!("hub,pay-0,{NUMBER}\n")).await, (0, 1, 0));
    let more = format!(
        "hub,pay-0,{OTHER}\nhub,pay-1,60161331926819\nhub,pay-2,GB00\nnone,pay-2,{OTHER}\n"
    );
    assert_eq!(reports(&more).await, (1, 0, 3));
    assert_eq!(reports(&format!("hub,pay-7,{NUMBER}\n")).await, (1, 0, 0));
    let told = call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    assert_eq!(said(&told), account_given(NUMBER));
    let Reply::Discrepancies(open) = stage.ask(Request::Discrepancies { closed: false }).await
    else {
        panic!("no discrepancies");
    };
    assert_eq!(open.len(), 1);
    assert!(open[0].detail.contains("…3000") && open[0].detail.contains("…6819"));
    let rejects = std::fs::read_dir(stage.folder.path().join("rejects")).unwrap();
    for file in rejects {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(
            !text.contains(OTHER) && text.contains("another account is on file"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_is_for_nobody_is_answered_as_such() {
    let (stage, _) = opened(20).await;
    assert_eq!(call(&stage.desk, "k1", "nonsense").await.status, 400);
    // What is validly signed is taken in, of whatever refund it speaks.
    let advised = call(&stage.desk, "k1", "advice pay-0 r-1").await;
    assert_eq!(advised.status, 200);
    let nobody = Call {
        method: "POST",
        target: "/",
        path: "/",
        headers: &[],
        body: b"",
    };
    assert_eq!(stage.desk.answer_call("nobody", &nobody).await.status, 404);
}
