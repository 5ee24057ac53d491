//! Everything an operator can do, in one table: keymap, footer, help, palette and the key list in
//! `assets/keys.md` are derived from it.

use std::fmt::Write as _;

use super::keymap::Keymap;

pub mod enabled;
pub use enabled::{Reason, enabled, may_be_stopped};

/// Something an operator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described in the table")]
pub enum Action {
    ShowPayments,
    ShowRefunds,
    ShowToDo,
    ShowRadar,
    ShowActivity,
    ShowProviders,
    ShowHandover,
    ShowDrafts,
    ShowSums,
    Messages,
    CheckAudit,
    AsOf,
    Open,
    Filter,
    Refund,
    Again,
    Mark,
    MarkRange,
    MarkAll,
    Undo,
    Explain,
    Sort,
    SortBack,
    Complete,
    Turn,
    NextTab,
    PreviousTab,
    Approve,
    Decline,
    Resolve,
    Withdraw,
    Capture,
    Release,
    StopSending,
    ResumeSending,
    Refresh,
    Phone,
    Trace,
    Copy,
    Order,
    Reveal,
    Note,
    Columns,
    TurnColumn,
    ColumnUp,
    ColumnDown,
    ResetColumns,
    Views,
    ApplyView,
    SaveView,
    RenameView,
    DeleteView,
    Take,
    Give,
    Snooze,
    ShowSnoozed,
    Up,
    Down,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    First,
    Last,
    NextField,
    PreviousField,
    NextChoice,
    PreviousChoice,
    ShowRequest,
    DropDraft,
    Review,
    Confirm,
    Accept,
    Run,
    Palette,
    Help,
    Back,
    Redraw,
    Mouse,
    Drill,
    ActAs,
    Suspend,
    Quit,
}

/// Where keys are pressed: the screen or what lies over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// The list of payments.
    Payments,
    /// The list of refunds.
    Refunds,
    /// What waits for a person.
    ToDo,
    /// One payment over the list.
    Payment,
    /// One refund over the list.
    Refund,
    /// A balance explained.
    Explain,
    /// A refund being composed.
    Compose,
    /// What one was composing and left.
    Drafts,
    /// A refund of all that is marked.
    Bulk,
    /// What would become of each, or did.
    Verdicts,
    /// A decision being written down.
    Decide,
    /// The second step before money moves.
    Confirm,
    /// The filter being typed.
    Filter,
    /// The keys of this screen.
    Help,
    /// How the providers stand.
    Providers,
    /// What is said to a payer.
    Phone,
    /// The handover, or an order.
    Sheet,
    /// How refunds go.
    Radar,
    /// Who did what.
    Activity,
    /// Which columns the list of payments has.
    Columns,
    /// Saved views of it.
    Views,
    /// Actions by name.
    Palette,
}

impl Context {
    /// Every context, in the order of the key list.
    pub const ALL: [Self; 22] = [
        Self::Payments,
        Self::Refunds,
        Self::ToDo,
        Self::Payment,
        Self::Refund,
        Self::Explain,
        Self::Phone,
        Self::Sheet,
        Self::Radar,
        Self::Activity,
        Self::Providers,
        Self::Compose,
        Self::Drafts,
        Self::Bulk,
        Self::Verdicts,
        Self::Decide,
        Self::Confirm,
        Self::Filter,
        Self::Columns,
        Self::Views,
        Self::Help,
        Self::Palette,
    ];

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payments => "Payments",
            Self::Refunds => "Refunds",
            Self::ToDo => "To do",
            Self::Payment => "One payment",
            Self::Refund => "One refund",
            Self::Explain => "Balance explained",
            Self::Compose => "Compose a refund",
            Self::Drafts => "Drafts",
            Self::Bulk => "Refund what is marked",
            Self::Verdicts => "Refunds in bulk",
            Self::Decide => "Write a decision down",
            Self::Confirm => "Confirm",
            Self::Filter => "Filter",
            Self::Providers => "Providers",
            Self::Phone => "On the phone",
            Self::Sheet => "Handover, or an order",
            Self::Radar => "Radar",
            Self::Activity => "Activity",
            Self::Columns => "Columns of the payments",
            Self::Views => "Saved views",
            Self::Help => "Help",
            Self::Palette => "Command palette",
        }
    }

    /// True where keys type text unless the table gives them to an action.
    pub const fn is_typing(self) -> bool {
        matches!(
            self,
            Self::Compose
                | Self::Bulk
                | Self::Decide
                | Self::Confirm
                | Self::Filter
                | Self::Palette
        )
    }
}

