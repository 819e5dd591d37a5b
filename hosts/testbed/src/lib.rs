//! The functions in process, for tests: embedded libSQL, rooms in memory, a clock that is set by hand.
//!
//! Guarantees: deterministic for a seed; nothing is shared between two test beds; the database is real.
//! Relies on: crate `libsql` and the files in `migrations/`.

mod counted;
pub mod embedded;
pub mod http;
mod keys;
pub mod plans;
mod played;
pub mod ports;
mod shop;

pub use ::http::{HeaderName, HeaderValue};
pub use counted::{Counted, Fault};
pub use keys::{ApiKey, Signing, content_digest};
pub use played::{PlayedRoom, PlayedSocket};
pub use ports::{ManualClock, Recorded, SeededRandom};
pub use shop::{Member, ORIGIN, Reply, SESSION_S, Testbed, request};
