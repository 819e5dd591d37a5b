//! The load that `cargo xtask bench` puts on workerd: a plan of runs in, a line of figures for each out.
//!
//! Guarantees: the runs of a plan take turns, round after round, so that a machine whose speed drifts is fair to all
//! of them; every answer is checked, and one that is not as expected ends the run with an error.
//! Relies on: `STOREROOM_BENCH`, the path of a JSON file with the plan.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a benchmark stops at the first surprise, and measures by the clock of this machine"
)]

mod figures;

use figures::Figures;
use futures::future::join_all;
use serde::Deserialize;
use std::cell::Cell;
use std::rc::Rc;
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
    runtime.block_on(async {
        let http = NativeHttp::new();
        let mut all: Vec<(Run, Figures)> =
            plan.runs.iter().map(|run| (run.clone(), Figures::default())).collect();
        let number = Cell::new(0);
        for round in 0..=plan.rounds {
            for (run, figures) in &mut all {
                let turn = turn(&http, run, Duration::from_millis(plan.turn_ms), &number).await;
                // The first round warms up: connections, caches, just-in-time compilation.
                if round > 0 {
                    figures.add(turn);
                }
            }
        }
        for (run, figures) in all {
            println!("{}", figures.line(&run.name, run.clients));
        }
    });
}

/// One turn: how long each request took, in microseconds, and how long the turn was.
async fn turn(http: &NativeHttp, run: &Run, length: Duration, number: &Cell<u64>) -> (Vec<u64>, Duration) {
    let begin = Instant::now();
    let latencies = Rc::new(std::cell::RefCell::new(Vec::new()));
    let client = || async {
        while begin.elapsed() < length {
            number.set(number.get() + 1);
            let sent = Instant::now();
            send(http, run, number.get()).await;
            latencies.borrow_mut().push(u64::try_from(sent.elapsed().as_micros()).unwrap());
        }
    };
    join_all((0..run.clients).map(|_| client())).await;
    (latencies.take(), begin.elapsed())
}

async fn send(http: &NativeHttp, run: &Run, number: u64) {
    let method = match run.method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        other => panic!("no run uses {other}"),
    };
    let headers = run.headers.iter().map(|(name, value)| (leaked(name), value.clone())).collect();
    let body = run.body.replace("{n}", &number.to_string()).into_bytes();
    let request = HttpRequest { method, url: run.url.clone(), headers, body, timeout_ms: 30_000 };
    let answer = http.send(request).await.unwrap_or_else(|error| panic!("{}: {error:?}", run.name));
    let text = String::from_utf8_lossy(&answer.body);
    assert!(
        answer.status == run.status && text.contains(&run.contains),
        "{}: {} {text}",
        run.name,
        answer.status
    );
}

/// The port takes names that live as long as the program; a plan has few of them.
fn leaked(name: &str) -> &'static str {
    match name {
        "authorization" => "authorization",
        "x-store-id" => "x-store-id",
        "content-type" => "content-type",
        other => panic!("no run sends {other}"),
    }
}
