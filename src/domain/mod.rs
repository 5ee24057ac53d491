//! The rules of money: pure, no I/O, no async, no clock.

pub mod money;
