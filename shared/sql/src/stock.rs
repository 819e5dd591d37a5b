//! The steps that every change of stock shares, over one JSON argument, `:lines`.
//!
//! Guarantees: set-based, so 1,000 lines take as many statements as one; a refusal names every line that is at fault;
//! every movement of what is on hand is a row of the ledger with what was there before and after; an alert is opened
//! and closed in the transaction of what it is about, with its event.
//! Relies on: the triggers of the schema for `crossings`, whatever statement moves a level; CHECK `stock_not_negative`
//! behind the guard.
//!
//! A line is `{variant_id, location_id?, delta?, reason?, reference?, line?}`: without a location it means the store's
//! default; `line` is its place in the body where that is not its place in `:lines`. Every step needs `:store :lines
//! :now :actor :request_id`.

use crate::batch::{Batch, Violation};
use crate::documents::{COMMITTED, HELD};
use crate::events::{self, returning};
use storeroom_domain::EventType;
use storeroom_operations::{Code, Problem};

/// The lines of `:lines` as rows: `place`, `line`, `variant_id`, `location_id`, `delta`, `reason`, `reference`,
/// `value`.
pub const LINES: &str = "(SELECT j.key AS place, coalesce(j.value ->> 'line', j.key) AS line, \
    j.value ->> 'variant_id' AS variant_id, coalesce(j.value ->> 'location_id', (SELECT id FROM locations \
        WHERE store_id = :store AND is_default = 1)) AS location_id, \
    coalesce(j.value ->> 'delta', 0) AS delta, j.value ->> 'reason' AS reason, \
    j.value ->> 'reference' AS reference, j.value AS value FROM json_each(:lines) AS j)";

/// The levels of `:lines`, each once: `variant_id`, `location_id`, `delta` (the sum), `place` (the first).
fn levels() -> String {
    format!(
        "(SELECT :store AS store_id, variant_id, location_id, sum(delta) AS delta, min(place) AS place FROM {LINES} \
         GROUP BY variant_id, location_id)"
    )
}

/// The document of a level as of `:now`, over `levels l` and `variants v`.
pub fn level() -> String {
    format!(
        "json_object('variant_id', l.variant_id, 'sku', v.sku, 'location_id', l.location_id, 'on_hand', l.on_hand, \
         'held', {HELD}, 'committed', {COMMITTED}, 'incoming', l.incoming, \
         'available', l.on_hand - {HELD} - {COMMITTED}, 'threshold', l.threshold)"
    )
}

/// Whether a level is low as of `:now`, over `levels l`.
pub fn is_low() -> String {
    let threshold = "coalesce(l.threshold, (SELECT low_stock_default FROM stores WHERE id = :store))";
    format!("({threshold} > 0 AND l.on_hand - {HELD} - {COMMITTED} <= {threshold})")
}

/// Refuses lines about variants or locations that the store does not have.
pub fn guard_known(batch: &mut Batch) {
    guard_variants(batch);
    let unknown = format!(
        "SELECT '/lines/' || line || '/location_id', 'is not a location of this store.' FROM {LINES} AS n \
         WHERE NOT EXISTS (SELECT 1 FROM locations o WHERE o.store_id = :store AND o.id = n.location_id) ORDER BY line"
    );
    guard_faults(batch, "unknown_value", unknown);
}

/// Refuses lines about variants that the store does not have.
pub fn guard_variants(batch: &mut Batch) {
    let unknown = format!(
        "SELECT DISTINCT '/lines/' || line || '/variant_id', 'is not a variant of this store.' FROM {LINES} AS n \
         WHERE NOT EXISTS (SELECT 1 FROM variants v WHERE v.store_id = :store AND v.id = n.variant_id) ORDER BY line"
    );
    guard_faults(batch, "unknown_value", unknown);
}

/// Refuses two lines about the same level.
pub fn guard_distinct(batch: &mut Batch) {
    let doubled = format!(
        "SELECT DISTINCT '/lines/' || line || '/variant_id', 'stands in an earlier line, at the same location.' \
         FROM (SELECT line, row_number() OVER (PARTITION BY variant_id, location_id ORDER BY place) AS nth FROM {LINES}) \
         WHERE nth > 1 ORDER BY line"
    );
    guard_faults(batch, "duplicate", doubled);
}

/// Refuses the body when the query of its faults, (pointer, detail), has rows.
pub fn guard_faults(batch: &mut Batch, code: &'static str, faults: String) {
    let problem = Problem::new(Code::ValidationFailed, "The lines do not fit: see `errors`.");
    batch.guard(&format!("SELECT NOT EXISTS ({faults})"), problem);
    batch.explain_faults(Code::ValidationFailed, code, faults);
}

