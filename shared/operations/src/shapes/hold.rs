//! Holds: stock set aside for a while.

use super::VERSION;
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// Most lines of a hold.
pub const MAX_HOLD_LINES: usize = 1_000;
/// Most units of a line.
const MAX_QUANTITY: i64 = 1_000_000;
/// A week.
const MAX_EXPIRES_IN_S: i64 = 604_800;

/// The states of a hold: it is open until it resolves, once.
pub const HOLD_STATES: &[&str] = &["open", "committed", "released", "expired"];

const QUANTITY: Schema = Schema::Integer { min: 1, max: MAX_QUANTITY };
const EXPIRES_IN: Schema = Schema::Integer { min: 1, max: MAX_EXPIRES_IN_S };
const REFERENCE: Schema = Schema::Nullable(&Schema::line(1, 200));
const VARIANT_FIELD: Field = Field::required("variant_id", Schema::id("var_"), "The variant.");

/// What a hold has of a variant at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldLine {
    /// The variant.
    pub variant_id: String,
    /// The location.
    pub location_id: String,
    /// How many were set aside.
    pub quantity: i64,
    /// How many left when the hold was committed.
    pub committed: i64,
}

/// `HoldLine` as data.
pub const HOLD_LINE: Object = Object {
    name: "HoldLine",
    about: "What a hold has of a variant at a location.",
    fields: &[
        VARIANT_FIELD,
        Field::required("location_id", Schema::id("loc_"), "The location."),
        Field::required("quantity", QUANTITY, "How many were set aside."),
        Field::required(
            "committed",
            Schema::Integer { min: 0, max: MAX_QUANTITY },
            "How many left when the hold was committed.",
        ),
    ],
};

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// One of `HOLD_STATES`.
    pub state: String,
    /// What it has.
    pub lines: Vec<HoldLine>,
    /// From when on it keeps nothing.
    pub expires_at: String,
    /// The client's own name for it.
    pub reference: Option<String>,
    /// The order that it became.
    pub order_id: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
}

/// `Hold` as data.
pub const HOLD: Object = Object {
    name: "Hold",
    about: "Stock set aside for a while. A hold resolves once: it is committed, released, or it expires.",
    fields: &[
        Field::required("id", Schema::id("hld_"), "Its id."),
        Field::required("state", Schema::OneOf(HOLD_STATES), "Whether it is open, or what it became."),
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&HOLD_LINE), max: MAX_HOLD_LINES, unique: false },
            "What it has.",
        ),
        Field::required(
            "expires_at",
            Schema::TIME,
            "From when on it keeps nothing, unless it resolved before.",
        ),
        Field::required("reference", REFERENCE, "The client's own name for it."),
        Field::required("order_id", Schema::Nullable(&Schema::id("ord_")), "The order that it became."),
        Field::required("version", VERSION, "Counts its changes."),
        Field::required("created_at", Schema::TIME, "When it was made."),
    ],
};

/// How many of a variant at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldLineInput {
    /// The variant.
    pub variant_id: String,
    /// The location; the store's default when there is none.
    #[serde(default)]
    pub location_id: Option<String>,
    /// How many.
    pub quantity: i64,
}

/// `HoldLineInput` as data.
pub const HOLD_LINE_INPUT: Object = Object {
    name: "HoldLineInput",
    about: "How many of a variant at a location.",
    fields: &[
        VARIANT_FIELD,
        Field::optional(
            "location_id",
            Schema::Nullable(&Schema::id("loc_")),
            "The location; left out, the store's default.",
        ),
        Field::required("quantity", QUANTITY, "How many."),
    ],
};

const LINES: Schema =
    Schema::List { items: &Schema::Object(&HOLD_LINE_INPUT), max: MAX_HOLD_LINES, unique: false };

/// A hold as it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldInput {
    /// What to set aside.
    pub lines: Vec<HoldLineInput>,
    /// For how long, in seconds; as the store's settings say when there is none.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// The client's own name for it.
    #[serde(default)]
    pub reference: Option<String>,
}

/// `HoldInput` as data.
pub const HOLD_INPUT: Object = Object {
    name: "HoldInput",
    about: "A hold as it is made: all of its lines are set aside, or nothing is.",
    fields: &[
        Field::required("lines", LINES, "What to set aside, at least one line; a variant once a location."),
        Field::optional(
            "expires_in",
            Schema::Nullable(&EXPIRES_IN),
            "For how long, in seconds; left out, as the store's `hold_expiry_seconds` says.",
        ),
        Field::optional("reference", REFERENCE, "The client's own name for it, such as a basket's."),
    ],
};

/// What of a hold is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldCommitInput {
    /// What leaves; everything when there is none.
    #[serde(default)]
    pub lines: Option<Vec<HoldLineInput>>,
}

/// `HoldCommitInput` as data.
pub const HOLD_COMMIT_INPUT: Object = Object {
    name: "HoldCommitInput",
    about: "What of a hold is committed. The rest is available again.",
    fields: &[Field::optional(
        "lines",
        Schema::Nullable(&LINES),
        "What leaves, at least one line and no more than the hold has; left out, all that it has.",
    )],
};

/// For how much longer a hold stays open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldExtendInput {
    /// For how long from now, in seconds.
    pub expires_in: i64,
}

/// `HoldExtendInput` as data.
pub const HOLD_EXTEND_INPUT: Object = Object {
    name: "HoldExtendInput",
    about: "For how much longer a hold stays open.",
    fields: &[Field::required("expires_in", EXPIRES_IN, "For how long from now, in seconds.")],
};
