//! `PUT /products/{id}`.

use crate::product::{create, log, mug, path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed};

async fn put(bed: &Testbed, product: &Value, version: &str, body: Value) -> Reply {
    bed.call_with(Role::Editor, "PUT", &path(product), Some(body), &[("if-match", version)]).await
}

#[tokio::test]
async fn replaces_in_one_round_trip_and_tells_what_differs() {
    let bed = Testbed::new().await;
    let before = create(&bed, mug()).await;
    bed.clock.advance(1_000);
    let mut body = mug();
    body["title"] = json!("Mug");
    let reply = put(&bed, &before, "\"1\"", body).await;
    let after = reply.json();
    assert_eq!((reply.status(), reply.round_trips, reply.header("etag")), (200, 1, Some("\"2\"")));
    assert_eq!(
        (&after["title"], &after["handle"]),
        (&json!("Mug"), &before["handle"]),
        "a handle left out stays"
    );
    assert_eq!(after["variants"], before["variants"], "variants matched by SKU keep their ids");
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!(event["type"], "product.updated");
    assert_eq!(
        event["data"],
        json!({"title": "Mug", "version": 2, "updated_at": "2026-11-20T09:30:01.000Z"})
    );
}

#[tokio::test]
async fn variants_are_matched_by_id_else_by_sku_and_may_exchange_skus() {
    let bed = Testbed::new().await;
    let variants = json!([{"sku": "A"}, {"sku": "B"}, {"sku": "C"}]);
    let before = create(&bed, json!({"title": "T", "variants": variants})).await;
    let id = |index: usize| before["variants"][index]["id"].clone();
    let body = json!({"title": "T", "variants": [
        {"sku": "B", "id": id(0)}, {"sku": "A", "id": id(1)}, {"sku": "D"}]});
    let after = put(&bed, &before, "\"1\"", body).await.json();
    let seen: Vec<(Value, Value)> =
        after["variants"].as_array().unwrap().iter().map(|v| (v["sku"].clone(), v["id"].clone())).collect();
    assert_eq!(seen[0], (json!("B"), id(0)));
    assert_eq!(seen[1], (json!("A"), id(1)));
    assert!(seen[2].0 == json!("D") && seen[2].1 != id(2), "C is gone and D is new");
}

#[tokio::test]
async fn a_version_is_needed_and_must_be_the_current_one() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let without = bed.call(Role::Editor, "PUT", &path(&product), Some(mug())).await;
    assert_eq!((without.status(), without.code().as_str()), (428, "precondition-required"));
    let stale = put(&bed, &product, "\"7\"", mug()).await;
    assert_eq!((stale.status(), stale.round_trips), (412, 1));
    assert_eq!(stale.json()["current"], product, "a 412 carries the product as it is now");
    assert_eq!(stale.header("store-cursor"), Some("1.1"), "and where the log stood");
    assert_eq!(stale.header("etag"), Some("\"1\""));
    let whatever = put(&bed, &product, "*", mug()).await;
    assert_eq!(whatever.status(), 200);
    assert_eq!(log(&bed, Role::Owner).await.len(), 2);
}

#[tokio::test]
async fn a_variant_with_units_in_use_cannot_be_left_out() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    hold_one(&bed, &product["variants"][0]["id"]).await;
    let reply = put(&bed, &product, "\"1\"", simple("T", "MUG-L")).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "product-in-use"));
}

/// Puts a unit on the shelf and holds it.
pub async fn hold_one(bed: &Testbed, variant: &Value) {
    let args = Args::new().with("store", bed.store.to_string()).with("variant", variant.as_str().unwrap());
    bed.sql(
        "UPDATE levels SET on_hand = 1, held = 1 WHERE store_id = :store AND variant_id = :variant",
        args,
    )
    .await;
}

#[tokio::test]
async fn a_public_product_keeps_its_prices() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let mut body = mug();
    body["variants"][1]["price"] = Value::Null;
    let reply = put(&bed, &product, "*", body).await;
    assert_eq!((reply.status(), &reply.json()["errors"][0]["pointer"]), (422, &json!("/variants/1/price")));
    let empty = put(&bed, &product, "*", json!({"title": "T"})).await;
    assert_eq!((empty.status(), &empty.json()["errors"][0]["pointer"]), (422, &json!("/variants")));
}

#[tokio::test]
async fn another_products_sku_and_handle_are_taken() {
    let bed = Testbed::new().await;
    create(&bed, simple("First", "FIRST")).await;
    let product = create(&bed, simple("Second", "SECOND")).await;
    let reply = put(&bed, &product, "*", simple("Second", "FIRST")).await;
    assert_eq!(
        (reply.code().as_str(), &reply.json()["errors"][0]["pointer"]),
        ("sku-taken", &json!("/variants/0/sku"))
    );
    let reply = put(&bed, &product, "*", json!({"title": "Second", "handle": "first"})).await;
    assert_eq!(reply.code(), "handle-taken");
}

#[tokio::test]
async fn a_product_that_is_not_there_is_not_found() {
    let bed = Testbed::new().await;
    let gone = json!({"id": "prd_01hf7yat00fentqaxbnentqaxb"});
    assert_eq!(put(&bed, &gone, "*", mug()).await.status(), 404);
    assert_eq!(put(&bed, &json!({"id": "nonsense"}), "*", mug()).await.status(), 404);
}
