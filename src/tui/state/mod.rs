//! Everything the desk's screens know: one tree, changed only by [`super::update`], and drawn by
//! [`super::view`] without being changed.

use chrono::{DateTime, Utc};

use crate::config::Looks;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::eligibility::Eligibility;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::inbound_request::InboundRequest;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::query::{self, Completion};
use crate::domain::todo::{Act, Step, Who};

use super::action::{Action, Context};
use super::caps::Caps;
use super::keymap::{Key, Keymap};
use super::theme::Theme;

pub mod activity;
pub mod bulk;
pub mod card;
pub mod compose;
pub mod confirm;
pub mod decide;
pub mod desk;
pub mod drafts;
pub mod drill;
pub mod edit;
pub mod lateness;
pub mod layout;
pub mod marks;
pub mod narrow;
pub mod palette;
pub mod payments;
pub mod phone;
pub mod providers;
pub mod radar;
pub mod refunds;
pub mod sheet;
pub mod slots;
mod stopping;
pub mod toast;
pub mod todo;
pub mod undo;
pub mod views;
pub mod wake;

/// A screen: what lies under everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The payments.
    #[default]
    Payments,
    /// The refunds.
    Refunds,
    /// What waits for a person.
    ToDo,
}

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Layer {
    /// The filter being typed; the list stays visible.
    Filter,
    /// One payment.
    Payment {
        /// Which.
        id: PaymentId,
        /// The first line shown.
        scroll: usize,
    },
    /// One refund.
    Refund(Box<refunds::Page>),
    /// A balance explained.
    Explain {
        /// Of which payment.
        id: PaymentId,
        /// The first line shown.
        scroll: usize,
    },
    /// A refund being composed.
    Compose(Box<compose::Compose>),
    /// What one was composing and left.
    Drafts,
    /// A refund of all that is marked.
    Bulk(Box<bulk::Bulk>),
    /// A decision being written down.
    Decide(Box<decide::Form>),
    /// The second step.
    Confirm(Box<confirm::Confirm>),
    /// How the providers stand.
    Providers {
        /// The first line shown.
        scroll: usize,
    },
    /// What is said to a payer.
    Phone(Box<phone::Page>),
    /// The handover, or an order.
    Sheet(Box<sheet::Page>),
    /// How refunds go.
    Radar(Box<radar::Page>),
    /// Who did what.
    Activity(Box<activity::Activity>),
    /// The keys of the screen below.
    Help {
        /// The first line shown.
        scroll: usize,
    },
    /// Which columns the list of payments has.
    Columns(views::Columns),
    /// Saved views of it.
    Views {
        /// The one the cursor is on.
        cursor: usize,
    },
    /// Commands by name.
    Palette(palette::Palette),
}

impl Layer {
    /// Where keys are pressed while this layer is on top.
    pub fn context(&self) -> Context {
        match self {
            Self::Filter => Context::Filter,
            Self::Payment { .. } => Context::Payment,
            Self::Refund(_) => Context::Refund,
            Self::Explain { .. } => Context::Explain,
            Self::Compose(_) => Context::Compose,
            Self::Drafts => Context::Drafts,
            Self::Bulk(bulk) if bulk.plan.is_none() => Context::Bulk,
            Self::Bulk(_) => Context::Verdicts,
            Self::Decide(_) => Context::Decide,
            Self::Confirm(_) => Context::Confirm,
            Self::Providers { .. } => Context::Providers,
            Self::Phone(_) => Context::Phone,
            Self::Sheet(_) => Context::Sheet,
            Self::Radar(_) => Context::Radar,
            Self::Activity(page) if page.typing => Context::Filter,
            Self::Activity(_) => Context::Activity,
            Self::Columns(_) => Context::Columns,
            Self::Views { .. } => Context::Views,
            Self::Help { .. } => Context::Help,
            Self::Palette(_) => Context::Palette,
        }
    }

    /// It is a screen of its own, not something over one: the action that leads to it.
    pub const fn room(&self) -> Option<Action> {
        match self {
            Self::Radar(_) => Some(Action::ShowRadar),
            Self::Activity(_) => Some(Action::ShowActivity),
            Self::Providers { .. } => Some(Action::ShowProviders),
            _ => None,
        }
    }
}

