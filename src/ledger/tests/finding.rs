//! Finding payments: what is found, what stands first, every order, and how SQLite goes about it.

use rstest::rstest;

use super::*;
use crate::domain::listing::{Direction, From, PaymentFilter, PaymentQuery, PaymentSort};
use crate::domain::query;
use crate::ledger::{fragments, pages, search};

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::from_code(code).unwrap())
}

/// A payment by hand: id, reference, order, payer, last four, and what was paid.
type Hand<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, Money);

fn by_hand(hand: Hand<'_>, days: i64) -> ImportRow {
    let (id, reference, order, payer, last4, amount) = hand;
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    ImportRow {
        reference: text(reference),
        order: text(order),
        payer: text(payer),
        last4: text(last4),
        amount,
        captured_at: now() - TimeDelta::days(days),
        settled_at: Some(now() - TimeDelta::days(days - 2)),
        ..row(id, 1)
    }
}

fn rows() -> Vec<ImportRow> {
    let hands = [
        ("4242", "CD-1", "ORD-7", "Jane Doe", "1111", usd(5_900)),
        (
            "b2",
            "CD-2",
            "4242",
            "Jos\u{e9} M\u{fc}ller",
            "2222",
            usd(5_900),
        ),
        ("c3", "CD-4242-X", "", "Mary-Jane Poe", "4242", usd(5_900)),
        ("d4", "", "ORD-7", "Doe, Janet", "4242", usd(1_250)),
        (
            "e5",
            "100%_sure",
            "O-1",
            "\u{5c71}\u{7530}\u{592a}\u{90ce}",
            "",
            money(59, "JPY"),
        ),
        (
            "f6",
            "Stra\u{df}e",
            "O-2",
            "jane@shop.example",
            "9999",
            money(59_000, "BHD"),
        ),
        ("g7", "CD-7", "O-3", "", "4243", money(5_900, "EUR")),
    ];
    let ages = [10, 8, 9, 40, 10, 10, 10];
    let mut rows: Vec<ImportRow> = hands
        .into_iter()
        .zip(ages)
        .map(|(hand, days)| by_hand(hand, days))
        .collect();
    rows[0].details = vec![
        ("email".into(), "Jane@Doe.example".into()),
        ("invoice".into(), "R-77".into()),
    ];
    rows[6].settled_at = None;
    rows[3].refunded = Some(usd(250));
    rows[4].account = "prism-us".into();
    rows
}

async fn filled() -> (TempDir, Ledger) {
    let (folder, ledger) = open();
    let counts = import(&ledger, rows()).await;
    assert_eq!(counts.rejected, vec![]);
    reserve(&ledger, "4242", 900).await;
    (folder, ledger)
}

fn parsed(typed: &str) -> PaymentFilter {
    query::parse(typed, now().date_naive()).unwrap()
}

fn asked(filter: PaymentFilter) -> PaymentQuery {
    PaymentQuery {
        filter,
        limit: 1_000,
        ..PaymentQuery::default()
    }
}

async fn list(ledger: &Ledger, query: PaymentQuery) -> Vec<PlacedPayment> {
    ledger.payments(query, judgement()).await.unwrap()
}

async fn found(ledger: &Ledger, typed: &str) -> Vec<String> {
    let mut found: Vec<String> = list(ledger, asked(parsed(typed)))
        .await
        .into_iter()
        .map(|it| it.payment.provider_payment_id)
        .collect();
    let totals = ledger.totals(parsed(typed), judgement()).await.unwrap();
    assert_eq!(totals.count, found.len() as u64, "{typed}");
    let sums: u64 = totals.sums.iter().map(|sums| sums.count).sum();
    assert_eq!(totals.count, sums);
    found.sort_unstable();
    found
}

