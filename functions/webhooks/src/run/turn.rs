//! A runner's turn at the database: one round trip that writes down what came of attempts, renews the lease, takes what
//! is due, and gives the endpoint back when nothing is.
//!
//! Guarantees: what came of an attempt is kept even where the lease has gone; an endpoint that is given back has its next
//! due moment from the same transaction, so no event that was queued meanwhile waits for chance.

use super::attempt::{Address, GENERATIONS};
use super::outcome::Outcome;
use super::taken::Delivery;
use super::{LEASE_MS, Runner};
use crate::body::OF_DELIVERY;
use crate::endpoints::steps;
use serde_json::json;
use storeroom_domain::delivery::FAILING_FOR_MS;
use storeroom_domain::{EventId, EventType};
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, due};
use storeroom_sql::{Args, Batch, Rows, documents, events};

/// Most outcomes of one turn.
pub const MOST_OUTCOMES: usize = 32;
/// Most deliveries that a runner takes before it has sent them.
const MOST_TAKEN: usize = 64;

/// The endpoint while it is this runner's.
const MINE: &str = "store_id = :store AND id = :endpoint AND lease = :lease";

impl Runner<'_> {
    /// Takes a turn; whether there is more to do.
    pub async fn turn(&mut self) -> Result<bool, DatabaseError> {
        let now = self.ports.clock.now();
        let until = now.plus_ms(LEASE_MS);
        let batch = self.batch(now.ms(), until.ms());
        let outcome =
            due::commit_and_tell(self.ports, batch, "delivering failed", ("endpoint", self.endpoint)).await?;
        let Some(outcome) = outcome else { return Ok(false) };
        self.outcomes.clear();
        match Address::of(self.endpoint, &outcome.rows("endpoint")) {
            Some(address) => {
                self.leased_until = until;
                self.attempts.go_to(address);
                self.taken.add(deliveries(&outcome.rows("taken")));
            }
            None => {
                self.is_ending = true;
                self.taken.clear();
            }
        }
        Ok(self.attempts.count() > 0 || !self.taken.is_empty())
    }

    fn batch(&self, now_ms: i64, until_ms: i64) -> Batch {
        let mut batch = Batch::new(self.args(now_ms, until_ms));
        if !self.outcomes.is_empty() {
            write_down(&mut batch);
            judge(&mut batch);
        }
        // Who is ending takes nothing more; and while a runner has something on its way, it keeps the endpoint.
        let is_idle = self.attempts.count() == 0;
        if !(self.is_ending && is_idle) {
            batch.run(
                "UPDATE webhook_endpoints SET lease = :lease, due_at = :until WHERE store_id = :store \
                 AND id = :endpoint AND stopped IS NULL AND (lease = :lease OR due_at <= :now)",
            );
        }
        if is_idle && self.taken.is_empty() {
            give_back(&mut batch, self.is_ending);
        }
        batch.query("endpoint", address_query());
        batch.query("taken", taken_query());
        batch
    }

    fn args(&self, now_ms: i64, until_ms: i64) -> Args {
        let event: EventId = new_id(self.ports.random.as_ref(), self.ports.clock.now());
        let known: Vec<&str> = self.attempts.ids().chain(self.taken.ids()).collect();
        let room = if self.is_ending { 0 } else { MOST_TAKEN.saturating_sub(known.len()) };
        let failed_at =
            self.outcomes.iter().filter(|outcome| !outcome.delivered).map(|outcome| outcome.at).min();
        Args::new()
            .with("store", self.store)
            .with("endpoint", self.endpoint)
            .with("lease", self.lease.as_str())
            .with("now", now_ms)
            .with("until", until_ms)
            .with("known", json!(known).to_string())
            .with("limit", i64::try_from(room).unwrap_or(0))
            .with("outcomes", json!(self.outcomes).to_string())
            .with("any_delivered", i64::from(self.outcomes.iter().any(|outcome| outcome.delivered)))
            .with("failed_at", failed_at)
            .with("is_gone", i64::from(self.outcomes.iter().any(Outcome::is_gone)))
            .with("failing_for", FAILING_FOR_MS)
            .with("event_id", event.to_string())
            .with("actor", "system")
            .with("request_id", "due")
    }
}