/// What kind of action it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Ends in a confirm before anything changes.
    pub dangerous: bool,
    /// Works on several rows.
    pub bulk: bool,
    /// Needs the desk to be online.
    pub online: bool,
    /// Found in the palette.
    pub palette: bool,
    /// Shown in the footer.
    pub footer: bool,
}

const QUIET: Flags = Flags {
    dangerous: false,
    bulk: false,
    online: false,
    palette: false,
    footer: false,
};
const PALETTE: Flags = Flags {
    palette: true,
    ..QUIET
};
const FOOTER: Flags = Flags {
    footer: true,
    ..QUIET
};
const SHOWN: Flags = Flags {
    footer: true,
    ..PALETTE
};
const DANGEROUS: Flags = Flags {
    dangerous: true,
    ..SHOWN
};

/// Keys, and the contexts in which they mean the action.
pub type Keys = &'static [(&'static [Context], &'static [&'static str])];

/// One action of the table.
#[derive(Debug)]
pub struct Spec {
    /// Which.
    pub action: Action,
    /// Its name in the palette and in overrides.
    pub id: &'static str,
    /// Under which heading help shows it.
    pub group: &'static str,
    /// How it is reached.
    pub keys: Keys,
    /// One or two words for the footer.
    pub short: &'static str,
    /// A sentence for help.
    pub long: &'static str,
    /// What kind it is.
    pub flags: Flags,
}

use Context::{
    Activity, Bulk, Columns, Compose, Confirm, Decide, Drafts, Explain, Filter, Help, Palette,
    Payment, Payments, Phone, Providers, Radar, Refund, Refunds, Sheet, ToDo, Verdicts, Views,
};

const LISTS: &[Context] = &[Payments, Refunds, ToDo];
const TABBED: &[Context] = &[Refunds, ToDo];
const DECIDED: &[Context] = &[ToDo, Refunds, Refund];
const FORMS: &[Context] = &[Compose, Bulk, Decide];
const PAGES: &[Context] = &[
    Payment, Refund, Explain, Phone, Sheet, Radar, Activity, Providers,
];
const ROWS: &[Context] = &[
    Payments, Refunds, ToDo, Payment, Refund, Explain, Phone, Sheet,
];
const ROOMS: &[Context] = &[
    Payments, Refunds, ToDo, Payment, Refund, Explain, Phone, Sheet, Radar, Activity, Providers,
    Drafts,
];
const MOVING: &[Context] = &[
    Payments, Refunds, ToDo, Payment, Refund, Explain, Phone, Sheet, Radar, Activity, Providers,
    Help, Columns, Views, Verdicts, Drafts,
];
const OWN: &[Context] = &[Columns, Views];
const EVERYWHERE: &[Context] = &Context::ALL;

macro_rules! spec {
    ($action:ident, $id:literal, $group:literal, $keys:expr, $short:literal, $long:literal, $flags:expr) => {
        Spec {
            action: Action::$action,
            id: $id,
            group: $group,
            keys: &$keys,
            short: $short,
            long: $long,
            flags: $flags,
        }
    };
}

