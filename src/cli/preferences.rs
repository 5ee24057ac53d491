//! What whoever sits here set for their own desk: `[screen]` and `[keys]`.

use super::Failure;
use super::args::Global;
use crate::config::{self, ConfigError, Environ, Paths, Screen, Settings};
use crate::tui::Keymap;

/// How the desk looks and which keys it heeds.
#[derive(Default)]
pub(super) struct Preferences {
    pub screen: Screen,
    pub keymap: Keymap,
}

impl Preferences {
    /// As the configuration says; without one, as the program comes.
    pub(super) fn find(global: &Global, environ: &Environ) -> Result<Self, Failure> {
        let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
        match config::load(&paths.config) {
            Ok(settings) => Self::of(&settings),
            Err(ConfigError::Missing(_)) => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// As these settings say.
    pub(super) fn of(settings: &Settings) -> Result<Self, Failure> {
        let keymap = Keymap::with(&settings.keys).map_err(|misfit| {
            let setting = settings.keys.get(misfit.at);
            ConfigError::Wrong {
                path: settings.file.clone(),
                line: setting.map_or(1, |it| it.line),
                key: setting.map(|it| format!("keys.{}", it.action)),
                what: misfit.what,
            }
        })?;
        Ok(Self {
            screen: settings.screen,
            keymap,
        })
    }
}
