//! The dashboard: what was sold, and what the store wants to sell.
//!
//! A sale counts from the moment its order is paid; a paid order that is cancelled counts no more, at the moment at
//! which it was paid. A refund and a return count at their own moments, whatever becomes of the order; so what was
//! refunded of orders that were cancelled after the payment is in `refunded`, though their payment is not in `revenue`.

use super::order::ORDER_STATES;
use super::product::{MONEY, Money};
use super::{NEXT_CURSOR, page};
use crate::schema::{Field, Format, Object, Schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The largest number that a JavaScript number holds exactly.
const MAX_EXACT: i64 = 9_007_199_254_740_991;
/// Most days of a range: a leap year.
pub const MAX_DAYS: i64 = 366;
/// Most best sellers, and most levels that are low, on the dashboard.
const MAX_SHOWN: usize = 10;

/// What the products of the dashboard may be sorted by.
pub const PRODUCT_SORTS: &[&str] = &["-revenue", "revenue", "-units", "units", "-returns", "returns"];

const COUNT: Schema = Schema::Integer { min: 0, max: MAX_EXACT };
const SIGNED: Schema = Schema::Integer { min: -MAX_EXACT, max: MAX_EXACT };
const CURRENCY: Schema = Schema::Text { min: 3, max: 3, format: Format::Currency };
const TIMEZONE: Schema = Schema::Text { min: 1, max: 64, format: Format::Timezone };
const SUM_SCHEMA: Schema = Schema::Object(&SUM);
const UNITS: Field = Field::required("units", COUNT, "Units sold.");
const RETURNS: Field = Field::required("returns", COUNT, "Units that came back.");
const REVENUE: Field =
    Field::required("revenue", SUM_SCHEMA, "The totals of the orders that were paid, with shipping and tax.");
const LINE_REVENUE: Field = Field::required("revenue", SUM_SCHEMA, "Its lines in the orders, as priced.");
const PRODUCT_ID: Field = Field::required("product_id", Schema::id("prd_"), "The product.");
const TITLE: Field = Field::required(
    "title",
    Schema::line(1, 200),
    "Its title; of one that was deleted, the last that it was sold under.",
);

const SUM: Object = Object {
    name: "Sum",
    about: "A sum of amounts in integer minor units of the store's currency.",
    fields: &[
        Field::required("amount", COUNT, "Minor units, such as cents."),
        Field::required("currency", CURRENCY, "The store's."),
    ],
};

/// What was sold in some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesFigures {
    /// Orders that were paid.
    pub orders: i64,
    /// Their units.
    pub units: i64,
    /// Their totals.
    pub revenue: Money,
    /// What was refunded.
    pub refunded: Money,
    /// Units that came back.
    pub returns: i64,
}

/// `SalesFigures` as data.
pub const SALES_FIGURES: Object = Object {
    name: "SalesFigures",
    about: "What was sold in some time. An order counts when it is paid, and no more once it is cancelled; a refund and \
        a return count when they happen, whatever becomes of the order.",
    fields: &[
        Field::required("orders", COUNT, "Orders that were paid."),
        UNITS,
        REVENUE,
        Field::required("refunded", SUM_SCHEMA, "What was refunded."),
        RETURNS,
    ],
};

/// A product that sells well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestSeller {
    /// The product.
    pub product_id: String,
    /// Its title.
    pub title: String,
    /// Units sold.
    pub units: i64,
    /// Its lines, as priced.
    pub revenue: Money,
}

const BEST_SELLER: Object = Object {
    name: "BestSeller",
    about: "A product that sells well.",
    fields: &[PRODUCT_ID, TITLE, UNITS, LINE_REVENUE],
};

/// A level that is low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowLevel {
    /// The variant.
    pub variant_id: String,
    /// Its SKU.
    pub sku: String,
    /// The location.
    pub location_id: String,
    /// What is available now.
    pub available: i64,
    /// The threshold that counts for it now.
    pub threshold: i64,
}

