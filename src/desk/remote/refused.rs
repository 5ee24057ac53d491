//! What is said where the service is not there.

use std::path::Path;

use crate::desk::face::{Class, Refusal, Request};

/// Nothing went out.
pub(super) fn away(socket: &Path) -> Refusal {
    Refusal {
        class: Class::Unavailable,
        code: "service_away".to_owned(),
        message: format!("the service at {} does not answer", socket.display()),
        money: "Nothing of it was written and nothing was sent.".to_owned(),
        next: "Ask again once it is back; whoever runs it: systemctl status refund-desk".to_owned(),
    }
}

/// It went out, and no answer came back.
pub(super) fn in_doubt(request: &Request) -> Refusal {
    let next = match request {
        Request::Compose(draft) => format!(
            "Look before doing it again: refund-desk refunds --open, or repeat it with --key {}",
            draft.key.as_deref().unwrap_or("KEY")
        ),
        Request::Import(_) | Request::ImportAccounts(_) => {
            "Import it again: what is in already is left as it is.".to_owned()
        }
        Request::StopSending(_) => {
            "Look whether sending is stopped, and stop it again if not.".to_owned()
        }
        _ => "Look before doing it again: refund-desk refunds --open, refund-desk audit show"
            .to_owned(),
    };
    Refusal {
        class: Class::Unknown,
        code: "in_doubt".to_owned(),
        message: "the service went away before it answered: whether it was done is not known"
            .to_owned(),
        money:
            "Until that is known, count it as done: what was asked for may be held or on its way."
                .to_owned(),
        next,
    }
}
