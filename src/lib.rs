//! refund-desk: the terminal desk where finance operators give money back, once.

pub mod clock;
pub mod config;
pub mod desk;
pub mod domain;
pub mod providers;
pub mod tui;
