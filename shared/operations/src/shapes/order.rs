//! Orders: what was sold, to whom, at which price, and what became of it.

use super::product::{MONEY, Money};
use super::{NEXT_CURSOR, VERSION, page};
use crate::schema::{Field, Format, Object, Schema};
use serde::{Deserialize, Serialize};
use storeroom_domain::money::MAX_AMOUNT;

/// Most lines of an order.
pub const MAX_ORDER_LINES: usize = 1_000;
/// Most units of a line.
const MAX_QUANTITY: i64 = 1_000_000;
/// Most refunds of an order.
pub const MAX_REFUNDS: i64 = 100;
/// What an order's timeline may come to: its refunds, its returns (at most one a line), and a life.
const MAX_TIMELINE: usize = 1_200;

/// The states of an order.
pub const ORDER_STATES: &[&str] =
    &["pending", "paid", "fulfilled", "delivered", "cancelled", "expired", "returned"];

pub(super) const QUANTITY: Schema = Schema::Integer { min: 1, max: MAX_QUANTITY };
const PRICE: Schema = Schema::Object(&MONEY);
const EMAIL: Schema = Schema::Text { min: 3, max: 254, format: Format::Email };
const CUSTOMER_NAME: Schema = Schema::Nullable(&Schema::line(1, 200));
pub(super) const NOTE: Schema = Schema::Nullable(&Schema::lines(2_000));
const REASON: Schema = Schema::line(1, 200);
const REFERENCE: Schema = Schema::line(1, 200);
pub(super) const ADDRESS_SCHEMA: Schema = Schema::Nullable(&Schema::Object(&ADDRESS));
const VARIANT_FIELD: Field = Field::required("variant_id", Schema::id("var_"), "The variant.");
const QUANTITY_FIELD: Field = Field::required("quantity", QUANTITY, "How many.");
const LOCATION_FIELD: Field = Field::optional(
    "location_id",
    Schema::Nullable(&Schema::id("loc_")),
    "The location that ships it; left out, the store's default.",
);

/// Who orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Where they are written to.
    pub email: String,
    /// What they are called.
    #[serde(default)]
    pub name: Option<String>,
}

/// `Customer` as data.
pub const CUSTOMER: Object = Object {
    name: "Customer",
    about: "Who orders.",
    fields: &[
        Field::required("email", EMAIL, "Where they are written to."),
        Field::optional("name", CUSTOMER_NAME, "What they are called."),
    ],
};

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who receives it, if that is not the customer.
    #[serde(default)]
    pub name: Option<String>,
    /// Their company.
    #[serde(default)]
    pub company: Option<String>,
    /// Street and number.
    pub line1: String,
    /// Floor, suite, building.
    #[serde(default)]
    pub line2: Option<String>,
    /// The town.
    #[serde(default)]
    pub city: Option<String>,
    /// State, province or county.
    #[serde(default)]
    pub region: Option<String>,
    /// As the country writes it.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// ISO 3166-1, two letters.
    pub country: String,
    /// For the carrier.
    #[serde(default)]
    pub phone: Option<String>,
}

const ADDRESS_LINE: Schema = Schema::Nullable(&Schema::line(1, 200));

/// `Address` as data.
pub const ADDRESS: Object = Object {
    name: "Address",
    about: "Where an order goes.",
    fields: &[
        Field::optional("name", ADDRESS_LINE, "Who receives it, if that is not the customer."),
        Field::optional("company", ADDRESS_LINE, "Their company."),
        Field::required("line1", Schema::line(1, 200), "Street and number."),
        Field::optional("line2", ADDRESS_LINE, "Floor, suite, building."),
        Field::optional("city", ADDRESS_LINE, "The town."),
        Field::optional("region", ADDRESS_LINE, "State, province or county."),
        Field::optional("postal_code", ADDRESS_LINE, "As the country writes it."),
        Field::required("country", Schema::line(2, 2), "ISO 3166-1, two letters."),
        Field::optional("phone", ADDRESS_LINE, "For the carrier."),
    ],
};

