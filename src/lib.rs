//! refund-desk: the terminal desk where finance operators give money back, once.
//!
//! # The rooms
//!
//! - [`domain`]: the rules of money, pure: what an amount is, what a balance is, every move a
//!   refund can make, who must agree. No I/O, no async, no clock.
//! - [`ledger`]: the only SQL. One thread writes, in transactions; the database itself holds the
//!   invariants (`migrations/`). What goes in and out are domain types.
//! - [`providers`]: one folder per provider. Each builds the exact bytes of a refund and says what
//!   an answer proves; what it does not recognise is doubt.
//! - [`bank`]: the bank's own files, pure: payment files that go to it, statements and reports that
//!   come back.
//! - [`desk`]: the use cases, and the only room that joins ledger, providers and bank. Its face is data:
//!   [`Request`](desk::face::Request), [`Reply`](desk::face::Reply),
//!   [`Notice`](desk::face::Notice).
//! - [`tui`] and [`cli`]: screens and commands. They show and ask, through the desk's face.
//! - [`serve`]: the doors of the service. A request becomes a call, the desk answers it; operators'
//!   desks connect over its socket and speak [`desk::wire`], their end is [`desk::remote`]; health and
//!   metrics for whoever runs it.
//! - [`sandbox`]: simulated providers that keep a book of what was really paid. It shares no wire
//!   type with [`providers`], so that the two can catch each other's mistakes.
//! - [`config`]: file, environment and flags become one checked set of settings.
//! - [`clock`]: the one clock, injected everywhere.
//! - [`identity`]: who a person is, by the kernel and the system's records.
//! - [`failpoint`]: where tests have the process die; not in a release build.
//!
//! # The way of a refund
//!
//! A key press becomes a message, [`tui::update`] turns it into an effect, the effect is a request
//! to the desk. `desk::compose` judges it by `domain::eligibility` and reserves the amount through
//! `ledger::reserve`: balance check, hold, routing and audit are one transaction. `desk::send`
//! takes the lease, has the provider build the bytes, puts the attempt on disk, and only then
//! sends it, once. What the answer proves becomes evidence; `domain::state` says what follows;
//! `ledger::evidence` writes observation, state, balance and audit down together; the screens are
//! told by notice. `desk::track` asks about everything that is not final, on a schedule kept in
//! the ledger, so that a restart goes on where the last process stopped. Where two people must
//! agree, `desk::approve` and `desk::resolve` take the second one's word, and the database itself
//! refuses a move without it. What is on its way can still be stopped: `desk::later` sends that as
//! an attempt of its own, and only its proof moves the refund.

pub mod bank;
pub mod cli;
pub mod clock;
pub mod config;
pub mod desk;
pub mod domain;
pub mod failpoint;
pub mod identity;
pub mod ledger;
pub mod providers;
pub mod sandbox;
pub mod serve;
pub mod tui;