/// The table.
#[rustfmt::skip]
pub const ACTIONS: &[Spec] = &[
    spec!(Open, "open", "This row", [(LISTS, &["enter", "l"]), (&[Drafts, Phone], &["enter", "l"])], "open", "open the selected row; go on with the selected draft", SHOWN),
    spec!(Refund, "refund.compose", "This row", [(&[Payments, Payment, Explain, Phone], &["r"])], "refund", "compose a refund of this payment, or of all that is marked", DANGEROUS),
    spec!(Again, "refund.again", "This row", [(DECIDED, &["r"])], "refund again", "compose a refund in place of this one, which was not paid or came back", DANGEROUS),
    spec!(Approve, "refund.approve", "This row", [(DECIDED, &["a"])], "approve", "approve a refund, or what another person stated; answer a network's request", DANGEROUS),
    spec!(Decline, "refund.decline", "This row", [(DECIDED, &["d"])], "decline", "decline it, with a note; refuse a network's request", DANGEROUS),
    spec!(Resolve, "refund.resolve", "This row", [(DECIDED, &["o"])], "outcome", "state what became of it, with evidence; answer a request with another account", DANGEROUS),
    spec!(Withdraw, "refund.withdraw", "This row", [(DECIDED, &["u"]), (&[Payment, Phone], &["u"])], "withdraw", "withdraw a refund, or have it stopped; of several the newest", DANGEROUS),
    spec!(Capture, "refund.capture", "This row", [(DECIDED, &["c"])], "capture", "have the provider pay what it has only authorised", Flags { online: true, footer: false, ..DANGEROUS }),
    spec!(Release, "refund.release", "This row", [(DECIDED, &["R"])], "release", "let a refund go that was composed offline", Flags { online: true, footer: false, ..DANGEROUS }),
    spec!(Explain, "payment.explain", "This row", [(&[Payments, Refunds, ToDo, Payment, Refund, Phone, Sheet, Drafts, Verdicts], &["e"]), (&[Compose, Confirm, Decide], &["f4"])], "explain", "explain the balance of the payment line by line", SHOWN),
    spec!(Phone, "payment.phone", "This row", [(&[Payments, Refunds, ToDo, Payment, Refund, Explain, Sheet], &["p"])], "phone", "all of this payer or order, and what to read aloud", PALETTE),
    spec!(Order, "payment.order", "This row", [(&[Payments, Refunds, ToDo, Payment, Refund, Explain, Phone], &["O"])], "order", "everything of this order, with the sums", PALETTE),
    spec!(AsOf, "payment.as-of", "This row", [(&[Payments, Refunds, ToDo, Payment, Refund, Explain, Phone], &["B"])], "back then", "the balance of the payment as it was at the end of a day", PALETTE),
    spec!(Trace, "refund.trace", "This row", [(&[Refunds, ToDo, Refund, Phone], &["t"])], "trace note", "copy what may be given to the customer or a bank (OSC 52)", PALETTE),
    spec!(Copy, "copy", "This row", [(ROWS, &["y"])], "copy", "copy the reference or id (OSC 52)", PALETTE),
    spec!(Reveal, "payer.reveal", "This row", [(&[Payment, Refund, Phone], &["v"])], "who paid", "show who paid, in full; the records say that you looked", PALETTE),
    spec!(Note, "note", "This row", [(&[Payments, Refunds, ToDo, Payment, Refund, Explain, Phone], &["n"])], "note", "write a note on this payment or refund", PALETTE),
    spec!(Take, "todo.take", "This row", [(&[ToDo], &["m"])], "take", "look after this yourself", PALETTE),
    spec!(Give, "todo.give", "This row", [(&[ToDo], &["w"])], "give to", "have somebody else look after it", PALETTE),
    spec!(Snooze, "todo.snooze", "This row", [(&[ToDo], &["z"])], "snooze", "put it aside in your own list for a while, with a reason, or take it back", PALETTE),
    spec!(Mark, "payments.mark", "This list", [(&[Payments], &["space"])], "mark", "mark this payment for a refund in bulk, or take the mark away", Flags { bulk: true, ..PALETTE }),
    spec!(MarkRange, "payments.mark-range", "This list", [(&[Payments], &["v"])], "mark range", "mark all from the payment last marked to this one", Flags { bulk: true, ..PALETTE }),
    spec!(MarkAll, "payments.mark-all", "This list", [(&[Payments], &["*"])], "mark all", "mark all that the filter shows, 500 at most", Flags { bulk: true, ..PALETTE }),
    spec!(Undo, "undo", "This list", [(&[Payments, Views, Drafts], &["U"])], "undo", "bring back what was dropped last here: marks, a view, a draft", PALETTE),
    spec!(Filter, "payments.filter", "This list", [(LISTS, &["/"]), (&[Activity], &["/"])], "filter", "show only some of them", SHOWN),
    spec!(Sort, "payments.sort", "This list", [(&[Payments, Refunds], &["s", ">"])], "sort", "sort by the next column", SHOWN),
    spec!(SortBack, "payments.sort-back", "This list", [(&[Payments, Refunds], &["<"])], "sort back", "sort by the column before", PALETTE),
    spec!(Turn, "payments.turn", "This list", [(&[Payments, Refunds], &["S"])], "turn", "turn the order round", PALETTE),
    spec!(Columns, "payments.columns", "This list", [(&[Payments], &["C"])], "columns", "choose the columns and their order; they are remembered", PALETTE),
    spec!(Views, "payments.views", "This list", [(&[Payments], &["V"])], "views", "saved views: filter, order and columns under a name", PALETTE),
    spec!(ShowSums, "payments.sums", "This list", [(&[Payments], &["="])], "sums", "count and sums of the list, in every currency", PALETTE),
    spec!(CheckAudit, "activity.check", "This list", [(&[Activity], &["v"])], "check", "check that all that was written down is as it was written", SHOWN),
    spec!(TurnColumn, "columns.show", "This list", [(&[Columns], &["space"])], "show, hide", "show or hide this column", SHOWN),
    spec!(ColumnDown, "columns.down", "This list", [(&[Columns], &["J"])], "move down", "move this column down, that is to the right", SHOWN),
    spec!(ColumnUp, "columns.up", "This list", [(&[Columns], &["K"])], "move up", "the same, up", SHOWN),
    spec!(ResetColumns, "columns.reset", "This list", [(&[Columns], &["0"])], "as at first", "all columns as the desk has them", PALETTE),
    spec!(ApplyView, "views.apply", "This list", [(&[Views], &["enter", "l"])], "use", "have the list of payments like this", SHOWN),
    spec!(SaveView, "views.save", "This list", [(&[Views], &["s"])], "save", "save the list of payments as it is now, under a name", SHOWN),
    spec!(RenameView, "views.rename", "This list", [(&[Views], &["r"])], "rename", "call this view something else", SHOWN),
    spec!(DeleteView, "views.delete", "This list", [(&[Views], &["d"])], "delete", "forget this view", SHOWN),
    spec!(NextTab, "list.next-tab", "This list", [(TABBED, &["tab", "]"])], "next tab", "the next tab of the list", SHOWN),
    spec!(PreviousTab, "list.previous-tab", "This list", [(TABBED, &["shift-tab", "["])], "previous tab", "the same, backwards", PALETTE),
    spec!(ShowSnoozed, "todo.show-snoozed", "This list", [(&[ToDo], &["Z"])], "snoozed", "show what you have snoozed, too, or hide it again", PALETTE),
    spec!(Refresh, "refresh", "This list", [(LISTS, &["ctrl-r"]), (&[Phone, Sheet, Radar, Activity, Providers], &["ctrl-r"])], "refresh", "read the list anew", PALETTE),
    spec!(NextField, "compose.next-field", "This form", [(FORMS, &["tab", "down"])], "next", "go to the next field", SHOWN),
    spec!(PreviousField, "compose.previous-field", "This form", [(FORMS, &["shift-tab", "up"])], "previous", "go to the field before", PALETTE),
    spec!(NextChoice, "compose.next-choice", "This form", [(FORMS, &["right"])], "choose", "the next choice; in text, one to the right", SHOWN),
    spec!(PreviousChoice, "compose.previous-choice", "This form", [(FORMS, &["left"])], "choose back", "the choice before; in text, one to the left", PALETTE),
    spec!(ShowRequest, "compose.request", "This form", [(&[Compose], &["ctrl-r"])], "request", "show or hide the exact request that would be sent", SHOWN),
    spec!(DropDraft, "compose.drop-draft", "This form", [(&[Compose], &["ctrl-x"]), (&[Drafts], &["x"])], "drop draft", "forget the draft: what was typed, and nothing else", PALETTE),
    spec!(Review, "compose.review", "This form", [(FORMS, &["ctrl-s"]), (&[Verdicts], &["ctrl-s"])], "review", "check once more, then confirm", DANGEROUS),
    spec!(Complete, "filter.complete", "This form", [(&[Filter], &["tab"])], "complete", "complete the name of a term, an account or a state", FOOTER),
    spec!(Accept, "accept", "This form", [(&[Filter, Compose, Bulk, Verdicts, Decide], &["enter"])], "accept", "keep the filter, open the one payment found; in a form, the next field or review", FOOTER),
    spec!(Confirm, "confirm", "This form", [(&[Confirm], &["y"])], "yes, do it", "do what the dialog says", FOOTER),
    spec!(Run, "palette.run", "This form", [(&[Palette], &["enter"])], "run", "run the chosen command", FOOTER),
    spec!(Down, "move.down", "Move", [(MOVING, &["j", "down"]), (&[Palette], &["down", "ctrl-n"])], "down", "one row down", PALETTE),
    spec!(Up, "move.up", "Move", [(MOVING, &["k", "up"]), (&[Palette], &["up", "ctrl-p"])], "up", "one row up", PALETTE),
    spec!(PageDown, "move.page-down", "Move", [(MOVING, &["pgdn", "ctrl-f"]), (&[Compose], &["pgdn"])], "page down", "one page down", PALETTE),
    spec!(PageUp, "move.page-up", "Move", [(MOVING, &["pgup", "ctrl-b"]), (&[Compose], &["pgup"])], "page up", "one page up", PALETTE),
    spec!(HalfDown, "move.half-down", "Move", [(MOVING, &["ctrl-d"])], "half page down", "half a page down", PALETTE),
    spec!(HalfUp, "move.half-up", "Move", [(MOVING, &["ctrl-u"])], "half page up", "half a page up", PALETTE),
    spec!(First, "move.first", "Move", [(MOVING, &["g g", "home"])], "first", "to the first row", PALETTE),
    spec!(Last, "move.last", "Move", [(MOVING, &["G", "end"])], "last", "to the last row", PALETTE),
    spec!(ShowPayments, "screen.payments", "Desk", [(ROOMS, &["1"])], "payments", "the payments", PALETTE),
    spec!(ShowRefunds, "screen.refunds", "Desk", [(ROOMS, &["2"])], "refunds", "the refunds", PALETTE),
    spec!(ShowToDo, "screen.todo", "Desk", [(ROOMS, &["3"])], "to do", "what waits for a person", PALETTE),
    spec!(ShowRadar, "screen.radar", "Desk", [(ROOMS, &["4"])], "radar", "how refunds go: ages, ends, reasons, speed", PALETTE),
    spec!(ShowActivity, "screen.activity", "Desk", [(ROOMS, &["5"])], "activity", "who did what", PALETTE),
    spec!(ShowProviders, "screen.providers", "Desk", [(ROOMS, &["6"])], "providers", "how each account and its provider stand", PALETTE),
    spec!(ShowHandover, "screen.handover", "Desk", [(ROOMS, &["H"])], "handover", "the page for the next shift: what is open, snoozed, due and said", PALETTE),
    spec!(ShowDrafts, "screen.drafts", "Desk", [(ROOMS, &["D"])], "drafts", "what you were composing and left", PALETTE),
    spec!(Messages, "messages", "Desk", [(ROOMS, &["!"]), (FORMS, &["f3"]), (&[Verdicts], &["!"])], "messages", "what the desk said in passing, in full, newest first", PALETTE),
    spec!(Palette, "palette", "Desk", [(ROOMS, &[":"]), (OWN, &[":"]), (FORMS, &["f2"]), (&[Verdicts], &["f2"])], "commands", "find a command by name", FOOTER),
    spec!(Help, "help", "Desk", [(ROOMS, &["?"]), (OWN, &["?"]), (FORMS, &["f1"]), (&[Verdicts], &["?"])], "help", "the keys of this screen", SHOWN),
    spec!(Back, "back", "Desk", [(EVERYWHERE, &["esc"]), (PAGES, &["h", "q"]), (OWN, &["q"]), (&[Verdicts, Drafts], &["q"]), (&[Help], &["?", "q"]), (&[Confirm], &["enter"])], "back", "back, one step at a time; in a confirm: cancel", PALETTE),
    spec!(StopSending, "sending.stop", "Desk", [(ROOMS, &["X"])], "stop sending", "send nothing more, on one account or on all; it holds at once", PALETTE),
    spec!(ResumeSending, "sending.resume", "Desk", [(&[Providers], &["R"])], "resume sending", "let what waits go out again; it takes two people", DANGEROUS),
    spec!(Redraw, "redraw", "Desk", [(EVERYWHERE, &["ctrl-l"]), (ROOMS, &["L"])], "redraw", "draw the screen anew", PALETTE),
    spec!(Mouse, "mouse", "Desk", [(ROOMS, &["M"])], "mouse", "take the mouse for the desk, or leave it to the terminal", PALETTE),
    spec!(Drill, "drill", "Desk", [(ROOMS, &["T"])], "drill", "begin the two-minute drill of the demo, or leave it", PALETTE),
    spec!(ActAs, "drill.act-as", "Desk", [(ROOMS, &["A"])], "change seats", "in the drill, sit down as the second person, or as yourself again", PALETTE),
    spec!(Suspend, "suspend", "Desk", [(EVERYWHERE, &["ctrl-z"])], "suspend", "go back to the shell for a while; fg returns", PALETTE),
    spec!(Quit, "quit", "Desk", [(LISTS, &["q"]), (EVERYWHERE, &["ctrl-c"])], "quit", "leave the desk; what was composed goes on", SHOWN),
];

