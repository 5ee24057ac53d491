//! The use cases: the only room that joins ledger and providers.
//!
//! [`face`] is what is asked and answered, [`local`] the desk in this process, and each other
//! file one use case.

use futures_util::future::BoxFuture;
use tokio::sync::broadcast;

mod accounts;
mod advice;
mod allowance;
mod answer;
mod approve;
mod audit;
mod backup;
pub mod batch;
mod came;
mod card;
mod care;
mod compensation;
mod compose;
mod confirm;
mod decide;
mod drafts;
mod duty;
mod elsewhere;
mod errands;
mod evidence;
mod explain;
pub mod face;
mod find;
mod handover;
mod heads;
mod health;
mod history;
mod holding;
mod import;
mod inbox;
mod judged;
mod kinds;
mod later;
mod listed;
pub mod local;
mod network;
mod note;
mod order;
mod personal;
mod phone;
mod plan;
pub mod probe;
mod radar;
mod rebuild;
pub mod receive;
mod reconcile;
mod refusal;
pub mod reload;
pub mod remote;
mod resend;
mod resolve;
pub mod restore;
mod retry;
mod roles;
mod roster;
mod rules;
mod send;
mod sending;
mod service;
mod sync;
#[cfg(test)]
mod tests;
/// The same tests over a real socket: [`local`] and [`remote`] are twins.
#[cfg(test)]
#[path = "tests/mod.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "run twice, in process and over a socket"
)]
mod tests_over_a_socket;
mod todo;
mod track;
mod transfers;
mod turns;
mod twins;
mod verify;
mod views;
pub mod wire;

use face::{Actor, Notice, Refusal, Reply, Request};

/// A desk, wherever it runs. All that screens and commands know of it.
pub trait Desk: Send + Sync {
    /// Asks for one thing on behalf of `actor`.
    ///
    /// The answer's kind is named at each [`Request`]. A refusal says what happened, what it
    /// means for the money and what to do.
    fn ask<'a>(
        &'a self,
        actor: &'a Actor,
        request: Request,
    ) -> BoxFuture<'a, Result<Reply, Refusal>>;

    /// What the desk tells from now on. A listener that falls behind misses notices and must
    /// ask again.
    fn notices(&self) -> broadcast::Receiver<Notice>;

    /// Whether somebody has any part in this desk, and so may be told what happens there.
    fn knows(&self, _actor: &Actor) -> bool {
        true
    }
}
