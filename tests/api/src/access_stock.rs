//! Stock, a hold and an order for the table of who may do what: requests about it need ids in their bodies.

use serde_json::{Value, json};
use storeroom_bad_input::Line;
use storeroom_domain::Role;
use storeroom_operations::operation::Row;
use storeroom_testbed::Testbed;

/// A variant with stock at two locations, and an alert.
pub struct Stock {
    variant: String,
    here: String,
    there: String,
    alert: String,
    hold: String,
    order: String,
}

/// What leads an order to where the operation starts from, each with its body.
fn way(operation: &str) -> &'static [(&'static str, &'static str)] {
    const PAY: (&str, &str) = ("pay", r#"{"payment_reference":"p"}"#);
    const FULFIL: (&str, &str) = ("fulfil", "{}");
    match operation {
        "orders.fulfil" | "orders.refund" => &[PAY],
        "orders.deliver" | "orders.return" => &[PAY, FULFIL],
        _ => &[],
    }
}

async fn order(bed: &Testbed, variant: &str, operation: &str) -> String {
    let body =
        json!({"lines": [{"variant_id": variant, "quantity": 2}], "customer": {"email": "ann@example.org"}});
    let order = text(&sent(bed, "POST", "/orders", Some(body)).await["id"]);
    for (verb, body) in way(operation) {
        let body = serde_json::from_str(body).unwrap();
        sent(bed, "POST", &format!("/orders/{order}/{verb}"), Some(body)).await;
    }
    order
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

async fn sent(bed: &Testbed, method: &str, path: &str, body: Option<Value>) -> Value {
    let reply = bed.call(Role::Owner, method, &format!("/api/pms{path}"), body).await;
    assert!(reply.status() < 300, "{path}: {}", reply.text());
    reply.json()
}

/// An event that was rejected, because it takes more than there was then.
async fn rejected(bed: &Testbed) {
    let event = |delta: i64| {
        json!({"event_id": format!("ground {delta}"), "type": "inventory.adjusted",
            "lines": [{"sku": "PUBLIC", "delta": delta, "reason": "ground"}]})
    };
    let key = bed.api_key(bed.store, Role::Fulfilment).await;
    for (delta, status) in [(-5_000, "rejected"), (5_000, "applied")] {
        let reply = bed.signed(&key, "POST", "/api/pms/webhook/inventory", Some(event(delta)), &[]).await;
        assert_eq!((reply.status(), &reply.json()["status"]), (202, &json!(status)), "{}", reply.text());
    }
}

/// An event of another system that the ground has everything for.
fn event(operation: &str) -> Value {
    match operation {
        "products.ingest" => {
            json!({"event_id": "e", "type": "product.upserted", "product": {"title": "T", "external_id": "x"}})
        }
        "inventory.ingest" => {
            json!({"event_id": "e", "type": "inventory.counted", "lines": [{"sku": "PUBLIC", "on_hand": 900}]})
        }
        _ => json!({"event_id": "e", "type": "order.placed", "order": {"external_id": "x", "customer":
            {"email": "ann@example.org"}, "lines": [{"sku": "PUBLIC", "quantity": 1,
            "unit_price": {"amount": 100, "currency": "EUR"}}]}}),
    }
}

impl Stock {
    /// Stock of the product's first variant, which goes low once, and an order that the operation may be about.
    pub async fn of(bed: &Testbed, product: &Value, operation: &str) -> Self {
        let variant = text(&product["variants"][0]["id"]);
        let there = text(&sent(bed, "POST", "/locations", Some(json!({"name": "There"}))).await["id"]);
        let mut here = String::new();
        for delta in [1_000, -999, 999] {
            let line = json!({"variant_id": variant, "delta": delta, "reason": "ground"});
            let moved = sent(bed, "POST", "/inventory/adjust", Some(json!({"lines": [line]}))).await;
            here = text(&moved["lines"][0]["location_id"]);
        }
        let alert = text(&sent(bed, "GET", "/inventory/alerts?state=all", None).await["items"][0]["id"]);
        let lines = json!({"lines": [{"variant_id": variant, "quantity": 1}]});
        let hold = text(&sent(bed, "POST", "/inventory/holds", Some(lines)).await["id"]);
        let order = order(bed, &variant, operation).await;
        if operation.ends_with("_rejected") {
            rejected(bed).await;
        }
        Self { variant, here, there, alert, hold, order }
    }

    /// The request with the stock's ids, where it is about stock.
    pub fn fill(&self, row: &Row, line: Line) -> Line {
        let variant = &self.variant;
        let lines = match row.name {
            "inventory.adjust" => json!([{"variant_id": variant, "delta": 1, "reason": "r"}]),
            "inventory.set" => {
                json!([{"variant_id": variant, "location_id": self.there, "from": 0, "on_hand": 0, "reason": "r"}])
            }
            "inventory.transfer" => {
                let body = json!({"from_location_id": self.here, "to_location_id": self.there,
                    "lines": [{"variant_id": variant, "quantity": 1}]});
                return line.body(body.to_string());
            }
            "inventory.thresholds" => json!([{"variant_id": variant, "threshold": 3}]),
            "inventory.create_hold" => json!([{"variant_id": variant, "quantity": 1}]),
            _ if row.path.starts_with("/api/pms/inventory/holds/{id}") => {
                return Line { path: row.path.replace("{id}", &self.hold), ..line };
            }
            "orders.place" => {
                let body = json!({"lines": [{"variant_id": variant, "quantity": 1}],
                    "customer": {"email": "ann@example.org"}});
                return line.body(body.to_string());
            }
            _ if row.path.starts_with("/api/pms/orders/{id}") => {
                return Line { path: row.path.replace("{id}", &self.order), ..line };
            }
            name if name.ends_with(".ingest") => return line.body(event(name).to_string()),
            "gateway.apply_rejected" => {
                return Line { path: row.path.replace("{id}", "ground%20-5000"), ..line };
            }
            "inventory.ack_alert" => {
                let path = format!("/api/pms/inventory/alerts/{}/ack", self.alert);
                return Line { path, ..line };
            }
            _ => return line,
        };
        line.body(json!({"lines": lines}).to_string())
    }
}