/// Refuses lines that together take more from a level than is available there: what takes has a `delta` below 0.
pub fn guard_available(batch: &mut Batch) {
    guard_available_and(batch, "0");
}

/// As `guard_available`, for who gives up the hold `:hold` in the same batch: what it still has counts as available. The
/// guard finds it resolved, the refusal that lists the lines finds it open again.
pub fn guard_available_to_holder(batch: &mut Batch) {
    let own = "coalesce((SELECT own.quantity FROM hold_lines own WHERE own.store_id = :store AND own.hold_id = :hold \
        AND own.variant_id = n.variant_id AND own.location_id = n.location_id AND own.open_until > :now), 0)";
    guard_available_and(batch, own);
}

fn guard_available_and(batch: &mut Batch, own: &str) {
    let short = format!(
        "SELECT line, variant_id, -delta AS requested, available FROM (SELECT n.line, n.variant_id, n.delta, \
            coalesce(l.on_hand - {HELD} - {COMMITTED}, 0) + {own} AS available, \
            sum(n.delta) OVER (PARTITION BY n.variant_id, n.location_id) AS total \
            FROM {LINES} AS n LEFT JOIN levels l ON l.store_id = :store AND l.variant_id = n.variant_id \
            AND l.location_id = n.location_id) WHERE delta < 0 AND available + total < 0"
    );
    batch.guard(&format!("SELECT NOT EXISTS ({short})"), insufficient());
    batch.explain(
        Code::InsufficientStock,
        "lines",
        format!(
            "SELECT json_group_array(json(short)) FROM (SELECT json_object('pointer', '/lines/' || line, \
             'variant_id', variant_id, 'requested', requested, 'available', available) AS short FROM ({short}) \
             ORDER BY line)"
        ),
    );
}

/// The refusal of what asks for more than there is, still without `lines`.
pub fn insufficient() -> Problem {
    Problem::new(Code::InsufficientStock, "Not enough is available: `lines` says where and how much is.")
}

/// Makes the levels of `:lines` that are not there yet.
pub fn make_levels(batch: &mut Batch) {
    batch.run(format!(
        "INSERT INTO levels (store_id, variant_id, location_id) SELECT store_id, variant_id, location_id FROM {} \
         WHERE TRUE ON CONFLICT DO NOTHING",
        levels()
    ));
}

/// Adds each line's `delta` to what is on hand, and writes the movements down as `kind`, a kind of the ledger. The
/// levels are there and have enough.
pub fn move_on_hand(batch: &mut Batch, kind: &'static str) {
    write_ledger(batch, kind);
    batch.run_or(
        format!(
            "UPDATE levels SET on_hand = on_hand + n.delta FROM {} AS n WHERE levels.store_id = n.store_id \
             AND levels.variant_id = n.variant_id AND levels.location_id = n.location_id AND n.delta <> 0",
            levels()
        ),
        vec![(Violation::Check("stock_not_negative"), insufficient())],
    );
}

/// Writes movements down as `kind`, a kind of the ledger. `moved` is a query of `place`, by which they are numbered,
/// `variant_id`, `location_id`, `delta`, `before`, `reason`, `reference`.
pub fn append_ledger(batch: &mut Batch, kind: &'static str, moved: &str) {
    batch.run(format!(
        "INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, before, after, \
         reason, reference) \
         SELECT :store, (SELECT coalesce(max(seq), 0) FROM ledger WHERE store_id = :store) \
            + row_number() OVER (ORDER BY place), :now, :actor, :request_id, variant_id, location_id, '{kind}', delta, \
            before, before + delta, reason, reference FROM ({moved})"
    ));
}

/// Writes a movement for each line whose `delta` is not 0, for what is on hand before the batch moves it.
pub fn write_ledger(batch: &mut Batch, kind: &'static str) {
    let moved = format!(
        "SELECT n.place, n.variant_id, n.location_id, n.delta, n.reason, n.reference, \
            l.on_hand + sum(n.delta) OVER (PARTITION BY n.variant_id, n.location_id ORDER BY n.place \
                ROWS UNBOUNDED PRECEDING) - n.delta AS before \
         FROM {LINES} AS n CROSS JOIN levels l ON l.store_id = :store AND l.variant_id = n.variant_id \
            AND l.location_id = n.location_id WHERE n.delta <> 0"
    );
    append_ledger(batch, kind, &moved);
}

/// Gives the levels of `:lines` the threshold that their line says.
pub fn set_thresholds(batch: &mut Batch) {
    batch.run(format!(
        "UPDATE levels SET threshold = n.threshold FROM (SELECT :store AS store_id, variant_id, location_id, \
            max(value ->> 'threshold') AS threshold FROM {LINES} GROUP BY variant_id, location_id) AS n \
         WHERE levels.store_id = n.store_id AND levels.variant_id = n.variant_id \
            AND levels.location_id = n.location_id"
    ));
}

