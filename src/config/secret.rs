//! Where a secret comes from. The secret itself is never written in a config.

use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Environ;
use crate::clock::Clock;

/// `env:NAME`, `file:PATH` (relative to the config), `credential:NAME` (handed over by systemd) or
/// `command:…`; a literal is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file that neither group nor world can read.
    File(PathBuf),
    /// A file of this name in the folder of credentials that systemd made for the service.
    Credential(String),
    /// The standard output of a command.
    Command(String),
}

/// Where systemd says that it put the credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

impl TryFrom<String> for SecretSource {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("credential", name)) if is_file_name(name) => {
                Ok(Self::Credential(name.to_owned()))
            }
            Some(("command", line)) if !line.is_empty() => Ok(Self::Command(line.to_owned())),
            _ => Err(
                "a secret is env:NAME, file:PATH, credential:NAME or command:LINE, never the secret itself",
            ),
        }
    }
}

/// A name and no path: nothing beside the folder can be meant.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
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
    /// It is a folder, a pipe or a device.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The command failed.
    #[error("the command for the secret failed: {0}")]
    Command(String),
    /// No service manager handed credentials over.
    #[error(
        "there are no credentials: {CREDENTIALS} is not set; the unit names them with LoadCredential={0}:FILE"
    )]
    NoCredentials(String),
    /// There is more of it than any secret is long.
    #[error("the secret is longer than {} KiB", LONGEST / 1024)]
    TooLong,
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
    /// of it. Blocks, a command for at most ten seconds.
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
            Self::Credential(name) => read_any_file(&credential(name, environ)?)?,
            Self::Command(line) => run_command(line, COMMAND_DEADLINE)?,
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        match text.strip_suffix('\r').unwrap_or(text) {
            "" => Err(SecretError::Empty),
            secret => Ok(SecretString::from(secret)),
        }
    }
}

impl SecretSource {
    /// Reads what is no secret, such as a certificate: others may read its file.
    ///
    /// # Errors
    /// [`SecretError`] says what to mend.
    pub fn read_public(&self, folder: &Path, environ: &Environ) -> Result<String, SecretError> {
        match self {
            Self::File(path) => {
                let text = read_any_file(&folder.join(path))?;
                match text.trim().is_empty() {
                    true => Err(SecretError::Empty),
                    false => Ok(text),
                }
            }
            other => other
                .read(folder, environ)
                .map(|text| text.expose_secret().to_owned()),
        }
    }
}

/// `env:NAME`, `file:PATH`, `credential:NAME` or `command:…`, as in the config.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Command(line) => write!(f, "command:{line}"),
        }
    }
}

/// The folder belongs to the service manager, which lets nobody else look in: modes say nothing there.
fn credential(name: &str, environ: &Environ) -> Result<PathBuf, SecretError> {
    let folder = environ
        .text(CREDENTIALS)
        .filter(|folder| !folder.is_empty());
    let folder = folder.ok_or_else(|| SecretError::NoCredentials(name.to_owned()))?;
    Ok(Path::new(folder).join(name))
}

fn read_file(path: &Path) -> Result<String, SecretError> {
    let file = open(path)?;
    let mode = file.metadata().map_err(|it| failed(path, it))?;
    let mode = mode.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    text_of(path, file)
}

fn read_any_file(path: &Path) -> Result<String, SecretError> {
    text_of(path, open(path)?)
}

fn open(path: &Path) -> Result<fs::File, SecretError> {
    // Opening a pipe waits for whoever writes to it, which may be nobody.
    let known = fs::metadata(path).map_err(|it| failed(path, it))?;
    if !known.is_file() {
        return Err(SecretError::NotAFile(path.to_owned()));
    }
    fs::File::open(path).map_err(|it| failed(path, it))
}

fn text_of(path: &Path, file: fs::File) -> Result<String, SecretError> {
    let mut text = String::new();
    file.take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(|it| failed(path, it))?;
    whole(text)
}

/// What was cut is another secret than the one that was meant.
fn whole(text: String) -> Result<String, SecretError> {
    match text.len() as u64 > LONGEST {
        true => Err(SecretError::TooLong),
        false => Ok(text),
    }
}

fn failed(path: &Path, source: std::io::Error) -> SecretError {
    SecretError::File {
        path: path.to_owned(),
        source,
    }
}

