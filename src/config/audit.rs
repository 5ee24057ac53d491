//! `[audit]` of the config file: where the end of the audit is told, beside the database.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `[audit]`: whoever may write the database must not be able to write there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditOutside {
    /// A file that only grows; beside the config file unless absolute.
    head_file: Option<PathBuf>,
    /// The system's log; `off`: it is told nothing.
    #[serde(default)]
    pub syslog: Syslog,
}

/// Where the system's log takes its lines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub enum Syslog {
    /// It is told nothing.
    Off,
    /// A datagram socket.
    Socket(PathBuf),
}

impl Default for Syslog {
    fn default() -> Self {
        Self::Socket("/dev/log".into())
    }
}

impl From<PathBuf> for Syslog {
    fn from(path: PathBuf) -> Self {
        match path.as_os_str() == "off" {
            true => Self::Off,
            false => Self::Socket(path),
        }
    }
}

impl AuditOutside {
    /// The file of heads, beside the config file unless it says otherwise.
    pub fn head_file(&self, config: &Path) -> Option<PathBuf> {
        let folder = config.parent().unwrap_or(Path::new(""));
        self.head_file.as_ref().map(|file| folder.join(file))
    }
}