/// What an order has of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    /// The variant.
    pub variant_id: String,
    /// Its product.
    pub product_id: String,
    /// The location that ships it.
    pub location_id: String,
    /// The variant's SKU when it was ordered.
    pub sku: String,
    /// The product's title when it was ordered.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// What one cost.
    pub unit_price: Money,
    /// What all of them cost, as priced.
    pub total: Money,
    /// The tax in it, or on top of it.
    pub tax: Money,
    /// How many came back.
    pub returned: i64,
}

/// `OrderLine` as data.
pub const ORDER_LINE: Object = Object {
    name: "OrderLine",
    about: "What an order has of a variant, as it was when the order was placed.",
    fields: &[
        VARIANT_FIELD,
        Field::required("product_id", Schema::id("prd_"), "Its product."),
        Field::required("location_id", Schema::id("loc_"), "The location that ships it."),
        Field::required("sku", Schema::line(1, 64), "The variant's SKU."),
        Field::required("title", Schema::line(1, 200), "The product's title."),
        QUANTITY_FIELD,
        Field::required("unit_price", PRICE, "What one cost."),
        Field::required("total", PRICE, "What all of them cost, as priced."),
        Field::required(
            "tax",
            PRICE,
            "The tax in `total` where prices include it, else on top; rounded half to even.",
        ),
        Field::required("returned", Schema::Integer { min: 0, max: MAX_QUANTITY }, "How many came back."),
    ],
};

/// What came back of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnedLine {
    /// The variant.
    pub variant_id: String,
    /// The location it was shipped from, and goes back to.
    pub location_id: String,
    /// How many.
    pub quantity: i64,
}

const RETURNED_LINE: Object = Object {
    name: "ReturnedLine",
    about: "What came back of a line.",
    fields: &[
        VARIANT_FIELD,
        Field::required("location_id", Schema::id("loc_"), "The location it was shipped from."),
        QUANTITY_FIELD,
    ],
};

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimelineEntry {
    /// When.
    pub at: String,
    /// What: the type of the event that told of it.
    #[serde(rename = "type")]
    pub entry_type: String,
    /// Who did it: a user's or a key's id, or `system`.
    pub actor: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<String>,
    /// The shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// What was refunded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<ReturnedLine>>,
    /// Whether what came back can be sold again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restock: Option<bool>,
}

/// `TimelineEntry` as data.
pub const TIMELINE_ENTRY: Object = Object {
    name: "TimelineEntry",
    about: "Something that happened to an order. Beside what all have, an entry has what its request said.",
    fields: &[
        Field::required("at", Schema::TIME, "When."),
        Field::required("type", Schema::line(3, 60), "What, such as `order.paid`."),
        Field::required("actor", Schema::line(1, 100), "Who did it: a user's or a key's id, or `system`."),
        Field::optional("reason", REASON, "Why: of a cancellation or a refund."),
        Field::optional("payment_reference", REFERENCE, "The payment."),
        Field::optional("tracking", REFERENCE, "The shipment."),
        Field::optional("amount", PRICE, "What was refunded."),
        Field::optional(
            "lines",
            Schema::List { items: &Schema::Object(&RETURNED_LINE), max: MAX_ORDER_LINES, unique: false },
            "What came back.",
        ),
        Field::optional("restock", Schema::Boolean, "Whether what came back can be sold again."),
    ],
};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its id.
    pub id: String,
    /// Counts up the store, from 1.
    pub number: i64,
    /// Its id in a shop system.
    pub external_id: Option<String>,
    /// One of `ORDER_STATES`.
    pub state: String,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// Who ordered.
    pub customer: Customer,
    /// Where it goes.
    pub shipping_address: Option<Address>,
    /// Whether the prices have the tax in them.
    pub prices_include_tax: bool,
    /// The tax, in hundredths of a per cent.
    pub tax_rate_basis_points: i64,
    /// The lines, as priced.
    pub subtotal: Money,
    /// The tax on the lines.
    pub tax: Money,
    /// What shipping costs.
    pub shipping: Money,
    /// What is to be paid.
    pub total: Money,
    /// What was given back.
    pub refunded: Money,
    /// The hold that it was made of.
    pub hold_id: Option<String>,
    /// What the shop notes.
    pub note: Option<String>,
    /// The payment.
    pub payment_reference: Option<String>,
    /// The shipment.
    pub tracking: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// From when on it is expired, unless it is paid before.
    pub expires_at: Option<String>,
    /// When it was placed.
    pub created_at: String,
    /// When it changed last.
    pub updated_at: String,
    /// What happened to it.
    pub timeline: Vec<TimelineEntry>,
}