#[rstest]
#[case::any_case("JANE", &["4242", "c3", "d4", "f6"])]
#[case::every_word("jane doe", &["4242", "d4"])]
#[case::in_any_order("doe jane", &["4242", "d4"])]
#[case::words_kept_together("\"jane doe\"", &["4242"])]
#[case::in_the_middle("ary-j", &["c3"])]
#[case::accents_in_the_name("muller", &["b2"])]
#[case::accents_in_what_is_typed("JOS\u{c9}", &["b2"])]
#[case::combined_accents("jose\u{301}", &["b2"])]
#[case::no_latin("\u{7530}\u{592a}\u{90ce}", &["e5"])]
#[case::one_letter_begins("j", &["4242", "b2", "f6"])]
#[case::two_letters_do_not_stand_inside("an", &[])]
#[case::wildcards_are_letters("0%_s", &["e5"])]
#[case::no_wildcard("cd%", &[])]
#[case::a_quote("o'\"", &[])]
#[case::e_mail_whole("jane@doe.example", &["4242"])]
#[case::e_mail_in_part("e@doe.ex", &[])]
#[case::e_mail_as_payer("email:Jane@Shop.example", &["f6"])]
#[case::e_mail_term("email:JANE@doe.example", &["4242"])]
#[case::invoice("r-77", &["4242"])]
#[case::invoice_while_typed("R-7", &["4242"])]
#[case::nothing_else_of_it("-77", &[])]
#[case::last_four_while_typed("last4:42", &["c3", "d4", "g7"])]
#[case::last_four("last4:4242", &["c3", "d4"])]
#[case::four_digits_anywhere("4242", &["4242", "b2", "c3", "d4"])]
#[case::an_amount_in_every_currency("amount:59", &["4242", "b2", "c3", "e5", "f6", "g7"])]
#[case::in_one_currency("amount:59jpy", &["e5"])]
#[case::of_which_it_is_none("amount:59.5jpy", &[])]
#[case::more_than("amount:>59", &[])]
#[case::less_than("amount:<59", &["d4"])]
#[case::between("amount:12.5..12.5usd", &["d4"])]
#[case::a_caller("4242 59 14nov~3", &["c3"])]
#[case::card_and_amount("4242 12.50", &["d4"])]
#[case::remembered_wrong("4242 59 1nov~3", &[])]
#[case::a_state("state:approved", &["4242"])]
#[case::another_state("state:unknown,failed", &[])]
#[case::open("state:open", &["4242"])]
#[case::settled_on("settled:2026-11-13", &["4242", "e5", "f6"])]
#[case::settled_in("settled:2026-10", &["d4"])]
#[case::can("can:>50", &["b2", "c3"])]
#[case::can_at_most("can:1..10", &["d4"])]
#[case::can_anything("can:>0", &["4242", "b2", "c3", "d4"])]
#[case::all_together("jane account:hub-us amount:>10usd settled:2026-11 state:open", &["4242"])]
#[tokio::test]
async fn what_is_found(#[case] typed: &str, #[case] expected: &[&str]) {
    let (_folder, ledger) = filled().await;
    assert_eq!(found(&ledger, typed).await, expected);
}

#[tokio::test]
async fn what_is_meant_exactly_stands_first() {
    let (_folder, ledger) = filled().await;
    let ids = async |typed: &str, sort| {
        let query = PaymentQuery {
            sort,
            ..asked(parsed(typed))
        };
        let page = list(&ledger, query).await;
        let ids = page.into_iter().map(|it| it.payment.provider_payment_id);
        ids.collect::<Vec<_>>()
    };
    for sort in PaymentSort::ALL {
        // The id, then the order, then the last four; what only holds it somewhere comes last.
        let found = ids("4242", sort).await;
        assert_eq!(found[..2], ["4242", "b2"], "{sort:?}");
        assert_eq!(found.len(), 4);
    }
    let settled = PaymentSort::Settled;
    assert_eq!(ids("4242", settled).await, ["4242", "b2", "c3", "d4"]);
    assert_eq!(ids("ord-7", settled).await, ["4242", "d4"]);
    assert_eq!(ids("cd-4242-x", settled).await, ["c3"]);
    let ours = payment_id("d4").to_string();
    assert_eq!(ids(&ours, settled).await, ["d4"]);
    let refund = ledger.refunds(Default::default()).await.unwrap()[0]
        .refund
        .id;
    assert_eq!(ids(&refund.to_string(), settled).await, ["4242"]);
}

