//! Due work: telling of keys that expire soon.
//!
//! Guarantees: a warning is told once, whoever runs this at the same time; a key that was revoked or has expired is
//! told of no more; what was looked at is due later or never again.

use super::expiry;
use serde_json::json;
use storeroom_domain::id::Event;
use storeroom_domain::{EventType, Timestamp};
use storeroom_operations::{Code, Problem};
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, Ports, due};
use storeroom_sql::{Args, Batch, Rows, events};

/// Keys that are due, the longest first, at most 100.
const DUE: &str = "SELECT store_id, id, warn_at, expires_at FROM api_keys INDEXED BY api_keys_expiring \
    WHERE warn_at <= :now ORDER BY warn_at, store_id LIMIT 100";

const TOLD: &str = "SELECT id AS subject, version, :data AS data FROM api_keys \
    WHERE store_id = :store AND id = :target";

/// A warning that is due.
struct Warning {
    store: String,
    key: String,
    due_at_ms: i64,
    expires_at: Timestamp,
}

/// Tells of keys that expire soon, a batch a key; returns how many it looked at.
pub async fn warn(ports: &Ports) -> Result<usize, DatabaseError> {
    let now = ports.clock.now();
    let args = Args::new().with("now", now.ms());
    let rows = due::read(ports, DUE, &args).await?;
    let warnings: Vec<Warning> = (0..rows.0.len()).filter_map(|row| warning(&rows, row)).collect();
    for warning in &warnings {
        commit(ports, warning, now).await?;
    }
    Ok(warnings.len())
}

fn warning(rows: &Rows, row: usize) -> Option<Warning> {
    Some(Warning {
        store: rows.text(row, 0)?.to_owned(),
        key: rows.text(row, 1)?.to_owned(),
        due_at_ms: rows.integer(row, 2)?,
        expires_at: Timestamp::from_ms(rows.integer(row, 3)?),
    })
}

async fn commit(ports: &Ports, warning: &Warning, now: Timestamp) -> Result<(), DatabaseError> {
    let event = new_id::<Event>(ports.random.as_ref(), now);
    let mut batch = batch(warning, now);
    batch.set("event_id", event.to_string());
    due::commit(ports, batch, "warning failed", ("key", &warning.key)).await.map(|_| ())
}

fn batch(warning: &Warning, now: Timestamp) -> Batch {
    let Warning { store, key, due_at_ms, expires_at } = warning;
    let data =
        json!({"expires_at": expires_at.to_string(), "days_left": expiry::days_left(*expires_at, now)});
    let args = Args::new()
        .with("store", store.as_str())
        .with("target", key.as_str())
        .with("now", now.ms())
        .with("actor", "system")
        .with("request_id", "due")
        .with("due_at", *due_at_ms)
        .with("warn_at", expiry::next_warning(*expires_at, now))
        .with("data", data.to_string());
    let mut batch = Batch::new(args);
    let told_by_another = Problem::new(Code::NotFound, "The warning was told by another.");
    batch.guard(
        "SELECT warn_at = :due_at FROM api_keys WHERE store_id = :store AND id = :target",
        told_by_another,
    );
    let is_ahead = *expires_at > now;
    batch.run(format!(
        "UPDATE api_keys SET warn_at = :warn_at, version = version + {} WHERE store_id = :store AND id = :target",
        i64::from(is_ahead)
    ));
    if is_ahead {
        events::append(&mut batch, EventType::KeyExpiring, TOLD);
    }
    batch
}
