//! The socket's file: whose it is, who may use it, and what is left of a service that died.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::identity;

/// Others may write to the folder.
const WORLD_WRITABLE: u32 = 0o002;

/// Why there is no socket. Nobody can connect.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another service answers there.
    #[error("another service answers at {0}")]
    Taken(PathBuf),
    /// Something that is no socket has its name.
    #[error("{0} is in the way: it is no socket")]
    InTheWay(PathBuf),
    /// Anybody could put another socket in its place.
    #[error("anybody may write to {0}, and could put a socket of their own in its place")]
    OpenFolder(PathBuf),
    /// The group is not known.
    #[error("cannot use the group {name:?} of [service]: {source}")]
    Group {
        /// Its name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused.
    #[error("cannot listen at {path}: {source}")]
    Failed {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A socket's file that is ours.
pub(super) struct Bound {
    path: PathBuf,
    /// Device and number of the file, which tell it from a later one of the same name.
    inode: (u64, u64),
}

impl Bound {
    /// Binds a listener. What a dead service left is replaced; a live one stays.
    pub(super) fn bind(
        path: &Path,
        group: Option<&str>,
    ) -> Result<(Self, UnixListener), SocketError> {
        let failed = |source| SocketError::Failed {
            path: path.to_owned(),
            source,
        };
        let group = group
            .map(|name| {
                identity::group_id(name).map_err(|source| SocketError::Group {
                    name: name.to_owned(),
                    source,
                })
            })
            .transpose()?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        ready(folder, group).map_err(failed)?;
        if fs::metadata(folder).map_err(failed)?.mode() & WORLD_WRITABLE != 0 {
            return Err(SocketError::OpenFolder(folder.to_owned()));
        }
        is_free(path)?;
        // Made where nobody else may look, and moved when its mode is right: there is no moment in
        // which anybody could connect who may not.
        let hidden = folder.join(format!(".desk-{}", std::process::id()));
        let listener = hide(&hidden).and_then(|()| make(&hidden.join("s"), path, group));
        let removed = fs::remove_dir(&hidden);
        let listener = listener.map_err(failed)?;
        removed.map_err(failed)?;
        let made = fs::symlink_metadata(path).map_err(failed)?;
        let bound = Self {
            path: path.to_owned(),
            inode: (made.dev(), made.ino()),
        };
        Ok((bound, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn failed(&self, source: io::Error) -> SocketError {
        SocketError::Failed {
            path: self.path.clone(),
            source,
        }
    }

    /// Removes the file, unless it is another's by now.
    pub(super) fn remove(&self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.inode);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket's file is left behind");
        }
    }
}

/// Makes the folder where it is missing, for the group as well.
fn ready(folder: &Path, group: Option<u32>) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let mode = if group.is_some() { 0o750 } else { 0o700 };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(mode).create(folder)?;
    match group {
        Some(_) => chown(folder, None, group),
        None => Ok(()),
    }
}

/// Nothing has the name, or what a dead service left.
fn is_free(path: &Path) -> Result<(), SocketError> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::InTheWay(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(SocketError::Taken(path.to_owned())),
    }
}

/// An empty folder of ours alone.
fn hide(folder: &Path) -> io::Result<()> {
    // Left by a process of the same number that died.
    let _ = fs::remove_dir_all(folder);
    fs::DirBuilder::new().mode(0o700).create(folder)
}

fn make(hidden: &Path, path: &Path, group: Option<u32>) -> io::Result<UnixListener> {
    let made = UnixListener::bind(hidden).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let mode = if group.is_some() { 0o660 } else { 0o600 };
        if group.is_some() {
            chown(hidden, None, group)?;
        }
        fs::set_permissions(hidden, fs::Permissions::from_mode(mode))?;
        fs::rename(hidden, path)?;
        Ok(listener)
    });
    if made.is_err() {
        let _ = fs::remove_file(hidden);
    }
    made
}
