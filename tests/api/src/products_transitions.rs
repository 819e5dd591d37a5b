//! Publish, unpublish, archive.

use crate::product::{create, log, log_types, mug, path, publish};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::{Reply, Testbed};

async fn post(bed: &Testbed, product: &Value, action: &str, body: Option<Value>) -> Reply {
    bed.call(Role::Editor, "POST", &format!("{}/{action}", path(product)), body).await
}

#[tokio::test]
async fn a_product_goes_round_its_life() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let published = post(&bed, &product, "publish", None).await;
    assert_eq!((published.status(), published.round_trips), (200, 1));
    assert_eq!(published.json()["published_at"], "2026-11-20T09:30:00.000Z");
    for (action, status) in [
        ("unpublish", "draft"),
        ("publish", "published"),
        ("archive", "archived"),
        ("unpublish", "draft"),
        ("archive", "archived"),
    ] {
        let reply = post(&bed, &product, action, Some(json!({}))).await;
        assert_eq!(reply.json()["status"], status, "{action}");
    }
    assert_eq!(
        log_types(&bed).await,
        [
            "product.created",
            "product.published",
            "product.unpublished",
            "product.published",
            "product.archived",
            "product.unpublished",
            "product.archived",
        ]
    );
    let data = &log(&bed, Role::Owner).await[1]["data"];
    assert_eq!(data["status"], "published");
    assert_eq!(data.as_object().unwrap().len(), 3, "status, published_at and version: {data}");
}

#[tokio::test]
async fn what_is_not_allowed_says_what_is() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let reply = post(&bed, &product, "publish", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "illegal-transition"));
    assert_eq!(reply.json()["state"], "published");
    assert_eq!(reply.json()["allowed"], json!(["draft", "archived"]));
    let draft = create(&bed, json!({"title": "T"})).await;
    let reply = post(&bed, &draft, "unpublish", None).await;
    assert_eq!(reply.json()["allowed"], json!(["published", "scheduled", "archived"]));
}

#[tokio::test]
async fn what_cannot_be_sold_cannot_be_published() {
    let bed = Testbed::new().await;
    let empty = create(&bed, json!({"title": "T"})).await;
    let reply = post(&bed, &empty, "publish", None).await;
    assert_eq!((reply.status(), &reply.json()["errors"][0]["pointer"]), (422, &json!("/variants")));
    let unpriced = create(&bed, json!({"title": "T", "variants": [{"sku": "A"}]})).await;
    let reply = post(&bed, &unpriced, "publish", Some(json!({"publish_at": "2030-01-01T00:00:00Z"}))).await;
    assert_eq!((reply.status(), &reply.json()["errors"][0]["pointer"]), (422, &json!("/variants/0/price")));
}

#[tokio::test]
async fn a_time_ahead_schedules_and_a_time_past_publishes() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let later = json!({"publish_at": "2026-11-20T10:30:00+01:00"});
    bed.clock.advance(-1);
    let scheduled = post(&bed, &product, "publish", Some(later.clone())).await.json();
    assert_eq!(
        (&scheduled["status"], &scheduled["publish_at"]),
        (&json!("scheduled"), &json!("2026-11-20T09:30:00.000Z"))
    );
    assert_eq!(post(&bed, &product, "publish", Some(later)).await.code(), "illegal-transition");
    assert_eq!(post(&bed, &product, "unpublish", None).await.json()["publish_at"], Value::Null);
    let past = json!({"publish_at": "2020-01-01T00:00:00Z"});
    assert_eq!(post(&bed, &product, "publish", Some(past)).await.json()["status"], "published");
    assert_eq!(
        log_types(&bed).await,
        ["product.created", "product.updated", "product.unpublished", "product.published"]
    );
    let nonsense = json!({"publish_at": "tomorrow, about noon o'clock"});
    assert_eq!(post(&bed, &product, "publish", Some(nonsense)).await.status(), 422);
}

#[tokio::test]
async fn a_version_is_honoured_when_it_is_sent() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let path = format!("{}/archive", path(&product));
    let stale = bed.call_with(Role::Owner, "POST", &path, None, &[("if-match", "\"2\"")]).await;
    assert_eq!((stale.status(), &stale.json()["current"]), (412, &product));
    let fitting = bed.call_with(Role::Owner, "POST", &path, None, &[("if-match", "\"1\"")]).await;
    assert_eq!(fitting.status(), 200);
}
