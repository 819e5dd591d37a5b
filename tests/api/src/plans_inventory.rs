//! The tour's way through stock: see `plans`.
//!
//! Guarantees: each operation runs at least once to its good end, each list also on its second page in
//! every selection of its filters, and each refusal that the database decides with statements of its own is met.

use crate::plans::call;
use crate::product::{create, mug};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

const PATH: &str = "/api/pms/inventory";

struct Stock {
    variants: Vec<String>,
    here: String,
    cellar: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

async fn stock(bed: &Testbed) -> Stock {
    let mut product = mug();
    for (n, variant) in product["variants"].as_array_mut().unwrap().iter_mut().enumerate() {
        variant["sku"] = json!(format!("STOCK-{n}"));
    }
    product["external_id"] = json!("stock");
    let product = create(bed, product).await;
    let variants =
        product["variants"].as_array().unwrap().iter().map(|variant| text(&variant["id"])).collect();
    bed.clock.advance(1);
    let cellar = call(bed, "POST", "/api/pms/locations", Some(json!({"name": "Cellar"})), None).await.json();
    Stock { variants, here: default_location(bed).await, cellar: text(&cellar["id"]) }
}

async fn post(bed: &Testbed, path: &str, body: Value) -> Value {
    call(bed, "POST", &format!("{PATH}{path}"), Some(body), None).await.json()
}

async fn refused(bed: &Testbed, path: &str, body: Value, code: &str) {
    let reply = bed.call(Role::Owner, "POST", &format!("{PATH}{path}"), Some(body)).await;
    assert_eq!(reply.code(), code, "{}", reply.text());
}

/// Stock that comes, goes, is counted, moved, low, and reconciled.
pub async fn movements(bed: &Testbed) {
    let Stock { variants, here, cellar } = stock(bed).await;
    let line = |n: usize, location: &str, delta: i64| json!({"variant_id": variants[n], "location_id": location, "delta": delta, "reason": "tour"});
    let lines =
        json!({"lines": [line(0, &here, 9), line(1, &here, 9), line(0, &cellar, 9), line(1, &cellar, 9)]});
    post(bed, "/adjust", lines).await;
    post(bed, "/adjust", json!({"lines": [line(1, &here, 1), line(1, &cellar, 1)]})).await;
    refused(bed, "/adjust", json!({"lines": [line(0, &here, -10)]}), "insufficient-stock").await;
    let nobody = "var_00000000000000000000000000";
    let strange = json!({"lines": [{"variant_id": nobody, "delta": 1, "reason": "tour"}]});
    refused(bed, "/adjust", strange, "validation-failed").await;
    let count = |from: i64| json!({"lines": [{"variant_id": variants[0], "from": from, "on_hand": 8, "reason": "tour"}]});
    refused(bed, "/set", count(1), "stock-changed").await;
    post(bed, "/set", count(9)).await;
    let transfer = |quantity: i64| json!({"from_location_id": here, "to_location_id": cellar, "lines": [{"variant_id": variants[0], "quantity": quantity}]});
    refused(bed, "/transfer", transfer(9), "insufficient-stock").await;
    post(bed, "/transfer", transfer(1)).await;
    alerts(bed, &variants).await;
    post(bed, "/reconcile", json!({})).await;
    post(bed, "/reconcile", json!({"repair": true})).await;
}

async fn alerts(bed: &Testbed, variants: &[String]) {
    let threshold = |n: usize, threshold: i64| json!({"variant_id": variants[n], "threshold": threshold});
    for lines in [json!([threshold(0, 50), threshold(1, 50)]), json!([threshold(0, 1)])] {
        call(bed, "PUT", &format!("{PATH}/thresholds"), Some(json!({"lines": lines})), None).await;
    }
    let open = call(bed, "GET", &format!("{PATH}/alerts"), None, None).await.json();
    let ack = format!("{PATH}/alerts/{}/ack", text(&open["items"][0]["id"]));
    call(bed, "POST", &ack, None, None).await;
    let lines = json!({"lines": [threshold(0, 50)]});
    call(bed, "PUT", &format!("{PATH}/thresholds"), Some(lines), None).await;
}

/// Holds that are committed, in part too, released, extended, refused, and that expire.
pub async fn holds(bed: &Testbed) {
    let path = format!("{PATH}/status?location_id={}", default_location(bed).await);
    let level = call(bed, "GET", &path, None, None).await.json()["items"][0].clone();
    let line = |quantity: i64| json!({"variant_id": level["variant_id"], "quantity": quantity});
    let body = json!({"lines": [line(1)], "expires_in": 60});
    refused(bed, "/holds", json!({"lines": [line(1_000)]}), "insufficient-stock").await;
    for (verb, body_of_verb) in [
        ("commit", json!({"lines": [line(1)]})),
        ("commit", json!({})),
        ("release", json!({})),
        ("extend", json!({"expires_in": 90})),
    ] {
        let hold = text(&post(bed, "/holds", body.clone()).await["id"]);
        call(bed, "GET", &format!("{PATH}/holds/{hold}"), None, None).await;
        let body_of_verb = (verb != "release").then_some(body_of_verb);
        call(bed, "POST", &format!("{PATH}/holds/{hold}/{verb}"), body_of_verb, None).await;
    }
    bed.clock.advance(100_000);
    assert_eq!(storeroom_inventory::due::run(&bed.ports).await, Ok(1));
}

async fn default_location(bed: &Testbed) -> String {
    let locations = call(bed, "GET", "/api/pms/locations", None, None).await.json();
    let here = locations["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|location| location["is_default"] == true)
        .cloned();
    text(&here.unwrap()["id"])
}

/// Asks for each list's first and second page; returns the statements of the second ones.
pub async fn lists(bed: &Testbed) -> BTreeSet<String> {
    let level = call(bed, "GET", &format!("{PATH}/status?low_stock=true&limit=1"), None, None).await.json();
    let level = &level["items"][0];
    let (variant, location) = (text(&level["variant_id"]), text(&level["location_id"]));
    call(bed, "GET", &format!("{PATH}/history?format=csv"), None, None).await;
    let mut next_pages = BTreeSet::new();
    let by = [String::new(), format!("&variant_id={variant}"), format!("&location_id={location}")];
    let both = format!("&variant_id={variant}&location_id={location}");
    let mut paths: Vec<String> =
        by.iter().chain([&both]).map(|filter| format!("{PATH}/history?limit=1{filter}")).collect();
    paths.extend(by.iter().map(|filter| format!("{PATH}/status?limit=1{filter}")));
    paths.push(format!("{PATH}/status?limit=1&sku={}", text(&level["sku"])));
    paths.extend(["", "&state=all"].map(|filter| format!("{PATH}/alerts?limit=1{filter}")));
    paths.push("/api/pms/locations?limit=1".to_owned());
    for first in paths {
        let page = call(bed, "GET", &first, None, None).await.json();
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{first} has one page: {page}"));
        let so_far = bed.database.statements.take();
        call(bed, "GET", &format!("{first}&cursor={cursor}"), None, None).await;
        let next = bed.database.statements.replace(so_far);
        bed.database.statements.borrow_mut().extend(next.iter().cloned());
        next_pages.extend(next);
    }
    for filter in ["low_stock=true", "low_stock=false", &both[1..]] {
        call(bed, "GET", &format!("{PATH}/status?{filter}"), None, None).await;
    }
    next_pages
}
