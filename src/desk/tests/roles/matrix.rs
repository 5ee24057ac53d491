//! Every request there is, asked by each kind of person.

use chrono::NaiveDate;

use super::*;
use crate::desk::face::{
    AnswerOrder, AnswerWith, BankAsk, CloseDiscrepancy, DisputeReport, DraftAsk, EraseOrder,
    EvidenceAsk, ExternalNews, LinkExternal, NoteOrder, PlanAsk, Resolve, RetryOrder, RosterAsk,
    SendingOrder, Stated, TendOrder, TransferWord, ViewsAsk,
};
use crate::domain::audit::AuditFilter;
use crate::domain::dispute::Stage as Dispute;
use crate::domain::external::{ExternalSource, ExternalState};
use crate::domain::id::PaymentId;
use crate::domain::listing::{PaymentFilter, PaymentQuery, RefundFilter};
use crate::domain::money::{Currency, Money};
use crate::domain::resolution::Proof;
use crate::domain::transfer::Said;

/// Who asks, by letter: viewer, importer, maker, checker, lead (both), admin, and nobody.
const PEOPLE: [(char, &str); 7] = [
    ('v', "vic"),
    ('i', "ina"),
    ('m', "mia"),
    ('c', "cora"),
    ('l', "lea"),
    ('a', "ola"),
    ('-', "eve"),
];
const ALL: &str = "vimcla-";
const LOOK: &str = "vimcla";
const TEND: &str = "mcl";

fn no_import() -> Import {
    Import {
        files: Vec::new(),
        dry_run: true,
        expect_rows: None,
        expect_sums: Vec::new(),
    }
}

fn usd() -> Money {
    Money::new(1, Currency::from_code("USD").unwrap())
}

fn order() -> SendingOrder {
    SendingOrder {
        account: Some("hub".to_owned()),
        note: None,
    }
}

fn day() -> NaiveDate {
    "2026-11-20".parse().unwrap()
}