const LOW_LEVEL: Object = Object {
    name: "LowLevel",
    about: "A level with an open alert.",
    fields: &[
        Field::required("variant_id", Schema::id("var_"), "The variant."),
        Field::required("sku", Schema::line(1, 64), "Its SKU."),
        Field::required("location_id", Schema::id("loc_"), "The location."),
        Field::required("available", SIGNED, "What is available now."),
        Field::required("threshold", COUNT, "The threshold that counts for it now."),
    ],
};

/// Stock that is low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowStock {
    /// How many alerts are open.
    pub count: i64,
    /// Those that opened last.
    pub items: Vec<LowLevel>,
}

const LOW_STOCK: Object = Object {
    name: "LowStock",
    about: "Stock that is low: see `GET /api/pms/inventory/alerts`.",
    fields: &[
        Field::required("count", COUNT, "How many alerts are open."),
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&LOW_LEVEL), max: MAX_SHOWN, unique: false },
            "Those that opened last, the newest first.",
        ),
    ],
};

/// What the store wants to sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// In a day.
    pub daily_revenue: Option<Money>,
    /// In a day.
    pub daily_orders: Option<i64>,
    /// In a month.
    pub monthly_revenue: Option<Money>,
    /// In a month.
    pub monthly_orders: Option<i64>,
}

const MONEY_TARGET: Schema = Schema::Nullable(&Schema::Object(&MONEY));
const ORDERS_TARGET: Schema = Schema::Nullable(&Schema::Integer { min: 0, max: 1_000_000_000 });

/// `Targets` as data.
pub const TARGETS: Object = Object {
    name: "Targets",
    about: "What the store wants to sell; null where it has set no target.",
    fields: &[
        Field::required("daily_revenue", MONEY_TARGET, "Revenue of a day."),
        Field::required("daily_orders", ORDERS_TARGET, "Orders of a day."),
        Field::required("monthly_revenue", MONEY_TARGET, "Revenue of a month."),
        Field::required("monthly_orders", ORDERS_TARGET, "Orders of a month."),
    ],
};

/// A change of the targets, RFC 7396: what is left out (`None`) stays, what is null (`Some(None)`) is cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetsPatch {
    /// In a day.
    #[serde(default, deserialize_with = "said")]
    pub daily_revenue: Option<Option<Money>>,
    /// In a day.
    #[serde(default, deserialize_with = "said")]
    pub daily_orders: Option<Option<i64>>,
    /// In a month.
    #[serde(default, deserialize_with = "said")]
    pub monthly_revenue: Option<Option<Money>>,
    /// In a month.
    #[serde(default, deserialize_with = "said")]
    pub monthly_orders: Option<Option<i64>>,
}

/// A member that is there, also as null.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(member: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(member).map(Some)
}

/// `TargetsPatch` as data.
pub const TARGETS_PATCH: Object = Object {
    name: "TargetsPatch",
    about: "A JSON merge patch (RFC 7396) of the targets: what is left out stays, null clears a target.",
    fields: &[
        Field::optional("daily_revenue", MONEY_TARGET, "Revenue of a day, in the store's currency."),
        Field::optional("daily_orders", ORDERS_TARGET, "Orders of a day."),
        Field::optional("monthly_revenue", MONEY_TARGET, "Revenue of a month, in the store's currency."),
        Field::optional("monthly_orders", ORDERS_TARGET, "Orders of a month."),
    ],
};

/// The store at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// ISO 4217.
    pub currency: String,
    /// Where its days begin.
    pub timezone: String,
    /// The moment that it shows.
    pub as_of: String,
    /// Since the day began.
    pub today: SalesFigures,
    /// Today and the 29 days before.
    pub last_30_days: SalesFigures,
    /// How many orders are in which of `ORDER_STATES`.
    pub orders_by_state: BTreeMap<String, i64>,
    /// The products of which most units were sold in these 30 days.
    pub best_sellers: Vec<BestSeller>,
    /// Stock that is low.
    pub low_stock: LowStock,
    /// Whether the store's room answers: `ok` or `down`.
    pub room: String,
    /// How webhooks stand.
    pub webhooks: WebhookHealth,
    /// What the store wants to sell.
    pub targets: Targets,
}

