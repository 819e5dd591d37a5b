//! Reads of the public catalogue of 100,000 products: pages that are kept, and pages that have to be made.
//!
//! Guarantees: nothing is written meanwhile, so a kept page is asked about every two seconds and is good; what is made each
//! time is a page that is not kept (a search), or one of more products than an isolate keeps, asked for in turns.
//! Relies on: workerd having no cache of the platform here, so that the isolate's memory is all there is.

use super::growth::{Measured, Side, Size, ids};
use super::traffic::{Run, Traffic};
use super::{Bench, TURN_MS};
use anyhow::Result;
use serde_json::json;

const SIZE: Size = Size { name: "100000", variants: 400_000, orders: 0, page: 25 };
/// Requests at once.
const CLIENTS: [usize; 2] = [1, 16];

/// Fills, measures, deletes.
pub fn measure(bench: &Bench) -> Result<Measured> {
    let side = Side::start(bench, &SIZE)?;
    let handles = ids(&side.picks("products", "handle")?);
    let traffic = Traffic { bench, url: &side.workerd.url, host: "" };
    let runs: Vec<Run> = CLIENTS.into_iter().flat_map(|clients| runs(&traffic, clients, &handles)).collect();
    let runs = bench.load("catalog", &json!({ "rounds": bench.rounds, "turn_ms": TURN_MS, "runs": runs }))?;
    Ok(Measured { runs, fillings: vec![side.delete()?] })
}

fn runs(traffic: &Traffic<'_>, clients: usize, handles: &[String]) -> Vec<Run> {
    let one = handles.get(..1).unwrap_or_default();
    vec![
        traffic.catalog(clients, "first page, kept", "", &[]),
        traffic.catalog(clients, "first page, made", "&q=kitchen", &[]),
        traffic.catalog(clients, "a product, kept", "/{pick}", one),
        traffic.catalog(clients, "a product, made", "/{pick}", handles),
    ]
}
