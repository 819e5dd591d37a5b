//! Health, readiness, reference.

use crate::shop::Shop;
use serde_json::json;
use std::rc::Rc;

pub async fn health_and_readiness(shop: Rc<Shop>) {
    let health = shop.send("GET", "/healthz", None, &[]).await;
    assert_eq!((health.status, health.json()), (200, json!({"status": "ok"})));
    let ready = shop.send("GET", "/readyz", None, &[]).await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    let names: Vec<_> =
        ready.json()["checks"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names, ["database", "rooms", "images"]);
}

pub async fn reference(shop: Rc<Shop>) {
    let openapi = shop.send("GET", "/openapi.json", None, &[]).await;
    assert!(
        openapi.json() == storeroom_operations::openapi::document(),
        "the host serves the table's document"
    );
    let docs = shop.send("GET", "/docs", None, &[]).await;
    assert_eq!((docs.status, docs.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let etag = docs.header("etag").unwrap().to_owned();
    let again = shop.send("GET", "/docs", None, &[("if-none-match", &etag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let page = shop.send("GET", "/problems/sku-taken", None, &[]).await;
    assert!(page.text.contains("sku-taken"));
    let nothing = shop.send("GET", "/", None, &[]).await;
    assert_eq!((nothing.status, nothing.code().as_str()), (404, "not-found"));
}
