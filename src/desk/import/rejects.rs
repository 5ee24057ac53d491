//! The rejects file: every row that could not be imported, with file, line and reason.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::desk::face::Refusal;
use crate::desk::refusal;
use crate::domain::digest::{hex, sha256};

/// A row that could not be imported.
pub(super) struct Reject {
    pub file: String,
    pub line: u64,
    pub reason: String,
    pub content: Vec<u8>,
}

/// Writes the rows to a file of their own, named after the first file and their content, so that
/// importing the same again gives the same file. Returns its path. `kept` rows are in the ledger
/// already, whatever happens here.
pub(super) fn write(folder: &Path, rejects: &[Reject], kept: u64) -> Result<String, Refusal> {
    let content = content(rejects);
    let name = rejects
        .first()
        .map_or("rejects", |reject| reject.file.as_str());
    let stem = Path::new(name)
        .file_stem()
        .map_or_else(|| "rejects".into(), |stem| stem.to_string_lossy());
    let path = folder.join(format!("{stem}-{}.csv", &hex(&sha256(&content))[..12]));
    save(folder, &path, &content).map_err(|error| Refusal {
        money: format!("{kept} rows were imported and stay; nothing was sent."),
        ..refusal::failed(
            "rejects_file",
            format!(
                "{} rows were rejected, and {} cannot be written: {error}",
                rejects.len(),
                path.display()
            ),
            "Make room in the data folder and import again: rows that are in already stay as they are, and the rejected ones are kept.",
        )
    })?;
    Ok(path.display().to_string())
}

fn save(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn content(rejects: &[Reject]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(["file", "line", "reason", "row"]);
    for reject in rejects {
        let line = reject.line.to_string();
        let record: [&[u8]; 4] = [
            reject.file.as_bytes(),
            line.as_bytes(),
            reject.reason.as_bytes(),
            &reject.content,
        ];
        let _ = writer.write_record(record);
    }
    writer.into_inner().unwrap_or_default()
}
