//! The time.

use async_trait::async_trait;
use storeroom_domain::Timestamp;

/// Tells the time. On some hosts it stands still while a request computes.
#[async_trait(?Send)]
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits for so many milliseconds; not at all when there are none. May be given up at any moment.
    async fn sleep(&self, ms: i64);
}
