//! Passwords: hashed with Argon2id (RFC 9106), kept as PHC strings.
//!
//! Guarantees: at most `MAX_AT_ONCE` passwords are worked on at once in an isolate; an unknown account takes the time
//! of a known one; a stored hash that is damaged or asks for absurd work never matches and costs no more than usual.
//! Argon2's blocks are allocated once and used again, because a WASM memory grows and never shrinks.
//! Relies on: the caller for the salt's randomness and for limits on attempts and on a password's length.

use crate::passwords::phc::Phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::cell::{Cell, RefCell};
use storeroom_operations::{Code, Problem};

mod phc;

/// Most passwords at once in an isolate: each keeps its thread for tens of milliseconds.
pub const MAX_AT_ONCE: u32 = 2;
/// Bytes of a hash.
const HASH_LENGTH: usize = 32;
/// The salt of the work that is done for accounts that don't exist.
const DUMMY_SALT: &[u8] = b"no account's salt";

thread_local! {
    /// The memory of every run on this thread. It is not wiped: what it held follows from a password that this
    /// process was given anyway.
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// How much work a hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; they run one after another.
    pub lanes: u32,
}

impl Cost {
    /// What OWASP's Password Storage Cheat Sheet asks for: 19 MiB, two passes, one lane.
    pub const STANDARD: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };
    /// The most that a stored hash may ask for.
    pub const HIGHEST: Self = Self { memory_kib: 65_536, passes: 10, lanes: 4 };

    fn is_bearable(self) -> bool {
        let most = Self::HIGHEST;
        self.memory_kib <= most.memory_kib && self.passes <= most.passes && self.lanes <= most.lanes
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is the account's password.
    pub matches: bool,
    /// Whether the hash was made at another cost than is asked for now, so that a login should store a new one.
    pub outdated: bool,
}

/// Hashes and checks passwords at one cost.
#[derive(Debug)]
pub struct Passwords {
    cost: Cost,
    inside: Cell<u32>,
}

impl Passwords {
    /// Passwords at that cost.
    pub fn new(cost: Cost) -> Self {
        Self { cost, inside: Cell::new(0) }
    }

    /// Lets the caller in to work on a password; refuses with `unavailable` when enough are at it.
    pub fn enter(&self) -> Result<Permit<'_>, Problem> {
        if self.inside.get() >= MAX_AT_ONCE {
            let detail = "Too many passwords are being checked right now. Try again in a second.";
            return Err(Problem::new(Code::Unavailable, detail).header("Retry-After", "1"));
        }
        self.inside.set(self.inside.get() + 1);
        Ok(Permit { passwords: self })
    }
}

/// The right to work on passwords, given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    passwords: &'a Passwords,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.passwords.inside.set(self.passwords.inside.get().saturating_sub(1));
    }
}

impl Permit<'_> {
    /// The hash to store: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. The salt is random and never used before.
    pub fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, Problem> {
        let cost = self.passwords.cost;
        let hash = argon2id(password, &salt, cost)
            .ok_or_else(|| Problem::new(Code::Internal, "The password could not be hashed."))?;
        Ok(Phc { cost, salt: salt.to_vec(), hash: hash.to_vec() }.to_string())
    }

    /// Whether `password` is the one whose hash is stored; `None` stands for an account that doesn't exist.
    pub fn verify(&self, password: &str, phc: Option<&str>) -> Checked {
        let stored = phc.and_then(Phc::parse).filter(|stored| stored.cost.is_bearable());
        let Some(stored) = stored else { return self.refuse(password) };
        match argon2id(password, &stored.salt, stored.cost) {
            Some(hash) => Checked {
                matches: is_same(&hash, &stored.hash),
                outdated: stored.cost != self.passwords.cost,
            },
            None => self.refuse(password),
        }
    }

    /// Does the usual work and refuses.
    fn refuse(&self, password: &str) -> Checked {
        std::hint::black_box(argon2id(password, DUMMY_SALT, self.passwords.cost));
        Checked { matches: false, outdated: false }
    }
}

/// Argon2id, version 1.3; `None` for a cost or a salt that it does not take, without any work.
fn argon2id(password: &str, salt: &[u8], cost: Cost) -> Option<[u8; HASH_LENGTH]> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_LENGTH)).ok()?;
    let needed = params.block_count();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    BLOCKS.with_borrow_mut(|blocks| {
        if blocks.len() < needed {
            // In two steps, so that the old blocks are gone before the new ones are there.
            *blocks = Vec::new();
            *blocks = vec![Block::new(); needed];
        }
        let mut hash = [0; HASH_LENGTH];
        let memory = blocks.get_mut(..needed)?;
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, memory).ok()?;
        Some(hash)
    })
}

/// Compares in a time that tells nothing about where two hashes differ.
fn is_same(a: &[u8; HASH_LENGTH], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    b.len() == HASH_LENGTH && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests;
