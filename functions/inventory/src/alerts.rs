//! Alerts: levels that are low, one a crossing. `storeroom_sql::stock` opens and closes them.

pub mod ack;
pub mod list;

/// The document of an alert, over the columns of `alerts a` and `variants v`.
const DOCUMENT: &str = "json_object('id', a.id, 'variant_id', a.variant_id, 'sku', v.sku, 'location_id', a.location_id, \
    'state', iif(a.closed_at IS NULL, 'open', 'closed'), 'available', a.available, 'threshold', a.threshold, \
    'opened_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.opened_at / 1000.0, 'unixepoch'), \
    'acknowledged_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.acknowledged_at / 1000.0, 'unixepoch'), \
    'acknowledged_by', a.acknowledged_by, \
    'closed_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.closed_at / 1000.0, 'unixepoch'))";

/// Where the variant's SKU comes from.
const SKU: &str = "LEFT JOIN variants v ON v.store_id = a.store_id AND v.id = a.variant_id";
