//! `DELETE /products/{id}`.

use crate::product::{create, log, mug, path};
use crate::products_replace::hold_one;
use serde_json::json;
use storeroom_domain::Role;
use storeroom_sql::{Args, Value};
use storeroom_testbed::Testbed;

#[tokio::test]
async fn deletes_everything_that_refers_to_it_but_the_records() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let reply = bed.call_with(Role::Editor, "DELETE", &path(&product), None, &[("if-match", "\"1\"")]).await;
    assert_eq!((reply.status(), reply.round_trips, reply.text().as_str()), (204, 1, ""));
    assert_eq!(reply.header("store-cursor"), Some("1.2"));
    assert_eq!(bed.call(Role::Viewer, "GET", &path(&product), None).await.status(), 404);
    let left = "SELECT (SELECT count(*) FROM variants), (SELECT count(*) FROM product_tags), \
        (SELECT count(*) FROM levels), (SELECT count(*) FROM revisions), \
        (SELECT count(*) FROM revisions WHERE document IS NULL AND version = 2)";
    assert_eq!(bed.sql(left, Args::new()).await, [[0, 0, 0, 2, 1].map(Value::from).to_vec()]);
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!(
        (&event["type"], &event["version"], &event["data"]),
        (&json!("product.deleted"), &json!(2), &json!({}))
    );
    create(&bed, mug()).await;
}

#[tokio::test]
async fn refuses_stale_versions_and_products_in_use() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let delete = |version: &'static str| {
        let path = path(&product);
        let bed = &bed;
        async move { bed.call_with(Role::Owner, "DELETE", &path, None, &[("if-match", version)]).await }
    };
    assert_eq!(delete("\"2\"").await.json()["current"], product);
    hold_one(&bed, &product["variants"][0]["id"]).await;
    let reply = delete("*").await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "product-in-use"));
    let without = bed.call(Role::Owner, "DELETE", &path(&product), None).await;
    assert_eq!(without.status(), 428);
}
