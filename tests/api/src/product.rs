//! Products as tests make them.

use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

/// A product with two sizes, ready to be published.
pub fn mug() -> Value {
    json!({
        "title": "Becher Größe L", "description": "Hält warm.\nUnd sieht gut aus.", "category": "Mugs",
        "tags": ["stoneware", "blue"], "attributes": {"material": "stoneware"}, "external_id": "pms-1",
        "options": [{"name": "Size", "values": ["S", "L"]}],
        "variants": [
            {"sku": "MUG-S", "option_values": {"Size": "S"}, "price": {"amount": 1200, "currency": "EUR"},
             "barcode": "4006381333931", "weight_grams": 250},
            {"sku": "MUG-L", "option_values": {"Size": "L"}, "price": {"amount": 1500, "currency": "EUR"},
             "compare_at_price": {"amount": 1900, "currency": "EUR"}},
        ],
    })
}

/// A product of that title and SKU, ready to be published.
pub fn simple(title: &str, sku: &str) -> Value {
    json!({"title": title, "variants": [{"sku": sku, "price": {"amount": 100, "currency": "EUR"}}]})
}

/// Creates the product and returns its document.
pub async fn create(bed: &Testbed, product: Value) -> Value {
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(product)).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()
}

/// Creates and publishes the product and returns its document.
pub async fn publish(bed: &Testbed, product: Value) -> Value {
    let path = format!("{}/publish", path(&create(bed, product).await));
    let reply = bed.call(Role::Owner, "POST", &path, None).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.json()
}

/// A product's path.
pub fn path(product: &Value) -> String {
    format!("/api/pms/products/{}", product["id"].as_str().unwrap())
}

/// The store's whole log as a member of that role sees it.
pub async fn log(bed: &Testbed, role: Role) -> Vec<Value> {
    let feed = bed.call(role, "GET", "/api/pms/events?limit=1000", None).await.json();
    feed["events"].as_array().unwrap().clone()
}

/// The types of the store's events, and that their `seq` has no holes.
pub async fn log_types(bed: &Testbed) -> Vec<String> {
    let events = log(bed, Role::Owner).await;
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], json!(index + 1), "the log has a hole");
    }
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// The faults that a refusal lists, each as its pointer and its code.
pub fn faults(reply: &storeroom_testbed::Reply) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problem = reply.json();
    let faults = problem["errors"].as_array().unwrap().iter();
    faults.map(|fault| format!("{} {}", text(&fault["pointer"]), text(&fault["code"]))).collect()
}
