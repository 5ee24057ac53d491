//! That roles and limits hold in the database itself, against SQL typed by hand.

use chrono::NaiveDate;
use rstest::rstest;
use rusqlite::Connection;

use super::*;
use crate::domain::allowance::{Amounts, Band, Bound, Terms as Allowed};
use crate::domain::role::{MakersRight, Right, Role, Through};
use crate::domain::state::ApproveGuard;

const APPROVE: Event = Event::Approve(ApproveGuard {
    checker_is_not_maker: false,
    has_role: true,
    hash_matches: false,
    in_time: false,
});

fn today() -> NaiveDate {
    now().date_naive()
}

fn amounts(others_main: i64) -> Amounts {
    Amounts {
        apart: std::collections::BTreeMap::new(),
        others_main,
    }
}

fn right(grant: &str) -> Right {
    Right {
        grant: grant.into(),
        through: Through::Name,
    }
}

/// max makes, 5 freely, 20 at most and 30 a day at most; ben, and the group leads, check; ola is admin.
/// The account may refund 100 a day, and above 50 a checker is needed anyhow.
fn rules() -> Vec<Rule> {
    let role = |name: &str, role, named, figures: &[(&'static str, i64)]| Rule {
        subject: format!("{ROLE}{name}"),
        says: format!("{named:?} {figures:?}"),
        grants: vec![(role, named)],
        figures: figures
            .iter()
            .map(|(name, main)| Figure {
                name,
                amounts: amounts(*main),
            })
            .collect(),
    };
    let user = |name: &str| Named::User(name.into());
    let limits = [("free_refund", 5), ("hard_refund", 20), ("hard_day", 30)];
    let figure = |subject: &str, name, main| Rule {
        subject: subject.into(),
        says: format!("{name}={main}"),
        figures: vec![Figure {
            name,
            amounts: amounts(main),
        }],
        ..Rule::default()
    };
    vec![
        figure(POLICY, "approval_above", 50),
        figure("account hub-us", "cap_per_day", 100),
        role("maker", Role::Maker, user("max"), &limits),
        role("checker", Role::Checker, user("ben"), &[]),
        role("leads", Role::Checker, Named::Group("leads".into()), &[]),
        role("admin", Role::Admin, user("ola"), &[]),
    ]
}

fn band() -> Band {
    let bound = |per_refund: Option<i64>, per_day: Option<i64>| Bound {
        per_refund: per_refund.map(amounts),
        per_day: per_day.map(amounts),
    };
    Band {
        free: bound(Some(5), None),
        hard: bound(Some(20), Some(30)),
    }
}

fn limited(payment: &str, minor: i64) -> Reservation {
    Reservation {
        allowed: Allowed {
            rights: vec![MakersRight {
                right: right("maker"),
                band: band(),
            }],
            account_cap: Some(usd(10_000)),
            day: today(),
        },
        ..reservation(payment, minor)
    }
}

fn by_ben() -> Checked {
    Checked {
        right: Some(right("checker")),
        delegation: None,
        day: today(),
    }
}

/// Three payments of 100.00 USD under the rules, and a refund of max's that waits for a checker.
async fn house() -> (TempDir, Ledger, RefundId) {
    let (folder, ledger) = open();
    import(
        &ledger,
        vec![row("a", 10_000), row("b", 10_000), row("c", 10_000)],
    )
    .await;
    ledger.adopt(rules(), "ola".into(), now()).unwrap();
    // Written with the first deed.
    ledger
        .note_absence("ben".into(), None, now())
        .await
        .unwrap();
    let waiting = limited("a", 1_000);
    let id = waiting.id;
    ledger.reserve(waiting).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::AwaitingApproval);
    (folder, ledger, id)
}

fn by_hand(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("desk.db")).unwrap()
}

const REFUND: &str = "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency,
     reason, maker, hash, policy_version, state, expires_at, created_at, updated_at)
 SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, AMOUNT, currency, reason,
     MAKER, hash, 1, 'reserved', expires_at, created_at, created_at FROM refunds";
const UNDER: &str = "INSERT INTO made_under (refund_id, maker, account, currency, day, minor, role, role_version,
     free_refund, hard_refund, hard_day, cap_per_day, used, account_used)
 SELECT '0199f0a0-0000-7000-8000-00000000000f', MAKER, account, currency, DAY, AMOUNT, role, role_version,
     FREE, HARD, hard_day, cap_per_day, 0, 0 FROM made_under";

