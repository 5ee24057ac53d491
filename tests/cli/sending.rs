//! `stop-sending` by anyone, at once; `resume-sending` by two.

use super::shop::Shop;

#[test]
fn a_stopped_account_queues_until_two_people_resume() {
    let shop = Shop::open();
    let stopped = shop
        .desk
        .json(["stop-sending", "--note", "odd payouts", "--as", "ann"])
        .exits(0)
        .object();
    assert_eq!(
        (&stopped["sending"], &stopped["stopped_by"]),
        (&"stopped".into(), &"ann".into())
    );
    let queued = shop.refund("A-1", "5.00", &[]).exits(6);
    assert_eq!(queued.object()["state"], "approved");
    let error = queued.error();
    assert_eq!(error["code"], "sending_stopped");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("was stopped by ann (odd payouts)"),
        "{message}"
    );
    shop.desk.json(["track", "--once"]).exits(0);
    assert!(shop.payouts("pay-ann").is_empty());
    // One person is not enough, whoever it is.
    let resume = |name: &'static str| shop.desk.json(["resume-sending", "--as", name]);
    let proposed = resume("ann").exits(5).object();
    assert_eq!(proposed["resume_proposed_by"], "ann");
    assert_eq!(resume("ann").exits(3).error()["code"], "same_person");
    shop.desk.json(["track", "--once"]).exits(0);
    assert!(shop.payouts("pay-ann").is_empty());
    assert_eq!(resume("bob").exits(0).object()["sending"], "resumed");
    shop.track("90s").exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["5.00"]);
    assert_eq!(resume("bob").exits(3).error()["code"], "not_stopped");
}

#[test]
fn a_mistyped_account_is_not_taken_for_stopped() {
    let shop = Shop::open();
    let refused = shop.desk.json(["stop-sending", "hub-uk"]).exits(3).error();
    assert_eq!(refused["code"], "no_account");
    assert!(refused["next"].as_str().unwrap().contains("hub-us"));
    shop.desk.json(["stop-sending", "hub-us"]).exits(0);
    let refused = shop.desk.json(["resume-sending"]).exits(3).error();
    assert!(
        refused["next"]
            .as_str()
            .unwrap()
            .contains("resume-sending hub-us")
    );
    shop.desk
        .json(["stop-sending", "--read-only"])
        .exits(3)
        .error();
}
