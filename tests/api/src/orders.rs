//! Orders: what is shared by their tests, and the way of one from the placing to the refund.

use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Reply;

/// A customer.
pub fn customer() -> Value {
    json!({"email": "ann@example.org", "name": "Ann"})
}

impl Shelf {
    /// Places an order of these lines.
    pub async fn try_order(&self, lines: Value) -> Reply {
        self.post_to("/api/pms/orders", Some(json!({"lines": lines, "customer": customer()}))).await
    }

    /// Places an order of so many of the first variant.
    pub async fn order(&self, quantity: i64) -> Value {
        let reply = self.try_order(json!([self.line(0, quantity)])).await;
        assert_eq!(
            (reply.status(), reply.round_trips),
            (201, 1),
            "{} {:?}",
            reply.text(),
            self.bed.recorded.lines
        );
        reply.json()
    }

    /// Asks for something to happen to an order.
    pub async fn act(&self, order: &Value, verb: &str, body: Option<Value>) -> Reply {
        let id = order["id"].as_str().unwrap();
        self.post_to(&format!("/api/pms/orders/{id}/{verb}"), body).await
    }

    /// Lets something happen to an order, which succeeds.
    pub async fn acted(&self, order: &Value, verb: &str, body: Option<Value>) -> Value {
        let reply = self.act(order, verb, body).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        reply.json()
    }

    /// The order as it is read now.
    pub async fn read_order(&self, order: &Value) -> Value {
        let path = format!("/api/pms/orders/{}", order["id"].as_str().unwrap());
        let reply = self.bed.call(Role::Fulfilment, "GET", &path, None).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        reply.json()
    }
}

#[tokio::test]
async fn an_order_goes_its_way() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(3).await;
    assert_eq!((order["number"].clone(), order["state"].clone()), (json!(1), json!("pending")), "{order}");
    assert_eq!(shelf.read_order(&order).await, order);
    let paid = shelf.acted(&order, "pay", Some(json!({"payment_reference": "pi_1"}))).await;
    assert_eq!((paid["state"].clone(), paid["expires_at"].clone()), (json!("paid"), Value::Null));
    let shipped = shelf.acted(&order, "fulfil", Some(json!({"tracking": "1Z"}))).await;
    assert_eq!(shipped["tracking"], "1Z");
    shelf.acted(&order, "deliver", None).await;
    let back = shelf.acted(&order, "return", Some(json!({"restock": true}))).await;
    assert_eq!(back["lines"][0]["returned"], 3);
    let amount = json!({"amount": 100, "currency": "EUR"});
    let refunded = shelf.acted(&order, "refund", Some(json!({"amount": amount, "reason": "broken"}))).await;
    assert_eq!(refunded["refunded"], amount);
    println!("{refunded:#}");
    assert_eq!(shelf.read_order(&order).await, refunded);
}
