//! What a colour means: views name a role, the theme gives it a style the terminal can show. The
//! themes are data, in `assets/themes`.
//!
//! Foreground and background are the terminal's own unless a theme names both, so that nothing is
//! unreadable on an unusual ground; every role that carries a meaning is also a word on the screen.

use std::collections::BTreeMap;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Deserializer, de};

use super::caps::Depth;
use crate::config::Looks;

/// The meaning of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
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

const ROLES: usize = Role::Input as usize + 1;

/// Styles for one depth of colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; ROLES],
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(Looks::default(), Depth::default())
    }
}

impl Theme {
    /// The theme of this name, in as many colours as there are.
    pub fn new(looks: Looks, depth: Depth) -> Self {
        let mut styles = [Style::new(); ROLES];
        // The files are part of the program and a test reads each: there is none that is wrong.
        let sheet: BTreeMap<Role, Look> = toml::from_str(file(looks)).unwrap_or_default();
        for (role, look) in sheet {
            styles[role as usize] = look.style(depth);
        }
        Self { styles }
    }

    /// The style of a role.
    pub const fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }
}

const fn file(looks: Looks) -> &'static str {
    match looks {
        Looks::Auto => include_str!("../../assets/themes/auto.toml"),
        Looks::Dark => include_str!("../../assets/themes/dark.toml"),
        Looks::Light => include_str!("../../assets/themes/light.toml"),
        Looks::HighContrast => include_str!("../../assets/themes/high-contrast.toml"),
        Looks::Monochrome => include_str!("../../assets/themes/monochrome.toml"),
    }
}

/// One line of a theme.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Look {
    is: Vec<Attribute>,
    letters: Option<Shades>,
    ground: Option<Shades>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Attribute {
    Bold,
    Underlined,
    Reversed,
}

/// A colour for each depth.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shades {
    #[serde(deserialize_with = "colour")]
    sixteen: Color,
    palette: u8,
}

/// A name such as `light-red`.
fn colour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Color, D::Error> {
    let name = String::deserialize(deserializer)?;
    Color::from_str(&name).map_err(|_| de::Error::custom(format!("{name} is no colour")))
}

impl Look {
    fn style(&self, depth: Depth) -> Style {
        let mut style = Style::new();
        for attribute in &self.is {
            style = style.add_modifier(match attribute {
                Attribute::Bold => Modifier::BOLD,
                Attribute::Underlined => Modifier::UNDERLINED,
                Attribute::Reversed => Modifier::REVERSED,
            });
        }
        let letters = self.letters.and_then(|shades| shades.at(depth));
        let ground = self.ground.and_then(|shades| shades.at(depth));
        // Without colours a ground of its own becomes the one ground that is left.
        if self.ground.is_some() && ground.is_none() {
            style = style.add_modifier(Modifier::REVERSED);
        }
        Style {
            fg: letters,
            bg: ground,
            ..style
        }
    }
}

impl Shades {
    const fn at(self, depth: Depth) -> Option<Color> {
        match depth {
            Depth::None => None,
            Depth::Sixteen => Some(self.sixteen),
            // Any other colour would take twice the bytes.
            Depth::Palette | Depth::Rgb => Some(Color::Indexed(self.palette)),
        }
    }
}

#[cfg(test)]
mod tests;
