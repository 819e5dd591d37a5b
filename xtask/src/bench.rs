//! `cargo xtask bench`: the figures of docs/benchmarks.md.
//!
//! Guarantees: workerd itself is measured, not the proxy of `wrangler dev`; what is compared runs in one workerd, on one
//! database, in turns. Relies on: `tests/bench` for the load; workerd's own configuration format.

mod api;
mod catalog;
mod credentials;
mod growth;
mod images;
mod import;
mod orders;
mod parts;
mod peer;
mod report;
mod room;
mod room_report;
mod search;
mod traffic;
mod webhooks;
mod webhooks_report;
mod workerd;

pub use parts::Options;

use crate::checkout::Checkout;
use crate::command::output;
use crate::demo::Demo;
use crate::deploy_check::gzipped;
use crate::hrana::Database;
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::setup;
use crate::stack::{Claim, Tokens};
use crate::{migrate, ports, seed, sqld, worker};
use anyhow::{Context, Result};
use parts::Part;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use storeroom_sql::access;
use workerd::{Workerd, Workers};

/// Milliseconds of a turn.
const TURN_MS: u64 = 400;
/// Starts of workerd that are measured.
const STARTS: usize = 25;

/// Builds, starts everything, measures the parts that are asked for, prints.
pub fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let claim = Claim::new(checkout, "bench")?;
    let mut progress = Progress::new(setup::TO_RUN.len() + 3 + options.count());
    setup::install(checkout, &setup::TO_RUN, &mut progress)?;
    progress.step("building the Worker", || worker::build(checkout))?;
    progress.step("building the load", || build_load(checkout))?;
    let state = checkout.state("bench")?;
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state)?;
    let (bench, product) = progress.step("starting the database", || {
        let bench = Bench::start(checkout, &state, claim, options.rounds)?;
        let product = bench.seed()?;
        Ok((bench, product))
    })?;
    if options.includes(Part::Requests) {
        report::requests(&progress.step("measuring requests", || bench.measure(&product.id))?);
    }
    if options.includes(Part::Credentials) {
        report::credentials(
            &progress.step("measuring credentials", || credentials::measure(&bench, &product))?,
        );
    }
    if options.includes(Part::Orders) {
        report::orders(&progress.step("measuring orders", || orders::measure(&bench, &product))?);
    }
    if options.includes(Part::Growth) {
        report::growth(&progress.step("measuring growth", || growth::measure(&bench))?);
    }
    if options.includes(Part::Search) {
        report::search(&progress.step("measuring searches", || search::measure(&bench))?);
    }
    if options.includes(Part::Catalog) {
        report::catalog(&progress.step("measuring the catalogue", || catalog::measure(&bench))?);
    }
    if options.includes(Part::Room) {
        room_report::room(&progress.step("measuring the room", || room::measure(&bench))?);
    }
    if options.includes(Part::Webhooks) {
        webhooks_report::webhooks(&progress.step("measuring webhooks", || webhooks::measure(&bench))?);
    }
    if options.includes(Part::Images) {
        images::report(&progress.step("measuring images", || images::measure(&bench))?);
    }
    if options.includes(Part::Import) {
        import::report(&progress.step("measuring imports", || import::measure(&bench))?);
    }
    if options.includes(Part::Start) {
        let starts = progress.step("measuring the start", || bench.measure_starts())?;
        report::start(&starts, gzipped(&checkout.path("hosts/worker/build"))?);
    }
    Ok(())
}

fn build_load(checkout: &Checkout) -> Result<()> {
    let mut cargo = checkout.cargo();
    cargo.args(["build", "--profile", "bench", "-p", "storeroom-bench"]);
    output(&mut cargo).map(|_| ())
}

/// The product that is read.
struct Product {
    id: String,
    handle: String,
}

/// A database with a store, and the way to start Workers on it.
struct Bench<'a> {
    checkout: &'a Checkout,
    state: &'a Path,
    /// Turns of each run that count.
    rounds: usize,
    database_process: crate::process::Service,
    database_url: String,
    secrets: Secrets,
    demo: Demo,
    tokens: Tokens,
    _claim: Claim,
}

impl<'a> Bench<'a> {
    fn start(checkout: &'a Checkout, state: &'a Path, claim: Claim, rounds: usize) -> Result<Self> {
        let port = ports::pick_free()?;
        let service = sqld::start(checkout, "bench-sqld", port, &state.join("sqld"))?;
        let database_url = format!("http://127.0.0.1:{port}");
        let database = Database::at(&database_url, None)?;
        migrate::apply(checkout, &database)?;
        let secrets = Secrets::load_or_make(state)?;
        let demo = Demo::load_or_make(&state.join("demo.json"))?;
        demo.write(&database)?;
        let tokens = Tokens::new(&secrets, &demo)?;
        Ok(Self {
            checkout,
            state,
            rounds,
            database_process: service,
            database_url,
            secrets,
            demo,
            tokens,
            _claim: claim,
        })
    }

    /// Fills the store; says which of its products is read.
    fn seed(&self) -> Result<Product> {
        let database = Database::at(&self.database_url, None)?;
        let first = Workerd::start(self.checkout, &self.state.join("seed"), &self.workers(String::new()))?;
        seed::run(&first.url, &self.tokens.owner, &self.demo, &database)?;
        let published = "SELECT id, handle FROM products WHERE status = 'published' ORDER BY id LIMIT 1";
        let row = database.query(published, &[])?.into_iter().next().unwrap_or_default();
        let [id, handle] = <[String; 2]>::try_from(row).ok().context("no product was seeded")?;
        Ok(Product { id, handle })
    }