/// The whole state.
#[derive(Clone, Debug)]
pub struct App {
    /// The time of the last event: views know no clock.
    pub now: DateTime<Utc>,
    /// Columns and rows of the terminal.
    pub terminal: (u16, u16),
    /// What of it the desk has: all but what a drill takes.
    pub size: (u16, u16),
    /// There is a drill to be had.
    pub may_drill: bool,
    /// The drill under way.
    pub drill: Option<drill::Drill>,
    /// What the terminal can show.
    pub caps: Caps,
    /// Roles to styles.
    pub theme: Theme,
    /// Which keys do what.
    pub keymap: Keymap,
    /// The hand is moving through the list: until then the pane beside it stays empty. It would have
    /// to be written anew for every row.
    pub moving_until: Option<DateTime<Utc>>,
    /// When it last went a step.
    pub stepped_at: Option<DateTime<Utc>>,
    /// What was run from the palette, the last first.
    pub recent: Vec<Action>,
    /// Clicks and the wheel are heeded.
    pub mouse: bool,
    /// No frames.
    pub plain: bool,
    /// From this many main units on, a total is typed before it is sent.
    pub typed_total_from: i64,
    /// Who sits at the desk.
    pub actor: String,
    /// What the top line knows, once answered.
    pub overview: Option<desk::Overview>,
    /// The service cannot be reached: what is shown may be old.
    pub service_away: bool,
    /// How long a refund waits before it is sent, in milliseconds.
    pub send_delay_ms: u64,
    /// The screen below all layers.
    pub screen: Screen,
    /// The list of payments.
    pub payments: payments::Payments,
    /// What whoever sits here was composing and left.
    pub drafts: drafts::Drafts,
    /// The list of refunds.
    pub refunds: refunds::Refunds,
    /// What waits for a person.
    pub todo: todo::ToDo,
    /// How whoever sits here has the list of payments.
    pub views: views::Kept,
    /// How the providers stand, once answered.
    pub providers: Option<Vec<providers::Row>>,
    /// How far an import or a sync is, while one goes on.
    pub progress: Option<String>,
    /// All records are being checked, or were.
    pub checks_records: bool,
    /// Who paid, in full, for as long as that card is open.
    pub revealed: Option<card::Revealed>,
    /// The payment looked at.
    pub card: Option<card::Card>,
    /// Those it may be next.
    pub near: card::Near,
    /// Something changed since the card was read.
    pub card_is_old: bool,
    /// The payment last asked for.
    pub card_asked: Option<PaymentId>,
    /// What lies over the screen, the last on top.
    pub layers: Vec<Layer>,
    /// What was said in passing, newest last.
    pub toasts: Vec<toast::Toast>,
    /// The same in full, also what has gone.
    pub said: toast::Said,
    /// Keys that may begin a sequence.
    pub pressed: Vec<Key>,
    /// Answers awaited.
    pub slots: slots::Slots,
    /// The reference or id that was typed to go to.
    pub jump: String,
    /// What was dropped last, and can be had back.
    pub dropped: Option<undo::Dropped>,
    /// The next list of payments is a new one, its end, or the same anew.
    pub opening: Opening,
    /// Something changed since the last frame.
    pub dirty: bool,
    /// The operator left.
    pub quit: bool,
}

/// How an answered page becomes the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// The first rows; the cursor on the first of them.
    #[default]
    Start,
    /// The last rows; the cursor on the last of them.
    End,
    /// The first rows, with the cursor where it was.
    Again,
}

impl App {
    /// A desk nothing is known of yet.
    pub fn new(now: DateTime<Utc>, size: (u16, u16), caps: Caps, actor: &str) -> Self {
        Self {
            now,
            terminal: size,
            size,
            may_drill: false,
            drill: None,
            caps,
            theme: Theme::new(Looks::Auto, caps.depth),
            keymap: Keymap::default(),
            moving_until: None,
            stepped_at: None,
            recent: Vec::new(),
            mouse: false,
            plain: false,
            typed_total_from: 1000,
            actor: actor.to_owned(),
            overview: None,
            service_away: false,
            send_delay_ms: 10_000,
            screen: Screen::default(),
            payments: payments::Payments::default(),
            drafts: drafts::Drafts::default(),
            refunds: refunds::Refunds::default(),
            todo: todo::ToDo::default(),
            views: views::Kept::default(),
            providers: None,
            progress: None,
            checks_records: false,
            revealed: None,
            card: None,
            near: card::Near::default(),
            card_is_old: false,
            card_asked: None,
            layers: Vec::new(),
            toasts: Vec::new(),
            said: toast::Said::default(),
            pressed: Vec::new(),
            slots: slots::Slots::default(),
            jump: String::new(),
            dropped: None,
            opening: Opening::default(),
            dirty: true,
            quit: false,
        }
    }

