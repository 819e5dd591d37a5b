//! Webhook endpoints at a receiver that behaves as a test says, and the events that are sent there.

use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use storeroom_domain::Role;
use storeroom_receiver::{Behaviour, Received, Receiver, verify};
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed};

/// A test bed, or a part of it, with a receiver.
pub struct Hooks<'a> {
    /// The service.
    pub bed: &'a Testbed,
    /// The receiver.
    pub receiver: Receiver,
    /// The endpoints that were made.
    pub made: RefCell<Vec<Hook>>,
    events: Cell<u32>,
}

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Hook {
    /// Its address in the API, with what follows it.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/pms/webhooks/{}{rest}", self.id)
    }

    /// The body of a request, which is signed with its secret.
    pub fn verified(&self, request: &Received) -> Value {
        verify(&self.secret, request).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<'a> Hooks<'a> {
    /// A receiver for a test bed.
    pub fn at(bed: &'a Testbed) -> Self {
        let receiver = Receiver::start().unwrap();
        Self { bed, receiver, made: RefCell::default(), events: Cell::new(0) }
    }

    /// Makes an endpoint at a path that answers 200, for these types.
    pub async fn endpoint(&self, path: &str, types: &[&str]) -> Hook {
        self.receiver.on(path, Behaviour::Status(200));
        self.endpoint_at(&self.receiver.url(path), types).await
    }

    /// Makes an endpoint at an address.
    pub async fn endpoint_at(&self, url: &str, types: &[&str]) -> Hook {
        let reply = self.send("POST", "/api/pms/webhooks", Some(json!({"url": url, "types": types}))).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        let made = reply.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let hook = Hook { id: text("id"), secret: text("secret") };
        self.made.borrow_mut().push(hook.clone());
        hook
    }

    /// A request of an admin.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.bed.call_with(Role::Admin, method, path, body, &[("if-match", "*")]).await
    }

    /// Lets a product be made: an event of a subject of its own. Returns the product.
    pub async fn event(&self) -> Value {
        self.events.set(self.events.get() + 1);
        let title = format!("Product {}", self.events.get());
        crate::product::create(self.bed, json!({"title": title})).await
    }

    /// Gives a product another title: one more event of the same subject.
    pub async fn change(&self, product: &Value, title: &str) {
        let reply = self.send("PATCH", &crate::product::path(product), Some(json!({"title": title}))).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
    }

    /// Does what is due by now.
    pub async fn due(&self) {
        storeroom_gateway::due::run(&self.bed.ports, self.bed.secrets()).await.unwrap();
    }

    /// The endpoint's deliveries, oldest event first.
    pub async fn deliveries(&self, hook: &Hook, query: &str) -> Vec<Value> {
        let path = format!("{}?limit=250{query}", hook.path("/deliveries"));
        let reply = self.bed.call(Role::Admin, "GET", &path, None).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        let mut deliveries = reply.json()["items"].as_array().unwrap().clone();
        // Where there is none, it is looked whether the endpoint is there.
        assert_eq!(reply.round_trips, if deliveries.is_empty() { 2 } else { 1 });
        deliveries.reverse();
        deliveries
    }

    /// The endpoint's only delivery.
    pub async fn delivery(&self, hook: &Hook) -> Value {
        let mut deliveries = self.deliveries(hook, "").await;
        assert_eq!(deliveries.len(), 1, "{deliveries:?}");
        deliveries.remove(0)
    }

    /// The endpoint's document.
    pub async fn document(&self, hook: &Hook) -> Value {
        let reply = self.bed.call(Role::Admin, "GET", &hook.path(""), None).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        reply.json()
    }

    /// Puts all deliveries of an endpoint into a state, past every rule but the schema's.
    pub async fn become_all(&self, hook: &Hook, state: &str) {
        let args = Args::new()
            .with("store", self.bed.store.to_string())
            .with("endpoint", hook.id.as_str())
            .with("state", state)
            .with("now", self.bed.ports.clock.now().ms());
        self.bed
            .sql(
                "UPDATE deliveries SET state = :state, due_at = iif(:state = 'pending', :now, NULL), \
                 finished_at = iif(:state IN ('delivered', 'failed'), :now, NULL) \
                 WHERE store_id = :store AND endpoint_id = :endpoint",
                args,
            )
            .await;
    }
}
