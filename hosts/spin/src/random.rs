//! Chance.
//!
//! Guarantees: the whole buffer is filled.
//! Relies on: `wasi:random/random`, which is cryptographically strong and may give fewer bytes than asked for, but
//! at least one.

use spin_sdk::wasip3::random::random::get_random_bytes;
use storeroom_ports::Random;

/// The system's randomness.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut left = buffer;
        while !left.is_empty() {
            let bytes = get_random_bytes(left.len() as u64);
            let (filled, rest) = left.split_at_mut(bytes.len().min(left.len()));
            filled.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
            left = rest;
        }
    }
}
