//! What of a level does not add up.
//!
//! Guarantees: the ledger is folded from its first row, not read off its last one.

use storeroom_operations::shapes::inventory::MAX_DRIFT;

/// What was moved: the deltas of the whole ledger.
const MOVED: &str = "(SELECT variant_id, location_id, sum(delta) AS number FROM ledger WHERE store_id = :store \
    GROUP BY variant_id, location_id)";
/// What is set aside: the open lines of holds.
const HELD: &str = "(SELECT variant_id, location_id, sum(quantity) AS number FROM hold_lines WHERE store_id = :store \
    AND open_until IS NOT NULL GROUP BY variant_id, location_id)";

/// What orders keep until they are shipped.
const COMMITTED: &str = "(SELECT variant_id, location_id, sum(committed) AS number FROM order_lines \
    WHERE store_id = :store AND committed > 0 GROUP BY variant_id, location_id)";

/// The numbers of a level, and what each is the sum of.
const NUMBERS: [(&str, &str); 3] = [("on_hand", MOVED), ("held", HELD), ("committed", COMMITTED)];

/// The drift of the store as a JSON list, at most `MAX_DRIFT` numbers: one row, one value. Needs `:store`.
pub fn list() -> String {
    let all = NUMBERS.map(|(field, parts)| number(field, parts)).join(" UNION ALL ");
    format!(
        "SELECT json_group_array(json(drift)) AS drift FROM (SELECT json_object('variant_id', variant_id, \
         'location_id', location_id, 'field', field, 'stored', stored, 'computed', computed) AS drift FROM ({all}) \
         WHERE stored <> computed ORDER BY variant_id, location_id, field LIMIT {MAX_DRIFT})"
    )
}

fn number(field: &str, parts: &str) -> String {
    format!(
        "SELECT l.variant_id, l.location_id, '{field}' AS field, l.{field} AS stored, \
         coalesce(p.number, 0) AS computed FROM levels l LEFT JOIN {parts} AS p ON p.variant_id = l.variant_id \
         AND p.location_id = l.location_id WHERE l.store_id = :store"
    )
}
