//! The one clock. Everything that needs the time is handed a [`Clock`]; only this file reads the
//! machine's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// `by` after `at`, or the end of time: a wait is never cut to none because it is long.
pub fn later(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| at.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A point in time on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time of day in UTC.
    pub wall: DateTime<Utc>,
    elapsed: Duration,
}

/// A source of time, cheap to clone. The system's in the product, a hand-moved one in tests.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System { started: Instant },
    Manual(Arc<Mutex<ManualTime>>),
}

struct ManualTime {
    wall: DateTime<Utc>,
    elapsed: Duration,
    chance: Option<Chance>,
}

/// What a seeded clock gives in place of chance (splitmix64).
struct Chance {
    seed: u64,
    drawn: u64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System {
            started: Instant::now(),
        })
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(ManualTime {
            wall: start,
            elapsed: Duration::ZERO,
            chance: None,
        }))))
    }

    /// As [`Clock::manual`], and what else differs from run to run follows from the seed: new ids,
    /// and what tells this process from others. So a test can be run again exactly.
    pub fn seeded(start: DateTime<Utc>, seed: u64) -> Self {
        let clock = Self::manual(start);
        if let Source::Manual(time) = &clock.0 {
            let chance = Some(Chance { seed, drawn: seed });
            time.lock().unwrap_or_else(PoisonError::into_inner).chance = chance;
        }
        clock
    }

    /// The next number of the seed; none where chance is the machine's.
    pub fn drawn(&self) -> Option<u64> {
        let Source::Manual(time) = &self.0 else {
            return None;
        };
        let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
        let chance = time.chance.as_mut()?;
        chance.drawn = chance.drawn.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (chance.drawn ^ (chance.drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(mixed ^ (mixed >> 31))
    }

    /// Tells this process from others that run now: its id, or the seed.
    pub fn process(&self) -> u64 {
        let Source::Manual(time) = &self.0 else {
            return std::process::id().into();
        };
        let time = time.lock().unwrap_or_else(PoisonError::into_inner);
        time.chance
            .as_ref()
            .map_or_else(|| std::process::id().into(), |it| it.seed)
    }

    /// The time of day in UTC, to the millisecond the ledger stores. It may jump; use it for dates.
    pub fn now(&self) -> DateTime<Utc> {
        let wall = match &self.0 {
            Source::System { .. } => Utc::now(),
            Source::Manual(time) => time.lock().unwrap_or_else(PoisonError::into_inner).wall,
        };
        DateTime::from_timestamp_millis(wall.timestamp_millis()).unwrap_or(wall)
    }

    /// Time since the clock was made. It never jumps; use it for durations.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(time) => time.lock().unwrap_or_else(PoisonError::into_inner).elapsed,
        }
    }

    /// Now, on both clocks.
    pub fn moment(&self) -> Moment {
        Moment {
            wall: self.now(),
            elapsed: self.elapsed(),
        }
    }

    /// How long ago a moment was by the clock that says longer. The monotonic one stands still
    /// while the machine sleeps and the wall clock jumps when it is set: neither is believed alone.
    pub fn since(&self, moment: Moment) -> Duration {
        let wall = (self.now() - moment.wall).abs().to_std();
        let elapsed = self.elapsed().saturating_sub(moment.elapsed);
        wall.unwrap_or(Duration::MAX).max(elapsed)
    }

    /// How long ago a moment was, by the clock that never jumps.
    pub fn elapsed_since(&self, moment: Moment) -> Duration {
        self.elapsed().saturating_sub(moment.elapsed)
    }

    /// Waits so long. On a manual clock it is the wait that moves it.
    pub async fn sleep(&self, by: Duration) {
        match &self.0 {
            Source::System { .. } => tokio::time::sleep(by).await,
            Source::Manual(_) => {
                self.advance(by);
                tokio::task::yield_now().await;
            }
        }
    }

    /// Sets a manual clock's time of day, as an administrator or a daemon does: no time passes.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Manual(time) = &self.0 {
            time.lock().unwrap_or_else(PoisonError::into_inner).wall = to;
        }
    }

    /// Moves a manual clock forward; the system's clock is not ours to move.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            time.elapsed += by;
            time.wall += TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        }
    }
}
