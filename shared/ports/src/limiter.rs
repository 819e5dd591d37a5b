//! The platform's own rate limiter, beside the window that each instance counts.
//!
//! Guarantees: the answer is yes or no; the counts behind it stay with the platform.
//! Relies on: the platform, whose counts may lag and differ from place to place: nothing exact hangs on them.

use async_trait::async_trait;

/// Counts requests for more than one instance.
#[async_trait(?Send)]
pub trait Limiter {
    /// Counts a request of the class (`read`, `write`, `auth`, `upload`) for a caller and says whether it may go on.
    /// A limiter that fails answers yes and logs that: the service must not stand still with it.
    async fn allows(&self, class: &'static str, who: &str) -> bool;
}
