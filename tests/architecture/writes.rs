//! Every way the ledger is written leaves an entry in the audit, in the same transaction, or says
//! why not. A new way must be named here, and run in `ledger/tests/complete.rs`.

use super::source::Source;

/// What a way to write tells the audit.
enum Told {
    /// Who did what and when.
    Entry,
    /// Nothing, and why that is right.
    Nothing(&'static str),
}
use Told::{Entry, Nothing};

const LEASE: &str = "a lease: what is done under it is told";
const DRAFT: &str = "what was typed and left: no decision and no money";
const SCHEDULE: &str = "when it is looked at next: no decision and no money";

const LOOKS: &str = "how somebody has their own lists: no decision and no money";

/// Every function of the ledger's face that writes.
const WRITES: &[(&str, Told)] = &[
    ("adopt", Entry),
    ("agree", Entry),
    ("approve", Entry),
    ("assign_discrepancy", Entry),
    ("begin", Entry),
    ("begin_step", Entry),
    ("bring_forward", Nothing(SCHEDULE)),
    ("claim", Nothing(LEASE)),
    ("claim_step", Nothing(LEASE)),
    ("claim_unknown", Nothing(LEASE)),
    ("close_discrepancy", Entry),
    ("decline", Entry),
    ("decide_request", Entry),
    ("drop_draft", Nothing(DRAFT)),
    (
        "erase_some",
        Nothing("time is over for what may be asked again; hash and end of an account stay"),
    ),
    ("expire_requests", Entry),
    ("file_request", Entry),
    ("give_back", Nothing(SCHEDULE)),
    ("hear", Nothing(SCHEDULE)),
    ("import", Entry),
    ("import_accounts", Entry),
    ("let_go", Nothing(LEASE)),
    ("link_external", Entry),
    (
        "note",
        Nothing("the file beside the database that remembers the newest entry"),
    ),
    (
        "mark_verified",
        Nothing("until when a list was read: what it said is told by itself"),
    ),
    ("note_backup", Entry),
    ("note_errand", Entry),
    (
        "note_found_right",
        Nothing("when a check of all records found nothing wrong: no decision and no money"),
    ),
    ("note_person", Entry),
    ("park", Nothing(DRAFT)),
    (
        "note_pulse",
        Nothing("how a provider answers: no decision and no money"),
    ),
    ("propose", Entry),
    (
        "prove_writable",
        Nothing("writes back what stands there: no decision and no money"),
    ),
    ("put_off", Nothing(SCHEDULE)),
    ("put_off_errand", Nothing(SCHEDULE)),
    ("queue_errand", Entry),
    ("record", Entry),
    ("record_call", Entry),
    ("record_dispute", Entry),
    ("record_external", Entry),
    ("record_step", Entry),
    ("record_sync", Entry),
    ("release", Entry),
    ("reserve", Entry),
    ("resume_sending", Entry),
    ("settle_restore", Entry),
    ("stop_sending", Entry),
    ("take_errand", Nothing(LEASE)),
    ("take_look", Nothing(LEASE)),
    (
        "take_turn",
        Nothing("how often a provider was asked: no decision and no money"),
    ),
    ("tell_request", Entry),
    ("write_note", Entry),
    ("assign", Entry),
    ("put_aside", Entry),
    ("take_back", Entry),
    ("keep_view", Nothing(LOOKS)),
    ("rename_view", Nothing(LOOKS)),
    ("delete_view", Nothing(LOOKS)),
    ("turn_down", Entry),
    ("advise", Entry),
    ("advised_nothing", Entry),
    ("agree_transfer", Entry),
    ("approve_file", Entry),
    ("begin_file", Entry),
    ("close_loose_end", Entry),
    ("confirm_anew", Entry),
    ("erase_accounts", Entry),
    ("erase_payer", Entry),
    ("reveal_payer", Entry),
    ("sweep_personal", Entry),
    ("give_up_file", Entry),
    ("hear_bank", Entry),
    ("plan_confirmation", Nothing(SCHEDULE)),
    ("propose_file", Entry),
    ("reveal_account", Entry),
    ("state_transfer", Entry),
    ("stop_confirming", Entry),
    ("turn_down_transfer", Entry),
    ("delegate", Entry),
    ("end_delegation", Entry),
    ("note_absence", Entry),
];

/// The functions that hand a transaction to the writer.
fn writers(source: &Source) -> Vec<String> {
    let functions = source.code.split("fn ").skip(1);
    functions
        .filter(|function| {
            let body: String = function.split_whitespace().collect();
            ["write", "write_grouped", "write_blocking"]
                .iter()
                .any(|way| body.contains(&format!("self.{way}(")))
        })
        .map(|function| {
            let name = |it: &char| it.is_alphanumeric() || *it == '_';
            function.chars().take_while(name).collect()
        })
        .collect()
}

/// What is not as it is listed.
pub fn unlisted(sources: &[Source]) -> Vec<String> {
    let found: Vec<String> = sources
        .iter()
        .filter(|source| source.room() == "ledger")
        .flat_map(writers)
        .collect();
    let known = |name: &str| WRITES.iter().find(|(known, _)| *known == name);
    let mut wrong: Vec<String> = found
        .iter()
        .filter(|name| known(name).is_none())
        .map(|name| format!("{name} writes: does it append to the audit?"))
        .collect();
    for (name, told) in WRITES {
        if !found.iter().any(|it| it == name) {
            wrong.push(format!("{name} writes no longer"));
        }
        if matches!(told, Nothing(why) if why.is_empty()) {
            wrong.push(format!("{name} tells nothing and does not say why"));
        }
    }
    wrong
}
