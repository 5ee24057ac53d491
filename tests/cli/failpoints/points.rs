//! The labelled points, and on which way each is died at.

/// What the process that dies was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Composing and sending a refund.
    Refund,
    /// Asking the provider about one that was accepted.
    Look,
    /// Closing one whose sender had died.
    Close,
    /// Letting one go that was composed offline.
    Release,
    /// Withdrawing one.
    Cancel,
    /// Importing a file.
    Import,
    /// Creating the database.
    Open,
}

/// Label and way. A label may be tried on several.
pub const POINTS: &[(&str, Way)] = &[
    ("reserve.begun", Way::Refund),
    ("reserve.inserted", Way::Refund),
    ("reserve.routed", Way::Refund),
    ("reserve.written", Way::Refund),
    ("reserve.committed", Way::Refund),
    ("audit.appended", Way::Refund),
    ("claim.written", Way::Refund),
    ("claim.committed", Way::Refund),
    ("begin_send.checked", Way::Refund),
    ("begin_send.attempt_written", Way::Refund),
    ("begin_send.written", Way::Refund),
    ("begin_send.committed", Way::Refund),
    ("send.before", Way::Refund),
    ("send.connect", Way::Refund),
    ("send.head_read", Way::Refund),
    ("send.body_read", Way::Refund),
    ("send.after", Way::Refund),
    ("answer.before", Way::Refund),
    ("answer.committed", Way::Refund),
    ("record.begun", Way::Refund),
    ("record.observed", Way::Refund),
    ("record.moved", Way::Refund),
    ("record.written", Way::Refund),
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
    ("import.begun", Way::Import),
    ("import.rows_written", Way::Import),
    ("import.written", Way::Import),
    ("import.committed", Way::Import),
    ("open.created", Way::Open),
    ("open.locked", Way::Open),
    ("open.named", Way::Open),
    ("open.migrated", Way::Open),
];
