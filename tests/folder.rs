//! Where tests put their files.

use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

const MEMORY: &str = "/dev/shm";
/// Less than this free there, and the disk is the safer place. In KiB.
const ROOM: u64 = 4_000_000;

/// In memory where the system has room for that: a killed process leaves there what it leaves on a
/// disk, and that files survive a power cut is proven elsewhere (`power`).
pub fn in_memory() -> TempDir {
    static HAS_ROOM: OnceLock<bool> = OnceLock::new();
    let in_memory = *HAS_ROOM.get_or_init(|| free_kib().is_some_and(|free| free > ROOM));
    let made = in_memory.then(|| tempfile::tempdir_in(MEMORY).ok());
    made.flatten()
        .unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn free_kib() -> Option<u64> {
    let told = Command::new("df")
        .args(["--output=avail", "-k", MEMORY])
        .output()
        .ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    text.lines().last()?.trim().parse().ok()
}
