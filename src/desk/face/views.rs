//! How somebody has the list of payments.

use serde::{Deserialize, Serialize};

use crate::domain::view::{Columns, View};

/// What is asked of one's own views. The answer is always what is kept then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ViewsAsk {
    /// What is kept.
    Show,
    /// The columns are left like this.
    Columns(Columns),
    /// Keeps a view under its name.
    Save(View),
    /// Calls a view something else.
    Rename {
        /// What it is called.
        from: String,
        /// What it is to be called.
        to: String,
    },
    /// Forgets a view.
    Delete {
        /// Which.
        name: String,
    },
}
