//! The same requests on two databases: a small one, and one of a million variants and a million orders.
//!
//! Guarantees: each database has its own sqld and its own workerd, with the same secrets, store and members; the turns of
//! the two alternate; what the filling leaves is checked by `tests/bench/fill.mjs`; both are deleted in the end.
//! Relies on: sqld taking a database file that was filled while it was stopped.

use super::traffic::{Run, Traffic, baskets};
use super::workerd::{Workerd, Workers};
use super::{Bench, TURN_MS, api};
use crate::command::output;
use crate::hrana::Database;
use crate::process::Service;
use crate::setup::node;
use crate::tokens::milliseconds_now;
use crate::{migrate, ports, sqld};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Both have variants; the small one has no order but those that the bench places.
const SIZES: [Size; 2] = [
    Size { name: "small", variants: 1_000, orders: 0, page: 2 },
    Size { name: "large", variants: 1_000_000, orders: 1_000_000, page: 250 },
];
/// Things of a kind that are picked from, all over the table.
const PICKS: u64 = 2_000;
/// Orders that are placed first, so that the small database has some to read: more than a page.
const PLACED: usize = 60;
/// Pages of the list of products that are passed for their cursors.
const PAGES: usize = 100;
/// One at a time: how long a request takes, not how long it waits for others.
const CLIENTS: usize = 1;

/// How much a database has.
pub(super) struct Size {
    /// What the figures call it.
    pub name: &'static str,
    /// Variants, four a product.
    pub variants: u64,
    /// Orders.
    pub orders: u64,
    /// Products of a page when the list is read for its cursors.
    pub page: u64,
}

/// How a database was filled.
pub struct Filling {
    /// The database.
    pub name: &'static str,
    /// Rows by table, as JSON.
    pub rows: String,
    /// How long it took.
    pub seconds: u64,
    /// How large the file is.
    pub bytes: u64,
}

/// The figures, and how the databases were filled.
pub struct Measured {
    /// Figures of the runs.
    pub runs: Vec<Value>,
    /// One a database.
    pub fillings: Vec<Filling>,
}

/// A filled database with a host. Fields are dropped in this order: the Worker goes before its database.
pub(super) struct Side {
    /// The host.
    pub workerd: Workerd,
    _server: Service,
    database: Database,
    page: u64,
    folder: PathBuf,
    /// How it was filled.
    pub filling: Filling,
}

/// Fills, measures, deletes.
pub fn measure(bench: &Bench) -> Result<Measured> {
    let sides = SIZES.iter().map(|size| Side::start(bench, size)).collect::<Result<Vec<_>>>()?;
    let mut by_side = Vec::new();
    for side in &sides {
        by_side.push(side.runs(bench)?);
    }
    let runs = alternating(by_side);
    let runs = bench.load("growth", &json!({ "rounds": bench.rounds, "turn_ms": TURN_MS, "runs": runs }))?;
    Ok(Measured { runs, fillings: sides.into_iter().map(Side::delete).collect::<Result<_>>()? })
}

/// The first run of each side, then the second of each, and so on.
pub(super) fn alternating(sides: Vec<Vec<Run>>) -> Vec<Run> {
    let mut sides: Vec<_> = sides.into_iter().map(Vec::into_iter).collect();
    let most = sides.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    (0..most).flat_map(|_| sides.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()).collect()
}

impl Side {
    /// Fills a database and starts a host on it.
    pub fn start(bench: &Bench, size: &Size) -> Result<Self> {
        let folder = bench.state.join(format!("growth-{}", size.name));
        let filling = fill(bench, size, &folder)?;
        let (server, url) = serve(bench, size, &folder)?;
        let workers = Workers { database_url: url.clone(), ..bench.workers(String::new()) };
        let workerd = Workerd::start(bench.checkout, &folder.join("workerd"), &workers)?;
        let database = Database::at(&url, None)?;
        Ok(Self { workerd, _server: server, database, page: size.page, folder, filling })
    }