    /// What the desk does behind the screens.
    pub fn work(&self) -> Option<&str> {
        let checking = self.slots.is_waiting(slots::Slot::Verify);
        let checking = checking.then_some("checking all records");
        self.progress.as_deref().or(checking)
    }

    /// A total that is typed before it is confirmed.
    pub fn types(&self, total: Money) -> bool {
        let main = total.currency.minor_per_main();
        total.minor >= self.typed_total_from.saturating_mul(main)
    }

    /// How many answers are outstanding: tests wait for none.
    pub fn busy(&self) -> usize {
        self.slots.outstanding()
    }

    /// Where keys are pressed.
    pub fn context(&self) -> Context {
        self.layers
            .last()
            .map_or(self.screen_context(), Layer::context)
    }

    /// The context that help and palette speak of: the one below them.
    pub fn context_below(&self) -> Context {
        let about = |layer: &&Layer| !matches!(layer, Layer::Help { .. } | Layer::Palette(_));
        self.layers
            .iter()
            .rev()
            .find(about)
            .map_or(self.screen_context(), Layer::context)
    }

    const fn screen_context(&self) -> Context {
        match self.screen {
            Screen::Payments => Context::Payments,
            Screen::Refunds => Context::Refunds,
            Screen::ToDo => Context::ToDo,
        }
    }

    /// Where one is: the action that leads here.
    pub fn room(&self) -> Action {
        let room = self.layers.iter().find_map(Layer::room);
        room.unwrap_or(match self.screen {
            Screen::Payments => Action::ShowPayments,
            Screen::Refunds => Action::ShowRefunds,
            Screen::ToDo => Action::ShowToDo,
        })
    }

    /// The payment that actions are about.
    pub fn focus_payment(&self) -> Option<PaymentId> {
        for layer in self.layers.iter().rev() {
            match layer {
                Layer::Payment { id, .. } | Layer::Explain { id, .. } => return Some(*id),
                Layer::Compose(form) => return Some(form.payment.id),
                Layer::Phone(page) => return Some(page.chosen_payment()),
                Layer::Sheet(page) => return page.payment(),
                Layer::Bulk(bulk) if bulk.plan.is_some() => return bulk.chosen(),
                Layer::Drafts => return self.drafts.chosen().map(|draft| draft.payment),
                Layer::Refund(page) => return Some(page.row.refund.content.payment),
                _ => {}
            }
        }
        match self.screen {
            Screen::Payments => self.payments.selected,
            Screen::Refunds => self.refunds.row().map(|row| row.refund.content.payment),
            Screen::ToDo => self.todo.item().map(|item| item.payment),
        }
    }

    /// Who paid, in full, where somebody asked for it on the card that is open.
    pub fn revealed(&self, payment: PaymentId) -> Option<&card::Revealed> {
        self.revealed.as_ref().filter(|it| it.payment == payment)
    }

    /// What is known of a payment: from its card, else from its row.
    pub fn payment(&self, id: PaymentId) -> Option<(&Payment, &Eligibility)> {
        let card = self.card.as_ref().filter(|card| card.payment.id == id);
        let row = || self.payments.rows.iter().find(|row| row.payment.id == id);
        card.map(|card| (&card.payment, &card.eligibility))
            .or_else(|| row().map(|row| (&row.payment, &row.eligibility)))
    }

    /// The refund that actions are about.
    pub fn focus_refund(&self) -> Option<&refunds::Row> {
        for layer in self.layers.iter().rev() {
            match layer {
                Layer::Refund(page) => return Some(&page.row),
                Layer::Payment { .. }
                | Layer::Explain { .. }
                | Layer::Phone(_)
                | Layer::Sheet(_) => return None,
                _ => {}
            }
        }
        match self.screen {
            Screen::Payments => None,
            Screen::Refunds => self.refunds.row(),
            Screen::ToDo => self.todo.item()?.refund.as_ref(),
        }
    }

    /// The discrepancy that actions are about.
    pub fn focus_discrepancy(&self) -> Option<&Discrepancy> {
        let page = |layer: &Layer| {
            matches!(
                layer,
                Layer::Payment { .. }
                    | Layer::Refund(_)
                    | Layer::Explain { .. }
                    | Layer::Phone(_)
                    | Layer::Sheet(_)
            )
        };
        if self.screen != Screen::ToDo || self.layers.iter().any(page) {
            return None;
        }
        self.todo.item()?.discrepancy.as_ref()
    }