/// The entry of an action.
pub fn spec(action: Action) -> &'static Spec {
    // The table is complete (a test walks it); the first entry stands in for what cannot be.
    ACTIONS
        .iter()
        .find(|spec| spec.action == action)
        .unwrap_or(&ACTIONS[0])
}

impl Action {
    /// The command that does the same without a screen; none where it is about the screen itself.
    pub const fn command(self) -> Option<&'static str> {
        Some(match self {
            Self::Refund | Self::Again | Self::Review | Self::ShowRequest => "refund",
            Self::Mark | Self::MarkRange | Self::MarkAll => "plan",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Resolve => "resolve",
            Self::Withdraw => "cancel",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::StopSending => "stop-sending",
            Self::ResumeSending => "resume-sending",
            Self::Reveal => "reveal",
            Self::Note => "note",
            Self::Order => "order",
            Self::ShowHandover => "handover",
            Self::Take | Self::Give => "owner",
            Self::Snooze => "snooze",
            Self::Open | Self::Explain | Self::AsOf => "payment",
            Self::Phone => "phone",
            Self::Trace => "trace",
            Self::ShowPayments
            | Self::Filter
            | Self::Sort
            | Self::SortBack
            | Self::Turn
            | Self::ShowSums => "payments",
            Self::Views
            | Self::ApplyView
            | Self::SaveView
            | Self::RenameView
            | Self::DeleteView
            | Self::Columns
            | Self::TurnColumn
            | Self::ColumnDown
            | Self::ColumnUp
            | Self::ResetColumns => "views",
            Self::ShowRefunds | Self::NextTab | Self::PreviousTab => "refunds",
            Self::ShowRadar => "radar",
            Self::ShowToDo | Self::ShowSnoozed => "todo",
            Self::ShowDrafts | Self::DropDraft => "drafts",
            Self::ShowActivity | Self::CheckAudit => "audit",
            Self::ShowProviders => "doctor",
            Self::Help => "keys",
            Self::Drill | Self::ActAs => "demo",
            // What a command line has no need of: to read a list again is to run it again, a form is
            // its options, and moving, typing, drawing and leaving are the terminal's.
            Self::Refresh
            | Self::Undo
            | Self::Copy
            | Self::NextField
            | Self::PreviousField
            | Self::NextChoice
            | Self::PreviousChoice
            | Self::Complete
            | Self::Accept
            | Self::Confirm
            | Self::Run
            | Self::Down
            | Self::Up
            | Self::PageDown
            | Self::PageUp
            | Self::HalfDown
            | Self::HalfUp
            | Self::First
            | Self::Last
            | Self::Palette
            | Self::Messages
            | Self::Back
            | Self::Redraw
            | Self::Mouse
            | Self::Suspend
            | Self::Quit => return None,
        })
    }
}

