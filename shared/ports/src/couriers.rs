//! Who sends events to webhook endpoints, one courier an endpoint, so that none holds up another.
//!
//! Guarantees: nothing hangs on a call: what is due stays due, and whoever looks next wakes the courier again.

use async_trait::async_trait;

/// The couriers.
#[async_trait(?Send)]
pub trait Couriers {
    /// Wakes the courier of an endpoint of the store; this does not wait for what it does. A call may get lost, which is
    /// logged.
    async fn wake(&self, store: &str, endpoint: &str);
}
