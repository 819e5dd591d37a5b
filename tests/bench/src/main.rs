//! The load that `cargo xtask bench` puts on workerd: a plan of runs in, a line of figures for each out.
//!
//! Guarantees: the runs of a plan take turns, round after round, so that a machine whose speed drifts is fair to all
//! of them; every answer is checked, and one that is not as expected ends the run with an error.
//! Relies on: `STOREROOM_BENCH`, the path of a JSON file with the plan.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark stops at the first surprise, and measures by the clock of this machine"
)]

mod cpu;
mod credentials;
mod figures;
mod http;
mod images;
mod import;
mod inspector;
mod plan;
mod room;
mod service;
mod straight;
mod webhooks;
mod writes;

use credentials::Tokens;
use figures::{Figures, Turn};
use futures::future::join_all;
use plan::{Plan, Run};
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use storeroom_ports::{Http, HttpRequest};
use storeroom_testbed::http::NativeHttp;
use straight::Writer;
use tokio::runtime::Runtime;

fn main() {
    // `cargo xtask bench` shows the line that begins so.
    std::panic::set_hook(Box::new(|info| {
        eprintln!("error: {}", info.to_string().replace('\n', " "));
        // Threads and tasks beside would go on, and whoever waits for them, too.
        std::process::exit(101);
    }));
    let path = std::env::var("STOREROOM_BENCH").expect("run `cargo xtask bench`");
    let work: Work = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match work {
        Work::Room { room } => {
            runtime.block_on(tokio::task::LocalSet::new().run_until(room::run(&room)));
        }
        Work::Images { images } => runtime.block_on(images::run(images)),
        Work::Import { import } => runtime.block_on(import::run(import)),
        Work::Webhooks { webhooks } => runtime.block_on(webhooks::run(webhooks)),
        Work::Load(plan) => run(plan, &runtime),
    }
}

/// What a file asks for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Work {
    Room { room: room::Plan },
    Images { images: images::Plan },
    Import { import: import::Plan },
    Webhooks { webhooks: webhooks::Plan },
    Load(Plan),
}

fn run(plan: Plan, runtime: &Runtime) {
    let load = Load {
        http: NativeHttp::new(),
        tokens: Tokens::of(plan.bearer.as_ref()),
        writer: plan.straight.as_ref().map(Writer::new),
        processes: plan.processes,
        number: Cell::new(0),
    };
    let length = Duration::from_millis(plan.turn_ms);
    let mut all: Vec<(Run, Figures)> = plan.runs.into_iter().map(|run| (run, Figures::default())).collect();
    for round in 0..=plan.rounds {
        for (run, figures) in &mut all {
            let turn = runtime.block_on(load.turn(run, length));
            // The first round warms up: connections, caches, just-in-time compilation.
            if round > 0 {
                figures.add(turn);
            }
        }
    }
    for (run, figures) in all {
        println!("{}", figures.line(&run.name, run.clients));
    }
}

/// What all runs share.
struct Load {
    http: NativeHttp,
    tokens: Tokens,
    writer: Option<Writer>,
    processes: BTreeMap<String, i32>,
    /// Of the latest request.
    number: Cell<u64>,
}

impl Load {
    async fn turn(&self, run: &Run, length: Duration) -> Turn {
        if run.straight {
            return self.straight_turn(run).await;
        }
        let before = cpu::used(&self.processes);
        let begin = Instant::now();
        let latencies_us = RefCell::new(Vec::new());
        let client = || async {
            while begin.elapsed() < length {
                let sent = Instant::now();
                self.send(run).await;
                latencies_us.borrow_mut().push(u64::try_from(sent.elapsed().as_micros()).unwrap());
            }
        };
        join_all((0..run.clients).map(|_| client())).await;
        let length = begin.elapsed();
        let used = cpu::between(&before, &cpu::used(&self.processes));
        let latencies_us = latencies_us.take();
        Turn { requests: latencies_us.len(), latencies_us, length, used }
    }

    /// A turn is a number of calls, because what they hold is made before it.
    async fn straight_turn(&self, run: &Run) -> Turn {
        let writer = self.writer.as_ref().expect("the plan says where the database is");
        let requests = (0..writer.requests()).map(|_| self.request(run, self.next_number())).collect();
        let calls = writer.calls(requests).await;
        let before = cpu::used(&self.processes);
        let begin = Instant::now();
        let mut latencies_us = Vec::new();
        for call in calls {
            let sent = Instant::now();
            writer.send(call, &self.http).await;
            latencies_us.push(u64::try_from(sent.elapsed().as_micros()).unwrap());
        }
        let length = begin.elapsed();
        let used = cpu::between(&before, &cpu::used(&self.processes));
        Turn { requests: writer.requests(), latencies_us, length, used }
    }

    async fn send(&self, run: &Run) {
        let number = self.next_number();
        let request = self.request(run, number);
        let answer = self.http.send(request).await.unwrap_or_else(|error| panic!("{}: {error:?}", run.name));
        let text = String::from_utf8_lossy(&answer.body);
        assert!(
            answer.status == run.status && text.contains(&run.filled(&run.contains, number)),
            "{}: {} {text}",
            run.name,
            answer.status
        );
    }

    fn next_number(&self) -> u64 {
        self.number.set(self.number.get() + 1);
        self.number.get()
    }

    fn request(&self, run: &Run, number: u64) -> HttpRequest {
        let method = method(&run.method);
        let url = run.filled(&run.url, number);
        let body = run.filled(&run.body, number).into_bytes();
        let mut headers: Vec<_> =
            run.headers.iter().map(|(name, value)| (header(name), run.filled(value, number))).collect();
        if let Some(credential) = &run.credential {
            headers.extend(credential.headers(&self.tokens, number, method, &url, &body));
        }
        HttpRequest { method, url, headers, body, timeout_ms: 30_000, answer_limit: None }
    }
}

fn method(name: &str) -> &'static str {
    match name {
        "GET" => "GET",
        "POST" => "POST",
        other => panic!("no run uses {other}"),
    }
}

/// The port takes names that live as long as the program; a plan has few of them.
fn header(name: &str) -> &'static str {
    match name {
        "authorization" => "authorization",
        "cf-connecting-ip" => "cf-connecting-ip",
        "content-type" => "content-type",
        "idempotency-key" => "idempotency-key",
        "x-store-id" => "x-store-id",
        other => panic!("no run sends {other}"),
    }
}