impl Spec {
    /// True where the action can be reached by a key.
    pub fn is_in(&self, context: Context) -> bool {
        self.keys
            .iter()
            .any(|(contexts, _)| contexts.contains(&context))
    }
}

/// An action where it can be done, with its keys there.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where.
    pub context: Context,
    /// What.
    pub spec: &'static Spec,
    /// Its keys, as people write them.
    pub keys: Vec<String>,
}

/// Every key, by screen.
pub fn keys(keymap: &Keymap) -> Vec<Key> {
    let of = |context: Context| {
        let here = ACTIONS.iter().filter(move |spec| spec.is_in(context));
        here.map(move |spec| Key {
            context,
            spec,
            keys: keymap.keys_of(spec.action, context),
        })
    };
    Context::ALL.into_iter().flat_map(of).collect()
}

/// The key list in Markdown: the content of `assets/keys.md`.
pub fn keys_markdown(keymap: &Keymap) -> String {
    let mut out = String::from(
        "# Keys\n\nDerived from the one table of actions in `src/tui/action.rs`.\n\
         A key marked * asks for confirmation before anything changes. Other keys are given to a name in\n\
         `[keys]` of the configuration.\n",
    );
    for context in Context::ALL {
        let _ = write!(
            out,
            "\n## {}\n\n| keys | name | does |\n|---|---|---|\n",
            context.name()
        );
        for spec in ACTIONS.iter().filter(|spec| spec.is_in(context)) {
            let keys: Vec<String> = keymap
                .keys_of(spec.action, context)
                .iter()
                .map(|keys| format!("`{keys}`"))
                .collect();
            let mark = if spec.flags.dangerous { " *" } else { "" };
            let keys = keys.join(", ");
            let _ = writeln!(out, "| {keys} | {} | {}{mark} |", spec.id, spec.long);
        }
    }
    out
}

/// The keys in a few lines, by group: the README's list.
pub fn keys_in_short(keymap: &Keymap) -> String {
    let mut out = String::new();
    let mut group = "";
    for spec in ACTIONS {
        let context = Context::ALL.into_iter().find(|it| spec.is_in(*it));
        let keys = context.map(|context| keymap.keys_of(spec.action, context));
        let keys: Vec<String> = keys
            .iter()
            .flatten()
            .map(|key| format!("`{key}`"))
            .collect();
        let mark = if spec.flags.dangerous { "\\*" } else { "" };
        let lead = match spec.group == group {
            true => " ·".to_owned(),
            false if group.is_empty() => format!("- **{}**:", spec.group),
            false => format!("\n- **{}**:", spec.group),
        };
        group = spec.group;
        let _ = write!(out, "{lead} {} {}{mark}", keys.join(" "), spec.short);
    }
    out
}

#[cfg(test)]
mod tests;
