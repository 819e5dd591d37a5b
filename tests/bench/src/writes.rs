//! Changes of products at a steady rate, over HTTP.
//!
//! Guarantees: each is sent at its time, whether those before it were answered or not; a product is changed again only
//! after the others were.

use crate::http::{member, send};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use storeroom_testbed::http::NativeHttp;

/// Products that take turns: with 100 writes a second each has a second for its own.
const PRODUCTS: u64 = 100;

/// The answer to the change that made a version of a product.
pub type Answers = HashMap<(String, u64), Answer>;

/// When a change was asked for and answered.
#[derive(Clone, Copy)]
pub struct Answer {
    /// The request left.
    pub sent: Instant,
    /// The answer was there.
    pub at: Instant,
}

/// Where a store is and who writes there.
#[derive(Clone, Deserialize)]
pub struct Shop {
    /// Where the Worker answers.
    pub url: String,
    /// The access token.
    pub token: String,
    /// The store.
    pub store: String,
}

/// Whoever writes.
pub struct Writer {
    shop: Shop,
    http: NativeHttp,
    products: Vec<String>,
    /// The number of the next change: no two are alike.
    next: Cell<u64>,
}

/// The product as an answer shows it.
#[derive(Deserialize)]
struct Product {
    id: String,
    version: u64,
}

impl Writer {
    /// A writer with products of its own.
    pub async fn new(shop: Shop, name: &str) -> Self {
        let mut writer = Self { shop, http: NativeHttp::new(), products: Vec::new(), next: Cell::new(0) };
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
        let (begun, first) = (Instant::now(), self.next.replace(self.next.get() + count));
        let answers = RefCell::new(HashMap::new());
        let change = |n: u64| {
            let answers = &answers;
            async move {
                tokio::time::sleep_until((begun + pace * u32::try_from(n).unwrap()).into()).await;
                let path = format!("/{}", self.products[usize::try_from((first + n) % PRODUCTS).unwrap()]);
                let (product, answer) = self.write("PATCH", &path, &body(first + n), 200).await;
                answers.borrow_mut().insert((product.id, product.version), answer);
            }
        };
        join_all((0..count).map(change)).await;
        answers.take()
    }

    async fn write(&self, method: &'static str, path: &str, body: &Value, status: u16) -> (Product, Answer) {
        let mut headers = member(&self.shop.token, &self.shop.store);
        if method == "PATCH" {
            headers.push(("if-match", "*".to_owned()));
        }
        let url = format!("{}/api/pms/products{path}", self.shop.url);
        let sent = Instant::now();
        let answer = send(&self.http, method, url, headers, body.to_string().into_bytes()).await;
        let at = Instant::now();
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
        (serde_json::from_slice(&answer.body).unwrap(), Answer { sent, at })
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
