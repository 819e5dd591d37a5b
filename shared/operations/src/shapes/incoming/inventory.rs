//! Events about stock.
//!
//! Guarantees: a line has the limits of the operation that it leads to.

use super::{EVENT_ID_FIELD, SKU_FIELD, type_field};
use crate::schema::{Field, Object, Schema};
use crate::shapes::inventory::{MAX_LINES, MAX_MOVED, MAX_ON_HAND};
use serde::{Deserialize, Serialize};

const WHERE: Field =
    Field::optional("location_id", Schema::id("loc_"), "Where; the store's default location when left out.");

/// An event about stock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum InventoryEvent {
    /// It was counted.
    #[serde(rename = "inventory.counted")]
    Counted {
        /// The sender's id of the event.
        event_id: String,
        /// What was counted.
        lines: Vec<CountedLine>,
    },
    /// It came or went.
    #[serde(rename = "inventory.adjusted")]
    Adjusted {
        /// The sender's id of the event.
        event_id: String,
        /// What came or went.
        lines: Vec<AdjustedLine>,
    },
}

/// What was counted of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedLine {
    /// The variant's SKU.
    pub sku: String,
    /// Units that are there.
    pub on_hand: i64,
    /// Where; the store's default when there is none.
    #[serde(default)]
    pub location_id: Option<String>,
}

const COUNTED_LINE: Object = Object {
    name: "CountedLine",
    about: "What was counted of a variant.",
    fields: &[
        SKU_FIELD,
        Field::required("on_hand", Schema::Integer { min: 0, max: MAX_ON_HAND }, "Units that are there."),
        WHERE,
    ],
};

/// `InventoryEvent::Counted` as data.
pub const INVENTORY_COUNTED: Object = Object {
    name: "InventoryCounted",
    about: "Stock was counted: what is on hand becomes what was counted, all of it or nothing; each level once.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["inventory.counted"]),
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&COUNTED_LINE), max: MAX_LINES, unique: false },
            "What was counted, at least one line.",
        ),
    ],
};

/// What came or went of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustedLine {
    /// The variant's SKU.
    pub sku: String,
    /// Units that came, or went.
    pub delta: i64,
    /// Why.
    pub reason: String,
    /// Where; the store's default when there is none.
    #[serde(default)]
    pub location_id: Option<String>,
}

const ADJUSTED_LINE: Object = Object {
    name: "AdjustedLine",
    about: "What came or went of a variant.",
    fields: &[
        SKU_FIELD,
        Field::required(
            "delta",
            Schema::Integer { min: -MAX_MOVED, max: MAX_MOVED },
            "Units that came, or, below 0, went; not 0.",
        ),
        Field::required("reason", Schema::line(1, 100), "Why, for the history."),
        WHERE,
    ],
};

/// `InventoryEvent::Adjusted` as data.
pub const INVENTORY_ADJUSTED: Object = Object {
    name: "InventoryAdjusted",
    about: "Stock came and went, all of it or nothing. Lines about the same level are summed before they are judged.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["inventory.adjusted"]),
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&ADJUSTED_LINE), max: MAX_LINES, unique: false },
            "What came and went, at least one line.",
        ),
    ],
};
