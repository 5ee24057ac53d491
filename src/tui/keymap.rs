//! Keys, how they are written, and which action they mean where. Derived from the one table in
//! [`super::action`], and from `[keys]` of the configuration where it gives an action other keys.

use std::fmt;
use std::sync::Arc;

use super::action::{ACTIONS, Action, Context, Spec};

mod own;
pub use own::Misfit;

/// A key press, without the terminal library's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// Held with Ctrl.
    pub ctrl: bool,
    /// Held with Alt.
    pub alt: bool,
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are on the keys")]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

const NAMED: [(&str, Code); 15] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("space", Code::Char(' ')),
];

impl Key {
    /// A key on its own.
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
        }
    }

    /// Reads a key as the table writes it: `g`, `G`, `ctrl-d`, `enter`, `f5`.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Some(Self::plain(*code));
        }
        if let Some(rest) = name.strip_prefix("ctrl-") {
            return Some(Self {
                ctrl: true,
                ..Self::parse(rest)?
            });
        }
        if let Some(rest) = name.strip_prefix("alt-") {
            return Some(Self {
                alt: true,
                ..Self::parse(rest)?
            });
        }
        let function = name.strip_prefix('f').and_then(|it| it.parse().ok());
        if let Some(number @ 1..=12) = function {
            return Some(Self::plain(Code::F(number)));
        }
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) => Some(Self::plain(Code::Char(one))),
            _ => None,
        }
    }

    /// The character it types, if it types one.
    pub const fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(character) if !self.ctrl && !self.alt => Some(character),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Code::Char(character)) => write!(f, "{character}"),
            (None, Code::F(number)) => write!(f, "f{number}"),
            (None, _) => Ok(()),
        }
    }
}

/// A way to reach an action: in a context, by one key or two after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub context: Context,
    /// The keys, one after the other.
    pub keys: Vec<Key>,
    /// What they do.
    pub action: Action,
}

impl Binding {
    /// Pressed in one place, one of them would keep the other from being reached.
    fn clashes(&self, other: &Self) -> bool {
        self.context == other.context
            && (self.keys.starts_with(&other.keys) || other.keys.starts_with(&self.keys))
    }
}

/// What a key, after those pressed before it, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This action.
    Action(Action),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Which keys do what, where.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Arc<Vec<Binding>>,
}

/// The keys of the table.
impl Default for Keymap {
    fn default() -> Self {
        let all = ACTIONS.iter().flat_map(of_table);
        Self {
            bindings: Arc::new(all.collect()),
        }
    }
}

/// The bindings the table gives an action.
fn of_table(spec: &Spec) -> impl Iterator<Item = Binding> {
    let action = spec.action;
    spec.keys.iter().flat_map(move |(contexts, sequences)| {
        contexts.iter().flat_map(move |context| {
            sequences.iter().map(move |sequence| Binding {
                context: *context,
                keys: sequence.split(' ').filter_map(Key::parse).collect(),
                action,
            })
        })
    })
}

impl Keymap {
    /// Looks a sequence up.
    pub fn meaning(&self, context: Context, pressed: &[Key]) -> Meaning {
        let mut found = Meaning::Nothing;
        for binding in self.bindings.iter().filter(|it| it.context == context) {
            if binding.keys == pressed {
                return Meaning::Action(binding.action);
            }
            if binding.keys.starts_with(pressed) {
                found = Meaning::Prefix;
            }
        }
        found
    }

    /// How an action's keys are written for people, in a context: `j`, `down`.
    pub fn keys_of(&self, action: Action, context: Context) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|binding| binding.action == action && binding.context == context)
            .map(|binding| written(&binding.keys))
            .collect()
    }

    /// The first key of an action, wherever it has one: for sentences that name it.
    pub fn key(&self, action: Action) -> String {
        let first = self.bindings.iter().find(|it| it.action == action);
        first.map_or_else(String::new, |binding| written(&binding.keys))
    }
}

/// A sequence as people read it: `g g`.
pub fn written(keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(Key::to_string).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_reads_back_as_written() {
        for spec in ACTIONS {
            for (_, sequences) in spec.keys {
                for sequence in *sequences {
                    let keys: Vec<Key> = sequence.split(' ').filter_map(Key::parse).collect();
                    assert_eq!(written(&keys), *sequence);
                }
            }
        }
    }

    #[test]
    fn no_two_actions_share_keys_in_one_context() {
        let keymap = Keymap::default();
        for (at, one) in keymap.bindings.iter().enumerate() {
            for other in &keymap.bindings[at + 1..] {
                assert!(!one.clashes(other), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_prefix_waits_for_its_second_key() {
        let keymap = Keymap::default();
        let g = Key::plain(Code::Char('g'));
        assert_eq!(keymap.meaning(Context::Payments, &[g]), Meaning::Prefix);
        assert_eq!(
            keymap.meaning(Context::Payments, &[g, g]),
            Meaning::Action(Action::First)
        );
        let x = Key::plain(Code::Char('x'));
        assert_eq!(keymap.meaning(Context::Payments, &[g, x]), Meaning::Nothing);
    }
}
