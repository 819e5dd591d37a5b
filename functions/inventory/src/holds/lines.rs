//! The lines of a request about a hold.

use serde::Serialize;
use storeroom_operations::shapes::hold::HoldLineInput;
use storeroom_sql::Batch;
use storeroom_sql::stock::{self, LINES};

/// A line as `storeroom_sql::stock` takes it: what is set aside is taken from what is available.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    variant_id: &'a str,
    location_id: Option<&'a str>,
    delta: i64,
}

/// The lines as `storeroom_sql::stock` takes them.
pub fn taking(lines: &[HoldLineInput]) -> Vec<Line<'_>> {
    lines.iter().map(Line::taking).collect()
}

impl<'a> Line<'a> {
    fn taking(line: &'a HoldLineInput) -> Self {
        let location_id = line.location_id.as_deref();
        Self { variant_id: &line.variant_id, location_id, delta: -line.quantity }
    }
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
