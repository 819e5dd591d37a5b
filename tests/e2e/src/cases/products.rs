//! Products and the public catalogue.

use crate::shop::{Shop, now, path};
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;

/// How long a page of the catalogue is shown without a look at the log.
const KEPT_AT_MOST: Duration = Duration::from_secs(2);

pub async fn a_life(shop: Rc<Shop>) {
    let product = shop.create("Becher Größe L 🏺").await;
    assert_eq!((&product["handle"], &product["version"]), (&json!("becher-groesse-l"), &json!(1)));
    let path = path(&product);
    let read = shop.call(&shop.viewer, "GET", &path, None).await;
    assert_eq!(
        (read.json(), read.header("etag"), read.header("store-cursor")),
        (product.clone(), Some("\"1\""), Some("1.1"))
    );

    let replaced = json!({"title": "Mug", "variants": [{"sku": product["variants"][0]["sku"]}]});
    let put = shop.call_with(&shop.owner, "PUT", &path, Some(replaced), &[("if-match", "\"1\"")]).await;
    assert_eq!((put.status, &put.json()["variants"][0]["id"]), (200, &product["variants"][0]["id"]));
    let price = json!({"variants": [{"sku": "MUG", "price": {"amount": 1299, "currency": "EUR"}}], "category": "Mugs"});
    let patched = shop.call_with(&shop.owner, "PATCH", &path, Some(price), &[("if-match", "*")]).await;
    assert_eq!((patched.status, &patched.json()["title"]), (200, &json!("Mug")), "{}", patched.text);

    let published = shop.call(&shop.owner, "POST", &format!("{path}/publish"), None).await;
    assert_eq!(published.json()["status"], "published", "{}", published.text);
    let catalog = format!("/api/pms/catalog/products/becher-groesse-l?store={}", shop.store);
    let public = shop.send("GET", &catalog, None, &[]).await;
    assert_eq!(
        (public.status, &public.json()["availability"]),
        (200, &json!("out_of_stock")),
        "{}",
        public.text
    );
    assert!(public.header("cache-control").unwrap().starts_with("public, max-age="));
    assert_eq!(public.header("x-request-id"), None);

    for (action, status) in [("unpublish", "draft"), ("archive", "archived")] {
        let reply = shop.call(&shop.owner, "POST", &format!("{path}/{action}"), None).await;
        assert_eq!(reply.json()["status"], status);
    }
    // Another instance may have kept it: for so long, and no longer.
    if shop.send("GET", &catalog, None, &[]).await.status == 200 {
        tokio::time::sleep(KEPT_AT_MOST).await;
    }
    assert_eq!(shop.send("GET", &catalog, None, &[]).await.status, 404);
    let deleted = shop.call_with(&shop.owner, "DELETE", &path, None, &[("if-match", "*")]).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    let types: Vec<Value> = shop.log().await.iter().map(|event| event["type"].clone()).collect();
    let expected = ["created", "updated", "updated", "published", "unpublished", "archived", "deleted"];
    assert_eq!(types, expected.map(|what| json!(format!("product.{what}"))));
}

pub async fn conditional_requests(shop: Rc<Shop>) {
    let product = shop.create("Kerze").await;
    let path = path(&product);
    let known = shop.call_with(&shop.viewer, "GET", &path, None, &[("if-none-match", "\"1\"")]).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    let head = shop.call(&shop.viewer, "HEAD", &path, None).await;
    assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", Some("\"1\"")));
    let body = Some(json!({"title": "Kerze"}));
    let without = shop.call(&shop.owner, "PUT", &path, body.clone()).await;
    assert_eq!((without.status, without.code().as_str()), (428, "precondition-required"));
    for method in ["PUT", "PATCH"] {
        let stale = shop.call_with(&shop.owner, method, &path, body.clone(), &[("if-match", "\"9\"")]).await;
        assert_eq!((stale.status, &stale.json()["current"]), (412, &product), "{method}");
    }
}