/// The levels of `:lines` as they are now, `{"lines": […]}`, each once and in the order of the lines: `document`,
/// `version` (NULL).
pub fn levels_document() -> String {
    format!(
        "SELECT json_object('lines', (SELECT json_group_array(json(level)) FROM (SELECT {} AS level FROM {} AS n \
         CROSS JOIN levels l ON l.store_id = n.store_id AND l.variant_id = n.variant_id \
            AND l.location_id = n.location_id \
         CROSS JOIN variants v ON v.store_id = l.store_id AND v.id = l.variant_id ORDER BY n.place))) AS document, \
         NULL AS version",
        level(),
        levels()
    )
}

/// Writes the event that shows the levels of `:lines` as they are now; nothing where `condition` is not true. Its
/// subject is `stock`, its version its own `seq`. Needs `:event_id` too.
pub fn tell_levels(batch: &mut Batch, event_type: EventType, condition: &str) {
    let told = format!(
        "SELECT 'stock' AS subject, (SELECT seq FROM stores WHERE id = :store) AS version, document AS data \
         FROM ({}) WHERE {condition}",
        levels_document()
    );
    events::append_if_told(batch, event_type, &told);
}

/// The crossings that no event tells of yet, each with its open alert: `kind`, `alert_id`, `version`, `data`, `number`.
const CROSSED: &str = "SELECT c.store_id, c.kind, a.id AS alert_id, CASE c.kind WHEN 'low' THEN 1 ELSE 2 END AS version, \
    json_object('variant_id', c.variant_id, 'sku', v.sku, 'location_id', c.location_id, 'available', l.available, \
        'threshold', l.threshold) AS data, \
    row_number() OVER (ORDER BY c.variant_id, c.location_id) AS number \
    FROM crossings c \
    CROSS JOIN alerts a ON a.store_id = c.store_id AND a.variant_id = c.variant_id AND a.location_id = c.location_id \
        AND a.closed_at IS NULL \
    CROSS JOIN level_states l ON l.store_id = c.store_id AND l.variant_id = c.variant_id \
        AND l.location_id = c.location_id \
    CROSS JOIN variants v ON v.store_id = c.store_id AND v.id = c.variant_id WHERE c.store_id = :store";

/// Opens and closes the alerts of what the batch has moved over a threshold, and writes their events. The last step of
/// every batch that touches levels. Needs `:store :now :actor :request_id` and `:crossing_id`, a new event id.
pub fn tell_crossings(batch: &mut Batch) {
    batch.only_if("SELECT 1 FROM crossings WHERE store_id = :store LIMIT 1", tell_each);
}

fn tell_each(batch: &mut Batch) {
    batch.run(format!(
        "INSERT INTO alerts (store_id, id, variant_id, location_id, available, threshold, opened_at) \
         SELECT c.store_id, {}, c.variant_id, c.location_id, l.available, l.threshold, :now \
         FROM (SELECT *, row_number() OVER (ORDER BY variant_id, location_id) AS number FROM crossings \
            WHERE store_id = :store AND kind = 'low') AS c \
         CROSS JOIN level_states l ON l.store_id = c.store_id AND l.variant_id = c.variant_id \
            AND l.location_id = c.location_id",
        id("alr_", "c.number")
    ));
    batch.announce(format!(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT s.id, s.seq + c.number, {}, 'stock.' || c.kind, c.alert_id, c.version, :now, :actor, :request_id, c.data \
         FROM ({CROSSED}) AS c CROSS JOIN stores s ON s.id = c.store_id WHERE TRUE {}",
        id("evt_", "c.number"),
        returning()
    ));
    batch.run(format!(
        "UPDATE stores SET seq = seq + told.number, head_at = :now FROM (SELECT count(*) AS number FROM ({CROSSED})) \
         AS told WHERE stores.id = :store AND told.number > 0"
    ));
    batch.run(
        "UPDATE alerts SET closed_at = :now WHERE closed_at IS NULL AND (store_id, variant_id, location_id) IN \
         (SELECT store_id, variant_id, location_id FROM crossings WHERE store_id = :store AND kind = 'replenished')",
    );
    batch.run("DELETE FROM crossings WHERE store_id = :store");
}

/// An id of its own for each number up to 2^20: `:crossing_id` with the number as its last 4 digits of 5 bits.
fn id(prefix: &str, number: &str) -> String {
    let digit = |shift: u32| {
        format!("substr('0123456789abcdefghjkmnpqrstvwxyz', (({number} >> {shift}) & 31) + 1, 1)")
    };
    let digits = [15, 10, 5, 0].map(digit).join(" || ");
    format!("'{prefix}' || substr(:crossing_id, 5, 22) || {digits}")
}
