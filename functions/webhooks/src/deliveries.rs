//! The log of deliveries, and sending again.

pub mod list;
pub mod read;
pub mod replay;
pub mod replay_since;
