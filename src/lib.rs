//! refund-desk: the terminal desk where finance operators give money back, once.

pub mod cli;
pub mod clock;
pub mod config;
pub mod desk;
pub mod domain;
pub mod ledger;
pub mod providers;
pub mod sandbox;
pub mod tui;
