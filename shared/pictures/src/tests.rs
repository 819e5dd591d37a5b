//! Pictures of every kind, made here, and what becomes of them: right pixels, or a refusal that says why.
//!
//! The files in `corpus/` are what no encoder in Rust writes: lossy WebP. They are the picture of `sample`, saved by
//! libwebp at quality 80.

mod animations;
mod damaged;
mod jpegs;
mod metadata;
mod pngs;
mod sample;
mod webps;
