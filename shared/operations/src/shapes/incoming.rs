//! Events that other systems send: what happened there, to be done here.
//!
//! Guarantees: the member `type` decides which shape an event has; what it asks for is spelt with the names of the
//! sender's world, `external_id` and `sku`, and has the limits of the operation that it leads to.

use super::inventory::{MAX_LINES, MAX_MOVED, MAX_ON_HAND};
use super::order::{ADDRESS_SCHEMA, Address, CUSTOMER, Customer, MAX_ORDER_LINES};
use super::product::{MONEY, Money, PRODUCT_PATCH};
use super::{NEXT_CURSOR, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// The kinds of events about products.
pub const PRODUCT_KINDS: &[&Object] = &[&PRODUCT_UPSERTED, &PRODUCT_DELETED];
/// The kinds of events about stock.
pub const INVENTORY_KINDS: &[&Object] = &[&INVENTORY_COUNTED, &INVENTORY_ADJUSTED];
/// The kinds of events about orders.
pub const ORDER_KINDS: &[&Object] = &[&ORDER_PLACED, &ORDER_PAID, &ORDER_CANCELLED];

const EXTERNAL_ID: Schema = Schema::line(1, 200);
const SKU: Schema = Schema::line(1, 64);
const REASON: Schema = Schema::line(1, 100);
const EVENT_ID_FIELD: Field =
    Field::required("event_id", Schema::line(1, 200), "The sender's id of the event, which is applied once.");
const SKU_FIELD: Field = Field::required("sku", SKU, "The variant's SKU.");
const WHERE: Field =
    Field::optional("location_id", Schema::id("loc_"), "Where; the store's default location when left out.");
const ORDER_FIELD: Field = Field::required("external_id", EXTERNAL_ID, "The order's id in the shop system.");

const fn type_field(only: &'static [&'static str]) -> Field {
    Field::required("type", Schema::OneOf(only), "What happened.")
}

/// An event about a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum ProductEvent {
    /// It was made or changed.
    #[serde(rename = "product.upserted")]
    Upserted {
        /// The sender's id of the event.
        event_id: String,
        /// What the sender knows of it.
        product: serde_json::Value,
    },
    /// It is no more.
    #[serde(rename = "product.deleted")]
    Deleted {
        /// The sender's id of the event.
        event_id: String,
        /// Its id in the other system.
        #[serde(default)]
        external_id: Option<String>,
        /// The SKU of one of its variants.
        #[serde(default)]
        sku: Option<String>,
    },
}

/// `ProductEvent::Upserted` as data.
pub const PRODUCT_UPSERTED: Object = Object {
    name: "ProductUpserted",
    about: "A product was made or changed elsewhere. It is found by its `external_id`, else by the SKU of a variant; \
        what is found is changed as by a merge patch, what is not is made.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["product.upserted"]),
        Field::required(
            "product",
            Schema::Object(&PRODUCT_PATCH),
            "What is known of it; a new one needs a `title`.",
        ),
    ],
};

/// `ProductEvent::Deleted` as data.
pub const PRODUCT_DELETED: Object = Object {
    name: "ProductDeleted",
    about: "A product is no more. Exactly one of `external_id` and `sku` says which.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["product.deleted"]),
        Field::optional("external_id", EXTERNAL_ID, "Its id in the other system."),
        Field::optional("sku", SKU, "The SKU of one of its variants."),
    ],
};

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
        Field::required("reason", REASON, "Why, for the history."),
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

/// An event about an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum OrderEvent {
    /// It was placed.
    #[serde(rename = "order.placed")]
    Placed {
        /// The sender's id of the event.
        event_id: String,
        /// What was ordered, by whom.
        order: Box<PlacedOrder>,
    },
    /// It was paid.
    #[serde(rename = "order.paid")]
    Paid {
        /// The sender's id of the event.
        event_id: String,
        /// Which order.
        external_id: String,
        /// What the payment service calls the payment; the event's id when there is none.
        #[serde(default)]
        payment_reference: Option<String>,
    },
    /// It was called off.
    #[serde(rename = "order.cancelled")]
    Cancelled {
        /// The sender's id of the event.
        event_id: String,
        /// Which order.
        external_id: String,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
}

/// An order that was placed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedOrder {
    /// Its id there.
    pub external_id: String,
    /// What was ordered.
    pub lines: Vec<PlacedLine>,
    /// Who ordered.
    pub customer: Customer,
    /// Where it goes.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// What the shop notes.
    #[serde(default)]
    pub note: Option<String>,
}