/// Page by page, forward and backward, with what was meant exactly at the head.
#[rstest]
#[case("4242")]
#[case("")]
#[case("cd-")]
#[tokio::test]
async fn every_order_page_by_page(#[case] typed: &str) {
    let (_folder, ledger) = filled().await;
    for sort in PaymentSort::ALL {
        for direction in [Direction::Descending, Direction::Ascending] {
            let query = |from, limit| PaymentQuery {
                sort,
                direction,
                from,
                limit,
                filter: parsed(typed),
            };
            let whole = list(&ledger, query(From::Start, 100)).await;
            assert_eq!(list(&ledger, query(From::End, 100)).await, whole);
            for limit in 1..4 {
                let mut forward = list(&ledger, query(From::Start, limit)).await;
                let mut backward = list(&ledger, query(From::End, limit)).await;
                while forward.len() < whole.len() {
                    let last = forward.last().unwrap().place;
                    let page = list(&ledger, query(From::After(last), limit)).await;
                    assert!(!page.is_empty(), "{sort:?} {direction:?}");
                    forward.extend(page);
                    let mut page =
                        list(&ledger, query(From::Before(backward[0].place), limit)).await;
                    page.append(&mut backward);
                    backward = page;
                }
                assert_eq!(forward, whole, "{sort:?} {direction:?} {limit}");
                assert_eq!(backward, whole, "{sort:?} {direction:?} {limit}");
                let end = list(
                    &ledger,
                    query(From::After(whole[whole.len() - 1].place), limit),
                );
                assert_eq!(end.await, vec![]);
                let start = list(&ledger, query(From::Before(whole[0].place), limit));
                assert_eq!(start.await, vec![]);
            }
        }
    }
}

/// What an index leads to is looked up there, and the rest of the filter only at those payments.
#[rstest]
#[case("last4:4242 amount:59", &["payments_by_last4 (last4=?"])]
#[case("4242 59 14nov~3", &["payments_by_last4 (last4=?"])]
#[case("amount:59", &["payments_by_amount (captured_minor>? AND captured_minor<?)"])]
#[case("amount:>100", &["payments_by_amount (captured_minor>"])]
#[case("state:unknown", &["refunds_by_state (state=?)"])]
#[case("email:a@b.example", &["payers_by_email (email=?)", "payers_by_name (name=?)"])]
#[case("j", &["payments_by_reference (reference>? AND reference<?)", "payers_by_name (name>? AND name<?)"])]
#[case("jane amount:>5", &[
    "SCAN payment_fragments VIRTUAL TABLE INDEX", "SCAN payer_fragments VIRTUAL TABLE INDEX"])]
#[tokio::test]
async fn a_search_goes_by_index(#[case] typed: &str, #[case] indexes: &[&str]) {
    let (folder, _ledger) = filled().await;
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let plan = search::ways_plan(&connection, &parsed(typed));
    for index in indexes {
        assert!(plan.contains(index), "{index} is not in\n{plan}");
    }
    let page = pages::plan(&connection, &asked(parsed(typed)), &judgement());
    assert!(page.contains("SEARCH p USING"), "{page}");
    assert!(!page.contains("SCAN p"), "{page}");
}

