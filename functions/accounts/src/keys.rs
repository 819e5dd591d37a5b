//! `/keys`: API keys with derived secrets.

pub mod create;
pub mod due;
mod expiry;
pub mod list;
pub mod revoke;
pub mod rotate;
mod steps;
pub mod usage;
