//! The room's figures, in the form of docs/benchmarks.md.

use super::report::{heading, median, name, nth, number};
use serde_json::Value;

/// Prints them.
pub fn room(figures: &[Value]) {
    println!();
    for figure in figures {
        match name(figure) {
            "delivery" => delivery(figure),
            "catch-up" => catch_up(figure),
            "bytes" => bytes(figure),
            _ => {}
        }
    }
    broadcast(figures);
}

fn delivery(figure: &Value) {
    let of = |name| number(figure, name);
    println!("{} sockets, {} writes in {:.1} s:", of("sockets"), of("writes"), of("seconds"));
    println!(
        "from the answer to the frame: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, at most {:.1} ms; {:.0} % before it",
        of("p50_ms"),
        of("p90_ms"),
        of("p99_ms"),
        of("most_ms"),
        100.0 * of("before_their_answer"),
    );
    println!(
        "{} events in {} frames; CPU of workerd, the writes included: {:.1} µs a frame, {:.1} µs an event, {:.2} of a \
         core; a write with nobody there: {:.0} µs",
        of("events"),
        of("frames"),
        of("cpu_us_a_frame"),
        of("cpu_us_an_event"),
        of("cpu_share"),
        of("cpu_us_a_write_alone"),
    );
}

fn catch_up(figure: &Value) {
    let of = |name| number(figure, name);
    println!(
        "{} events behind: {:.0} ms ({:.0} to {:.0}), {} calls of the database, {} frames, {} KB",
        of("events"),
        of("p50_ms"),
        of("least_ms"),
        of("most_ms"),
        of("database_calls"),
        of("frames"),
        of("kilobytes"),
    );
}

fn bytes(figure: &Value) {
    let of = |kind: &str, member| figure.get(kind).map(|kind| number(kind, member)).unwrap_or_default();
    heading("| bytes an hour, both ways | as it is | deflated |");
    for (member, title) in [("idle", "idle"), ("active", "one change a second")] {
        println!("| {title} | {:.0} | {:.0} |", of("plain", member), of("deflated", member));
    }
    println!("\nevents are deflated to 1/{:.2}\n", number(figure, "deflate_ratio"));
}

fn broadcast(figures: &[Value]) {
    heading(
        "| who broadcasts | posts/s (reached) | events a frame | CPU of workerd a frame, µs: median turn (middle half) | an event |",
    );
    let broadcasts: Vec<&Value> = figures.iter().filter(|figure| name(figure) == "broadcast").collect();
    for figure in &broadcasts {
        let a_frame = series(figure, "cpu_us_a_frame");
        println!(
            "| {} | {} ({:.0}) | {:.2} | {:.2} ({:.2} to {:.2}) | {:.2} |",
            figure.get("who").and_then(Value::as_str).unwrap_or_default(),
            number(figure, "rate"),
            number(figure, "posts_a_second"),
            number(figure, "events_a_frame"),
            median(&a_frame),
            nth(&a_frame, 25),
            nth(&a_frame, 75),
            median(&series(figure, "cpu_us_an_event")),
        );
    }
    println!();
    for turns in broadcasts.chunks(3) {
        let [room, others @ ..] = turns else { continue };
        for other in others {
            for unit in ["frame", "event"] {
                beside(room, other, unit);
            }
        }
    }
}

/// The median over the rounds of the room's CPU time by the other's in the same round.
fn beside(room: &Value, other: &Value, unit: &str) {
    let series =
        |figure| series(figure, &format!("cpu_us_{}_{unit}", if unit == "event" { "an" } else { "a" }));
    let ratios: Vec<f64> = series(room).iter().zip(series(other)).map(|(room, other)| room / other).collect();
    println!(
        "CPU a delivered {unit} at {} posts/s, room beside {}: {:.2} ({:.2} to {:.2})",
        number(room, "rate"),
        other.get("who").and_then(Value::as_str).unwrap_or_default(),
        median(&ratios),
        nth(&ratios, 25),
        nth(&ratios, 75),
    );
}

fn series(figure: &Value, name: &str) -> Vec<f64> {
    let turns = figure.get(name).and_then(Value::as_array);
    turns.map(|turns| turns.iter().filter_map(Value::as_f64).collect()).unwrap_or_default()
}
