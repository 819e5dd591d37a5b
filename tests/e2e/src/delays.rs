//! How soon something follows an answer.
//!
//! Guarantees: a product that is late fails, a machine that stands still for a moment does not.

use std::time::{Duration, Instant};

/// How much longer than most one of them may take.
const STALL: Duration = Duration::from_secs(5);

/// Times from an answer to what followed it.
#[derive(Default)]
pub struct Delays(Vec<Duration>);

impl Delays {
    /// One more, which ends now.
    pub fn since(&mut self, answered: Instant) {
        self.push(answered.elapsed());
    }

    /// One more.
    pub fn push(&mut self, delay: Duration) {
        self.0.push(delay);
    }

    /// Panics unless most of them are below the limit.
    pub fn assert_most_below(mut self, limit: Duration) {
        self.0.sort();
        let (median, longest) = (self.0[self.0.len() / 2], self.0[self.0.len() - 1]);
        assert!(median < limit && longest < limit + STALL, "after the answer: {:?}", self.0);
    }
}
