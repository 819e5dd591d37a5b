//! How much memory uploads take together, where one process serves several at once.
//!
//! Guarantees: together they stay within the budget of `storeroom-pictures`; who would pass it is told to come back. A share
//! ends by itself: a platform that gives up a request does not always say so.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_pictures::limits::{MEMORY_BUDGET, total_bytes};
use storeroom_web::call::unavailable;

/// For how long a share counts, in milliseconds: no upload takes as long.
const SHARE_MS: i64 = 120_000;

static SHARES: Mutex<Shares> = Mutex::new(Shares { last: 0, by_number: BTreeMap::new() });

/// Memory that an upload takes until this is dropped.
#[derive(Debug)]
pub struct Taken(u64);

#[derive(Debug)]
struct Shares {
    last: u64,
    /// Bytes, and until when they count.
    by_number: BTreeMap<u64, (u64, Timestamp)>,
}

impl Taken {
    /// Takes what a body of this size and the work on it need. One that is alone always fits: what needs more than there
    /// is was refused before.
    pub fn take(body_bytes: usize, work_bytes: u64, now: Timestamp) -> Result<Taken, Problem> {
        let mut shares = SHARES.lock().unwrap_or_else(PoisonError::into_inner);
        shares.take(total_bytes(body_bytes, work_bytes), now).map(Taken)
    }
}

impl Shares {
    fn take(&mut self, bytes: u64, now: Timestamp) -> Result<u64, Problem> {
        self.by_number.retain(|_, (_, until)| *until > now);
        let others: u64 = self.by_number.values().map(|(bytes, _)| bytes).sum();
        if others > 0 && others.saturating_add(bytes) > MEMORY_BUDGET {
            return Err(unavailable(
                "Other images are being taken and fill the memory; nothing was done. Send it again.",
            ));
        }
        self.last = self.last.wrapping_add(1);
        self.by_number.insert(self.last, (bytes, now.plus_ms(SHARE_MS)));
        Ok(self.last)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        SHARES.lock().unwrap_or_else(PoisonError::into_inner).by_number.remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_fit_beside_the_others_is_told_to_come_back() {
        let mut shares = Shares { last: 0, by_number: BTreeMap::new() };
        let now = Timestamp::from_ms(0);
        let alone = shares.take(MEMORY_BUDGET + 1, now).unwrap();
        assert!(shares.take(1, now).is_err());
        shares.by_number.remove(&alone);
        assert!(shares.take(MEMORY_BUDGET - 10, now).is_ok());
        assert!(shares.take(10, now).is_ok());
        assert!(shares.take(1, now).is_err());
        assert!(shares.take(1, now.plus_ms(SHARE_MS)).is_ok(), "what nobody gave back");
    }
}