/// Runs the command in a process group of its own, so that what it started ends with it.
fn run_command(line: &str, deadline: Duration) -> Result<String, SecretError> {
    let failed = |error: std::io::Error| SecretError::Command(error.to_string());
    let started = Clock::system();
    let mut child = Command::new("sh")
        .args(["-c", line])
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // Not joined: whoever else holds the pipe open could keep its reader waiting for ever.
    let text = read_apart(child.stdout.take());
    let left = || deadline.saturating_sub(started.elapsed());
    let in_time = match wait_for(&mut child, left)? {
        Some(status) if status.success() => text.recv_timeout(left()).ok(),
        Some(status) => return Err(SecretError::Command(format!("it ended with {status}"))),
        None => None,
    };
    let text = in_time.ok_or_else(|| {
        end_group(&mut child);
        SecretError::Command(format!("it took longer than {deadline:?} and was ended"))
    })?;
    whole(text)
}

fn read_apart(output: Option<ChildStdout>) -> mpsc::Receiver<String> {
    let (give, text) = mpsc::channel();
    thread::spawn(move || {
        let mut read = String::new();
        output.map(|output| output.take(LONGEST + 1).read_to_string(&mut read));
        let _ = give.send(read);
    });
    text
}

/// How the command ended, if it did in time.
fn wait_for(
    child: &mut Child,
    left: impl Fn() -> Duration,
) -> Result<Option<ExitStatus>, SecretError> {
    loop {
        let ended = child.try_wait();
        match ended.map_err(|error| SecretError::Command(error.to_string()))? {
            Some(status) => return Ok(Some(status)),
            None if left().is_zero() => return Ok(None),
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Kills the command and whatever it left behind in its group.
fn end_group(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
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
    fn a_credential_is_read_from_the_folder_of_the_service_manager() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hub-key"), "from-systemd\n").unwrap();
        let place = folder.path().to_str().unwrap();
        let environ = Environ::new([(CREDENTIALS.into(), place.into())]);
        let source = SecretSource::try_from("credential:hub-key".to_owned()).unwrap();
        let read = source.read(Path::new("/elsewhere"), &environ).unwrap();
        assert_eq!(read.expose_secret(), "from-systemd");
        assert_eq!(source.to_string(), "credential:hub-key");
        let none = source.read(Path::new("/"), &Environ::new([])).unwrap_err();
        assert!(
            none.to_string().contains("LoadCredential=hub-key:FILE"),
            "{none}"
        );
        for path in [
            "credential:",
            "credential:..",
            "credential:../key",
            "credential:/etc/key",
        ] {
            assert!(SecretSource::try_from(path.to_owned()).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "x".repeat(65 * 1024)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let line = "command:head -c 66560 /dev/zero | tr '\\0' x";
        for source in ["file:key", line] {
            let read = read(source, folder.path());
            assert!(
                matches!(read, Err(SecretError::TooLong)),
                "{source} {read:?}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_may_be_read_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificate.pem");
        fs::write(&file, "certificate\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let source = SecretSource::try_from("file:certificate.pem".to_owned()).unwrap();
        let read = source.read_public(folder.path(), &Environ::new([]));
        assert_eq!(read.unwrap(), "certificate\n");
        fs::write(&file, " \n").unwrap();
        let read = source.read_public(folder.path(), &Environ::new([]));
        assert!(matches!(read, Err(SecretError::Empty)));
    }

    #[rstest]
    #[case("sleep 600")]
    #[case("echo from-command; sleep 600 &")]
    fn a_command_that_does_not_end_is_ended_with_all_it_started(#[case] line: &str) {
        let folder = tempfile::tempdir().unwrap();
        let held = folder.path().join("held");
        let line = format!("exec 9>{}; flock -x 9; {line}", held.display());
        let refused = run_command(&line, Duration::from_millis(300)).unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("longer than 300ms and was ended"), "{said}");
        // Its lock is free again once nothing of it runs.
        let mut take = Command::new("flock");
        take.args(["-x", "-w", "20"]).arg(&held).arg("true");
        assert!(take.status().unwrap().success());
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let refused = read("file:pipe", folder.path());
        assert!(matches!(refused, Err(SecretError::NotAFile(_))));
    }

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for source in ["env:NOT_SET", "file:none", "command:false", "command:true"] {
            assert!(read(source, folder.path()).is_err(), "{source}");
        }
    }
}
