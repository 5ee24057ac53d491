//! What waits for people, and what the desk does by itself before it does, on a clock of the test's.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::desk::face::{CloseDiscrepancy, Refusal, Resolve, Stated, ToDoItem};
use crate::domain::resolution::Proof;
use crate::domain::todo::{Act, Clocked, Tab};

impl Stage {
    /// One payment, and a clock that the test moves: at the pace of real desks.
    async fn real(policy: &str) -> Self {
        let config = CONFIG.replace("pace = 10", "pace = 1") + policy;
        let now = Clock::system().now();
        Self::open(1).await.reopened(&config, Clock::manual(now))
    }

    async fn by(&self, name: &str, request: Request) -> Result<Reply, Refusal> {
        let actor = Actor::named(name);
        self.desk.ask(&actor, request).await
    }

    async fn to_do(&self, name: &str) -> Vec<ToDoItem> {
        match self.by(name, Request::ToDo).await {
            Ok(Reply::ToDo(items)) => items,
            other => panic!("{other:?}"),
        }
    }

    async fn approve(&self, name: &str, id: RefundId) -> Result<Reply, Refusal> {
        let request = Request::Approve {
            refund: id.to_string(),
            seen: self.refund(id).await.approval_hash,
        };
        self.by(name, request).await
    }
}

const ABOVE_TEN: &str = "[policy]\napproval_above = 10\n";

#[tokio::test]
async fn a_card_expires_with_its_refund() {
    let stage = Stage::real(ABOVE_TEN).await;
    let id = stage.compose("P0").await;
    assert_eq!(stage.refund(id).await.state, State::AwaitingApproval);
    stage.clock.advance(Duration::from_hours(7 * 24));
    let refused = stage.approve("ben", id).await.unwrap_err();
    assert_eq!(refused.code, "expired");
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Expired);
    assert!(stage.to_do("ben").await.is_empty());
}

/// What two people of a service decided is not sent by a desk that cannot know who they were.
#[tokio::test]
async fn what_was_approved_at_the_service_is_sent_by_the_service() {
    let config = CONFIG
        .replace("\"sandbox\"", "\"test\"")
        .replace("pace = 10", "");
    let config = config + ABOVE_TEN;
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::system());
    let open = |folder: &TempDir, shared| {
        let mode = Mode {
            shared,
            ..Mode::default()
        };
        Stage::desk_in(folder.path(), &config, clock.clone(), mode).into()
    };
    let stage = Stage {
        desk: open(&folder, true),
        folder,
        clock: clock.clone(),
    };
    stage.import(1).await;
    let id = stage.compose("P0").await;
    stage.approve("ben", id).await.unwrap();
    let Stage { folder, desk, .. } = stage;
    let gone = Arc::downgrade(&*desk);
    drop(desk);
    while gone.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
    let alone = Stage {
        desk: open(&folder, false),
        folder,
        clock: clock.clone(),
    };
    let fake = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(report(Reported::Pending)),
    );
    alone.provider(&fake);
    alone.work().await;
    let kept = alone.refund(id).await;
    assert_eq!((kept.state, fake.sends()), (State::Approved, 0));
    assert!(kept.said.unwrap().contains("service"));
}

#[tokio::test]
async fn a_card_lies_with_everybody_but_its_maker() {
    let stage = Stage::real(ABOVE_TEN).await;
    let id = stage.compose("P0").await;
    let tab = async |name| stage.to_do(name).await[0].step.tab;
    assert_eq!(tab("mia").await, Tab::Mine);
    assert_eq!(tab("ben").await, Tab::Approvals);
    let Ok(Reply::Review(review)) = stage.by("ben", Request::Review(id.to_string())).await else {
        panic!("no card");
    };
    assert!(
        review.why.contains("12.34 USD is above 10.00 USD"),
        "{review:?}"
    );
    assert_eq!(review.before.to_string(), "90.00 USD");
    assert_eq!(review.after.to_string(), "77.66 USD");
    assert_eq!(review.hindrance, None);
    assert_eq!(
        stage.approve("mia", id).await.unwrap_err().code,
        "own_refund"
    );
    stage.approve("ben", id).await.unwrap();
    assert!(stage.to_do("ben").await.is_empty());
}