    fn measure(&self, product: &str) -> Result<Vec<Value>> {
        let pipeline = self.pipeline(product);
        let workerd = Workerd::start(self.checkout, &self.state.join("main"), &self.workers(pipeline))?;
        let alone = Workers { group_limit: "1", ..self.workers(String::new()) };
        let alone = Workerd::start(self.checkout, &self.state.join("alone"), &alone)?;
        let mut figures = self.turns("reads", &self.reads(&workerd, product))?;
        figures.extend(self.turns("writes", &[self.write("writes, gathered", &workerd.url)])?);
        figures.extend(self.turns("writes-alone", &[self.write("writes, one a call", &alone.url)])?);
        Ok(figures)
    }

    fn workers(&self, pipeline: String) -> Workers {
        Workers {
            database_url: self.database_url.clone(),
            token_keys: self.secrets.key.token_keys().to_owned(),
            master_key: self.secrets.master_key.clone(),
            pipeline,
            group_limit: "64",
            peer: None,
            broadcasts: false,
        }
    }

    fn owner(&self) -> api::Bearer<'_> {
        api::Bearer { token: &self.tokens.owner, store: &self.demo.store }
    }

    /// What the plain Worker sends: the statement that a read of the product is, with access and cursor.
    fn pipeline(&self, product: &str) -> String {
        let statement = access::read(access::Credential::Session, storeroom_sql::documents::PRODUCT);
        let args = storeroom_sql::Args::new()
            .with("session", self.demo.viewer.session.as_str())
            .with("user", self.demo.viewer.user.as_str())
            .with("store", self.demo.store.as_str())
            .with("now", i64::try_from(crate::tokens::milliseconds_now()).unwrap_or(i64::MAX))
            .with("roles", r#"["viewer","editor","fulfilment","admin","owner"]"#)
            .with("product", product);
        let bound =
            storeroom_sql::Statement::bind(statement, &args).unwrap_or(storeroom_sql::Statement::plain(""));
        let args: Vec<Value> = bound.args.iter().map(wire).collect();
        let step = json!({"stmt": {"sql": bound.sql, "args": args, "want_rows": true}});
        json!({"requests": [{"type": "batch", "batch": {"steps": [step]}}, {"type": "close"}]}).to_string()
    }

    fn reads(&self, workerd: &Workerd, product: &str) -> Vec<Value> {
        let headers = json!([
            ["authorization", format!("Bearer {}", self.tokens.viewer)],
            ["x-store-id", self.demo.store],
        ]);
        let mut runs = Vec::new();
        for clients in [1, 16] {
            runs.push(json!({
                "name": "product read", "method": "GET", "clients": clients, "status": 200, "contains": product,
                "url": format!("{}/api/pms/products/{product}", workerd.url), "headers": headers,
            }));
            runs.push(json!({
                "name": "plain Worker", "method": "GET", "clients": clients, "status": 200, "contains": product,
                "url": workerd.plain_url,
            }));
            runs.push(json!({
                "name": "health, no database", "method": "GET", "clients": clients, "status": 200,
                "url": format!("{}/healthz", workerd.url),
            }));
        }
        runs
    }

    fn write(&self, name: &str, url: &str) -> Value {
        let body = format!(
            r#"{{"title":"Load","handle":"{}-{{n}}","variants":[{{"sku":"{0}-{{n}}","price":{{"amount":100,"currency":"EUR"}}}}]}}"#,
            if name.contains("one") { "alone" } else { "load" }
        );
        json!({
            "name": name, "method": "POST", "url": format!("{url}/api/pms/products"), "body": body,
            "clients": 32, "status": 201,
            "headers": [
                ["authorization", format!("Bearer {}", self.tokens.owner)],
                ["x-store-id", self.demo.store],
                ["content-type", "application/json"],
            ],
        })
    }

    fn turns(&self, name: &str, runs: &[Value]) -> Result<Vec<Value>> {
        self.load(name, &json!({ "rounds": self.rounds, "turn_ms": TURN_MS, "runs": runs }))
    }

    /// Has a plan done; a run's figures are an object.
    fn load(&self, name: &str, plan: &Value) -> Result<Vec<Value>> {
        let file = self.state.join(format!("{name}.json"));
        fs::write(&file, plan.to_string())?;
        let program = self.checkout.target()?.join("release/storeroom-bench");
        let mut command = std::process::Command::new(program);
        let text = output(command.env("STOREROOM_BENCH", file))?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Milliseconds from the process's start to its first answer: with the Worker, and with the plain one alone.
    fn measure_starts(&self) -> Result<[Vec<f64>; 2]> {
        let mut starts = [Vec::new(), Vec::new()];
        for n in 0..STARTS {
            let folder = self.state.join(format!("start-{n}"));
            let workers = self.workers("{}".to_owned());
            starts[0].push(workerd::start_time(self.checkout, &folder, &workers, workerd::Which::Storeroom)?);
            starts[1].push(workerd::start_time(self.checkout, &folder, &workers, workerd::Which::Empty)?);
        }
        Ok(starts)
    }
}

/// A value as Hrana writes it.
fn wire(value: &storeroom_sql::Value) -> Value {
    match value {
        storeroom_sql::Value::Integer(number) => json!({"type": "integer", "value": number.to_string()}),
        storeroom_sql::Value::Text(text) => json!({"type": "text", "value": text}),
        _ => json!({"type": "null"}),
    }
}
