//! The event `sales.updated`: see `shapes::dashboard::SalesUpdated` for what it is good for.
//!
//! Guarantees: it is written in the transaction of what it tells of, and tells all that the transaction changed.
//! Relies on: the triggers of the schema for `sales_changes`, whatever changed the figures.

use storeroom_domain::{EventId, EventType};
use storeroom_sql::{Batch, events};
use storeroom_web::Call;

const TOLD: &str = "SELECT 'sales' AS subject, (SELECT seq FROM stores WHERE id = :store) AS version, \
    json_object('changes', json(changes)) AS data FROM (SELECT json_group_array(json(change)) AS changes, \
        count(*) AS changed FROM (SELECT json_object(\
            'begins_at', strftime('%Y-%m-%dT%H:%M:%fZ', c.begins_at / 1000.0, 'unixepoch'), \
            'orders', c.orders, 'units', c.units, \
            'revenue', json_object('amount', c.revenue_minor, 'currency', s.currency), \
            'refunded', json_object('amount', c.refunded_minor, 'currency', s.currency), \
            'returns', c.returned) AS change \
            FROM sales_changes c CROSS JOIN stores s ON s.id = c.store_id WHERE c.store_id = :store \
            ORDER BY c.begins_at)) WHERE changed > 0";

/// Tells what the batch has changed of the figures of sales, if it has. After the change, in every batch that may sell an
/// order, cancel it, or note a refund or a return.
pub fn tell_sales(batch: &mut Batch, call: &Call<'_>) {
    let event: EventId = call.new_id();
    batch.set("sales_event_id", event.to_string());
    events::append_as_if_told(batch, ":sales_event_id", EventType::SalesUpdated, TOLD);
    batch.run("DELETE FROM sales_changes WHERE store_id = :store");
}
