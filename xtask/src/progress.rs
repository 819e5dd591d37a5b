//! What a command is doing, line by line: `[3/9] installing worker-build 0.8.7 …`.
//!
//! Guarantees: one line when a step starts, one when it took long, with its seconds. Relies on: the caller knowing
//! how many steps there are.

use anyhow::Result;
use std::time::Instant;

/// A step that is done sooner than this says nothing more.
const QUIET_SECONDS: u64 = 2;

/// Counts steps.
pub struct Progress {
    total: usize,
    started: usize,
    since: Instant,
}

impl Progress {
    /// A count of `total` steps to come.
    pub fn new(total: usize) -> Self {
        Self { total, started: 0, since: Instant::now() }
    }

    /// Says what begins, does it, and says how long it took.
    pub fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        crate::interrupt::check()?;
        self.started += 1;
        println!("[{}/{}] {what} …", self.started, self.total);
        let begin = Instant::now();
        let outcome = work()?;
        let seconds = begin.elapsed().as_secs();
        if seconds >= QUIET_SECONDS {
            println!("      done in {seconds} s");
        }
        Ok(outcome)
    }

    /// Seconds since the first step.
    pub fn seconds(&self) -> u64 {
        self.since.elapsed().as_secs()
    }
}
