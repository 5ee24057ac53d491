//! What may be asked again when an answer is lost.

use uuid::Uuid;

use crate::desk::face::{BankAsk, DraftAsk, Refusal, Reply, Request, RosterAsk, ViewsAsk};

/// Whether a request may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It changes nothing.
    Looks,
    /// Repeating it changes nothing that the first did not.
    SameTwice,
    /// It might be done twice.
    Never,
}

/// The request as it goes out, and whether it may go out again. A refund gets a key of its own
/// where its maker gave none: the same key is the same refund.
pub(super) fn prepared(mut request: Request) -> (Request, Again) {
    if let Request::Compose(draft) = &mut request
        && draft.key.is_none()
    {
        draft.key = Some(format!("desk-{}", Uuid::now_v7()));
    }
    let again = match &request {
        looks if only_looks(looks) => Again::Looks,
        // By its key; by its payment; by what the provider lists; by what is due; by the same bytes; that somebody
        // saw is told once more.
        Request::Compose(_)
        | Request::Drafts(DraftAsk::Park { .. } | DraftAsk::Drop { .. })
        | Request::RebuildBalance(_)
        | Request::Sync { .. }
        | Request::Work { .. }
        | Request::Reveal { .. }
        | Request::Bank(BankAsk::TakeFile { .. } | BankAsk::Reveal { .. }) => Again::SameTwice,
        _ => Again::Never,
    };
    (request, again)
}

/// The answer as whoever asked once sees it: found again under its key, it is still their own.
pub(super) fn told(answer: Result<Reply, Refusal>, repeated: bool) -> Result<Reply, Refusal> {
    match answer {
        Ok(Reply::Composed(mut composed)) if repeated => {
            composed.existing = false;
            Ok(Reply::Composed(composed))
        }
        answer => answer,
    }
}

/// Nothing is written by it.
pub(super) fn only_looks(request: &Request) -> bool {
    match request {
        Request::Overview
        | Request::Payments(_)
        | Request::Totals(_)
        | Request::Twins(_)
        | Request::Payment(_)
        | Request::PaymentAsOf { .. }
        | Request::Preview(_)
        | Request::Plan(_)
        | Request::Drafts(DraftAsk::List)
        | Request::Refunds(_)
        | Request::Refund(_)
        | Request::Call(_)
        | Request::Trace(_)
        | Request::Radar
        | Request::Review(_)
        | Request::ToDo
        | Request::Handover { .. }
        | Request::Order(_)
        | Request::Views(ViewsAsk::Show)
        | Request::Inbox { .. }
        | Request::Audit { .. }
        | Request::VerifyAudit { .. }
        | Request::Safeguards
        | Request::Discrepancies { .. }
        | Request::Verify { .. }
        | Request::Providers
        | Request::Service
        | Request::Evidence(_)
        | Request::AccessReview { .. }
        | Request::Roster(RosterAsk::Show)
        | Request::Bank(BankAsk::Transfers { .. }) => true,
        Request::RebuildBalance(_)
        | Request::Drafts(DraftAsk::Park { .. } | DraftAsk::Drop { .. })
        | Request::Compose(_)
        | Request::Cancel { .. }
        | Request::Capture { .. }
        | Request::Release { .. }
        | Request::Approve { .. }
        | Request::Decline { .. }
        | Request::Resolve(_)
        | Request::Retry(_)
        | Request::AnswerRequest(_)
        | Request::AskRequest { .. }
        | Request::ImportAccounts(_)
        | Request::Import(_)
        | Request::Sync { .. }
        | Request::Backup { .. }
        | Request::CloseDiscrepancy(_)
        | Request::AssignDiscrepancy { .. }
        | Request::RecordExternal(_)
        | Request::LinkExternal(_)
        | Request::RecordDispute(_)
        | Request::Work { .. }
        | Request::StopSending(_)
        | Request::ResumeSending(_)
        | Request::Reveal { .. }
        | Request::Erase(_)
        | Request::Roster(_)
        | Request::Note(_)
        | Request::Tend(_)
        | Request::Views(_)
        | Request::Bank(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::face::Draft;

    #[test]
    fn a_refund_gets_a_key_and_keeps_its_own() {
        let key = |request| match prepared(request) {
            (Request::Compose(draft), Again::SameTwice) => draft.key,
            other => panic!("{other:?}"),
        };
        let first = key(Request::Compose(Draft::default()));
        assert!(first.as_ref().unwrap().starts_with("desk-"));
        assert_ne!(first, key(Request::Compose(Draft::default())));
        let own = Draft {
            key: Some("mine".to_owned()),
            ..Draft::default()
        };
        assert_eq!(key(Request::Compose(own)).as_deref(), Some("mine"));
    }

    #[test]
    fn a_decision_is_never_repeated() {
        let approve = Request::Approve {
            refund: "r".to_owned(),
            seen: "h".to_owned(),
        };
        assert_eq!(prepared(approve).1, Again::Never);
        assert_eq!(prepared(Request::ToDo).1, Again::Looks);
    }
}
