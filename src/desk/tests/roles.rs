//! Roles, limits and four eyes through the desk's face.

use super::*;
use crate::desk::face::{Class, Refusal, ToDoItem};
use crate::domain::todo::Tab;

mod bulk;
mod drafts;
mod four_eyes;
mod limits;
mod matrix;

/// One of each kind: vic, ina, mia and max, cora and ben, ola; eve is nobody. lea is maker and checker
/// through a group.
const ROLES: &str = r#"
[roles.viewer]
users = ["vic"]
[roles.importer]
users = ["ina"]
[roles.maker]
users = ["mia", "max"]
[roles.checker]
users = ["cora", "ben"]
[roles.leads]
may = ["maker", "checker"]
groups = ["leads"]
[roles.admin]
users = ["ola"]
"#;

const ABOVE_TEN: &str = "[policy]\napproval_above = 10\n";

fn person(name: &str) -> Actor {
    let groups = match name {
        "lea" => vec!["staff".to_owned(), "leads".to_owned()],
        _ => vec!["staff".to_owned()],
    };
    Actor {
        groups,
        ..Actor::named(name)
    }
}

fn draft(payment: &str, amount: &str) -> Draft {
    Draft {
        payment: payment.to_owned(),
        amount: amount.to_owned(),
        reason: "customer_request".to_owned(),
        ..Draft::default()
    }
}

impl Stage {
    /// So many payments of 90.00 USD, under CONFIG and what is added to it, on a clock of the test's.
    async fn with(payments: usize, added: &str, clock: Clock) -> Self {
        let stage = Self::open_at(payments, clock.clone()).await;
        stage.reopened(&format!("{CONFIG}{added}"), clock)
    }

    async fn person(&self, name: &str, request: Request) -> Result<Reply, Refusal> {
        self.desk.ask(&person(name), request).await
    }

    async fn makes(&self, name: &str, payment: &str, amount: &str) -> Result<RefundId, Refusal> {
        match self
            .person(name, Request::Compose(draft(payment, amount)))
            .await?
        {
            Reply::Composed(composed) => Ok(composed.refund.refund.id),
            other => panic!("{other:?}"),
        }
    }

    async fn approves(&self, name: &str, id: RefundId) -> Result<(), Refusal> {
        let seen = self.refund(id).await.approval_hash;
        let refund = id.to_string();
        let asked = self.person(name, Request::Approve { refund, seen }).await;
        asked.map(|_| ())
    }

    async fn cancels(&self, name: &str, id: RefundId) -> Result<(), Refusal> {
        let refund = id.to_string();
        let cancel = Request::Cancel {
            refund,
            note: None,
            stop: false,
        };
        self.person(name, cancel).await.map(|_| ())
    }

    async fn queue(&self, name: &str) -> Vec<ToDoItem> {
        match self.person(name, Request::ToDo).await {
            Ok(Reply::ToDo(items)) => items,
            other => panic!("{other:?}"),
        }
    }
}

fn noon() -> Clock {
    // A Wednesday.
    Clock::manual("2026-11-18T12:00:00Z".parse().unwrap())
}

/// The refusal's code; `-` for none.
fn code<T>(asked: &Result<T, Refusal>) -> &str {
    asked.as_ref().err().map_or("-", |refusal| &refusal.code)
}
