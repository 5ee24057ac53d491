//! The screens.
//!
//! [`front`] has the first frame on the terminal before anything is opened.
//! Events come in through [`event`], become messages, and [`update`](mod@update) turns them into
//! a new state and effects; [`run`](mod@run) carries the effects out and draws the state when it
//! changed. [`state`] is all there is to know; [`view`] draws it and knows nothing else.

use crate::config::Looks;

use caps::Caps;

pub mod action;
pub mod backend;
pub mod caps;
pub mod effect;
pub mod event;
#[cfg(test)]
mod fixture;
pub mod front;
pub mod keymap;
pub mod plain;
pub mod run;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;

pub use action::{Key, keys, keys_markdown};
pub use front::Front;
pub use keymap::Keymap;
pub use run::TuiError;

/// How the screens are shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the terminal can show: [`Caps::from_env`] of the environment's snapshot.
    pub caps: Caps,
    /// Which colours.
    pub looks: Looks,
    /// Which keys do what.
    pub keymap: Keymap,
    /// Clicks and the wheel are heeded.
    pub mouse: bool,
    /// Line by line, for screen readers and odd terminals.
    pub plain: bool,
    /// From this many main units on, the total of a refund is typed before it is sent.
    pub typed_total_from: i64,
    /// Behind it is a demo: it has a drill, and whoever sits there may be another person, too.
    pub drill: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            caps: Caps::default(),
            looks: Looks::default(),
            keymap: Keymap::default(),
            mouse: false,
            plain: false,
            typed_total_from: 1000,
            drill: false,
        }
    }
}
