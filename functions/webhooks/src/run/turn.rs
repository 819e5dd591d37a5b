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
use storeroom_domain::{EventId, EventType, Timestamp};
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, due};
use storeroom_sql::batch::Outcome as Outcomes;
use storeroom_sql::{Args, Batch, Rows, documents, events};

/// Most outcomes of one turn.
pub const MOST_OUTCOMES: usize = 32;
/// About the most bytes of events that one turn takes: the writer may put several turns into one call, whose answer is bounded.
const MOST_BYTES: usize = 512 * 1024;
/// Most deliveries that a runner takes before it has sent them.
const MOST_TAKEN: usize = 64;

/// How often a turn is tried for which the database has no time, nothing of which was done.
const TRIES: u32 = 3;
/// How long it is waited between two tries, in milliseconds.
const BETWEEN_TRIES_MS: i64 = 1_000;

/// The endpoint while it is this runner's.
const MINE: &str = "store_id = :store AND id = :endpoint AND lease = :lease";

impl Runner<'_> {
    /// Takes a turn; whether there is more to do.
    pub async fn turn(&mut self) -> Result<bool, DatabaseError> {
        let until = self.ports.clock.now().plus_ms(LEASE_MS);
        let Some(outcome) = self.commit(until).await? else { return Ok(false) };
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

    /// Commits the turn, again if the database was too busy: what came of attempts is too good to be lost.
    async fn commit(&self, until: Timestamp) -> Result<Option<Outcomes>, DatabaseError> {
        let mut tries = 1;
        loop {
            let batch = self.batch(self.ports.clock.now().ms(), until.ms());
            let done =
                due::commit_and_tell(self.ports, batch, "delivering failed", ("endpoint", self.endpoint))
                    .await;
            match done {
                Err(DatabaseError::Unavailable(_)) if tries < TRIES => {
                    self.ports.clock.sleep(BETWEEN_TRIES_MS).await;
                    tries += 1;
                }
                done => return done,
            }
        }
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
        // What an address did that the endpoint has left says nothing of the one that it has.
        let url = self.attempts.url().unwrap_or_default();
        let here = || self.outcomes.iter().filter(|outcome| outcome.url == url);
        let failed_at = here().filter(|outcome| !outcome.delivered).map(|outcome| outcome.at).min();
        Args::new()
            .with("store", self.store)
            .with("endpoint", self.endpoint)
            .with("lease", self.lease.as_str())
            .with("now", now_ms)
            .with("until", until_ms)
            .with("known", json!(known).to_string())
            .with("limit", i64::try_from(room).unwrap_or(0))
            .with("outcomes", json!(self.outcomes).to_string())
            .with("any_delivered", i64::from(here().any(|outcome| outcome.delivered)))
            .with("failed_at", failed_at)
            .with("is_gone", i64::from(here().any(Outcome::is_gone)))
            .with("url", url)
            .with("failing_for", FAILING_FOR_MS)
            .with("event_id", event.to_string())
            .with("actor", "system")
            .with("request_id", "due")
    }
}

/// Writes attempts into the log, and how their deliveries stand since. What another runner has finished meanwhile stays so.
fn write_down(batch: &mut Batch) {
    batch.run(
        "INSERT INTO delivery_attempts (store_id, delivery_id, number, at, latency_ms, status, error, answer) \
         SELECT d.store_id, d.id, d.attempts + 1, o.value ->> 'at', o.value ->> 'latency_ms', o.value ->> 'status', \
            o.value ->> 'error', o.value ->> 'answer' \
         FROM json_each(:outcomes) AS o CROSS JOIN deliveries d ON d.store_id = :store AND d.id = o.value ->> 'id'",
    );
    // Not when it was asked for anew meanwhile: then it is due at once, whatever came of this attempt.
    let its_own = "(state = 'pending' AND failed = o.had_failed)";
    batch.run(format!(
        "UPDATE deliveries INDEXED BY deliveries_by_id SET attempts = attempts + 1, failed = failed + (NOT o.delivered AND {its_own}), \
            state = CASE WHEN o.delivered THEN 'delivered' WHEN {its_own} AND o.next_at IS NULL THEN 'failed' \
                ELSE state END, \
            due_at = CASE WHEN o.delivered THEN NULL WHEN {its_own} THEN o.next_at ELSE due_at END, \
            finished_at = CASE WHEN o.delivered OR ({its_own} AND o.next_at IS NULL) THEN :now ELSE finished_at END \
         FROM (SELECT value ->> 'id' AS id, value ->> 'delivered' AS delivered, value ->> 'next_at' AS next_at, \
            value ->> 'had_failed' AS had_failed FROM json_each(:outcomes)) AS o \
         WHERE deliveries.store_id = :store AND deliveries.id IN (SELECT value ->> 'id' FROM json_each(:outcomes)) \
            AND deliveries.id = o.id"
    ));
}

/// Notes whether the endpoint fails where it is now, and disables it when it has done so for too long or wants nothing any more.
fn judge(batch: &mut Batch) {
    batch.run(
        "UPDATE webhook_endpoints SET failing_since = iif(:any_delivered, NULL, :failed_at), \
            version = version + 1, updated_at = :now \
         WHERE store_id = :store AND id = :endpoint AND url = :url AND (:any_delivered OR :failed_at IS NOT NULL) \
            AND (failing_since IS NULL) IS NOT (:any_delivered = 1)",
    );
    let is_too_bad = format!(
        "SELECT stopped IS NULL AND (:is_gone OR (NOT :any_delivered AND failing_since <= :now - :failing_for)) FROM {} \
         AND url = :url",
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
        let told = format!(
            "SELECT id AS subject, version, json_object('url', url, 'reason', stopped, 'cursor', stopped_cursor) AS data \
             FROM {}",
            steps::THIS
        );
        events::append(batch, EventType::WebhookDisabled, &told);
    });
}

/// Gives the endpoint back: a runner that ends does so in any case, another one only when nothing is due. Who was served comes
/// after those who have waited.
fn give_back(batch: &mut Batch, is_ending: bool) {
    let unless_due = match is_ending {
        true => "",
        false => {
            "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.store_id = :store AND d.endpoint_id = :endpoint \
             AND d.due_at <= :now)"
        }
    };
    batch.run(format!(
        "UPDATE webhook_endpoints SET lease = NULL, due_at = (SELECT max(:now, min(d.due_at)) FROM deliveries d \
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
    documents::bounded_to(MOST_BYTES, &query, "ORDER BY due_at, seq")
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
