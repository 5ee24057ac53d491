//! The rules a configuration brings: kept by version, written with the first deed of a new ledger.

use super::*;

fn rule(says: &str) -> Rule {
    Rule {
        subject: POLICY.into(),
        says: says.into(),
        ..Rule::default()
    }
}

fn adopt(ledger: &Ledger, rules: Vec<Rule>) -> u32 {
    ledger.adopt(rules, "ina".into(), now()).unwrap()
}

async fn said(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.audit(None, 100).await.unwrap();
    entries.into_iter().map(|entry| entry.detail).collect()
}

#[tokio::test]
async fn rules_are_kept_by_version_and_said_once() {
    let (folder, ledger) = open();
    let account = Rule {
        subject: "account hub".into(),
        says: "x".into(),
        ..Rule::default()
    };
    import(&ledger, vec![row("a", 1000)]).await;
    reserve(&ledger, "a", 100).await;
    let before = said(&ledger).await.len();
    assert_eq!(adopt(&ledger, vec![rule("a"), account.clone()]), 1);
    assert_eq!(adopt(&ledger, vec![rule("a"), account.clone()]), 1);
    assert_eq!(adopt(&ledger, vec![rule("b"), account]), 2);
    assert_eq!(adopt(&ledger, vec![rule("b")]), 2, "the account is gone");
    assert_eq!(adopt(&ledger, vec![rule("a")]), 3, "back is a change too");
    let said_now = said(&ledger).await.split_off(before);
    assert_eq!(said_now.len(), 5, "{said_now:?}");
    assert_eq!(said_now[0], "version=1 now=a before=none");
    assert_eq!(said_now[3], "version=2 now=none before=x");
    let read_only = Ledger::open(&OpenOptions {
        read_only: true,
        ..options(&folder)
    })
    .unwrap();
    assert_eq!(adopt(&read_only, vec![rule("c")]), 4, "what it would be");
    assert_eq!(said(&ledger).await.len(), before + 5, "nothing is written");
}

#[tokio::test]
async fn a_new_ledger_stays_empty_until_something_is_done() {
    let (_folder, ledger) = open();
    assert_eq!(adopt(&ledger, vec![rule("a")]), 1);
    let refused = ledger.reserve(reservation("a", 100)).await;
    assert!(refused.is_err());
    assert!(said(&ledger).await.is_empty());
    import(&ledger, vec![row("a", 1000)]).await;
    assert_eq!(
        said(&ledger).await.last().unwrap(),
        "version=1 now=a before=none"
    );
    import(&ledger, vec![row("b", 1000)]).await;
    assert_eq!(said(&ledger).await.len(), 1, "said once");
}