/// A refund written by hand, under what is written by hand.
fn refund_by_hand(maker: &str, amount: i64, day: &str, free: &str, hard: &str) -> String {
    format!("{UNDER};{REFUND}")
        .replace("MAKER", maker)
        .replace("AMOUNT", &amount.to_string())
        .replace("DAY", day)
        .replace("FREE", free)
        .replace("HARD", hard)
}

#[rstest]
#[case::what_is_allowed("maker", 2_000, "day", "free_refund", "hard_refund", None)]
#[case::above_hard(
    "maker",
    2_001,
    "day",
    "free_refund",
    "hard_refund",
    Some("over the hard limit")
)]
#[case::with_a_limit_of_ones_own(
    "maker",
    2_001,
    "day",
    "free_refund",
    "9999",
    Some("not the limits in force")
)]
#[case::without_a_limit(
    "maker",
    2_001,
    "day",
    "free_refund",
    "NULL",
    Some("not the limits in force")
)]
#[case::freer(
    "maker",
    1_000,
    "day",
    "1000",
    "hard_refund",
    Some("not the limits in force")
)]
#[case::no_maker("'eve'", 100, "day", "free_refund", "hard_refund", Some("no maker"))]
#[case::a_checker("'ben'", 100, "day", "free_refund", "hard_refund", Some("no maker"))]
#[case::another_day(
    "maker",
    2_000,
    "'2026-11-30'",
    "free_refund",
    "hard_refund",
    Some("nobody with a role")
)]
#[tokio::test]
async fn a_refund_by_hand_keeps_the_limits(
    #[case] maker: &str,
    #[case] amount: i64,
    #[case] day: &str,
    #[case] free: &str,
    #[case] hard: &str,
    #[case] refused: Option<&str>,
) {
    let (folder, _ledger, _) = house().await;
    let sql = refund_by_hand(maker, amount, day, free, hard);
    let told = by_hand(&folder)
        .execute_batch(&sql)
        .err()
        .map(|it| it.to_string());
    assert_eq!(told.is_some(), refused.is_some(), "{told:?}");
    assert!(
        told.unwrap_or_default()
            .contains(refused.unwrap_or_default())
    );
}

#[tokio::test]
async fn a_refund_by_hand_needs_what_it_was_made_under() {
    let (folder, _ledger, _) = house().await;
    let connection = by_hand(&folder);
    let bare = REFUND.replace("MAKER", "maker").replace("AMOUNT", "1");
    let told = connection.execute_batch(&bare).unwrap_err().to_string();
    assert!(told.contains("nobody with a role to make it"), "{told}");
    // For one amount, another refund.
    let other = refund_by_hand("maker", 100, "day", "free_refund", "hard_refund");
    let other = other
        .replacen("AMOUNT", "1", 1)
        .replace("kind, 100,", "kind, 200,");
    assert!(connection.execute_batch(&other).is_err());
}

