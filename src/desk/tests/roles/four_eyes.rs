//! Who approves: checkers, those to whom one handed on the right, and never for what is one's own.

use chrono::NaiveDate;

use super::*;
use crate::desk::face::{Resolve, RosterAsk, Stated};
use crate::domain::audit::AuditFilter;
use crate::domain::delegation::Roster;
use crate::domain::resolution::Proof;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// For the day after `noon` and one more.
fn hand_on(to: &str) -> Request {
    Request::Roster(RosterAsk::Delegate {
        to: to.to_owned(),
        from: date("2026-11-19"),
        until: date("2026-11-20"),
    })
}

async fn house(payments: usize) -> Stage {
    Stage::with(payments, &format!("{ROLES}{ABOVE_TEN}"), noon()).await
}

impl Stage {
    async fn roster(&self, name: &str, ask: Request) -> Result<Roster, Refusal> {
        match self.person(name, ask).await? {
            Reply::Roster(roster) => Ok(*roster),
            other => panic!("{other:?}"),
        }
    }

    async fn told(&self, action: &str) -> Vec<(String, String)> {
        let all = Request::Audit {
            filter: AuditFilter::default(),
            limit: 1_000,
        };
        let Ok(Reply::Audit(entries)) = self.person("vic", all).await else {
            panic!("no audit");
        };
        let told = entries.into_iter().filter(|it| it.action == action);
        told.map(|it| (it.actor, format!("{} {}", it.subject, it.detail)))
            .collect()
    }
}

#[tokio::test]
async fn a_checker_approves_what_another_made_and_nobody_their_own() {
    let stage = house(2).await;
    let id = stage.makes("lea", "P0", "20").await.unwrap();
    for (name, refused) in [
        ("lea", "own_refund"),
        ("max", "role"),
        ("ola", "role"),
        ("eve", "role"),
    ] {
        assert_eq!(code(&stage.approves(name, id).await), refused, "{name}");
    }
    stage.approves("cora", id).await.unwrap();
    let approved = stage.told("refund.approved").await;
    assert!(approved[0].1.contains("role=checker"), "{approved:?}");
    let id = stage.makes("mia", "P1", "20").await.unwrap();
    stage.approves("lea", id).await.unwrap();
    let approved = stage.told("refund.approved").await;
    assert!(
        approved[1].1.contains("role=leads group=leads"),
        "{approved:?}"
    );
}

#[tokio::test]
async fn cards_say_who_may_approve_and_who_is_away() {
    let stage = house(1).await;
    let id = stage.makes("lea", "P0", "20").await.unwrap();
    let away = Request::Roster(RosterAsk::Away {
        from: date("2026-11-18"),
        until: date("2026-11-23"),
    });
    stage.roster("ben", away).await.unwrap();
    let may = async || {
        let items = stage.queue("cora").await;
        assert_eq!(items[0].step.tab, Tab::Approvals);
        let may = items[0].may_approve.clone().unwrap();
        assert!(items[0].step.next.contains(&may.to_string()), "{items:?}");
        let review = Request::Review(id.to_string());
        let Ok(Reply::Review(review)) = stage.person("cora", review).await else {
            panic!("no review");
        };
        assert_eq!(review.card.may_approve.as_ref(), Some(&may));
        may.to_string()
    };
    assert_eq!(may().await, "cora, group leads; away: ben until 2026-11-23");
    stage.roster("cora", hand_on("vic")).await.unwrap();
    stage.clock.advance(Duration::from_hours(24));
    assert_eq!(
        may().await,
        "cora, group leads, vic for cora until 2026-11-20; away: ben until 2026-11-23"
    );
    stage
        .roster("ben", Request::Roster(RosterAsk::Back))
        .await
        .unwrap();
    assert!(
        may()
            .await
            .starts_with("ben, cora, group leads, vic for cora")
    );
}

