//! The terminal (placeholder until the branch lands).
#![allow(missing_docs)]
use crate::{
    clock::Clock,
    config::Environ,
    desk::{Desk, face::Actor},
};
use std::sync::Arc;
pub struct Caps;
impl Caps {
    pub fn from_environ(_: &Environ, _: bool) -> Self {
        Self
    }
}
pub struct Options;
impl Options {
    pub fn new(_: Caps, _: bool) -> Self {
        Self
    }
}
pub async fn run(_: Arc<dyn Desk>, _: Actor, _: Clock, _: Options) -> std::io::Result<()> {
    Ok(())
}
pub fn keys_markdown() -> String {
    String::new()
}
