//! Holds: an expired one keeps no stock from anybody.
//!
//! Guarantees: what is settled are whole holds, each with its event. Where more than `MAX_SETTLED` have expired on the
//! lines of a write, the stock of the others is given back too, and their events follow by due work; so no write is
//! refused because of a hold that has expired.
//! Relies on: the triggers of the schema, which keep `levels.held` the sum of the lines that are open.

use crate::batch::Batch;
use crate::events::returning;
use crate::settle::MAX_SETTLED;

/// The open lines that are due on the levels of `:lines`; a line without a location means the store's default.
const DUE_LINES: &str = "SELECT DISTINCT due.hold_id, due.variant_id, due.location_id FROM json_each(:lines) AS wanted \
    CROSS JOIN hold_lines due ON due.store_id = :store AND due.variant_id = wanted.value ->> 'variant_id' \
        AND due.location_id = coalesce(wanted.value ->> 'location_id', \
            (SELECT id FROM locations WHERE store_id = :store AND is_default = 1)) \
        AND due.open_until <= :now";

/// Settles the hold `:hold` if it has expired. Needs `:store :hold :now :request_id`.
pub fn settle_hold(batch: &mut Batch) {
    settle(batch, "holds h", "h.id = :hold");
}

/// Settles what has expired on the levels of `:lines`, a JSON list of `variant_id` and `location_id` (null or left out
/// for the store's default). Needs `:store :lines :now :request_id`.
pub fn settle_holds_of_lines(batch: &mut Batch) {
    let source = format!("(SELECT DISTINCT hold_id FROM ({DUE_LINES})) AS touched CROSS JOIN holds h");
    settle(batch, &source, "h.id = touched.hold_id");
    batch.run(format!(
        "UPDATE hold_lines SET open_until = NULL FROM ({DUE_LINES}) AS past \
         WHERE hold_lines.store_id = :store AND hold_lines.hold_id = past.hold_id \
         AND hold_lines.variant_id = past.variant_id AND hold_lines.location_id = past.location_id"
    ));
}

/// Settles the store's holds that have expired, at most `MAX_SETTLED`, earliest first. Needs `:store :now :request_id`.
pub fn settle_holds_of_store(batch: &mut Batch) {
    settle(batch, "holds h", "TRUE");
}

fn settle(batch: &mut Batch, source: &str, scope: &str) {
    let due = format!(
        "SELECT h.store_id, h.id, h.version, h.expires_at FROM {source} WHERE h.store_id = :store AND {scope} \
         AND h.state = 'open' AND h.expires_at <= :now ORDER BY h.expires_at, h.id LIMIT {MAX_SETTLED}"
    );
    batch.announce(announcement(&due));
    batch.run(format!(
        "UPDATE stores SET seq = seq + settled.number, head_at = :now \
         FROM (SELECT count(*) AS number FROM ({due})) AS settled WHERE stores.id = :store AND settled.number > 0"
    ));
    batch.run(format!(
        "UPDATE holds SET state = 'expired', resolved_at = expires_at, version = version + 1 \
         WHERE store_id = :store AND id IN (SELECT id FROM ({due}))"
    ));
}

fn announcement(due: &str) -> String {
    let (event_id, returning) = (event_id(), returning());
    format!(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT s.id, s.seq + d.number, {event_id}, 'hold.expired', d.id, d.version + 1, d.expires_at, 'system', \
            :request_id, json_object('state', 'expired', 'version', d.version + 1) \
         FROM (SELECT *, row_number() OVER (ORDER BY expires_at, id) AS number FROM ({due})) AS d \
         JOIN stores s ON s.id = d.store_id WHERE TRUE {returning}"
    )
}

/// The id of the event that tells of a hold's expiry: its moment and the random digits of the hold's own id. A hold
/// expires once, so no other event has it. The first 10 digits of an id are its time, 5 bits each (RFC 9562).
fn event_id() -> String {
    let digit = |place: u32| {
        format!(
            "substr('0123456789abcdefghjkmnpqrstvwxyz', ((d.expires_at >> {}) & 31) + 1, 1)",
            45 - 5 * place
        )
    };
    let moment: Vec<String> = (0..10).map(digit).collect();
    format!("'evt_' || {} || substr(d.id, 15)", moment.join(" || "))
}

/// The stores with holds that have expired by `:now`, at most 100. The index is named, because for DISTINCT alone
/// SQLite would walk through all that is open.
pub const STORES_WITH_DUE_HOLDS: &str = "SELECT DISTINCT store_id FROM holds INDEXED BY holds_open \
    WHERE state = 'open' AND expires_at <= :now LIMIT 100";
