//! The room with many sockets: how soon an event is there, what a frame costs beside a plain object's, how fast a client
//! catches up, and how many bytes it takes.
//!
//! Guarantees: sockets are read by a thread of their own, so that writing does not delay the note of a frame's arrival;
//! a socket that is closed, or an event that comes twice or not in order, ends the bench.
//! Relies on: the clock of this process for the time from an answer to a frame; `storeroom.v1`.

mod arrivals;
mod broadcast;
mod bytes;
mod catch_up;
mod crowd;
mod delivery;
mod frames;
mod proxy;
mod socket;

use crate::cpu;
use crate::http::{member, send};
use crate::writes::Shop;
use serde::Deserialize;
use std::collections::BTreeMap;
use storeroom_testbed::http::NativeHttp;

/// What to do.
#[derive(Deserialize)]
pub struct Plan {
    /// The process whose CPU time is told.
    processes: BTreeMap<String, i32>,
    /// Where the Worker answers.
    url: String,
    /// Where both objects are reached.
    driver: String,
    /// Where a Worker answers whose database is behind `proxy`.
    counted: String,
    /// The port to listen on for that Worker's calls, and where they go.
    proxy: u16,
    database: String,
    /// Access tokens of the members, the owner's first.
    tokens: Vec<String>,
    /// The stores: of the writes, of what is broadcast, and of the long log.
    store: String,
    quiet: String,
    long: String,
    /// Events of the long log.
    events: u64,
    sockets: usize,
    seconds: u64,
    rounds: usize,
}

/// Does it all; prints a line of figures for each.
pub async fn run(plan: &Plan) {
    println!("{}", bytes::measure(plan).await);
    println!("{}", catch_up::measure(plan).await);
    for line in broadcast::measure(plan).await {
        println!("{line}");
    }
    println!("{}", delivery::measure(plan).await);
}

impl Plan {
    /// The token of the member that a socket belongs to: as many sockets for each.
    fn token(&self, socket: usize) -> &str {
        &self.tokens[socket % self.tokens.len()]
    }

    /// The store of the writes, with its owner.
    fn shop(&self) -> Shop {
        Shop { url: self.url.clone(), token: self.tokens[0].clone(), store: self.store.clone() }
    }

    /// CPU time of workerd so far, in microseconds; nothing where the system does not tell it.
    fn cpu_us(&self) -> f64 {
        cpu::used(&self.processes).get("workerd").map_or(f64::NAN, |ns| *ns as f64 / 1_000.0)
    }

    /// The address of a room, with a ticket that is good once.
    async fn ticket(&self, http: &NativeHttp, url: &str, store: &str, token: &str) -> String {
        let headers = member(token, store);
        let url = format!("{url}/api/pms/room/ticket");
        let answer = send(http, "POST", url, headers, Vec::new()).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let ticket: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        ticket["url"].as_str().unwrap().to_owned()
    }
}
