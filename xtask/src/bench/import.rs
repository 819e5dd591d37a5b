//! Files of products: one that is applied, and one that is only taken in, as large as one may be.
//!
//! Guarantees: a Worker and a database of their own. Relies on: wrangler's workerd, which has a bucket where the bare one has
//! none; its proxy's share is in the time, and not in the CPU and the memory, which are those of the Worker's process.

use super::Bench;
use super::report::{heading, number};
use crate::ports;
use crate::progress::Progress;
use crate::stack::{self, Claim, Limits, Stack};
use anyhow::Result;
use serde_json::{Value, json};

/// Products and bytes for each turn that other parts take.
const PRODUCTS: usize = 250;
const BYTES: usize = 2_450_000;

/// Measures it.
pub fn measure(bench: &Bench) -> Result<Vec<Value>> {
    with_bucket(bench, "import", |plan| {
        plan["products"] = json!(bench.rounds.saturating_mul(PRODUCTS));
        plan["bytes"] = json!(bench.rounds.saturating_mul(BYTES));
    })
}

/// Lets the load generator do `work` to a Worker that has a bucket. `add` says how much of it.
pub fn with_bucket(bench: &Bench, work: &str, add: impl FnOnce(&mut Value)) -> Result<Vec<Value>> {
    let name = "bench-bucket";
    let claim = Claim::new(bench.checkout, name)?;
    let settings = stack::Settings { name, port: ports::pick_free()?, limits: Limits::Off, fresh: true };
    let stack = Stack::start(bench.checkout, &settings, claim, &mut Progress::new(stack::STEPS))?;
    let mut plan = json!({
        "host": stack.worker_pid(), "database": stack.database_pid(), "inspector": stack.inspector,
        "shop": { "url": stack.url, "token": stack.tokens.owner, "store": stack.demo.store },
    });
    add(&mut plan);
    bench.load(work, &json!({ work: plan }))
}

/// The columns of `memory`.
pub const MEMORY: &str = "memory of workerd before, MB | most, MB | of WebAssembly before, MB | most, MB |";

/// What the Worker had of memory before a turn, and at most.
pub fn memory(figure: &Value) -> String {
    let memory = figure.get("memory").unwrap_or(&Value::Null);
    let of = |name| format!("{:.0}", number(memory, name));
    ["workerd_before_mb", "workerd_most_mb", "wasm_before_mb", "wasm_most_mb"].map(of).join(" | ")
}

/// Prints the figures in the form of docs/benchmarks.md.
pub fn report(figures: &[Value]) {
    heading(&format!(
        "| file | MB | rows | taken after, s | applied after, s | rows/s | CPU of workerd, s | of sqld, s | {MEMORY}"
    ));
    for figure in figures {
        let of = |name| number(figure, name);
        println!(
            "| {} | {:.1} | {} | {:.1} | {:.1} | {:.0} | {:.1} | {:.1} | {} |",
            figure.get("file").and_then(Value::as_str).unwrap_or_default(),
            of("mb"),
            of("rows"),
            of("taken_s"),
            of("applied_s"),
            of("rows_a_second"),
            of("workerd_cpu_s"),
            of("sqld_cpu_s"),
            memory(figure),
        );
    }
}
