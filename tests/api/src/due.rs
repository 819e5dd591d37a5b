//! `POST /due`: a scheduler asks for due work.

use crate::product::log;
use crate::shelf::Shelf;
use serde_json::json;
use storeroom_domain::Role;

const PATH: &str = "/api/pms/due";

#[tokio::test]
async fn a_viewers_key_lets_everything_due_be_done() {
    let shelf = Shelf::with([5, 3]).await;
    let key = shelf.bed.api_key(shelf.bed.store, Role::Viewer).await;
    shelf.hold(2, 60).await;
    shelf.order(1).await;
    shelf.bed.clock.advance(1_800_000);
    let reply = shelf.bed.signed(&key, "POST", PATH, None, &[]).await;
    assert_eq!((reply.status(), reply.json()), (200, json!({"more": false})), "{}", reply.text());
    let told = log(&shelf.bed, Role::Owner).await;
    let last: Vec<_> = told.iter().rev().take(2).map(|event| event["type"].clone()).collect();
    assert_eq!(last, [json!("order.expired"), json!("hold.expired")]);
    let again = shelf.bed.signed(&key, "POST", PATH, None, &[]).await;
    assert_eq!((again.status(), log(&shelf.bed, Role::Owner).await.len()), (200, told.len()));
}

#[tokio::test]
async fn a_stranger_lets_nothing_be_done() {
    let shelf = Shelf::with([5, 3]).await;
    shelf.hold(2, 60).await;
    shelf.bed.clock.advance(60_000);
    let before = log(&shelf.bed, Role::Owner).await.len();
    let request = storeroom_testbed::request("POST", PATH, None, &[]);
    assert_eq!(shelf.bed.send(request).await.status(), 401);
    assert_eq!(log(&shelf.bed, Role::Owner).await.len(), before);
}
