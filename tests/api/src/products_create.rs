//! `POST /products`.

use crate::product::{create, faults, log, mug, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

#[tokio::test]
async fn makes_a_draft_with_its_event_in_one_round_trip() {
    let bed = Testbed::new().await;
    let reply = bed.call(Role::Editor, "POST", "/api/pms/products", Some(mug())).await;
    let product = reply.json();
    assert_eq!((reply.status(), reply.round_trips), (201, 1));
    assert_eq!(reply.header("etag"), Some("\"1\""));
    assert_eq!(reply.header("store-cursor"), Some("1.1"));
    assert_eq!(
        reply.header("location").unwrap(),
        format!("/api/pms/products/{}", product["id"].as_str().unwrap())
    );
    assert_eq!(
        without_ids(product.clone()),
        json!({
            "handle": "becher-groesse-l", "external_id": "pms-1", "title": "Becher Größe L",
            "description": "Hält warm.\nUnd sieht gut aus.", "status": "draft", "category": "Mugs",
            "tags": ["stoneware", "blue"], "attributes": {"material": "stoneware"},
            "options": [{"name": "Size", "values": ["S", "L"]}],
            "variants": [
                {"sku": "MUG-S", "barcode": "4006381333931", "option_values": {"Size": "S"},
                 "price": {"amount": 1200, "currency": "EUR"}, "compare_at_price": null, "weight_grams": 250,
                 "position": 0},
                {"sku": "MUG-L", "barcode": null, "option_values": {"Size": "L"},
                 "price": {"amount": 1500, "currency": "EUR"},
                 "compare_at_price": {"amount": 1900, "currency": "EUR"}, "weight_grams": null, "position": 1},
            ],
            "images": [], "publish_at": null, "published_at": null, "version": 1,
            "created_at": "2026-11-20T09:30:00.000Z", "updated_at": "2026-11-20T09:30:00.000Z",
        })
    );
    let events = log(&bed, Role::Viewer).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "product.created");
    assert_eq!(events[0]["data"], product, "a created event carries the whole document");
    assert_eq!(events[0]["actor"], bed.member(Role::Editor).identity.user.to_string());
    assert_eq!(events[0]["request_id"], reply.header("x-request-id").unwrap());
}

fn without_ids(mut product: Value) -> Value {
    product.as_object_mut().unwrap().remove("id");
    for variant in product["variants"].as_array_mut().unwrap() {
        variant.as_object_mut().unwrap().remove("id");
    }
    product
}

#[tokio::test]
async fn the_smallest_product_is_a_title() {
    let bed = Testbed::new().await;
    let product = create(&bed, json!({"title": "Kerze"})).await;
    assert_eq!((&product["handle"], &product["variants"]), (&json!("kerze"), &json!([])));
}

#[tokio::test]
async fn a_made_handle_gives_way_and_a_given_one_does_not() {
    let bed = Testbed::new().await;
    create(&bed, json!({"title": "Kerze"})).await;
    let second = create(&bed, json!({"title": "Kerze"})).await;
    assert!(second["handle"].as_str().unwrap().starts_with("kerze-"), "{second}");
    let chinese = create(&bed, json!({"title": "蜡烛"})).await;
    assert!(chinese["handle"].as_str().unwrap().starts_with("product-"), "{chinese}");
    let taken = json!({"title": "X", "handle": "kerze"});
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(taken)).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "handle-taken"));
}

#[tokio::test]
async fn every_taken_sku_is_named_and_nothing_is_written() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let variant = |sku: &str, size: &str| json!({"sku": sku, "option_values": {"Size": size}});
    let other = json!({
        "title": "Other", "options": [{"name": "Size", "values": ["S", "M", "L"]}],
        "variants": [variant("MUG-L", "S"), variant("NEW", "M"), variant("MUG-S", "L")],
    });
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(other)).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "sku-taken"));
    let pointers: Vec<Value> =
        reply.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(pointers, ["/variants/0/sku", "/variants/2/sku"]);
    assert_eq!(log(&bed, Role::Owner).await.len(), 1);
    let list = bed.call(Role::Owner, "GET", "/api/pms/products", None).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_sku_is_free_in_another_store() {
    let bed = Testbed::new().await;
    create(&bed, simple("A", "SKU")).await;
    let stranger = bed.stranger.clone();
    let (token, store) = (format!("Bearer {}", stranger.token), bed.other_store.to_string());
    let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
    let body = simple("A", "SKU").to_string().into_bytes();
    let reply = bed.send(storeroom_testbed::request("POST", "/api/pms/products", Some(body), &headers)).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
}

#[tokio::test]
async fn every_fault_is_named() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let faulty = json!({
        "title": "", "price": 5, "tags": ["a", "a"],
        "variants": [{"price": {"amount": -1, "currency": "EUR"}}, {"sku": "A", "price": {"amount": 1.5, "currency": "eur"}}],
    });
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(faulty)).await;
    assert_eq!(reply.status(), 422);
    assert_eq!(
        faults(&reply),
        [
            "/title too_short",
            "/tags/1 duplicate",
            "/variants/0/sku required",
            "/variants/0/price/amount out_of_range",
            "/variants/1/price/amount wrong_type",
            "/variants/1/price/currency wrong_format",
            "/price unknown_field",
        ]
    );
}

#[tokio::test]
async fn what_only_the_database_can_tell_is_named_together() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let product = json!({
        "title": "Other", "external_id": "pms-1",
        "variants": [{"sku": "A", "id": "var_01hf7yat00fentqaxbnentqaxb",
            "price": {"amount": 1, "currency": "USD"}, "compare_at_price": {"amount": 2, "currency": "USD"}}],
    });
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(product)).await;
    assert_eq!((reply.status(), reply.round_trips), (422, 1));
    assert_eq!(
        faults(&reply),
        [
            "/variants/0/id unknown_value",
            "/variants/0/price/currency wrong_currency",
            "/variants/0/compare_at_price/currency wrong_currency",
            "/external_id taken",
        ]
    );
}
