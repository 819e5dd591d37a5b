//! Pictures of 12 megapixels, one after the other, until each is stored in all its sizes.
//!
//! Relies on: `import::with_bucket`, whose Worker has a place for them.

use super::Bench;
use super::import::{MEMORY, memory, with_bucket};
use super::report::{heading, number};
use anyhow::Result;
use serde_json::{Value, json};

/// Measures it: one picture a turn that other parts take.
pub fn measure(bench: &Bench) -> Result<Vec<Value>> {
    with_bucket(bench, "images", |plan| plan["uploads"] = json!(bench.rounds))
}

/// Prints the figures in the form of docs/benchmarks.md.
pub fn report(figures: &[Value]) {
    heading(&format!(
        "| pictures | MB each | stored after, p50 ms | longest, ms | CPU of workerd each, ms | {MEMORY}"
    ));
    for figure in figures {
        let of = |name| number(figure, name);
        println!(
            "| {} | {:.1} | {:.0} | {:.0} | {:.0} | {} |",
            of("uploads"),
            of("mb"),
            of("p50_ms"),
            of("most_ms"),
            of("workerd_cpu_ms"),
            memory(figure),
        );
    }
}
