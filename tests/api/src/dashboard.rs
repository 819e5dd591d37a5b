//! The dashboard: what is shared by its tests, and the life of orders against its figures.

use crate::product::{faults, log, log_types};
use crate::shelf::Shelf;
use serde_json::{Value, json};
use std::ops::Deref;
use storeroom_domain::{Role, Timestamp};
use storeroom_sql::Args;
use storeroom_testbed::Reply;

/// An amount in the store's currency.
pub fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// Figures as the dashboard tells them: orders, units, revenue, refunded, returns.
pub fn figures([orders, units, revenue, refunded, returns]: [i64; 5]) -> Value {
    json!({"orders": orders, "units": units, "revenue": eur(revenue), "refunded": eur(refunded), "returns": returns})
}

/// A shelf whose stock is sold.
pub struct Till(Shelf);

impl Deref for Till {
    type Target = Shelf;

    fn deref(&self) -> &Shelf {
        &self.0
    }
}

impl Till {
    /// A till at a shelf with that many of each variant.
    pub async fn with(on_hand: [i64; 2]) -> Self {
        Self(Shelf::with(on_hand).await)
    }

    /// One whose members stay signed in whatever the clock shows, in a store of that time zone.
    pub async fn ageless(on_hand: [i64; 2], timezone: &'static str) -> Self {
        let mut shelf = Shelf::with(on_hand).await;
        let begin = Timestamp::parse("2020-01-01T00:00:00Z").unwrap();
        for (_, member) in &mut shelf.bed.members {
            member.token = shelf.bed.signer.sign(&member.identity, begin, 20 * 365 * 86_400).unwrap();
        }
        shelf.bed.sql("UPDATE sessions SET created_at = 0, expires_at = 9000000000000", Args::new()).await;
        let till = Self(shelf);
        till.move_to(timezone).await;
        till
    }

    /// Moves the store to that time zone.
    pub async fn move_to(&self, timezone: &'static str) {
        self.bed.sql("UPDATE stores SET timezone = :timezone", Args::new().with("timezone", timezone)).await;
    }

    /// Sets the clock, forward or back.
    pub fn turn_to(&self, at: &str) {
        let at = Timestamp::parse(at).unwrap();
        self.bed.clock.advance(at.ms() - self.bed.ports.clock.now().ms());
    }

    /// Places an order of these lines.
    pub async fn place(&self, lines: Value) -> Value {
        let body = json!({"lines": lines, "customer": {"email": "ann@example.org"}});
        let reply = self.post_to("/api/pms/orders", Some(body)).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        reply.json()
    }

    /// Places an order of so many of the first variant.
    pub async fn order(&self, quantity: i64) -> Value {
        self.place(json!([self.line(0, quantity)])).await
    }

    /// Asks for something to happen to an order.
    pub async fn act(&self, order: &Value, verb: &str, body: Option<Value>) -> Reply {
        self.post_to(&format!("/api/pms/orders/{}/{verb}", order["id"].as_str().unwrap()), body).await
    }

    /// Lets something happen to an order, which succeeds in one trip.
    pub async fn acted(&self, order: &Value, verb: &str, body: Option<Value>) -> Value {
        let reply = self.act(order, verb, body).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        reply.json()
    }

    /// Calls an order off.
    pub async fn cancel(&self, order: &Value) -> Value {
        self.acted(order, "cancel", Some(json!({"reason": "none"}))).await
    }

    /// An order of so many of the first variant that is paid at that moment.
    pub async fn sell(&self, at: &str, quantity: i64) -> Value {
        self.turn_to(at);
        let order = self.order(quantity).await;
        self.pay(&order).await
    }

    /// Pays an order.
    pub async fn pay(&self, order: &Value) -> Value {
        self.acted(order, "pay", Some(json!({"payment_reference": "pi_1"}))).await
    }

    /// Ships an order.
    pub async fn ship(&self, order: &Value) -> Value {
        self.acted(order, "fulfil", None).await
    }