#[tokio::test]
async fn a_right_is_handed_on_for_days_and_never_to_the_maker() {
    let stage = house(4).await;
    let ids = [
        stage.makes("mia", "P0", "20").await.unwrap(),
        stage.makes("max", "P1", "20").await.unwrap(),
        stage.makes("lea", "P2", "20").await.unwrap(),
    ];
    stage.roster("lea", hand_on("mia")).await.unwrap();
    // Not yet, and by nobody else.
    assert_eq!(code(&stage.approves("mia", ids[1]).await), "role");
    stage.clock.advance(Duration::from_hours(24));
    assert_eq!(code(&stage.approves("vic", ids[1]).await), "role");
    // What she made, and what whoever handed it on made: neither could be approved by either.
    assert_eq!(code(&stage.approves("mia", ids[0]).await), "own_refund");
    assert_eq!(code(&stage.approves("mia", ids[2]).await), "delegate");
    stage.approves("mia", ids[1]).await.unwrap();
    let approved = stage.told("refund.approved").await;
    assert!(
        approved[0]
            .1
            .contains("role=leads group=leads delegation=1"),
        "{approved:?}"
    );
    let made = stage.told("delegation.made").await;
    assert_eq!(
        made,
        [(
            "lea".to_owned(),
            "person lea number=1 to=mia from=2026-11-19 until=2026-11-20".to_owned()
        )]
    );
    // Taken back early it is gone.
    let end = Request::Roster(RosterAsk::EndDelegation { id: 1 });
    assert_eq!(code(&stage.roster("cora", end.clone()).await), "not_found");
    stage.roster("lea", end).await.unwrap();
    let late = stage.makes("max", "P3", "20").await.unwrap();
    assert_eq!(code(&stage.approves("mia", late).await), "role");
    assert_eq!(stage.told("delegation.ended").await.len(), 1);
}

#[tokio::test]
async fn a_right_ends_with_its_last_day_and_with_the_role_of_whose_it_is() {
    let stage = house(2).await;
    let id = stage.makes("max", "P0", "20").await.unwrap();
    stage.roster("cora", hand_on("mia")).await.unwrap();
    stage.clock.advance(Duration::from_hours(3 * 24));
    assert_eq!(code(&stage.approves("mia", id).await), "role");
    let roles = ROLES.replace("\"cora\", ", "");
    let clock = noon();
    clock.advance(Duration::from_hours(24));
    let stage = stage.reopened(&format!("{CONFIG}{roles}{ABOVE_TEN}"), clock);
    assert_eq!(code(&stage.approves("mia", id).await), "role");
}

#[tokio::test]
async fn a_right_is_not_handed_on_to_just_anybody() {
    let stage = house(1).await;
    for (to, refused) in [
        ("cora", "delegate"),
        ("ben", "delegate"),
        ("ola", "delegate"),
        (" ", "delegate"),
    ] {
        assert_eq!(
            code(&stage.roster("cora", hand_on(to)).await),
            refused,
            "{to}"
        );
    }
    let over = Request::Roster(RosterAsk::Delegate {
        to: "mia".to_owned(),
        from: date("2026-11-10"),
        until: date("2026-11-17"),
    });
    assert_eq!(code(&stage.roster("cora", over).await), "days");
    let alone = Stage::with(1, "", noon()).await;
    assert_eq!(
        code(&alone.roster("cora", hand_on("mia")).await),
        "no_roles"
    );
}

/// T7a: whoever approved it is no checker any more when it would be sent.
#[tokio::test]
async fn an_approval_ends_with_the_role_it_rests_on() {
    let stage = house(2).await;
    let ids = [
        stage.makes("mia", "P0", "20").await.unwrap(),
        stage.makes("mia", "P1", "20").await.unwrap(),
    ];
    stage.approves("cora", ids[0]).await.unwrap();
    stage.approves("ben", ids[1]).await.unwrap();
    let roles = ROLES.replace("\"cora\", ", "");
    let stage = stage.reopened(&format!("{CONFIG}{roles}{ABOVE_TEN}"), noon());
    let fake = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(report(Reported::Pending)),
    );
    stage.provider(&fake);
    stage.work().await;
    assert_eq!(fake.sends(), 1);
    let back = stage.refund(ids[0]).await;
    assert_eq!(back.state, State::AwaitingApproval);
    assert!(back.said.unwrap().contains("cora is no longer a checker"));
    assert_eq!(stage.refund(ids[1]).await.state, State::Pending);
    stage.approves("ben", ids[0]).await.unwrap();
    stage.work().await;
    assert_eq!(fake.sends(), 2);
}

