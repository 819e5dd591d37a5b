//! Expiry of holds and orders: one whose time has run out keeps no stock from anybody.
//!
//! Guarantees: what is settled are whole holds and orders, each with its event. Where more than `MAX_SETTLED` have
//! expired on the lines of a write, the stock of the others is given back too, and their events follow by due work; so
//! no write is refused because of something that has expired.
//! Relies on: the triggers of the schema, which keep `levels.held` and `levels.committed` the sums of the lines that
//! are open.

use crate::batch::Batch;
use crate::documents::{EXPIRED_MEMBERS, ORDER_CHANGE};
use crate::events::returning;
use crate::settle::MAX_SETTLED;

/// A kind of thing that keeps stock until its time runs out. Its columns are those of its table `t`.
struct Kind {
    /// Its table.
    table: &'static str,
    /// The table of its lines.
    lines: &'static str,
    /// The column in which a line names it.
    owner: &'static str,
    /// The columns that tell a line from the others of its owner, as in the table's key.
    place: &'static str,
    /// The state in which it keeps stock for a time.
    open: &'static str,
    /// What a query must say for the index of open lines to serve it.
    indexed: &'static str,
    /// What closes a line, so that it keeps nothing.
    close: &'static str,
    /// The event of its expiry.
    event: &'static str,
    /// What the event tells: members beside `state` and `version`, for `json_object`.
    told: &'static str,
    /// What else changes in its row, over its columns.
    change: &'static str,
}

const HOLDS: Kind = Kind {
    table: "holds",
    lines: "hold_lines",
    owner: "hold_id",
    place: "variant_id, location_id",
    open: "open",
    indexed: "",
    close: "open_until = NULL",
    event: "hold.expired",
    told: "",
    change: "resolved_at = expires_at",
};

const ORDERS: Kind = Kind {
    table: "orders",
    lines: "order_lines",
    owner: "order_id",
    place: "line",
    open: "pending",
    indexed: " AND due.committed > 0",
    close: "open_until = NULL, committed = 0",
    event: "order.expired",
    told: EXPIRED_MEMBERS,
    change: ORDER_CHANGE,
};

/// Settles the hold `:hold` if it has expired. Needs `:store :hold :now :request_id`.
pub fn settle_hold(batch: &mut Batch) {
    HOLDS.settle_one(batch, "hold");
}

/// Settles the order `:order` if it has expired. Needs `:store :order :now :request_id`.
pub fn settle_order(batch: &mut Batch) {
    ORDERS.settle_one(batch, "order");
}

/// Settles what has expired on the levels of `:lines`, a JSON list of `variant_id` and `location_id` (null or left out
/// for the store's default). Needs `:store :lines :now :request_id`.
pub fn settle_lines(batch: &mut Batch) {
    let any = format!("SELECT EXISTS ({}) OR EXISTS ({})", HOLDS.due_lines(), ORDERS.due_lines());
    batch.only_if(&any, |batch| {
        HOLDS.settle_lines(batch);
        ORDERS.settle_lines(batch);
    });
}

/// Settles the store's holds and orders that have expired, of each at most `MAX_SETTLED`, earliest first. Needs `:store
/// :now :request_id`.
pub fn settle_expired(batch: &mut Batch) {
    HOLDS.settle(batch, "holds t", "TRUE");
    ORDERS.settle(batch, "orders t", "TRUE");
}

/// The stores with something that has expired by `:now`, at most 100 of each kind. The indexes are named, because for
/// DISTINCT alone SQLite would walk through all that is open.
pub const STORES_WITH_EXPIRED: &str = "SELECT * FROM (SELECT DISTINCT store_id FROM holds INDEXED BY holds_open \
        WHERE state = 'open' AND expires_at <= :now LIMIT 100) \
    UNION SELECT * FROM (SELECT DISTINCT store_id FROM orders INDEXED BY orders_pending \
        WHERE state = 'pending' AND expires_at <= :now LIMIT 100)";

