//! Events about orders.
//!
//! Guarantees: what an event says of an order has the limits of the operation that it leads to.

use super::{EVENT_ID_FIELD, EXTERNAL_ID, SKU_FIELD, type_field};
use crate::schema::{Field, Object, Schema};
use crate::shapes::order::{ADDRESS_SCHEMA, Address, CUSTOMER, Customer, MAX_ORDER_LINES, NOTE, QUANTITY};
use crate::shapes::product::{MONEY, Money};
use serde::{Deserialize, Serialize};

const ORDER_FIELD: Field = Field::required("external_id", EXTERNAL_ID, "The order's id in the shop system.");

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
        Field::required("quantity", QUANTITY, "How many."),
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
        Field::optional("note", NOTE, "What the shop notes."),
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
