//! API keys, their secrets and their use.
//!
//! Guarantees: a type that carries a secret has no `Debug`, so that it cannot reach a log.

use super::{NAME, NEXT_CURSOR, ROLE, VERSION, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// Most days that a key's use is shown for.
pub const MAX_USAGE_DAYS: i64 = 400;
/// 30 days.
const MAX_OVERLAP_S: i64 = 2_592_000;

const DAY: Schema = Schema::line(10, 10);
const TIME_OR_NULL: Schema = Schema::Nullable(&Schema::TIME);

const ID_FIELD: Field = Field::required("id", Schema::id("key_"), "Its id.");
const NAME_FIELD: Field = Field::required("name", NAME, "What it is for.");
const ROLE_FIELD: Field = Field::required("role", ROLE, "What it may do in its store.");
const GENERATION_FIELD: Field = Field::required("generation", VERSION, "Counts its secrets, from 1.");
const EXPIRES_AT_FIELD: Field =
    Field::required("expires_at", TIME_OR_NULL, "Until when it is good; null is for good.");
const REVOKED_AT_FIELD: Field =
    Field::required("revoked_at", TIME_OR_NULL, "Since when it is good no more; null while it is.");
const OVERLAP_UNTIL_FIELD: Field = Field::required(
    "overlap_until",
    TIME_OR_NULL,
    "Until when the secret before is good too; null where there is none.",
);
const CREATED_AT_FIELD: Field = Field::required("created_at", Schema::TIME, "When it was made.");
const CREATED_BY_FIELD: Field = Field::required("created_by", Schema::line(1, 100), "Who made it.");
const VERSION_FIELD: Field = Field::required("version", VERSION, "Counts its changes.");
const LAST_USED_ON_FIELD: Field = Field::required(
    "last_used_on",
    Schema::Nullable(&DAY),
    "The last day (UTC) on which it was used, such as `2026-11-20`; null before the first.",
);

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do in its store.
    pub role: String,
    /// Counts its secrets, from 1.
    pub generation: i64,
    /// Until when it is good.
    pub expires_at: Option<String>,
    /// Since when it is good no more.
    pub revoked_at: Option<String>,
    /// Until when the secret before is good too.
    pub overlap_until: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The last day (UTC) on which it was used.
    pub last_used_on: Option<String>,
}

/// `Key` as data.
pub const KEY: Object = Object {
    name: "Key",
    about: "An API key of a store, without its secret.",
    fields: &[
        ID_FIELD,
        NAME_FIELD,
        ROLE_FIELD,
        GENERATION_FIELD,
        EXPIRES_AT_FIELD,
        REVOKED_AT_FIELD,
        OVERLAP_UNTIL_FIELD,
        CREATED_AT_FIELD,
        CREATED_BY_FIELD,
        VERSION_FIELD,
        LAST_USED_ON_FIELD,
    ],
};

/// A page of keys.
pub const KEY_PAGE: Object = page(
    "KeyPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&KEY), max: 250, unique: false },
            "The keys.",
        ),
        NEXT_CURSOR,
    ],
);

/// An API key with its secret, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// The key.
    #[serde(flatten)]
    pub record: Key,
    /// What is sent as `X-Api-Key`: `<id>.<generation>`.
    pub key: String,
    /// What requests are signed with; a replayed answer leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// `NewKey` as data.
pub const NEW_KEY: Object = Object {
    name: "NewKey",
    about: "An API key with its secret, which is shown this once.",
    fields: &[
        ID_FIELD,
        NAME_FIELD,
        ROLE_FIELD,
        GENERATION_FIELD,
        EXPIRES_AT_FIELD,
        REVOKED_AT_FIELD,
        OVERLAP_UNTIL_FIELD,
        CREATED_AT_FIELD,
        CREATED_BY_FIELD,
        VERSION_FIELD,
        LAST_USED_ON_FIELD,
        Field::required("key", Schema::line(32, 60), "To be sent as `X-Api-Key`: `<id>.<generation>`."),
        Field::optional(
            "secret",
            Schema::line(20, 200),
            "What requests are signed with; left out when a request is repeated under its `Idempotency-Key`.",
        ),
    ],
};

/// A key as it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyInput {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// Until when it is good.
    #[serde(default)]
    pub expires_at: Option<String>,
}

/// `KeyInput` as data.
pub const KEY_INPUT: Object = Object {
    name: "KeyInput",
    about: "A key as it is made.",
    fields: &[
        Field::required("name", NAME, "What it is for."),
        Field::required("role", ROLE, "What it may do in its store; only an owner grants `owner`."),
        Field::optional("expires_at", TIME_OR_NULL, "Until when it is good; left out, it is for good."),
    ],
};

/// How long the secret before stays good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateInput {
    /// How long the secret before stays good, in seconds.
    #[serde(default)]
    pub overlap_seconds: i64,
}

/// `RotateInput` as data.
pub const ROTATE_INPUT: Object = Object {
    name: "RotateInput",
    about: "How long the secret before stays good.",
    fields: &[Field::optional(
        "overlap_seconds",
        Schema::Integer { min: 0, max: MAX_OVERLAP_S },
        "How long the secret before stays good, in seconds; left out, it is good no more.",
    )],
};

/// A key's use by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyUsage {
    /// The days on which it was used, newest first.
    pub items: Vec<KeyUsageDay>,
}

/// What a key was used for on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyUsageDay {
    /// The day in UTC, such as `2026-11-20`.
    pub day: String,
    /// How many requests it signed.
    pub requests: i64,
}

/// `KeyUsage` as data.
pub const KEY_USAGE: Object = Object {
    name: "KeyUsage",
    about: "How much a key was used.",
    fields: &[Field::required(
        "items",
        Schema::List { items: &Schema::Object(&KEY_USAGE_DAY), max: 400, unique: false },
        "The days on which it was used, newest first.",
    )],
};

const KEY_USAGE_DAY: Object = Object {
    name: "KeyUsageDay",
    about: "How much a key was used on a day.",
    fields: &[
        Field::required("day", DAY, "The day in UTC, such as `2026-11-20`."),
        Field::required(
            "requests",
            Schema::Integer { min: 0, max: i64::MAX },
            "How many requests it signed.",
        ),
    ],
};
