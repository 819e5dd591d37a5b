//! Due work: writing down which holds and orders have expired that nobody touches. Both keep stock until then.
//!
//! Guarantees: idempotent, and safe to run from many places at once, because settling is a transaction that finds
//! nothing the second time; never needed for what a read shows.

use storeroom_domain::Timestamp;
use storeroom_domain::id::Event;
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, Ports, due};
use storeroom_sql::settle::{STORES_WITH_EXPIRED, settle_expired};
use storeroom_sql::stock::tell_crossings;
use storeroom_sql::{Args, Batch};

/// Settles what has expired, a batch a store, at most 100 stores; returns how many stores it touched.
pub async fn run(ports: &Ports) -> Result<usize, DatabaseError> {
    let now = ports.clock.now();
    let stores = due::texts(ports, STORES_WITH_EXPIRED, &Args::new().with("now", now.ms())).await?;
    for store in &stores {
        settle(ports, store, now).await?;
    }
    Ok(stores.len())
}

async fn settle(ports: &Ports, store: &str, now: Timestamp) -> Result<(), DatabaseError> {
    let crossing = new_id::<Event>(ports.random.as_ref(), now);
    let args = Args::new()
        .with("store", store)
        .with("now", now.ms())
        .with("actor", "system")
        .with("request_id", "due")
        .with("crossing_id", crossing.to_string());
    let mut batch = Batch::new(args);
    settle_expired(&mut batch);
    tell_crossings(&mut batch);
    due::commit(ports, batch, "settling failed", ("store", store)).await.map(|_| ())
}
