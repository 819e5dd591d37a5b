//! Files of products: how long until one is taken, and until it is applied; what it costs, and how much memory it takes.
//!
//! Guarantees: each row of a file was applied when the clock is stopped.

use crate::service::{Place, Service};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use storeroom_ports::HttpResponse;

const CSV: &str = "text/csv";
/// Bytes of a large product.
const LARGE: usize = 10_600;

/// What to do.
#[derive(Deserialize)]
pub struct Plan {
    #[serde(flatten)]
    place: Place,
    /// Of the file that is applied.
    products: usize,
    /// Of the file that is taken in.
    bytes: usize,
}

/// Does it all; prints a line of figures for each file.
pub async fn run(plan: Plan) {
    let bench = Bench(Service::at(plan.place));
    let applied = file("applied", plan.products, 120);
    println!("{}", bench.turn("applied", "", applied).await);
    let taken = file("taken", (plan.bytes / (LARGE + 150)).max(1), LARGE);
    println!("{}", bench.turn("looked through (`dry_run`)", "?dry_run=true", taken).await);
}

struct Bench(Service);

impl Bench {
    async fn turn(&self, name: &str, query: &str, file: Vec<u8>) -> Value {
        let megabytes = file.len() as f64 / 1e6;
        let watch = self.0.watch().await;
        let begun = Instant::now();
        let job = self.0.send("POST", &format!("products/import{query}"), CSV, file).await;
        assert_eq!(job.status, 202, "{}", String::from_utf8_lossy(&job.body));
        let taken = begun.elapsed();
        let job = self.finished(&json(&job)).await;
        let applied = begun.elapsed();
        assert_eq!((&job["state"], &job["failed"]), (&json!("done"), &json!(0)), "{job}");
        let spent = watch.spent().await;
        let rows = job["done"].as_f64().unwrap();
        json!({
            "file": name, "mb": megabytes, "rows": rows, "taken_s": taken.as_secs_f64(),
            "applied_s": applied.as_secs_f64(), "rows_a_second": rows / applied.as_secs_f64(),
            "workerd_cpu_s": spent.workerd_s, "sqld_cpu_s": spent.sqld_s, "memory": spent.memory,
        })
    }

    async fn finished(&self, job: &Value) -> Value {
        let path = format!("jobs/{}", job["id"].as_str().unwrap());
        loop {
            let job = json(&self.0.send("GET", &path, CSV, Vec::new()).await);
            if !job["finished_at"].is_null() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn json(answer: &HttpResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
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
