//! The versions of a product.

use super::product::{PRODUCT, Product};
use super::{NEXT_CURSOR, VERSION, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

const VERSION_FIELD: Field = Field::required("version", VERSION, "Its number, from 1.");
const AT: Field = Field::required("at", Schema::TIME, "When it was made.");
const ACTOR: Field = Field::required(
    "actor",
    Schema::line(1, 100),
    "Who made it: a user's or a key's id; `system` for a schedule that was due.",
);
const REQUEST_ID: Field = Field::required(
    "request_id",
    Schema::Nullable(&Schema::line(1, 100)),
    "The request that wrote it down; null for a schedule that is due until one has.",
);
const CHANGED: Field = Field::required(
    "changed",
    Schema::List { items: &Schema::line(1, 100), max: 100, unique: true },
    "The members in which it differs from the version before, but `version` and `updated_at`; all of them for the first.",
);
const DELETED: Field =
    Field::required("deleted", Schema::Boolean, "Whether the product was deleted with it.");

/// A version of a product, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Its number, from 1.
    pub version: i64,
    /// When it was made.
    pub at: String,
    /// Who made it.
    pub actor: String,
    /// The request that wrote it down; none for a schedule that is due until one has.
    pub request_id: Option<String>,
    /// The members that changed.
    pub changed: Vec<String>,
    /// Whether the product was deleted with it.
    pub deleted: bool,
}

/// `Revision` as data.
pub const REVISION: Object = Object {
    name: "Revision",
    about: "A version of a product: who made it, when, and what changed.",
    fields: &[VERSION_FIELD, AT, ACTOR, REQUEST_ID, CHANGED, DELETED],
};

/// A page of versions.
pub const REVISION_PAGE: Object = page(
    "RevisionPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&REVISION), max: 250, unique: false },
            "The versions.",
        ),
        NEXT_CURSOR,
    ],
);

/// A version of a product, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WholeRevision {
    /// Its number, from 1.
    pub version: i64,
    /// When it was made.
    pub at: String,
    /// Who made it.
    pub actor: String,
    /// The request that wrote it down; none for a schedule that is due until one has.
    pub request_id: Option<String>,
    /// The members that changed.
    pub changed: Vec<String>,
    /// Whether the product was deleted with it.
    pub deleted: bool,
    /// The product as it was; none where it was deleted.
    pub document: Option<Product>,
}

/// `WholeRevision` as data.
pub const WHOLE_REVISION: Object = Object {
    name: "WholeRevision",
    about: "A version of a product with the product as it was.",
    fields: &[
        VERSION_FIELD,
        AT,
        ACTOR,
        REQUEST_ID,
        CHANGED,
        DELETED,
        Field::required(
            "document",
            Schema::Nullable(&Schema::Object(&PRODUCT)),
            "The product as it was; null where it was deleted.",
        ),
    ],
};
