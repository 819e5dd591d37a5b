//! `POST /webhook/order`.

use crate::incoming::{Sender, errors};
use crate::orders::folded;
use crate::product::{create, faults, log, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;

fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn placed(id: &str, external_id: &str, lines: Value) -> Value {
    json!({"event_id": id, "type": "order.placed", "order": {"external_id": external_id, "lines": lines,
        "customer": {"email": "ann@example.org", "name": "Ann"}, "note": "ring twice",
        "shipping_address": {"line1": "Street 1", "country": "DE"}}})
}

fn two_mugs() -> Value {
    json!([{"sku": "MUG-S", "quantity": 2, "unit_price": eur(1200)}, {"sku": "MUG-L", "quantity": 1, "unit_price": eur(1500)}])
}

async fn read(sender: &Sender, told: &Value) -> Value {
    sender.shelf.read_order(&json!({"id": told["subject"]})).await
}

#[tokio::test]
async fn an_order_is_placed_paid_and_cancelled() {
    let sender = Sender::with([9, 9]).await;
    let before = sender.told().await;
    let told = sender.applied(&placed("e-1", "web-17", two_mugs())).await;
    assert_eq!((&told["action"], &told["version"]), (&json!("placed"), &json!(1)));
    let order = read(&sender, &told).await;
    assert_eq!(
        (&order["external_id"], &order["state"], &order["total"]),
        (&json!("web-17"), &json!("pending"), &eur(3900))
    );
    assert_eq!((&order["note"], &order["customer"]["name"]), (&json!("ring twice"), &json!("Ann")));
    assert_eq!(sender.shelf.stock_of(0).await, [9, 0, 2, 7]);
    let audit = sender.last_audit().await;
    assert_eq!(audit[..2], [json!("orders.ingest"), told["subject"].clone()]);

    let paid =
        sender.applied(&json!({"event_id": "e-2", "type": "order.paid", "external_id": "web-17"})).await;
    assert_eq!(
        (&paid["subject"], &paid["action"], &paid["version"]),
        (&told["subject"], &json!("paid"), &json!(2))
    );
    let order = read(&sender, &told).await;
    assert_eq!((&order["state"], &order["payment_reference"]), (&json!("paid"), &json!("e-2")));

    let cancelled =
        json!({"event_id": "e-3", "type": "order.cancelled", "external_id": "web-17", "reason": "too late"});
    assert_eq!(sender.applied(&cancelled).await["version"], 3);
    let order = read(&sender, &told).await;
    assert_eq!((&order["state"], &order["timeline"][2]["reason"]), (&json!("cancelled"), &json!("too late")));
    assert_eq!(sender.shelf.stock_of(0).await, [9, 0, 0, 9]);
    let types = sender.told_since(before).await;
    let of_order: Vec<_> = types.iter().filter(|name| name.starts_with("order.")).collect();
    assert_eq!(of_order, ["order.created", "order.paid", "order.cancelled"]);
    let events = log(&sender.shelf.bed, Role::Owner).await;
    assert_eq!(folded(&events, &told["subject"]), order);
}

#[tokio::test]
async fn what_the_sender_says_of_payment_and_reason_is_kept() {
    let sender = Sender::with([9, 9]).await;
    let told = sender.applied(&placed("e-1", "web-17", two_mugs())).await;
    let paid = json!({"event_id": "e-2", "type": "order.paid", "external_id": "web-17", "payment_reference": "pi_1"});
    sender.applied(&paid).await;
    sender.applied(&json!({"event_id": "e-3", "type": "order.cancelled", "external_id": "web-17"})).await;
    let order = read(&sender, &told).await;
    assert_eq!(order["payment_reference"], "pi_1");
    assert_eq!(order["timeline"][2]["reason"], "cancelled in the shop system");
}

#[tokio::test]
async fn an_order_is_found_by_its_external_id() {
    let sender = Sender::with([9, 9]).await;
    let told = sender.applied(&placed("e-1", "#WEB-17 Berlin", two_mugs())).await;
    sender.shelf.order(1).await;
    for words in ["web-17", "WEB", "berl", "%23web-17"] {
        let path = format!("/api/pms/orders?q={words}");
        let found = sender.shelf.bed.call(Role::Fulfilment, "GET", &path, None).await.json();
        let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|order| &order["id"]).collect();
        assert_eq!(ids, [&told["subject"]], "{words}");
    }
}

