//! Work that nobody waits for, done once the answer is on its way.
//!
//! Guarantees: nothing hangs on it: it may be cut off, and then it was never done.

use std::future::Future;
use std::pin::Pin;

/// Does work after the answer.
pub trait Later {
    /// Begins the work; does not wait for it.
    fn run(&self, work: Pin<Box<dyn Future<Output = ()>>>);
}