/// What was ordered of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedLine {
    /// The variant's SKU.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// What the customer was shown.
    pub unit_price: Money,
}

const PLACED_LINE: Object = Object {
    name: "PlacedLine",
    about: "What was ordered of a variant.",
    fields: &[
        SKU_FIELD,
        Field::required("quantity", Schema::Integer { min: 1, max: MAX_MOVED }, "How many."),
        Field::required(
            "unit_price",
            Schema::Object(&MONEY),
            "What the customer was shown: another price rejects the event.",
        ),
    ],
};

const PLACED_ORDER: Object = Object {
    name: "PlacedOrder",
    about: "An order that was placed elsewhere.",
    fields: &[
        Field::required("external_id", EXTERNAL_ID, "Its id there, unique in the store."),
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&PLACED_LINE), max: MAX_ORDER_LINES, unique: false },
            "What was ordered, at least one line; a SKU once.",
        ),
        Field::required("customer", Schema::Object(&CUSTOMER), "Who ordered."),
        Field::optional("shipping_address", ADDRESS_SCHEMA, "Where it goes."),
        Field::optional("note", Schema::Nullable(&Schema::lines(2_000)), "What the shop notes."),
    ],
};

/// `OrderEvent::Placed` as data.
pub const ORDER_PLACED: Object = Object {
    name: "OrderPlaced",
    about: "An order was placed elsewhere: its stock is kept for it at once, all of it or nothing.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["order.placed"]),
        Field::required("order", Schema::Object(&PLACED_ORDER), "What was ordered, by whom."),
    ],
};

/// `OrderEvent::Paid` as data.
pub const ORDER_PAID: Object = Object {
    name: "OrderPaid",
    about: "An order was paid.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["order.paid"]),
        ORDER_FIELD,
        Field::optional(
            "payment_reference",
            Schema::line(1, 200),
            "What the payment service calls the payment; left out, the `event_id`.",
        ),
    ],
};

/// `OrderEvent::Cancelled` as data.
pub const ORDER_CANCELLED: Object = Object {
    name: "OrderCancelled",
    about: "An order was called off: its stock is available again.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["order.cancelled"]),
        ORDER_FIELD,
        Field::optional("reason", Schema::line(1, 200), "Why."),
    ],
};

/// What became of an event.
pub const APPLIED_OR_REJECTED: Object = Object {
    name: "AppliedOrRejected",
    about: "What became of an event: it was applied, once and for good, or it is kept with its problem until it can be.",
    fields: &[
        Field::required("event_id", Schema::line(1, 200), "The sender's id of the event."),
        Field::required("type", Schema::line(1, 60), "What happened, as the sender says."),
        Field::required("status", Schema::OneOf(&["applied", "rejected"]), "What became of it."),
        Field::optional(
            "subject",
            Schema::line(1, 100),
            "What it was applied to: the id of a product or an order, or `stock`.",
        ),
        Field::optional(
            "action",
            Schema::OneOf(&[
                "created",
                "updated",
                "deleted",
                "counted",
                "adjusted",
                "placed",
                "paid",
                "cancelled",
            ]),
            "What was done.",
        ),
        Field::optional(
            "version",
            Schema::Nullable(&Schema::Integer { min: 1, max: i64::MAX }),
            "The version that the subject has since; null for stock, which has none.",
        ),
        Field::optional("problem", Schema::Anything, "Why it was rejected, a problem as of any request."),
    ],
};

const REJECTED: Object = Object {
    name: "RejectedEvent",
    about: "An event that could not be applied, and can be tried again; it is kept for 90 days.",
    fields: &[
        Field::required("event_id", Schema::line(1, 200), "The sender's id of the event."),
        Field::required("type", Schema::line(1, 60), "What happened, as the sender says."),
        Field::required("received_at", Schema::TIME, "When it first came."),
        Field::required("attempts", Schema::Integer { min: 1, max: i64::MAX }, "How often it was tried."),
        Field::required("problem", Schema::Anything, "Why it was rejected the last time."),
        Field::required("body", Schema::Anything, "The event as it was sent."),
    ],
};

/// A page of rejected events.
pub const REJECTED_PAGE: Object = page(
    "RejectedEventPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&REJECTED), max: 250, unique: false },
            "The events, newest first.",
        ),
        NEXT_CURSOR,
    ],
);
