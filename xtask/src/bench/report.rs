//! The figures as tables, in the form of docs/benchmarks.md.

use super::credentials::Measured;
use super::growth;
use serde_json::Value;

/// Prints reads and writes.
pub fn requests(figures: &[Value]) {
    table(figures);
    println!();
    for clients in [1.0, 16.0] {
        let ratio = rate(figures, "product read", clients) / rate(figures, "plain Worker", clients);
        println!("product read beside the plain Worker, {clients} clients: {ratio:.2}");
    }
    let writes = rate(figures, "writes, gathered", 32.0) / rate(figures, "writes, one a call", 32.0);
    println!("writes gathered beside one a call, 32 clients: {writes:.2}");
}

/// Prints orders beside the peer and beside the database alone.
pub fn orders(figures: &[Value]) {
    table(figures);
    println!();
    let order = "order of 5 lines";
    let ours = rate(figures, order, 32.0);
    let alone = rate(figures, "database alone: order of 5 lines", 1.0);
    println!("orders at 32 clients beside the database alone: {:.2}", ours / alone);
    beside_peer(figures, order, 1.0);
    let peer = rate(figures, "peer: order of 5 lines", 2.0);
    for clients in [4.0, 32.0] {
        let ratio = rate(figures, order, clients) / peer;
        println!("orders at {clients} clients beside the peer at 2: {ratio:.2}");
    }
    for read in ["product read", "products, first page"] {
        beside_peer(figures, read, 4.0);
    }
}

fn beside_peer(figures: &[Value], run: &str, clients: f64) {
    let ratio = rate(figures, run, clients) / rate(figures, &format!("peer: {run}"), clients);
    println!("{run} beside the peer, {clients} clients: {ratio:.2}");
}

/// Prints what the same request takes on a small and on a large database.
pub fn growth(measured: &growth::Measured) {
    beside(measured, "small", "large");
}

/// Prints what searches take with few and with many products.
pub fn search(measured: &growth::Measured) {
    beside(measured, "1000", "100000");
}

/// Prints what reads of the catalogue take.
pub fn catalog(measured: &growth::Measured) {
    fillings(measured);
    table(&measured.runs);
}

/// Prints the top of a table from the names of its columns, `| one | other |`.
pub fn heading(columns: &str) {
    let dashes = "| --- ".repeat(columns.matches('|').count().saturating_sub(1));
    println!("\n{columns}\n{dashes}|");
}

fn fillings(measured: &growth::Measured) {
    println!();
    for growth::Filling { name, rows, seconds, bytes } in &measured.fillings {
        println!("{name} database: filled in {seconds} s, {} MB, {rows}", bytes / 1_000_000);
    }
}

fn beside(measured: &growth::Measured, few: &str, many: &str) {
    fillings(measured);
    heading(&format!(
        "| request | {few}: p50 ms | p99 ms | {many}: p50 ms | p99 ms | ratio of p50 | of p99 |"
    ));
    for small in &measured.runs {
        let Some(run) = name(small).strip_prefix(&format!("{few}: ")) else { continue };
        let Some(large) = found(&measured.runs, &format!("{many}: {run}"), number(small, "clients")) else {
            continue;
        };
        let [s50, s99, l50, l99] =
            [(small, "p50_ms"), (small, "p99_ms"), (large, "p50_ms"), (large, "p99_ms")]
                .map(|(figure, name)| number(figure, name));
        println!(
            "| {run} | {s50:.2} | {s99:.2} | {l50:.2} | {l99:.2} | {:.2} | {:.2} |",
            l50 / s50,
            l99 / s99
        );
    }
}

fn table(figures: &[Value]) {
    heading("| run | clients | requests/s (slowest to fastest turn) | p50 ms | p99 ms |");
    for figure in figures {
        println!(
            "| {} | {} | {:.0} ({:.0} to {:.0}) | {:.2} | {:.2} |",
            name(figure),
            number(figure, "clients"),
            number(figure, "per_second"),
            number(figure, "slowest_turn"),
            number(figure, "fastest_turn"),
            number(figure, "p50_ms"),
            number(figure, "p99_ms"),
        );
    }
}

