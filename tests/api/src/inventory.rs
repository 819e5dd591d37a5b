//! Stock as tests move it.

use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::Value as Cell;
use storeroom_testbed::Reply;

/// A line of an adjustment at the default location.
pub fn change(variant: &str, delta: i64) -> Value {
    json!({"variant_id": variant, "delta": delta, "reason": "test"})
}

/// Sends an adjustment.
pub async fn adjust(shelf: &Shelf, lines: Vec<Value>) -> Reply {
    shelf.post("/adjust", Some(json!({"lines": lines}))).await
}

/// Adjusts a variant at the default location, which succeeds.
pub async fn moved(shelf: &Shelf, variant: usize, delta: i64) {
    let reply = adjust(shelf, vec![change(&shelf.variants[variant], delta)]).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
}

/// Adds a location and returns its id.
pub async fn location(shelf: &Shelf, name: &str) -> String {
    let body = Some(json!({"name": name}));
    let reply = shelf.bed.call(Role::Fulfilment, "POST", "/api/pms/locations", body).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()["id"].as_str().unwrap().to_owned()
}

/// Reads a route under `/inventory` as a viewer, in one round trip.
pub async fn read(shelf: &Shelf, path: &str) -> Value {
    let reply = shelf.bed.call(Role::Viewer, "GET", &format!("/api/pms/inventory{path}"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{path}: {}", reply.text());
    reply.json()
}

/// The items of a list.
pub async fn items(shelf: &Shelf, path: &str) -> Vec<Value> {
    read(shelf, path).await["items"].as_array().unwrap().clone()
}

/// Everything that a refused write must leave alone.
pub async fn written(shelf: &Shelf) -> Vec<Vec<Cell>> {
    let sql = "SELECT (SELECT count(*) FROM ledger), (SELECT total(seq + audit_count) FROM stores), \
        (SELECT count(*) FROM levels), (SELECT total(on_hand * 3 + held * 5 + coalesce(threshold, 1)) FROM levels), \
        (SELECT count(*) FROM alerts), (SELECT count(*) FROM crossings), (SELECT count(*) FROM locations)";
    shelf.bed.sql(sql, storeroom_sql::Args::new()).await
}

/// The levels that the ledger does not fold to: none.
pub async fn check_fold(shelf: &Shelf) {
    let drift = shelf.post("/reconcile", Some(json!({}))).await.json();
    assert_eq!(drift["drift"], json!([]), "{drift}");
}
