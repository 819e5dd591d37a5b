//! Events that other systems send: what happened there, to be done here.
//!
//! Guarantees: the member `type` decides which shape an event has; what it asks for is spelt with the names of the
//! sender's world, `external_id` and `sku`.

mod inventory;
mod order;
mod product;

pub use inventory::{AdjustedLine, CountedLine, INVENTORY_ADJUSTED, INVENTORY_COUNTED, InventoryEvent};
pub use order::{ORDER_CANCELLED, ORDER_PAID, ORDER_PLACED, OrderEvent, PlacedLine, PlacedOrder};
pub use product::{PRODUCT_DELETED, PRODUCT_UPSERTED, ProductEvent};

use super::{NEXT_CURSOR, page};
use crate::schema::{Field, Object, Schema};

/// The kinds of events about products.
pub const PRODUCT_KINDS: &[&Object] = &[&PRODUCT_UPSERTED, &PRODUCT_DELETED];
/// The kinds of events about stock.
pub const INVENTORY_KINDS: &[&Object] = &[&INVENTORY_COUNTED, &INVENTORY_ADJUSTED];
/// The kinds of events about orders.
pub const ORDER_KINDS: &[&Object] = &[&ORDER_PLACED, &ORDER_PAID, &ORDER_CANCELLED];

const EVENT_ID: Schema = Schema::line(1, 200);
const TYPE: Schema = Schema::line(1, 60);
const EXTERNAL_ID: Schema = Schema::line(1, 200);
const SKU: Schema = Schema::line(1, 64);
const EVENT_ID_FIELD: Field =
    Field::required("event_id", EVENT_ID, "The sender's id of the event, which is applied once.");
const SKU_FIELD: Field = Field::required("sku", SKU, "The variant's SKU.");

const fn type_field(only: &'static [&'static str]) -> Field {
    Field::required("type", Schema::OneOf(only), "What happened.")
}

/// What became of an event.
pub const APPLIED_OR_REJECTED: Object = Object {
    name: "AppliedOrRejected",
    about: "What became of an event: it was applied, once and for good, or it is kept with its problem until it can be.",
    fields: &[
        Field::required("event_id", EVENT_ID, "The sender's id of the event."),
        Field::required("type", TYPE, "What happened, as the sender says."),
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
        Field::required("event_id", EVENT_ID, "The sender's id of the event."),
        Field::required("type", TYPE, "What happened, as the sender says."),
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
