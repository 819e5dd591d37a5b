//! Orders: what is shared by their tests, and the way of one from the placing to the refund.

use crate::product::log;
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::order::STATES;
use storeroom_domain::{OrderAction, OrderState, Role};
use storeroom_testbed::{Reply, request};

const ACTIONS: [OrderAction; 5] =
    [OrderAction::Pay, OrderAction::Fulfil, OrderAction::Deliver, OrderAction::Cancel, OrderAction::Return];

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

    /// A variant's level as of now: on hand, held, committed, available.
    pub async fn stock_of(&self, variant: usize) -> [i64; 4] {
        let path = format!("/api/pms/inventory/status?variant_id={}", self.variants[variant]);
        let level = self.bed.call(Role::Viewer, "GET", &path, None).await.json()["items"][0].clone();
        ["on_hand", "held", "committed", "available"].map(|name| level[name].as_i64().unwrap())
    }
}

/// A payment.
pub fn payment() -> Option<Value> {
    Some(json!({"payment_reference": "pi_1"}))
}

/// The document that the events about a thing add up to: the whole of the first, and what each further one changes.
pub fn folded(events: &[Value], subject: &Value) -> Value {
    let mut events = events.iter().filter(|event| event["subject"] == *subject);
    let mut document = events.next().unwrap()["data"].clone();
    for event in events {
        for (name, value) in event["data"].as_object().unwrap() {
            // Changes of one moment say the same moment.
            assert!(
                name == "updated_at" || document[name] != *value,
                "{} tells of `{name}`, which has not changed",
                event["type"]
            );
            document[name] = value.clone();
        }
    }
    document
}

/// Where each verb leads from `pending` on, with a body for it.
fn life() -> Vec<(&'static str, Option<Value>, &'static str)> {
    let amount = json!({"amount": 100, "currency": "EUR"});
    let refund = Some(json!({"amount": amount, "reason": "broken"}));
    vec![
        ("pay", payment(), "paid"),
        ("fulfil", Some(json!({"tracking": "1Z"})), "fulfilled"),
        ("deliver", None, "delivered"),
        ("return", Some(json!({"restock": true})), "returned"),
        ("refund", refund, "returned"),
    ]
}

#[tokio::test]
async fn an_order_goes_its_way() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(3).await;
    assert_eq!(shelf.read_order(&order).await, order);
    let mut version = 1;
    for (verb, body, state) in life() {
        let changed = shelf.acted(&order, verb, body).await;
        version += 1;
        assert_eq!((&changed["state"], &changed["version"]), (&json!(state), &json!(version)), "{verb}");
        assert_eq!(shelf.read_order(&order).await, changed);
        let events = log(&shelf.bed, Role::Owner).await;
        assert_eq!(folded(&events, &order["id"]), changed, "the events of {verb} tell all that changed");
    }
}

#[tokio::test]
async fn its_timeline_says_who_did_what() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(3).await;
    let mut last = Value::Null;
    for (verb, body, _) in life() {
        shelf.bed.clock.advance(1_000);
        last = shelf.acted(&order, verb, body).await;
    }
    let actor = shelf.bed.member(Role::Fulfilment).identity.user.to_string();
    let line = json!({"variant_id": shelf.variants[0], "location_id": shelf.location, "quantity": 3});
    let at = |second: u32| format!("2026-11-20T09:30:0{second}.000Z");
    let expected = json!([
        {"at": at(0), "type": "order.created", "actor": actor},
        {"at": at(1), "type": "order.paid", "actor": actor, "payment_reference": "pi_1"},
        {"at": at(2), "type": "order.fulfilled", "actor": actor, "tracking": "1Z"},
        {"at": at(3), "type": "order.delivered", "actor": actor},
        {"at": at(4), "type": "order.returned", "actor": actor, "lines": [line], "restock": true},
        {"at": at(5), "type": "order.refunded", "actor": actor, "amount": {"amount": 100, "currency": "EUR"},
            "reason": "broken"},
    ]);
    assert_eq!(last["timeline"], expected);
}

