//! The room of a store: who is connected, and the store's events as they happen.
//!
//! Guarantees: deterministic, no clock, no randomness, no await; the rules of `SPEC.md`, whose ids stand in the
//! names of the tests. A client with a cursor is sent every event after it that it may read and asked for, in
//! order, each once, or a `reset`; lost, doubled and reordered nudges do not show. Whoever is no member any more is
//! sent nothing from the event on that says so.
//! Relies on: the log having no holes in `seq`; a host that runs the effects in order and keeps what `Persist` and
//! `Save` hand out for `Room::restore`.

mod access;
pub mod connection;
mod delivery;
pub mod log;
pub mod protocol;
pub mod room;
pub mod step;
#[cfg(test)]
mod tests;

pub use connection::{ConnectionId, ConnectionState, Member};
pub use log::{LogEvent, LogPage, Snapshot};
pub use protocol::{CloseCode, PROTOCOL};
pub use room::Room;
pub use step::{Effect, Input, Message};
