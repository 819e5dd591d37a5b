//! `POST /orders/{id}/fulfil`.
//!
//! Guarantees: what is shipped leaves `committed` and `on_hand` in one step, and stands in the ledger.

use crate::{steps, transition};
use serde_json::json;
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::Problem;
use storeroom_operations::shapes::order::FulfilInput;
use storeroom_web::{Answer, Call};

/// The movements of what the order keeps, before it leaves.
const LEDGER: &str = "INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, \
    before, after, reference) \
    SELECT o.store_id, (SELECT coalesce(max(seq), 0) FROM ledger WHERE store_id = :store) \
        + row_number() OVER (ORDER BY o.line), :now, :actor, :request_id, o.variant_id, o.location_id, \
        'fulfilled', -o.committed, l.on_hand, l.on_hand - o.committed, o.order_id \
    FROM order_lines o CROSS JOIN levels l ON l.store_id = o.store_id AND l.variant_id = o.variant_id \
        AND l.location_id = o.location_id \
    WHERE o.store_id = :store AND o.order_id = :order AND o.committed > 0";

/// Ships the order.
pub async fn fulfil(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: FulfilInput = call.input()?;
    let mut batch = steps::begin(call)?;
    transition::guard(&mut batch, OrderAction::Fulfil);
    batch.run(LEDGER);
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
