//! Pieces that several screens are drawn with.

pub mod chart;
pub mod field;
pub mod pen;
pub mod sheets;
pub mod table;
pub mod text;
pub mod words;
