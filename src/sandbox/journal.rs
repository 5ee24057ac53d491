//! What a simulator must not forget: an append-only file of facts, on disk before anyone is told.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::private_file;

/// An append-only file of `Fact`s, one JSON line each.
pub(super) struct Journal<Fact> {
    file: File,
    facts_of: PhantomData<Fact>,
}

impl<Fact: Serialize + DeserializeOwned> Journal<Fact> {
    /// Opens the journal and reads back every fact in it, oldest first.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Fact>)> {
        let file = private_file::open_to_append(path)?;
        let mut text = Vec::new();
        OpenOptions::new()
            .read(true)
            .open(path)?
            .read_to_end(&mut text)?;
        // A line without its end was being written when the power went: nobody was told of it.
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64)?;
        }
        let lines = text[..whole].split_inclusive(|byte| *byte == b'\n');
        let facts: Result<Vec<Fact>, _> = lines.map(serde_json::from_slice).collect();
        let facts_of = PhantomData;
        Ok((Self { file, facts_of }, facts?))
    }

    /// Adds a fact; when this returns it survives a loss of power.
    pub(super) fn record(&mut self, fact: &Fact) -> io::Result<()> {
        self.append(fact, File::sync_data)
    }

    /// Adds a fact whose loss with the power would do no harm; it survives the process.
    pub(super) fn note(&mut self, fact: &Fact) -> io::Result<()> {
        self.append(fact, |_| Ok(()))
    }

    /// A fact that could not be kept whole is taken back, or the next one would follow its torn
    /// beginning on the same line.
    fn append(
        &mut self,
        fact: &Fact,
        keep: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut line = serde_json::to_vec(fact)?;
        line.push(b'\n');
        let before = self.file.metadata()?.len();
        let kept = self.file.write_all(&line).and_then(|()| keep(&self.file));
        if kept.is_err() {
            let _ = self.file.set_len(before);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_dropped_and_the_rest_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let (mut journal, _) = Journal::<String>::open(&path).unwrap();
        journal.record(&"first".to_owned()).unwrap();
        journal.file.write_all(b"\"sec").unwrap();
        let (mut journal, facts) = Journal::open(&path).unwrap();
        assert_eq!(facts, ["first"]);
        journal.note(&"second".to_owned()).unwrap();
        let (_, facts) = Journal::<String>::open(&path).unwrap();
        assert_eq!(facts, ["first", "second"]);
    }

    #[test]
    fn a_journal_that_is_not_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "not a fact\n").unwrap();
        assert!(Journal::<String>::open(&path).is_err());
    }
}