    /// Refunds a part of an order.
    pub async fn refund(&self, order: &Value, amount: i64) -> Value {
        self.acted(order, "refund", Some(json!({"amount": eur(amount), "reason": "broken"}))).await
    }

    /// Takes back so many of the first variant.
    pub async fn take_back(&self, order: &Value, quantity: i64) -> Value {
        let body = json!({"lines": [self.line(0, quantity)], "restock": false});
        self.acted(order, "return", Some(body)).await
    }

    /// What a viewer sees below `/api/pms/dashboard`.
    pub async fn try_seeing(&self, path: &str) -> Reply {
        self.bed.call(Role::Viewer, "GET", &format!("/api/pms/dashboard{path}"), None).await
    }

    /// The same, which succeeds in the two trips that it takes.
    pub async fn see(&self, path: &str) -> Value {
        let reply = self.try_seeing(path).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 2), "{path}: {}", reply.text());
        assert!(reply.header("store-cursor").is_some());
        reply.json()
    }

    /// The days or weeks with sales, each as its date and its figures.
    pub async fn days(&self, query: &str) -> Vec<(String, [i64; 5])> {
        let report = self.see(&format!("/sales{query}")).await;
        let items = report["items"].as_array().unwrap().iter();
        let days = items.map(|item| (item["date"].as_str().unwrap().to_owned(), numbers(item)));
        days.filter(|(_, figures)| *figures != [0; 5]).collect()
    }
}

/// The numbers of figures.
pub fn numbers(figures: &Value) -> [i64; 5] {
    [
        &figures["orders"],
        &figures["units"],
        &figures["revenue"]["amount"],
        &figures["refunded"]["amount"],
        &figures["returns"],
    ]
    .map(|number| number.as_i64().unwrap())
}