#[tokio::test]
async fn what_the_store_refuses_is_told_in_the_events_words() {
    let sender = Sender::with([9, 9]).await;
    create(&sender.shelf.bed, simple("Draft", "DRAFT")).await;
    sender.applied(&placed("e-0", "web-1", two_mugs())).await;
    let line = |sku: &str, quantity: i64, price: Value| json!({"sku": sku, "quantity": quantity, "unit_price": price});
    let dollars = json!({"amount": 1200, "currency": "USD"});
    for (external_id, lines, expected) in [
        ("web-1", two_mugs(), "/order/external_id taken"),
        (
            "web-2",
            json!([line("A", 1, eur(1)), line("MUG-S", 1, eur(1200))]),
            "/order/lines/0/sku unknown_value",
        ),
        ("web-2", json!([line("MUG-S", 1, dollars)]), "/order/lines/0/unit_price/currency wrong_currency"),
        (
            "web-2",
            json!([line("MUG-S", 1, eur(1200)), line("MUG-S", 2, eur(1200))]),
            "/order/lines/1/sku duplicate",
        ),
    ] {
        let problem = sender.rejected(&placed(expected, external_id, lines)).await;
        assert_eq!(
            (&problem["code"], errors(&problem)),
            (&json!("validation-failed"), vec![expected.to_owned()])
        );
    }
    for (lines, code) in [
        (json!([line("MUG-L", 1, eur(1500)), line("MUG-S", 100, eur(1200))]), "insufficient-stock"),
        (json!([line("MUG-L", 1, eur(1500)), line("MUG-S", 1, eur(1199))]), "price-changed"),
        (json!([line("MUG-L", 1, eur(1500)), line("DRAFT", 1, eur(100))]), "product-not-available"),
    ] {
        let problem = sender.rejected(&placed(code, "web-2", lines)).await;
        assert_eq!(
            (&problem["code"], &problem["lines"][0]["pointer"]),
            (&json!(code), &json!("/order/lines/1"))
        );
        assert_eq!(problem["lines"].as_array().unwrap().len(), 1);
    }
    assert_eq!(sender.shelf.stock_of(0).await, [9, 0, 2, 7]);
}

#[tokio::test]
async fn an_order_that_cannot_be_paid_or_cancelled_says_why() {
    let sender = Sender::with([9, 9]).await;
    let event = |id: &str, kind: &str| json!({"event_id": id, "type": kind, "external_id": "web-1"});
    assert_eq!(sender.rejected(&event("e-1", "order.paid")).await["code"], "not-found");
    sender.applied(&placed("e-2", "web-1", two_mugs())).await;
    sender.applied(&event("e-3", "order.cancelled")).await;
    let problem = sender.rejected(&event("e-4", "order.paid")).await;
    assert_eq!(
        (&problem["code"], &problem["state"], &problem["allowed"]),
        (&json!("illegal-transition"), &json!("cancelled"), &json!([]))
    );
    assert_eq!(sender.rejected(&event("e-5", "order.cancelled")).await["code"], "illegal-transition");
}

#[tokio::test]
async fn an_order_whose_time_ran_out_cannot_be_paid() {
    let sender = Sender::with([9, 9]).await;
    sender.applied(&placed("e-1", "web-1", two_mugs())).await;
    sender.shelf.bed.clock.advance(1_800_000);
    let problem =
        sender.rejected(&json!({"event_id": "e-2", "type": "order.paid", "external_id": "web-1"})).await;
    assert_eq!((&problem["code"], &problem["state"]), (&json!("illegal-transition"), &json!("expired")));
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let sender = Sender::with([9, 9]).await;
    let many: Vec<_> = (0..1_001).map(|_| two_mugs()[0].clone()).collect();
    let mut unnamed = placed("e", "web-1", two_mugs());
    unnamed["order"].as_object_mut().unwrap().remove("external_id");
    unnamed["order"]["lines"][0].as_object_mut().unwrap().remove("unit_price");
    for (event, expected) in [
        (placed("e", "web-1", json!([])), vec!["/order/lines too_few"]),
        (placed("e", "web-1", json!(many)), vec!["/order/lines too_many"]),
        (unnamed, vec!["/order/external_id required", "/order/lines/0/unit_price required"]),
        (
            json!({"event_id": "e", "type": "order.paid", "order": {}}),
            vec!["/external_id required", "/order unknown_field"],
        ),
    ] {
        let reply = sender.send(&event).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.iter().map(|fault| (*fault).to_owned()).collect())
        );
    }
    assert_eq!(sender.inbox().await.len(), 0);
}
