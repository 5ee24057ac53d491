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
    facts: PhantomData<Fact>,
}

impl<Fact: Serialize + DeserializeOwned> Journal<Fact> {
    /// Opens the journal and reads back every fact in it, oldest first.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Fact>)> {
        let mut file = private_file::open_to_append(path)?;
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
            file.flush()?;
        }
        let facts = text[..whole]
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| serde_json::from_slice(line).map_err(io::Error::from))
            .collect::<io::Result<Vec<Fact>>>()?;
        let facts_of = PhantomData;
        Ok((
            Self {
                file,
                facts: facts_of,
            },
            facts,
        ))
    }

    /// Adds a fact; when this returns it survives a loss of power.
    pub(super) fn record(&mut self, fact: &Fact) -> io::Result<()> {
        self.append(fact)?;
        self.file.sync_data()
    }

    /// Adds a fact that the book could tell again, so it need only survive the process.
    pub(super) fn note(&mut self, fact: &Fact) -> io::Result<()> {
        self.append(fact)
    }

    fn append(&mut self, fact: &Fact) -> io::Result<()> {
        let mut line = serde_json::to_vec(fact)?;
        line.push(b'\n');
        self.file.write_all(&line)
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
        let (mut journal, facts) = Journal::<String>::open(&path).unwrap();
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