pub async fn lists_page(shop: Rc<Shop>) {
    for title in ["c", "a", "e", "b", "d"] {
        shop.create(title).await;
    }
    let mut titles = Vec::new();
    let mut query = "?sort=title&limit=2&status=draft".to_owned();
    loop {
        let page = shop.call(&shop.viewer, "GET", &format!("/api/pms/products{query}"), None).await.json();
        titles.extend(page["items"].as_array().unwrap().iter().map(|item| item["title"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?sort=title&limit=2&status=draft&cursor={cursor}");
    }
    assert_eq!(titles, ["a", "b", "c", "d", "e"]);
    let cursor = query.rsplit('=').next().unwrap();
    let other = shop.call(&shop.viewer, "GET", &format!("/api/pms/products?cursor={cursor}"), None).await;
    assert_eq!((other.status, other.code().as_str()), (400, "cursor-invalid"));
}

pub async fn a_schedule_counts_from_its_moment(shop: Rc<Shop>) {
    let product = shop.create("Bald").await;
    let at = now().plus_ms(4_000);
    let body = json!({"publish_at": at.to_string()});
    let scheduled = shop.call(&shop.owner, "POST", &format!("{}/publish", path(&product)), Some(body)).await;
    assert_eq!(scheduled.json()["status"], "scheduled", "{}", scheduled.text);
    let catalog = format!("/api/pms/catalog/products/bald?store={}", shop.store);
    let early = shop.send("GET", &catalog, None, &[]).await;
    assert!(early.status == 404 || now() >= at, "{}", early.text);
    // The moment itself is what is waited for.
    let left = u64::try_from(at.ms() - now().ms()).unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(left + 20)).await;
    let public = shop.send("GET", &catalog, None, &[]).await;
    assert_eq!(
        (public.status, &public.json()["published_at"]),
        (200, &json!(at.to_string())),
        "{}",
        public.text
    );
}

/// Full text, history and the kept catalogue, on the host's own database and cache.
pub async fn found_gone_back_to_and_kept(shop: Rc<Shop>) {
    let product = shop.create("Grüner Becher Ærø").await;
    let path = path(&product);
    let titles = async |query: &str| {
        let page = shop.call(&shop.viewer, "GET", &format!("/api/pms/products?q={query}"), None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        page.json()["items"].as_array().unwrap().iter().map(|item| item["title"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(titles("bech+gruner+aero").await, ["Grüner Becher Ærø"]);
    assert_eq!(titles("tass").await.len(), 0);
    let renamed = Some(json!({"title": "Tasse"}));
    let patched = shop.call_with(&shop.owner, "PATCH", &path, renamed, &[("if-match", "*")]).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!((titles("tass&sort=title").await.len(), titles("gruner+tass").await.len()), (1, 1));
    let restored = shop.call(&shop.owner, "POST", &format!("{path}/revisions/1/restore"), None).await;
    assert_eq!(
        (restored.status, &restored.json()["title"]),
        (200, &json!("Grüner Becher Ærø")),
        "{}",
        restored.text
    );
    let history = shop.call(&shop.viewer, "GET", &format!("{path}/revisions"), None).await.json();
    let changed: Vec<_> =
        history["items"].as_array().unwrap().iter().take(2).map(|item| &item["changed"]).collect();
    assert_eq!(changed, [&json!(["title"]), &json!(["title"])]);

    let price = json!({"variants": [{"sku": "KEPT", "price": {"amount": 1299, "currency": "EUR"}}]});
    shop.call_with(&shop.owner, "PATCH", &path, Some(price), &[("if-match", "*")]).await;
    let published = shop.call(&shop.owner, "POST", &format!("{path}/publish"), None).await;
    assert_eq!(published.status, 200, "{}", published.text);
    let list = format!("/api/pms/catalog/products?store={}&limit=7", shop.store);
    let first = shop.send("GET", &list, None, &[]).await;
    assert_eq!(
        (first.status, first.header("cache-status")),
        (200, Some("storeroom; fwd=uri-miss")),
        "{}",
        first.text
    );
    let again = shop.send("GET", &list, None, &[]).await;
    assert_eq!((&again.text, again.header("etag")), (&first.text, first.header("etag")));
    // Whether it is an instance of Spin that has it, and how long this took, is nobody's promise; that it says so is.
    assert!(again.header("cache-status").is_some_and(|status| status.starts_with("storeroom; ")));
}

pub async fn a_thousand_in_one_call(shop: Rc<Shop>) {
    let create = |number: usize| {
        let price = json!({"amount": number, "currency": "EUR"});
        let variants = json!([{"sku": format!("BULK-{number}"), "price": price}]);
        json!({"op": "create", "product": {"title": format!("Ware {number}"), "variants": variants}})
    };
    let bulk = "/api/pms/products/bulk";
    let made: Vec<Value> = (0..1_000).map(create).collect();
    let made = shop.call(&shop.owner, "POST", bulk, Some(json!({"operations": made}))).await;
    assert_eq!((made.status, &made.json()["applied"]), (200, &json!(1_000)), "{}", made.text);
    let ids: Vec<Value> =
        made.json()["results"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    let published: Vec<Value> =
        ids.iter().map(|id| json!({"op": "publish", "id": id, "version": 1})).collect();
    let body = json!({"mode": "per_row", "operations": published});
    let (key, again) = ([("idempotency-key", "once")], body.clone());
    let published = shop.call_with(&shop.owner, "POST", bulk, Some(body), &key).await;
    assert_eq!((published.status, &published.json()["applied"]), (200, &json!(1_000)), "{}", published.text);
    let again = shop.call_with(&shop.owner, "POST", bulk, Some(again), &key).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &published.text));
    let seqs: Vec<Value> = shop.log().await.iter().map(|event| event["seq"].clone()).collect();
    assert_eq!(seqs.len(), 1_000, "the feed's first page");
    let newest = shop.call(&shop.viewer, "GET", "/api/pms/products?limit=1", None).await.json();
    assert_eq!((&newest["items"][0]["id"], &newest["items"][0]["version"]), (&ids[999], &json!(2)));
}
