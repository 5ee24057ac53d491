//! `import`

use std::fs;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tokio::sync::broadcast;

use super::args;
use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure};
use crate::desk::face::{Class, Import, ImportFile, ImportReport, Notice, Refusal, Reply, Request};

/// Reads the files and hands them to the desk.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: &args::Import,
) -> Result<Exit, Failure> {
    let files = arguments
        .files
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let request = Request::Import(Import {
        files,
        dry_run: arguments.dry_run,
        expect_rows: arguments.expect_rows,
        expect_sums: arguments.expect_sum.clone(),
    });
    let bar = bar(output, "importing {bar:40} {pos}/{len} rows");
    let mut notices = session.desk.notices();
    let mut asked = std::pin::pin!(session.ask(request));
    let reply = loop {
        tokio::select! {
            reply = &mut asked => break reply,
            notice = notices.recv() => show(&bar, notice),
        }
    };
    bar.finish_and_clear();
    let Reply::Imported(report) = reply? else {
        return Err(misanswered());
    };
    output.after_deed(print(output, &report));
    Ok(Exit::Done)
}

pub(super) fn read(path: &Path) -> Result<ImportFile, Failure> {
    let bytes = fs::read(path).map_err(|error| Refusal {
        class: Class::Failed,
        code: "unreadable_file".to_owned(),
        message: format!("cannot read {}: {error}", path.display()),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Check the path and its permissions.".to_owned(),
    })?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(ImportFile {
        name: name.to_string_lossy().into_owned(),
        bytes,
    })
}

/// A bar on stderr, where stderr is a terminal.
pub(super) fn bar(output: &Output, template: &str) -> ProgressBar {
    let target = if output.json {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    let style = ProgressStyle::with_template(template);
    style.map_or(bar.clone(), |style| {
        bar.with_style(style.progress_chars("=> "))
    })
}

fn show(bar: &ProgressBar, notice: Result<Notice, broadcast::error::RecvError>) {
    if let Ok(Notice::Importing { done, total }) = notice {
        bar.set_length(total);
        bar.set_position(done);
    }
}

pub(super) fn print(output: &Output, report: &ImportReport) -> Result<(), Failure> {
    if output.json {
        return output.object(&json!(report));
    }
    let mut text = format!(
        "read {}, new {}, updated {}, unchanged {}, rejected {}",
        report.read, report.new, report.updated, report.unchanged, report.rejected
    );
    if report.dry_run {
        text.push_str("\ndry run: nothing was written");
    }
    if let Some(path) = &report.rejects_file {
        text.push_str(&format!(
            "\nrejected rows, each with line and reason: {path}"
        ));
    }
    output.text(&text)
}