const fn state(place: usize) -> Field {
    // A constant expression: a place that is not there does not compile.
    #[allow(clippy::indexing_slicing, reason = "it is checked when it is compiled")]
    Field::required(ORDER_STATES[place], COUNT, "Orders in this state.")
}

const ORDERS_BY_STATE: Object = Object {
    name: "OrdersByState",
    about: "How many orders are in which state; one whose time has run out counts as expired.",
    fields: &[state(0), state(1), state(2), state(3), state(4), state(5), state(6)],
};

/// How webhooks stand, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookHealth {
    /// Endpoints that get events.
    pub active: i64,
    /// Those of them whose last attempt failed.
    pub failing: i64,
    /// Endpoints that are paused or disabled.
    pub stopped: i64,
    /// Events of other systems that wait for a fix.
    pub rejected: i64,
}

const WEBHOOK_HEALTH: Object = Object {
    name: "WebhookHealth",
    about: "How webhooks stand, both ways.",
    fields: &[
        Field::required("active", COUNT, "Endpoints that get events."),
        Field::required("failing", COUNT, "Those of them that took nothing since an attempt failed."),
        Field::required("stopped", COUNT, "Endpoints that are paused or disabled."),
        Field::required("rejected", COUNT, "Events of other systems that were rejected and wait for a fix."),
    ],
};

/// `Dashboard` as data.
pub const DASHBOARD: Object = Object {
    name: "Dashboard",
    about: "The store at a glance, as of now. `sales.updated` and `dashboard.targets_updated` tell what changes of it.",
    fields: &[
        Field::required("currency", CURRENCY, "ISO 4217."),
        Field::required("timezone", TIMEZONE, "Where the store's days begin."),
        Field::required("as_of", Schema::TIME, "The moment that it shows."),
        Field::required("today", Schema::Object(&SALES_FIGURES), "Since the store's day began."),
        Field::required("last_30_days", Schema::Object(&SALES_FIGURES), "Today and the 29 days before."),
        Field::required("orders_by_state", Schema::Object(&ORDERS_BY_STATE), "All orders, by their state."),
        Field::required(
            "best_sellers",
            Schema::List { items: &Schema::Object(&BEST_SELLER), max: MAX_SHOWN, unique: false },
            "The five products of which most units were sold in these 30 days.",
        ),
        Field::required("low_stock", Schema::Object(&LOW_STOCK), "Stock that is low."),
        Field::required("room", Schema::OneOf(&["ok", "down"]), "Whether the store's room answers."),
        Field::required("webhooks", Schema::Object(&WEBHOOK_HEALTH), "How webhooks stand, both ways."),
        Field::required("targets", Schema::Object(&TARGETS), "What the store wants to sell."),
    ],
};

/// What was sold in a day or a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesOfDay {
    /// The day, or the week's first day in the range.
    pub date: String,
    /// Orders that were paid.
    pub orders: i64,
    /// Their units.
    pub units: i64,
    /// Their totals.
    pub revenue: Money,
    /// What was refunded.
    pub refunded: Money,
    /// Units that came back.
    pub returns: i64,
}

const SALES_OF_DAY: Object = Object {
    name: "SalesOfDay",
    about: "What was sold in a day, or in a week as far as it is in the range.",
    fields: &[
        Field::required("date", Schema::DATE, "The day, or the week's first day in the range."),
        Field::required("orders", COUNT, "Orders that were paid."),
        UNITS,
        REVENUE,
        Field::required("refunded", SUM_SCHEMA, "What was refunded."),
        RETURNS,
    ],
};

/// What was sold in a range of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesReport {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// `day` or `week`.
    pub by: String,
    /// Where the days begin.
    pub timezone: String,
    /// Every day or week of the range.
    pub items: Vec<SalesOfDay>,
}

