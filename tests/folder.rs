//! Where tests put their files.

use tempfile::TempDir;

/// In memory where the system has that: a killed process leaves there what it leaves on a disk, and
/// that files survive a power cut is proven elsewhere (`power`).
pub fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
