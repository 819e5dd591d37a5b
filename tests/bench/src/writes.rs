//! Changes of products at a steady rate, over HTTP.
//!
//! Guarantees: each is sent at its time, whether those before it were answered or not; a product is changed again only
//! after the others were.

use super::{Plan, member, send};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use storeroom_testbed::http::NativeHttp;

/// Products that take turns: with 100 writes a second each has a second for its own.
const PRODUCTS: u64 = 100;

/// When the change that made a version of a product was answered.
pub type Answers = HashMap<(String, u64), Instant>;

/// Whoever writes.
pub struct Writer<'a> {
    plan: &'a Plan,
    http: NativeHttp,
    products: Vec<String>,
}

/// The product as an answer shows it.
#[derive(Deserialize)]
struct Product {
    id: String,
    version: u64,
}

impl<'a> Writer<'a> {
    /// A writer with products of its own.
    pub async fn new(plan: &'a Plan, name: &str) -> Self {
        let mut writer = Self { plan, http: NativeHttp::new(), products: Vec::new() };
        for n in 0..PRODUCTS {
            let variants =
                json!([{"sku": format!("{name}-{n}"), "price": {"amount": 1990, "currency": "EUR"}}]);
            let body = json!({"title": format!("{name} {n}"), "tags": ["bench"], "variants": variants});
            let (answer, _) = writer.write("POST", "", &body, 201).await;
            writer.products.push(answer.id);
        }
        writer
    }

    /// Makes so many changes, one each `pace`.
    pub async fn change(&self, count: u64, pace: Duration) -> Answers {
        let begun = Instant::now();
        let answers = RefCell::new(HashMap::new());
        let change = |n: u64| {
            let answers = &answers;
            async move {
                tokio::time::sleep_until((begun + pace * u32::try_from(n).unwrap()).into()).await;
                let path = format!("/{}", self.products[usize::try_from(n % PRODUCTS).unwrap()]);
                let (product, answered) = self.write("PATCH", &path, &body(n), 200).await;
                answers.borrow_mut().insert((product.id, product.version), answered);
            }
        };
        join_all((0..count).map(change)).await;
        answers.take()
    }

    async fn write(&self, method: &'static str, path: &str, body: &Value, status: u16) -> (Product, Instant) {
        let mut headers = member(&self.plan.tokens[0], &self.plan.store);
        if method == "PATCH" {
            headers.push(("if-match", "*".to_owned()));
        }
        let url = format!("{}/api/pms/products{path}", self.plan.url);
        let answer = send(&self.http, method, url, headers, body.to_string().into_bytes()).await;
        let answered = Instant::now();
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
        (serde_json::from_slice(&answer.body).unwrap(), answered)
    }
}

/// What a shop changes: a title, a description, a price with the list that it stands in, a category.
fn body(n: u64) -> Value {
    match n / PRODUCTS % 4 {
        0 => json!({"title": format!("Stoneware mug, glazed, batch {n}")}),
        1 => {
            json!({"description": format!("Thrown by hand, fired twice, safe in a dishwasher. Batch {n} of this year.")})
        }
        2 => json!({"attributes": {"glaze": "celadon", "batch": n.to_string()}}),
        _ => json!({"category": format!("kitchen-{}", n % 7), "tags": ["bench", format!("batch-{n}")]}),
    }
}
