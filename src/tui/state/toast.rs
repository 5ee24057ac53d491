//! What the desk says in passing.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::RefundId;

/// How it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Done.
    Good,
    /// Good to know.
    Info,
    /// Went wrong; stays until Esc.
    Error,
}

/// One line in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// How it is meant.
    pub level: Level,
    /// What is said.
    pub text: String,
    /// When it goes by itself.
    pub until: Option<DateTime<Utc>>,
    /// It is true only as long as this refund has not gone out.
    pub before: Option<RefundId>,
}

impl Toast {
    /// One that goes by itself unless it tells of an error.
    pub fn new(level: Level, text: String, now: DateTime<Utc>) -> Self {
        let until = (level != Level::Error).then(|| now + TimeDelta::seconds(6));
        Self {
            level,
            text,
            until,
            before: None,
        }
    }
}

/// So many sentences are kept.
pub const MOST_KEPT: usize = 50;

/// What was said, when, and how it was meant: a line at the foot of the screen may be cut, and goes.
#[derive(Clone, Debug, Default)]
pub struct Said(VecDeque<(DateTime<Utc>, Level, String)>);

impl Said {
    /// Keeps one more, and forgets the oldest when there are too many. What is said again and again
    /// stands there once, as of the last time.
    pub fn keep(&mut self, at: DateTime<Utc>, level: Level, text: &str) {
        if self
            .0
            .front()
            .is_some_and(|it| it.1 == level && it.2 == text)
        {
            self.0.pop_front();
        }
        self.0.push_front((at, level, text.to_owned()));
        self.0.truncate(MOST_KEPT);
    }

    /// Everything kept, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &(DateTime<Utc>, Level, String)> {
        self.0.iter()
    }
}
