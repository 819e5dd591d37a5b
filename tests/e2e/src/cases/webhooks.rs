//! Webhooks as a receiver sees them: a real HTTP server, whose requests are judged by a crate that others wrote.

mod endpoint;
mod kills;

use crate::shop::Shop;
use endpoint::{Endpoint, arrived, assert_is_event};
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use storeroom_domain::Role;
use storeroom_receiver::{Behaviour, Receiver, verify};

pub use kills::every_event_arrives_whatever_dies;

/// How soon an endpoint is sent an event, whatever the others do.
const SOON: Duration = Duration::from_secs(2);
/// How long until an attempt that hangs is in the log: ten seconds, and the way there.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(20);

pub async fn an_event_is_delivered_at_once(shop: Rc<Shop>) {
    let receiver = receiver(&[("/hooks", Behaviour::Text(200, "thank you".into()))]);
    let endpoint = Endpoint::make(&shop, &receiver.url("/hooks")).await;
    shop.create("Kerze").await;
    let answered = Instant::now();
    let request = arrived(&receiver, 1, SOON).await.remove(0);
    println!("the event arrived {} ms after the answer", soon(request.at, answered));
    let event = shop.log().await.remove(0);
    assert_is_event(&verify(&endpoint.secret, &request).unwrap(), &event);
    assert_eq!(request.header("webhook-id"), event["id"].as_str());
    let delivery = endpoint.delivery_in(&shop, "delivered", SOON).await;
    assert_eq!((&delivery["event_id"], &delivery["attempt_count"]), (&event["id"], &json!(1)));
    let attempt = &delivery["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["answer"]), (&json!(200), &json!("thank you")));
    assert_eq!((&attempt["error"], &delivery["next_attempt_at"]), (&Value::Null, &Value::Null));
}

pub async fn bad_endpoints_hold_up_nothing(shop: Rc<Shop>) {
    let bad = receiver(&[
        ("/redirect", Behaviour::RedirectToItself(301)),
        ("/error", Behaviour::Status(500)),
        ("/hang", Behaviour::HangBeforeHead),
    ]);
    let good = receiver(&[("/hooks", Behaviour::Status(204))]);
    let mut endpoints = Vec::new();
    for path in ["/redirect", "/error", "/hang"] {
        endpoints.push(Endpoint::make(&shop, &bad.url(path)).await);
    }
    let healthy = Endpoint::make(&shop, &good.url("/hooks")).await;
    // The first event makes the endpoints hang and fail; those after it find them so.
    for count in 1..=3 {
        shop.create("Kerze").await;
        let answered = Instant::now();
        let request = arrived(&good, count, SOON).await.remove(count - 1);
        println!("the healthy endpoint got its event {} ms after the answer", soon(request.at, answered));
        verify(&healthy.secret, &request).unwrap();
    }
    for (endpoint, status) in endpoints.iter().zip([json!(301), json!(500), Value::Null]) {
        let tried = endpoint.tried(&shop, ATTEMPT_LIMIT).await;
        assert_eq!((&tried["state"], &tried["attempts"][0]["status"]), (&json!("pending"), &status));
        assert_eq!(tried["attempts"][0]["error"].is_string(), status.is_null());
    }
    let followed = bad.requests_to("/redirect").iter().filter(|request| request.method != "POST").count();
    assert_eq!(followed, 0, "a redirect was followed");
    for endpoint in endpoints {
        endpoint.delete(&shop).await;
    }
}

/// On a host without couriers nothing is sent until somebody asks for due work; then all of it is.
pub async fn a_scheduler_has_events_delivered(shop: Rc<Shop>) {
    let receiver = receiver(&[("/hooks", Behaviour::Status(200))]);
    let endpoint = Endpoint::make(&shop, &receiver.url("/hooks")).await;
    for title in ["Kerze", "Vase"] {
        shop.create(title).await;
    }
    assert_eq!(receiver.requests().len(), 0, "nobody has asked yet");
    let key = shop.create_key(Role::Viewer).await;
    let signed = shop.signature(&key, &shop.signing(), "POST", "/api/pms/due", b"");
    let reply = shop.send_signed("POST", "/api/pms/due", None, &signed).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let log = shop.log().await;
    let requests = receiver.requests();
    assert!(requests.len() >= 2, "{} events of {} were sent", requests.len(), log.len());
    for (request, event) in requests.iter().zip(&log) {
        assert_is_event(&verify(&endpoint.secret, request).unwrap(), event);
    }
    let delivered = endpoint.deliveries(&shop, Some("delivered")).await;
    assert_eq!(delivered.len(), requests.len());
}

fn receiver(behaviours: &[(&str, Behaviour)]) -> Arc<Receiver> {
    let receiver = Receiver::start().unwrap();
    for (path, behaviour) in behaviours {
        receiver.on(path, behaviour.clone());
    }
    Arc::new(receiver)
}

/// Milliseconds from the answer to the arrival; negative when the event was faster.
fn soon(arrived: Instant, answered: Instant) -> i128 {
    let (after, before) =
        (arrived.saturating_duration_since(answered), answered.saturating_duration_since(arrived));
    after.as_millis().cast_signed() - before.as_millis().cast_signed()
}