/// Every request with who may ask it; `!` before it: in their own name only.
fn requests(folder: &std::path::Path) -> Vec<(&'static str, Request)> {
    let none = || "none".to_owned();
    let close = |accept| {
        Request::CloseDiscrepancy(CloseDiscrepancy {
            id: 99,
            note: none(),
            accept,
        })
    };
    let mut all = vec![
        (LOOK, Request::Overview),
        (LOOK, Request::Payments(PaymentQuery::default())),
        (LOOK, Request::Twins(Vec::new())),
        (LOOK, Request::Totals(PaymentFilter::default())),
        (LOOK, Request::Payment(none())),
        (TEND, Request::RebuildBalance(none())),
        (
            LOOK,
            Request::PaymentAsOf {
                payment: none(),
                at: chrono::DateTime::UNIX_EPOCH,
            },
        ),
        (LOOK, Request::Preview(draft("none", "1"))),
        (LOOK, Request::Drafts(DraftAsk::List)),
        (
            "ml",
            Request::Drafts(DraftAsk::Park {
                payment: PaymentId::from_i64(1),
                typed: Default::default(),
            }),
        ),
        (
            "ml",
            Request::Drafts(DraftAsk::Drop {
                payment: PaymentId::from_i64(1),
            }),
        ),
        ("ml", Request::Plan(PlanAsk::default())),
        ("ml", Request::Compose(draft("none", "1"))),
        (LOOK, Request::Refunds(RefundFilter::default())),
        (LOOK, Request::Refund(none())),
        (
            TEND,
            Request::Cancel {
                refund: none(),
                note: None,
                stop: false,
            },
        ),
        (
            "ml",
            Request::Capture {
                refund: none(),
                note: None,
            },
        ),
        (TEND, Request::Release { refund: none() }),
        (LOOK, Request::Call(none())),
        (LOOK, Request::Trace(none())),
        (LOOK, Request::Radar),
        (LOOK, Request::Review(none())),
        (
            "!cl",
            Request::Approve {
                refund: none(),
                seen: none(),
            },
        ),
        (
            "!cl",
            Request::Decline {
                refund: none(),
                note: none(),
            },
        ),
        (
            "!mcl",
            Request::Resolve(Resolve {
                refund: none(),
                stated: Stated::Failed,
                paid: None,
                proof: Proof {
                    kind: none(),
                    reference: none(),
                    dated: None,
                    file_sha256: None,
                },
            }),
        ),
        (
            "ml",
            Request::Retry(RetryOrder {
                account: None,
                dry_run: true,
            }),
        ),
        (LOOK, Request::ToDo),
        (LOOK, Request::Handover { since: None }),
        (LOOK, Request::Order(none())),
        (LOOK, Request::Views(ViewsAsk::Columns(Vec::new()))),
        (LOOK, Request::Inbox { all: true }),
        (
            "ml",
            Request::AnswerRequest(AnswerOrder {
                request: 99,
                with: AnswerWith::Refuse {
                    code: None,
                    note: None,
                },
            }),
        ),
        (TEND, Request::AskRequest { request: 99 }),
        ("i", Request::ImportAccounts(no_import())),
        ("i", Request::Import(no_import())),
        (
            "i",
            Request::Sync {
                accounts: vec![none()],
            },
        ),
        (
            LOOK,
            Request::Audit {
                filter: AuditFilter::default(),
                limit: 1,
            },
        ),
        (
            LOOK,
            Request::VerifyAudit {
                earlier: Vec::new(),
            },
        ),
        (
            "a",
            Request::Backup {
                file: folder.join("copy.db"),
            },
        ),
        (LOOK, Request::Safeguards),
        (LOOK, Request::Discrepancies { closed: true }),
        (TEND, close(false)),
        ("!cl", close(true)),
        (
            TEND,
            Request::AssignDiscrepancy {
                id: 99,
                owner: none(),
            },
        ),
        (
            "ml",
            Request::RecordExternal(ExternalNews {
                payment: none(),
                capture_id: None,
                provider_refund_id: None,
                correlation: None,
                amount: usd(),
                compensation: None,
                state: ExternalState::Done,
                source: ExternalSource::File,
                origin: none(),
                seen_at: chrono::DateTime::UNIX_EPOCH,
            }),
        ),
        (
            TEND,
            Request::LinkExternal(LinkExternal {
                external: 99,
                refund: None,
                note: none(),
            }),
        ),
        (
            "ml",
            Request::RecordDispute(DisputeReport {
                payment: none(),
                capture_id: None,
                provider_dispute_id: none(),
                stage: Dispute::Open,
                amount: usd(),
                deadline: None,
            }),
        ),
        (ALL, Request::Work { refund: None }),
        (
            LOOK,
            Request::Verify {
                unless_lately: false,
            },
        ),
        (LOOK, Request::Evidence(EvidenceAsk::Refunds(vec![none()]))),
        (LOOK, Request::AccessReview { date: day() }),
        (TEND, Request::Reveal { subject: none() }),
        (TEND, Request::Tend(TendOrder::TakeBack { about: none() })),
        (
            TEND,
            Request::Note(NoteOrder {
                subject: none(),
                text: none(),
            }),
        ),
        (
            "!mcla",
            Request::Erase(EraseOrder {
                payment: none(),
                case_ref: "T-1".to_owned(),
            }),
        ),
        (ALL, Request::Providers),
        (ALL, Request::Service),
        (LOOK, Request::StopSending(order())),
        ("!mcl", Request::ResumeSending(order())),
    ];
    all.extend(of_the_bank(folder).map(|(who, ask)| (who, Request::Bank(ask))));
    all.extend(of_the_roster().map(|(who, ask)| (who, Request::Roster(ask))));
    all
}

fn of_the_bank(folder: &std::path::Path) -> impl Iterator<Item = (&'static str, BankAsk)> {
    let refund = || "none".to_owned();
    let note = refund;
    [
        (
            LOOK,
            BankAsk::Transfers {
                account: None,
                ended: true,
            },
        ),
        (
            "ml",
            BankAsk::ProposeFile {
                account: None,
                currency: None,
            },
        ),
        (
            "!cl",
            BankAsk::ApproveFile {
                file: 99,
                seen: note(),
            },
        ),
        (
            TEND,
            BankAsk::GiveUpFile {
                file: 99,
                note: note(),
            },
        ),
        (
            TEND,
            BankAsk::WriteFile {
                file: 99,
                to: folder.join("file.xml"),
            },
        ),
        (TEND, BankAsk::TakeFile { file: 99 }),
        (
            "!mcl",
            BankAsk::State(TransferWord {
                refund: refund(),
                said: Said::Paid,
                reference: note(),
                dated: None,
            }),
        ),
        (
            "!mcl",
            BankAsk::TurnDown {
                refund: refund(),
                note: note(),
            },
        ),
        (TEND, BankAsk::Confirm { refund: refund() }),
        (TEND, BankAsk::Reveal { refund: refund() }),
        ("i", BankAsk::Reconcile { files: Vec::new() }),
        (
            TEND,
            BankAsk::Explain {
                id: 99,
                note: note(),
            },
        ),
    ]
    .into_iter()
}

