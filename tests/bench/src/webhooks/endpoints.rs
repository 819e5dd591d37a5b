//! The endpoints of the bench, of which as many are active as a turn wants.

use super::receiver::Receiver;
use crate::http::{member, send};
use crate::writes::Shop;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use storeroom_testbed::http::NativeHttp;

/// How often it is asked whether everything was written down.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The endpoints.
pub struct Endpoints {
    shop: Shop,
    http: NativeHttp,
    ids: Vec<String>,
    /// The first so many are active.
    active: usize,
}

impl Endpoints {
    /// Makes so many, each at a path of its own; none is active.
    pub async fn make(shop: Shop, receiver: &Receiver, count: usize) -> Self {
        let mut endpoints = Self { shop, http: NativeHttp::new(), ids: Vec::new(), active: 0 };
        for n in 0..count {
            let body = json!({"url": receiver.url(n), "active": false});
            let made = endpoints.ask("POST", "", &body, 201).await;
            endpoints.ids.push(made["id"].as_str().unwrap().to_owned());
        }
        endpoints
    }

    /// Has the first so many active and the others not.
    pub async fn activate(&mut self, count: usize) {
        let (from, to) = (self.active.min(count), self.active.max(count));
        let body = json!({"active": count > self.active});
        let change = async |id: &String| self.ask("PATCH", &format!("/{id}"), &body, 200).await;
        join_all(self.ids[from..to].iter().map(change)).await;
        self.active = count;
    }

    /// Waits until nothing is to be sent any more, which is so when every attempt was written down.
    pub async fn settle(&self) {
        for id in &self.ids[..self.active] {
            let path = format!("/{id}/deliveries?state=pending&limit=1");
            while self.ask("GET", &path, &Value::Null, 200).await["items"] != json!([]) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn ask(&self, method: &'static str, path: &str, body: &Value, status: u16) -> Value {
        let mut headers = member(&self.shop.token, &self.shop.store);
        if method == "PATCH" {
            headers.push(("if-match", "*".to_owned()));
        }
        let url = format!("{}/api/pms/webhooks{path}", self.shop.url);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = send(&self.http, method, url, headers, body).await;
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }
}
