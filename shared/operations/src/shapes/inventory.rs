//! Stock: locations, levels, movements, thresholds and alerts.

use super::{NEXT_CURSOR, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// Most lines of a body.
pub const MAX_LINES: usize = 1_000;
/// Most units that one line of an adjustment adds or takes, and that one line of a transfer moves.
pub const MAX_MOVED: i64 = 1_000_000;
/// Most units that a count or a threshold may say.
pub const MAX_ON_HAND: i64 = 1_000_000_000;

const VARIANT: Schema = Schema::id("var_");
const LOCATION_ID: Schema = Schema::id("loc_");
const SKU: Schema = Schema::line(1, 64);
const ACTOR: Schema = Schema::line(1, 100);
const COUNT: Schema = Schema::Integer { min: 0, max: i64::MAX };
const SIGNED: Schema = Schema::Integer { min: i64::MIN, max: i64::MAX };
const COUNTED: Schema = Schema::Integer { min: 0, max: MAX_ON_HAND };
const REASON: Schema = Schema::line(1, 100);
const REFERENCE: Schema = Schema::line(1, 100);

const VARIANT_FIELD: Field = Field::required("variant_id", VARIANT, "The variant.");
const WHERE: Field =
    Field::optional("location_id", LOCATION_ID, "Where; the store's default location when left out.");

/// A place where stock is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is meant where none is named.
    pub is_default: bool,
    /// When it was made.
    pub created_at: String,
}

/// `Location` as data.
pub const LOCATION: Object = Object {
    name: "Location",
    about: "A place where stock is.",
    fields: &[
        Field::required("id", LOCATION_ID, "Its id."),
        Field::required("name", Schema::line(1, 100), "What people call it."),
        Field::required("is_default", Schema::Boolean, "Whether it is meant where none is named."),
        Field::required("created_at", Schema::TIME, "When it was made."),
    ],
};

/// A page of locations.
pub const LOCATION_PAGE: Object = page(
    "LocationPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&LOCATION), max: 250, unique: false },
            "The locations, newest first.",
        ),
        NEXT_CURSOR,
    ],
);

/// A new location.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationInput {
    /// What people call it.
    pub name: String,
}

/// `LocationInput` as data.
pub const LOCATION_INPUT: Object = Object {
    name: "LocationInput",
    about: "A new location; a store has at most 100.",
    fields: &[Field::required("name", Schema::line(1, 100), "What people call it.")],
};

/// What a store has of a variant at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The variant.
    pub variant_id: String,
    /// Its SKU.
    pub sku: String,
    /// The location.
    pub location_id: String,
    /// Units that are there.
    pub on_hand: i64,
    /// Units of open holds.
    pub held: i64,
    /// Units of orders that are not shipped.
    pub committed: i64,
    /// Units on their way to it.
    pub incoming: i64,
    /// Units that can be sold or held.
    pub available: i64,
    /// At how many available units it is low; nothing for the store's default.
    pub threshold: Option<i64>,
}

/// `Level` as data.
pub const LEVEL: Object = Object {
    name: "StockLevel",
    about: "What a store has of a variant at a location, in units.",
    fields: &[
        VARIANT_FIELD,
        Field::required("sku", SKU, "The variant's SKU."),
        Field::required("location_id", LOCATION_ID, "The location."),
        Field::required("on_hand", COUNT, "Units that are there."),
        Field::required("held", COUNT, "Units of open holds."),
        Field::required("committed", COUNT, "Units of orders that are not shipped."),
        Field::required("incoming", COUNT, "Units on their way to it."),
        Field::required("available", COUNT, "Units that can be sold or held: `on_hand - held - committed`."),
        Field::required(
            "threshold",
            Schema::Nullable(&COUNTED),
            "At how many available units it is low; 0 is off, null the store's default.",
        ),
    ],
};

/// A page of levels.
pub const LEVEL_PAGE: Object = page(
    "StockLevelPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&LEVEL), max: 250, unique: false },
            "The levels, those of the newest variant first.",
        ),
        NEXT_CURSOR,
    ],
);

