//! The time.

use storeroom_domain::Timestamp;

/// Tells the time. On some hosts it stands still while a request computes.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
}
