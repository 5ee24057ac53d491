//! The tests that look at the whole: the real program against a real sandbox, and the house's
//! own rules. One binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends by panicking"
)]

mod architecture;
mod cli;
mod faults;
mod folder;
mod model;
mod seeds;
mod terminal;