/// `Order` as data.
pub const ORDER: Object = Object {
    name: "Order",
    about: "An order. Prices, titles, tax and customer are as they were when it was placed.",
    fields: &[
        Field::required("id", Schema::id("ord_"), "Its id."),
        Field::required(
            "number",
            Schema::Integer { min: 1, max: i64::MAX },
            "Counts up the store, without holes.",
        ),
        Field::required("external_id", Schema::Nullable(&Schema::line(1, 200)), "Its id in a shop system."),
        Field::required("state", Schema::OneOf(ORDER_STATES), "Where it stands."),
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&ORDER_LINE), max: MAX_ORDER_LINES, unique: false },
            "What was ordered.",
        ),
        Field::required("customer", Schema::Object(&CUSTOMER), "Who ordered."),
        Field::required("shipping_address", ADDRESS_SCHEMA, "Where it goes."),
        Field::required("prices_include_tax", Schema::Boolean, "Whether the prices have the tax in them."),
        Field::required(
            "tax_rate_basis_points",
            Schema::Integer { min: 0, max: 10_000 },
            "The tax; 1900 is 19 %.",
        ),
        Field::required("subtotal", PRICE, "The lines, as priced."),
        Field::required("tax", PRICE, "The tax on the lines; in `subtotal` where prices include it."),
        Field::required("shipping", PRICE, "What shipping costs."),
        Field::required(
            "total",
            PRICE,
            "What is to be paid: subtotal and shipping, and the tax where prices do not include it.",
        ),
        Field::required("refunded", PRICE, "What was given back of it."),
        Field::required("hold_id", Schema::Nullable(&Schema::id("hld_")), "The hold that it was made of."),
        Field::required("note", NOTE, "What the shop notes."),
        Field::required("payment_reference", Schema::Nullable(&REFERENCE), "The payment."),
        Field::required("tracking", Schema::Nullable(&REFERENCE), "The shipment."),
        Field::required("version", VERSION, "Counts its changes."),
        Field::required(
            "expires_at",
            Schema::Nullable(&Schema::TIME),
            "From when on it is expired, unless it is paid before; null once it was paid or cancelled.",
        ),
        Field::required("created_at", Schema::TIME, "When it was placed."),
        Field::required("updated_at", Schema::TIME, "When it changed last."),
        Field::required(
            "timeline",
            Schema::List { items: &Schema::Object(&TIMELINE_ENTRY), max: MAX_TIMELINE, unique: false },
            "What happened to it, oldest first.",
        ),
    ],
};

/// A page of orders.
pub const ORDER_PAGE: Object = page(
    "OrderPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&ORDER), max: 250, unique: false },
            "The orders.",
        ),
        NEXT_CURSOR,
    ],
);

/// What is ordered of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLineInput {
    /// The variant.
    pub variant_id: String,
    /// The location that ships it; the store's default when there is none.
    #[serde(default)]
    pub location_id: Option<String>,
    /// How many.
    pub quantity: i64,
    /// What the customer was shown.
    #[serde(default)]
    pub expected_unit_price: Option<Money>,
}

const ORDER_LINE_INPUT: Object = Object {
    name: "OrderLineInput",
    about: "What is ordered of a variant.",
    fields: &[
        VARIANT_FIELD,
        LOCATION_FIELD,
        QUANTITY_FIELD,
        Field::optional(
            "expected_unit_price",
            Schema::Nullable(&PRICE),
            "What the customer was shown: another price refuses the order. Prices come from the products.",
        ),
    ],
};

/// An order as it is placed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderInput {
    /// What is ordered.
    pub lines: Vec<OrderLineInput>,
    /// Who orders.
    pub customer: Customer,
    /// Where it goes.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// What shipping costs; nothing when there is none.
    #[serde(default)]
    pub shipping: Option<Money>,
    /// The hold whose stock it takes.
    #[serde(default)]
    pub hold_id: Option<String>,
    /// What the shop notes.
    #[serde(default)]
    pub note: Option<String>,
}

