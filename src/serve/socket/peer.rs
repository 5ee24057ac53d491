//! Who is at the other end, looked up again while they stay: groups change.

use std::time::Duration;

use crate::clock::Clock;
use crate::desk::face::{Actor, Class, Refusal};
use crate::desk::wire;
use crate::identity::{Identity, Unseen};

/// How long what the system said of a person is believed.
const FRESH: Duration = Duration::from_secs(60);
/// As much is kept of where somebody says they come from.
const ORIGIN: usize = 200;

/// Somebody who was let in.
pub(super) struct Peer {
    pub(super) uid: u32,
    pid: Option<i32>,
    actor: Actor,
    /// A sandbox took their word: there is nothing to look up.
    is_claimed: bool,
    looked_up: Duration,
}

impl Peer {
    /// Who it is by the kernel and the system's records; by their own word where `claimed` is given.
    pub(super) async fn met(
        (uid, pid): (u32, Option<i32>),
        claimed: Option<Actor>,
        origin: Option<&str>,
        clock: &Clock,
    ) -> Result<Self, Refusal> {
        let is_claimed = claimed.is_some();
        let mut actor = match claimed {
            Some(actor) => actor,
            None => looked_up(uid, pid).await?,
        };
        actor.claimed_origin = origin.and_then(bounded);
        Ok(Self {
            uid,
            pid,
            actor,
            is_claimed,
            looked_up: clock.elapsed(),
        })
    }

    /// Who it was when last looked up.
    pub(super) fn known(&self) -> &Actor {
        &self.actor
    }

    /// Who it is now.
    pub(super) async fn actor(&mut self, clock: &Clock) -> Result<Actor, Refusal> {
        let age = clock.elapsed().saturating_sub(self.looked_up);
        if !self.is_claimed && age > FRESH {
            let claimed_origin = self.actor.claimed_origin.take();
            self.actor = Actor {
                claimed_origin,
                ..looked_up(self.uid, self.pid).await?
            };
            self.looked_up = clock.elapsed();
        }
        Ok(self.actor.clone())
    }
}

/// Asks the system, which may have to ask a directory elsewhere.
async fn looked_up(uid: u32, pid: Option<i32>) -> Result<Actor, Refusal> {
    let looked = tokio::task::spawn_blocking(move || Identity::of_peer(uid, pid)).await;
    let found = looked.unwrap_or(Err(Unseen::Gone));
    let Identity {
        name,
        groups,
        acts_as,
    } = found.map_err(|why| unseen(&why))?;
    Ok(Actor {
        name,
        groups,
        acts_as,
        claimed_origin: None,
    })
}

fn unseen(why: &Unseen) -> Refusal {
    Refusal {
        class: Class::Rule,
        ..wire::refusal(
            "not_seen",
            format!("the service cannot tell who you are: {why}"),
            "Have whoever runs the service let it see processes: /proc must not be mounted with hidepid for its user.",
        )
    }
}

fn bounded(origin: &str) -> Option<String> {
    let kept: String = origin
        .chars()
        .filter(|it| !it.is_control())
        .take(ORIGIN)
        .collect();
    Some(kept).filter(|it| !it.is_empty())
}
