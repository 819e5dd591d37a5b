//! Pictures: bytes that somebody sent become an original without metadata, its facts and its renditions, or a refusal.
//!
//! Guarantees: pure and sync, no clock, no IO, no panic; the same bytes give the same answer. What a picture is, is read
//! from its content alone. Size, pixels and the memory that the work takes are checked before anything is decoded. An
//! original keeps its pixels untouched, and nothing that does not show: no position, no camera, no comment, no bytes
//! after its end.
//! Relies on: a caller that takes no more than `limits::MAX_BYTES` into memory.

mod bytes;
mod colour_profile;
mod container;
mod decode;
mod encode;
mod exif;
pub mod format;
pub mod limits;
mod orientation;
mod placeholder;
mod prepare;
pub mod preset;
mod reduce;
mod refusal;
mod scale;
#[cfg(test)]
mod tests;

pub use format::Format;
pub use orientation::Orientation;
pub use prepare::{Checked, Prepared, Rendition, open, prepare};
pub use preset::Preset;
pub use refusal::Refused;
