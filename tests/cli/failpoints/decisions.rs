//! Killed while a person decides: what they decided counts once or not at all.

use serde_json::Value;

use super::points::Way;
use super::{Case, Scene, words};

/// Cents with which the provider pays 1.00 more than it was asked, so that people state what it was.
pub(super) const TO_STATE: u64 = 6;

impl Scene {
    /// True when it died.
    pub(super) fn die_deciding(&self, case: &Case) -> bool {
        let refund = self
            .desk
            .json(self.refund(case, &["--as", "mia", "--wait"]));
        let refund = refund.exits(5).object();
        if case.way == Way::Agree {
            self.desk.json(self.stated(case, &refund, "mia")).exits(5);
        }
        let typed = match case.way {
            Way::Approve => deciding("approve", &refund, &["--expect", text(&refund, "hash")]),
            Way::Decline => deciding("decline", &refund, &["--note", "not wanted"]),
            Way::Propose => self.stated(case, &refund, "mia"),
            _ => self.stated(case, &refund, "ben"),
        };
        let (died, told) = self.die(case, &typed);
        self.go_on();
        self.assert_agrees(case);
        self.assert_acknowledged(case, &told);
        // Said again: done now, or refused because it was done.
        let again = self.desk.json(&typed);
        assert!(matches!(again.code, Some(0 | 3 | 4 | 5)), "{again:#?}");
        if case.way == Way::Propose {
            self.desk.json(self.stated(case, &refund, "ben")).exits(0);
        }
        self.go_on();
        let payment = self.assert_agrees(case);
        assert_eq!(payment["refunds"].as_array().unwrap().len(), 1);
        assert_decided_once(case, &self.desk.status(text(&refund, "id")));
        died
    }

    /// `resolve`, with what the book says was paid.
    fn stated(&self, case: &Case, refund: &Value, by: &str) -> Vec<String> {
        let paid = self.shop.payouts(&format!("pay-{}", case.name));
        let fixed = ["resolve", text(refund, "id"), "--as", "succeeded"];
        let more = ["--evidence", "the book", "--paid", &paid[0], "--as", by];
        words(&[&fixed[..], &more[..]].concat())
    }
}

fn deciding(command: &str, refund: &Value, more: &[&str]) -> Vec<String> {
    words(&[&[command, text(refund, "id"), "--as", "ben"], more].concat())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

fn assert_decided_once(case: &Case, refund: &Value) {
    let count = |name: &str| refund[name].as_array().map_or(0, Vec::len);
    let decided = match case.way {
        Way::Approve => refund["state"] != "awaiting_approval" && count("approvals") == 1,
        Way::Decline => refund["state"] == "canceled" && count("attempt_log") == 0,
        _ => {
            let stated = &refund["proposals"][0];
            let agreed = stated["ended_as"] == "agreed" && stated["by"] == "mia";
            refund["state"] == "succeeded" && count("proposals") == 1 && agreed
        }
    };
    assert!(decided, "{}: {refund:#}", case.label);
}