/// The levels that a request was about, as they are since; also the data of `stock.adjusted`.
pub const LEVELS: Object = Object {
    name: "StockLevels",
    about: "The levels that the request was about, as they are since. The events `stock.adjusted` and \
        `stock.transferred` have the same as their `data`; their subject is `stock`.",
    fields: &[Field::required(
        "lines",
        Schema::List { items: &Schema::Object(&LEVEL), max: 2 * MAX_LINES, unique: false },
        "A level once, in the order of the lines.",
    )],
};

/// One line of an adjustment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustLine {
    /// The variant.
    pub variant_id: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_id: Option<String>,
    /// Units that came, or went.
    pub delta: i64,
    /// Why.
    pub reason: String,
    /// The client's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

const ADJUST_LINE: Object = Object {
    name: "AdjustLine",
    about: "Units of a variant that came or went.",
    fields: &[
        VARIANT_FIELD,
        WHERE,
        Field::required(
            "delta",
            Schema::Integer { min: -MAX_MOVED, max: MAX_MOVED },
            "Units that came, or, below 0, went; not 0.",
        ),
        Field::required("reason", REASON, "Why, for the history."),
        Field::optional("reference", REFERENCE, "A reference of your own, for the history."),
    ],
};

/// An adjustment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustInput {
    /// What came and went.
    pub lines: Vec<AdjustLine>,
}

/// `AdjustInput` as data.
pub const ADJUST_INPUT: Object = Object {
    name: "AdjustInput",
    about: "What came and went, all of it or nothing. Lines about the same level are summed before they are judged.",
    fields: &[Field::required(
        "lines",
        Schema::List { items: &Schema::Object(&ADJUST_LINE), max: MAX_LINES, unique: false },
        "At least one line.",
    )],
};

/// One line of a count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLine {
    /// The variant.
    pub variant_id: String,
    /// Where.
    pub location_id: Option<String>,
    /// Units that are there.
    pub on_hand: i64,
    /// Units that were thought to be there.
    pub from: i64,
    /// Why.
    pub reason: String,
    /// The client's own reference.
    pub reference: Option<String>,
}

const SET_LINE: Object = Object {
    name: "SetLine",
    about: "Units of a variant that were counted.",
    fields: &[
        VARIANT_FIELD,
        WHERE,
        Field::required("on_hand", COUNTED, "Units that are there."),
        Field::required(
            "from",
            COUNTED,
            "Units that were there as you know it: refused if that has changed.",
        ),
        Field::required("reason", REASON, "Why, for the history."),
        Field::optional("reference", REFERENCE, "A reference of your own, for the history."),
    ],
};

/// A count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetInput {
    /// What was counted.
    pub lines: Vec<SetLine>,
}

/// `SetInput` as data.
pub const SET_INPUT: Object = Object {
    name: "SetInput",
    about: "What was counted, all of it or nothing; each level once.",
    fields: &[Field::required(
        "lines",
        Schema::List { items: &Schema::Object(&SET_LINE), max: MAX_LINES, unique: false },
        "At least one line.",
    )],
};

/// One line of a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferLine {
    /// The variant.
    pub variant_id: String,
    /// Units that go.
    pub quantity: i64,
}

const TRANSFER_LINE: Object = Object {
    name: "TransferLine",
    about: "Units of a variant that go from one location to the other.",
    fields: &[
        VARIANT_FIELD,
        Field::required("quantity", Schema::Integer { min: 1, max: MAX_MOVED }, "Units that go."),
    ],
};

/// A transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferInput {
    /// Where the stock leaves.
    pub from_location_id: String,
    /// Where it arrives.
    pub to_location_id: String,
    /// What goes.
    pub lines: Vec<TransferLine>,
    /// Why.
    pub reason: Option<String>,
    /// The client's own reference.
    pub reference: Option<String>,
}