/// What cannot be sent any more is not approved: it would only come back.
#[tokio::test]
async fn a_card_whose_window_closed_is_not_approved() {
    let stage = Stage::real(&format!("{ABOVE_TEN}expires_after_days = 365\n")).await;
    let id = stage.compose("P0").await;
    stage.clock.advance(Duration::from_hours(360 * 24));
    let refused = stage.approve("ben", id).await.unwrap_err();
    assert_eq!(refused.code, "not_possible", "{refused:?}");
}

/// When the desk sent, in seconds after the first time, working every second for so long.
async fn sends(stage: &Stage, fake: &Fake, seconds: i64) -> Vec<i64> {
    let started: DateTime<Utc> = stage.clock.now();
    let mut sent = Vec::new();
    while stage.clock.now() - started < TimeDelta::seconds(seconds) {
        let before = fake.sends();
        stage.work().await;
        let at = (stage.clock.now() - started).num_seconds();
        sent.extend((before..fake.sends()).map(|_| at));
        stage.clock.advance(Duration::from_secs(1));
    }
    sent
}

/// T13: from 30 s after the last send until 4 min after the first, and no more.
#[tokio::test]
async fn an_unknown_outcome_goes_again_within_the_window_only() {
    let stage = Stage::real("").await;
    let doubt = at_once(Finding::new(Evidence::Doubt, "no answer"));
    let nothing = at_once(Finding::new(Evidence::NotFound, "nothing"));
    let fake = Fake::new(doubt, nothing);
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    let sent = sends(&stage, &fake, 3_600).await;
    assert!(sent.len() >= 3, "{sent:?}");
    assert!(
        sent.windows(2).all(|pair| pair[1] - pair[0] >= 30),
        "{sent:?}"
    );
    assert!(sent.iter().all(|at| *at < 240), "{sent:?}");
    let refund = stage.refund(id).await;
    assert_eq!((refund.state, refund.attempts), (State::Unknown, 1));
    assert_eq!(refund.figures().held().unwrap(), refund.content.amount);
    // An hour later enough inquiries have found nothing for two people to go on.
    let step = stage.to_do("mia").await.remove(0).step;
    assert_eq!(
        (step.tab, step.act),
        (Tab::Problems, Act::Resolve),
        "{step:?}"
    );
}

#[tokio::test]
async fn only_an_empty_inquiry_leads_to_a_second_send() {
    let stage = Stage::real("").await;
    let doubt = || at_once(Finding::new(Evidence::Doubt, "no answer"));
    let fake = Fake::new(doubt(), doubt());
    stage.provider(&fake);
    stage.compose("P0").await;
    assert_eq!(sends(&stage, &fake, 600).await, [0]);
    let items = stage.to_do("mia").await;
    let step = &items[0].step;
    assert_eq!(step.act, Act::Wait, "{step:?}");
    assert!(
        matches!(step.clocked, Some(Clocked::AbsenceFrom(_))),
        "{step:?}"
    );
}

#[tokio::test]
async fn a_payment_that_can_no_longer_be_refunded_is_not_sent_again() {
    let stage = Stage::real("").await;
    let doubt = at_once(Finding::new(Evidence::Doubt, "no answer"));
    let fake = Fake::new(doubt, at_once(Finding::new(Evidence::NotFound, "nothing")));
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    stage.work().await;
    let day = (stage.clock.now() - TimeDelta::days(9)).date_naive();
    let text = format!(
        "account,payment_id,amount,currency,captured_at,settled_at,refunded\nhub,pay-0,90.00,USD,{day}T12:00:00Z,{day}T13:00:00Z,90.00\n"
    );
    let import = Import {
        files: vec![ImportFile {
            name: "elsewhere.csv".to_owned(),
            bytes: text.into_bytes(),
        }],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    };
    stage.ask(Request::Import(import)).await;
    assert_eq!(sends(&stage, &fake, 600).await, [0; 0]);
    assert_eq!(stage.refund(id).await.state, State::Unknown);
}

