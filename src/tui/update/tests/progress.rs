//! What goes on behind the screens is said while it does, and no longer.

use super::*;
use crate::desk::face::Notice;

fn told(session: &mut Session, notice: Notice) -> Option<String> {
    session.tell(Msg::Notice(notice));
    session.app.work().map(str::to_owned)
}

#[test]
fn work_is_said_until_it_ends_or_breaks_off() {
    let mut session = session();
    assert_eq!(session.app.work(), None);
    let rows = |done| Notice::Importing { done, total: 10 };
    let said = told(&mut session, rows(5));
    assert_eq!(said.as_deref(), Some("importing: 5 of 10 rows"));
    assert!(session.screen().contains("importing: 5 of 10 rows"));
    assert_eq!(told(&mut session, rows(10)), None);
    let read = Notice::Syncing {
        account: "nuapay-uk".to_owned(),
        done: 1,
        total: 4,
    };
    let said = told(&mut session, read);
    assert_eq!(said.as_deref(), Some("reading nuapay-uk: 1 of 4 payments"));
    assert_eq!(told(&mut session, Notice::Changed), None, "it broke off");
    // The service was killed in the middle of it and is there again.
    told(&mut session, rows(5));
    told(&mut session, Notice::ServiceAway(true));
    assert_eq!(told(&mut session, Notice::ServiceAway(false)), None);
    session.app.slots.next(Slot::Verify);
    assert_eq!(session.app.work(), Some("checking all records"));
}
