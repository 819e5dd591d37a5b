//! The shapes that operations take and answer with: each a Rust type and its `Object` side by side.
//!
//! Guarantees: a body that `validate` passes deserialises into the type; a document of the database reads into its
//! type and prints back to the same JSON (tested against the real views).

pub mod event;
pub mod product;
pub mod system;

use crate::schema::{Field, Object, Schema};

/// The answer of a list.
pub const fn page(name: &'static str, fields: &'static [Field]) -> Object {
    Object { name, about: "One page of a list.", fields }
}

/// The `next_cursor` of every list.
pub const NEXT_CURSOR: Field = Field::required(
    "next_cursor",
    Schema::Nullable(&Schema::line(1, 2000)),
    "Where the next page begins, or null at the end.",
);
