//! Files of products: how long until one is taken, and until it is applied; what it costs, and how much memory it takes.
//!
//! Guarantees: each row of a file was applied when the clock is stopped. Relies on: Linux for what a process has used.

use crate::cpu;
use crate::http::member;
use crate::writes::Shop;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use storeroom_ports::{Http, HttpRequest, HttpResponse};
use storeroom_testbed::http::NativeHttp;

/// How long a request may take, in milliseconds.
const TIMEOUT_MS: u32 = 300_000;
/// Bytes of a large product.
const LARGE: usize = 10_600;

/// What to do.
#[derive(Deserialize)]
pub struct Plan {
    /// The process whose child is the Worker's.
    host: i32,
    database: i32,
    shop: Shop,
    /// Of the file that is applied.
    products: usize,
    /// Of the file that is taken in.
    bytes: usize,
}

/// Does it all; prints a line of figures for each file.
pub async fn run(plan: Plan) {
    let bench = Bench {
        workers: workers(plan.host),
        database: plan.database,
        shop: plan.shop,
        http: NativeHttp::new(),
    };
    let applied = file("applied", plan.products, 120);
    println!("{}", bench.turn("applied", "", applied).await);
    let taken = file("taken", (plan.bytes / (LARGE + 150)).max(1), LARGE);
    println!("{}", bench.turn("looked through (`dry_run`)", "?dry_run=true", taken).await);
}

struct Bench {
    workers: Vec<i32>,
    database: i32,
    shop: Shop,
    http: NativeHttp,
}

impl Bench {
    async fn turn(&self, name: &str, query: &str, file: Vec<u8>) -> Value {
        let megabytes = file.len() as f64 / 1e6;
        let (memory, used) = (self.memory("VmRSS:"), self.used());
        self.workers.iter().for_each(|pid| forget_peak(*pid));
        let begun = Instant::now();
        let job = self.send("POST", &format!("products/import{query}"), file).await;
        assert_eq!(job.status, 202, "{}", String::from_utf8_lossy(&job.body));
        let taken = begun.elapsed();
        let job = self.finished(&json(&job)).await;
        let applied = begun.elapsed();
        assert_eq!((&job["state"], &job["failed"]), (&json!("done"), &json!(0)), "{job}");
        let used = cpu::between(&used, &self.used());
        let seconds = |name: &str| {
            let spent = used.iter().filter(|(process, _)| process.starts_with(name)).map(|(_, ns)| *ns);
            spent.sum::<u64>() as f64 / 1e9
        };
        let rows = job["done"].as_f64().unwrap();
        json!({
            "file": name, "mb": megabytes, "rows": rows, "taken_s": taken.as_secs_f64(),
            "applied_s": applied.as_secs_f64(), "rows_a_second": rows / applied.as_secs_f64(),
            "workerd_cpu_s": seconds("workerd"), "sqld_cpu_s": seconds("sqld"),
            "workerd_before_mb": memory, "workerd_most_mb": self.memory("VmHWM:"),
        })
    }

    async fn finished(&self, job: &Value) -> Value {
        let path = format!("jobs/{}", job["id"].as_str().unwrap());
        loop {
            let job = json(&self.send("GET", &path, Vec::new()).await);
            if !job["finished_at"].is_null() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn send(&self, method: &'static str, path: &str, body: Vec<u8>) -> HttpResponse {
        let mut headers = member(&self.shop.token, &self.shop.store);
        headers.push(("content-type", "text/csv".to_owned()));
        let url = format!("{}/api/pms/{path}", self.shop.url);
        let request = HttpRequest { method, url, headers, body, timeout_ms: TIMEOUT_MS, answer_limit: None };
        self.http.send(request).await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn used(&self) -> cpu::Used {
        let workers = self.workers.iter().map(|pid| (format!("workerd {pid}"), *pid));
        cpu::used(&workers.chain([("sqld".to_owned(), self.database)]).collect::<BTreeMap<_, _>>())
    }

    /// What the largest of the processes says of its memory, in MB.
    fn memory(&self, of: &str) -> f64 {
        let megabytes = |pid: &i32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix(of))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        };
        self.workers.iter().filter_map(megabytes).fold(0.0, f64::max) / 1024.0
    }
}

fn json(answer: &HttpResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// The workerd processes below a process.
fn workers(host: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut below = vec![host];
    while let Some(pid) = below.pop() {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.trim() == "workerd" {
            found.push(pid);
        }
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            below.extend(children.split_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
    }
    assert!(!found.is_empty(), "no workerd below {host}");
    found
}

/// Lets the most memory of a process count from now.
fn forget_peak(pid: i32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// A file of so many products with descriptions of so many bytes.
fn file(name: &str, count: usize, description: usize) -> Vec<u8> {
    let sentence = "Thrown by hand, fired twice, safe in a dishwasher. ";
    let text: String = sentence.chars().cycle().take(description).collect();
    let mut file =
        "handle,title,description,status,category,tags,attributes,sku,price_minor,weight_grams\r\n"
            .to_owned();
    for n in 0..count {
        file.push_str(&format!(
            "{name}-{n},\"Stoneware mug, glazed, {n}\",\"{text}\",published,kitchen-{},\
             \"[\"\"bench\"\",\"\"batch-{}\"\"]\",\"{{\"\"glaze\"\":\"\"celadon\"\"}}\",{name}-{n},{},350\r\n",
            n % 7,
            n % 50,
            1_000 + n % 500
        ));
    }
    file.into_bytes()
}
