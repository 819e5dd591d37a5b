//! `POST /orders/{id}/return`.
//!
//! Guarantees: no line comes back more often than it was shipped; what can be sold again is on hand at the location that
//! shipped it, and stands in the ledger.

use crate::{dashboard, steps, transition};
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::shapes::order::{ReturnInput, ReturnLineInput};
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_sql::stock::{self, LINES};
use storeroom_web::body_lines::{self, StockLine};
use storeroom_web::{Answer, Call};

/// All that has not come back: `line`, `variant_id`, `location_id`, `quantity`.
const ALL: &str = "(SELECT line, variant_id, location_id, shipped - returned AS quantity FROM order_lines \
    WHERE store_id = :store AND order_id = :order AND shipped > returned)";

/// What `:lines` says comes back, in the same columns.
fn wanted() -> String {
    format!(
        "(SELECT o.line, o.variant_id, o.location_id, n.delta AS quantity FROM {LINES} AS n CROSS JOIN order_lines o \
         ON o.store_id = :store AND o.order_id = :order AND o.variant_id = n.variant_id \
         AND o.location_id = n.location_id)"
    )
}

/// Takes back what was shipped, all of it or what the lines say.
pub async fn take_back(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: ReturnInput = call.input()?;
    let mut batch = steps::begin(call)?;
    let coming = match &input.lines {
        None => ALL.to_owned(),
        Some(lines) => {
            bind(&mut batch, call, lines)?;
            wanted()
        }
    };
    if input.lines.is_some() {
        guard_lines(&mut batch);
    }
    transition::guard(&mut batch, OrderAction::Return);
    note(&mut batch, &coming, input.restock);
    if input.restock {
        restock(&mut batch, &coming);
    }
    batch.run(format!(
        "UPDATE order_lines SET returned = returned + back.quantity FROM {coming} AS back \
         WHERE store_id = :store AND order_id = :order AND order_lines.line = back.line"
    ));
    tell(&mut batch);
    dashboard::tell_sales(&mut batch, call);
    steps::finish(call, batch).await
}

fn bind(batch: &mut Batch, call: &Call<'_>, lines: &[ReturnLineInput]) -> Result<(), Problem> {
    if lines.is_empty() {
        return Err(Problem::with_faults(Code::ValidationFailed, vec![body_lines::too_few()]));
    }
    let lines: Vec<StockLine<'_>> = lines.iter().map(coming_back).collect();
    batch.set("lines", body_lines::print(call, &lines)?);
    Ok(())
}

fn coming_back(line: &ReturnLineInput) -> StockLine<'_> {
    let location_id = line.location_id.as_deref();
    StockLine { variant_id: &line.variant_id, location_id, delta: line.quantity }
}

/// Refuses lines that the order does not have, or not so many.
fn guard_lines(batch: &mut Batch) {
    stock::guard_distinct(batch);
    let had = format!(
        "FROM {LINES} AS n LEFT JOIN order_lines o ON o.store_id = :store AND o.order_id = :order \
         AND o.variant_id = n.variant_id AND o.location_id = n.location_id"
    );
    let absent = format!(
        "SELECT '/lines/' || n.line || '/variant_id', 'is not in the order, from this location.' {had} \
         WHERE o.quantity IS NULL ORDER BY n.line"
    );
    stock::guard_faults(batch, "unknown_value", absent);
    let beyond = format!(
        "SELECT '/lines/' || n.line || '/quantity', 'must be at most ' || (o.shipped - o.returned) || ', which have not \
         come back yet.' {had} WHERE n.delta > o.shipped - o.returned AND o.shipped > 0 ORDER BY n.line"
    );
    stock::guard_faults(batch, "out_of_range", beyond);
}

/// Writes the order's new version, whose timeline names what comes back.
fn note(batch: &mut Batch, coming: &str, restock: bool) {
    let entry = format!(
        "json_object('lines', (SELECT json_group_array(json_object('variant_id', variant_id, 'location_id', location_id, \
         'quantity', quantity)) FROM {coming}), 'restock', json('{restock}'))"
    );
    transition::write(batch, EventType::OrderReturned, &entry, "state = 'returned',");
}

/// Puts what comes back on hand again.
fn restock(batch: &mut Batch, coming: &str) {
    let gone = format!(
        "SELECT '/restock', 'is not possible: the variant ' || back.variant_id || ' is no longer in the store.' \
         FROM {coming} AS back WHERE NOT EXISTS (SELECT 1 FROM levels l WHERE l.store_id = :store \
         AND l.variant_id = back.variant_id AND l.location_id = back.location_id)"
    );
    stock::guard_faults(batch, "unknown_value", gone);
    let moved = format!(
        "SELECT back.line AS place, back.variant_id, back.location_id, back.quantity AS delta, l.on_hand AS before, \
            NULL AS reason, :order AS reference \
         FROM {coming} AS back CROSS JOIN levels l ON l.store_id = :store AND l.variant_id = back.variant_id \
            AND l.location_id = back.location_id"
    );
    stock::append_ledger(batch, "returned", &moved);
    batch.run(format!(
        "UPDATE levels SET on_hand = on_hand + back.quantity FROM {coming} AS back WHERE levels.store_id = :store \
         AND levels.variant_id = back.variant_id AND levels.location_id = back.location_id"
    ));
}

/// A first return changes the state, a further one does not.
fn tell(batch: &mut Batch) {
    let first = "(SELECT count(*) = 1 FROM json_each(timeline) WHERE value ->> 'type' = 'order.returned')";
    let data = format!(
        "CASE WHEN {first} THEN {} ELSE {} END",
        steps::told(&["state", "lines"]),
        steps::told(&["lines"])
    );
    steps::tell_as(batch, EventType::OrderReturned, &data);
}
