//! Points at which a test has this process die: `SIGKILL`, as the kernel or an operator sends it, or
//! a panic where what a panic leaves behind is looked at.
//!
//! `REFUND_DESK_FAILPOINT=LABEL[:N]` kills the process the N-th time (first, when left out) that it
//! reaches LABEL. A release build has none of this. `tests/cli/failpoints` kills at every label in
//! the source and compares ledger and book afterwards.

/// The variable that names the label.
pub const VARIABLE: &str = "REFUND_DESK_FAILPOINT";

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

    /// Takes `LABEL[:N]`; only the first call counts.
    pub fn arm(wanted: Option<&str>) {
        let Some(wanted) = wanted else { return };
        let (label, times) = wanted.split_once(':').unwrap_or((wanted, "1"));
        let times = times.parse().unwrap_or(1);
        let _ = ARMED.set((label.to_owned(), AtomicU32::new(times)));
    }

    /// Dies here, if this is the place.
    pub fn reach(label: &str) {
        if is_here(label) {
            die(label);
        }
    }

    /// Panics here, if this is the place.
    pub fn panic_at(label: &str) {
        assert!(!is_here(label), "failpoint {label}");
    }

    fn is_here(label: &str) -> bool {
        let armed = ARMED.get().filter(|(armed, _)| armed == label);
        armed.is_some_and(|(_, left)| left.fetch_sub(1, Ordering::Relaxed) == 1)
    }

    fn die(label: &str) {
        eprintln!("failpoint {label}");
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        // The signal has no handler: at the latest here the thread is gone.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(debug_assertions)]
pub use armed::{arm, panic_at, reach};

/// A release build cannot be armed.
#[cfg(not(debug_assertions))]
pub const fn arm(_wanted: Option<&str>) {}

/// A release build goes on.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn reach(_label: &str) {}

/// A release build goes on.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn panic_at(_label: &str) {}