/// `TransferInput` as data.
pub const TRANSFER_INPUT: Object = Object {
    name: "TransferInput",
    about: "What goes from one location to another, all of it or nothing; each variant once.",
    fields: &[
        Field::required("from_location_id", LOCATION_ID, "Where the stock leaves."),
        Field::required("to_location_id", LOCATION_ID, "Where it arrives: another location."),
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&TRANSFER_LINE), max: MAX_LINES, unique: false },
            "At least one line.",
        ),
        Field::optional("reason", REASON, "Why, for the history."),
        Field::optional("reference", REFERENCE, "A reference of your own, for the history."),
    ],
};

/// One line of thresholds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdLine {
    /// The variant.
    pub variant_id: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_id: Option<String>,
    /// At how many available units it is low; nothing for the store's default.
    pub threshold: Option<i64>,
}

const THRESHOLD_LINE: Object = Object {
    name: "ThresholdLine",
    about: "At how many available units a level is low.",
    fields: &[
        VARIANT_FIELD,
        WHERE,
        Field::required("threshold", Schema::Nullable(&COUNTED), "0 is off, null the store's default."),
    ],
};

/// New thresholds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdsInput {
    /// The levels' thresholds.
    pub lines: Vec<ThresholdLine>,
}

/// `ThresholdsInput` as data.
pub const THRESHOLDS_INPUT: Object = Object {
    name: "ThresholdsInput",
    about: "The thresholds of levels; each level once.",
    fields: &[Field::required(
        "lines",
        Schema::List { items: &Schema::Object(&THRESHOLD_LINE), max: MAX_LINES, unique: false },
        "At least one line.",
    )],
};

/// One movement of stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Its place in the store's ledger.
    pub seq: i64,
    /// When.
    pub at: String,
    /// The variant.
    pub variant_id: String,
    /// Its SKU; nothing when the variant is gone.
    pub sku: Option<String>,
    /// The location.
    pub location_id: String,
    /// What kind of movement.
    pub kind: String,
    /// Units that came or went.
    pub delta: i64,
    /// Units on hand before.
    pub before: i64,
    /// Units on hand after.
    pub after: i64,
    /// Why.
    pub reason: Option<String>,
    /// What it belongs to.
    pub reference: Option<String>,
    /// Who moved it.
    pub actor: String,
    /// The request that moved it.
    pub request_id: String,
}

/// `Movement` as data.
pub const MOVEMENT: Object = Object {
    name: "StockMovement",
    about: "One movement of what is on hand. The deltas of a level add up to its `on_hand`.",
    fields: &[
        Field::required(
            "seq",
            Schema::Integer { min: 1, max: i64::MAX },
            "Its place in the store's ledger, from 1.",
        ),
        Field::required("at", Schema::TIME, "When."),
        VARIANT_FIELD,
        Field::required("sku", Schema::Nullable(&SKU), "The variant's SKU; null when the variant is gone."),
        Field::required("location_id", LOCATION_ID, "The location."),
        Field::required("kind", Schema::OneOf(KINDS), "What kind of movement."),
        Field::required("delta", SIGNED, "Units that came, or, below 0, went."),
        Field::required("before", SIGNED, "Units on hand before."),
        Field::required("after", SIGNED, "Units on hand after."),
        Field::required("reason", Schema::Nullable(&REASON), "Why."),
        Field::required(
            "reference",
            Schema::Nullable(&REFERENCE),
            "The client's reference, a hold or an order.",
        ),
        Field::required("actor", ACTOR, "Who moved it: a user's or a key's id, or `system`."),
        Field::required("request_id", Schema::line(1, 100), "The request that moved it."),
    ],
};

/// The kinds of movements, as the ledger spells them.
const KINDS: &[&str] =
    &["adjusted", "set", "transferred", "hold_committed", "fulfilled", "returned", "reconciled"];

/// A page of movements.
pub const MOVEMENT_PAGE: Object = page(
    "StockMovementPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&MOVEMENT), max: 250, unique: false },
            "The movements, newest first.",
        ),
        NEXT_CURSOR,
    ],
);

