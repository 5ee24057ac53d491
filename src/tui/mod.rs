//! The screens.
//!
//! Events come in through [`event`], become messages, and [`update`](mod@update) turns them into
//! a new state and effects; [`run`](mod@run) carries the effects out and draws the state when it
//! changed. [`state`] is all there is to know; [`view`] draws it and knows nothing else.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Looks;
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
pub mod plain;
pub mod run;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;

pub use action::{Key, keys, keys_markdown};
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
    if options.plain {
        return read_out(desk, actor, clock, options).await;
    }
    if !options.caps.addressable {
        return Err(TuiError::NoTerminal);
    }
    let (caps, mouse) = (options.caps, options.mouse);
    let app = app(&actor, &clock, options);
    let signals = terminal::signals()?;
    let guard = terminal::Guard::take(mouse)?;
    let backend =
        backend::TtyBackend::new(io::stdout(), terminal::size, caps.multiplexer).guarded(guard);
    let streams = (event::inputs(), signals);
    run::Desktop::new(app, backend, streams, (desk, actor), clock)?
        .run()
        .await?;
    Ok(())
}

fn app(actor: &Actor, clock: &Clock, options: Options) -> App {
    let mut app = App::new(clock.now(), (0, 0), options.caps, &actor.name);
    app.theme = theme::Theme::new(options.looks, options.caps.depth);
    app.keymap = options.keymap;
    app.mouse = options.mouse && !options.plain;
    app.plain = options.plain;
    app.typed_total_from = options.typed_total_from;
    app
}

/// The desk without a screen: what is new is printed, what is typed is read line by line.
async fn read_out(
    desk: Arc<dyn Desk>,
    actor: Actor,
    clock: Clock,
    options: Options,
) -> Result<(), TuiError> {
    let app = app(&actor, &clock, options);
    let asked = Rc::default();
    let speaker = plain::Speaker::new(io::stdout(), Rc::clone(&asked));
    let streams = (plain::lines(asked), terminal::signals()?);
    run::Desktop::new(app, speaker, streams, (desk, actor), clock)?
        .run()
        .await?;
    Ok(())
}