/// Writes attempts into the log, and how their deliveries stand since. What is held stays held unless it was taken; what
/// another runner has finished meanwhile stays so.
fn write_down(batch: &mut Batch) {
    batch.run(
        "INSERT INTO delivery_attempts (store_id, delivery_id, number, at, latency_ms, status, error, answer) \
         SELECT d.store_id, d.id, d.attempts + 1, o.value ->> 'at', o.value ->> 'latency_ms', o.value ->> 'status', \
            o.value ->> 'error', o.value ->> 'answer' \
         FROM json_each(:outcomes) AS o CROSS JOIN deliveries d ON d.store_id = :store AND d.id = o.value ->> 'id'",
    );
    batch.run(
        "UPDATE deliveries INDEXED BY deliveries_by_id SET attempts = attempts + 1, failed = failed + NOT o.delivered, \
            state = CASE WHEN o.delivered THEN 'delivered' WHEN state = 'pending' AND o.next_at IS NULL THEN 'failed' \
                ELSE state END, \
            due_at = CASE WHEN state = 'pending' AND NOT o.delivered THEN o.next_at END, \
            finished_at = CASE WHEN o.delivered OR (state = 'pending' AND o.next_at IS NULL) THEN :now \
                ELSE finished_at END \
         FROM (SELECT value ->> 'id' AS id, value ->> 'delivered' AS delivered, value ->> 'next_at' AS next_at \
            FROM json_each(:outcomes)) AS o \
         WHERE deliveries.store_id = :store AND deliveries.id IN (SELECT value ->> 'id' FROM json_each(:outcomes)) \
            AND deliveries.id = o.id",
    );
}

/// Notes whether the endpoint fails, and disables it when it has done so for too long or wants nothing any more.
fn judge(batch: &mut Batch) {
    batch.run(
        "UPDATE webhook_endpoints SET failing_since = iif(:any_delivered, NULL, :failed_at), \
            version = version + 1, updated_at = :now \
         WHERE store_id = :store AND id = :endpoint AND (failing_since IS NULL) IS NOT (:any_delivered = 1)",
    );
    let is_too_bad = format!(
        "SELECT stopped IS NULL AND (:is_gone OR (NOT :any_delivered AND failing_since <= :now - :failing_for)) FROM {}",
        steps::THIS
    );
    batch.only_if(&is_too_bad, |batch| {
        batch.run(format!(
            "UPDATE webhook_endpoints SET stopped = iif(:is_gone, 'gone', 'failing'), stopped_at = :now, \
             stopped_cursor = {}, due_at = NULL, lease = NULL, version = version + 1, updated_at = :now \
             WHERE store_id = :store AND id = :endpoint",
            steps::CURSOR
        ));
        steps::subscribe(batch);
        steps::hold_or_go_on(batch);
        let told = format!(
            "SELECT id AS subject, version, json_object('url', url, 'reason', stopped, 'cursor', stopped_cursor) AS data \
             FROM {}",
            steps::THIS
        );
        events::append(batch, EventType::WebhookDisabled, &told);
    });
}

/// Gives the endpoint back: a runner that ends does so in any case, another one only when nothing is due.
fn give_back(batch: &mut Batch, is_ending: bool) {
    let unless_due = match is_ending {
        true => "",
        false => {
            "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.store_id = :store AND d.endpoint_id = :endpoint \
             AND d.due_at <= :now)"
        }
    };
    batch.run(format!(
        "UPDATE webhook_endpoints SET lease = NULL, due_at = (SELECT min(d.due_at) FROM deliveries d \
            WHERE d.store_id = :store AND d.endpoint_id = :endpoint AND d.due_at IS NOT NULL) \
         WHERE {MINE} {unless_due}"
    ));
}

/// Where the endpoint is and which of its secrets are good, if it is this runner's: `url`, `generations` (a JSON list).
fn address_query() -> String {
    format!("SELECT url, {GENERATIONS} AS generations FROM webhook_endpoints WHERE {MINE}")
}

/// What is due and not known to the runner yet, if the endpoint is this runner's: `document` (the body), `id`, `event_id`,
/// `subject`, `failed`.
fn taken_query() -> String {
    let query = format!(
        "SELECT {OF_DELIVERY} AS document, d.id AS id, e.id AS event_id, e.subject AS subject, d.failed AS failed, \
            d.due_at AS due_at, d.seq AS seq \
         FROM webhook_endpoints w CROSS JOIN deliveries d ON d.store_id = w.store_id AND d.endpoint_id = w.id \
            AND d.due_at <= :now \
         CROSS JOIN events e ON e.store_id = d.store_id AND e.seq = d.seq \
         WHERE w.store_id = :store AND w.id = :endpoint AND w.lease = :lease \
            AND d.id NOT IN (SELECT value FROM json_each(:known)) \
         ORDER BY d.due_at, d.seq LIMIT :limit"
    );
    documents::bounded(&query, "ORDER BY due_at, seq")
}

fn deliveries(rows: &Rows) -> impl Iterator<Item = Delivery> {
    (0..rows.0.len()).filter_map(|row| {
        let text = |column| rows.text(row, column).map(str::to_owned);
        Some(Delivery {
            body: text(0)?,
            id: text(1)?,
            event_id: text(2)?,
            subject: text(3)?,
            failed: rows.integer(row, 4)?,
        })
    })
}