    /// One after the other, the order of 5 lines first, so that the lists of orders have rows in every turn that counts.
    fn runs(&self, bench: &Bench) -> Result<Vec<Run>> {
        let host = format!("{}: ", self.filling.name);
        let traffic = Traffic { bench, url: &self.workerd.url, host: &host };
        let sold = self.picks("variants", "id, price_minor")?;
        let baskets = baskets(&sold, "EUR")?;
        self.place_some(bench, &baskets)?;
        let (products, orders) = (ids(&self.picks("products", "id")?), ids(&self.picks("orders", "id")?));
        Ok(vec![
            traffic.place(CLIENTS, &baskets),
            traffic.adjust(CLIENTS, &ids(&sold)),
            traffic.read_product(CLIENTS, &products),
            traffic.list(CLIENTS, "products"),
            traffic.list_after(CLIENTS, "products", &self.cursors(bench, "products")?),
            traffic.read_order(CLIENTS, &orders),
            traffic.list(CLIENTS, "orders"),
            traffic.list_by(CLIENTS, "orders of a customer", "orders?customer=first@shop.example"),
            traffic.list_by(CLIENTS, "orders of a state", "orders?state=pending"),
            traffic.list_by(CLIENTS, "orders by total", "orders?sort=-total"),
            traffic.list_by(CLIENTS, "orders with a word that most have", "orders?q=brandt"),
        ])
    }

    fn place_some(&self, bench: &Bench, baskets: &[String]) -> Result<()> {
        for (number, lines) in baskets.iter().take(PLACED).enumerate() {
            let lines: Value = serde_json::from_str(lines)?;
            let body = json!({ "lines": lines, "customer": { "email": "first@shop.example" } });
            let key = format!("first {number}");
            api::post(&self.workerd.url, "/orders", Some(&bench.owner()), Some(&key), &body, 201)?;
        }
        Ok(())
    }

    /// Rows of a table, spread evenly over it.
    pub fn picks(&self, table: &str, columns: &str) -> Result<Vec<Vec<String>>> {
        let sql = format!(
            "WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {PICKS}) \
             SELECT {columns} FROM {table} WHERE rowid IN \
                (SELECT 1 + n * (SELECT max(rowid) FROM {table}) / {PICKS} FROM c)"
        );
        self.database.query(&sql, &[])
    }

    /// Where the pages of a list end that one who reads it passes.
    fn cursors(&self, bench: &Bench, list: &str) -> Result<Vec<String>> {
        let (mut cursors, mut after) = (Vec::new(), String::new());
        while cursors.len() < PAGES {
            let path = format!("/{list}?limit={}{after}", self.page);
            let page = api::get(&self.workerd.url, &path, &bench.owner())?;
            let next = page.get("next_cursor").and_then(Value::as_str).context("the list is too short")?;
            after = format!("&cursor={next}");
            cursors.push(next.to_owned());
        }
        Ok(cursors)
    }

    /// Stops it and removes its files.
    pub fn delete(self) -> Result<Filling> {
        let Self { workerd, _server, folder, filling, .. } = self;
        drop(workerd);
        drop(_server);
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        Ok(filling)
    }
}

pub(super) fn ids(rows: &[Vec<String>]) -> Vec<String> {
    rows.iter().filter_map(|row| row.first().cloned()).collect()
}

fn serve(bench: &Bench, size: &Size, folder: &Path) -> Result<(Service, String)> {
    let port = ports::pick_free()?;
    let log = format!("bench-sqld-{}", size.name);
    let server = sqld::start(bench.checkout, &log, port, &folder.join("sqld"))?;
    Ok((server, format!("http://127.0.0.1:{port}")))
}

/// Makes the database, with the demo store and its members, and fills it.
fn fill(bench: &Bench, size: &Size, folder: &Path) -> Result<Filling> {
    let (server, url) = serve(bench, size, folder)?;
    let database = Database::at(&url, None)?;
    migrate::apply(bench.checkout, &database)?;
    bench.demo.write(&database)?;
    drop(server);
    let file = folder.join("sqld/dbs/default/data");
    let begin = Instant::now();
    let rows = output(&mut filler(bench, size, &file)?)?;
    let bytes = fs::metadata(&file)?.len();
    Ok(Filling { name: size.name, rows, seconds: begin.elapsed().as_secs(), bytes })
}

fn filler(bench: &Bench, size: &Size, file: &Path) -> Result<Command> {
    let demo = &bench.demo;
    let wanted = json!({
        "store": demo.store, "location": demo.location, "actor": demo.owner.user,
        "variants": size.variants, "orders": size.orders, "now": milliseconds_now(),
    });
    let mut command = bench.checkout.command(node::modern_node(bench.checkout)?);
    command.arg("--no-warnings").arg(bench.checkout.path("tests/bench/fill.mjs"));
    command.arg(file).arg(wanted.to_string());
    Ok(command)
}