impl Kind {
    /// Settles the one that the argument `name` names.
    fn settle_one(&self, batch: &mut Batch, name: &str) {
        let Self { table, open, .. } = self;
        let is_due = format!(
            "SELECT 1 FROM {table} WHERE store_id = :store AND id = :{name} AND state = '{open}' AND expires_at <= :now"
        );
        batch.only_if(&is_due, |batch| self.settle(batch, &format!("{table} t"), &format!("t.id = :{name}")));
    }

    fn settle(&self, batch: &mut Batch, source: &str, scope: &str) {
        self.settle_found(
            batch,
            &format!(
                "{source} WHERE t.store_id = :store AND {scope} AND t.state = '{}' AND t.expires_at <= :now",
                self.open
            ),
        );
    }

    /// Settles what the source finds, at most `MAX_SETTLED`, earliest first: rows `t` of the table.
    fn settle_found(&self, batch: &mut Batch, found: &str) {
        let due = format!(
            "SELECT t.store_id, t.id, t.version, t.expires_at FROM {found} \
             ORDER BY t.expires_at, t.id LIMIT {MAX_SETTLED}"
        );
        batch.announce(self.announcement(&due));
        batch.run(format!(
            "UPDATE stores SET seq = seq + settled.number, head_at = :now \
             FROM (SELECT count(*) AS number FROM ({due})) AS settled WHERE stores.id = :store AND settled.number > 0"
        ));
        batch.run(format!(
            "UPDATE {} SET state = 'expired', version = version + 1, {} \
             WHERE store_id = :store AND id IN (SELECT id FROM ({due}))",
            self.table, self.change
        ));
    }

    fn settle_lines(&self, batch: &mut Batch) {
        let Self { table, lines, owner, place, close, open, .. } = self;
        let due = self.due_lines();
        // The plus keeps SQLite from going through all that has expired for each one that was touched.
        self.settle_found(
            batch,
            &format!(
                "(SELECT DISTINCT owner FROM ({due})) AS touched CROSS JOIN {table} t WHERE t.store_id = :store \
                 AND t.id = touched.owner AND +t.state = '{open}' AND +t.expires_at <= :now"
            ),
        );
        batch.run(format!(
            "UPDATE {lines} SET {close} WHERE (store_id, {owner}, {place}) IN (SELECT :store, owner, {place} FROM ({due}))"
        ));
    }

    /// The open lines that are due on the levels of `:lines`.
    fn due_lines(&self) -> String {
        format!(
            "SELECT DISTINCT due.{} AS owner, due.line, due.variant_id, due.location_id FROM json_each(:lines) AS wanted \
             CROSS JOIN {} due ON due.store_id = :store AND due.variant_id = wanted.value ->> 'variant_id' \
                AND due.location_id = coalesce(wanted.value ->> 'location_id', \
                    (SELECT id FROM locations WHERE store_id = :store AND is_default = 1)) \
                AND due.open_until <= :now{}",
            self.owner, self.lines, self.indexed
        )
    }

    fn announcement(&self, due: &str) -> String {
        let Self { table, event, told, .. } = self;
        let (event_id, returning) = (event_id(), returning());
        format!(
            "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
             SELECT s.id, s.seq + d.number, {event_id}, '{event}', d.id, d.version + 1, d.expires_at, 'system', \
                :request_id, json_object('state', 'expired', {told}'version', d.version + 1) \
             FROM (SELECT *, row_number() OVER (ORDER BY expires_at, id) AS number FROM ({due})) AS d \
             CROSS JOIN stores s ON s.id = d.store_id \
             CROSS JOIN {table} t ON t.store_id = d.store_id AND t.id = d.id WHERE TRUE {returning}"
        )
    }
}

/// The id of the event that tells of an expiry: its moment and the random digits of the thing's own id, which expires
/// once, so no other event has it. The first 10 digits of an id are its time, 5 bits each (RFC 9562).
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
