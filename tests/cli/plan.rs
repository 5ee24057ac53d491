//! `plan` and `apply` in the real program: judged, written down, carried out once.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::process::Process;
use super::shop::Shop;

const BATCH: &str = "payment,amount,reason,note
A-1,40%,customer_request,
A-1,rest,duplicate,
A-1,0.01,duplicate,
BIG-1,300.00,goods_returned,
Z-1,10.00,other,card 4111 1111 1111 1111
OLD-1,1.00,customer_request,
Z-2,12.34,whim,
";

/// Plans a batch; the file of the plan.
fn planned(shop: &Shop, batch: &str, code: i32) -> (PathBuf, Value) {
    let batch = shop.write("batch.csv", batch);
    let plan = shop.file("the.plan");
    let arguments = ["plan", path(&batch), "--to", path(&plan)];
    let told = shop.desk.json(arguments).exits(code).object();
    (plan, told)
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

fn words<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter()
        .map(|row| row[field].as_str().unwrap_or("-"))
        .collect()
}

#[test]
fn a_batch_is_judged_row_by_row_and_applied_once() {
    let shop = Shop::open();
    let before = shop.desk.everything();
    let (file, told) = planned(&shop, BATCH, 3);
    assert_eq!(shop.desk.everything(), before, "planning writes nothing");
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(
        words(rows, "verdict"),
        [
            "goes",
            "goes",
            "refused",
            "needs_checker",
            "goes",
            "refused",
            "refused"
        ]
    );
    assert_eq!(words(rows, "code")[5..], ["too_old", "unknown_reason"]);
    assert_eq!((&told["going"], &told["refused"]), (&4.into(), &3.into()));
    let total = &told["totals"][0];
    assert_eq!(
        (&total["amount"], &total["needs_checker"]),
        (&"510.00".into(), &1.into())
    );
    assert_eq!(total["available_after"], "680.00");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("4111 1111 1111 1111"), "{text}");

    // What waits for a checker is told by the exit code.
    let first = shop.desk.json(["apply", path(&file)]).exits(5).objects();
    let outcomes = words(&first, "outcome");
    let composed = ["composed", "composed", "left_out", "composed", "composed"];
    assert_eq!(outcomes[..5], composed);
    assert_eq!(first[3]["state"], "awaiting_approval");
    shop.track("60s");
    // Which of them is paid first is nobody's promise.
    let paid = || {
        let mut paid = shop.payouts("pay-ann");
        paid.sort();
        paid
    };
    assert_eq!(paid(), ["120.00", "80.00"]);
    let again = shop.desk.json(["apply", path(&file)]).exits(5).objects();
    let outcomes = words(&again, "outcome");
    let there = ["existing", "existing", "left_out", "existing", "existing"];
    assert_eq!(outcomes[..5], there);
    shop.track("60s");
    assert_eq!(paid(), ["120.00", "80.00"]);
    assert_eq!(shop.payouts("pay-01"), ["10.00"]);
    assert_eq!(shop.desk.refunds().len(), 4);
}

#[test]
fn an_apply_killed_between_rows_goes_on_and_pays_nothing_twice() {
    let batch = "payment,amount,reason\nZ-1,11.00,duplicate\nZ-2,12.00,duplicate\nZ-3,13.00,duplicate\nZ-4,14.00,duplicate\n";
    for point in [
        "reserve.begun:3",
        "reserve.written:3",
        "reserve.committed:3",
    ] {
        let shop = Shop::open();
        let (file, _) = planned(&shop, batch, 0);
        let mut killed = shop.desk.command(["apply", path(&file)]);
        killed.env("REFUND_DESK_FAILPOINT", point);
        let ended = Process::start(&mut killed).finish();
        assert_eq!(ended.status.code(), None, "{point}");
        let rows = shop.desk.json(["apply", path(&file)]).exits(0).objects();
        let third = match point {
            "reserve.committed:3" => "existing",
            _ => "composed",
        };
        assert_eq!(
            words(&rows, "outcome"),
            ["existing", "existing", third, "composed"],
            "{point}"
        );
        shop.track("60s").exits(0);
        for (payment, amount) in [
            ("pay-01", "11.00"),
            ("pay-03", "13.00"),
            ("pay-04", "14.00"),
        ] {
            assert_eq!(shop.payouts(payment), [amount], "{point}");
        }
    }
}

#[test]
fn a_plan_that_was_touched_or_is_anothers_is_not_applied() {
    let shop = Shop::open();
    let batch = "payment,amount,reason\nZ-1,11.00,duplicate\n";
    let (file, _) = planned(&shop, batch, 0);
    let before = shop.desk.everything();
    let refused = |arguments: &[&str], code: i32, said: &str| {
        let ran = shop.desk.json(arguments).exits(code);
        assert_eq!(ran.error()["code"], said);
        assert_eq!(ran.stdout, "");
        assert_eq!(shop.desk.everything(), before);
    };
    refused(&["apply", path(&file), "--as", "max"], 3, "not_your_plan");
    let text = std::fs::read_to_string(&file).unwrap();
    let touched = shop.write(
        "touched",
        text.replace("\"minor\": 1100", "\"minor\": 8100"),
    );
    refused(&["apply", path(&touched)], 3, "plan_changed");
    let none = shop.write("none", "payment,amount\n");
    refused(&["apply", path(&none)], 3, "plan_changed");
    refused(&["apply", path(&shop.file("gone"))], 1, "not_read");
    // A plan is never written over, and a batch that is not sure is not planned.
    let once = shop.file("batch.csv");
    let to = ["plan", path(&once), "--to", path(&file)];
    refused(&to, 1, "not_written");
    let odd = shop.write("odd.csv", "payment,amount,reason\nZ-1,11,00,duplicate\n");
    let to = [
        "plan",
        path(&odd),
        "--to",
        path(&shop.file("odd.plan")).to_owned().leak(),
    ];
    refused(&to, 1, "malformed_file");
    assert!(!shop.file("odd.plan").exists());
}

#[test]
fn what_changed_since_the_plan_is_refused_and_the_rest_goes() {
    let shop = Shop::open();
    let batch = "payment,amount,reason\nZ-1,11.00,duplicate\nZ-2,12.00,duplicate\n";
    let (file, _) = planned(&shop, batch, 0);
    shop.refund("Z-1", "1.00", &["--wait"]).exits(0);
    let ran = shop.desk.json(["apply", path(&file)]).exits(3);
    let rows = ran.objects();
    assert_eq!(words(&rows, "outcome"), ["refused", "composed"]);
    assert_eq!(rows[0]["code"], "balance_changed");
    assert_eq!(ran.error()["code"], "rows_refused");
    shop.track("60s").exits(0);
    assert_eq!(shop.payouts("pay-01"), ["1.00"]);
    assert_eq!(shop.payouts("pay-02"), ["12.00"]);
    let text = shop.desk.run(["apply", path(&file)]).exits(3).stdout;
    assert!(text.contains("there already"), "{text}");
}
