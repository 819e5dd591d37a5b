//! Orders of five lines and product reads: through the Worker and its Writer, through the peer, and the orders' batches
//! straight to the database.
//!
//! Guarantees: all of them in one workerd, on one database with the same products, in turns; what is in stock does not
//! run out, and in the end levels, numbers and log are right, whoever wrote them. The peer has at most 2 clients: with 4
//! whose transactions wait to write, sqld 0.24 stops answering on an idle machine.
//! Relies on: `tests/bench`, which makes the batches as the service does.

use super::traffic::{Run, Traffic, baskets, sold};
use super::workerd::{Workerd, Workers};
use super::{Bench, Product, TURN_MS, api, peer};
use crate::hrana::Database;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Clients of the service.
const CLIENTS: [usize; 3] = [1, 4, 32];
/// Clients of the peer.
const PEER_CLIENTS: [usize; 2] = [1, 2];
/// Batches in a call that goes straight to the database.
const GATHERED: usize = 16;
/// Such calls in a turn: some 400 ms.
const CALLS: usize = 16;
/// Pieces of each variant, of which every order takes one.
const STOCK: i64 = 1_000_000;
/// Most lines of a body.
const MAX_LINES: usize = 1_000;

/// Measures everything.
pub fn measure(bench: &Bench, product: &Product) -> Result<Vec<Value>> {
    let bundle = peer::bundle(bench.checkout, &bench.state.join("peer"))?;
    let workers = Workers { peer: Some(bundle), ..bench.workers(String::new()) };
    let workerd = Workerd::start(bench.checkout, &bench.state.join("orders"), &workers)?;
    let sold = sold(&Database::at(&bench.database_url, None)?)?;
    stock(bench, &workerd, &sold)?;
    let baskets = baskets(&sold, "EUR")?;
    let figures = bench.load(
        "orders",
        &json!({
            "rounds": bench.rounds, "turn_ms": TURN_MS,
            "straight": {
                "database": bench.database_url, "keys": bench.state.join("token-keys.json"),
                "master_key": bench.state.join("master-key"), "gathered": GATHERED, "calls": CALLS,
            },
            "runs": runs(bench, &workerd, &baskets, std::slice::from_ref(&product.id)),
        }),
    )?;
    check(bench, &workerd)?;
    Ok(figures)
}

/// Whoever placed the orders, levels are what ledger and orders say, and neither numbers nor the log have holes.
fn check(bench: &Bench, workerd: &Workerd) -> Result<()> {
    let body = json!({ "repair": false });
    let found =
        api::post(&workerd.url, "/inventory/reconcile", Some(&bench.owner()), Some("check"), &body, 200)?;
    let drift = found.get("drift").and_then(Value::as_array).context("a reconciliation names no drift")?;
    ensure!(drift.is_empty(), "the orders left levels that are not what they keep: {drift:?}");
    let holes = "SELECT s.last_order_number - (SELECT count(*) FROM orders WHERE store_id = s.id), \
        s.seq - (SELECT count(*) FROM events WHERE store_id = s.id) FROM stores s WHERE s.id = ?";
    let holes = Database::at(&bench.database_url, None)?.query(holes, &[&bench.demo.store])?;
    ensure!(holes == [["0", "0"]], "numbers or the log have holes: {holes:?}");
    Ok(())
}

fn stock(bench: &Bench, workerd: &Workerd, sold: &[Vec<String>]) -> Result<()> {
    for (number, some) in sold.chunks(MAX_LINES).enumerate() {
        let line =
            |row: &Vec<String>| json!({ "variant_id": row.first(), "delta": STOCK, "reason": "opening" });
        let body = json!({ "lines": some.iter().map(line).collect::<Vec<_>>() });
        let key = format!("stock {number}");
        api::post(&workerd.url, "/inventory/adjust", Some(&bench.owner()), Some(&key), &body, 200)?;
    }
    Ok(())
}

fn runs(bench: &Bench, workerd: &Workerd, baskets: &[String], product: &[String]) -> Vec<Run> {
    let ours = Traffic { bench, url: &workerd.url, host: "" };
    let peer = Traffic { bench, url: &workerd.peer_url, host: "peer: " };
    let mut runs: Vec<Run> = CLIENTS.map(|clients| ours.place(clients, baskets)).into();
    runs.extend(PEER_CLIENTS.map(|clients| peer.place(clients, baskets)));
    let alone = Traffic { bench, url: "", host: "database alone: " };
    runs.push(alone.place(1, baskets).straight());
    for host in [&ours, &peer] {
        runs.push(host.read_product(4, product));
        runs.push(host.list(4, "products"));
    }
    runs
}
