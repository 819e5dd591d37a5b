//! `PATCH /products/{id}`.

use crate::product::{create, log_types, mug, path};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::{Reply, Testbed};

async fn patch(bed: &Testbed, product: &Value, version: &str, body: Value) -> Reply {
    bed.call_with(Role::Editor, "PATCH", &path(product), Some(body), &[("if-match", version)]).await
}

#[tokio::test]
async fn changes_what_is_named_in_two_round_trips() {
    let bed = Testbed::new().await;
    let before = create(&bed, mug()).await;
    let body = json!({"title": "Mug", "category": null, "attributes": {"material": null, "colour": "blue"}});
    let reply = patch(&bed, &before, "\"1\"", body).await;
    let after = reply.json();
    assert_eq!((reply.status(), reply.round_trips), (200, 2));
    assert_eq!((&after["title"], &after["category"]), (&json!("Mug"), &Value::Null));
    assert_eq!(after["attributes"], json!({"colour": "blue"}));
    assert_eq!(after["variants"], before["variants"]);
    assert_eq!(after["description"], before["description"]);
    assert_eq!(log_types(&bed).await, ["product.created", "product.updated"]);
}

#[tokio::test]
async fn takes_the_merge_patch_content_type() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let headers = [("if-match", "*"), ("content-type", "application/merge-patch+json")];
    let body = Some(json!({"title": "Mug"}));
    let reply = bed.call_with(Role::Editor, "PATCH", &path(&product), body, &headers).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
}

#[tokio::test]
async fn a_stale_version_answers_with_the_current_product() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let reply = patch(&bed, &product, "\"2\"", json!({"title": "Mug"})).await;
    assert_eq!((reply.status(), &reply.json()["current"]), (412, &product));
}

#[tokio::test]
async fn every_fault_of_the_patch_and_of_the_result_is_named() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let reply = patch(&bed, &product, "*", json!({"title": null, "id": "x", "tags": [1]})).await;
    let pointers: Vec<Value> =
        reply.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(pointers, ["/title", "/tags/0", "/id"]);
    let reply = patch(&bed, &product, "*", json!({"options": null})).await;
    assert_eq!(
        (reply.status(), &reply.json()["errors"][0]["pointer"]),
        (422, &json!("/variants/0/option_values/Size"))
    );
    let reply = patch(&bed, &product, "*", json!([])).await;
    assert_eq!(reply.status(), 422);
    assert_eq!(
        patch(&bed, &json!({"id": "prd_01hf7yat00fentqaxbnentqaxb"}), "*", json!({})).await.status(),
        404
    );
}

#[tokio::test]
async fn races_for_whatever_it_is_now_are_all_won() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let calls = bed.database.calls.get();
    let changes = (0..32).map(|n| patch(&bed, &product, "*", json!({"attributes": {format!("n{n}"): "x"}})));
    for reply in futures::future::join_all(changes).await {
        assert_eq!(reply.status(), 200, "{}", reply.text());
    }
    assert!(bed.database.calls.get() - calls > 2 * 32, "nobody had to try again, so it was no race");
    let after = bed.call(Role::Viewer, "GET", &path(&product), None).await.json();
    assert_eq!((&after["version"], after["attributes"].as_object().unwrap().len()), (&json!(33), 33));
}
