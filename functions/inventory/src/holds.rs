//! Holds: stock set aside for a while, and what becomes of it.
//!
//! Guarantees: a hold resolves once; an expired one counts in no read and refuses no write, whether or not its expiry
//! was written down.

pub mod commit;
pub mod create;
pub mod extend;
mod lines;
pub mod read;
pub mod release;
mod steps;
