//! Tests by the ids of `SPEC.md`; the simulation of the whole is `tests/room_sim`.

mod access;
#[cfg(feature = "schema")]
mod asyncapi;
mod bench;
mod gathering;
mod limits;
mod presence;
mod rules;
mod shared;
mod simulation;
mod sleep;
mod slow;
mod world;
