//! Due work: writing down what has become due on products that nobody touches.
//!
//! Guarantees: idempotent, and safe to run from many places at once, because settling is a transaction that finds
//! nothing the second time; never needed for what a read shows.

use serde_json::json;
use storeroom_domain::Timestamp;
use storeroom_domain::id::Event;
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, Ports, due};
use storeroom_sql::settle::{MAX_SETTLED, STORES_WITH_DUE, settle_store};
use storeroom_sql::{Args, Batch};

/// Settles what is due, a batch a store, at most 100 stores; returns how many stores it touched.
pub async fn run(ports: &Ports) -> Result<usize, DatabaseError> {
    let now = ports.clock.now();
    let stores = due::texts(ports, STORES_WITH_DUE, &Args::new().with("now", now.ms())).await?;
    for store in &stores {
        settle(ports, store, now).await?;
    }
    Ok(stores.len())
}

async fn settle(ports: &Ports, store: &str, now: Timestamp) -> Result<(), DatabaseError> {
    let ids: Vec<String> =
        (0..MAX_SETTLED).map(|_| new_id::<Event>(ports.random.as_ref(), now).to_string()).collect();
    let args = Args::new()
        .with("store", store)
        .with("now", now.ms())
        .with("request_id", "due")
        .with("settle_ids", json!(ids).to_string());
    let mut batch = Batch::new(args);
    settle_store(&mut batch);
    due::commit(ports, batch, "settling failed", ("store", store)).await.map(|_| ())
}
