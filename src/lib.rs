//! refund-desk: the terminal desk where finance operators give money back, once.
#![forbid(unsafe_code)]

pub mod clock;
pub mod domain;
pub mod sandbox;
