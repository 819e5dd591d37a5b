//! Events to no, one, ten and fifty webhook endpoints at one receiver, in turns.
//!
//! Guarantees: all runs share one workerd and one database. Relies on: `tests/bench`, which makes the endpoints and
//! receives.

use super::Bench;
use super::workerd::Workerd;
use anyhow::Result;
use serde_json::{Value, json};

/// Runs: endpoints, and events a second. Those at lower rates show what the machine keeps up with.
const RUNS: [(usize, u64); 9] =
    [(0, 100), (1, 100), (10, 100), (50, 100), (0, 10), (50, 5), (50, 10), (50, 20), (10, 50)];
/// Milliseconds for which a turn writes.
const TURN_MS: u64 = 2_000;
/// A turn is as long as so many of the other parts', and what it leaves has to be delivered: there are fewer of them.
const FEWER: usize = 4;

/// Measures everything.
pub fn measure(bench: &Bench) -> Result<Vec<Value>> {
    let workers = bench.workers(String::new());
    let workerd = Workerd::start(bench.checkout, &bench.state.join("webhooks"), &workers)?;
    let runs = RUNS.map(|(endpoints, rate)| json!({ "endpoints": endpoints, "events_a_second": rate }));
    let plan = json!({
        "processes": { "workerd": workerd.pid(), "sqld": bench.database_process.pid() },
        "shop": { "url": workerd.url, "token": bench.tokens.owner, "store": bench.demo.store },
        "rounds": (bench.rounds / FEWER).max(1), "turn_ms": TURN_MS, "runs": runs,
    });
    bench.load("webhooks", &json!({ "webhooks": plan }))
}
