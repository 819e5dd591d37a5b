//! The tour's way through orders: see `plans`.
//!
//! Guarantees: each operation runs at least once to its good end, each refusal that the database decides with
//! statements of its own is met, and the list is asked for in every selection of its filters, on its second page too.

use crate::plans::{call, queries};
use crate::product::publish;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use storeroom_domain::Role;
use storeroom_operations::{Operation, Orders};
use storeroom_testbed::Testbed;

const PATH: &str = "/api/pms/orders";

/// A published product of that SKU with stock; its variant.
async fn stocked(bed: &Testbed, sku: &str) -> String {
    let product = publish(bed, crate::product::simple(sku, sku)).await;
    let variant = product["variants"][0]["id"].as_str().unwrap().to_owned();
    let lines = json!({"lines": [{"variant_id": variant, "delta": 100, "reason": "tour"}]});
    call(bed, "POST", "/api/pms/inventory/adjust", Some(lines), None).await;
    variant
}

fn body(variant: &str, quantity: i64) -> Value {
    json!({"lines": [{"variant_id": variant, "quantity": quantity}],
        "customer": {"email": "ann@example.org", "name": "Ann"}})
}

async fn post(bed: &Testbed, path: &str, body: Option<Value>) -> Value {
    call(bed, "POST", &format!("{PATH}{path}"), body, None).await.json()
}

async fn refused(bed: &Testbed, path: &str, body: Value, code: &str) {
    let reply = bed.call(Role::Owner, "POST", &format!("{PATH}{path}"), Some(body)).await;
    assert_eq!(reply.code(), code, "{}", reply.text());
}

/// An order's life, once with each way to return, and an order of a hold.
pub async fn orders(bed: &Testbed) {
    let variant = stocked(bed, "ORDERED").await;
    let money = json!({"amount": 1, "currency": "EUR"});
    let lines = json!([{"variant_id": variant, "quantity": 1}]);
    for lines in [Value::Null, lines.clone()] {
        let order = post(bed, "", Some(body(&variant, 2))).await;
        let path = format!("/{}", order["id"].as_str().unwrap());
        refused(bed, &format!("{path}/deliver"), json!({}), "illegal-transition").await;
        refused(
            bed,
            &format!("{path}/refund"),
            json!({"amount": money, "reason": "r"}),
            "illegal-transition",
        )
        .await;
        call(bed, "GET", &format!("{PATH}{path}"), None, None).await;
        post(bed, &format!("{path}/pay"), Some(json!({"payment_reference": "p"}))).await;
        call(bed, "POST", &format!("{PATH}{path}/fulfil"), Some(json!({"tracking": "t"})), Some("*")).await;
        post(bed, &format!("{path}/deliver"), None).await;
        post(bed, &format!("{path}/return"), Some(json!({"lines": lines, "restock": true}))).await;
        post(bed, &format!("{path}/refund"), Some(json!({"amount": money, "reason": "r"}))).await;
        let beyond = json!({"amount": {"amount": 1_000_000, "currency": "EUR"}, "reason": "r"});
        refused(bed, &format!("{path}/refund"), beyond, "validation-failed").await;
    }
    let order = post(bed, "", Some(body(&variant, 1))).await;
    let cancel = format!("/{}/cancel", order["id"].as_str().unwrap());
    let stale = [("if-match", "\"9\"")];
    let stale = bed
        .call_with(Role::Owner, "POST", &format!("{PATH}{cancel}"), Some(json!({"reason": "r"})), &stale)
        .await;
    assert_eq!(stale.code(), "version-conflict");
    post(bed, &cancel, Some(json!({"reason": "r"}))).await;
    of_hold(bed, &variant).await;
    refusals(bed, &variant).await;
}

async fn of_hold(bed: &Testbed, variant: &str) {
    let hold = json!({"lines": [{"variant_id": variant, "quantity": 2}]});
    let hold = call(bed, "POST", "/api/pms/inventory/holds", Some(hold), None).await.json();
    let mut order = body(variant, 1);
    order["hold_id"] = hold["id"].clone();
    post(bed, "", Some(order)).await;
}

async fn refusals(bed: &Testbed, variant: &str) {
    refused(bed, "", body(variant, 1_000), "insufficient-stock").await;
    let mut dear = body(variant, 1);
    dear["lines"][0]["expected_unit_price"] = json!({"amount": 1, "currency": "EUR"});
    refused(bed, "", dear, "price-changed").await;
    let draft = crate::product::create(bed, crate::product::simple("Draft", "DRAFT")).await;
    let draft = draft["variants"][0]["id"].as_str().unwrap();
    refused(bed, "", body(draft, 1), "product-not-available").await;
    refused(bed, "", body("var_00000000000000000000000000", 1), "validation-failed").await;
}

/// Asks for the list's first and second page in every selection; returns the statements of the second ones.
pub async fn lists(bed: &Testbed) -> BTreeSet<String> {
    let variant = stocked(bed, "LISTED").await;
    for _ in 0..3 {
        bed.clock.advance(1_000);
        post(bed, "", Some(body(&variant, 1))).await;
    }
    bed.clock.advance(1_800_000);
    let row = Operation::Orders(Orders::List).row();
    let mut next_pages = BTreeSet::new();
    for query in queries(row) {
        let first = format!("{}?{query}", row.path);
        let page = call(bed, "GET", &first, None, None).await.json();
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{first}: {page}"));
        let so_far = bed.database.statements.take();
        call(bed, "GET", &format!("{first}&cursor={cursor}"), None, None).await;
        let next = bed.database.statements.replace(so_far);
        bed.database.statements.borrow_mut().extend(next.iter().cloned());
        next_pages.extend(next);
    }
    next_pages
}
