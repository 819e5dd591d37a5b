//! `POST /orders/{id}/fulfil`.
//!
//! Guarantees: what is shipped leaves `committed` and `on_hand` in one step, and stands in the ledger.

use crate::{steps, transition};
use serde_json::json;
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::Problem;
use storeroom_operations::shapes::order::FulfilInput;
use storeroom_sql::stock;
use storeroom_web::{Answer, Call};

/// What is about to leave.
const LEAVING: &str = "SELECT o.line AS place, o.variant_id, o.location_id, -o.committed AS delta, \
    l.on_hand AS before, NULL AS reason, o.order_id AS reference \
    FROM order_lines o CROSS JOIN levels l ON l.store_id = o.store_id AND l.variant_id = o.variant_id \
        AND l.location_id = o.location_id \
    WHERE o.store_id = :store AND o.order_id = :order AND o.committed > 0";

/// Ships the order.
pub async fn fulfil(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: FulfilInput = call.input()?;
    let mut batch = steps::begin(call)?;
    transition::guard(&mut batch, OrderAction::Fulfil);
    stock::append_ledger(&mut batch, "fulfilled", LEAVING);
    let entry = transition::said(&mut batch, &json!({"tracking": input.tracking}));
    let mut members = vec!["state"];
    members.extend(input.tracking.as_ref().map(|_| "tracking"));
    batch.set("tracking", input.tracking);
    transition::write(
        &mut batch,
        EventType::OrderFulfilled,
        entry,
        "state = 'fulfilled', tracking = :tracking,",
    );
    steps::tell(&mut batch, EventType::OrderFulfilled, &members);
    steps::finish(call, batch).await
}
