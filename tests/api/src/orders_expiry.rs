//! Expiry of orders: it counts from its moment on, whether or not anybody wrote it down.

use crate::orders::{folded, payment};
use crate::product::log;
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::settle::MAX_SETTLED;
use storeroom_sql::{Args, Value as Cell};

/// The store's default.
const EXPIRY_MS: i64 = 1_800_000;

async fn due(shelf: &Shelf) -> usize {
    storeroom_inventory::due::run(&shelf.bed.ports).await.unwrap()
}

async fn expiries(shelf: &Shelf) -> Vec<Value> {
    let args = Args::new().with("store", shelf.bed.store.to_string());
    let told = "SELECT subject FROM events WHERE store_id = :store AND type = 'order.expired'";
    let rows = shelf.bed.sql(told, args).await;
    rows.into_iter()
        .map(|row| match &row[0] {
            Cell::Text(text) => json!(text),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn it_counts_until_its_moment_and_not_from_then_on() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(5).await;
    shelf.bed.clock.advance(EXPIRY_MS - 1);
    assert_eq!((shelf.read_order(&order).await, shelf.stock_of(0).await), (order.clone(), [5, 0, 5, 0]));
    assert_eq!(shelf.try_order(json!([shelf.line(0, 1)])).await.code(), "insufficient-stock");
    shelf.bed.clock.advance(1);
    let read = shelf.read_order(&order).await;
    assert_eq!((&read["state"], &read["version"]), (&json!("expired"), &json!(2)));
    assert_eq!((shelf.stock_of(0).await, expiries(&shelf).await.len()), ([5, 0, 0, 5], 0));
    let next = shelf.order(5).await;
    assert_eq!((shelf.read_order(&order).await, shelf.stock_of(0).await), (read, [5, 0, 5, 0]));
    assert_eq!((expiries(&shelf).await, &next["number"]), (vec![order["id"].clone()], &json!(2)));
}

#[tokio::test]
async fn what_is_shown_is_what_is_written() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(5).await;
    shelf.bed.clock.advance(EXPIRY_MS + 5_000);
    let shown = shelf.read_order(&order).await;
    assert_eq!(shown["updated_at"], order["expires_at"]);
    let last = shown["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({"at": order["expires_at"], "type": "order.expired", "actor": "system"}));
    let (a, b) = futures::join!(due(&shelf), due(&shelf));
    assert!(a + b >= 1);
    assert_eq!(
        (shelf.read_order(&order).await, expiries(&shelf).await.len(), due(&shelf).await),
        (shown.clone(), 1, 0)
    );
    let events = log(&shelf.bed, Role::Owner).await;
    assert_eq!(folded(&events, &order["id"]), shown);
    assert_eq!(events.last().unwrap()["at"], order["expires_at"]);
}

#[tokio::test]
async fn it_is_too_late_to_pay() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(5).await;
    shelf.bed.clock.advance(EXPIRY_MS);
    let reply = shelf.act(&order, "pay", payment()).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "illegal-transition"));
    assert_eq!((&reply.json()["state"], &reply.json()["allowed"]), (&json!("expired"), &json!([])));
}

#[tokio::test]
async fn a_paid_order_does_not_expire() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(5).await;
    shelf.acted(&order, "pay", payment()).await;
    shelf.bed.clock.advance(EXPIRY_MS * 2);
    assert_eq!((due(&shelf).await, shelf.stock_of(0).await), (0, [5, 0, 5, 0]));
    assert_eq!(shelf.read_order(&order).await["state"], "paid");
}

#[tokio::test]
async fn it_is_the_next_due_moment() {
    let shelf = Shelf::with([5, 0]).await;
    shelf.bed.sql("UPDATE audit SET seal = 's' WHERE seal IS NULL", Args::new()).await;
    shelf.bed.sql("UPDATE stores SET order_expiry_s = 1", Args::new()).await;
    shelf.order(1).await;
    let at = shelf.bed.sql("SELECT at FROM next_due", Args::new()).await[0][0].clone();
    assert_eq!(at, Cell::Integer(1_795_167_001_000));
}

/// More orders than one batch settles, of which none may stand in a write's way.
#[tokio::test]
async fn a_backlog_blocks_nobody() {
    let shelf = Shelf::with([300, 0]).await;
    for _ in 0..MAX_SETTLED + 20 {
        shelf.order(2).await;
    }
    shelf.bed.clock.advance(EXPIRY_MS);
    assert_eq!(shelf.stock_of(0).await, [300, 0, 0, 300]);
    let last = shelf.order(300).await;
    assert_eq!((shelf.stock_of(0).await, expiries(&shelf).await.len()), ([300, 0, 300, 0], MAX_SETTLED));
    assert_eq!((due(&shelf).await, expiries(&shelf).await.len()), (1, MAX_SETTLED + 20));
    assert_eq!((due(&shelf).await, shelf.stock_of(0).await), (0, [300, 0, 300, 0]));
    assert_eq!(shelf.read_order(&last).await["state"], "pending");
    assert_eq!(shelf.post("/reconcile", Some(json!({}))).await.json()["drift"], json!([]));
}