    /// The network's request that actions are about.
    pub fn focus_request(&self) -> Option<&InboundRequest> {
        let pages = self.layers.iter().any(|layer| {
            matches!(
                layer,
                Layer::Payment { .. }
                    | Layer::Refund(_)
                    | Layer::Explain { .. }
                    | Layer::Phone(_)
                    | Layer::Sheet(_)
            )
        });
        if self.screen != Screen::ToDo || pages {
            return None;
        }
        self.todo.item()?.request.as_ref()
    }

    /// The step a refund waits for, as far as the queue tells.
    pub fn step(&self, refund: RefundId) -> Option<&Step> {
        self.todo.step(refund)
    }

    /// True when a second person is waited for and whoever sits here may be it.
    pub fn may_decide(&self, step: &Step) -> bool {
        step.act == Act::Decide && !matches!(&step.who, Who::AnyoneBut(name) if *name == self.actor)
    }

    /// The payment whose card the screen needs.
    pub fn wanted_card(&self) -> Option<PaymentId> {
        let over = self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Payment { id, .. } | Layer::Explain { id, .. } => Some(*id),
            Layer::Phone(page) => Some(page.chosen_payment()),
            _ => None,
        });
        let beside = || {
            let shown = self.screen == Screen::Payments && layout::pane_width(self.size) > 0;
            let rests = self.moving_until.is_none();
            self.payments.selected.filter(|_| shown && rests)
        };
        over.or_else(beside)
    }

    /// Nothing is written.
    pub fn is_read_only(&self) -> bool {
        self.overview
            .as_ref()
            .is_some_and(|overview| overview.read_only)
    }

    /// Nothing is sent.
    pub fn is_offline(&self) -> bool {
        self.overview
            .as_ref()
            .is_some_and(|overview| overview.offline)
    }

    /// What the desk says of an account.
    pub fn account(&self, name: &str) -> Option<&desk::Account> {
        let accounts = self.overview.iter().flat_map(|overview| &overview.accounts);
        accounts
            .into_iter()
            .find(|account| account.freshness.account == name)
    }

    /// People stopped sending on this account.
    pub fn is_stopped(&self, account: &str) -> bool {
        let stops = self.overview.iter().flat_map(|overview| &overview.stops);
        stops.into_iter().any(|stop| stop.concerns(account))
    }

    /// What the word being typed in the filter could become.
    pub fn completion(&self) -> Completion {
        if let Some(Layer::Activity(page)) = self.layers.last() {
            return page.completion();
        }
        let accounts = self.overview.iter().flat_map(|overview| &overview.accounts);
        let names: Vec<&str> = accounts
            .map(|account| account.freshness.account.as_str())
            .collect();
        let before = self.filter_line().before_cursor();
        match self.screen {
            Screen::Payments => query::complete(before, &names, query::TERMS.iter()),
            Screen::Refunds | Screen::ToDo => {
                query::complete(before, &names, query::terms_of_refunds())
            }
        }
    }

    fn filter_line(&self) -> &edit::LineEdit {
        match self.screen {
            Screen::Payments => &self.payments.typed,
            Screen::Refunds => &self.refunds.narrow.typed,
            Screen::ToDo => &self.todo.narrow.typed,
        }
    }

    /// The filter as typed, without a term half typed at its end: the list does not follow what nobody
    /// means yet. A first word is one until its colon.
    pub fn settled_filter(&self) -> String {
        let line = self.filter_line();
        let typed = line.text();
        let (before, word) = typed
            .rsplit_once(char::is_whitespace)
            .unwrap_or(("", typed));
        let completion = self.completion();
        let half = line.before_cursor() == typed
            && !completion.is_one
            && !completion.choices.is_empty()
            && (word.contains(':') || word.len() < typed.len());
        if half { before } else { typed }.to_owned()
    }

    /// The dialog of the second step, wherever it lies.
    pub fn confirm(&self) -> Option<&confirm::Confirm> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Confirm(confirm) => Some(&**confirm),
            _ => None,
        })
    }

    /// The form of a decision, wherever it lies.
    pub fn decision(&self) -> Option<&decide::Form> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Decide(form) => Some(&**form),
            _ => None,
        })
    }

    /// A refund would be of all that is marked: the list is on top.
    pub fn refunds_marked(&self) -> bool {
        self.screen == Screen::Payments && self.layers.is_empty() && !self.payments.marks.is_empty()
    }

    /// The bulk refund, wherever it lies.
    pub fn bulk(&self) -> Option<&bulk::Bulk> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Bulk(bulk) => Some(&**bulk),
            _ => None,
        })
    }

    /// The form, wherever it lies.
    pub fn compose(&self) -> Option<&compose::Compose> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Compose(compose) => Some(&**compose),
            _ => None,
        })
    }
}
