//! The steps that resolve a hold, whether it is committed, released, or becomes an order.
//!
//! Guarantees: a hold resolves once; what it became is what a second try is told.
//! Relies on: the triggers of the schema, which give back what the lines of a resolved hold still have.
//!
//! Every step needs `:store :hold :now` and, for the event, `:actor :request_id`.

use crate::batch::Batch;
use crate::events;
use crate::stock::LINES;
use storeroom_domain::EventType;
use storeroom_operations::{Code, Problem};

/// Refuses unless the hold `:hold`, which is there and was settled, is open.
pub fn guard_open(batch: &mut Batch) {
    for (state, code, detail) in [
        ("committed", Code::HoldAlreadyCommitted, "The hold was committed; a hold resolves once."),
        ("released", Code::HoldAlreadyReleased, "The hold was released; a hold resolves once."),
        ("expired", Code::HoldExpired, EXPIRED),
    ] {
        batch.guard(
            &format!("SELECT state <> '{state}' FROM holds WHERE store_id = :store AND id = :hold"),
            Problem::new(code, detail),
        );
    }
    // A clock that is ahead of this one may have given the stock back already.
    batch.guard(
        "SELECT NOT EXISTS (SELECT 1 FROM hold_lines WHERE store_id = :store AND hold_id = :hold \
         AND open_until IS NULL)",
        Problem::new(Code::HoldExpired, EXPIRED),
    );
}

const EXPIRED: &str = "The hold has expired, and its stock is available again. Hold anew.";

/// Changes the lines of the hold `:hold` that `:lines` names; `changes` are assignments, in which `n.quantity` is how many
/// are taken. Needs `:lines` too.
pub fn set_lines(batch: &mut Batch, changes: &str) {
    batch.run(format!(
        "UPDATE hold_lines SET {changes} FROM (SELECT :store AS store_id, :hold AS hold_id, variant_id, location_id, \
            -sum(delta) AS quantity FROM {LINES} GROUP BY variant_id, location_id) AS n \
         WHERE hold_lines.store_id = n.store_id AND hold_lines.hold_id = n.hold_id \
         AND hold_lines.variant_id = n.variant_id AND hold_lines.location_id = n.location_id"
    ));
}

/// Resolves the hold; the lines that are open still give back what they have.
pub fn resolve(batch: &mut Batch, state: &str) {
    batch.run_expecting(
        1,
        format!(
            "UPDATE holds SET state = '{state}', resolved_at = :now, version = version + 1 \
             WHERE store_id = :store AND id = :hold AND state = 'open'"
        ),
        Problem::not_found("hold"),
    );
}

/// Appends the event that tells of the hold as it is now, under the id in the argument `event_id`, named with its colon;
/// `data` is an expression over the columns of `hold_documents`.
pub fn tell(batch: &mut Batch, event_id: &str, event: EventType, data: &str) {
    let told = format!(
        "SELECT id AS subject, version, {data} AS data FROM hold_documents WHERE store_id = :store AND id = :hold"
    );
    events::append_as(batch, event_id, event, &told);
}
