//! Chance: cryptographically strong on every host but the test bed, which seeds it.

use storeroom_domain::Timestamp;
use storeroom_domain::id::{Id, Kind};

/// A source of random bytes.
pub trait Random {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A new id for a moment.
pub fn new_id<K: Kind>(random: &dyn Random, now: Timestamp) -> Id<K> {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    Id::new(now.ms(), bytes)
}
