//! Scheduled publication: due counts as done from its moment on, whether or not anybody wrote it down.

use crate::product::{create, log, log_types, mug, path, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

async fn scheduled(bed: &Testbed, product: Value, publish_at: &str) -> Value {
    let product = create(bed, product).await;
    let body = json!({"publish_at": publish_at});
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), Some(body)).await.json()
}

#[tokio::test]
async fn every_read_shows_it_from_its_moment_on() {
    let bed = Testbed::new().await;
    let product = scheduled(&bed, mug(), "2026-11-20T10:00:00Z").await;
    let get = |path: String| {
        let bed = &bed;
        async move { bed.call(Role::Viewer, "GET", &path, None).await.json() }
    };
    let catalog = format!("/api/pms/catalog/products?store={}", bed.store);
    bed.clock.advance(1_799_999);
    assert_eq!(get(path(&product)).await["status"], "scheduled");
    assert_eq!(get(catalog.clone()).await["items"], json!([]));
    bed.clock.advance(1);
    let due = get(path(&product)).await;
    assert_eq!(
        (&due["status"], &due["version"], &due["publish_at"]),
        (&json!("published"), &json!(3), &Value::Null)
    );
    assert_eq!((&due["published_at"], &due["updated_at"]), (&product["publish_at"], &product["publish_at"]));
    assert_eq!(get(catalog).await["items"][0]["published_at"], "2026-11-20T10:00:00.000Z");
    assert_eq!(get("/api/pms/products?status=published".into()).await["items"][0], due);
    assert_eq!(get("/api/pms/products?status=scheduled".into()).await["items"], json!([]));
    assert_eq!(get("/api/pms/products?updated_after=2026-11-20T09:59:59Z".into()).await["items"][0], due);
    assert_eq!(log_types(&bed).await.len(), 2, "no read writes");
    assert_eq!(storeroom_products::due::run(&bed.ports).await, Ok(1));
    assert_eq!(get(path(&product)).await, due, "settling writes what was shown");
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!((&event["type"], &event["actor"]), (&json!("product.published"), &json!("system")));
    assert_eq!((&event["at"], &event["version"]), (&product["publish_at"], &json!(3)));
    assert_eq!(storeroom_products::due::run(&bed.ports).await, Ok(0), "twice does nothing");
}

#[tokio::test]
async fn a_write_settles_first() {
    let bed = Testbed::new().await;
    let product = scheduled(&bed, mug(), "2026-11-20T10:00:00Z").await;
    bed.clock.advance(3_600_000);
    let stale =
        bed.call_with(Role::Owner, "PUT", &path(&product), Some(mug()), &[("if-match", "\"2\"")]).await;
    assert_eq!((stale.status(), &stale.json()["current"]["version"]), (412, &json!(3)));
    assert_eq!(log_types(&bed).await.len(), 2, "a refused write settles nothing");
    let written =
        bed.call_with(Role::Owner, "PUT", &path(&product), Some(mug()), &[("if-match", "\"3\"")]).await;
    assert_eq!((written.status(), &written.json()["version"]), (200, &json!(4)));
    assert_eq!(
        log_types(&bed).await,
        ["product.created", "product.updated", "product.published", "product.updated"]
    );
    let published = bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), None).await;
    assert_eq!(published.json()["state"], "published");
}

#[tokio::test]
async fn a_due_product_refuses_with_the_state_that_reads_show() {
    let bed = Testbed::new().await;
    let product = scheduled(&bed, mug(), "2026-11-20T10:00:00Z").await;
    bed.clock.advance(3_600_000);
    let reply = bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), None).await;
    assert_eq!((reply.code().as_str(), &reply.json()["state"]), ("illegal-transition", &json!("published")));
    assert_eq!(reply.json()["allowed"], json!(["draft", "archived"]));
}

#[tokio::test]
async fn due_work_settles_many_in_the_order_of_their_moments() {
    let bed = Testbed::new().await;
    for n in 0..120 {
        let at = format!("2026-11-20T10:{:02}:{:02}Z", 59 - n / 60, 59 - n % 60);
        scheduled(&bed, simple(&format!("P{n}"), &format!("SKU-{n}")), &at).await;
    }
    bed.clock.advance(7_200_000);
    while storeroom_products::due::run(&bed.ports).await == Ok(1) {}
    let events = log(&bed, Role::Owner).await;
    let published: Vec<&Value> = events.iter().filter(|event| event["type"] == "product.published").collect();
    assert_eq!(published.len(), 120);
    let moments: Vec<&str> = published.iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(moments.is_sorted(), "earliest first");
    assert_eq!(log_types(&bed).await.len(), 360);
    let announced: Vec<i64> =
        bed.recorded.announcements.borrow().iter().flat_map(|a| a.events.iter().map(|e| e.seq)).collect();
    assert!(announced.is_empty(), "the test bed has no writer, so nobody nudges");
}
