//! A hold that becomes an order.
//!
//! Guarantees: what the hold has counts as available to its order; what the order does not take of it is available
//! again; the hold resolves once, and says which order it became.

use storeroom_domain::{EventId, EventType};
use storeroom_sql::{Batch, holds, settle, stock};
use storeroom_web::Call;

/// What the event tells, over `hold_documents`.
const TOLD: &str = "json_object('state', state, 'lines', document -> '$.lines', 'order_id', document ->> '$.order_id', \
    'version', version)";

/// Resolves the hold `:hold` for the order `:order` with `:lines`.
pub fn take(batch: &mut Batch, call: &Call<'_>) {
    let event: EventId = call.new_id();
    batch.set("hold_event_id", event.to_string());
    settle::settle_hold(batch);
    let unknown = "SELECT '/hold_id', 'is not a hold of this store.' \
        WHERE NOT EXISTS (SELECT 1 FROM holds WHERE store_id = :store AND id = :hold)";
    stock::guard_faults(batch, "unknown_value", unknown.to_owned());
    holds::guard_open(batch);
    batch.run("UPDATE holds SET order_id = :order WHERE store_id = :store AND id = :hold");
    // Before the lines close, so that what is committed does not leave `on_hand`: the order keeps it.
    holds::set_lines(batch, "committed = min(hold_lines.quantity, n.quantity)");
    holds::resolve(batch, "committed");
    holds::tell(batch, ":hold_event_id", EventType::HoldCommitted, TOLD);
}
