//! Who sits at the desk: the kernel's word, not the environment's.

use std::fs;

/// The unset login uid.
const NO_LOGIN: u32 = u32::MAX;

/// The name of the login user, which survives sudo, or else of the real user.
pub(super) fn login_name() -> String {
    let uid = login_uid().or_else(real_uid);
    uid.map_or_else(
        || "unknown".to_owned(),
        |uid| name_of(uid).unwrap_or_else(|| format!("uid{uid}")),
    )
}

/// True for the superuser, whatever account it logged in with.
pub(super) fn is_root() -> bool {
    real_uid() == Some(0)
}

fn login_uid() -> Option<u32> {
    let text = fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != NO_LOGIN)
}

fn real_uid() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn name_of(uid: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_a_name() {
        assert_eq!(name_of(0).as_deref(), Some("root"));
        assert!(real_uid().is_some());
        assert!(!login_name().is_empty());
    }
}
