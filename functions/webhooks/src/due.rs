//! Due work: sending what is due, and forgetting what was done long ago.
//!
//! Guarantees: idempotent, and safe to run from many places at once: a lease keeps two runners from one endpoint. Where
//! the host has couriers they are woken, and this waits for none of them; elsewhere this sends by itself, at most six
//! requests at once, to endpoints that do not fail before those that do.

use crate::run::{self, Pace};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use serde_json::json;
use storeroom_domain::delivery::KEPT_MS;
use storeroom_ports::{Couriers, DatabaseError, Ports, due};
use storeroom_sql::{Args, Batch};
use storeroom_web::master::MasterKey;

/// Most requests that an invocation has open at once
/// (<https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections>).
const AT_ONCE: usize = 6;

/// Most attempts of one run at an endpoint: with the calls of the database, far below what an invocation may send in all
/// (<https://developers.cloudflare.com/workers/platform/limits/#subrequests>).
const MOST_ATTEMPTS: usize = 300;

/// For how long attempts may begin where an invocation sends for every endpoint, in milliseconds.
const RUN_MS: i64 = 20_000;

/// For how long a courier begins attempts, in milliseconds: it is woken again when there is more.
const COURIER_MS: i64 = 60_000;

/// Endpoints with something due.
const DUE: &str = "SELECT store_id, id FROM webhook_endpoints INDEXED BY webhook_endpoints_due WHERE due_at <= :now \
    ORDER BY failing_since IS NOT NULL, due_at LIMIT 200";

/// Deliveries that were done long ago.
const OLD: &str = "SELECT store_id, id FROM deliveries INDEXED BY deliveries_finished \
    WHERE finished_at < :before ORDER BY finished_at LIMIT 500";

/// Endpoints that were deleted and have left deliveries.
const REMAINS: &str = "SELECT store_id, endpoint_id FROM webhook_remains WHERE store_id > '' LIMIT 5";

/// An endpoint and its store.
struct Waiting {
    store: String,
    endpoint: String,
}

/// Does what is due; returns how many endpoints it looked after.
pub async fn run(ports: &Ports, master: &MasterKey) -> Result<usize, DatabaseError> {
    let waiting = waiting(ports).await?;
    let count = waiting.len();
    match &ports.couriers {
        Some(couriers) => wake_all(couriers.as_ref(), &waiting).await,
        None => serve_all(ports, master, waiting).await?,
    }
    forget(ports).await?;
    forget_remains(ports).await?;
    Ok(count)
}

/// Sends what is due to one endpoint, for a courier: up to `AT_ONCE` requests at once. When it is left for the next run that
/// more is due, the endpoint says so, and so does the commit that ends this one.
pub async fn serve(
    ports: &Ports,
    master: &MasterKey,
    store: &str,
    endpoint: &str,
) -> Result<usize, DatabaseError> {
    let until = ports.clock.now().plus_ms(COURIER_MS);
    run::serve(ports, master, store, endpoint, Pace { at_once: AT_ONCE, most: MOST_ATTEMPTS, until }).await
}

/// Wakes the couriers of endpoints with something due, on a host that has couriers.
pub async fn wake(ports: &Ports) -> Result<(), DatabaseError> {
    let Some(couriers) = &ports.couriers else { return Ok(()) };
    wake_all(couriers.as_ref(), &waiting(ports).await?).await;
    Ok(())
}

async fn wake_all(couriers: &dyn Couriers, waiting: &[Waiting]) {
    join_all(waiting.iter().map(|Waiting { store, endpoint }| couriers.wake(store, endpoint))).await;
}

async fn waiting(ports: &Ports) -> Result<Vec<Waiting>, DatabaseError> {
    let rows = due::read(ports, DUE, &Args::new().with("now", ports.clock.now().ms())).await?;
    let waiting = |row| {
        let text = |column| rows.text(row, column).map(str::to_owned);
        Some(Waiting { store: text(0)?, endpoint: text(1)? })
    };
    Ok((0..rows.0.len()).filter_map(waiting).collect())
}

async fn serve_all(ports: &Ports, master: &MasterKey, waiting: Vec<Waiting>) -> Result<(), DatabaseError> {
    let pace = Pace { at_once: 1, most: MOST_ATTEMPTS, until: ports.clock.now().plus_ms(RUN_MS) };
    let runs = stream::iter(waiting).map(|Waiting { store, endpoint }| async move {
        // Who is not served keeps the place.
        if ports.clock.now() >= pace.until {
            return Ok(0);
        }
        run::serve(ports, master, &store, &endpoint, pace).await
    });
    let results: Vec<_> = runs.buffer_unordered(AT_ONCE).collect().await;
    results.into_iter().try_for_each(|result| result.map(|_| ()))
}

async fn forget(ports: &Ports) -> Result<(), DatabaseError> {
    let before = ports.clock.now().plus_ms(-KEPT_MS).ms();
    let old = due::read(ports, OLD, &Args::new().with("before", before)).await?;
    for (store, deliveries) in old.by_first() {
        let args = Args::new()
            .with("store", store.as_str())
            .with("before", before)
            .with("old", json!(deliveries).to_string());
        let mut batch = Batch::new(args);
        batch.run(
            "DELETE FROM deliveries INDEXED BY deliveries_by_id WHERE store_id = :store AND finished_at < :before \
             AND id IN (SELECT value FROM json_each(:old))",
        );
        due::commit(ports, batch, "forgetting failed", ("store", &store)).await?;
    }
    Ok(())
}

/// Deletes some of what endpoints have left that are gone.
async fn forget_remains(ports: &Ports) -> Result<(), DatabaseError> {
    let gone = due::read(ports, REMAINS, &Args::new()).await?;
    for row in 0..gone.0.len() {
        let (Some(store), Some(endpoint)) = (gone.text(row, 0), gone.text(row, 1)) else { continue };
        let mut batch = Batch::new(Args::new().with("store", store).with("endpoint", endpoint));
        batch.run(
            "DELETE FROM deliveries WHERE store_id = :store AND endpoint_id = :endpoint AND seq IN (SELECT seq \
             FROM deliveries WHERE store_id = :store AND endpoint_id = :endpoint ORDER BY seq LIMIT 1000)",
        );
        batch.run(
            "DELETE FROM webhook_remains WHERE store_id = :store AND endpoint_id = :endpoint AND NOT EXISTS \
             (SELECT 1 FROM deliveries WHERE store_id = :store AND endpoint_id = :endpoint)",
        );
        due::commit(ports, batch, "forgetting failed", ("endpoint", endpoint)).await?;
    }
    Ok(())
}
