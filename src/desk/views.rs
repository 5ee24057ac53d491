//! How each person has the list of payments, kept where they sit down next.

use super::compose::tidy;
use super::face::{Actor, Refusal, Reply, ViewsAsk};
use super::local::Local;
use super::refusal;
use crate::domain::query;
use crate::domain::view::{Columns, View};

/// Nobody finds a view among more.
const MOST: usize = 50;
const LONGEST_NAME: usize = 40;

impl Local {
    /// One's own views.
    pub(super) async fn views(&self, actor: &Actor, ask: ViewsAsk) -> Result<Reply, Refusal> {
        let who = actor.name.clone();
        if ask != ViewsAsk::Show {
            self.writable()?;
        }
        match ask {
            ViewsAsk::Show => {}
            ViewsAsk::Columns(columns) => {
                let left = View {
                    columns: once(columns),
                    ..View::default()
                };
                let now = self.clock.now();
                self.ledger.keep_view(who.clone(), left, now).await?;
            }
            ViewsAsk::Save(view) => self.save_view(&who, view).await?,
            ViewsAsk::Rename { from, to } => {
                let (from, to) = (named(&from)?, named(&to)?);
                self.ledger.rename_view(who.clone(), from, to).await?;
            }
            ViewsAsk::Delete { name } => {
                self.ledger.delete_view(who.clone(), named(&name)?).await?;
            }
        }
        Ok(Reply::Views(Box::new(self.ledger.views(who).await?)))
    }

    async fn save_view(&self, who: &str, view: View) -> Result<(), Refusal> {
        let name = named(&view.name)?;
        let kept = self.ledger.views(who.to_owned()).await?;
        if kept.views.len() >= MOST && kept.named(&name).is_none() {
            return Err(refusal::rule(
                "too_many",
                format!("{MOST} views are kept at most"),
                "Delete one that nobody needs.",
            ));
        }
        let today = self.clock.now().date_naive();
        if let Err(error) = query::parse(&view.filter, today) {
            return Err(refusal::usage(
                "query",
                format!("the filter cannot be read: {error}"),
                "Mend the filter first.",
            ));
        }
        let view = View {
            name,
            columns: once(view.columns),
            ..view
        };
        let now = self.clock.now();
        Ok(self.ledger.keep_view(who.to_owned(), view, now).await?)
    }
}

/// Each column once.
fn once(columns: Columns) -> Columns {
    let mut seen = Columns::new();
    for column in columns {
        if !seen.contains(&column) {
            seen.push(column);
        }
    }
    seen
}

fn named(name: &str) -> Result<String, Refusal> {
    let name = tidy(name.trim())?;
    match name.chars().count() {
        1..=LONGEST_NAME => Ok(name),
        _ => Err(refusal::usage(
            "name",
            format!("a view has a name of up to {LONGEST_NAME} characters"),
            "Name it in a word or two.",
        )),
    }
}
