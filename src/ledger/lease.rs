//! Who holds the lease of a refund: a process, told apart from any other that had its number.

use std::fs;

use chrono::TimeDelta;

/// How long a lease lasts.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);

/// This process, as leases name it: boot id, process id, start time of the process.
pub fn holder() -> String {
    let pid = std::process::id();
    format!(
        "{}:{pid}:{}",
        boot_id(),
        start_time(pid).unwrap_or_default()
    )
}

/// True when the holder is a process of this boot that no longer runs.
pub fn is_dead(holder: &str) -> bool {
    let mut parts = holder.split(':');
    let (Some(boot), Some(pid), Some(start)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    boot == boot_id() && start_time(pid).as_deref() != Some(start)
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
        assert!(!is_dead("another-boot:1:1"));
        assert!(!is_dead("nonsense"));
    }
}