#[rstest]
#[case::raise_a_figure("UPDATE rule_figures SET figure = 99999")]
#[case::drop_a_figure("DELETE FROM rule_figures WHERE name = 'hard_day'")]
#[case::add_a_figure(
    "INSERT INTO rule_figures VALUES ('role maker', 1, 'hard_refund', 'USD', 999999)"
)]
#[case::replace_a_figure(
    "INSERT OR REPLACE INTO rule_figures VALUES ('role maker', 1, 'hard_refund', '*', 999999)"
)]
#[case::add_a_maker("INSERT INTO rule_grants VALUES ('role maker', 1, 'maker', 'user', 'eve')")]
#[case::rename_a_checker("UPDATE rule_grants SET who = 'max' WHERE role = 'checker'")]
#[case::drop_the_roles("DELETE FROM rule_grants")]
#[case::forget_a_day("UPDATE made_under SET day = '2026-11-01'")]
#[case::forget_a_refund("DELETE FROM made_under")]
#[case::replace_it("INSERT OR REPLACE INTO made_under SELECT * FROM made_under")]
#[case::let_it_go("UPDATE refunds SET state = 'approved'")]
#[case::approve_without_a_role(
    "INSERT INTO approvals (refund_id, checker, hash, at) SELECT id, 'ben', hash, created_at FROM refunds"
)]
#[case::approve_as_a_maker(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, day)
     SELECT id, 'mia', hash, created_at, 1, 'role maker', 1, '2026-11-21' FROM refunds"
)]
#[case::approve_by_anothers_role(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, day)
     SELECT id, 'eve', hash, created_at, 1, 'role checker', 1, '2026-11-21' FROM refunds"
)]
#[case::approve_by_another_group(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, via_group, day)
     SELECT id, 'eve', hash, created_at, 1, 'role leads', 1, 'staff', '2026-11-21' FROM refunds"
)]
#[case::approve_ones_own(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, via_group, day)
     SELECT id, maker, hash, created_at, 1, 'role leads', 1, 'leads', '2026-11-21' FROM refunds"
)]
#[case::approve_as_admin(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, via_group, day)
     SELECT id, 'ola', hash, created_at, 1, 'role leads', 1, 'leads', '2026-11-21' FROM refunds"
)]
#[case::approve_under_another_policy(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, day)
     SELECT id, 'ben', hash, created_at, 7, 'role checker', 1, '2026-11-21' FROM refunds"
)]
#[case::hand_on_what_one_has_not(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('eve', 'role checker', 1, 'mia', '2026-11-20', '2026-11-22', 1)"
)]
#[case::hand_on_to_oneself(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('ben', 'role checker', 1, 'ben', '2026-11-20', '2026-11-22', 1)"
)]
#[case::hand_on_to_an_admin(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('ben', 'role checker', 1, 'ola', '2026-11-20', '2026-11-22', 1)"
)]
#[case::approve_by_anothers_delegation(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('ben', 'role checker', 1, 'mia', '2026-11-20', '2026-11-22', 1);
     INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, delegation, day)
     SELECT id, 'eve', hash, created_at, 1, 'role checker', 1, 1, '2026-11-21' FROM refunds"
)]
#[case::approve_by_a_delegation_that_is_over(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('ben', 'role checker', 1, 'mia', '2026-11-18', '2026-11-19', 1);
     INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, delegation, day)
     SELECT id, 'mia', hash, created_at, 1, 'role checker', 1, 1, '2026-11-19' FROM refunds"
)]
#[case::the_maker_by_a_delegation(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('ben', 'role checker', 1, 'max', '2026-11-20', '2026-11-22', 1);
     INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, delegation, day)
     SELECT id, 'max', hash, created_at, 1, 'role checker', 1, 1, '2026-11-21' FROM refunds"
)]
#[case::for_the_maker_who_handed_it_on(
    "INSERT INTO delegations (checker, role, role_version, via_group, delegate, from_day, until_day, at)
     VALUES ('max', 'role leads', 1, 'leads', 'mia', '2026-11-20', '2026-11-22', 1);
     INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, via_group, delegation, day)
     SELECT id, 'mia', hash, created_at, 1, 'role leads', 1, 'leads', 1, '2026-11-21' FROM refunds"
)]
#[tokio::test]
async fn by_hand_nobody_gets_past_a_role(#[case] sql: &str) {
    let (folder, _ledger, _) = house().await;
    let told = by_hand(&folder).execute_batch(sql);
    assert!(told.is_err(), "went through: {sql}");
}

/// What a checker may do, the same statements do: they are refused for who does it, not for how.
#[rstest]
#[case::a_checker(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, day)
     SELECT id, 'ben', hash, created_at, 1, 'role checker', 1, '2026-11-21' FROM refunds"
)]
#[case::a_lead(
    "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, via_group, day)
     SELECT id, 'lea', hash, created_at, 1, 'role leads', 1, 'leads', '2026-11-21' FROM refunds"
)]
#[case::a_delegate(
    "INSERT INTO delegations (checker, role, role_version, delegate, from_day, until_day, at)
     VALUES ('ben', 'role checker', 1, 'mia', '2026-11-20', '2026-11-22', 1);
     INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, delegation, day)
     SELECT id, 'mia', hash, created_at, 1, 'role checker', 1, 1, '2026-11-21' FROM refunds"
)]
#[tokio::test]
async fn by_hand_a_checker_is_a_checker(#[case] sql: &str) {
    let (folder, _ledger, _) = house().await;
    by_hand(&folder).execute_batch(sql).unwrap();
}