#[tokio::test]
async fn one_of_two_who_state_an_outcome_is_a_checker() {
    let stage = house(1).await;
    let doubt = Finding::new(Evidence::Doubt, "no answer");
    stage.provider(&Fake::new(at_once(doubt.clone()), at_once(doubt)));
    let id = stage.makes("mia", "P0", "9").await.unwrap();
    stage.work().await;
    stage.clock.advance(Duration::from_hours(2));
    let state = || {
        Request::Resolve(Resolve {
            refund: id.to_string(),
            stated: Stated::Failed,
            paid: None,
            proof: Proof {
                kind: "support".to_owned(),
                reference: "ticket 7".to_owned(),
                dated: None,
                file_sha256: None,
            },
        })
    };
    stage.person("mia", state()).await.unwrap();
    assert_eq!(code(&stage.person("max", state()).await), "role");
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    stage.person("cora", state()).await.unwrap();
    assert_eq!(stage.refund(id).await.state, State::Failed);
}

/// Nine business hours: from noon on Wednesday until one o'clock on Thursday.
#[tokio::test]
async fn what_waits_too_long_is_marked_and_says_who_is_next() {
    let stage = house(1).await;
    stage.makes("mia", "P0", "20").await.unwrap();
    stage.clock.advance(Duration::from_hours(19));
    assert_eq!(stage.queue("cora").await[0].escalated, None);
    stage.clock.advance(Duration::from_hours(6));
    let item = stage.queue("cora").await.remove(0);
    let told = "has waited 9 business hours, 8 are allowed; next is ben, cora, group leads";
    assert_eq!(item.escalated.as_deref(), Some(told));
    assert!(item.step.what.starts_with("WAITS TOO LONG: "), "{item:?}");
    // An admin is told, and approves nothing.
    let admins = stage.queue("ola").await.remove(0);
    assert!(
        admins
            .escalated
            .unwrap()
            .ends_with("an admin approves nothing")
    );
    for name in ["ben", "cora"] {
        let away = Request::Roster(RosterAsk::Away {
            from: date("2026-11-19"),
            until: date("2026-11-30"),
        });
        stage.roster(name, away).await.unwrap();
    }
    let item = stage.queue("vic").await.remove(0);
    assert!(item.escalated.unwrap().ends_with("next is group leads"));
}

#[tokio::test]
async fn every_change_of_roles_and_limits_is_in_the_audit_with_the_file() {
    let stage = house(1).await;
    let begun = stage.told("role.changed").await;
    assert_eq!(begun.len(), 6, "{begun:?}");
    assert!(
        begun
            .iter()
            .all(|(who, what)| who == "mia" && what.contains("before=none"))
    );
    let files = stage.told("config.changed").await.len();
    let changed = ROLES
        .replace("\"cora\", ", "")
        .replace("[roles.viewer]\nusers = [\"vic\"]\n", "[roles.viewer]\nusers = [\"vic\"]\n[roles.audit]\nmay = [\"viewer\"]\ngroups = [\"audit\"]\n")
        .replace("[roles.importer]\nusers = [\"ina\"]\n", "")
        .replace("\"max\"]\n", "\"max\"]\nfree = { per_day = 100 }\n");
    let capped = CONFIG.replace("polls_per_minute", "cap_per_day = 50\npolls_per_minute");
    let stage = stage.reopened(&format!("{capped}{changed}{ABOVE_TEN}"), noon());
    let told = stage.told("role.changed").await;
    let news: Vec<&str> = told[6..].iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(
        news,
        [
            "role audit version=1 now=may=viewer users= groups=audit before=none",
            "role checker version=2 now=may=checker users=ben groups= before=may=checker users=ben,cora groups=",
            "role maker version=2 now=may=maker users=max,mia groups= free_day=100 before=may=maker users=max,mia groups=",
            "role importer version=2 now=none before=may=importer users=ina groups=",
        ]
    );
    let accounts = stage.told("account.changed").await;
    assert!(
        accounts.last().unwrap().1.contains("cap_per_day=50"),
        "{accounts:?}"
    );
    let all = stage.told("config.changed").await;
    assert_eq!(all.len(), files + 1);
    assert!(
        all.last()
            .unwrap()
            .1
            .contains(&format!("file_sha256={}", stage.desk.settings.sha256))
    );
    // The same again tells nothing.
    let stage = stage.reopened(&format!("{capped}{changed}{ABOVE_TEN}"), noon());
    assert_eq!(stage.told("role.changed").await.len(), told.len());
}
