//! Due work: writing down which holds have expired that nobody touches.
//!
//! Guarantees: idempotent, and safe to run from many places at once, because settling is a transaction that finds
//! nothing the second time; never needed for what a read shows.

use serde_json::json;
use storeroom_domain::Timestamp;
use storeroom_domain::id::Event;
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, Level, Ports};
use storeroom_sql::settle::{NEXT_DUE, STORES_WITH_DUE_HOLDS, settle_holds_of_store};
use storeroom_sql::stock::tell_crossings;
use storeroom_sql::{Args, Batch, MissingArgument, Statement};

/// Settles what has expired, a batch a store, at most 100 stores; returns how many stores it touched.
pub async fn run(ports: &Ports) -> Result<usize, DatabaseError> {
    let now = ports.clock.now();
    let args = Args::new().with("now", now.ms());
    let due = Statement::bind(STORES_WITH_DUE_HOLDS, &args).map_err(missing)?;
    let stores = ports.database.read(due).await?;
    let mut settled = 0;
    for row in 0..stores.0.len() {
        if let Some(store) = stores.text(row, 0) {
            settle(ports, store, now).await?;
            settled += 1;
        }
    }
    Ok(settled)
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
    settle_holds_of_store(&mut batch);
    tell_crossings(&mut batch);
    batch.due(NEXT_DUE);
    let result = ports.database.commit(batch.frame().map_err(missing)?).await?;
    if let Err(refused) = batch.interpret(result) {
        let detail = refused.unforeseen.unwrap_or_default();
        let line = json!({"time": now.to_string(), "level": "error", "message": "settling failed", "store": store, "detail": detail});
        ports.log.line(Level::Error, &line.to_string());
    }
    Ok(())
}

fn missing(argument: MissingArgument) -> DatabaseError {
    DatabaseError::Failed(format!("no value for :{}", argument.0))
}