/// A level that is or was low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its id.
    pub id: String,
    /// The variant.
    pub variant_id: String,
    /// Its SKU; nothing when the variant is gone.
    pub sku: Option<String>,
    /// The location.
    pub location_id: String,
    /// `open` or `closed`.
    pub state: String,
    /// What was available when it opened.
    pub available: i64,
    /// The threshold when it opened.
    pub threshold: i64,
    /// When it opened.
    pub opened_at: String,
    /// When somebody took note of it.
    pub acknowledged_at: Option<String>,
    /// Who did.
    pub acknowledged_by: Option<String>,
    /// When there was enough again.
    pub closed_at: Option<String>,
}

/// `Alert` as data.
pub const ALERT: Object = Object {
    name: "StockAlert",
    about: "A level that is or was low: one a crossing. It opens when `available` falls to the threshold and closes \
        when it is back at `max(threshold + 1, ceil(1.2 * threshold))`, or when the threshold is switched off.",
    fields: &[
        Field::required("id", Schema::id("alr_"), "Its id."),
        VARIANT_FIELD,
        Field::required("sku", Schema::Nullable(&SKU), "The variant's SKU; null when the variant is gone."),
        Field::required("location_id", LOCATION_ID, "The location."),
        Field::required("state", Schema::OneOf(&["open", "closed"]), "Whether it is low still."),
        Field::required("available", COUNT, "What was available when it opened."),
        Field::required("threshold", COUNT, "The threshold when it opened."),
        Field::required("opened_at", Schema::TIME, "When it opened."),
        Field::required(
            "acknowledged_at",
            Schema::Nullable(&Schema::TIME),
            "When somebody took note of it first.",
        ),
        Field::required("acknowledged_by", Schema::Nullable(&ACTOR), "Who did."),
        Field::required("closed_at", Schema::Nullable(&Schema::TIME), "When there was enough again."),
    ],
};

/// A page of alerts.
pub const ALERT_PAGE: Object = page(
    "StockAlertPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&ALERT), max: 250, unique: false },
            "The alerts, newest first.",
        ),
        NEXT_CURSOR,
    ],
);

/// Whether to repair what a reconciliation finds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReconcileInput {
    /// Whether to write corrections.
    #[serde(default)]
    pub repair: bool,
}

/// `ReconcileInput` as data.
pub const RECONCILE_INPUT: Object = Object {
    name: "ReconcileInput",
    about: "Whether to repair what is found.",
    fields: &[Field::optional(
        "repair",
        Schema::Boolean,
        "Whether to write corrections; false when left out.",
    )],
};

/// A number of a level that is not what its parts add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// The variant.
    pub variant_id: String,
    /// The location.
    pub location_id: String,
    /// Which number.
    pub field: String,
    /// What the level says.
    pub stored: i64,
    /// What its parts add up to.
    pub computed: i64,
}

const DRIFT: Object = Object {
    name: "StockDrift",
    about: "A number of a level that is not what its parts add up to.",
    fields: &[
        VARIANT_FIELD,
        Field::required("location_id", LOCATION_ID, "The location."),
        Field::required("field", Schema::OneOf(&["on_hand", "held", "committed"]), "Which number."),
        Field::required("stored", SIGNED, "What the level says."),
        Field::required("computed", SIGNED, "What the ledger, the open holds or the orders add up to."),
    ],
};

/// What a reconciliation found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconciliation {
    /// What does not add up.
    pub drift: Vec<Drift>,
    /// How many levels were looked at.
    pub checked: i64,
    /// How many numbers were repaired.
    pub repaired: i64,
}

/// `Reconciliation` as data.
pub const RECONCILIATION: Object = Object {
    name: "StockReconciliation",
    about: "What does not add up. A repair writes an entry into the ledger where `on_hand` drifted, so that it adds up \
        to what the level says, and sets `held` and `committed` to what holds and orders say.",
    fields: &[
        Field::required(
            "drift",
            Schema::List { items: &Schema::Object(&DRIFT), max: MAX_DRIFT, unique: false },
            "What was found, at most 1,000; after a repair ask again.",
        ),
        Field::required("checked", COUNT, "How many levels were looked at."),
        Field::required("repaired", COUNT, "How many numbers were repaired."),
    ],
};

/// Most numbers that one reconciliation tells of and repairs.
pub const MAX_DRIFT: usize = 1_000;