/// `SalesReport` as data.
pub const SALES_REPORT: Object = Object {
    name: "SalesReport",
    about: "What was sold in a range of days, in the store's time zone.",
    fields: &[
        Field::required("from", Schema::DATE, "The first day."),
        Field::required("to", Schema::DATE, "The last day."),
        Field::required("by", Schema::OneOf(&["day", "week"]), "What an item is about."),
        Field::required("timezone", TIMEZONE, "Where the days begin."),
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&SALES_OF_DAY), max: MAX_DAYS as usize, unique: false },
            "Every day or week of the range, the first first, also those without sales.",
        ),
    ],
};

/// What was sold of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoldProduct {
    /// The product.
    pub product_id: String,
    /// Its title.
    pub title: String,
    /// Units sold.
    pub units: i64,
    /// Its lines, as priced.
    pub revenue: Money,
    /// Units that came back.
    pub returns: i64,
    /// What is available of it now.
    pub available: i64,
}

/// `SoldProduct` as data.
pub const SOLD_PRODUCT: Object = Object {
    name: "SoldProduct",
    about: "What was sold of a product, or came back of it, in a range of days.",
    fields: &[
        PRODUCT_ID,
        TITLE,
        UNITS,
        LINE_REVENUE,
        RETURNS,
        Field::required(
            "available",
            SIGNED,
            "What is available of its variants now, over all locations; 0 of one that was deleted.",
        ),
    ],
};

/// A page of products that were sold.
pub const SOLD_PRODUCT_PAGE: Object = page(
    "SoldProductPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&SOLD_PRODUCT), max: 250, unique: false },
            "The products.",
        ),
        NEXT_CURSOR,
    ],
);

/// What a quarter of an hour's figures changed by; below 0 what a cancelled order took out of them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesChange {
    /// When the quarter of an hour begins.
    pub begins_at: String,
    /// Orders that were paid.
    pub orders: i64,
    /// Their units.
    pub units: i64,
    /// Their totals.
    pub revenue: Money,
    /// What was refunded.
    pub refunded: Money,
    /// Units that came back.
    pub returns: i64,
}

/// The data of `sales.updated`: what one write changed of the figures.
///
/// A screen adds the changes to what it shows: to the day, the week and the 30 days that `begins_at` lies in, in whatever
/// time zone they are told. Differences do that for every range that is open, and the log brings each once and in order;
/// `Store-Cursor` says which are in an answer already. There is nothing of customers in it, so viewers may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesUpdated {
    /// The changes, by quarters of an hour; a write changes one.
    pub changes: Vec<SalesChange>,
}

const SIGNED_SUM: Object = Object {
    name: "SalesDifference",
    about: "A difference between sums, in integer minor units of the store's currency.",
    fields: &[
        Field::required("amount", SIGNED, "Minor units, such as cents; below 0 what is taken out again."),
        Field::required("currency", CURRENCY, "The store's."),
    ],
};

const SALES_CHANGE: Object = Object {
    name: "SalesChange",
    about: "What a quarter of an hour's figures changed by.",
    fields: &[
        Field::required("begins_at", Schema::TIME, "When the quarter of an hour begins."),
        Field::required("orders", SIGNED, "Orders that were paid."),
        Field::required("units", SIGNED, "Their units."),
        Field::required("revenue", Schema::Object(&SIGNED_SUM), "Their totals."),
        Field::required("refunded", Schema::Object(&SIGNED_SUM), "What was refunded."),
        Field::required("returns", SIGNED, "Units that came back."),
    ],
};

/// `SalesUpdated` as data.
pub const SALES_UPDATED: Object = Object {
    name: "SalesUpdated",
    about: "The data of `sales.updated`: what to add to the figures of every range that `begins_at` lies in.",
    fields: &[Field::required(
        "changes",
        Schema::List { items: &Schema::Object(&SALES_CHANGE), max: 1_000, unique: false },
        "The changes, by quarters of an hour.",
    )],
};
