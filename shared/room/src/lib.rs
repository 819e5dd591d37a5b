//! The room of a store: who is connected, and the store's events as they happen.
//!
//! Guarantees: deterministic, no clock, no randomness, no await; the rules of `SPEC.md`, whose ids stand in the
//! names of the tests. A client with a cursor is sent every event after it that it may read and asked for, in
//! order, each once, or a `reset`; lost, doubled and reordered nudges do not show. Whoever is no member any more is
//! sent nothing from the event on that says so. Members see where the others are and share values. A client that does
//! not read is closed; a burst is gathered.
//! Relies on: the log having no holes in `seq`; a host that runs the effects in order and keeps what `Keep` and
//! `Save` hand out for `Room::restore`.

mod access;
#[cfg(feature = "schema")]
pub mod asyncapi;
pub mod connection;
mod delivery;
mod hello;
mod in_flight;
mod kept;
pub mod log;
mod pace;
mod presence;
pub mod protocol;
pub mod room;
mod shared;
mod slow;
pub mod step;
#[cfg(test)]
mod tests;

pub use connection::{ConnectionId, ConnectionState, Member};
pub use log::{LogEvent, LogPage};
pub use protocol::{CloseCode, PROTOCOL};
pub use room::Room;
pub use step::{Effect, Input, Message};
