//! Stores and their settings.

use super::{NAME, NEXT_CURSOR, VERSION, page};
use crate::schema::{Field, Format, Object, Schema};
use serde::{Deserialize, Serialize};

const CURRENCY: Schema = Schema::Text { min: 3, max: 3, format: Format::Currency };
const TIMEZONE: Schema = Schema::Text { min: 1, max: 64, format: Format::Timezone };
/// 10,000 basis points are 100 %.
const TAX_RATE: Schema = Schema::Integer { min: 0, max: 10_000 };
/// One minute to 30 days.
const ORDER_EXPIRY: Schema = Schema::Integer { min: 60, max: 2_592_000 };
/// Ten seconds to 7 days.
const HOLD_EXPIRY: Schema = Schema::Integer { min: 10, max: 604_800 };
const LOW_STOCK: Schema = Schema::Integer { min: 0, max: 1_000_000 };

const NAME_ABOUT: &str = "What the store is called.";
const CURRENCY_ABOUT: &str = "ISO 4217; fixed once an order exists.";
const TIMEZONE_ABOUT: &str = "IANA time zone, such as `Europe/Berlin`: where its days begin.";
const TAX_RATE_ABOUT: &str = "The tax on what is sold; 1900 is 19 %.";
const PRICES_ABOUT: &str = "Whether prices include the tax.";
const ORDER_EXPIRY_ABOUT: &str = "How long an order may stay unpaid, in seconds.";
const HOLD_EXPIRY_ABOUT: &str = "How long a hold lasts that names no end of its own, in seconds.";
const LOW_STOCK_ABOUT: &str =
    "At how many available units stock is low where a level says nothing; 0 is off.";

/// A store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA time zone.
    pub timezone: String,
    /// The tax in hundredths of a per cent.
    pub tax_rate_basis_points: i64,
    /// Whether prices include the tax.
    pub prices_include_tax: bool,
    /// How long an order may stay unpaid, in seconds.
    pub order_expiry_seconds: i64,
    /// How long a hold lasts, in seconds.
    pub hold_expiry_seconds: i64,
    /// At how many available units stock is low; 0 is off.
    pub low_stock_default: i64,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

/// `Store` as data.
pub const STORE: Object = Object {
    name: "Store",
    about: "A store and its settings.",
    fields: &[
        Field::required("id", Schema::id("str_"), "Its id."),
        Field::required("name", NAME, NAME_ABOUT),
        Field::required("currency", CURRENCY, CURRENCY_ABOUT),
        Field::required("timezone", TIMEZONE, TIMEZONE_ABOUT),
        Field::required("tax_rate_basis_points", TAX_RATE, TAX_RATE_ABOUT),
        Field::required("prices_include_tax", Schema::Boolean, PRICES_ABOUT),
        Field::required("order_expiry_seconds", ORDER_EXPIRY, ORDER_EXPIRY_ABOUT),
        Field::required("hold_expiry_seconds", HOLD_EXPIRY, HOLD_EXPIRY_ABOUT),
        Field::required("low_stock_default", LOW_STOCK, LOW_STOCK_ABOUT),
        Field::required("version", VERSION, "Counts its changes; also its ETag."),
        Field::required("created_at", Schema::TIME, "When it was made."),
        Field::required("updated_at", Schema::TIME, "When it last changed."),
    ],
};

/// A page of stores.
pub const STORE_PAGE: Object = page(
    "StorePage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&STORE), max: 250, unique: false },
            "The stores.",
        ),
        NEXT_CURSOR,
    ],
);

/// A store as it is opened; a setting that is left out is the service's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreInput {
    /// What it is called.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA time zone.
    pub timezone: String,
    /// The tax in hundredths of a per cent.
    #[serde(default)]
    pub tax_rate_basis_points: Option<i64>,
    /// Whether prices include the tax.
    #[serde(default)]
    pub prices_include_tax: Option<bool>,
    /// How long an order may stay unpaid, in seconds.
    #[serde(default)]
    pub order_expiry_seconds: Option<i64>,
    /// How long a hold lasts, in seconds.
    #[serde(default)]
    pub hold_expiry_seconds: Option<i64>,
    /// At how many available units stock is low; 0 is off.
    #[serde(default)]
    pub low_stock_default: Option<i64>,
}

/// `StoreInput` as data.
pub const STORE_INPUT: Object = Object {
    name: "StoreInput",
    about: "A store as it is opened.",
    fields: &[
        Field::required("name", NAME, NAME_ABOUT),
        Field::required("currency", CURRENCY, CURRENCY_ABOUT),
        Field::required("timezone", TIMEZONE, TIMEZONE_ABOUT),
        Field::optional("tax_rate_basis_points", TAX_RATE, TAX_RATE_ABOUT),
        Field::optional("prices_include_tax", Schema::Boolean, PRICES_ABOUT),
        Field::optional("order_expiry_seconds", ORDER_EXPIRY, ORDER_EXPIRY_ABOUT),
        Field::optional("hold_expiry_seconds", HOLD_EXPIRY, HOLD_EXPIRY_ABOUT),
        Field::optional("low_stock_default", LOW_STOCK, LOW_STOCK_ABOUT),
    ],
};

/// A change to a store's settings, RFC 7396: what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorePatch {
    /// What it is called.
    #[serde(default)]
    pub name: Option<String>,
    /// ISO 4217.
    #[serde(default)]
    pub currency: Option<String>,
    /// IANA time zone.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The tax in hundredths of a per cent.
    #[serde(default)]
    pub tax_rate_basis_points: Option<i64>,
    /// Whether prices include the tax.
    #[serde(default)]
    pub prices_include_tax: Option<bool>,
    /// How long an order may stay unpaid, in seconds.
    #[serde(default)]
    pub order_expiry_seconds: Option<i64>,
    /// How long a hold lasts, in seconds.
    #[serde(default)]
    pub hold_expiry_seconds: Option<i64>,
    /// At how many available units stock is low; 0 is off.
    #[serde(default)]
    pub low_stock_default: Option<i64>,
}

/// `StorePatch` as data.
pub const STORE_PATCH: Object = Object {
    name: "StorePatch",
    about: "A JSON merge patch (RFC 7396) of a store's settings: what is left out stays; nothing can be cleared.",
    fields: &[
        Field::optional("name", NAME, NAME_ABOUT),
        Field::optional("currency", CURRENCY, CURRENCY_ABOUT),
        Field::optional("timezone", TIMEZONE, TIMEZONE_ABOUT),
        Field::optional("tax_rate_basis_points", TAX_RATE, TAX_RATE_ABOUT),
        Field::optional("prices_include_tax", Schema::Boolean, PRICES_ABOUT),
        Field::optional("order_expiry_seconds", ORDER_EXPIRY, ORDER_EXPIRY_ABOUT),
        Field::optional("hold_expiry_seconds", HOLD_EXPIRY, HOLD_EXPIRY_ABOUT),
        Field::optional("low_stock_default", LOW_STOCK, LOW_STOCK_ABOUT),
    ],
};
