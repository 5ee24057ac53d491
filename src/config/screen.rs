//! `[screen]` of the config file: how the desk looks and whether it heeds the mouse.

use serde::Deserialize;

use super::bounds::within;

/// `[screen]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Screen {
    /// Which colours; the environment's `NO_COLOR` takes them all away.
    pub theme: Looks,
    /// Clicks and the wheel belong to the desk; the terminal's own selection then needs shift.
    pub mouse: bool,
    /// Only ASCII is drawn, whatever the locale says.
    pub ascii: bool,
    /// From so many main units on, of any currency, a total is typed before it is confirmed.
    #[serde(deserialize_with = "within::<0, 1_000_000_000, _>")]
    pub type_total_from: u32,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            theme: Looks::default(),
            mouse: false,
            ascii: false,
            type_total_from: 1000,
        }
    }
}

/// The themes there are; each is a file in `assets/themes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Looks {
    /// Readable on a light and on a dark ground.
    #[default]
    Auto,
    /// For a dark ground.
    Dark,
    /// For a light ground.
    Light,
    /// The most contrast, on any ground.
    HighContrast,
    /// No colour: bold, underlined and reversed text.
    Monochrome,
}

impl Looks {
    /// Every theme.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::Dark,
        Self::Light,
        Self::HighContrast,
        Self::Monochrome,
    ];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Monochrome => "monochrome",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(table: &str) -> Result<Screen, String> {
        let text = format!("environment = \"test\"\n{table}\n");
        let settings = crate::config::parse(Path::new("/desk/config.toml"), &text);
        settings
            .map(|it| it.screen)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_theme_is_known_by_its_name_and_no_other() {
        assert_eq!(read("").unwrap(), Screen::default());
        for looks in Looks::ALL {
            let screen = read(&format!("[screen]\ntheme = \"{}\"", looks.name())).unwrap();
            assert_eq!(screen.theme, looks);
        }
        let said = read("[screen]\ntheme = \"drak\"").unwrap_err();
        assert!(said.contains("did you mean `dark`?"), "{said}");
        let said = read("[screen]\nmuose = true").unwrap_err();
        assert!(
            said.contains("line 3") && said.contains("`mouse`"),
            "{said}"
        );
        let set = read("[screen]\ntype_total_from = 250").unwrap();
        assert_eq!(set.type_total_from, 250);
        let said = read("[screen]\ntype_total_from = -1").unwrap_err();
        assert!(said.contains("0 to 1000000000 is"), "{said}");
    }
}
