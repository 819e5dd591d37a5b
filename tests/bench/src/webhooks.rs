//! Webhooks under a steady stream of events: how soon the first attempt is there, how many deliveries a second are made,
//! and whether the request that caused the event answers slower than without endpoints.
//!
//! Guarantees: one database serves all runs, which take turns, round after round; endpoints that a run does not have are
//! paused; a turn begins when everything of the one before was delivered and written down. An event that comes twice, or
//! is not one of the turn's, ends the bench.
//! Relies on: the clock of this process for the time from an answer to an arrival, and on this machine's clock being the
//! Worker's, too, for the time from the event.

mod endpoints;
mod receiver;
mod turn;

use crate::cpu;
use crate::writes::{Shop, Writer};
use endpoints::Endpoints;
use receiver::Receiver;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use turn::{Figures, Turn};

/// How long all of a turn may take to arrive.
const DELIVERED_WITHIN: Duration = Duration::from_secs(120);

/// What to do.
#[derive(Deserialize)]
pub struct Plan {
    /// The processes whose CPU time is told.
    processes: BTreeMap<String, i32>,
    /// Whose events.
    shop: Shop,
    rounds: usize,
    /// Milliseconds for which a turn writes.
    turn_ms: u64,
    runs: Vec<Run>,
}

/// So many events a second to so many endpoints.
#[derive(Deserialize)]
struct Run {
    endpoints: usize,
    events_a_second: u64,
}

/// What all turns share.
struct Stage {
    processes: BTreeMap<String, i32>,
    receiver: Receiver,
    endpoints: Endpoints,
    writer: Writer,
    length: Duration,
}

/// Does it all; prints a line of figures for each run.
pub async fn run(plan: Plan) {
    let writer = Writer::new(plan.shop.clone(), "Webhooks").await;
    let receiver = Receiver::start();
    let most = plan.runs.iter().map(|run| run.endpoints).max().unwrap_or_default();
    let endpoints = Endpoints::make(plan.shop, &receiver, most).await;
    let length = Duration::from_millis(plan.turn_ms);
    let mut stage = Stage { processes: plan.processes, receiver, endpoints, writer, length };
    let mut all: Vec<(Run, Figures)> = plan.runs.into_iter().map(|run| (run, Figures::default())).collect();
    for round in 0..=plan.rounds {
        for (run, figures) in &mut all {
            let turn = stage.turn(run).await;
            // The first round warms up.
            if round > 0 {
                figures.add(turn);
            }
        }
    }
    for (run, figures) in all {
        println!("{}", figures.line(run.endpoints, run.events_a_second));
    }
}

impl Stage {
    async fn turn(&mut self, run: &Run) -> Turn {
        self.endpoints.activate(run.endpoints).await;
        let pace = Duration::from_secs(1) / u32::try_from(run.events_a_second).unwrap();
        let events = self.length.as_nanos() / pace.as_nanos();
        let (before, begun) = (cpu::used(&self.processes), Instant::now());
        let answers = self.writer.change(u64::try_from(events).unwrap(), pace).await;
        let (expected, written) = (answers.len() * run.endpoints, Instant::now());
        let backlog = expected - self.receiver.count();
        let end = written + DELIVERED_WITHIN;
        while self.receiver.count() < expected {
            assert!(Instant::now() < end, "{} of {expected} deliveries arrived", self.receiver.count());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let (took, drained) = (begun.elapsed(), written.elapsed());
        self.endpoints.settle().await;
        let used = cpu::between(&before, &cpu::used(&self.processes));
        Turn { answers, arrivals: self.receiver.take(), backlog, took, drained, used }
    }
}
