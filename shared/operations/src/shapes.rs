//! The shapes that operations take and answer with: each a Rust type and its `Object` side by side.
//!
//! Guarantees: a body that `validate` passes deserialises into the type; a document of the database reads into its
//! type and prints back to the same JSON (tested against the real views).

pub mod account;
pub mod audit;
pub mod bulk;
pub mod dashboard;
pub mod event;
pub mod hold;
pub mod image;
pub mod incoming;
pub mod inventory;
pub mod job;
pub mod key;
pub mod member;
pub mod order;
pub mod product;
pub mod revision;
pub mod store;
pub mod system;
pub mod webhook;

use crate::schema::{Field, Object, Schema};

/// A name of a person, a store or a key.
const NAME: Schema = Schema::line(1, 100);
/// A member's or a key's role, weakest first.
const ROLE: Schema = Schema::OneOf(&["viewer", "editor", "fulfilment", "admin", "owner"]);
/// Counts the changes of a thing.
const VERSION: Schema = Schema::Integer { min: 1, max: i64::MAX };

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

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_domain::role::ROLES;

    #[test]
    fn roles_are_the_domains() {
        let names = ROLES.map(|role| role.as_str());
        assert!(matches!(ROLE, Schema::OneOf(words) if words == names));
    }
}
