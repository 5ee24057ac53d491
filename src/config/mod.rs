//! File, environment and flags become one checked set of settings.

pub mod commerce_hub;
pub mod secret;