/// Known by their places, fetched, met in the list, or looked for in it: they are the same payments in the same order.
#[rstest]
#[case("jane", 4)]
#[case("jane doe", 2)]
#[case("4242", 4)]
#[case("j", 3)]
#[case("amount:59", 6)]
#[case("amount:>10", 7)]
#[case("jane amount:>12.5", 3)]
#[case("state:open", 1)]
#[case("amount:>1 jane state:unknown", 0)]
#[case("email:jane@doe.example", 1)]
#[case("4242 59 14nov~3", 1)]
#[case("m\u{fc}l", 1)]
#[case("ary-jane", 1)]
#[case("0%_su", 1)]
#[case("242", 3)]
#[case("zzzz", 0)]
#[tokio::test]
async fn however_many_they_are_the_same_payments_are_found(
    #[case] typed: &str,
    #[case] count: usize,
) {
    let (folder, ledger) = filled().await;
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    assert_eq!(found(&ledger, typed).await.len(), count);
    for sort in PaymentSort::ALL {
        for limit in [1_000, 2] {
            let query = PaymentQuery {
                sort,
                limit,
                ..asked(parsed(typed))
            };
            let [few, more, many, most] = pages::by_each_bound(&connection, &query, &judgement());
            assert_eq!(few.len(), count.min(limit as usize), "{sort:?}");
            assert_eq!([&few, &few, &few], [&more, &many, &most], "{sort:?}");
        }
    }
}

