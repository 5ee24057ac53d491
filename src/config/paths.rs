//! Where the config and the data live: flags, environment, then the XDG folders.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The environment as it was when the program started.
#[derive(Clone, Debug, Default)]
pub struct Environ(BTreeMap<OsString, OsString>);

impl Environ {
    /// A snapshot of variables.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&OsString> {
        self.0
            .get(&OsString::from(name))
            .filter(|value| !value.is_empty())
    }

    /// The same, as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| value.to_str())
    }
}

/// Where the desk reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The config file.
    pub config: PathBuf,
    /// The data folder: database, rejects, logs.
    pub data: PathBuf,
}

impl Paths {
    /// From flags, `REFUND_DESK_CONFIG` and `REFUND_DESK_DATA_DIR`, or the XDG folders.
    pub fn find(environ: &Environ, config: Option<PathBuf>, data: Option<PathBuf>) -> Self {
        let home = || {
            environ
                .get("HOME")
                .map_or_else(|| PathBuf::from("/"), PathBuf::from)
        };
        let xdg = |name: &str, beneath_home: &str| {
            environ
                .get(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .unwrap_or_else(|| home().join(beneath_home))
                .join("refund-desk")
        };
        let named = |name: &str| environ.get(name).map(PathBuf::from);
        Self {
            config: config
                .or_else(|| named("REFUND_DESK_CONFIG"))
                .unwrap_or_else(|| xdg("XDG_CONFIG_HOME", ".config").join("config.toml")),
            data: data
                .or_else(|| named("REFUND_DESK_DATA_DIR"))
                .unwrap_or_else(|| xdg("XDG_DATA_HOME", ".local/share")),
        }
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("desk.db")
    }

    /// The service's socket, where none is named.
    pub fn socket(&self) -> PathBuf {
        self.data.join("desk.sock")
    }

    /// Where rows that could not be imported are kept.
    pub fn rejects(&self) -> PathBuf {
        self.data.join("rejects")
    }
}
