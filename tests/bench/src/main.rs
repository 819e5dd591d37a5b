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

use credentials::{Bearer, Credential, Tokens};
use figures::{Figures, Turn};
use futures::future::join_all;
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use storeroom_ports::{Http, HttpRequest};
use storeroom_testbed::http::NativeHttp;

/// What to do.
#[derive(Deserialize)]
struct Plan {
    /// Turns of each run.
    rounds: usize,
    /// Milliseconds of a turn.
    turn_ms: u64,
    /// Ids of the processes whose CPU time is told, by name.
    #[serde(default)]
    processes: BTreeMap<String, i32>,
    /// Whose the tokens are, for runs with a new one each request.
    #[serde(default)]
    bearer: Option<Bearer>,
    runs: Vec<Run>,
}

/// One kind of load.
#[derive(Clone, Deserialize)]
struct Run {
    name: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// What is another for each request.
    #[serde(default)]
    credential: Option<Credential>,
    /// The body; `{n}` in it is another number each time.
    #[serde(default)]
    body: String,
    /// Requests at once.
    clients: usize,
    /// The status of every answer.
    status: u16,
    /// What stands in every answer.
    #[serde(default)]
    contains: String,
}

fn main() {
    let path = std::env::var("STOREROOM_BENCH").expect("run `cargo xtask bench`");
    let plan: Plan = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let load = Load {
        http: NativeHttp::new(),
        tokens: Tokens::of(plan.bearer.as_ref()),
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
    processes: BTreeMap<String, i32>,
    /// Of the latest request.
    number: Cell<u64>,
}

impl Load {
    async fn turn(&self, run: &Run, length: Duration) -> Turn {
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
        Turn { latencies_us: latencies_us.take(), length, used }
    }

    async fn send(&self, run: &Run) {
        let request = self.request(run);
        let answer = self.http.send(request).await.unwrap_or_else(|error| panic!("{}: {error:?}", run.name));
        let text = String::from_utf8_lossy(&answer.body);
        assert!(
            answer.status == run.status && text.contains(&run.contains),
            "{}: {} {text}",
            run.name,
            answer.status
        );
    }

    fn request(&self, run: &Run) -> HttpRequest {
        let number = self.number.get() + 1;
        self.number.set(number);
        let method = method(&run.method);
        let body = run.body.replace("{n}", &number.to_string()).into_bytes();
        let mut headers: Vec<_> =
            run.headers.iter().map(|(name, value)| (header(name), filled(value, number))).collect();
        if let Some(credential) = &run.credential {
            headers.extend(credential.headers(&self.tokens, number, method, &run.url, &body));
        }
        HttpRequest { method, url: run.url.clone(), headers, body, timeout_ms: 30_000 }
    }
}

/// A header's value, in which `{address}` is another network address each time, of those set aside for benchmarks
/// (RFC 2544).
fn filled(value: &str, number: u64) -> String {
    value.replace("{address}", &format!("198.18.{}.{}", number / 256 % 256, number % 256))
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
        "x-store-id" => "x-store-id",
        other => panic!("no run sends {other}"),
    }
}
