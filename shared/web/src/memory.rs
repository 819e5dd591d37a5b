//! How much memory large bodies and the work on them take together, where one process serves several requests at once.
//!
//! Guarantees: together they stay within `BUDGET`; who would pass it is told to come back, before the bytes are kept. A
//! share that nobody gives back ends by itself: a platform that gives up a request does not always say so.
//!
//! An isolate of Workers has 128 MB for JavaScript and WebAssembly together
//! (<https://developers.cloudflare.com/workers/platform/limits/>).

use crate::call::unavailable;
use crate::request::{BodyError, Incoming};
use async_trait::async_trait;
use std::cell::RefCell;
use std::collections::BTreeMap;
use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_ports::Clock;

/// What all shares have together, in bytes.
pub const BUDGET: u64 = 112 * 1024 * 1024;
/// For how long a share counts after it grew, in milliseconds: no upload rests as long.
const SHARE_MS: i64 = 120_000;

/// What large requests have taken of the process's memory.
#[derive(Debug, Default)]
pub struct Memory(RefCell<Shares>);

#[derive(Debug, Default)]
struct Shares {
    last: u64,
    /// Bytes, and until when they count.
    by_number: BTreeMap<u64, (u64, Timestamp)>,
}

/// What one request has taken, until this is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    memory: &'a Memory,
    number: u64,
}

/// The others take so much that this does not fit beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Memory {
    /// A share of nothing yet.
    pub fn share(&self) -> Share<'_> {
        let mut shares = self.0.borrow_mut();
        shares.last = shares.last.wrapping_add(1);
        Share { memory: self, number: shares.last }
    }
}

impl Share<'_> {
    /// Takes so many bytes more.
    pub fn grow(&self, bytes: u64, now: Timestamp) -> Result<(), Full> {
        let mut shares = self.memory.0.borrow_mut();
        shares.by_number.retain(|_, (_, until)| *until > now);
        let taken: u64 = shares.by_number.values().map(|(bytes, _)| bytes).sum();
        if taken.saturating_add(bytes) > BUDGET {
            return Err(Full);
        }
        let (own, until) = shares.by_number.entry(self.number).or_insert((0, now));
        *own = own.saturating_add(bytes);
        *until = now.plus_ms(SHARE_MS);
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.memory.0.borrow_mut().by_number.remove(&self.number);
    }
}

impl From<Full> for Problem {
    fn from(Full: Full) -> Self {
        unavailable(
            "Other large bodies are being taken and fill the memory; nothing was done. Send it again.",
        )
    }
}

/// A body whose bytes are counted in a share as they come, so that one that rests takes nothing ahead.
pub struct Counted<'a> {
    /// The body.
    pub body: &'a mut dyn Incoming,
    /// The request's share.
    pub share: &'a Share<'a>,
    /// The time of each chunk.
    pub clock: &'a dyn Clock,
}

#[async_trait(?Send)]
impl Incoming for Counted<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        let chunk = self.body.next().await?;
        let bytes = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.share.grow(bytes, self.clock.now()).map_err(|_| BodyError::NoRoom)?;
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_fit_beside_the_others_is_told_to_come_back() {
        let memory = Memory::default();
        let now = Timestamp::from_ms(0);
        let (one, other) = (memory.share(), memory.share());
        assert_eq!(one.grow(BUDGET - 10, now), Ok(()));
        assert_eq!(other.grow(11, now), Err(Full));
        assert_eq!(other.grow(10, now), Ok(()));
        assert_eq!(one.grow(1, now), Err(Full));
        drop(other);
        assert_eq!(one.grow(10, now), Ok(()));
    }

    #[test]
    fn a_share_that_nobody_gave_back_ends() {
        let memory = Memory::default();
        let now = Timestamp::from_ms(0);
        let (lost, other) = (memory.share(), memory.share());
        assert_eq!(lost.grow(BUDGET, now), Ok(()));
        assert_eq!(other.grow(1, now.plus_ms(SHARE_MS - 1)), Err(Full));
        assert_eq!(other.grow(1, now.plus_ms(SHARE_MS)), Ok(()));
    }
}
