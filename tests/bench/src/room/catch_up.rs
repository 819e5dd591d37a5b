//! How long a client that was away takes to have what it missed.
//!
//! Guarantees: the time is from its `hello` to the last event; calls of the database are counted between the two, with
//! another Worker, whose calls go through a proxy.

use super::Plan;
use super::proxy::Proxy;
use super::socket::{Socket, Told};
use crate::figures::percentile;
use serde_json::{Value, json};
use std::time::Instant;
use storeroom_testbed::http::NativeHttp;

const ROUNDS: usize = 20;

/// Measures it.
pub async fn measure(plan: &Plan) -> Value {
    let http = NativeHttp::new();
    let proxy = Proxy::start(plan.proxy, &plan.database).await;
    let counted = catch_up(plan, &http, &plan.counted, Some(&proxy)).await;
    let mut times_ms = Vec::new();
    for round in 0..=ROUNDS {
        let once = catch_up(plan, &http, &plan.url, None).await;
        // The first fills the engine's caches.
        if round > 0 {
            times_ms.push(once.ms);
        }
    }
    json!({
        "name": "catch-up", "events": plan.events, "database_calls": counted.calls, "frames": counted.frames,
        "kilobytes": counted.bytes / 1_000, "p50_ms": percentile(&mut times_ms, 50),
        "least_ms": percentile(&mut times_ms, 0), "most_ms": percentile(&mut times_ms, 100),
    })
}

struct Once {
    ms: f64,
    frames: u64,
    bytes: usize,
    calls: u64,
}

async fn catch_up(plan: &Plan, http: &NativeHttp, url: &str, proxy: Option<&Proxy>) -> Once {
    let address = plan.ticket(http, url, &plan.long, &plan.tokens[1]).await;
    let calls = || proxy.map_or(0, Proxy::calls);
    let before = calls();
    let mut socket = Socket::open(&address, "sec-websocket-protocol: storeroom.v1\r\n").await;
    let begun = Instant::now();
    socket.send(r#"{"t":"hello","cursor":"1.0"}"#).await;
    let mut frames = 0;
    loop {
        if let Told::Events(last) = socket.next(&mut |_| {}).await {
            frames += 1;
            if last == plan.events {
                break;
            }
        }
        socket.acknowledge().await;
    }
    let ms = begun.elapsed().as_secs_f64() * 1_000.0;
    Once { ms, frames, bytes: socket.received, calls: calls() - before }
}
