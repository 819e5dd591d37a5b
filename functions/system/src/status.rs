//! `/healthz` and `/readyz`.

use futures::future::join3;
use std::future::Future;
use storeroom_web::{Answer, Call};

/// The process answers: it just did.
pub fn health() -> Answer {
    Answer::json(200, r#"{"status":"ok"}"#)
}

/// Asks everything that the service needs, all at once; 503 when one is down.
pub async fn ready(call: &Call<'_>) -> Answer {
    let database = check(call, "database", async { call.ping_database().await.is_ok() });
    let rooms = check(call, "rooms", async { call.ports.rooms.check().await.is_ok() });
    let images = check(call, "images", async { call.ports.blobs.check().await.is_ok() });
    let (database, rooms, images) = join3(database, rooms, images).await;
    let all = [database, rooms, images];
    let up = all.iter().all(|check| check.up);
    let checks: Vec<serde_json::Value> = all.iter().map(Check::to_json).collect();
    let body = serde_json::json!({"status": word(up), "checks": checks});
    Answer::json(if up { 200 } else { 503 }, body.to_string())
}

struct Check {
    name: &'static str,
    up: bool,
    latency_ms: i64,
}

impl Check {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({"name": self.name, "status": word(self.up), "latency_ms": self.latency_ms})
    }
}

async fn check(call: &Call<'_>, name: &'static str, answers: impl Future<Output = bool>) -> Check {
    let begin = call.ports.clock.now();
    let up = answers.await;
    let latency_ms = call.ports.clock.now().ms().saturating_sub(begin.ms()).clamp(0, 60_000);
    Check { name, up, latency_ms }
}

fn word(up: bool) -> &'static str {
    if up { "ok" } else { "down" }
}
