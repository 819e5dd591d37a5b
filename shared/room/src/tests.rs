//! The rules of `SPEC.md`, each by name, and a simulation that breaks what can break.

mod access;
mod bench;
mod limits;
mod rules;
mod simulation;
mod sleep;
mod world;
