//! The figures as a table, in the form of docs/benchmarks.md.

use serde_json::Value;

/// Prints everything that was measured.
pub fn print(figures: &[Value], starts: &[Vec<f64>; 2], gzipped: usize) {
    println!("\n| run | clients | requests/s (slowest to fastest turn) | p50 ms | p99 ms |");
    println!("| --- | --- | --- | --- | --- |");
    for figure in figures {
        let number = |name: &str| figure.get(name).and_then(Value::as_f64).unwrap_or_default();
        println!(
            "| {} | {} | {:.0} ({:.0} to {:.0}) | {:.2} | {:.2} |",
            figure.get("name").and_then(Value::as_str).unwrap_or_default(),
            number("clients"),
            number("per_second"),
            number("slowest_turn"),
            number("fastest_turn"),
            number("p50_ms"),
            number("p99_ms"),
        );
    }
    for clients in [1.0, 16.0] {
        let ratio = rate(figures, "product read", clients) / rate(figures, "plain Worker", clients);
        println!("\nproduct read beside the plain Worker, {clients} clients: {ratio:.2}");
    }
    let writes = rate(figures, "writes, gathered", 32.0) / rate(figures, "writes, one a call", 32.0);
    println!("writes gathered beside one a call, 32 clients: {writes:.2}");
    println!("the Worker, gzipped: {} KB", gzipped / 1024);
    let [storeroom, empty] = starts.each_ref().map(|times| median(times));
    println!(
        "workerd's start to the first answer: {storeroom:.0} ms with the Worker, {empty:.0} ms with an empty one, \
         so {:.0} ms for the Worker",
        storeroom - empty
    );
}

fn rate(figures: &[Value], name: &str, clients: f64) -> f64 {
    let found = figures.iter().find(|figure| {
        figure.get("name").and_then(Value::as_str) == Some(name)
            && figure.get("clients").and_then(Value::as_f64) == Some(clients)
    });
    found.and_then(|figure| figure.get("per_second")).and_then(Value::as_f64).unwrap_or_default()
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