fn of_the_roster() -> impl Iterator<Item = (&'static str, RosterAsk)> {
    let (from, until) = (day(), day());
    [
        (LOOK, RosterAsk::Show),
        (
            "!cl",
            RosterAsk::Delegate {
                to: "cora".to_owned(),
                from,
                until,
            },
        ),
        ("!cl", RosterAsk::EndDelegation { id: 99 }),
        (LOOK, RosterAsk::Away { from, until }),
        (LOOK, RosterAsk::Back),
    ]
    .into_iter()
}

/// The names of an enum's variants, as its source has them.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{")).unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let named = lines.filter(|line| line.starts_with(|it: char| it.is_ascii_uppercase()));
    let word = |line: &str| line.chars().take_while(|it| it.is_alphanumeric()).collect();
    named.map(word).collect()
}

/// The name of a variant, as it is written out.
fn variant<T: std::fmt::Debug>(value: &T) -> String {
    let text = format!("{value:?}");
    text.chars().take_while(|it| it.is_alphanumeric()).collect()
}

#[test]
fn the_table_has_a_line_for_every_request() {
    let listed = requests(std::path::Path::new(""));
    let named: BTreeSet<String> = listed.iter().map(|(_, it)| variant(it)).collect();
    assert_eq!(named, variants(include_str!("../../face.rs"), "Request"));
    let bank: BTreeSet<String> = of_the_bank(std::path::Path::new(""))
        .map(|(_, it)| variant(&it))
        .collect();
    assert_eq!(
        bank,
        variants(include_str!("../../face/bank.rs"), "BankAsk")
    );
    let roster: BTreeSet<String> = of_the_roster().map(|(_, it)| variant(&it)).collect();
    let source = include_str!("../../face/roster.rs");
    assert_eq!(roster, variants(source, "RosterAsk"));
}

#[tokio::test]
async fn each_request_is_for_those_whose_role_it_is() {
    let stage = Stage::with(1, ROLES, noon()).await;
    for (letter, name) in PEOPLE {
        for (may, request) in requests(stage.folder.path()) {
            let what = variant(&request);
            let asked = stage.person(name, request).await;
            let allowed = code(&asked) != "role";
            assert_eq!(
                allowed,
                may.contains(letter),
                "{name} asks {what}: {asked:?}"
            );
            if let Some(refusal) = asked.err().filter(|_| !allowed) {
                assert_eq!(refusal.class, Class::Rule);
                assert!(
                    refusal.message.contains(&format!("you are {name}")),
                    "{refusal:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn without_roles_everybody_may_ask_everything() {
    let stage = Stage::open(1).await;
    for (_, request) in requests(stage.folder.path()) {
        let asked = stage.person("eve", request).await;
        assert_ne!(code(&asked), "role", "{asked:?}");
    }
}

/// With sudo or su: they look and make, and never approve, agree, decline or resolve.
#[tokio::test]
async fn whoever_became_another_decides_nothing_in_their_name() {
    for config in [ROLES, ""] {
        let stage = Stage::with(1, config, noon()).await;
        let sudo = Actor {
            acts_as: Some("root".to_owned()),
            ..person("lea")
        };
        for (may, request) in requests(stage.folder.path()) {
            let what = variant(&request);
            let asked = stage.desk.ask(&sudo, request).await;
            let refused = code(&asked) == "acts_as";
            assert_eq!(refused, may.starts_with('!'), "{what}: {asked:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_says_who_one_is_what_it_takes_and_who_has_it() {
    let stage = Stage::with(1, ROLES, noon()).await;
    let refused = stage.makes("vic", "P0", "1").await.unwrap_err();
    assert_eq!(
        refused.message,
        "you are vic, here as viewer; making refunds takes the role maker"
    );
    assert_eq!(refused.next, "Ask one of: group leads, max, mia.");
    let refused = stage.makes("eve", "P0", "1").await.unwrap_err();
    assert!(
        refused
            .message
            .starts_with("you are eve, with no role here")
    );
    // Looking is free: the composer says why it would not go.
    let preview = Request::Preview(draft("P0", "1"));
    let Ok(Reply::Preview(preview)) = stage.person("vic", preview).await else {
        panic!("no preview");
    };
    assert_eq!(preview.problems[0].code, "role");
}