/// Prints what credentials and sign-ins cost.
pub fn credentials(measured: &Measured) {
    heading(
        "| run | clients | CPU of workerd a request, µs: median turn (middle half) | of sqld | requests/s | p50 ms | p99 ms |",
    );
    for figure in &measured.reads {
        println!(
            "| {} | {} | {} | {:.0} | {:.0} | {:.2} | {:.2} |",
            name(figure),
            number(figure, "clients"),
            spread(&cpu_us(figure, "workerd")),
            median(&cpu_us(figure, "sqld")),
            number(figure, "per_second"),
            number(figure, "p50_ms"),
            number(figure, "p99_ms"),
        );
    }
    println!();
    for clients in [1.0, 16.0] {
        for suffix in ["", ", refused"] {
            beside_open(&measured.reads, suffix, clients);
        }
    }
    sign_ins(&measured.sign_ins);
}

/// The median over the rounds of one turn's CPU time by that of the open read in the same round.
fn beside_open(figures: &[Value], suffix: &str, clients: f64) {
    let turns = |name: &str| {
        let figure = found(figures, &format!("{name}{suffix}"), clients);
        figure.map(|figure| cpu_us(figure, "workerd")).unwrap_or_default()
    };
    let open = turns("open");
    for name in ["bearer", "bearer, a new token each", "signed"] {
        let ratios: Vec<f64> = turns(name).iter().zip(&open).map(|(own, open)| own / open).collect();
        let (low, middle, high) = (nth(&ratios, 25), nth(&ratios, 50), nth(&ratios, 75));
        println!(
            "CPU of workerd, {name}{suffix} beside open{suffix}, at {clients}: {middle:.2} ({low:.2} to {high:.2})"
        );
    }
}

fn sign_ins(figures: &[Value]) {
    heading("| run | samples | p50 ms | p99 ms | CPU of workerd a request, ms: median (middle half) |");
    for figure in figures {
        let cpu_ms: Vec<f64> = cpu_us(figure, "workerd").iter().map(|us| us / 1000.0).collect();
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.1} ({:.1} to {:.1}) |",
            name(figure),
            number(figure, "requests"),
            number(figure, "p50_ms"),
            number(figure, "p99_ms"),
            nth(&cpu_ms, 50),
            nth(&cpu_ms, 25),
            nth(&cpu_ms, 75),
        );
    }
}

/// Prints the Worker's size and its start.
pub fn start(starts: &[Vec<f64>; 2], gzipped: usize) {
    println!("\nthe Worker, gzipped: {} KB", gzipped / 1024);
    let [storeroom, empty] = starts.each_ref().map(|times| median(times));
    println!(
        "workerd's start to the first answer: {storeroom:.0} ms with the Worker, {empty:.0} ms with an empty one, \
         so {:.0} ms for the Worker",
        storeroom - empty
    );
}

pub(super) fn name(figure: &Value) -> &str {
    figure.get("name").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(figure: &Value, name: &str) -> f64 {
    figure.get(name).and_then(Value::as_f64).unwrap_or_default()
}

fn found<'a>(figures: &'a [Value], wanted: &str, clients: f64) -> Option<&'a Value> {
    figures.iter().find(|figure| name(figure) == wanted && number(figure, "clients") == clients)
}

fn rate(figures: &[Value], name: &str, clients: f64) -> f64 {
    found(figures, name, clients).map(|figure| number(figure, "per_second")).unwrap_or_default()
}

/// The CPU time a request of each turn in its order; none where the system tells none.
fn cpu_us(figure: &Value, process: &str) -> Vec<f64> {
    let turns = figure.get("cpu_us").and_then(|cpu| cpu.get(process)).and_then(Value::as_array);
    turns.map(|turns| turns.iter().filter_map(Value::as_f64).collect()).unwrap_or_default()
}

fn spread(values: &[f64]) -> String {
    format!("{:.0} ({:.0} to {:.0})", nth(values, 50), nth(values, 25), nth(values, 75))
}

pub(super) fn median(values: &[f64]) -> f64 {
    nth(values, 50)
}

pub(super) fn nth(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}
