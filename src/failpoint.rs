//! Points at which a test has this process die: `SIGKILL`, as the kernel or an operator sends it.
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
        if let Some((armed, left)) = ARMED.get()
            && armed == label
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            die(label);
        }
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
pub use armed::{arm, reach};

/// A release build cannot be armed.
#[cfg(not(debug_assertions))]
pub const fn arm(_wanted: Option<&str>) {}

/// A release build goes on.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn reach(_label: &str) {}
