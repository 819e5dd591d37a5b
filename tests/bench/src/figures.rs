//! What a run measured.

use std::time::Duration;

/// Latencies and rates of a run's turns.
#[derive(Default)]
pub struct Figures {
    latencies_us: Vec<u64>,
    rates: Vec<f64>,
}

impl Figures {
    /// Takes in a turn.
    pub fn add(&mut self, (latencies_us, length): (Vec<u64>, Duration)) {
        self.rates.push(latencies_us.len() as f64 / length.as_secs_f64());
        self.latencies_us.extend(latencies_us);
    }

    /// The figures as a line of JSON: the median turn's rate, the slowest and the fastest turn's, p50 and p99 over all.
    pub fn line(mut self, name: &str, clients: usize) -> String {
        self.rates.sort_by(f64::total_cmp);
        self.latencies_us.sort_unstable();
        serde_json::json!({
            "name": name,
            "clients": clients,
            "requests": self.latencies_us.len(),
            "per_second": nth(&self.rates, 50).round(),
            "slowest_turn": nth(&self.rates, 0).round(),
            "fastest_turn": nth(&self.rates, 100).round(),
            "p50_ms": nth(&self.latencies_us, 50) as f64 / 1000.0,
            "p99_ms": nth(&self.latencies_us, 99) as f64 / 1000.0,
        })
        .to_string()
    }
}

fn nth<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}
