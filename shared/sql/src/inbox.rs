//! The inbox: events that other systems send.
//!
//! Guarantees: an event is noted as applied in the transaction of what it does, so it was done exactly when it is noted;
//! of two that come at once one is refused by the guard, because the database has one writer at a time; what was applied
//! stays so for good; of it nothing is kept but what it was answered; what was looked up for it still holds when it is done.
//!
//! Every statement needs `:store :inbox_event`.

use crate::batch::Batch;
use crate::documents::bounded;
use storeroom_operations::Problem;

/// What is known of the event, and what of the store it is about, from one snapshot: TRUE, `state`, `hash`, `result`,
/// `found`. The first three are NULL for an event that is new; `found` is what the SQL expression yields.
pub fn look_up(found: &str) -> String {
    format!(
        "SELECT 1 AS present, i.state, i.hash, i.result, ({found}) AS found FROM (SELECT 1) \
         LEFT JOIN webhook_inbox i ON i.store_id = :store AND i.event_id = :inbox_event"
    )
}

/// Goes on only while the event was not applied. Belongs right after the steps of access.
pub fn guard_not_applied(batch: &mut Batch, applied: Problem) {
    let is_open = "SELECT NOT EXISTS (SELECT 1 FROM webhook_inbox WHERE store_id = :store \
        AND event_id = :inbox_event AND state = 'applied')";
    batch.guard(is_open, applied);
}

/// Goes on only while the SQL expression yields what it did when it was looked up. Needs `:inbox_found` and what the
/// expression needs.
pub fn guard_unchanged(batch: &mut Batch, found: &str, changed: Problem) {
    batch.guard(&format!("SELECT ({found}) IS :inbox_found"), changed);
}

/// Notes that the event was applied. `version` is the query of the version that its subject has since. Belongs after every
/// step that changes it. Needs `:inbox_type :inbox_hash :inbox_subject :inbox_action :now :request_id :actor`.
pub fn note_applied(batch: &mut Batch, version: &str) {
    batch.run(format!(
        "INSERT INTO webhook_inbox (store_id, event_id, type, state, hash, result, received_at, applied_at, attempts, \
         request_id, received_by) \
         SELECT :store, :inbox_event, :inbox_type, 'applied', :inbox_hash, json_object('event_id', :inbox_event, \
            'type', :inbox_type, 'status', 'applied', 'subject', :inbox_subject, 'action', :inbox_action, \
            'version', ({version})), :now, :now, 1, :request_id, :actor WHERE TRUE \
         ON CONFLICT (store_id, event_id) DO UPDATE SET state = 'applied', type = excluded.type, \
            hash = excluded.hash, body = NULL, problem = NULL, result = excluded.result, \
            applied_at = excluded.applied_at, attempts = attempts + 1"
    ));
}

/// What the event was answered when it was applied: `document`, `version` (NULL).
pub const APPLIED: &str = "SELECT result AS document, NULL AS version FROM webhook_inbox \
    WHERE store_id = :store AND event_id = :inbox_event";

/// Most rejected events that a store keeps.
pub const MAX_REJECTED: usize = 10_000;

/// How long a rejected event is kept: 90 days.
pub const REJECTED_KEPT_FOR_MS: i64 = 90 * 86_400_000;

/// Keeps the event to be tried again; what it said before and why it was rejected then is forgotten. `full` is the refusal
/// of one more than `MAX_REJECTED`. Needs `:inbox_type
/// :inbox_hash :inbox_body :inbox_problem :now :request_id :actor`.
pub fn keep_rejected(batch: &mut Batch, full: Problem) {
    // Two go for one that comes, so what has expired does not pile up.
    batch.run(format!(
        "DELETE FROM webhook_inbox WHERE received_at <= :now - {REJECTED_KEPT_FOR_MS} AND (store_id, event_id) IN \
         (SELECT store_id, event_id FROM webhook_inbox INDEXED BY webhook_inbox_rejected WHERE store_id = :store \
            AND state = 'rejected' ORDER BY request_id LIMIT 2)"
    ));
    batch.guard(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM webhook_inbox WHERE store_id = :store AND event_id = :inbox_event) \
             OR NOT EXISTS (SELECT 1 FROM webhook_inbox INDEXED BY webhook_inbox_rejected WHERE store_id = :store \
                AND state = 'rejected' LIMIT 1 OFFSET {})",
            MAX_REJECTED - 1
        ),
        full,
    );
    batch.run(
        "INSERT INTO webhook_inbox (store_id, event_id, type, state, hash, body, problem, received_at, attempts, \
         request_id, received_by) \
         VALUES (:store, :inbox_event, :inbox_type, 'rejected', :inbox_hash, :inbox_body, :inbox_problem, :now, 1, \
            :request_id, :actor) \
         ON CONFLICT (store_id, event_id) DO UPDATE SET type = excluded.type, hash = excluded.hash, \
            body = excluded.body, problem = excluded.problem, attempts = attempts + 1",
    );
}

/// The body of the event if it waits to be tried again.
pub const REJECTED: &str = "SELECT body FROM webhook_inbox WHERE store_id = :store AND event_id = :inbox_event \
    AND state = 'rejected'";

/// The store's rejected events, those that came last first, until they have `documents::MAX_PAGE_BYTES`: `document`,
/// `key`. Needs `:store :after :limit`.
pub fn rejected_page() -> String {
    // A tilde comes after every character of a request's id.
    let page = "SELECT json_object('event_id', event_id, 'type', type, \
        'received_at', strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000.0, 'unixepoch'), 'attempts', attempts, \
        'problem', json(problem), 'body', json(body)) AS document, request_id AS key \
        FROM webhook_inbox INDEXED BY webhook_inbox_rejected WHERE store_id = :store AND state = 'rejected' \
        AND request_id < coalesce(:after, '~') ORDER BY request_id DESC LIMIT :limit";
    bounded(page, "ORDER BY key DESC")
}