/// `OrderInput` as data.
pub const ORDER_INPUT: Object = Object {
    name: "OrderInput",
    about: "An order as it is placed: its stock is kept for it at once, all of it or nothing.",
    fields: &[
        Field::required(
            "lines",
            Schema::List { items: &Schema::Object(&ORDER_LINE_INPUT), max: MAX_ORDER_LINES, unique: false },
            "What is ordered, at least one line; a variant once a location.",
        ),
        Field::required("customer", Schema::Object(&CUSTOMER), "Who orders."),
        Field::optional("shipping_address", ADDRESS_SCHEMA, "Where it goes."),
        Field::optional("shipping", Schema::Nullable(&PRICE), "What shipping costs; left out, nothing."),
        Field::optional(
            "hold_id",
            Schema::Nullable(&Schema::id("hld_")),
            "The customer's hold: it resolves, and what it has counts as available to this order.",
        ),
        Field::optional("note", NOTE, "What the shop notes."),
    ],
};

/// A payment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayInput {
    /// What the payment service calls it.
    pub payment_reference: String,
}

/// `PayInput` as data.
pub const PAY_INPUT: Object = Object {
    name: "PayInput",
    about: "A payment.",
    fields: &[Field::required("payment_reference", REFERENCE, "What the payment service calls it.")],
};

/// A shipment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FulfilInput {
    /// What the carrier calls it.
    #[serde(default)]
    pub tracking: Option<String>,
}

/// `FulfilInput` as data.
pub const FULFIL_INPUT: Object = Object {
    name: "FulfilInput",
    about: "A shipment.",
    fields: &[Field::optional("tracking", Schema::Nullable(&REFERENCE), "What the carrier calls it.")],
};

/// A cancellation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelInput {
    /// Why.
    pub reason: String,
}

/// `CancelInput` as data.
pub const CANCEL_INPUT: Object = Object {
    name: "CancelInput",
    about: "A cancellation.",
    fields: &[Field::required("reason", REASON, "Why.")],
};

/// What comes back of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnLineInput {
    /// The variant.
    pub variant_id: String,
    /// The location that shipped it; the store's default when there is none.
    #[serde(default)]
    pub location_id: Option<String>,
    /// How many.
    pub quantity: i64,
}

const RETURN_LINE_INPUT: Object = Object {
    name: "ReturnLineInput",
    about: "What comes back of a variant.",
    fields: &[VARIANT_FIELD, LOCATION_FIELD, QUANTITY_FIELD],
};

/// A return.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnInput {
    /// What comes back; all that has not yet when there is none.
    #[serde(default)]
    pub lines: Option<Vec<ReturnLineInput>>,
    /// Whether it can be sold again.
    pub restock: bool,
}

/// `ReturnInput` as data.
pub const RETURN_INPUT: Object = Object {
    name: "ReturnInput",
    about: "What of an order comes back. The rest may follow in a further return.",
    fields: &[
        Field::optional(
            "lines",
            Schema::Nullable(&Schema::List {
                items: &Schema::Object(&RETURN_LINE_INPUT),
                max: MAX_ORDER_LINES,
                unique: false,
            }),
            "What comes back, at least one line; left out, all that has not come back yet.",
        ),
        Field::required(
            "restock",
            Schema::Boolean,
            "Whether it can be sold again, at the location that shipped it.",
        ),
    ],
};

/// A refund.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundInput {
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// `RefundInput` as data.
pub const REFUND_INPUT: Object = Object {
    name: "RefundInput",
    about: "Money that is given back. The service writes it down; the payment service pays it.",
    fields: &[
        Field::required(
            "amount",
            Schema::Object(&REFUND_AMOUNT),
            "How much, at most what is left of the total.",
        ),
        Field::required("reason", REASON, "Why."),
    ],
};

const REFUND_AMOUNT: Object = Object {
    name: "RefundAmount",
    about: "An amount above nothing, in integer minor units of the store's currency.",
    fields: &[
        Field::required("amount", Schema::Integer { min: 1, max: MAX_AMOUNT }, "Minor units, such as cents."),
        Field::required(
            "currency",
            Schema::Text { min: 3, max: 3, format: Format::Currency },
            "ISO 4217; it must be the order's.",
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_domain::order::STATES;

    #[test]
    fn states_are_the_domains() {
        assert_eq!(ORDER_STATES, STATES.map(|state| state.as_str()));
    }
}
