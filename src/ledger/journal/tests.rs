//! Tests of the journal's lines and its damage.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

fn journal() -> (TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::beside(&folder.path().join("desk.db"));
    (folder, journal)
}

fn began() -> Began {
    Began {
        environment: "sandbox".into(),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        sends_before: 0,
    }
}

fn sent(send: i64) -> Line {
    let refund: RefundId = "0199f0a0-0000-7000-8000-000000000001".parse().unwrap();
    Line::Sent(Box::new(Sent {
        name: SendName {
            refund,
            step: "refund".into(),
            number: 1,
            send,
        },
        account: "hub-us".into(),
        payment: PaymentId::derive("hub-us", "pay-1"),
        provider_payment_id: "pay-1".into(),
        capture_id: None,
        amount: 1234,
        compensation: 0,
        currency: Currency::from_code("USD").unwrap(),
        kind: "refund".into(),
        caller_key: None,
        idempotency_key: refund.idempotency_key("refund", 1),
        correlation: refund.correlation("refund", 1),
        sha256: "0".repeat(64),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        epoch: "e".into(),
        audit_seq: 7,
        audit_hash: "1".repeat(64),
    }))
}

fn lines(contents: &Contents) -> Vec<Line> {
    let placed = contents.lines.iter();
    placed.map(|placed| placed.line.clone()).collect()
}

fn add(journal: &Journal, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(journal.path())
        .unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn what_is_written_is_read_and_is_its_owners_alone() {
    let (_folder, journal) = journal();
    assert_eq!(journal.read().unwrap(), None);
    journal.append(|| Ok(began()), &[sent(1)]).unwrap();
    journal.append(|| Ok(began()), &[sent(2)]).unwrap();
    let contents = journal.read().unwrap().unwrap();
    assert_eq!(
        lines(&contents),
        [Line::Began(began()), sent(1), sent(2)],
        "one beginning"
    );
    assert_eq!(contents.began(), Some(&began()));
    assert_eq!(journal.tail().unwrap(), contents.lines);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(journal.path()), 0o600);
    assert_eq!(mode(journal.path().parent().unwrap()), 0o700);
}

#[test]
fn a_torn_last_line_was_never_sent_and_the_next_goes_on() {
    let (_folder, journal) = journal();
    journal.append(|| Ok(began()), &[sent(1)]).unwrap();
    let whole = framed(&sent(2)).unwrap();
    for cut in [1, whole.len() / 2, whole.len() - 1] {
        let (_folder, journal) = self::journal();
        journal.append(|| Ok(began()), &[sent(1)]).unwrap();
        add(&journal, &whole.as_bytes()[..cut]);
        let torn = journal.read().unwrap().unwrap();
        assert_eq!((lines(&torn).len(), torn.damaged.len()), (2, 0), "{cut}");
        journal.append(|| Ok(began()), &[sent(3)]).unwrap();
        let contents = journal.read().unwrap().unwrap();
        assert_eq!(contents.damaged, [0; 0], "{cut}");
        let last = lines(&contents).pop().unwrap();
        // A line that lacks nothing but its end reads, once ended, as what it is: a send.
        assert_eq!(last, sent(3), "{cut}");
    }
}

#[test]
fn every_flipped_bit_of_a_line_in_the_middle_is_noticed() {
    let (_folder, journal) = journal();
    journal
        .append(|| Ok(began()), &[sent(1), sent(2), sent(3)])
        .unwrap();
    let good = fs::read(journal.path()).unwrap();
    let before = lines(&journal.read().unwrap().unwrap());
    let line_ends: Vec<usize> = (0..good.len()).filter(|at| good[*at] == b'\n').collect();
    for at in line_ends[1] + 1..line_ends[2] {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(journal.path(), &bad).unwrap();
        let contents = journal.read().unwrap().unwrap();
        // Either the line is damaged, or the flip changed nothing that is read (a letter's case
        // in an escape); never another send.
        let noticed = !contents.damaged.is_empty();
        assert!(noticed || lines(&contents) == before, "byte {at}");
    }
}

#[test]
fn the_tail_of_a_long_journal_begins_with_a_whole_line() {
    let (_folder, journal) = journal();
    let many: Vec<Line> = (1..=300).map(sent).collect();
    journal.append(|| Ok(began()), &many).unwrap();
    let all = journal.read().unwrap().unwrap();
    let tail = journal.tail().unwrap();
    assert!(tail.len() > 20 && tail.len() < 300, "{}", tail.len());
    assert_eq!(tail, all.lines[all.lines.len() - tail.len()..]);
}

#[test]
fn a_journal_that_cannot_be_written_says_so() {
    let (_folder, journal) = journal();
    fs::create_dir_all(journal.path()).unwrap();
    assert!(journal.ready().is_err());
    assert!(journal.append(|| Ok(began()), &[sent(1)]).is_err());
}
