//! Movements of what is on hand, and their history.

pub mod adjust;
mod csv;
pub mod history;
pub mod set;
pub mod transfer;
