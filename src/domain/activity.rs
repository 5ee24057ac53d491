//! The audit in operators' words: who did what, without the names the records go by.

use super::audit::AuditEntry;
use super::id::RefundId;

/// What is said of each kind of deed, after the name of whoever did it.
const WORDS: &[(&str, &str)] = &[
    ("refund.reserved", "made a refund"),
    ("refund.approved", "approved; it may be sent"),
    ("refund.awaiting_approval", "waits for a second person"),
    ("refund.declined", "declined a refund"),
    ("refund.canceled", "withdrew a refund"),
    ("refund.expired", "a refund expired unsent"),
    (
        "refund.released",
        "let a refund go that was composed offline",
    ),
    ("refund.submitting", "is sending a refund"),
    ("refund.pending", "a refund is on its way"),
    ("refund.succeeded", "a refund is confirmed"),
    ("refund.settled", "a refund is on the statement"),
    ("refund.failed", "a refund was not paid"),
    ("refund.rejected", "a refund was refused by the provider"),
    ("refund.reversed", "a refund CAME BACK"),
    (
        "refund.unknown",
        "a refund is UNKNOWN: it may have been paid",
    ),
    ("refund.action_required", "a refund needs a person"),
    ("refund.observed", "heard of a refund; nothing changed"),
    (
        "refund.proposed",
        "stated what became of a refund; a second person must agree",
    ),
    (
        "refund.proposal_declined",
        "declined what was stated of a refund",
    ),
    (
        "refund.taken_over",
        "took a refund over from the send journal",
    ),
    (
        "refund.send_taken_over",
        "took a send over from the send journal",
    ),
    ("refund.step_sent", "asked the provider for a further step"),
    (
        "refund.step_unknown",
        "does not know what became of a further step",
    ),
    ("refund.step_unsent", "a further step was not sent"),
    (
        "payments.import_started",
        "began to read a file of payments",
    ),
    ("payments.imported", "read a file of payments"),
    ("payment.captured", "found a further part of a payment"),
    ("accounts.imported", "read a file of accounts"),
    ("account.synced", "read the provider's own lists"),
    (
        "account.sync_broken_off",
        "could not read the provider's lists to their end",
    ),
    (
        "account.closed_for_sending",
        "closed an account for sending",
    ),
    (
        "account.opened_for_sending",
        "opened an account for sending",
    ),
    ("account.advised", "the payer's bank named an account"),
    ("account.revealed", "looked at a full account number"),
    ("account.erased", "erased a full account number"),
    ("account.changed", "changed the settings of an account"),
    ("policy.changed", "changed the policy"),
    ("config.changed", "brought another configuration"),
    ("personal.revealed", "looked at who paid, in full"),
    (
        "personal.erasure_proposed",
        "proposed to erase a payer; a second person must agree",
    ),
    ("personal.erased", "agreed and erased a payer"),
    ("personal.swept", "erased what was kept long enough"),
    (
        "personal.erased_again",
        "erased again what a backup brought back",
    ),
    ("person.came", "came to the desk"),
    ("note.written", "wrote a note"),
    ("todo.assigned", "said who looks after something in To do"),
    ("todo.put_aside", "snoozed something in their own To do"),
    ("todo.taken_back", "took back what they had snoozed"),
    ("discrepancy.opened", "found a contradiction"),
    (
        "discrepancy.assigned",
        "said who looks after a contradiction",
    ),
    ("discrepancy.resolved", "cleared a contradiction up"),
    ("external.found", "found a refund made elsewhere"),
    ("external.changed", "heard news of a refund made elsewhere"),
    (
        "external.linked",
        "said that a refund made elsewhere is ours",
    ),
    (
        "external.unlinked",
        "said that a refund made elsewhere is not ours",
    ),
    ("dispute.recorded", "wrote a dispute down"),
    ("sending.stopped", "STOPPED sending"),
    (
        "sending.resume_proposed",
        "proposed to resume sending; a second person must agree",
    ),
    ("sending.resumed", "agreed and resumed sending"),
    ("database.backed_up", "took a backup"),
    (
        "database.restored",
        "put a backup in the place of the database",
    ),
    ("transfer.due", "a bank transfer is due"),
    ("transfer.stated", "stated what became of a bank transfer"),
    (
        "transfer.statement_declined",
        "declined what was stated of a bank transfer",
    ),
    (
        "transfer.file_proposed",
        "proposed a payment file; a second person must agree",
    ),
    ("transfer.paid", "a bank transfer was paid"),
    ("transfer.rejected", "the bank rejected a transfer"),
    ("transfer.returned", "the bank returned a transfer"),
    ("bank.explained", "explained a line of a statement"),
    (
        "bank.unexplained",
        "found a line of a statement that nothing explains",
    ),
    ("request.held", "a network's request waits for a person"),
    ("request.answered", "answered a network's request"),
    ("request.refused", "refused a network's request"),
    (
        "request.expired",
        "nobody answered a network's request in time",
    ),
    ("request.confirmed", "a network's request was confirmed"),
];

/// What was done, as a person would say it: the deed, how much, and what was written beside it.
pub fn sentence(entry: &AuditEntry) -> String {
    let known = WORDS.iter().find(|(action, _)| *action == entry.action);
    let mut said = known.map_or_else(|| plain(&entry.action), |(_, words)| (*words).to_owned());
    if let Some(amount) = ["amount", "paid"].iter().find_map(|name| entry.money(name)) {
        said.push_str(&format!(", {amount}"));
    }
    if let Some(why) = entry.after("why").filter(|why| !why.is_empty()) {
        said.push_str(&format!(": {why}"));
    }
    if let Some(note) = entry.note() {
        said.push_str(&format!(" ({note})"));
    }
    said
}

/// What it was done to, short enough for a list.
pub fn about(entry: &AuditEntry) -> String {
    match entry.subject.parse::<RefundId>() {
        Ok(refund) => format!("refund …{}", refund.short()),
        Err(_) => entry.subject.clone(),
    }
}

/// A deed nobody found words for: its name, as words.
fn plain(action: &str) -> String {
    action.replace(['.', '_'], " ")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn entry(action: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            seq: 1,
            at: DateTime::UNIX_EPOCH,
            actor: "ann".into(),
            action: action.into(),
            subject: "stock.csv".into(),
            detail: detail.into(),
            previous: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn deeds_are_told_in_words() {
        let made = "payment=p1 amount=12.00 USD reason=other hash=ab";
        assert_eq!(
            sentence(&entry("refund.reserved", made)),
            "made a refund, 12.00 USD"
        );
        assert_eq!(
            sentence(&entry(
                "refund.canceled",
                "rule=T6 note=the wrong one why=x"
            )),
            "withdrew a refund (the wrong one why=x)"
        );
        let waits = "policy=1 why=it is above the limit of 250.00 USD";
        assert_eq!(
            sentence(&entry("refund.awaiting_approval", waits)),
            "waits for a second person: it is above the limit of 250.00 USD"
        );
        assert_eq!(sentence(&entry("new.kind_of_deed", "")), "new kind of deed");
        assert_eq!(about(&entry("refund.canceled", "")), "stock.csv");
    }

    #[test]
    fn operators_read_no_engineers_words() {
        for (action, words) in WORDS {
            for word in ["hash", "epoch", "lease", "breaker", "sha256", "_"] {
                assert!(!words.contains(word), "{action}: {words}");
            }
        }
    }
}
