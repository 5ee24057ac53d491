//! Roles and limits as commands meet them.

use serde_json::Value;

use super::desk::{Desk, Ran};
use super::shop::Shop;

/// mia makes, 100 alone and 400 at most; lea makes and checks; ben checks; vic looks; ola is admin.
const ROLES: &str = r#"
[roles.maker]
users = ["mia"]
free = { per_refund = 100 }
hard = { per_refund = 400, per_day = { USD = "500.00" } }
[roles.leads]
may = ["maker", "checker"]
users = ["lea"]
[roles.checker]
users = ["ben"]
[roles.viewer]
users = ["vic"]
[roles.admin]
users = ["ola"]
"#;

fn house(shop: &Shop) -> Desk {
    shop.reconfigured(|config| config + ROLES)
}

fn refund(desk: &Desk, amount: &str, by: &str) -> Ran {
    let fixed = ["refund", "BIG-1", "--amount", amount, "--reason"];
    desk.json(
        fixed
            .iter()
            .chain(&["customer_request", "--as", by, "--again"]),
    )
}

fn approve(desk: &Desk, refund: &Value, by: &str) -> Ran {
    let text = |name: &str| refund[name].as_str().unwrap();
    let command = ["approve", text("id"), "--expect", text("hash"), "--as", by];
    desk.json(command)
}

fn refused(ran: Ran) -> (String, String) {
    let error = ran.exits(3).error();
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    (
        text("code"),
        format!("{} {}", text("message"), text("next")),
    )
}

#[test]
fn roles_decide_who_makes_and_who_approves() {
    let shop = Shop::open();
    let desk = house(&shop);
    for by in ["vic", "ben", "ola", "eve"] {
        let (code, said) = refused(refund(&desk, "10.00", by));
        assert_eq!(code, "role", "{said}");
        let who = format!("you are {by}, ");
        assert!(
            said.starts_with(&who) && said.contains("lea, mia"),
            "{said}"
        );
    }
    let made = refund(&desk, "300.00", "lea").exits(5).object();
    assert_eq!(refused(approve(&desk, &made, "lea")).0, "own_refund");
    for by in ["mia", "vic", "ola", "eve"] {
        assert_eq!(refused(approve(&desk, &made, by)).0, "role", "{by}");
    }
    let shown = desk.json(["status", made["id"].as_str().unwrap(), "--as", "vic"]);
    let shown = shown.exits(0).object();
    assert_eq!(
        shown["may_approve"],
        serde_json::json!(["ben"]),
        "{shown:#}"
    );
    approve(&desk, &made, "ben").exits(0);
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
}

#[test]
fn limits_are_refused_and_approved() {
    let shop = Shop::open();
    let desk = house(&shop);
    let (code, said) = refused(refund(&desk, "400.01", "mia"));
    assert_eq!(code, "over_limit");
    assert!(
        said.contains("your limit of 400.00 USD per refund"),
        "{said}"
    );
    let made = refund(&desk, "100.01", "mia").exits(5).object();
    let step = made["next_step"]["what"].as_str().unwrap();
    assert!(
        step.contains("which whoever made it may refund alone"),
        "{step}"
    );
    let (code, said) = refused(refund(&desk, "399.99999", "mia"));
    assert_eq!(code, "too_many_decimals", "{said}");
    let (code, said) = refused(refund(&desk, "400.00", "mia"));
    assert_eq!(code, "over_limit");
    assert!(said.contains("399.99 USD of 500.00 USD"), "{said}");
    // Declined, it is given back.
    let id = made["id"].as_str().unwrap();
    desk.json(["decline", id, "--note", "no", "--as", "ben"])
        .exits(0);
    refund(&desk, "400.00", "mia").exits(5);
}

#[test]
fn a_right_is_handed_on_and_absences_are_told() {
    let shop = Shop::open();
    let desk = house(&shop);
    let days = [
        "--from",
        "2020-01-01",
        "--until",
        "2020-01-02",
        "--as",
        "ben",
    ];
    let ran = desk.json(["delegate", "vic"].iter().chain(&days));
    assert_eq!(ran.exits(2).error()["code"], "days");
    let today = chrono::Utc::now().date_naive();
    let until = (today + chrono::TimeDelta::days(30)).to_string();
    let from = today.pred_opt().unwrap().to_string();
    let days = ["--from", &from, "--until", &until];
    let hand_on = |to: &str, by: &str| {
        let typed = [&["delegate", to][..], &days, &["--as", by]].concat();
        desk.json(typed)
    };
    assert_eq!(refused(hand_on("vic", "mia")).0, "role");
    assert_eq!(refused(hand_on("ola", "ben")).0, "delegate");
    let made = refund(&desk, "300.00", "mia").exits(5).object();
    assert_eq!(refused(approve(&desk, &made, "vic")).0, "role");
    let told = hand_on("vic", "ben").exits(0).object();
    assert_eq!(told["delegate"], "vic", "{told:#}");
    let typed = [&["away"][..], &days, &["--as", "ben"]].concat();
    desk.json(typed).exits(0);
    let listed = desk.run(["away", "--as", "mia"]).exits(0).stdout;
    assert!(listed.contains("ben is away from"), "{listed}");
    let review = desk.json(["status", made["id"].as_str().unwrap(), "--as", "vic"]);
    let review = review.exits(0).object();
    let may = review["may_approve"].to_string();
    assert!(may.contains("vic for ben until"), "{may}");
    assert!(
        review["away"].to_string().contains("ben until"),
        "{review:#}"
    );
    approve(&desk, &made, "vic").exits(0);
    let listed = desk
        .run(["delegate", "--end", "1", "--as", "ben"])
        .exits(0)
        .stdout;
    assert!(listed.contains("nobody stands in"), "{listed}");
}

#[test]
fn the_config_check_shows_roles_and_caps() {
    let shop = Shop::open();
    let desk = shop.reconfigured(|config| {
        config.replacen(
            "provider = \"commerce-hub\"",
            "provider = \"commerce-hub\"\ncap_per_day = 750",
            1,
        ) + ROLES
    });
    let shown = desk.json(["config", "check"]).exits(0).object();
    let maker = &shown["roles"]["maker"];
    assert_eq!(maker["users"], serde_json::json!(["mia"]), "{shown:#}");
    assert_eq!(maker["hard"]["per_day"]["USD"], "500.00", "{maker:#}");
    assert_eq!(shown["accounts"]["hub-us"]["cap_per_day"]["others"], 750);
    assert_eq!(shown["policy"]["escalate_after_hours"], 8);
}