/// What nearly every payment is called says nothing of one: only where a word is of nothing else, the
/// index is asked for that.
#[tokio::test]
async fn a_word_is_looked_up_by_what_few_payments_have() {
    let (folder, ledger) = open();
    let names = (0..2_000).map(|n| (format!("p{n}"), format!("CD-{n:04}")));
    let rows = names.map(|(id, name)| by_hand((&id, &name, "", "", "", usd(100)), 3));
    import(&ledger, rows.collect()).await;
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let telling = |word: &str| {
        let runs = fragments::runs(word);
        fragments::telling(&connection, "payment_fragments", &runs).unwrap()
    };
    assert_eq!(telling("cd-0377"), r#""-03" AND "037" AND "377" AND "d-0""#);
    // The first thousand have a nought there, the others have not.
    assert_eq!(telling("cd-0"), r#""d-0""#);
    assert_eq!(telling("cd-"), r#""cd-""#);
    assert_eq!(telling("cd-xyz"), r#""-xy" AND "d-x" AND "xyz""#);
    for (word, count) in [("cd-0377", 1), ("cd-037", 10), ("cd-xyz", 0)] {
        assert_eq!(found(&ledger, word).await.len(), count, "{word}");
    }
}

/// A name that changed leads by its new letters and no longer by its old ones, whether the payment
/// was in the index before or is taken in with the change.
#[tokio::test]
async fn three_letters_lead_to_what_a_payment_is_called_now() {
    let (folder, ledger) = filled().await;
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let lead = |run: &str| -> i64 {
        let sql = "SELECT count(*) FROM payment_fragments WHERE payment_fragments MATCH ?1";
        let quoted = format!("\"{run}\"");
        connection
            .query_row(sql, [quoted], |row| row.get(0))
            .unwrap()
    };
    assert_eq!((lead("242"), lead("2-X"), lead("777")), (3, 1, 0));
    connection
        .execute_batch("UPDATE payments SET reference = 'CD-777' WHERE reference = 'CD-4242-X'")
        .unwrap();
    assert_eq!((lead("242"), lead("2-X"), lead("777")), (2, 0, 1));
    assert_eq!(found(&ledger, "d-77").await, ["c3"]);
    let mut later = rows().remove(6);
    later.payer = Some("Quentin".into());
    // The second row of a new payment knows who paid.
    let nameless = by_hand(("h8", "CD-8", "", "", "", usd(100)), 3);
    let named = by_hand(("h8", "CD-8", "", "Quincy", "", usd(100)), 3);
    import(&ledger, vec![later, nameless, named]).await;
    assert_eq!(found(&ledger, "uen").await, ["g7"]);
    assert_eq!(found(&ledger, "qui").await, ["h8"]);
    sound(&ledger).await;
}

#[tokio::test]
async fn names_follow_what_is_known() {
    let (folder, ledger) = filled().await;
    // A later file knows the e-mail and the payer of a payment.
    let mut later = rows();
    later.truncate(4);
    let news = &mut later[3];
    news.details = vec![("email".into(), "janet@doe.example".into())];
    import(&ledger, later).await;
    assert_eq!(found(&ledger, "janet@doe.example").await, ["d4"]);
    let mut payer = rows().remove(6);
    payer.payer = Some("Zo\u{eb} \u{c5}str\u{f6}m".into());
    import(&ledger, vec![payer]).await;
    assert_eq!(found(&ledger, "astrom").await, ["g7"]);
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let mut names = connection
        .prepare("SELECT kind, name FROM payment_names ORDER BY kind, name")
        .unwrap();
    let kept = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let kept: Vec<(String, String)> = kept.unwrap().map(Result::unwrap).collect();
    let expected = [("folded", "strase"), ("invoice", "R-77")];
    assert_eq!(
        kept,
        expected.map(|(kind, name)| (kind.to_owned(), name.to_owned()))
    );
    sound(&ledger).await;
}

/// What an older desk kept of payers stands in their own table afterwards, is found as before, and
/// what it erased stays erased.
#[tokio::test]
async fn payers_of_an_older_database_move_to_a_table_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    crate::ledger::open::as_of(&mut old, 25);
    old.execute_batch(
        r#"INSERT INTO desk (name, value) VALUES ('environment', 'sandbox');
           INSERT INTO import_files VALUES (1, 'old.csv', 'x', 'ina', 1);
           INSERT INTO accounts (name) VALUES ('hub-us');
           INSERT INTO payments (id, account, provider_payment_id, reference, payer, details, currency, captured_at, source_file, source_line, name_erased_at, contacts_erased_at)
           VALUES (1, 'hub-us', 'a', 'A', 'Zoë Åström', '[["email","zoe@b.example"],["invoice","R-1"]]', 'USD', 1, 1, 1, NULL, NULL),
                  (2, 'hub-us', 'b', 'Å-2', 'Jane', '[["email","jane@b.example"]]', 'USD', 1, 1, 2, NULL, NULL),
                  (3, 'hub-us', 'c', 'C', NULL, NULL, 'USD', 1, 1, 3, 5, 6),
                  (4, 'hub-us', 'd', 'D', NULL, '[["arn","74"]]', 'USD', 1, 1, 4, NULL, NULL);"#,
    )
    .unwrap();
    drop(old);
    let ledger = Ledger::open(&options(&folder)).unwrap();
    for (typed, references) in [
        ("astrom", vec!["A"]),
        ("zoe@b.example", vec!["A"]),
        ("email:jane@b.example", vec!["Å-2"]),
        ("a-2", vec!["Å-2"]),
        ("R-1", vec!["A"]),
        ("74", vec!["D"]),
    ] {
        let list = ledger.payments(asked(parsed(typed)), judgement()).await;
        let found: Vec<String> = list
            .unwrap()
            .into_iter()
            .filter_map(|it| it.payment.reference)
            .collect();
        assert_eq!(found, references, "{typed}");
    }
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let text = |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(
        text(
            "SELECT group_concat(coalesce(details, '-'), ';') FROM (SELECT details FROM payments ORDER BY id)"
        ),
        r#"[["invoice","R-1"]];-;-;[["arn","74"]]"#
    );
    assert_eq!(
        text(
            "SELECT json_group_array(payment_id || ':' || coalesce(name_erased_at, '') || ':' || (name IS NULL)) FROM payers"
        ),
        r#"["1::0","2::0","3:5:1"]"#
    );
}

/// A payment that settles meanwhile changes its place, also in what is found by letters.
#[tokio::test]
async fn what_settles_is_found_at_its_new_place() {
    let (_folder, ledger) = filled().await;
    let order = async || -> Vec<String> {
        let page = list(&ledger, asked(parsed("cd-"))).await;
        let ids = page.into_iter().map(|it| it.payment.provider_payment_id);
        ids.collect()
    };
    assert_eq!(order().await, ["g7", "b2", "c3", "4242"]);
    let mut settled = rows().remove(6);
    settled.settled_at = Some(now() - TimeDelta::days(20));
    import(&ledger, vec![settled]).await;
    assert_eq!(order().await, ["b2", "c3", "4242", "g7"]);
}
