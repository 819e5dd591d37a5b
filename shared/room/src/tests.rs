//! Tests by the ids of `SPEC.md`, a file a part of it. The room as a whole, with everything around it that fails, is
//! simulated in `tests/room_sim`.

mod access;
#[cfg(feature = "schema")]
mod asyncapi;
mod bench;
mod gathering;
mod limits;
mod presence;
mod rules;
mod shared;
mod sleep;
mod slow;
