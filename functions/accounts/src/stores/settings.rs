//! The settings of a store: what its owners may change.
//!
//! Guarantees: a setting that is left out stays as it is. Relies on: no setting being NULL, in the table or in the API.

use storeroom_operations::shapes::store::StorePatch;
use storeroom_sql::Batch;

/// The columns, each with the argument that carries its new value. The arguments have names of their own, because a
/// store is also opened together with an account.
const SETTINGS: [(&str, &str); 8] = [
    ("name", "store_name"),
    ("currency", "store_currency"),
    ("timezone", "store_timezone"),
    ("tax_rate_basis_points", "store_tax_rate"),
    ("prices_include_tax", "store_prices_include_tax"),
    ("order_expiry_s", "store_order_expiry_s"),
    ("hold_expiry_s", "store_hold_expiry_s"),
    ("low_stock_default", "store_low_stock"),
];

/// Sets the arguments: NULL for what is left out.
pub fn bind(batch: &mut Batch, patch: &StorePatch) {
    batch.set("store_name", patch.name.clone());
    batch.set("store_currency", patch.currency.clone());
    batch.set("store_timezone", patch.timezone.clone());
    batch.set("store_tax_rate", patch.tax_rate_basis_points);
    batch.set("store_prices_include_tax", patch.prices_include_tax.map(i64::from));
    batch.set("store_order_expiry_s", patch.order_expiry_seconds);
    batch.set("store_hold_expiry_s", patch.hold_expiry_seconds);
    batch.set("store_low_stock", patch.low_stock_default);
}

/// The assignments of an UPDATE of `stores`.
pub fn assignments() -> String {
    SETTINGS.map(|(column, argument)| format!("{column} = coalesce(:{argument}, {column})")).join(", ")
}

/// Whether a row of `stores` has another value than an argument says.
pub fn differ() -> String {
    SETTINGS.map(|(column, argument)| format!("{column} <> coalesce(:{argument}, {column})")).join(" OR ")
}
