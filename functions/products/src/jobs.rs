//! Jobs: how far they are, and what was wrong with their rows.

pub mod errors;
pub mod list;
pub mod read;
