//! What a run measured.

use crate::cpu::Used;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A turn of a run.
pub struct Turn {
    /// How many requests were answered.
    pub requests: usize,
    /// How long each took, in microseconds; of those that travel together, how long the call took.
    pub latencies_us: Vec<u64>,
    /// How long the turn was.
    pub length: Duration,
    /// The CPU time that the measured processes used in it.
    pub used: Used,
}

/// Latencies, rates and CPU times of a run's turns.
#[derive(Default)]
pub struct Figures {
    requests: usize,
    latencies_us: Vec<u64>,
    rates: Vec<f64>,
    cpu_us: BTreeMap<String, Vec<f64>>,
}

impl Figures {
    /// Takes in a turn.
    pub fn add(&mut self, turn: Turn) {
        self.requests += turn.requests;
        let requests = turn.requests as f64;
        self.rates.push(requests / turn.length.as_secs_f64());
        for (process, used_ns) in turn.used {
            self.cpu_us.entry(process).or_default().push(used_ns as f64 / 1000.0 / requests);
        }
        self.latencies_us.extend(turn.latencies_us);
    }

    /// The figures as a line of JSON: the median turn's rate, the slowest and the fastest turn's, p50 and p99 over all,
    /// and the CPU time a request of each turn in its order, by process.
    pub fn line(mut self, name: &str, clients: usize) -> Value {
        self.rates.sort_by(f64::total_cmp);
        self.latencies_us.sort_unstable();
        json!({
            "name": name,
            "clients": clients,
            "requests": self.requests,
            "per_second": nth(&self.rates, 50).round(),
            "slowest_turn": nth(&self.rates, 0).round(),
            "fastest_turn": nth(&self.rates, 100).round(),
            "p50_ms": nth(&self.latencies_us, 50) as f64 / 1000.0,
            "p99_ms": nth(&self.latencies_us, 99) as f64 / 1000.0,
            "cpu_us": self.cpu_us,
        })
    }
}

fn nth<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}

/// The value below which so many in a hundred are; the values get sorted.
pub fn percentile<T: Copy + PartialOrd>(values: &mut [T], percent: usize) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[(values.len() - 1) * percent / 100]
}
