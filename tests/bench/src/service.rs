//! A running service whose processes are watched: what it answers, what its Worker uses.
//!
//! Relies on: Linux for what a process has used.

use crate::cpu;
use crate::http::member;
use crate::inspector::Inspector;
use crate::writes::Shop;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use storeroom_ports::{Http, HttpRequest, HttpResponse};
use storeroom_testbed::http::NativeHttp;

/// How long a request may take, in milliseconds.
const TIMEOUT_MS: u32 = 300_000;

/// Where it is.
#[derive(Deserialize)]
pub struct Place {
    /// The process whose child is the Worker's.
    host: i32,
    database: i32,
    /// The port of its inspector.
    inspector: u16,
    shop: Shop,
}

/// The service.
pub struct Service {
    workers: Vec<i32>,
    database: i32,
    inspector: u16,
    shop: Shop,
    http: NativeHttp,
}

impl Service {
    /// The service at that place.
    pub fn at(place: Place) -> Self {
        let Place { host, database, inspector, shop } = place;
        Self { workers: workers(host), database, inspector, shop, http: NativeHttp::new() }
    }

    /// Sends a request of the store's owner; `path` is below the API's.
    pub async fn send(&self, method: &'static str, path: &str, media: &str, body: Vec<u8>) -> HttpResponse {
        let mut headers = member(&self.shop.token, &self.shop.store);
        headers.push(("content-type", media.to_owned()));
        let url = format!("{}/api/pms/{path}", self.shop.url);
        let request = HttpRequest { method, url, headers, body, timeout_ms: TIMEOUT_MS, answer_limit: None };
        self.http.send(request).await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Begins to watch what it uses.
    pub async fn watch(&self) -> Watch<'_> {
        let (workerd_mb, wasm_mb, used) = (self.memory_of("VmRSS:"), self.wasm_mb().await, self.used());
        self.forget_peak();
        Watch { service: self, workerd_mb, wasm_mb, used }
    }

    /// The CPU time of its processes, named `workerd …` and `sqld`.
    fn used(&self) -> cpu::Used {
        let workers = self.workers.iter().map(|pid| (format!("workerd {pid}"), *pid));
        cpu::used(&workers.chain([("sqld".to_owned(), self.database)]).collect::<BTreeMap<_, _>>())
    }

    /// What the largest of the processes says of its memory, in MB.
    fn memory_of(&self, of: &str) -> f64 {
        let megabytes = |pid: &i32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix(of))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        };
        self.workers.iter().filter_map(megabytes).fold(0.0, f64::max) / 1024.0
    }

    /// The most memory of WebAssembly that the Worker ever had, in MB.
    async fn wasm_mb(&self) -> f64 {
        Inspector::at(self.inspector).await.wasm_mb().await
    }

    /// Lets the most memory count from now.
    fn forget_peak(&self) {
        for pid in &self.workers {
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
    }
}

/// What a service had and had used when somebody began to watch.
pub struct Watch<'a> {
    service: &'a Service,
    workerd_mb: f64,
    wasm_mb: f64,
    used: cpu::Used,
}

/// What a service used while somebody watched.
pub struct Spent {
    /// Seconds of CPU.
    pub workerd_s: f64,
    /// Seconds of CPU.
    pub sqld_s: f64,
    /// The Worker's memory in MB, of the process and of WebAssembly, before and at most.
    pub memory: Value,
}

impl Watch<'_> {
    /// What was used since then.
    pub async fn spent(&self) -> Spent {
        let used = cpu::between(&self.used, &self.service.used());
        Spent {
            workerd_s: seconds(&used, "workerd"),
            sqld_s: seconds(&used, "sqld"),
            memory: json!({
                "workerd_before_mb": self.workerd_mb, "workerd_most_mb": self.service.memory_of("VmHWM:"),
                "wasm_before_mb": self.wasm_mb, "wasm_most_mb": self.service.wasm_mb().await,
            }),
        }
    }
}

/// Seconds of the processes whose names begin so.
fn seconds(used: &cpu::Used, name: &str) -> f64 {
    let spent = used.iter().filter(|(process, _)| process.starts_with(name)).map(|(_, ns)| *ns);
    spent.sum::<u64>() as f64 / 1e9
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