/// T14 at the pace of real desks: not before half an hour, and not without enough inquiries.
#[tokio::test]
async fn absence_takes_half_an_hour_three_looks_and_two_people() {
    let stage = Stage::real("").await;
    let doubt = at_once(Finding::new(Evidence::Doubt, "no answer"));
    let fake = Fake::new(doubt, at_once(Finding::new(Evidence::NotFound, "nothing")));
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    let state = || {
        Request::Resolve(Resolve {
            refund: id.to_string(),
            stated: Stated::Absent,
            paid: None,
            proof: Proof {
                kind: "support".to_owned(),
                reference: "ticket 7".to_owned(),
                dated: None,
                file_sha256: None,
            },
        })
    };
    sends(&stage, &fake, 1_500).await;
    stage.by("mia", state()).await.unwrap();
    let early = stage.approve("ben", id).await.unwrap_err();
    assert_eq!(early.code, "too_early", "{early:?}");
    sends(&stage, &fake, 1_800).await;
    let before = fake.sends();
    stage.by("ben", state()).await.unwrap();
    assert_eq!(stage.refund(id).await.state, State::Approved);
    stage.work().await;
    assert_eq!(fake.sends(), before + 1);
    let refund = stage.refund(id).await;
    assert_eq!((refund.state, refund.attempts), (State::Unknown, 2));
    // The new attempt has its own window, and its own proof to wait for.
    let early = stage.by("mia", state()).await.unwrap();
    assert!(matches!(early, Reply::Refund(_)));
    assert_eq!(
        stage.approve("ben", id).await.unwrap_err().code,
        "too_early"
    );
}

/// T20: seen on the To do screen, in the top line and in a notice until somebody acknowledges it.
#[tokio::test]
async fn what_came_back_is_one_entry_until_it_is_acknowledged() {
    let stage = Stage::real("").await;
    let fake = Fake::new(
        at_once(report(Reported::Succeeded)),
        at_once(report(Reported::Reversed)),
    );
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    stage.work().await;
    let mut notices = stage.desk.follow();
    stage.clock.advance(Duration::from_hours(25));
    stage.work().await;
    let told = std::iter::from_fn(|| notices.try_recv().ok())
        .any(|it| matches!(it, Notice::Refund(row) if row.refund.state == State::Reversed));
    assert!(told, "a notice tells of it");
    let came_back = async || match stage.ask(Request::Overview).await {
        Reply::Overview(overview) => overview.came_back,
        other => panic!("{other:?}"),
    };
    assert_eq!(came_back().await, 1);
    let items = stage.to_do("ben").await;
    assert_eq!(items.len(), 1, "{items:?}");
    let alert = items[0].discrepancy.clone().unwrap();
    assert_eq!(items[0].refund.as_ref().unwrap().refund.id, id);
    assert_eq!(
        (items[0].step.tab, items[0].step.act),
        (Tab::Problems, Act::Investigate)
    );
    assert!(items[0].step.next.contains("acknowledge"), "{items:?}");

    let seen = Request::CloseDiscrepancy(CloseDiscrepancy {
        id: alert.id,
        note: String::new(),
        accept: false,
    });
    stage.by("mia", seen).await.unwrap();
    assert_eq!(came_back().await, 0);
    let items = stage.to_do("ben").await;
    assert_eq!(
        (items.len(), items[0].step.act),
        (1, Act::Replace),
        "{items:?}"
    );
}

/// Whoever reads how it ended reads who ended it.
#[tokio::test]
async fn a_withdrawal_and_a_decline_name_who() {
    let config = CONFIG.to_owned() + ABOVE_TEN;
    let stage = Stage::open(3).await.reopened(&config, Clock::system());
    let said = async |id| stage.refund(id).await.said.unwrap();
    let cancel = |id: RefundId, note: Option<&str>| Request::Cancel {
        refund: id.to_string(),
        note: note.map(Into::into),
        stop: false,
    };
    let (plain, noted) = (stage.compose("P0").await, stage.compose("P1").await);
    stage.by("mia", cancel(plain, None)).await.unwrap();
    assert_eq!(said(plain).await, "withdrawn by mia");
    stage
        .by("mia", cancel(noted, Some("a typo")))
        .await
        .unwrap();
    assert_eq!(said(noted).await, "withdrawn by mia: a typo");
    let declined = stage.compose("P2").await;
    let decline = Request::Decline {
        refund: declined.to_string(),
        note: "twice".to_owned(),
    };
    stage.by("ben", decline).await.unwrap();
    assert_eq!(said(declined).await, "declined by ben: twice");
}
