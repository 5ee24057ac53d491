//! The file of a plan: the plan and its hash, for its maker alone.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::desk::face::{Class, Refusal};
use crate::domain::plan::Plan;

/// What the file is, for whoever finds it.
const IS: &str = "refund-desk plan";
/// Raised when an older desk would misread the plan.
const VERSION: u32 = 1;

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    is: String,
    version: u32,
    hash: String,
    plan: Plan,
}

/// Writes a plan to a file that is not there yet, so that it lasts.
pub(super) fn write(file: &Path, plan: &Plan) -> Result<(), Refusal> {
    let written = Written {
        is: IS.to_owned(),
        version: VERSION,
        hash: plan.hash(),
        plan: plan.clone(),
    };
    let text = serde_json::to_string_pretty(&written).map_err(io::Error::from);
    text.and_then(|text| {
        let mut open = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        open.write_all(text.as_bytes())?;
        open.write_all(b"\n")?;
        open.sync_all()
    })
    .map_err(|error| Refusal {
        class: Class::Failed,
        code: "not_written".to_owned(),
        message: format!("{} cannot be written: {error}", file.display()),
        money: "Nothing was sent.".to_owned(),
        next: "Name a file that is not there yet, in a folder you may write to.".to_owned(),
    })
}

/// Reads a plan that is just as it was written.
pub(super) fn read(file: &Path) -> Result<Plan, Refusal> {
    let text = std::fs::read_to_string(file).map_err(|error| failed("read", file, &error))?;
    let written: Written = serde_json::from_str(&text)
        .map_err(|error| damaged(file, &format!("is no plan: {error}")))?;
    if written.is != IS || written.version != VERSION {
        return Err(damaged(file, "was written by another version of the desk"));
    }
    if written.hash != written.plan.hash() {
        return Err(damaged(file, "was changed since it was written"));
    }
    Ok(written.plan)
}

pub(super) fn failed(deed: &str, file: &Path, error: &io::Error) -> Refusal {
    Refusal {
        class: Class::Failed,
        code: format!("not_{deed}"),
        message: format!("{} cannot be {deed}: {error}", file.display()),
        money: "Nothing was sent.".to_owned(),
        next: "Name a file that you may read.".to_owned(),
    }
}

fn damaged(file: &Path, what: &str) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "plan_changed".to_owned(),
        message: format!("{} {what}", file.display()),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Plan the batch again; only what plan wrote is applied.".to_owned(),
    }
}
