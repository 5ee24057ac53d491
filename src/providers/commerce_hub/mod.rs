//! Commerce Hub.