#[tokio::test]
async fn a_store_that_has_sold_nothing_has_a_dashboard() {
    let till = Till::with([0, 0]).await;
    let seen = till.see("").await;
    let none = figures([0; 5]);
    let states = json!({"pending": 0, "paid": 0, "fulfilled": 0, "delivered": 0, "cancelled": 0, "expired": 0, "returned": 0});
    let targets =
        json!({"daily_revenue": null, "daily_orders": null, "monthly_revenue": null, "monthly_orders": null});
    assert_eq!(
        seen,
        json!({"currency": "EUR", "timezone": "Europe/Berlin", "as_of": "2026-11-20T09:30:00.000Z", "today": none,
            "last_30_days": none, "orders_by_state": states, "best_sellers": [],
            "low_stock": {"count": 0, "items": []}, "room": "ok",
            "webhooks": {"active": 0, "failing": 0, "stopped": 0, "rejected": 0}, "targets": targets})
    );
    assert_eq!(till.see("/products").await, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn figures_follow_the_life_of_orders() {
    let till = Till::with([20, 20]).await;
    let order = till.order(3).await;
    assert_eq!(till.see("").await["today"], figures([0; 5]), "it is not paid yet");
    till.pay(&order).await;
    assert_eq!(till.see("").await["today"], figures([1, 3, 3_600, 0, 0]));
    till.ship(&order).await;
    till.take_back(&order, 2).await;
    till.refund(&order, 1_000).await;
    till.refund(&order, 400).await;
    assert_eq!(till.see("").await["today"], figures([1, 3, 3_600, 1_400, 2]));

    let cancelled = till.order(5).await;
    till.pay(&cancelled).await;
    assert_eq!(till.see("").await["today"], figures([2, 8, 9_600, 1_400, 2]));
    till.cancel(&cancelled).await;
    till.refund(&cancelled, 6_000).await;
    let unpaid = till.order(1).await;
    till.cancel(&unpaid).await;
    let seen = till.see("").await;
    assert_eq!(seen["today"], figures([1, 3, 3_600, 7_400, 2]));
    assert_eq!(seen["last_30_days"], seen["today"]);
    let best = json!([{"product_id": order["lines"][0]["product_id"], "title": "Becher Größe L", "units": 3,
        "revenue": eur(3_600)}]);
    assert_eq!(seen["best_sellers"], best);
}

#[tokio::test]
async fn shipping_counts_as_revenue_of_the_order_and_of_no_product() {
    let till = Till::with([5, 5]).await;
    let body = json!({"lines": [till.line(0, 1), till.line(1, 2)], "shipping": eur(490),
        "customer": {"email": "ann@example.org"}});
    let order = till.post_to("/api/pms/orders", Some(body)).await.json();
    till.pay(&order).await;
    let seen = till.see("").await;
    assert_eq!(seen["today"], figures([1, 3, 4_690, 0, 0]));
    assert_eq!(
        (&seen["best_sellers"][0]["units"], &seen["best_sellers"][0]["revenue"]),
        (&json!(3), &eur(4_200))
    );
}

#[tokio::test]
async fn orders_are_counted_by_the_state_that_they_read_as() {
    let till = Till::with([20, 20]).await;
    let states = || async { till.see("").await["orders_by_state"].clone() };
    let orders = [till.order(1).await, till.order(1).await, till.order(1).await];
    till.pay(&orders[0]).await;
    till.ship(&orders[0]).await;
    till.acted(&orders[0], "deliver", None).await;
    till.cancel(&orders[1]).await;
    let expected = |pending: i64, expired: i64| {
        json!({"pending": pending, "paid": 0, "fulfilled": 0, "delivered": 1, "cancelled": 1, "expired": expired,
            "returned": 0})
    };
    assert_eq!(states().await, expected(1, 0));
    till.bed.clock.advance(1_800_000 - 1);
    assert_eq!(states().await, expected(1, 0));
    till.bed.clock.advance(1);
    assert_eq!(states().await, expected(0, 1), "nothing has settled it yet");
    assert_eq!(storeroom_inventory::due::run(&till.bed.ports).await, Ok(1));
    assert_eq!(states().await, expected(0, 1));
    assert_eq!(till.see("").await["today"], figures([1, 1, 1_200, 0, 0]));
}

#[tokio::test]
async fn stock_that_is_low_is_shown_as_of_now() {
    let till = Till::with([20, 20]).await;
    let threshold = json!({"lines": [{"variant_id": till.variants[0], "threshold": 15}]});
    let path = "/api/pms/inventory/thresholds";
    assert_eq!(till.bed.call(Role::Fulfilment, "PUT", path, Some(threshold)).await.status(), 200);
    assert_eq!(till.see("").await["low_stock"], json!({"count": 0, "items": []}));
    till.order(6).await;
    let low = |available: i64| {
        json!({"count": 1, "items": [{"variant_id": till.variants[0], "sku": "MUG-S", "location_id": till.location,
            "available": available, "threshold": 15}]})
    };
    assert_eq!(till.see("").await["low_stock"], low(14));
    till.bed.clock.advance(1_800_000);
    assert_eq!(till.see("").await["low_stock"], low(20), "the alert closes when the expiry is settled");
    assert_eq!(storeroom_inventory::due::run(&till.bed.ports).await, Ok(1));
    assert_eq!(till.see("").await["low_stock"], json!({"count": 0, "items": []}));
}

#[tokio::test]
async fn a_room_that_is_down_is_told_and_takes_nothing_else_with_it() {
    let till = Till::with([1, 1]).await;
    till.bed.recorded.down.set(true);
    assert_eq!(till.see("").await["room"], "down");
}

#[tokio::test]
async fn whoever_may_not_see_the_store_sees_no_dashboard() {
    let till = Till::with([1, 1]).await;
    let token = format!("Bearer {}", till.bed.stranger.token);
    let store = till.bed.store.to_string();
    let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
    for path in ["", "/sales", "/sales?from=2026-11-20&to=2026-11-19", "/products", "/products?cursor=x"] {
        let path = format!("/api/pms/dashboard{path}");
        let reply = till.bed.send(storeroom_testbed::request("GET", &path, None, &headers)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{path}");
    }
}

#[tokio::test]
async fn every_change_of_figures_is_told_in_its_own_transaction() {
    let till = Till::ageless([20, 20], "Europe/Berlin").await;
    let order = till.sell("2026-11-20T10:44:59Z", 3).await;
    let paid_then_cancelled = till.sell("2026-11-20T10:45:00Z", 1).await;
    till.turn_to("2026-11-21T12:00:00Z");
    till.ship(&order).await;
    till.take_back(&order, 2).await;
    till.refund(&order, 700).await;
    till.cancel(&paid_then_cancelled).await;
    let unpaid = till.order(1).await;
    till.cancel(&unpaid).await;
    let types = log_types(&till.bed).await;
    let after = |kind: &str| types.iter().skip_while(|known| *known != kind).nth(1).cloned();
    for kind in ["order.paid", "order.refunded", "order.returned", "order.cancelled"] {
        assert_eq!(after(kind).as_deref(), Some("sales.updated"), "{types:?}");
    }
    let events = log(&till.bed, Role::Viewer).await;
    let told: Vec<&Value> = events.iter().filter(|event| event["type"] == "sales.updated").collect();
    let change = |begins_at: &str, numbers: [i64; 5]| {
        let mut change = figures(numbers);
        change["begins_at"] = json!(begins_at);
        json!({"changes": [change]})
    };
    let data: Vec<Value> = told.iter().map(|event| event["data"].clone()).collect();
    assert_eq!(
        data,
        [
            change("2026-11-20T10:30:00.000Z", [1, 3, 3_600, 0, 0]),
            change("2026-11-20T10:45:00.000Z", [1, 1, 1_200, 0, 0]),
            change("2026-11-21T12:00:00.000Z", [0, 0, 0, 0, 2]),
            change("2026-11-21T12:00:00.000Z", [0, 0, 0, 700, 0]),
            change("2026-11-20T10:45:00.000Z", [-1, -1, -1_200, 0, 0]),
        ]
    );
    for event in told {
        assert_eq!((&event["subject"], &event["version"]), (&json!("sales"), &event["seq"]));
    }
}

#[tokio::test]
async fn a_request_that_is_repeated_counts_once() {
    let till = Till::with([20, 20]).await;
    let order = till.order(1).await;
    let path = format!("/api/pms/orders/{}/pay", order["id"].as_str().unwrap());
    for _ in 0..2 {
        let body = Some(json!({"payment_reference": "pi_1"}));
        let headers = [("idempotency-key", "pay-1")];
        let reply = till.bed.call_with(Role::Fulfilment, "POST", &path, body, &headers).await;
        assert_eq!(reply.status(), 200);
    }
    let refused = till.act(&order, "pay", Some(json!({"payment_reference": "pi_2"}))).await;
    assert_eq!(refused.code(), "illegal-transition");
    assert_eq!(till.see("").await["today"], figures([1, 1, 1_200, 0, 0]));
}

#[tokio::test]
async fn a_bad_range_is_refused() {
    let till = Till::with([1, 1]).await;
    for (query, fault) in [
        ("?from=2026-11-20&to=2026-11-19", "from out_of_range"),
        ("?from=2025-11-19&to=2026-11-20", "from out_of_range"),
        ("?from=2026-11-21", "from out_of_range"),
        ("?from=20261120xx", "from wrong_format"),
        ("?to=2026-02-30", "to wrong_format"),
        ("?to=today", "to too_short"),
    ] {
        for path in ["/sales", "/products"] {
            let reply = till.try_seeing(&format!("{path}{query}")).await;
            let told = (reply.status(), reply.code(), faults(&reply));
            assert_eq!(told, (400, "malformed-request".to_owned(), vec![fault.to_owned()]), "{path}{query}");
        }
    }
    let reply = till.try_seeing("/sales?by=month").await;
    assert_eq!((reply.status(), faults(&reply)), (400, vec!["by unknown_value".to_owned()]));
}
