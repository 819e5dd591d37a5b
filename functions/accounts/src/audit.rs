//! `/audit`: who did what, and the proof that nobody touched it.

pub mod due;
pub mod list;
mod seals;
pub mod verify;
mod walk;
