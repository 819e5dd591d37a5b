//! What the changes of an order's state have in common.
//!
//! Guarantees: only what `domain::order::TRANSITIONS` has; a refusal says where the order stands and where that leads.
//! Relies on: the schema's trigger by which the state moves the stock.

use serde_json::Value as Json;
use storeroom_domain::EventType;
use storeroom_domain::order::{OrderAction, OrderState, STATES};
use storeroom_operations::{Code, Problem};
use storeroom_sql::documents::ORDER_HAS_EXPIRED;
use storeroom_sql::{Batch, states};

/// Whether anything that was shipped has not come back.
const IS_OUT: &str = "EXISTS (SELECT 1 FROM order_lines WHERE store_id = :store AND order_id = :order \
    AND shipped > returned)";

/// Refuses unless the order is in a state that the action starts from.
pub fn guard(batch: &mut Batch, action: OrderAction) {
    let target = action.target().as_str();
    let detail = format!("The order's state does not lead to `{target}`: `allowed` lists where it leads.");
    let refusal = Problem::new(Code::IllegalTransition, detail);
    // A clock that is ahead of this one may have given the stock of a pending order back already.
    let keeps = "(state <> 'pending' OR EXISTS (SELECT 1 FROM order_lines WHERE store_id = :store \
        AND order_id = :order AND committed > 0))";
    batch.guard(
        &format!(
            "SELECT state IN ({}) AND (state <> 'returned' OR {IS_OUT}) AND {keeps} FROM orders \
             WHERE store_id = :store AND id = :order",
            states::list(action.sources().into_iter().map(OrderState::as_str), '\'')
        ),
        refusal,
    );
    explain(batch);
}

/// Lets a refusal say where the order stands, and where that leads.
pub fn explain(batch: &mut Batch) {
    let state = format!(
        "FROM (SELECT CASE WHEN {ORDER_HAS_EXPIRED} THEN 'expired' ELSE state END AS state \
         FROM orders WHERE store_id = :store AND id = :order)"
    );
    batch.explain(Code::IllegalTransition, "state", format!("SELECT json_quote(state) {state}"));
    let machine =
        STATES.map(|from| (from.as_str(), from.allowed().into_iter().map(OrderState::as_str).collect()));
    let allowed = format!(
        "SELECT CASE WHEN state = 'returned' AND NOT {IS_OUT} THEN '[]' ELSE {} END {state}",
        states::allowed(machine)
    );
    batch.explain(Code::IllegalTransition, "allowed", allowed);
}

/// What the request said, for the timeline; its nulls are left out.
pub fn said(batch: &mut Batch, entry: &Json) -> &'static str {
    batch.set("entry", entry.to_string());
    ":entry"
}

/// Writes the order's new version, with the object of the SQL expression `entry` in its timeline. `changes` are further
/// assignments, each with a comma at its end.
pub fn write(batch: &mut Batch, event: EventType, entry: &str, changes: &str) {
    let event = event.as_str();
    batch.run_expecting(
        1,
        format!(
            "UPDATE orders SET {changes} version = version + 1, updated_at = :now, \
             timeline = json_insert(timeline, '$[#]', json_patch(json_object(\
                'at', strftime('%Y-%m-%dT%H:%M:%fZ', :now / 1000.0, 'unixepoch'), 'type', '{event}', 'actor', :actor), \
                {entry})) \
             WHERE store_id = :store AND id = :order"
        ),
        Problem::not_found("order"),
    );
}
