//! What a colour means: views name a role, the theme gives it a style the terminal can show.
//!
//! Foreground and background stay the terminal's own, so that nothing is unreadable on a light or
//! unusual theme; every role that carries a meaning is also a word on the screen.

use ratatui::style::{Color, Modifier, Style};

use super::caps::Depth;

/// The meaning of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Plain text.
    Text,
    /// Less important.
    Dim,
    /// A heading.
    Title,
    /// The head of a table.
    Head,
    /// The selected row or field.
    Selected,
    /// A key to press.
    Key,
    /// A frame.
    Border,
    /// Done, allowed.
    Good,
    /// On its way, needs attention soon.
    Warn,
    /// Refused, failed.
    Bad,
    /// Must not be overlooked: an unknown outcome.
    Alarm,
    /// Real money.
    Live,
    /// No real money.
    Test,
    /// Typed text.
    Input,
}

/// Styles for one depth of colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    depth: Depth,
}

impl Theme {
    /// The theme of a depth.
    pub const fn new(depth: Depth) -> Self {
        Self { depth }
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let modified = match role {
            Role::Text => plain,
            Role::Dim if self.depth == Depth::None => plain,
            Role::Dim => plain.fg(self.pick(Color::DarkGray, 245, (138, 138, 138))),
            Role::Title | Role::Selected => plain.add_modifier(Modifier::BOLD),
            Role::Head | Role::Input => plain.add_modifier(Modifier::UNDERLINED),
            Role::Key => plain.add_modifier(Modifier::BOLD),
            Role::Border if self.depth == Depth::None => plain,
            Role::Border => plain.fg(self.pick(Color::DarkGray, 241, (98, 98, 98))),
            Role::Good | Role::Warn | Role::Bad => plain,
            Role::Alarm | Role::Live => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Role::Test => plain.add_modifier(Modifier::REVERSED),
        };
        match self.colour(role) {
            Some(colour) => modified.fg(colour),
            None => modified,
        }
    }

    fn colour(self, role: Role) -> Option<Color> {
        let colour = match role {
            Role::Selected | Role::Key => self.pick(Color::Cyan, 37, (42, 161, 179)),
            Role::Good => self.pick(Color::Green, 71, (86, 166, 88)),
            Role::Warn | Role::Test => self.pick(Color::Yellow, 172, (203, 140, 20)),
            Role::Bad | Role::Alarm | Role::Live => self.pick(Color::Red, 167, (214, 84, 84)),
            _ => return None,
        };
        (self.depth != Depth::None).then_some(colour)
    }

    const fn pick(self, sixteen: Color, palette: u8, (r, g, b): (u8, u8, u8)) -> Color {
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Sixteen => sixteen,
            Depth::Palette => Color::Indexed(palette),
            Depth::Rgb => Color::Rgb(r, g, b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 14] = [
        Role::Text,
        Role::Dim,
        Role::Title,
        Role::Head,
        Role::Selected,
        Role::Key,
        Role::Border,
        Role::Good,
        Role::Warn,
        Role::Bad,
        Role::Alarm,
        Role::Live,
        Role::Test,
        Role::Input,
    ];

    #[test]
    fn without_colour_there_is_none() {
        for role in ROLES {
            let style = Theme::new(Depth::None).style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn the_background_is_always_the_terminals_own() {
        for depth in [Depth::Sixteen, Depth::Palette, Depth::Rgb] {
            for role in ROLES {
                assert_eq!(Theme::new(depth).style(role).bg, None, "{role:?}");
            }
        }
    }
}
