//! Who a person is: the kernel's word and the system's records, never the environment's.
//!
//! Names and groups come from the system's own user database (`getpwuid_r`, `getgrouplist`), so
//! that directories behind it count as well. Looking them up may block.

use std::ffi::CString;
use std::fs;
use std::io;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist, getuid};

/// The unset login uid.
const NO_LOGIN: u32 = u32::MAX;

/// A person, as the system knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name of whoever logged in; where that is not recorded, of the user they are.
    pub name: String,
    /// The groups that the system's records put that name in.
    pub groups: Vec<String>,
    /// The user they act as, where it is not the one who logged in (`sudo`, `su`).
    pub acts_as: Option<String>,
}

/// Why it cannot be told who a peer is. It is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    /// The system does not show the process to this one.
    #[error("the system does not show process {pid} to the service: {source}")]
    Hidden {
        /// The peer's process.
        pid: i32,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel named no process, or another one has its number by now.
    #[error("the process that connected is gone")]
    Gone,
}

impl Identity {
    /// Of whoever runs this process.
    pub fn own() -> Self {
        // Without a readable file nothing is known of a login; the real user is.
        let login = fs::read_to_string("/proc/self/loginuid").ok();
        let login = login.as_deref().and_then(login_uid);
        Self::of(login, getuid().as_raw())
    }

    /// Of whoever is at the other end of a Unix socket, by what the kernel says of it.
    ///
    /// # Errors
    /// [`Unseen`] where it cannot be told who logged in: `sudo` could not be seen through.
    pub fn of_peer(uid: u32, pid: Option<i32>) -> Result<Self, Unseen> {
        let pid = pid.filter(|pid| *pid > 0).ok_or(Unseen::Gone)?;
        let hidden = |source| Unseen::Hidden { pid, source };
        let login = match fs::read_to_string(format!("/proc/{pid}/loginuid")) {
            Ok(text) => login_uid(&text),
            // A kernel that keeps no login uids, for nobody.
            Err(_) if !keeps_logins() => None,
            Err(source) => return Err(hidden(source)),
        };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(hidden)?;
        // Process numbers are used again: this one must still be the user's who connected.
        if !uids(&status).any(|it| it == uid) {
            return Err(Unseen::Gone);
        }
        Ok(Self::of(login, uid))
    }

    fn of(login: Option<u32>, real: u32) -> Self {
        let uid = login.unwrap_or(real);
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        Self {
            groups: user.as_ref().map(groups_of).unwrap_or_default(),
            name: user.map_or_else(|| nameless(uid), |user| user.name),
            acts_as: (uid != real).then(|| name_of(real)),
        }
    }
}

/// True for the superuser, whatever account it logged in with.
pub fn is_root() -> bool {
    getuid().is_root()
}

/// The number of a group.
///
/// # Errors
/// There is none of this name, or the system's records cannot be read.
pub fn group_id(name: &str) -> io::Result<u32> {
    let known = Group::from_name(name).map_err(io::Error::from)?;
    known.map(|group| group.gid.as_raw()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "the system knows no group of this name",
        )
    })
}

fn keeps_logins() -> bool {
    fs::exists("/proc/self/loginuid").unwrap_or(true)
}

fn login_uid(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|uid| *uid != NO_LOGIN)
}

/// Real, effective, saved and file system uid.
fn uids(status: &str) -> impl Iterator<Item = u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let fields = line.unwrap_or_default().split_whitespace();
    fields.filter_map(|field| field.parse().ok())
}

fn name_of(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| nameless(uid), |user| user.name)
}

/// A user whom the system has no name for.
fn nameless(uid: u32) -> String {
    format!("uid{uid}")
}

fn groups_of(user: &User) -> Vec<String> {
    let Ok(name) = CString::new(user.name.as_str()) else {
        return Vec::new();
    };
    let groups = getgrouplist(&name, user.gid).unwrap_or_default();
    let mut names: Vec<String> = groups.into_iter().filter_map(group_name).collect();
    names.sort();
    names.dedup();
    names
}

fn group_name(gid: Gid) -> Option<String> {
    Group::from_gid(gid).ok().flatten().map(|group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_the_name_and_the_other_user_is_told() {
        let root = Identity::of(None, 0);
        assert_eq!((root.name.as_str(), root.acts_as), ("root", None));
        assert!(root.groups.contains(&"root".to_owned()));
        let changed = Identity::of(Some(4_000_000_001), 0);
        assert_eq!(changed.name, "uid4000000001");
        assert_eq!(changed.acts_as.as_deref(), Some("root"));
        assert_eq!(changed.groups, [""; 0], "root's groups are not theirs");
        let same = Identity::of(Some(0), 0);
        assert_eq!(same.acts_as, None);
    }

    #[test]
    fn a_peer_is_seen_while_its_process_is_its_users() {
        let own = i32::try_from(std::process::id()).unwrap();
        let uid = getuid().as_raw();
        assert_eq!(
            Identity::of_peer(uid, Some(own)).unwrap(),
            Identity::own(),
            "a process is its own peer"
        );
        let other = Identity::of_peer(uid.wrapping_add(1), Some(own));
        assert!(matches!(other, Err(Unseen::Gone)));
        assert!(matches!(Identity::of_peer(uid, None), Err(Unseen::Gone)));
        let nobody = Identity::of_peer(uid, Some(i32::MAX));
        assert!(matches!(nobody, Err(Unseen::Hidden { .. })));
    }

    #[test]
    fn an_unset_login_is_none() {
        assert_eq!(login_uid("4294967295\n"), None);
        assert_eq!(login_uid("1000"), Some(1000));
        assert_eq!(login_uid(""), None);
    }

    #[test]
    fn groups_have_numbers() {
        assert_eq!(group_id("root").unwrap(), 0);
        assert!(group_id("no such group here").is_err());
    }
}
