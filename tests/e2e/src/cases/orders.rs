//! Orders and the stock they keep.

use crate::shop::{Shop, new_id};
use serde_json::{Value, json};
use std::rc::Rc;
use storeroom_domain::Role;
use storeroom_sql::Args;

const ORDERS: &str = "/api/pms/orders";
const KEY: &str = "idempotency-key";

impl Shop {
    /// A published product with so many of its only variant on hand; the variant's id.
    pub async fn stocked(&self, title: &str, quantity: i64) -> String {
        let product = self.create(title).await;
        let publish = format!("{}/publish", crate::shop::path(&product));
        assert_eq!(self.call(&self.owner, "POST", &publish, None).await.status, 200);
        let variant = product["variants"][0]["id"].as_str().unwrap().to_owned();
        let lines = json!({"lines": [{"variant_id": variant, "delta": quantity, "reason": "delivery"}]});
        self.done("/api/pms/inventory/adjust", Some(lines)).await;
        variant
    }

    /// Sends a `POST` of the owner under a key of its own, which succeeds.
    pub async fn done(&self, path: &str, body: Option<Value>) -> Value {
        let key = new_id::<storeroom_domain::id::Event>().to_string();
        let reply = self.call_with(&self.owner, "POST", path, body, &[(KEY, &key)]).await;
        assert!(reply.status < 300, "{path}: {}", reply.text);
        reply.json()
    }

    /// The levels of the store's variants: on hand, held, committed, available.
    pub async fn levels(&self) -> Vec<[i64; 4]> {
        let status = self.call(&self.viewer, "GET", "/api/pms/inventory/status?limit=250", None).await.json();
        let number = |level: &Value, name: &str| level[name].as_i64().unwrap();
        let levels = status["items"].as_array().unwrap().iter();
        levels
            .map(|level| ["on_hand", "held", "committed", "available"].map(|name| number(level, name)))
            .collect()
    }
}

/// An order of one line.
fn one(variant: &str, quantity: i64) -> Value {
    json!({"lines": [{"variant_id": variant, "quantity": quantity}],
        "customer": {"email": "ann@example.org", "name": "Ann"}})
}

pub async fn a_life(shop: Rc<Shop>) {
    let variant = shop.stocked("Kerze", 5).await;
    let order = shop.done(ORDERS, Some(one(&variant, 3))).await;
    let path = format!("{ORDERS}/{}", order["id"].as_str().unwrap());
    assert_eq!((&order["number"], shop.levels().await), (&json!(1), vec![[5, 0, 3, 2]]));
    let money = json!({"amount": 100, "currency": "EUR"});
    for (verb, body, state, level) in [
        ("pay", Some(json!({"payment_reference": "pi_1"})), "paid", [5, 0, 3, 2]),
        ("fulfil", None, "fulfilled", [2, 0, 0, 2]),
        ("deliver", None, "delivered", [2, 0, 0, 2]),
        ("return", Some(json!({"restock": true})), "returned", [5, 0, 0, 5]),
        ("refund", Some(json!({"amount": money, "reason": "broken"})), "returned", [5, 0, 0, 5]),
    ] {
        let changed = shop.done(&format!("{path}/{verb}"), body).await;
        assert_eq!((&changed["state"], shop.levels().await), (&json!(state), vec![level]), "{verb}");
        let read = shop.call(&shop.owner, "GET", &path, None).await;
        assert_eq!(
            (read.json(), read.header("etag")),
            (changed.clone(), Some(format!("\"{}\"", changed["version"]).as_str()))
        );
    }
    let listed = shop.call(&shop.owner, "GET", &format!("{ORDERS}?q=ann&state=returned"), None).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let without_key = shop.call(&shop.owner, "POST", ORDERS, Some(one(&variant, 1))).await;
    assert_eq!((without_key.status, without_key.code().as_str()), (400, "idempotency-key-required"));
    let again = shop
        .call_with(
            &shop.owner,
            "POST",
            &format!("{path}/pay"),
            Some(json!({"payment_reference": "p"})),
            &[(KEY, "k")],
        )
        .await;
    assert_eq!(
        (again.status, again.code().as_str(), &again.json()["state"]),
        (409, "illegal-transition", &json!("returned"))
    );
}

