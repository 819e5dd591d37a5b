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
/// What those have together of whom nothing is known yet, so that they cannot keep the others out.
const STRANGERS: u64 = 40 * 1024 * 1024;
/// For how long a share counts after it grew, in milliseconds: no upload rests as long.
const SHARE_MS: i64 = 120_000;

/// What large requests have taken of the process's memory.
#[derive(Debug, Default)]
pub struct Memory(RefCell<Shares>);

#[derive(Debug, Default)]
struct Shares {
    last: u64,
    by_number: BTreeMap<u64, Taken>,
}

#[derive(Debug)]
struct Taken {
    bytes: u64,
    /// When it counts no more.
    until: Timestamp,
    whose: Whose,
}

/// Who takes memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Somebody whose credential is good.
    Known,
    /// Somebody whose signature can only be looked at when the body is there.
    Unknown,
}

/// What one request has taken, until this is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    memory: &'a Memory,
    number: u64,
    whose: Whose,
}

/// The others take so much that this does not fit beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Memory {
    /// A share of nothing yet.
    pub fn share(&self, whose: Whose) -> Share<'_> {
        let mut shares = self.0.borrow_mut();
        shares.last = shares.last.wrapping_add(1);
        Share { memory: self, number: shares.last, whose }
    }
}

impl Share<'_> {
    /// Takes so many bytes more.
    pub fn grow(&self, bytes: u64, now: Timestamp) -> Result<(), Full> {
        let Shares { by_number, .. } = &mut *self.memory.0.borrow_mut();
        by_number.retain(|_, taken| taken.until > now);
        let taken = |whose: &[Whose]| {
            let shares = by_number.values().filter(|taken| whose.contains(&taken.whose));
            shares.fold(bytes, |sum, taken| sum.saturating_add(taken.bytes))
        };
        let is_strange = self.whose == Whose::Unknown;
        if taken(&[Whose::Known, Whose::Unknown]) > BUDGET
            || is_strange && taken(&[Whose::Unknown]) > STRANGERS
        {
            return Err(Full);
        }
        let fresh = Taken { bytes: 0, until: now, whose: self.whose };
        let own = by_number.entry(self.number).or_insert(fresh);
        own.bytes = own.bytes.saturating_add(bytes);
        own.until = now.plus_ms(SHARE_MS);
        Ok(())
    }

    /// Gives back all but so many bytes.
    pub fn shrink_to(&self, bytes: u64) {
        if let Some(own) = self.memory.0.borrow_mut().by_number.get_mut(&self.number) {
            own.bytes = own.bytes.min(bytes);
        }
    }

    /// Notes that the credential was found to be good.
    pub fn now_known(&mut self) {
        self.whose = Whose::Known;
        if let Some(own) = self.memory.0.borrow_mut().by_number.get_mut(&self.number) {
            own.whose = Whose::Known;
        }
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
        let (one, other) = (memory.share(Whose::Known), memory.share(Whose::Known));
        assert_eq!(one.grow(BUDGET - 10, now), Ok(()));
        assert_eq!(other.grow(11, now), Err(Full));
        assert_eq!(other.grow(10, now), Ok(()));
        assert_eq!(one.grow(1, now), Err(Full));
        drop(other);
        assert_eq!(one.grow(10, now), Ok(()));
    }

    #[test]
    fn strangers_leave_room_for_others_until_they_are_known() {
        let memory = Memory::default();
        let now = Timestamp::from_ms(0);
        let (mut one, two, other) =
            (memory.share(Whose::Unknown), memory.share(Whose::Unknown), memory.share(Whose::Known));
        assert_eq!(one.grow(STRANGERS, now), Ok(()));
        assert_eq!(two.grow(1, now), Err(Full));
        assert_eq!(other.grow(BUDGET - STRANGERS, now), Ok(()));
        other.shrink_to(0);
        one.now_known();
        assert_eq!(two.grow(STRANGERS, now), Ok(()));
        assert_eq!(one.grow(BUDGET - 2 * STRANGERS, now), Ok(()));
    }

    #[test]
    fn a_share_that_nobody_gave_back_ends() {
        let memory = Memory::default();
        let now = Timestamp::from_ms(0);
        let (lost, other) = (memory.share(Whose::Known), memory.share(Whose::Known));
        assert_eq!(lost.grow(BUDGET, now), Ok(()));
        assert_eq!(other.grow(1, now.plus_ms(SHARE_MS - 1)), Err(Full));
        assert_eq!(other.grow(1, now.plus_ms(SHARE_MS)), Ok(()));
    }
}
