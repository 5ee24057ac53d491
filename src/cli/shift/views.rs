//! `views`: how one has the list of payments.

use serde_json::{Value, json};

use crate::cli::args::ViewDeed;
use crate::cli::open::{Session, misanswered};
use crate::cli::print::Output;
use crate::cli::{Exit, Failure};
use crate::desk::face::{Class, Refusal, Reply, Request, ViewsAsk};
use crate::domain::listing::Direction;
use crate::domain::text::clean;
use crate::domain::view::{Column, View, Views};

/// Lists one's views, or changes them and lists what there is then.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    deed: Option<ViewDeed>,
) -> Result<Exit, Failure> {
    let chooses = matches!(deed, Some(ViewDeed::Columns { .. }));
    let ask = match deed {
        None => ViewsAsk::Show,
        Some(ViewDeed::Save {
            name,
            query,
            sort,
            ascending,
            columns,
        }) => ViewsAsk::Save(View {
            name,
            filter: query,
            sort,
            direction: match ascending {
                true => Direction::Ascending,
                false => Direction::Descending,
            },
            columns,
        }),
        Some(ViewDeed::Columns { columns }) => ViewsAsk::Columns(columns),
        Some(ViewDeed::Rename { from, to }) => ViewsAsk::Rename { from, to },
        Some(ViewDeed::Delete { name }) => ViewsAsk::Delete { name },
    };
    let changes = ask != ViewsAsk::Show;
    let views = asked(session, ask).await?;
    let told = match chooses {
        true => print_columns(output, &views.columns),
        false => print(output, &views),
    };
    match changes {
        true => output.after_deed(told),
        false => told?,
    }
    Ok(Exit::Done)
}

async fn asked(session: &Session, ask: ViewsAsk) -> Result<Views, Failure> {
    match session.ask(Request::Views(ask)).await? {
        Reply::Views(views) => Ok(*views),
        _ => Err(misanswered()),
    }
}

/// The view of a name.
pub(in crate::cli) async fn named(session: &Session, name: &str) -> Result<View, Failure> {
    let views = asked(session, ViewsAsk::Show).await?;
    let unknown = || {
        let names: Vec<&str> = views.views.iter().map(|it| it.name.as_str()).collect();
        Refusal {
            class: Class::Usage,
            code: "unknown_view".to_owned(),
            message: format!("you have no view {name:?}"),
            money: "Nothing was written and nothing was sent.".to_owned(),
            next: match names.is_empty() {
                true => "Save one: refund-desk views save NAME --query TEXT".to_owned(),
                false => format!("Name one of: {}", names.join(", ")),
            },
        }
    };
    Ok(views.named(name).cloned().ok_or_else(unknown)?)
}

fn print(output: &Output, views: &Views) -> Result<(), Failure> {
    let lines: Vec<String> = match output.json {
        true => views
            .views
            .iter()
            .map(|it| view_json(it).to_string())
            .collect(),
        false if views.views.is_empty() => vec!["no view is saved".to_owned()],
        false => views.views.iter().map(line).collect(),
    };
    match lines.is_empty() {
        true => Ok(()),
        false => output.text(&lines.join("\n")),
    }
}

/// The columns that were chosen.
fn print_columns(output: &Output, chosen: &[Column]) -> Result<(), Failure> {
    let names = names(chosen);
    output.text(&match (output.json, names.is_empty()) {
        (true, _) => json!({ "columns": names }).to_string(),
        (false, true) => "the list has the columns that the desk gives it".to_owned(),
        (false, false) => format!("the list has the columns {}", names.join(", ")),
    })
}

fn names(columns: &[Column]) -> Vec<&'static str> {
    columns.iter().map(|it| it.name()).collect()
}

fn line(view: &View) -> String {
    let filter = match view.filter.as_str() {
        "" => "all payments",
        filter => filter,
    };
    let way = match view.direction {
        Direction::Descending => "",
        Direction::Ascending => ", ascending",
    };
    let columns = match view.columns.is_empty() {
        true => String::new(),
        false => format!("; columns {}", names(&view.columns).join(",")),
    };
    let by = view.sort.name();
    clean(&format!(
        "{:<16} {filter}; by {by}{way}{columns}",
        view.name
    ))
}

fn view_json(view: &View) -> Value {
    json!({
        "name": view.name,
        "query": view.filter,
        "sort": view.sort.name(),
        "ascending": view.direction == Direction::Ascending,
        "columns": names(&view.columns),
    })
}