pub async fn of_a_hold(shop: Rc<Shop>) {
    let variant = shop.stocked("Kerze", 5).await;
    let hold = json!({"lines": [{"variant_id": variant, "quantity": 5}]});
    let hold = shop.done("/api/pms/inventory/holds", Some(hold)).await;
    let refused = shop.call_with(&shop.owner, "POST", ORDERS, Some(one(&variant, 1)), &[(KEY, "a")]).await;
    assert_eq!((refused.status, &refused.json()["lines"][0]["available"]), (409, &json!(0)));
    let mut body = one(&variant, 4);
    body["hold_id"] = hold["id"].clone();
    let order = shop.done(ORDERS, Some(body)).await;
    assert_eq!(shop.levels().await, [[5, 0, 4, 1]]);
    let path = format!("/api/pms/inventory/holds/{}", hold["id"].as_str().unwrap());
    let became = shop.call(&shop.viewer, "GET", &path, None).await.json();
    assert_eq!((&became["state"], &became["order_id"]), (&json!("committed"), &order["id"]));
}

/// By the host's own clock, so an order is placed whose time is over already.
async fn expired(shop: &Shop, variant: &str) -> Value {
    let order = shop.done(ORDERS, Some(one(variant, 5))).await;
    let args = Args::new().with("store", shop.store.to_string()).with("order", order["id"].as_str().unwrap());
    shop.sql(
        &[
            "UPDATE orders SET expires_at = created_at + 1 WHERE store_id = :store AND id = :order",
            "UPDATE order_lines SET open_until = (SELECT expires_at FROM orders WHERE store_id = :store AND id = :order) \
             WHERE store_id = :store AND order_id = :order",
        ],
        &args,
    )
    .await;
    order
}

pub async fn one_that_expires(shop: Rc<Shop>) {
    let variant = shop.stocked("Kerze", 5).await;
    let order = expired(&shop, &variant).await;
    let path = format!("{ORDERS}/{}", order["id"].as_str().unwrap());
    let read = shop.call(&shop.owner, "GET", &path, None).await.json();
    assert_eq!((&read["state"], shop.levels().await), (&json!("expired"), vec![[5, 0, 0, 5]]));
    let pay = Some(json!({"payment_reference": "p"}));
    let late = shop.call_with(&shop.owner, "POST", &format!("{path}/pay"), pay, &[(KEY, "late")]).await;
    assert_eq!((late.status, &late.json()["allowed"]), (409, &json!([])));
    shop.done(ORDERS, Some(one(&variant, 5))).await;
    assert_eq!(shop.levels().await, [[5, 0, 5, 0]]);
    let types: Vec<_> = shop.log().await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types[types.len() - 2..], [json!("order.expired"), json!("order.created")]);
}

pub async fn due_work_by_a_scheduler(shop: Rc<Shop>) {
    let variant = shop.stocked("Kerze", 5).await;
    expired(&shop, &variant).await;
    let key = shop.create_key(Role::Viewer).await;
    let signed = shop.signature(&key, &shop.signing(), "POST", "/api/pms/due", b"");
    let reply = shop.send_signed("POST", "/api/pms/due", None, &signed).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let told = shop.log().await.iter().filter(|event| event["type"] == "order.expired").count();
    assert_eq!((told, shop.levels().await), (1, vec![[5, 0, 0, 5]]));
    let replayed = shop.send_signed("POST", "/api/pms/due", None, &signed).await;
    assert_eq!((replayed.status, replayed.code().as_str()), (401, "nonce-replayed"));
}
