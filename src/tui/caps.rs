//! What the terminal can show, read from the environment's snapshot alone: the terminal itself is
//! never asked, because an answer that comes late would be taken for keys.

/// How many colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None: bold, reversed and underlined text only.
    None,
    /// The sixteen of the user's own theme.
    #[default]
    Sixteen,
    /// The palette of 256.
    Palette,
    /// Any.
    Rgb,
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// How many colours.
    pub depth: Depth,
    /// Line drawing and other characters beyond ASCII.
    pub unicode: bool,
    /// Inside tmux or screen: sequences for the outer terminal are wrapped.
    pub multiplexer: Multiplexer,
    /// The terminal can place the cursor at all.
    pub addressable: bool,
}

/// What stands between the desk and the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing.
    #[default]
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            depth: Depth::Sixteen,
            unicode: true,
            multiplexer: Multiplexer::None,
            addressable: true,
        }
    }
}

impl Caps {
    /// Reads a snapshot of the environment: `TERM`, `COLORTERM`, `NO_COLOR`, `LC_ALL`, `LC_CTYPE`,
    /// `LANG`, `TMUX`.
    pub fn from_env<'a>(var: impl Fn(&str) -> Option<&'a str>) -> Self {
        let term = var("TERM").unwrap_or_default();
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        Self {
            depth: match set("NO_COLOR") {
                Some(_) => Depth::None,
                None => depth(term, set("COLORTERM").unwrap_or_default()),
            },
            unicode: ["LC_ALL", "LC_CTYPE", "LANG"]
                .into_iter()
                .find_map(set)
                .is_some_and(is_utf8),
            multiplexer: match set("TMUX") {
                Some(_) => Multiplexer::Tmux,
                None if term.starts_with("screen") => Multiplexer::Screen,
                None => Multiplexer::None,
            },
            addressable: !matches!(term, "" | "dumb" | "unknown"),
        }
    }
}

fn depth(term: &str, colorterm: &str) -> Depth {
    match () {
        () if matches!(term, "vt100" | "vt102" | "vt220" | "" | "dumb") => Depth::None,
        () if matches!(term, "linux" | "ansi") => Depth::Sixteen,
        () if matches!(colorterm, "truecolor" | "24bit") => Depth::Rgb,
        () if term.contains("256color") => Depth::Palette,
        () => Depth::Sixteen,
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(vars: &[(&'static str, &'static str)]) -> Caps {
        Caps::from_env(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn colours_come_from_the_environment() {
        let depths = [
            (caps(&[("TERM", "xterm-256color")]), Depth::Palette),
            (
                caps(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]),
                Depth::Rgb,
            ),
            (caps(&[("TERM", "xterm"), ("NO_COLOR", "1")]), Depth::None),
            (caps(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Sixteen),
            (
                caps(&[("TERM", "vt100"), ("COLORTERM", "truecolor")]),
                Depth::None,
            ),
            (caps(&[("TERM", "linux")]), Depth::Sixteen),
        ];
        for (caps, expected) in depths {
            assert_eq!(caps.depth, expected, "{caps:?}");
        }
    }

    #[test]
    fn letters_come_from_the_locale() {
        assert!(caps(&[("LANG", "de_DE.UTF-8")]).unicode);
        assert!(!caps(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).unicode);
        assert!(!caps(&[]).unicode);
    }

    #[test]
    fn a_dumb_terminal_and_a_multiplexer_are_seen() {
        assert!(!caps(&[("TERM", "dumb")]).addressable);
        assert_eq!(caps(&[("TMUX", "/tmp/x")]).multiplexer, Multiplexer::Tmux);
        assert_eq!(
            caps(&[("TERM", "screen.xterm")]).multiplexer,
            Multiplexer::Screen
        );
    }
}
