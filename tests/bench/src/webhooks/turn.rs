//! What a turn measured, and a run's turns together.

use super::receiver::Arrival;
use crate::cpu::Used;
use crate::figures::percentile;
use crate::writes::Answers;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a turn measured.
pub struct Turn {
    /// The changes.
    pub answers: Answers,
    /// What arrived of them.
    pub arrivals: Vec<Arrival>,
    /// How many deliveries had not arrived when the last change was answered.
    pub backlog: usize,
    /// From the first change to the last arrival.
    pub took: Duration,
    /// From the last answer to the last arrival.
    pub drained: Duration,
    /// The CPU time of the processes, by name.
    pub used: Used,
}

/// A run's turns.
#[derive(Default)]
pub struct Figures {
    answers_ms: Vec<f64>,
    after_answer_ms: Vec<f64>,
    after_event_ms: Vec<f64>,
    backlogs: Vec<usize>,
    drained_ms: Vec<f64>,
    took: Duration,
    cpu_ns: BTreeMap<String, u64>,
}

impl Figures {
    /// Takes in a turn.
    pub fn add(&mut self, turn: Turn) {
        let mut seen = BTreeSet::new();
        for arrival in &turn.arrivals {
            let answer = turn.answers.get(&arrival.change).expect("an event of another turn arrived");
            assert!(seen.insert((&arrival.path, &arrival.change)), "an event arrived twice");
            let (after, before) =
                (arrival.at.checked_duration_since(answer.at), answer.at.checked_duration_since(arrival.at));
            let ms = |duration: Option<Duration>| duration.unwrap_or_default().as_secs_f64() * 1_000.0;
            self.after_answer_ms.push(ms(after) - ms(before));
            self.after_event_ms.push(arrival.after_ms as f64);
        }
        let took = turn.answers.values().map(|answer| answer.at.duration_since(answer.sent));
        self.answers_ms.extend(took.map(|took| took.as_secs_f64() * 1_000.0));
        self.backlogs.push(turn.backlog);
        self.drained_ms.push(turn.drained.as_secs_f64() * 1_000.0);
        self.took += turn.took;
        for (process, ns) in turn.used {
            *self.cpu_ns.entry(process).or_default() += ns;
        }
    }

    /// The figures as a line of JSON.
    pub fn line(mut self, endpoints: usize, events_a_second: u64) -> Value {
        let mut figures = json!({
            "name": "webhooks", "endpoints": endpoints, "events_a_second": events_a_second,
            "events": self.answers_ms.len(), "deliveries": self.after_answer_ms.len(),
            "answer_p50_ms": percentile(&mut self.answers_ms, 50),
            "answer_p99_ms": percentile(&mut self.answers_ms, 99),
            "cpu_ms_an_event": self.cpu_ns.iter().map(|(process, ns)| {
                (process.clone(), json!(*ns as f64 / 1_000_000.0 / self.answers_ms.len() as f64))
            }).collect::<serde_json::Map<_, _>>(),
        });
        if endpoints > 0 {
            figures["a_second"] = json!(self.after_answer_ms.len() as f64 / self.took.as_secs_f64());
            for (name, values) in
                [("after_answer", &mut self.after_answer_ms), ("after_event", &mut self.after_event_ms)]
            {
                figures[format!("{name}_p50_ms")] = json!(percentile(values, 50));
                figures[format!("{name}_p99_ms")] = json!(percentile(values, 99));
            }
            figures["backlog"] = json!(percentile(&mut self.backlogs, 50));
            figures["drained_ms"] = json!(percentile(&mut self.drained_ms, 50));
        }
        figures
    }
}