#[tokio::test]
async fn its_stock_follows_its_state() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(3).await;
    let mut levels = vec![shelf.stock_of(0).await];
    for (verb, body, _) in life() {
        shelf.acted(&order, verb, body).await;
        levels.push(shelf.stock_of(0).await);
    }
    let (kept, left, back) = ([5, 0, 3, 2], [2, 0, 0, 2], [5, 0, 0, 5]);
    assert_eq!(levels, [kept, kept, left, left, back, back]);
    let history =
        shelf.bed.call(Role::Viewer, "GET", "/api/pms/inventory/history?limit=2", None).await.json();
    let moved = history["items"].as_array().unwrap().iter();
    let moved: Vec<_> =
        moved.map(|row| (row["kind"].clone(), row["delta"].clone(), row["reference"].clone())).collect();
    let id = &order["id"];
    assert_eq!(
        moved,
        [(json!("returned"), json!(3), id.clone()), (json!("fulfilled"), json!(-3), id.clone())]
    );
    let drift = shelf.post("/reconcile", Some(json!({}))).await.json();
    assert_eq!(drift["drift"], json!([]));
}

#[tokio::test]
async fn a_verb_out_of_order_is_refused_with_what_is_allowed() {
    let shelf = Shelf::with([50, 0]).await;
    let verbs = [
        ("pay", payment()),
        ("fulfil", None),
        ("deliver", None),
        ("cancel", Some(json!({"reason": "r"}))),
        ("return", Some(json!({"restock": false}))),
    ];
    for state in STATES {
        let order = shelf.order_in(state).await;
        let sources =
            |verb: &str| ACTIONS.into_iter().find(|action| action.as_str() == verb).unwrap().sources();
        for (verb, body) in verbs.iter().filter(|(verb, _)| !sources(verb).contains(&state)) {
            let reply = shelf.act(&order, verb, body.clone()).await;
            assert_eq!(
                (reply.status(), reply.code().as_str()),
                (409, "illegal-transition"),
                "{state:?} {verb}"
            );
            let allowed: Vec<&str> = match state {
                // All of it has come back.
                OrderState::Returned => Vec::new(),
                _ => state.allowed().into_iter().map(OrderState::as_str).collect(),
            };
            let problem = reply.json();
            assert_eq!((&problem["state"], &problem["allowed"]), (&json!(state.as_str()), &json!(allowed)));
        }
    }
}

impl Shelf {
    /// An order of one that was led to the state.
    async fn order_in(&self, state: OrderState) -> Value {
        let order = self.order(1).await;
        let way: &[&str] = match state {
            OrderState::Pending | OrderState::Expired => &[],
            OrderState::Paid => &["pay"],
            OrderState::Fulfilled => &["pay", "fulfil"],
            OrderState::Delivered => &["pay", "fulfil", "deliver"],
            OrderState::Cancelled => &["cancel"],
            OrderState::Returned => &["pay", "fulfil", "return"],
        };
        for verb in way {
            let body = match *verb {
                "pay" => payment(),
                "cancel" => Some(json!({"reason": "r"})),
                "return" => Some(json!({"restock": false})),
                _ => None,
            };
            self.acted(&order, verb, body).await;
        }
        if state == OrderState::Expired {
            self.bed.clock.advance(1_800_000);
        }
        assert_eq!(self.read_order(&order).await["state"], state.as_str());
        order
    }
}

#[tokio::test]
async fn an_order_is_not_there_for_others() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(1).await;
    let path = format!("/api/pms/orders/{}", order["id"].as_str().unwrap());
    let token = format!("Bearer {}", shelf.bed.stranger.token);
    let other = shelf.bed.other_store.to_string();
    for (method, path, body) in [("GET", path.clone(), None), ("POST", format!("{path}/pay"), payment())] {
        let body = body.map(|body| body.to_string().into_bytes());
        let headers = [("authorization", token.as_str()), ("x-store-id", &other), ("idempotency-key", "k")];
        let reply = shelf.bed.send(request(method, &path, body, &headers)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{}", reply.text());
    }
    let strange = "/api/pms/orders/ord_00000000000000000000000000";
    assert_eq!(shelf.bed.call(Role::Owner, "GET", strange, None).await.status(), 404);
}

#[tokio::test]
async fn a_version_that_is_sent_is_honoured() {
    let shelf = Shelf::with([5, 0]).await;
    let order = shelf.order(1).await;
    let pay = format!("/api/pms/orders/{}/pay", order["id"].as_str().unwrap());
    for (version, status) in [("\"7\"", 412), ("\"1\"", 200), ("\"1\"", 412), ("*", 409)] {
        let key = format!("{version}{status}");
        let headers = [("if-match", version), ("idempotency-key", key.as_str())];
        let reply = shelf.bed.call_with(Role::Owner, "POST", &pay, payment(), &headers).await;
        assert_eq!(reply.status(), status, "{version}: {}", reply.text());
        if status == 412 {
            assert_eq!(reply.json()["current"], shelf.read_order(&order).await);
        }
    }
}
