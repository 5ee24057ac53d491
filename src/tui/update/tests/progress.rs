//! What goes on behind the screens is said while it does, and no longer.

use super::*;
use crate::desk::face::Notice;
use crate::tui::state::toast::Level;

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
    // What is said in passing does not hide it.
    session.press("2 c");
    let screen = session.screen();
    assert!(!screen.contains("data  "), "{screen}");
    assert!(screen.contains("importing: 5 of 10 rows"), "{screen}");
    session.press("1");
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

#[test]
fn what_went_wrong_is_not_pushed_out_by_what_is_good_to_know() {
    let mut session = session();
    session.desk.world.lock().unwrap().unreachable = true;
    session.press("ctrl-r");
    assert!(shown(&session, "error: "), "{}", session.screen());
    session.desk.world.lock().unwrap().unreachable = false;
    // Each says why it does nothing.
    session.press("2 R c R c R");
    assert_eq!(session.app.toasts.len(), 3);
    let errors = session.app.toasts.iter();
    assert!(errors.clone().any(|toast| toast.level == Level::Error));
    assert!(errors.last().unwrap().level != Level::Error);
}
