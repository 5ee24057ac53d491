//! refund-desk: the terminal desk where finance operators give money back, once.

pub mod clock;
pub mod domain;
pub mod providers;
