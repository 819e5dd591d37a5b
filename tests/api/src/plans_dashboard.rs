//! The tour's way through the dashboard: see `plans`.
//!
//! Guarantees: the tables of sales have rows of orders that were sold, called off, refunded and returned; each operation
//! of the dashboard runs to its good end, the table of products also on its second page in every sort.

use crate::plans::call;
use crate::product::publish;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::shapes::dashboard::PRODUCT_SORTS;
use storeroom_testbed::Testbed;

const PATH: &str = "/api/pms/dashboard";

/// What is sold, in the currency that the tour has left the store with.
struct Shop<'a> {
    bed: &'a Testbed,
    currency: Value,
}

impl Shop<'_> {
    fn money(&self, amount: i64) -> Value {
        json!({"amount": amount, "currency": self.currency})
    }

    /// An order of one of a new product that is paid.
    async fn sell(&self, sku: &str) -> Value {
        let product = json!({"title": sku, "variants": [{"sku": sku, "price": self.money(100)}]});
        let product = publish(self.bed, product).await;
        let variant = &product["variants"][0]["id"];
        let delivery = json!({"lines": [{"variant_id": variant, "delta": 9, "reason": "tour"}]});
        call(self.bed, "POST", "/api/pms/inventory/adjust", Some(delivery), None).await;
        let lines = json!([{"variant_id": variant, "quantity": 1}]);
        let order = json!({"lines": lines, "customer": {"email": "ann@example.org"}});
        let order = call(self.bed, "POST", "/api/pms/orders", Some(order), None).await.json();
        act(self.bed, &order, "pay", Some(json!({"payment_reference": "pi_1"}))).await;
        order
    }
}

async fn act(bed: &Testbed, order: &Value, verb: &str, body: Option<Value>) {
    let path = format!("/api/pms/orders/{}/{verb}", order["id"].as_str().unwrap());
    call(bed, "POST", &path, body, None).await;
}

/// Sales, and what is seen of them.
pub async fn dashboard(bed: &Testbed) {
    let currency = call(bed, "GET", PATH, None, None).await.json()["currency"].clone();
    let shop = Shop { bed, currency };
    let kept = shop.sell("TOUR-1").await;
    let returned = shop.sell("TOUR-2").await;
    act(bed, &returned, "fulfil", None).await;
    act(bed, &returned, "return", Some(json!({"restock": true}))).await;
    act(bed, &kept, "refund", Some(json!({"amount": shop.money(1), "reason": "tour"}))).await;
    let cancelled = shop.sell("TOUR-3").await;
    act(bed, &cancelled, "cancel", Some(json!({"reason": "tour"}))).await;
    looks(bed).await;
    targets(&shop).await;
}

async fn looks(bed: &Testbed) {
    call(bed, "GET", PATH, None, None).await;
    for by in ["day", "week"] {
        call(bed, "GET", &format!("{PATH}/sales?by={by}&from=2026-11-01"), None, None).await;
    }
    for sort in PRODUCT_SORTS {
        let first = format!("{PATH}/products?limit=1&sort={sort}");
        let page = call(bed, "GET", &first, None, None).await.json();
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{first} has one page: {page}"));
        call(bed, "GET", &format!("{first}&cursor={cursor}"), None, None).await;
    }
}

async fn targets(shop: &Shop<'_>) {
    let path = format!("{PATH}/targets");
    let patch = json!({"daily_revenue": shop.money(1), "daily_orders": 1});
    call(shop.bed, "PATCH", &path, Some(patch), None).await;
    let foreign = json!({"daily_revenue": {"amount": 1, "currency": "CHF"}});
    assert_eq!(shop.bed.call(Role::Owner, "PATCH", &path, Some(foreign)).await.status(), 422);
}
