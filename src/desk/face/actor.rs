//! Who asks.

use serde::{Deserialize, Serialize};

/// Who asks: the kernel's word, except what is said to be claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The name of whoever logged in, which `sudo` does not change.
    pub name: String,
    /// The groups that the system's records put them in, by name; roles go by these, too.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The other user as whom they act since they logged in (`sudo`, `su`): approves nothing.
    #[serde(default)]
    pub acts_as: Option<String>,
    /// Where they say they come from (`SSH_CONNECTION`): recorded, never believed.
    #[serde(default)]
    pub claimed_origin: Option<String>,
}

impl Actor {
    /// Somebody known by name alone: in no group, as themselves.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            groups: Vec::new(),
            acts_as: None,
            claimed_origin: None,
        }
    }
}
