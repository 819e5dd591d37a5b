//! Levels: what a store has of a variant at a location.

pub mod drift;
pub mod reconcile;
pub mod status;
pub mod thresholds;
