//! The OAuth token some connectors want with each call (fact sheet 8): fetched once for all who
//! wait, kept for its life, only in memory.

use std::time::Duration;

use prost::Message;
use tokio::sync::Mutex;

use super::client::{Answer, Client};
use super::outcome;
use super::wire::{AccessToken, CREATE_TOKEN, Secret, State, TokenRequest, TokenResponse};
use crate::clock::{Clock, Moment};
use crate::domain::evidence::Evidence;
use crate::providers::Finding;
use crate::providers::http::Failure;

/// A token that ends sooner than this could end on the way.
const MARGIN: Duration = Duration::from_secs(120);
/// `OPERATION_STATUS_SUCCESS`.
const SUCCESS: i32 = 1;

/// The account's token.
pub struct Tokens {
    request: TokenRequest,
    held: Mutex<Option<Held>>,
    clock: Clock,
}

struct Held {
    state: State,
    asked_at: Moment,
    life: Duration,
}

impl Tokens {
    /// Tokens of the connector that this request names.
    pub fn new(request: TokenRequest, clock: Clock) -> Self {
        Self {
            request,
            held: Mutex::default(),
            clock,
        }
    }

    /// The state to send along.
    ///
    /// # Errors
    /// A finding: there is no token, so nothing was sent.
    pub async fn state(&self, client: &Client) -> Result<State, Box<Finding>> {
        let mut held = self.held.lock().await;
        // A token ages while the machine sleeps, too.
        let young = |it: &&Held| self.clock.since(it.asked_at) < it.life;
        if let Some(held) = held.as_ref().filter(young) {
            return Ok(held.state.clone());
        }
        *held = None;
        let asked_at = self.clock.moment();
        let (state, life) = read(client.look(CREATE_TOKEN, &self.request, None).await)?;
        *held = life.map(|life| Held {
            state: state.clone(),
            asked_at,
            life,
        });
        Ok(state)
    }

    /// Only the token that was turned away is forgotten, not a newer one. Waits for nobody, as the
    /// answer to a send is not written down yet: who holds the lock for long asks for another token.
    pub fn forget(&self, turned_away: &State) {
        let Ok(mut held) = self.held.try_lock() else {
            return;
        };
        if held.as_ref().is_some_and(|it| it.state == *turned_away) {
            *held = None;
        }
    }
}

/// The token and how long it may be used; one without a stated life is used once.
fn read(answer: Result<Answer, Failure>) -> Result<(State, Option<Duration>), Box<Finding>> {
    let answer = answer.map_err(|failure| none(None, failure.said()))?;
    let message = match &answer.said {
        Ok(bytes) => TokenResponse::decode(&bytes[..]).ok(),
        Err(refusal) => {
            let status = outcome::http_status(refusal);
            return Err(none(Some(status), &outcome::words(refusal)));
        }
    };
    let granted = message.filter(|it| it.status == SUCCESS && it.error.is_none());
    let token = granted.and_then(|it| Some((it.access_token.clone()?, it)));
    let Some((token, granted)) = token.filter(|(token, _)| !token.value.is_empty()) else {
        return Err(none(Some(401), "the connector gave none"));
    };
    let life = granted
        .expires_in_seconds
        .and_then(|life| u64::try_from(life).ok());
    let life = life.and_then(|life| Duration::from_secs(life).checked_sub(MARGIN));
    Ok((state(token, granted), life))
}

fn state(token: Secret, granted: TokenResponse) -> State {
    State {
        access_token: Some(AccessToken {
            token: Some(token),
            expires_in_seconds: granted.expires_in_seconds,
            token_type: granted.token_type,
        }),
        connector_customer_id: None,
    }
}

fn none(http_status: Option<u16>, why: &str) -> Box<Finding> {
    let said = format!("nothing sent: no token of the connector: {why}");
    Box::new(Finding {
        http_status,
        ..Finding::new(Evidence::NotSent, said)
    })
}
