//! The labelled points, and on which way each is died at.

/// What the process that dies was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Composing a refund, until it is taken up to be sent.
    Compose,
    /// Sending it.
    Send,
    /// Asking the provider about one that was accepted.
    Look,
    /// Closing one whose sender had died.
    Close,
    /// Letting one go that was composed offline.
    Release,
    /// Withdrawing one.
    Cancel,
    /// A checker approving one.
    Approve,
    /// A checker declining one.
    Decline,
    /// Stating what became of one, as the first person.
    Propose,
    /// Agreeing with that, as the second.
    Agree,
    /// Taking a backup.
    Backup,
    /// Restoring one.
    Restore,
    /// Having the provider stop one that it has accepted.
    Stop,
    /// Having the provider pay one that it has only authorised.
    Capture,
    /// Importing a file.
    Import,
    /// Creating the database.
    Open,
}

/// Label and way. A label may be tried on several.
pub const POINTS: &[(&str, Way)] = &[
    ("reserve.begun", Way::Compose),
    ("reserve.inserted", Way::Compose),
    ("reserve.routed", Way::Compose),
    ("reserve.written", Way::Compose),
    ("reserve.committed", Way::Compose),
    ("audit.appended", Way::Compose),
    ("claim.written", Way::Compose),
    ("claim.committed", Way::Compose),
    ("begin_send.checked", Way::Compose),
    ("begin_send.attempt_written", Way::Compose),
    ("begin_send.written", Way::Send),
    ("journal.opened", Way::Send),
    ("journal.written", Way::Send),
    ("journal.flushed", Way::Send),
    ("begin_send.committed", Way::Send),
    ("send.before", Way::Send),
    ("send.connect", Way::Send),
    ("send.head_read", Way::Send),
    ("send.body_read", Way::Send),
    ("send.after", Way::Send),
    ("answer.before", Way::Send),
    ("answer.committed", Way::Send),
    ("record.begun", Way::Send),
    ("record.observed", Way::Send),
    ("record.moved", Way::Send),
    ("record.written", Way::Send),
    ("look.lease_written", Way::Look),
    ("look.lease_committed", Way::Look),
    ("look.connect", Way::Look),
    ("look.head_read", Way::Look),
    ("look.body_read", Way::Look),
    ("look.answered", Way::Look),
    ("look.committed", Way::Look),
    ("record.observed", Way::Look),
    ("record.written", Way::Look),
    ("closing.before", Way::Close),
    ("record.moved", Way::Close),
    ("closing.committed", Way::Close),
    ("release.written", Way::Release),
    ("release.committed", Way::Release),
    ("record.begun", Way::Cancel),
    ("record.written", Way::Cancel),
    ("cancel.committed", Way::Cancel),
    ("approve.inserted", Way::Approve),
    ("record.moved", Way::Approve),
    ("record.written", Way::Approve),
    ("approve.committed", Way::Approve),
    ("decline.inserted", Way::Decline),
    ("record.written", Way::Decline),
    ("decline.committed", Way::Decline),
    ("propose.inserted", Way::Propose),
    ("propose.committed", Way::Propose),
    ("agree.ended", Way::Agree),
    ("record.observed", Way::Agree),
    ("record.written", Way::Agree),
    ("agree.committed", Way::Agree),
    ("backup.named", Way::Backup),
    ("backup.copied", Way::Backup),
    ("backup.checked", Way::Backup),
    ("backup.finished", Way::Backup),
    ("backup.noted", Way::Backup),
    ("backup.committed", Way::Backup),
    ("restore.copied", Way::Restore),
    ("restore.written", Way::Restore),
    ("restore.told", Way::Restore),
    ("restore.retired", Way::Restore),
    ("restore.noted", Way::Restore),
    ("restore.beside_moved", Way::Restore),
    ("restore.kept", Way::Restore),
    ("restore.exchanged", Way::Restore),
    ("restore.finished", Way::Restore),
    ("begin_step.written", Way::Stop),
    ("begin_step.committed", Way::Stop),
    ("step.answered", Way::Stop),
    ("step.written", Way::Stop),
    ("step.committed", Way::Stop),
    ("begin_step.written", Way::Capture),
    ("begin_step.committed", Way::Capture),
    ("step.answered", Way::Capture),
    ("step.written", Way::Capture),
    ("step.committed", Way::Capture),
    ("import.begun", Way::Import),
    ("import.rows_written", Way::Import),
    ("import.written", Way::Import),
    ("import.committed", Way::Import),
    ("open.created", Way::Open),
    ("open.locked", Way::Open),
    ("open.named", Way::Open),
    ("open.migrated", Way::Open),
];