#[tokio::test]
async fn what_a_refund_was_made_under_is_kept_with_it() {
    let (_folder, ledger, id) = house().await;
    let under = ledger.made_under(id).await.unwrap().unwrap();
    assert_eq!(under.right, Some(right("maker")));
    assert_eq!((under.day, under.weight), (today(), usd(1_000)));
    assert_eq!(under.figures.free_refund, Some(500));
    assert_eq!(
        (under.figures.hard_refund, under.figures.hard_day),
        (Some(2_000), Some(3_000))
    );
    assert_eq!(
        (under.cap_per_day, under.used.by_maker),
        (Some(10_000), usd(0))
    );
    let second = limited("b", 400);
    let id = second.id;
    ledger.reserve(second).await.unwrap();
    let under = ledger.made_under(id).await.unwrap().unwrap();
    assert_eq!(
        (under.used.by_maker, under.used.on_account),
        (usd(1_000), usd(1_000))
    );
    let over = ledger.reserve(limited("c", 1_601)).await;
    assert!(
        matches!(over, Err(LedgerError::OverAllowance(_))),
        "{over:?}"
    );
    ledger.reserve(limited("c", 1_600)).await.unwrap();
}

/// A desk that was opened with other rules than are in force now decides nothing by the old ones.
#[tokio::test]
async fn rules_that_changed_meanwhile_are_not_decided_by() {
    let (_folder, ledger, id) = house().await;
    let mut stricter = rules();
    stricter[0].figures[0].amounts = amounts(1);
    stricter[0].says = "approval_above=1".into();
    stricter[2].figures[1].amounts = amounts(10);
    stricter[2].says = "stricter".into();
    stricter[3].grants[0].1 = Named::User("cora".into());
    stricter[3].says = "cora".into();
    ledger.adopt(stricter, "ola".into(), now()).unwrap();
    let made = ledger.reserve(limited("b", 400)).await;
    assert!(
        matches!(made, Err(LedgerError::RulesChanged(_))),
        "{made:?}"
    );
    let seen = ledger
        .refund(id)
        .await
        .unwrap()
        .unwrap()
        .refund
        .approval_hash;
    let approval = Record {
        actor: "ben".into(),
        observation: None,
        ..record(id, APPROVE)
    };
    let approved = ledger.approve(approval, seen, by_ben()).await;
    assert!(
        matches!(approved, Err(LedgerError::RulesChanged(_))),
        "{approved:?}"
    );
    assert_eq!(state(&ledger, id).await, State::AwaitingApproval);
}

#[tokio::test]
async fn what_goes_without_a_checker_is_the_databases_to_say_too() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 10_000)]).await;
    let figure = rules().remove(0);
    ledger.adopt(vec![figure], "ola".into(), now()).unwrap();
    // 50 in force; this desk takes it for the default of 1000.
    reserve(&ledger, "a", 3_000).await;
    let sliced = ledger.reserve(reservation("a", 2_001)).await;
    assert!(
        matches!(sliced, Err(LedgerError::RulesChanged(_))),
        "{sliced:?}"
    );
    reserve(&ledger, "a", 2_000).await;
}

#[tokio::test]
async fn the_role_of_an_approval_is_looked_at_again_before_it_is_sent() {
    let (folder, ledger, id) = house().await;
    let seen = ledger
        .refund(id)
        .await
        .unwrap()
        .unwrap()
        .refund
        .approval_hash;
    let approval = Record {
        actor: "ben".into(),
        observation: None,
        ..record(id, APPROVE)
    };
    ledger.approve(approval, seen, by_ben()).await.unwrap();
    let mut without = rules();
    without.remove(3);
    ledger.adopt(without, "ola".into(), now()).unwrap();
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    assert!(claim.lapsed.unwrap().contains("ben is no longer a checker"));
    let sent = "UPDATE refunds SET state = 'submitting'";
    let told = by_hand(&folder)
        .execute_batch(sent)
        .unwrap_err()
        .to_string();
    assert!(told.contains("no checker now"), "{told}");
}

/// The list of decimals is the one that amounts are read by.
#[tokio::test]
async fn minor_units_are_those_of_iso() {
    let (folder, _ledger) = open();
    let connection = by_hand(&folder);
    let letters = || 'A'..='Z';
    let mut known = 0;
    for code in letters()
        .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))))
    {
        let Ok(currency) = Currency::from_code(&code) else {
            continue;
        };
        known += 1;
        let units: i64 = connection
            .query_row(
                "SELECT coalesce((SELECT units FROM minor_per_main WHERE currency = ?1), 100)",
                [&code],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(units, currency.minor_per_main(), "{code}");
    }
    assert!(known > 150, "{known}");
}
