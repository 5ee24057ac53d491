//! Another configuration for a desk at work. The new file was read and checked before anything here
//! happens; what is under way ends under the old one.

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::broadcast;

use super::Desk;
use super::face::{Actor, Class, Notice, Refusal, Reply, Request};
use super::local::Local;
use super::rules;
use crate::config::Settings;

/// The desk as it stands now: each request is answered under the configuration in force when it came.
pub struct Current(RwLock<Arc<Local>>);

impl Current {
    /// Begins with a desk.
    pub fn new(desk: Arc<Local>) -> Self {
        Self(RwLock::new(desk))
    }

    /// The desk under the configuration in force.
    pub fn desk(&self) -> Arc<Local> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on under other settings, as a whole or not at all, and says what of them takes a new
    /// start. Secrets are read anew. `by` stands in the audit beside what changed.
    ///
    /// # Errors
    /// The settings belong to another environment, a secret cannot be had, or the database failed:
    /// then everything stays as it was.
    pub async fn reload(&self, mut settings: Settings, by: String) -> Result<Vec<String>, Refusal> {
        let old = self.desk();
        let (wanted, stamped) = (settings.environment, old.settings.environment);
        if wanted != stamped {
            return Err(kept(format!(
                "the file says environment {}, this database is {}",
                wanted.name(),
                stamped.name()
            )));
        }
        let waits = keep_until_a_start(&old.settings, &mut settings);
        let mut new = old.succeeded_by(settings);
        for account in &new.accounts {
            let tried = account.provider(&new.means()).await;
            tried.map_err(|it| kept(format!("account {}: {}", account.name, it.message)))?;
        }
        new.settings.policy.version = adopt(&new, by).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        old.retired.send_replace(true);
        old.tell(Notice::Changed);
        Ok(waits)
    }
}

/// Writes what changed to the audit; the last thing that can fail.
async fn adopt(new: &Local, by: String) -> Result<u32, Refusal> {
    let (ledger, rules, now) = (
        new.ledger.clone(),
        rules::of(&new.settings),
        new.clock.now(),
    );
    let adopted = tokio::task::spawn_blocking(move || ledger.adopt(rules, by, now)).await;
    match adopted {
        Ok(version) => Ok(version?),
        Err(error) => Err(kept(error.to_string())),
    }
}

/// What a process cannot change while it runs stays as it is, and is told.
fn keep_until_a_start(running: &Settings, new: &mut Settings) -> Vec<String> {
    let mut waits = Vec::new();
    if running.listener != new.listener {
        new.listener.clone_from(&running.listener);
        waits.push("[listener]: addresses and certificates".to_owned());
    }
    if running.service != new.service {
        new.service.clone_from(&running.service);
        waits.push("[service]: the operators' socket".to_owned());
    }
    waits
}

fn kept(why: String) -> Refusal {
    Refusal {
        class: Class::Failed,
        code: "not_reloaded".to_owned(),
        message: format!("the configuration was not taken over: {why}"),
        money: "Nothing changed; the desk works on under the configuration it had.".to_owned(),
        next: "Mend the file (refund-desk config check) and have it read again.".to_owned(),
    }
}

impl Desk for Current {
    fn ask<'a>(
        &'a self,
        actor: &'a Actor,
        request: Request,
    ) -> BoxFuture<'a, Result<Reply, Refusal>> {
        let desk = self.desk();
        async move { desk.ask(actor, request).await }.boxed()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.desk().notices()
    }

    fn knows(&self, actor: &Actor) -> bool {
        self.desk().knows(actor)
    }
}
