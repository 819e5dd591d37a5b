//! The public catalogue.

use crate::product::{create, mug, path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed, request};

async fn get(bed: &Testbed, path: &str, headers: &[(&str, &str)]) -> Reply {
    bed.send(request("GET", path, None, headers)).await
}

fn list_path(bed: &Testbed) -> String {
    format!("/api/pms/catalog/products?store={}", bed.store)
}

#[tokio::test]
async fn shows_published_products_to_anybody_in_one_round_trip_or_none() {
    let bed = Testbed::new().await;
    create(&bed, simple("Secret", "SECRET")).await;
    publish(&bed, mug()).await;
    let reply = get(&bed, &list_path(&bed), &[]).await;
    // Publishing made it.
    assert_eq!((reply.status(), reply.round_trips), (200, 0));
    let elsewhere = get(&bed, &format!("{}&limit=24", list_path(&bed)), &[]).await;
    assert_eq!((elsewhere.status(), elsewhere.round_trips), (200, 1));
    assert_eq!(elsewhere.json(), reply.json());
    let items = reply.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    assert_eq!(items[0]["title"], "Becher Größe L");
    let read = format!("/api/pms/catalog/products/becher-groesse-l?store={}", bed.store);
    assert_eq!(get(&bed, &read, &[]).await.json(), items[0]);
    let secret = format!("/api/pms/catalog/products/secret?store={}", bed.store);
    assert_eq!(get(&bed, &secret, &[]).await.status(), 404);
}

#[tokio::test]
async fn is_cacheable_and_names_no_request() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    let reply = get(&bed, &list_path(&bed), &[]).await;
    assert_eq!(reply.header("cache-control"), Some("public, max-age=60"));
    for name in ["x-request-id", "ratelimit", "store-cursor"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    assert_eq!(reply.header("vary"), Some("Origin"), "caches share it within an origin");
    let etag = reply.header("etag").unwrap().to_owned();
    let again = get(&bed, &list_path(&bed), &[("if-none-match", &etag)]).await;
    assert_eq!((again.status(), again.text().as_str()), (304, ""));
}

#[tokio::test]
async fn is_kept_no_longer_than_until_the_next_publication() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let at = json!({"publish_at": "2026-11-20T09:30:20.500Z"});
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), Some(at)).await;
    assert_eq!(get(&bed, &list_path(&bed), &[]).await.header("cache-control"), Some("public, max-age=20"));
    bed.clock.advance(20_400);
    assert_eq!(get(&bed, &list_path(&bed), &[]).await.header("cache-control"), Some("public, max-age=0"));
    bed.clock.advance(100);
    assert_eq!(get(&bed, &list_path(&bed), &[]).await.header("cache-control"), Some("public, max-age=60"));
}

#[tokio::test]
async fn shows_stock_as_a_word() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let variant = |n: usize| product["variants"][n]["id"].as_str().unwrap().to_owned();
    for (n, on_hand) in [(0, 5), (1, 6)] {
        let args = Args::new()
            .with("store", bed.store.to_string())
            .with("variant", variant(n))
            .with("on_hand", i64::from(on_hand));
        bed.sql(
            "UPDATE levels SET on_hand = :on_hand WHERE store_id = :store AND variant_id = :variant",
            args,
        )
        .await;
    }
    let words = |item: &Value| {
        let variants = item["variants"].as_array().unwrap().iter().map(|v| v["availability"].clone());
        (item["availability"].clone(), variants.collect::<Vec<_>>())
    };
    // Two lists of their own: a change by hand is no event, so what is kept does not follow it.
    let item = get(&bed, &format!("{}&limit=1", list_path(&bed)), &[]).await.json()["items"][0].clone();
    assert_eq!(words(&item), (json!("in_stock"), vec![json!("low_stock"), json!("in_stock")]));
    let args = || Args::new().with("store", bed.store.to_string());
    bed.sql("UPDATE levels SET held = on_hand WHERE store_id = :store", args()).await;
    let item = get(&bed, &format!("{}&limit=2", list_path(&bed)), &[]).await.json()["items"][0].clone();
    assert_eq!(words(&item), (json!("out_of_stock"), vec![json!("out_of_stock"), json!("out_of_stock")]));
}

#[tokio::test]
async fn needs_a_store_that_exists() {
    let bed = Testbed::new().await;
    let reply = get(&bed, "/api/pms/catalog/products", &[("x-store-id", &bed.store.to_string())]).await;
    assert_eq!(
        (reply.status(), reply.code().as_str()),
        (400, "store-required"),
        "caches do not see the header"
    );
    let nobodys = get(&bed, "/api/pms/catalog/products?store=str_01hf7yat00fentqaxbnentqaxb", &[]).await;
    assert_eq!(nobodys.status(), 404);
}

#[tokio::test]
async fn filters_and_pages() {
    let bed = Testbed::new().await;
    for n in 0..5 {
        let mut product = simple(&format!("P{n}"), &format!("S{n}"));
        product["category"] = json!(if n < 4 { "a" } else { "b" });
        product["tags"] = json!(["t"]);
        publish(&bed, product).await;
        bed.clock.advance(1);
    }
    let path = format!("{}&category=a&tag=t&limit=3", list_path(&bed));
    let first = get(&bed, &path, &[]).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = get(&bed, &format!("{path}&cursor={cursor}"), &[]).await.json();
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
    let foreign = format!("/api/pms/products?cursor={cursor}");
    assert_eq!(bed.call(Role::Viewer, "GET", &foreign, None).await.code(), "cursor-invalid");
}
