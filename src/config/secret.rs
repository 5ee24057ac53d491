//! Where a secret comes from. The secret itself is never written in a config.

use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::Environ;
use crate::clock::Clock;

/// `env:NAME`, `file:PATH` (relative to the config) or `command:…`; a literal is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file that neither group nor world can read.
    File(PathBuf),
    /// The standard output of a command.
    Command(String),
}

impl TryFrom<String> for SecretSource {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("command", line)) if !line.is_empty() => Ok(Self::Command(line.to_owned())),
            _ => Err("a secret is env:NAME, file:PATH or command:LINE, never the secret itself"),
        }
    }
}

/// The secrets of one account, read.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The API key.
    pub api_key: SecretString,
    /// The API secret.
    pub api_secret: SecretString,
}

/// Why a secret cannot be had. Never says the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others can read the file.
    #[error("{} can be read by group or others (mode {mode:03o}); make it 0600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The command failed.
    #[error("the command for the secret failed: {0}")]
    Command(String),
    /// There is nothing in it.
    #[error("the secret is empty")]
    Empty,
}

/// How long a command may take to give its secret.
const COMMAND_DEADLINE: Duration = Duration::from_secs(10);
/// No secret is longer.
const LONGEST: u64 = 64 * 1024;

impl SecretSource {
    /// Reads the secret; files are relative to `folder`. One line break at its end is not part
    /// of it.
    ///
    /// # Errors
    /// [`SecretError`] says what to mend.
    pub fn read(&self, folder: &Path, environ: &Environ) -> Result<SecretString, SecretError> {
        let text = match self {
            Self::Env(name) => environ
                .text(name)
                .map(str::to_owned)
                .ok_or_else(|| SecretError::Unset(name.clone()))?,
            Self::File(path) => read_file(&folder.join(path))?,
            Self::Command(line) => run_command(line)?,
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        match text.strip_suffix('\r').unwrap_or(text) {
            "" => Err(SecretError::Empty),
            secret => Ok(SecretString::from(secret)),
        }
    }
}

/// `env:NAME`, `file:PATH` or `command:…`, as in the config.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Command(line) => write!(f, "command:{line}"),
        }
    }
}

fn read_file(path: &Path) -> Result<String, SecretError> {
    let failed = |source| SecretError::File {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

fn run_command(line: &str) -> Result<String, SecretError> {
    let failed = |error: std::io::Error| SecretError::Command(error.to_string());
    let mut child = Command::new("sh")
        .args(["-c", line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let output = child.stdout.take();
    let reading = thread::spawn(move || {
        let mut text = String::new();
        output.map(|output| output.take(LONGEST).read_to_string(&mut text));
        text
    });
    let started = Clock::system();
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if started.elapsed() > COMMAND_DEADLINE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(SecretError::Command("it took longer than 10 s".into()));
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    if !status.success() {
        return Err(SecretError::Command(format!("it ended with {status}")));
    }
    reading
        .join()
        .map_err(|_| SecretError::Command("its output could not be read".into()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(source: &str, folder: &Path) -> Result<String, SecretError> {
        let environ = Environ::new([("A_KEY".into(), "from-env".into())]);
        let source = SecretSource::try_from(source.to_owned()).unwrap();
        source
            .read(folder, &environ)
            .map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn each_source_gives_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "from-file\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read("env:A_KEY", folder.path()).unwrap(), "from-env");
        assert_eq!(read("file:key", folder.path()).unwrap(), "from-file");
        assert_eq!(
            read("command:echo from-command", folder.path()).unwrap(),
            "from-command"
        );
    }

    #[test]
    fn what_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "secret").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            read("file:key", folder.path()),
            Err(SecretError::Exposed { .. })
        ));
    }

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for source in ["env:NOT_SET", "file:none", "command:false", "command:true"] {
            assert!(read(source, folder.path()).is_err(), "{source}");
        }
    }
}
