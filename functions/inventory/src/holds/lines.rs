//! The lines of a request about a hold.

use storeroom_operations::shapes::hold::HoldLineInput;
use storeroom_sql::Batch;
use storeroom_sql::stock::{self, LINES};
use storeroom_web::body_lines::StockLine;

/// The lines as `storeroom_sql::stock` takes them: what is set aside is taken from what is available.
pub fn taking(lines: &[HoldLineInput]) -> Vec<StockLine<'_>> {
    lines.iter().map(taken).collect()
}

fn taken(line: &HoldLineInput) -> StockLine<'_> {
    let location_id = line.location_id.as_deref();
    StockLine { variant_id: &line.variant_id, location_id, delta: -line.quantity }
}

/// Refuses to commit what the hold `:hold` does not have.
pub fn guard_in_hold(batch: &mut Batch) {
    let had = format!(
        "FROM {LINES} AS n LEFT JOIN hold_lines h ON h.store_id = :store AND h.hold_id = :hold \
         AND h.variant_id = n.variant_id AND h.location_id = n.location_id"
    );
    let absent = format!(
        "SELECT '/lines/' || n.line || '/variant_id', 'is not in the hold, at this location.' {had} \
         WHERE h.quantity IS NULL ORDER BY n.line"
    );
    stock::guard_faults(batch, "unknown_value", absent);
    let beyond = format!(
        "SELECT '/lines/' || n.line || '/quantity', 'must be at most ' || h.quantity || ', which the hold has.' {had} \
         WHERE -n.delta > h.quantity ORDER BY n.line"
    );
    stock::guard_faults(batch, "out_of_range", beyond);
}
