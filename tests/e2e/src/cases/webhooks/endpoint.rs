//! An endpoint of a case, and what is to be seen of it.

use crate::shop::Shop;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use storeroom_receiver::{Received, Receiver};

const WEBHOOKS: &str = "/api/pms/webhooks";
/// The log of deliveries is asked that often for what cannot be awaited.
const PAUSE: Duration = Duration::from_millis(100);

/// An endpoint.
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// What signs its deliveries.
    pub secret: String,
}

impl Endpoint {
    /// Makes one for all events.
    pub async fn make(shop: &Shop, url: &str) -> Self {
        let made = shop.call(&shop.owner, "POST", WEBHOOKS, Some(json!({"url": url}))).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let text = |member: &str| made.json()[member].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret") }
    }

    /// Its deliveries, of a state or of any, those of the newest events first.
    pub async fn deliveries(&self, shop: &Shop, state: Option<&str>) -> Vec<Value> {
        let state = state.map_or(String::new(), |state| format!("&state={state}"));
        let (mut deliveries, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{WEBHOOKS}/{}/deliveries?limit=250{state}{cursor}", self.id);
            let page = shop.call(&shop.owner, "GET", &path, None).await;
            assert_eq!(page.status, 200, "{}", page.text);
            let page = page.json();
            deliveries.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else { return deliveries };
            cursor = format!("&cursor={next}");
        }
    }

    /// Its newest delivery in that state.
    pub async fn delivery_in(&self, shop: &Shop, state: &str, limit: Duration) -> Value {
        self.first(shop, Some(state), limit, |_| true).await
    }

    /// Its newest delivery that was tried.
    pub async fn tried(&self, shop: &Shop, limit: Duration) -> Value {
        self.first(shop, None, limit, |delivery| delivery["attempt_count"] != 0).await
    }

    /// Waits until no delivery is to be sent any more.
    pub async fn settles(&self, shop: &Shop, limit: Duration) {
        let begun = Instant::now();
        loop {
            let pending = self.deliveries(shop, Some("pending")).await;
            if pending.is_empty() {
                return;
            }
            assert!(begun.elapsed() < limit, "{} are not delivered, such as {}", pending.len(), pending[0]);
            tokio::time::sleep(10 * PAUSE).await;
        }
    }

    /// Deletes it, so that what it fails at is tried no more.
    pub async fn delete(self, shop: &Shop) {
        let path = format!("{WEBHOOKS}/{}", self.id);
        let gone = shop.call_with(&shop.owner, "DELETE", &path, None, &[("if-match", "*")]).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
    }

    async fn first(
        &self,
        shop: &Shop,
        state: Option<&str>,
        limit: Duration,
        is_meant: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.deliveries(shop, state).await.into_iter().find(&is_meant);
            if let Some(delivery) = found {
                return delivery;
            }
            assert!(begun.elapsed() < limit, "no delivery is as it should be, of state {state:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// All requests to a receiver, once there are so many.
pub async fn arrived(receiver: &Arc<Receiver>, count: usize, limit: Duration) -> Vec<Received> {
    wait(receiver, count, limit).await.unwrap()
}

/// The same; a sentence when they have not come in time.
pub async fn wait(receiver: &Arc<Receiver>, count: usize, limit: Duration) -> Result<Vec<Received>, String> {
    let receiver = receiver.clone();
    tokio::task::spawn_blocking(move || receiver.wait_for(count, limit)).await.unwrap()
}

/// A delivery's body is the event of the log.
pub fn assert_is_event(body: &Value, event: &Value) {
    for (name, value) in event.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name} of {}", event["id"]);
    }
    assert_eq!(body["timestamp"], event["at"]);
}
