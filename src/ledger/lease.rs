//! Who holds the lease of a refund: a process, told apart from any other that has or had its
//! number.

use std::fs;

use chrono::TimeDelta;

/// How long a lease lasts.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);

/// This process, as leases name it: boot id, namespace of process ids, process id, start time of
/// the process.
pub fn holder() -> String {
    let pid = std::process::id();
    format!(
        "{}:{}:{pid}:{}",
        boot_id(),
        pid_namespace(),
        start_time(pid).unwrap_or_default()
    )
}

/// True when the holder is provably a process of this boot that no longer runs. A process of
/// another namespace (a container) cannot be seen from here, and neither can one that an earlier
/// version named without its namespace: their leases end with their time.
pub fn is_dead(holder: &str) -> bool {
    let parts: Vec<&str> = holder.split(':').collect();
    let [boot, namespace, pid, start] = parts.as_slice() else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    let here = !boot.is_empty()
        && !namespace.is_empty()
        && *boot == boot_id()
        && *namespace == pid_namespace()
        && sees_itself();
    here && start_time(pid).as_deref() != Some(*start)
}

/// The inode of the namespace; empty when it cannot be told.
fn pid_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let name = link.to_string_lossy();
    name.trim_start_matches("pid:[")
        .trim_end_matches(']')
        .to_owned()
}

/// True when `/proc` shows this namespace: mounted from another, every number in it means another
/// process.
fn sees_itself() -> bool {
    let me = std::process::id().to_string();
    fs::read_link("/proc/self").is_ok_and(|link| link.as_os_str() == me.as_str())
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// Field 22 of `/proc/PID/stat`; the second field may hold spaces, so counted from its end. A
/// zombie no longer runs anything.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let running = !matches!(fields.next(), Some("Z" | "X"));
    fields.nth(18).filter(|_| running).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_its_number_is_not_its_name() {
        let me = holder();
        assert!(!is_dead(&me));
        let (head, _) = me.rsplit_once(':').unwrap();
        assert!(is_dead(&format!("{head}:1")));
        assert!(!is_dead("another-boot:1:1:1"));
        assert!(!is_dead("nonsense"));
    }

    #[test]
    fn who_cannot_be_seen_is_not_called_dead() {
        let (boot, namespace) = (boot_id(), pid_namespace());
        assert!(namespace.bytes().all(|byte| byte.is_ascii_digit()) && !namespace.is_empty());
        assert!(is_dead(&format!("{boot}:{namespace}:1:1")));
        assert!(!is_dead(&format!("{boot}:1:1:1")), "another namespace");
        assert!(!is_dead(&format!("{boot}::1:1")), "no namespace");
        assert!(
            !is_dead(&format!("{boot}:1:1")),
            "as earlier versions wrote it"
        );
    }
}
