//! The screens.
//!
//! Events come in through [`event`], become messages, and [`update`](mod@update) turns them into
//! a new state and effects; [`run`](mod@run) carries the effects out and draws the state when it
//! changed. [`state`] is all there is to know; [`view`] draws it and knows nothing else.

use std::io;
use std::sync::Arc;

use crate::clock::Clock;
use crate::desk::Desk;
use crate::desk::face::Actor;

use caps::Caps;
use state::App;

pub mod action;
pub mod backend;
pub mod caps;
pub mod effect;
pub mod event;
#[cfg(test)]
mod fixture;
pub mod keymap;
pub mod run;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;

pub use action::keys_markdown;
pub use run::TuiError;

/// How the screens are shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the terminal can show: [`Caps::from_env`] of the environment's snapshot.
    pub caps: Caps,
    /// No frames, for screen readers and odd terminals.
    pub plain: bool,
    /// From this many main units on, the total of a refund is typed before it is sent.
    pub typed_total_from: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            caps: Caps::default(),
            plain: false,
            typed_total_from: 1000,
        }
    }
}

/// Shows the desk until the operator leaves. Called on a current-thread runtime.
///
/// The terminal is as it was afterwards, whatever happens: an error, a signal, a panic.
///
/// # Errors
/// [`TuiError::NoTerminal`] before anything was written when the terminal cannot show screens;
/// [`TuiError::Io`] when it failed.
pub async fn run(
    desk: Arc<dyn Desk>,
    actor: Actor,
    clock: Clock,
    options: Options,
) -> Result<(), TuiError> {
    if !options.caps.addressable {
        return Err(TuiError::NoTerminal);
    }
    let mut app = App::new(clock.now(), (0, 0), options.caps, &actor.name);
    app.plain = options.plain;
    app.typed_total_from = options.typed_total_from;
    let signals = terminal::signals()?;
    let guard = terminal::Guard::take()?;
    let backend = backend::TtyBackend::new(io::stdout(), terminal::size, options.caps.multiplexer)
        .guarded(guard);
    let streams = (event::inputs(), signals);
    run::Desktop::new(app, backend, streams, (desk, actor), clock)?
        .run()
        .await?;
    Ok(())
}
