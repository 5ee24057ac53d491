//! How many there are: connections and requests under way, by user and in all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections in all.
pub(super) const CONNECTIONS: u32 = 512;
/// Connections of one user: a desk and some commands, many times over.
pub(super) const OF_ONE: u32 = 96;
/// Requests of one user under way, also those whose desk has left.
pub(super) const REQUESTS_OF_ONE: u32 = 128;

/// Everybody who is connected or has something under way.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    connections: u32,
    users: BTreeMap<u32, User>,
}

#[derive(Debug, Default)]
struct User {
    connections: u32,
    requests: u32,
}

/// A place in the crowd, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    uid: u32,
    is_request: bool,
}

impl Crowd {
    /// A place for a connection; none: there are too many.
    pub(super) fn connection(self: &Arc<Self>, uid: u32) -> Option<Place> {
        let mut counts = self.counts();
        let full = counts.connections >= CONNECTIONS;
        let user = counts.users.entry(uid).or_default();
        if full || user.connections >= OF_ONE {
            return None;
        }
        user.connections += 1;
        counts.connections += 1;
        Some(self.place(uid, false))
    }

    /// A place for a request; none: this user has too many under way.
    pub(super) fn request(self: &Arc<Self>, uid: u32) -> Option<Place> {
        let mut counts = self.counts();
        let user = counts.users.entry(uid).or_default();
        if user.requests >= REQUESTS_OF_ONE {
            return None;
        }
        user.requests += 1;
        Some(self.place(uid, true))
    }

    fn place(self: &Arc<Self>, uid: u32, is_request: bool) -> Place {
        Place {
            crowd: Arc::clone(self),
            uid,
            is_request,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if !self.is_request {
            counts.connections = counts.connections.saturating_sub(1);
        }
        let Some(user) = counts.users.get_mut(&self.uid) else {
            return;
        };
        let count = match self.is_request {
            true => &mut user.requests,
            false => &mut user.connections,
        };
        *count = count.saturating_sub(1);
        if user.requests == 0 && user.connections == 0 {
            counts.users.remove(&self.uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_take_every_place() {
        let crowd = Arc::new(Crowd::default());
        let of_one: Vec<Place> = std::iter::from_fn(|| crowd.connection(1)).collect();
        assert_eq!(of_one.len(), OF_ONE as usize);
        let other = crowd.connection(2);
        assert!(other.is_some());
        drop(of_one);
        assert!(crowd.connection(1).is_some());
    }

    #[test]
    fn all_together_have_an_end_and_nobody_is_kept_in_mind_for_ever() {
        let crowd = Arc::new(Crowd::default());
        let all: Vec<Place> = (0..CONNECTIONS)
            .filter_map(|uid| crowd.connection(uid))
            .collect();
        assert_eq!(all.len(), CONNECTIONS as usize);
        assert!(crowd.connection(9_999).is_none());
        let requests: Vec<Place> = std::iter::from_fn(|| crowd.request(7)).collect();
        assert_eq!(requests.len(), REQUESTS_OF_ONE as usize);
        drop((all, requests));
        let counts = crowd.counts();
        assert_eq!(counts.connections, 0);
        assert!(counts.users.keys().all(|uid| *uid == 9_999), "{counts:?}");
    }
}
