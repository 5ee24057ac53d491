//! Parts of large XML files as small trees, by local names: banks use any prefix and any version.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::domain::text;

/// No statement a desk reads is larger.
const LARGEST: usize = 64 * 1024 * 1024;
/// No part of one is.
const MOST_NODES: usize = 400_000;
const DEEPEST: usize = 48;
/// What is longer is no reference, name or amount.
const LONGEST_TEXT: usize = 4_096;

/// A file that cannot be read. Nothing of it is believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Unreadable {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong there.
    pub why: String,
}

impl Unreadable {
    pub(super) fn new(line: u64, why: impl Into<String>) -> Self {
        Self {
            line,
            why: why.into(),
        }
    }
}

/// An element with what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name without prefix.
    pub name: String,
    /// The line it begins on.
    pub line: u64,
    /// Its own text.
    pub text: String,
    /// `Ccy`, the one attribute that these files need.
    pub attribute: Option<String>,
    pub children: Vec<Node>,
}

impl Node {
    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name == name)
    }

    /// The first element down this path.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// All children of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |it| it.name == name)
    }

    /// The text down a path, cleaned; none where it is empty.
    pub fn said(&self, path: &[&str]) -> Option<String> {
        let said = text::clean(self.at(path)?.text.trim());
        (!said.is_empty()).then_some(said)
    }

    /// A code, which older versions write as it is and newer ones as `Cd` or `Prtry`.
    pub fn code(&self, path: &[&str]) -> Option<String> {
        let node = self.at(path)?;
        node.said(&["Cd"])
            .or_else(|| node.said(&["Prtry"]))
            .or_else(|| node.said(&[]))
    }
}

/// The message: the element in `Document`, or the first where there is none.
pub(super) fn root(bytes: &[u8]) -> Result<Node, Unreadable> {
    let mut file = File::open(bytes)?;
    loop {
        match file.next()? {
            Event::Start(start) | Event::Empty(start) => {
                let node = file.node(&start)?;
                if node.name != "Document" {
                    return Ok(node);
                }
            }
            Event::Eof => return Err(file.wrong("there is nothing in it")),
            _ => {}
        }
    }
}

/// Hands on each element of these names that is in no other of them, with all it holds. The whole
/// file is read, so that one that was cut short is refused.
pub(super) fn each(
    bytes: &[u8],
    wanted: &[&str],
    mut found: impl FnMut(Node) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut file = File::open(bytes)?;
    let mut open: Vec<Node> = Vec::new();
    let mut nodes = 0;
    let mut depth = 0_usize;
    loop {
        let event = file.next()?;
        match event {
            Event::Start(start) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(file.wrong("too many elements in each other"));
                }
                let node = file.node(&start)?;
                if !open.is_empty() || wanted.contains(&node.name.as_str()) {
                    nodes += 1;
                    if nodes > MOST_NODES {
                        return Err(file.wrong("one part of it is too large"));
                    }
                    open.push(node);
                }
            }
            Event::Empty(start) => {
                let node = file.node(&start)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None if wanted.contains(&node.name.as_str()) => found(node)?,
                    None => {}
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if let Some(done) = open.pop() {
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => {
                            nodes = 0;
                            found(done)?;
                        }
                    }
                }
            }
            Event::Text(said) => file.write(&mut open, &said)?,
            Event::CData(said) => file.write(&mut open, &said)?,
            Event::GeneralRef(named) => {
                let said = match named.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    Ok(None) => known_entity(&named)
                        .ok_or_else(|| file.wrong("an entity, which these files never have"))?
                        .to_owned(),
                    Err(_) => return Err(file.wrong("a character that does not exist")),
                };
                file.write(&mut open, &said)?;
            }
            Event::Eof if depth > 0 => return Err(file.wrong("it ends before it is complete")),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn known_entity(name: &str) -> Option<&'static str> {
    match name {
        "amp" => Some("&"),
        "lt" => Some("<"),
        "gt" => Some(">"),
        "apos" => Some("'"),
        "quot" => Some("\""),
        _ => None,
    }
}

struct File<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// How far lines were counted, and how many.
    counted: (usize, u64),
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        if bytes.len() > LARGEST {
            return Err(Unreadable::new(1, "it is larger than 64 MiB"));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|it| **it == b'\n').count() as u64 + 1;
            Unreadable::new(line, "it is not UTF-8")
        })?;
        Ok(Self {
            text,
            reader: Reader::from_str(text),
            counted: (0, 1),
        })
    }

    fn next(&mut self) -> Result<Event<'a>, Unreadable> {
        let event = self.reader.read_event();
        let at = usize::try_from(match &event {
            Ok(_) => self.reader.buffer_position(),
            Err(_) => self.reader.error_position(),
        });
        let at = at.unwrap_or(usize::MAX).min(self.text.len());
        if at > self.counted.0 {
            let passed = &self.text.as_bytes()[self.counted.0..at];
            let lines = passed.iter().filter(|it| **it == b'\n').count() as u64;
            self.counted = (at, self.counted.1 + lines);
        }
        match event {
            Ok(Event::DocType(_)) => {
                Err(self.wrong("a document type, which these files never have"))
            }
            Ok(event) => Ok(event),
            Err(error) => Err(self.wrong(format!("not XML: {error}"))),
        }
    }

    fn wrong(&self, why: impl Into<String>) -> Unreadable {
        Unreadable::new(self.counted.1, why)
    }

    fn node(&self, start: &BytesStart<'_>) -> Result<Node, Unreadable> {
        let mut node = Node {
            name: start.local_name().as_ref().to_owned(),
            line: self.counted.1,
            ..Node::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.wrong(format!("not XML: {error}")))?;
            if attribute.key.as_ref() == "Ccy" {
                node.attribute = Some(text::clean(&attribute.value));
            }
        }
        Ok(node)
    }

    fn write(&self, open: &mut [Node], said: &str) -> Result<(), Unreadable> {
        let Some(node) = open.last_mut() else {
            return Ok(());
        };
        if node.text.len() + said.len() > LONGEST_TEXT {
            return Err(self.wrong("a text that is too long"));
        }
        node.text.push_str(said);
        Ok(())
    }
}
