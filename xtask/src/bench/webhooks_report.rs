//! The figures of webhooks, in the form of docs/benchmarks.md.

use super::report::{heading, number};
use serde_json::Value;

/// Prints them.
pub fn webhooks(figures: &[Value]) {
    deliveries(figures);
    requests(figures);
}

fn deliveries(figures: &[Value]) {
    heading(
        "| endpoints | events/s | from the answer to the first attempt: p50 ms | p99 ms | from the event: p50 ms | p99 ms \
         | deliveries/s | on their way at the last answer | until the last, ms |",
    );
    for figure in figures.iter().filter(|figure| number(figure, "endpoints") > 0.0) {
        let of = |name| number(figure, name);
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} | {} | {:.0} |",
            of("endpoints"),
            of("events_a_second"),
            of("after_answer_p50_ms"),
            of("after_answer_p99_ms"),
            of("after_event_p50_ms"),
            of("after_event_p99_ms"),
            of("a_second"),
            of("backlog"),
            of("drained_ms"),
        );
    }
}

/// What the request that caused the event took, beside one without endpoints at the same rate.
fn requests(figures: &[Value]) {
    heading(
        "| endpoints | events/s | answer: p50 ms | p99 ms | beside no endpoint: p50 | p99 \
         | CPU of workerd an event, ms | of sqld |",
    );
    for figure in figures {
        let of = |name| number(figure, name);
        let cpu =
            |process: &str| figure.pointer(&format!("/cpu_ms_an_event/{process}")).and_then(Value::as_f64);
        println!(
            "| {} | {} | {:.1} | {:.1} | {} | {} | {:.2} | {:.2} |",
            of("endpoints"),
            of("events_a_second"),
            of("answer_p50_ms"),
            of("answer_p99_ms"),
            beside_none(figures, figure, "answer_p50_ms"),
            beside_none(figures, figure, "answer_p99_ms"),
            cpu("workerd").unwrap_or_default(),
            cpu("sqld").unwrap_or_default(),
        );
    }
}

fn beside_none(figures: &[Value], figure: &Value, name: &str) -> String {
    let rate = number(figure, "events_a_second");
    let is_alone =
        |other: &&Value| number(other, "endpoints") == 0.0 && number(other, "events_a_second") == rate;
    let alone = figures.iter().find(is_alone).map(|alone| number(figure, name) / number(alone, name));
    alone.map_or_else(String::new, |ratio| format!("{ratio:.2}"))
}
