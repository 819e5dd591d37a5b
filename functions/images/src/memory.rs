//! How much memory uploads take together, where one process serves several at once.
//!
//! Guarantees: together they stay within the budget of `storeroom-pictures`; who would pass it is told to come back.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use storeroom_operations::Problem;
use storeroom_pictures::limits::{MEMORY_BUDGET, total_bytes};
use storeroom_web::call::unavailable;

static TAKEN: AtomicU64 = AtomicU64::new(0);

/// Memory that an upload takes until this is dropped.
#[derive(Debug)]
pub struct Taken(u64);

impl Taken {
    /// Takes what a body of this size and the work on it need. One that is alone always fits: what needs more than there
    /// is was refused before.
    pub fn take(body_bytes: usize, work_bytes: u64) -> Result<Taken, Problem> {
        Taken::of(&TAKEN, total_bytes(body_bytes, work_bytes))
            .map(|()| Taken(total_bytes(body_bytes, work_bytes)))
    }

    fn of(taken: &AtomicU64, bytes: u64) -> Result<(), Problem> {
        let others = taken.fetch_add(bytes, Relaxed);
        if others == 0 || others.saturating_add(bytes) <= MEMORY_BUDGET {
            return Ok(());
        }
        taken.fetch_sub(bytes, Relaxed);
        Err(unavailable("Other images are being taken and fill the memory; nothing was done. Send it again."))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_fit_beside_the_others_is_told_to_come_back() {
        let taken = AtomicU64::new(0);
        assert!(Taken::of(&taken, MEMORY_BUDGET + 1).is_ok(), "alone");
        assert!(Taken::of(&taken, 1).is_err());
        taken.store(MEMORY_BUDGET - 10, Relaxed);
        assert!(Taken::of(&taken, 10).is_ok());
        assert!(Taken::of(&taken, 1).is_err());
        assert_eq!(taken.load(Relaxed), MEMORY_BUDGET);
    }
}
