//! `/webhooks`: where events are sent.

pub mod create;
pub mod delete;
pub mod list;
pub mod patch;
pub mod read;
pub mod rotate;
pub mod steps;
pub mod test;
mod topics;

pub use topics::Topics;
